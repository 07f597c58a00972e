/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/download.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "rest/beneath.h"
#include "rest/file_name.h"
#include "rest/range.h"

static const char *const folders[] = {"media/", "recordings/"};

/* Beneath one of the folders, so that ".." leads nowhere from there */
static int open_allowed(const char *root, const char *path, struct stat *st)
{
	char *folder;
	size_t i;
	int fd;

	for (i = 0; root && i < G_N_ELEMENTS(folders); ++i) {
		if (!str_starts(path, folders[i]))
			continue;
		folder = g_build_filename(root, folders[i], NULL);
		fd = rest_open_beneath(folder, path + strlen(folders[i]), st);
		g_free(folder);
		return fd;
	}

	return -1;
}

/* Another file, or the same one changed, has another: RFC 9110 §8.8.3 */
static void set_tag(struct rest_answer *ans, const struct stat *st)
{
	snprintf(ans->etag, sizeof(ans->etag), "\"%jx-%jx-%jx%09lx\"",
		 (uintmax_t)st->st_ino, (uintmax_t)st->st_size,
		 (uintmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

/* @return false: nothing of what was asked for is there */
static bool set_part(struct rest_answer *ans, int64_t size,
		     const struct rest_conditions *cond)
{
	const bool applies =
		!cond->if_range || str_eq(cond->if_range, ans->etag);
	int64_t first = 0, len = size;

	switch (rest_range_parse(applies ? cond->range : NULL, size, &first,
				 &len)) {
	case REST_RANGE_ALL:
		break;
	case REST_RANGE_PART:
		ans->status = 206;
		snprintf(ans->range, sizeof(ans->range),
			 "bytes %" PRId64 "-%" PRId64 "/%" PRId64, first,
			 first + len - 1, size);
		break;
	case REST_RANGE_BAD:
		snprintf(ans->range, sizeof(ans->range), "bytes */%" PRId64,
			 size);
		return false;
	}
	ans->offset = (uint64_t)first;
	ans->len = (size_t)len;

	return true;
}

/* A list of tags, or a star; weak ones match too (RFC 9110 §13.1.2) */
static bool has_it(const struct rest_conditions *cond, const char *etag)
{
	const char *list = cond->if_none_match;

	return list && (str_eq(list, "*") || strstr(list, etag));
}

bool rest_download_answer(struct rest_answer *ans, struct rest_fault *fault,
			  const char *root, const json_t *file,
			  const struct rest_conditions *cond)
{
	const char *path = json_str(file, "path", "");
	struct stat st;
	int fd;

	fd = open_allowed(root, path, &st);
	if (fd < 0) {
		log_error("rest: %s/%s cannot be sent", root ? root : "", path);
		rest_fault_set(fault, API_ERR_unavailable,
			       "the file cannot be read");
		return false;
	}

	set_tag(ans, &st);
	ans->is_file = true;
	ans->status = 200;
	(void)str_copy(
		ans->media_type, sizeof(ans->media_type),
		json_str(file, "content_type", "application/octet-stream"));
	rest_disposition(ans->disposition, sizeof(ans->disposition),
			 json_str(file, "name", NULL));
	if (has_it(cond, ans->etag)) {
		close(fd);
		ans->status = 304;
		return true;
	}
	if (!set_part(ans, st.st_size, cond)) {
		close(fd);
		ans->is_file = false;
		*ans->etag = '\0';
		rest_fault_set(fault, API_ERR_range_not_satisfiable,
			       "the file has %jd bytes", (intmax_t)st.st_size);
		return false;
	}
	ans->fd = fd;
	ans->has_fd = true;

	return true;
}
