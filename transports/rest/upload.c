/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "rest/file_name.h"
#include "rest/multipart.h"
#include "rest/upload_priv.h"

enum {
	NAME_FIELD_MAX = 1024, /* the verb checks what a name may be */
};

enum part {
	PART_FILE,
	PART_NAME,
};

struct rest_upload {
	struct rest_uploads *ups;
	char account_id[REST_ACCOUNT_SIZE]; /* holds a place, "" = none */
	char *path;                         /* NULL: no file */
	char relative[sizeof(REST_UPLOAD_PREFIX) + REST_UPLOAD_HEX];
	int fd;               /* or -1 */
	int64_t size, framed; /* of the file; of the body so far */
	struct secret_hash *hash;
	char sha256[SECRET_SHA256_HEX]; /* after the end */

	struct multipart *mp; /* NULL: raw */
	bool takes_name;
	enum part part; /* of multipart, that comes now */
	bool has_file;
	char file_name[REST_FILE_NAME_MAX + 1];
	GString *name;             /* or NULL: not there */
	struct rest_fault *faultp; /* during a call */
};

/* ---- what goes into the file ---- */

static bool invalid(struct rest_fault *fault, const char *pointer,
		    const char *message)
{
	opt_fault(&fault->faults, pointer, "%s", message);
	rest_fault_set(fault, API_ERR_invalid, "%s: %s", pointer, message);

	return false;
}

static bool disk_failed(struct rest_fault *fault, int err)
{
	if (err == ENOSPC || err == EDQUOT || err == EFBIG) {
		rest_fault_set(fault, API_ERR_disk_full,
			       "there is no room left on the disk");
	} else {
		log_error("rest: an upload could not be written: %s",
			  g_strerror(err));
		rest_fault_set(fault, API_ERR_unavailable,
			       "the file could not be stored");
	}

	return false;
}

static bool write_all(struct rest_upload *up, const char *data, size_t len)
{
	while (len) {
		const ssize_t n = write(up->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return disk_failed(up->faultp, n ? errno : EIO);
		data += n;
		len -= (size_t)n;
	}

	return true;
}

static bool too_large(struct rest_upload *up)
{
	rest_fault_set(up->faultp, API_ERR_body_too_large,
		       "a file may have %lld bytes at most",
		       (long long)up->ups->prm.max_bytes);

	return false;
}

static bool to_file(struct rest_upload *up, const char *data, size_t len)
{
	if ((int64_t)len > up->ups->prm.max_bytes - up->size)
		return too_large(up);

	up->size += (int64_t)len;
	secret_hash_add(up->hash, data, len);

	return write_all(up, data, len);
}

static bool on_part(void *arg, const struct multipart_part *part)
{
	struct rest_upload *up = arg;
	char pointer[2 * MULTIPART_NAME_MAX + 2] = "";

	json_pointer_add(pointer, sizeof(pointer), part->name);
	if (str_eq(part->name, "file")) {
		up->part = PART_FILE;
		if (up->has_file)
			return invalid(up->faultp, pointer, "is there twice");
		up->has_file = true;
		rest_file_name(up->file_name, part->file_name);
	} else if (str_eq(part->name, "name") && up->takes_name) {
		up->part = PART_NAME;
		if (up->name)
			return invalid(up->faultp, pointer, "is there twice");
		up->name = g_string_new(NULL);
	} else {
		return invalid(up->faultp,
			       g_utf8_validate(pointer, -1, NULL) ? pointer
								  : "",
			       up->takes_name ? "unknown field; there are "
						"file and name"
					      : "unknown field; there is "
						"file");
	}
	if (part->encoded)
		return invalid(up->faultp, pointer,
			       "Content-Transfer-Encoding is not supported: "
			       "send the bytes as they are");

	return true;
}

static bool on_part_data(void *arg, const char *data, size_t len)
{
	struct rest_upload *up = arg;

	if (up->part == PART_FILE)
		return to_file(up, data, len);

	if (len > NAME_FIELD_MAX - up->name->len)
		return invalid(up->faultp, "/name", "is too long");
	g_string_append_len(up->name, data, (gssize)len);

	return true;
}

static bool on_part_end(void *arg)
{
	struct rest_upload *up = arg;

	if (up->part == PART_NAME &&
	    !str_is_clean(up->name->str, up->name->len, false))
		return invalid(up->faultp, "/name",
			       "must be UTF-8 without control characters");

	return true;
}

static const struct multipart_handlers handlers = {
	.begin = on_part,
	.data = on_part_data,
	.end = on_part_end,
};

static bool malformed(const struct rest_upload *up, int err)
{
	if (err == EBADMSG)
		rest_fault_set(up->faultp, API_ERR_bad_request,
			       "multipart/form-data: %s",
			       multipart_why(up->mp));

	return false;
}

/* ---- from the request ---- */

bool rest_upload_is_multipart(const char *type)
{
	char boundary[MULTIPART_BOUNDARY_MAX + 1];

	return type && multipart_boundary(boundary, type) != ENOENT;
}

bool rest_upload_check(const char *type, struct rest_fault *fault)
{
	static const char *const raw[] = {"application/octet-stream",
					  "application/ogg"};
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	const size_t len = type ? strcspn(type, "; \t") : 0;
	size_t i;

	switch (type ? multipart_boundary(boundary, type) : ENOENT) {
	case 0:
		return true;
	case EINVAL:
		rest_fault_set(fault, API_ERR_bad_request,
			       "multipart/form-data needs a boundary of 1 to "
			       "%d characters",
			       MULTIPART_BOUNDARY_MAX);
		return false;
	default:
		break;
	}

	if (len > 6 && (!g_ascii_strncasecmp(type, "audio/", 6) ||
			!g_ascii_strncasecmp(type, "video/", 6)))
		return true;
	for (i = 0; type && i < G_N_ELEMENTS(raw); ++i)
		if (len == strlen(raw[i]) &&
		    !g_ascii_strncasecmp(type, raw[i], len))
			return true;

	rest_fault_set(fault, API_ERR_unsupported_media_type,
		       "a file needs Content-Type: multipart/form-data, "
		       "audio/*, video/*, application/ogg or "
		       "application/octet-stream");

	return false;
}

static bool make_file(struct rest_upload *up, struct rest_fault *fault)
{
	uint8_t bytes[REST_UPLOAD_HEX / 2];
	char hex[REST_UPLOAD_HEX + 1];

	secret_random(bytes, sizeof(bytes));
	str_hex(hex, bytes, sizeof(bytes));
	g_snprintf(up->relative, sizeof(up->relative), "%s%s",
		   REST_UPLOAD_PREFIX, hex);
	up->path = g_build_filename(up->ups->data_dir, up->relative, NULL);
	up->fd = open(up->path,
		      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      0600);
	if (up->fd >= 0)
		return true;

	g_clear_pointer(&up->path, g_free);

	return disk_failed(fault, errno);
}

struct rest_upload *rest_upload_open(struct rest_uploads *ups,
				     const struct rest_upload_params *prm,
				     struct rest_fault *fault)
{
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	struct rest_upload *up;

	if (!ups) {
		rest_fault_set(fault, API_ERR_unavailable,
			       "data_dir is not configured: no uploads");
		return NULL;
	}
	if (!rest_uploads_enter(ups, prm->account_id, fault))
		return NULL;

	up = g_new0(struct rest_upload, 1);
	up->ups = ups;
	up->fd = -1;
	(void)str_copy(up->account_id, sizeof(up->account_id), prm->account_id);
	up->takes_name = prm->takes_name;
	up->hash = secret_hash_new();
	if (!multipart_boundary(boundary, prm->content_type))
		up->mp = multipart_new(boundary, &handlers, up);
	else
		up->has_file = true;

	if (!rest_uploads_has_room(ups, prm->content_length, fault) ||
	    !make_file(up, fault))
		up = rest_upload_free(up);

	return up;
}

bool rest_upload_data(struct rest_upload *up, const char *data, size_t len,
		      struct rest_fault *fault)
{
	int err;

	up->faultp = fault;
	if (!up->mp)
		return to_file(up, data, len);

	/* what is around the file has its bound too */
	up->framed += (int64_t)len;
	if (up->framed > up->ups->prm.max_bytes + REST_UPLOAD_FRAME_MAX)
		return too_large(up);
	err = multipart_add(up->mp, data, len);

	return err ? malformed(up, err) : true;
}

bool rest_upload_end(struct rest_upload *up, struct rest_fault *fault)
{
	int err;

	up->faultp = fault;
	err = up->mp ? multipart_end(up->mp) : 0;
	if (err)
		return malformed(up, err);
	if (!up->has_file)
		return invalid(fault, "/file", "is required");
	if (!up->size)
		return invalid(fault, up->mp ? "/file" : "", "is empty");

	/* what some file systems say only now */
	err = close(up->fd) ? errno : 0;
	up->fd = -1;
	if (err)
		return disk_failed(fault, err);
	secret_hash_hex(up->hash, up->sha256);

	return true;
}

struct rest_upload *rest_upload_free(struct rest_upload *up)
{
	if (!up)
		return NULL;

	if (up->fd >= 0)
		close(up->fd);
	/* most often the verb has moved it away */
	if (up->path && unlink(up->path) && errno != ENOENT)
		log_error("rest: cannot remove %s: %s", up->path,
			  g_strerror(errno));
	rest_uploads_leave(up->ups, up->account_id);
	multipart_free(up->mp);
	secret_hash_free(up->hash);
	if (up->name)
		g_string_free(up->name, TRUE);
	g_free(up->path);
	g_free(up);

	return NULL;
}

json_t *rest_upload_json(const struct rest_upload *up)
{
	json_t *out = json_object();

	json_set_str(out, "path", up->relative);
	json_object_set_new(out, "size_bytes", json_integer(up->size));
	json_set_str(out, "sha256", up->sha256);
	if (*up->file_name)
		json_set_str(out, "file_name", up->file_name);
	if (up->name)
		json_set_str(out, "name", up->name->str);

	return out;
}
