/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file stream.h  Sound from another thread: a ring between two of them
 *
 * A counted object (obj_ref(), obj_unref()) with one writer, say the thread
 * that feeds clips, and one reader, the leg's media thread, which never wait
 * for each other: no lock, no allocation after the first. 16-bit mono samples
 * at a rate that does not change. The reader drops its part with the play; the
 * writer sees it and stops.
 */
#ifndef BIFRONS_MEDIA_STREAM_H
#define BIFRONS_MEDIA_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct media_stream;

/** @param rate     8000, 16000 or 48000
 * @param samples  How many it holds
 * @return 0 or EINVAL
 */
int media_stream_alloc(struct media_stream **streamp, unsigned rate,
		       size_t samples);
unsigned media_stream_rate(const struct media_stream *stream);

/* ---- thread: the writer ---- */

/** Samples that can be written now */
size_t media_stream_space(const struct media_stream *stream);
/** @return How many were taken: none once it was ended or dropped */
size_t media_stream_write(struct media_stream *stream, const int16_t *pcm,
			  size_t n);
/** No more will come. @param err  0, or why it ends here: played() says it
 * when what is in it has been played */
void media_stream_end(struct media_stream *stream, int err);
/** The reader went: nobody will hear what is written */
bool media_stream_is_dropped(const struct media_stream *stream);

/* ---- thread: the reader ---- */

/** Samples that can be read now */
size_t media_stream_fill(const struct media_stream *stream);
/** @return How many were read: fewer when the writer is late */
size_t media_stream_read(struct media_stream *stream, int16_t *pcm, size_t n);
/** The writer has ended it; what is in it is the last */
bool media_stream_is_ended(const struct media_stream *stream);
/** It was ended and all was read. @param errp  What the end said */
bool media_stream_is_over(const struct media_stream *stream, int *errp);
void media_stream_drop(struct media_stream *stream);

#endif
