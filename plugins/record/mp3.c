/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MP3 by LAME, at a constant bit rate and without its tag frame: so every
 * beginning of the file is a file, and its length tells its time.
 */
#include <errno.h>
#include <lame/lame.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "record/record_priv.h"

enum {
	STEP = 1152, /* frames that are encoded at once */
	/* as LAME wants: 1.25 * samples + 7200 */
	OUT_SIZE = STEP * 5 / 4 + 7200,
	QUALITY = 5,
	HEAD = 4,
};

static void be_quiet(const char *format, va_list ap)
{
	(void)format;
	(void)ap;
}

/* kbit/s of a side */
static int bitrate(unsigned rate)
{
	return rate > 16000 ? 64 : rate > 8000 ? 32 : 24;
}

static int mp3_open(struct record_writer *w)
{
	lame_t lame = lame_init();
	int err = 0;

	if (!lame)
		return ENOMEM;
	w->state = lame;
	err |= lame_set_errorf(lame, be_quiet);
	err |= lame_set_debugf(lame, be_quiet);
	err |= lame_set_msgf(lame, be_quiet);
	err |= lame_set_in_samplerate(lame, (int)w->rate);
	err |= lame_set_out_samplerate(lame, (int)w->rate);
	err |= lame_set_num_channels(lame, (int)w->channels);
	/* not joint: the sides are two people */
	err |= lame_set_mode(lame, w->channels == 1 ? MONO : STEREO);
	err |= lame_set_brate(lame, bitrate(w->rate) * (int)w->channels);
	err |= lame_set_quality(lame, QUALITY);
	err |= lame_set_bWriteVbrTag(lame, 0);

	return err || lame_init_params(lame) < 0 ? EIO : 0;
}

static int mp3_write(struct record_writer *w, const int16_t *pcm, size_t n)
{
	unsigned char out[OUT_SIZE];
	int err = 0;

	while (n && !err) {
		const int step = (int)MIN(n, STEP);
		/* it does not write to them */
		short *in = (short *)pcm;
		const int len =
			w->channels == 1
				? lame_encode_buffer(w->state, in, in, step,
						     out, sizeof(out))
				: lame_encode_buffer_interleaved(
					  w->state, in, step, out, sizeof(out));

		err = len < 0 ? EIO : record_append(w->fd, out, (size_t)len);
		pcm += (size_t)step * w->channels;
		n -= (size_t)step;
	}

	return err;
}

static int mp3_flush(struct record_writer *w)
{
	(void)w; /* what it holds back is less than a tenth of a second */

	return 0;
}

static int mp3_close(struct record_writer *w)
{
	unsigned char out[OUT_SIZE];
	const int len = lame_encode_flush(w->state, out, sizeof(out));

	return len < 0 ? EIO : record_append(w->fd, out, (size_t)len);
}

static void mp3_free(struct record_writer *w)
{
	if (w->state)
		(void)lame_close(w->state);
	w->state = NULL;
}

/* ---- repair ---- */

struct frame {
	unsigned bytes, samples, rate;
};

/* ISO 11172-3 and 13818-3, layer III; version 0 is the "2.5" of 8 kHz */
static int parse_head(const uint8_t *p, struct frame *frame)
{
	static const uint16_t rates[3] = {44100, 48000, 32000};
	static const uint16_t bits1[15] = {0,   32,  40,  48,  56,  64,  80, 96,
					   112, 128, 160, 192, 224, 256, 320};
	static const uint16_t bits2[15] = {0,  8,  16, 24,  32,  40,  48, 56,
					   64, 80, 96, 112, 128, 144, 160};
	const unsigned version = p[1] >> 3 & 3, index = p[2] >> 4,
		       rate = p[2] >> 2 & 3, padding = p[2] >> 1 & 1;
	unsigned bits;

	if (p[0] != 0xff || (p[1] & 0xe6) != 0xe2 || version == 1 ||
	    index == 0 || index == 15 || rate == 3)
		return EBADMSG;

	bits = version == 3 ? bits1[index] : bits2[index];
	frame->samples = version == 3 ? 1152 : 576;
	frame->rate = rates[rate] / (version == 3 ? 1 : version == 2 ? 2 : 4);
	frame->bytes = frame->samples / 8 * bits * 1000 / frame->rate + padding;

	return 0;
}

static int mp3_repair(int fd, struct recording_result *res)
{
	uint64_t samples = 0;
	struct frame frame = {.rate = 1};
	uint8_t head[HEAD];
	off_t at = 0;
	struct stat st;

	if (fstat(fd, &st))
		return errno;
	while (pread(fd, head, HEAD, at) == HEAD && !parse_head(head, &frame) &&
	       at + frame.bytes <= st.st_size) {
		at += frame.bytes;
		samples += frame.samples;
	}
	if (!at && st.st_size)
		return EBADMSG;
	if (at != st.st_size && ftruncate(fd, at))
		return errno;

	res->size_bytes = at;
	res->duration_ms = (int64_t)(samples * 1000 / frame.rate);

	return 0;
}

const struct record_writer_ops record_mp3 = {
	.open = mp3_open,
	.write = mp3_write,
	.flush = mp3_flush,
	.close = mp3_close,
	.free = mp3_free,
	.repair = mp3_repair,
};
