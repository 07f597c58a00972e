/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all formats have in common: a file that grows, and its end */
#include "record/record_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "common/str.h"

static const struct {
	const char *name, *content_type;
	const struct record_writer_ops *ops;
} formats[RECORD_NFORMATS] = {
	[RECORD_WAV] = {"wav", "audio/wav", &record_wav},
	[RECORD_OGG] = {"ogg", "audio/ogg", &record_ogg},
	[RECORD_MP3] = {"mp3", "audio/mpeg", &record_mp3},
};

const char *record_format_name(enum record_format format)
{
	return (unsigned)format < RECORD_NFORMATS ? formats[format].name : "";
}

const char *record_content_type(enum record_format format)
{
	return (unsigned)format < RECORD_NFORMATS ? formats[format].content_type
						  : "";
}

int record_format_by_name(const char *name, enum record_format *formatp)
{
	unsigned i;

	for (i = 0; i < RECORD_NFORMATS; ++i) {
		if (!str_eq(formats[i].name, name))
			continue;
		*formatp = (enum record_format)i;
		return 0;
	}

	return EINVAL;
}

void record_path(char out[RECORD_PATH_SIZE], const char *id,
		 enum record_format format)
{
	(void)g_snprintf(out, RECORD_PATH_SIZE, "recordings/%s.%s", id,
			 record_format_name(format));
}

int record_remove(const char *data_dir, const char *id,
		  enum record_format format)
{
	char name[RECORD_PATH_SIZE];
	char *path;
	int err = 0;

	record_path(name, id, format);
	path = g_build_filename(data_dir, name, NULL);
	if (unlink(path) && errno != ENOENT)
		err = errno;
	g_free(path);

	return err;
}

const struct record_writer_ops *record_writer_ops_of(enum record_format format)
{
	return formats[format].ops;
}

int record_append(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		const ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		at += n;
		len -= (size_t)n;
	}

	return 0;
}

int record_writer_open(struct record_writer *w, enum record_format format,
		       const char *path, unsigned rate, unsigned channels)
{
	memset(w, 0, sizeof(*w));
	w->ops = record_writer_ops_of(format);
	w->rate = rate;
	w->channels = channels;
	w->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return errno;

	return w->ops->open(w);
}

int record_writer_write(struct record_writer *w, const int16_t *pcm, size_t n)
{
	w->frames += n;

	return w->ops->write(w, pcm, n);
}

static void measure(struct record_writer *w, struct recording_result *res)
{
	struct stat st;

	res->duration_ms = (int64_t)(w->frames * 1000 / w->rate);
	if (w->fd >= 0 && !fstat(w->fd, &st))
		res->size_bytes = st.st_size;
}

int record_writer_close(struct record_writer *w, int err,
			struct recording_result *res)
{
	if (!err)
		err = w->ops->close(w);
	if (!err || w->fd < 0)
		measure(w, res);
	else if (w->ops->repair(w->fd, res))
		res->duration_ms = res->size_bytes = 0;
	w->ops->free(w);
	if (w->fd >= 0 && close(w->fd) && !err)
		err = errno;
	w->fd = -1;

	return err;
}
