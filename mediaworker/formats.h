/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file formats.h  Which files and codecs are taken, and which one this is
 *
 * Thread: the job's only one; formats_codecs() in the supervisor.
 */
#ifndef BIFRONS_MEDIAWORKER_FORMATS_H
#define BIFRONS_MEDIAWORKER_FORMATS_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct input;

/** The decoders for sound that libavcodec has by itself, "mp3,opus,…";
 * g_free() it */
char *formats_codecs(void);

const AVCodec *formats_decoder(enum AVCodecID id);

/** What is it? By its content, then by name and type.
 * @return NULL: not known, not taken, or unreadable (in->err)
 */
const AVInputFormat *formats_probe(struct input *in, const char *name,
				   const char *type);

/** Its head may be at its end: it must be seekable while it grows */
bool formats_is_scattered(const AVInputFormat *fmt);

/** Where the samples of a WAV file begin, waiting for them; -1 = nowhere near,
 * or it is none */
int64_t formats_wav_data(struct input *in);

/** Hz of a format that does not say it itself; 0 = it does */
int formats_raw_rate(const AVInputFormat *fmt);

/** A short name for people: "wav", "mp4", "ogg" */
const char *formats_name(const AVInputFormat *fmt);

#endif
