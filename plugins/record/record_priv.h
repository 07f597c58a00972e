/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file record_priv.h  Writers of files, for the files of record/
 *
 * Thread: bif-record. A writer is given whole frames (channels samples each)
 * in any number, and writes to a file of its own.
 */
#ifndef BIFRONS_RECORD_RECORD_PRIV_H
#define BIFRONS_RECORD_RECORD_PRIV_H

#include <stdbool.h>

#include "record/record.h"

struct record_writer;

/** How a format is written; each returns 0 or errno */
struct record_writer_ops {
	/** Everything before the first frame */
	int (*open)(struct record_writer *w);
	int (*write)(struct record_writer *w, const int16_t *pcm, size_t n);
	/** What was written can be played as it lies there */
	int (*flush)(struct record_writer *w);
	/** All that is still held back, and the end */
	int (*close)(struct record_writer *w);
	/** Give back; close() may have failed, or open() */
	void (*free)(struct record_writer *w);
	/** Cut a file to what is whole. @return 0, EBADMSG or errno */
	int (*repair)(int fd, struct recording_result *res);
};

struct record_writer {
	const struct record_writer_ops *ops;
	unsigned rate, channels;
	int fd;
	uint64_t frames; /**< that came in */
	void *state;     /**< of the format */
};

extern const struct record_writer_ops record_wav, record_ogg, record_mp3;
const struct record_writer_ops *record_writer_ops_of(enum record_format format);

/** Make the file and write its beginning. @return 0 or errno; free it anyhow
 */
int record_writer_open(struct record_writer *w, enum record_format format,
		       const char *path, unsigned rate, unsigned channels);
int record_writer_write(struct record_writer *w, const int16_t *pcm, size_t n);
/** Close it; with an error behind it, or met now, what is whole stays.
 * @param err  Why it ends, or 0. @return that, or a new one */
int record_writer_close(struct record_writer *w, int err,
			struct recording_result *res);

/** All of it, at the end. @return 0 or errno */
int record_append(int fd, const void *data, size_t len);

#endif
