/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clip/clip_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"

enum {
	META_MAX = 4096,
	MARK_LEN = 8,
	FOOT_LEN = MARK_LEN + 4, /* after the length of the JSON */
	SAMPLE = 2,              /* bytes */
};

static const char mark[MARK_LEN + 1] = "BIFCLIP1";
static const char suffix[] = ".pcm";

static char *path_of(const char *dir, const char *key)
{
	return g_strdup_printf("%s/%s%s", dir, key, suffix);
}

/* ---- reading ---- */

static bool read_at(int fd, void *buf, size_t len, int64_t at)
{
	return pread(fd, buf, len, at) == (ssize_t)len;
}

/* Read what stands behind the samples. @return NULL when it is no clip */
static json_t *read_meta(int fd, int64_t size)
{
	char foot[FOOT_LEN], text[META_MAX], why[64];
	json_t *doc = NULL;
	uint32_t len;

	if (size < FOOT_LEN || !read_at(fd, foot, FOOT_LEN, size - FOOT_LEN))
		return NULL;
	memcpy(&len, foot, sizeof(len));
	if (memcmp(foot + sizeof(len), mark, MARK_LEN) != 0 ||
	    len > sizeof(text) || size < FOOT_LEN + (int64_t)len)
		return NULL;
	if (!read_at(fd, text, len, size - FOOT_LEN - len) ||
	    json_parse(&doc, text, len, why, sizeof(why)))
		return NULL;

	if (json_int(doc, "samples", -1) * SAMPLE != size - FOOT_LEN - len) {
		json_decref(doc);
		doc = NULL;
	}

	return doc;
}

static bool is_key(const char *name)
{
	const size_t len = strspn(name, "0123456789abcdef");

	return len == CLIP_KEY_SIZE - 1 && strcmp(name + len, suffix) == 0;
}

/* @return NULL when it is no clip */
static json_t *look_at(const char *path, int64_t *used_msp)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *doc = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*used_msp = (int64_t)st.st_mtim.tv_sec * 1000 +
			    st.st_mtim.tv_nsec / 1000000;
		doc = read_meta(fd, st.st_size);
	}
	close(fd);

	return doc;
}

int clip_file_scan(const char *dir,
		   void (*found)(void *arg, const char *key,
				 const struct clip_meta *meta, int64_t used_ms),
		   void *arg)
{
	char key[CLIP_KEY_SIZE];
	const char *name;
	GDir *list;

	if (g_mkdir_with_parents(dir, 0700))
		return errno;
	list = g_dir_open(dir, 0, NULL);
	if (!list)
		return EIO;

	while ((name = g_dir_read_name(list))) {
		char *path = g_build_filename(dir, name, NULL);
		int64_t used_ms = 0;
		json_t *doc = is_key(name) ? look_at(path, &used_ms) : NULL;

		if (doc) {
			const struct clip_meta meta = {
				.samples = json_int(doc, "samples", 0),
				.checked_ms = json_int(doc, "checked_ms", 0),
				.fresh_s = json_int(doc, "fresh_s", 0),
				.etag = json_str(doc, "etag", NULL),
			};

			g_strlcpy(key, name, sizeof(key));
			found(arg, key, &meta, used_ms);
		} else {
			(void)unlink(path);
		}
		json_decref(doc);
		g_free(path);
	}
	g_dir_close(list);

	return 0;
}

int clip_file_open(int *fdp, const char *dir, const char *key, int64_t samples)
{
	char *path = path_of(dir, key);
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	int err = fd < 0 ? errno : 0;

	if (!err && (fstat(fd, &st) || st.st_size < samples * SAMPLE))
		err = EBADMSG;
	if (!err)
		(void)futimens(fd, NULL); /* the order of use outlives us */
	if (err && fd >= 0)
		close(fd);
	if (!err)
		*fdp = fd;
	g_free(path);

	return err;
}

/* ---- writing ---- */

static void close_fd(int *fdp)
{
	if (*fdp >= 0)
		close(*fdp);
	*fdp = -1;
}

/* Two descriptors with a place each, on a new file. @param pathp  NULL: the
 * file keeps no name */
static int open_twice(const char *dir, int *writep, int *readp, char **pathp)
{
	char *path = g_strdup_printf("%s/tmp-XXXXXX", dir);
	int err = 0;

	*writep = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
	if (*writep < 0)
		err = errno;
	if (!err) {
		*readp = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
		if (*readp < 0)
			err = errno;
	}
	if (*writep >= 0 && (err || !pathp))
		(void)unlink(path);
	if (!err && pathp)
		*pathp = path;
	else
		g_free(path);

	return err;
}

int clip_file_make(struct clip_temp *temp, const char *dir, bool raw)
{
	int ends[2], err = 0;

	*temp = (struct clip_temp){-1, -1, -1, -1, -1, -1, NULL};
	if (raw)
		err = open_twice(dir, &temp->raw_w, &temp->raw_r, NULL);
	/* the reader waits; who tells it of more never does */
	if (!err && raw && pipe2(ends, O_CLOEXEC) == 0) {
		temp->grow_r = ends[0];
		temp->grow_w = ends[1];
		err = fcntl(ends[1], F_SETFL, O_NONBLOCK) ? errno : 0;
	} else if (!err && raw) {
		err = errno;
	}
	if (!err)
		err = open_twice(dir, &temp->pcm_w, &temp->pcm_r, &temp->path);
	if (err)
		clip_file_unmake(temp);

	return err;
}

void clip_file_unmake(struct clip_temp *temp)
{
	close_fd(&temp->raw_w);
	close_fd(&temp->raw_r);
	close_fd(&temp->grow_w);
	close_fd(&temp->grow_r);
	close_fd(&temp->pcm_w);
	close_fd(&temp->pcm_r);
	if (temp->path)
		(void)unlink(temp->path);
	g_free(temp->path);
	temp->path = NULL;
}

static GString *tail_of(const struct clip_meta *meta)
{
	json_t *doc = json_object();
	GString *out = g_string_new(NULL);
	uint32_t len;
	char *text;

	json_object_set_new(doc, "samples", json_integer(meta->samples));
	json_object_set_new(doc, "checked_ms", json_integer(meta->checked_ms));
	json_object_set_new(doc, "fresh_s", json_integer(meta->fresh_s));
	if (meta->etag)
		json_set_str(doc, "etag", meta->etag);
	text = json_text(doc);
	g_string_append(out, text);
	free(text);
	json_decref(doc);

	len = (uint32_t)out->len;
	g_string_append_len(out, (const char *)&len, sizeof(len));
	g_string_append(out, mark);

	return out;
}

int clip_file_keep(struct clip_temp *temp, int fd, const char *dir,
		   const char *key, const struct clip_meta *meta)
{
	const int64_t end = meta->samples * SAMPLE;
	GString *tail = tail_of(meta);
	char *path = path_of(dir, key);
	int err = 0;

	if (tail->len > META_MAX)
		err = EOVERFLOW;
	else if (ftruncate(fd, end) ||
		 pwrite(fd, tail->str, tail->len, end) != (ssize_t)tail->len)
		err = errno ? errno : EIO;
	else if (rename(temp->path, path))
		err = errno;

	if (!err) {
		g_free(temp->path);
		temp->path = NULL;
	}
	g_free(path);
	g_string_free(tail, TRUE);

	return err;
}

void clip_file_remove(const char *dir, const char *key)
{
	char *path = path_of(dir, key);

	(void)unlink(path);
	g_free(path);
}
