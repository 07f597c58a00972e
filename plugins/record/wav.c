/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RIFF WAVE, 16-bit PCM. The two sizes in its header are as of the last flush.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

#include "record/record_priv.h"

enum {
	HEADER = 44,
	RIFF_SIZE_AT = 4,
	RIFF_BEFORE = 8, /* the size counts what follows it */
	CHANNELS_AT = 22,
	RATE_AT = 24,
	DATA_SIZE_AT = 40,
	SAMPLE = 2,
};

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}

static unsigned get16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

/* Over 4 GiB the largest that can be said: players read to the end then */
static int write_sizes(int fd, uint64_t data)
{
	uint8_t riff[4], size[4];

	put32(size, (uint32_t)MIN(data, UINT32_MAX - HEADER));
	put32(riff, (uint32_t)MIN(data + HEADER - RIFF_BEFORE, UINT32_MAX));
	if (pwrite(fd, riff, 4, RIFF_SIZE_AT) != 4 ||
	    pwrite(fd, size, 4, DATA_SIZE_AT) != 4)
		return errno ? errno : EIO;

	return 0;
}

static unsigned block(const struct record_writer *w)
{
	return w->channels * SAMPLE;
}

static int wav_open(struct record_writer *w)
{
	uint8_t head[HEADER] = {
		'R',        'I', 'F', 'F', 0,   0,  0, 0, 'W', 'A', 'V',
		'E',        'f', 'm', 't', ' ', 16, 0, 0, 0,   1,   0, /* PCM */
		[36] = 'd', 'a', 't', 'a',
	};

	put32(head + RIFF_SIZE_AT, HEADER - RIFF_BEFORE);
	put16(head + CHANNELS_AT, w->channels);
	put32(head + RATE_AT, w->rate);
	put32(head + 28, w->rate * block(w));
	put16(head + 32, block(w));
	put16(head + 34, SAMPLE * 8);

	return record_append(w->fd, head, HEADER);
}

static int wav_write(struct record_writer *w, const int16_t *pcm, size_t n)
{
	/* the format is little-endian, and so is every machine we run on */
	G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

	return record_append(w->fd, pcm, n * block(w));
}

static int wav_flush(struct record_writer *w)
{
	return write_sizes(w->fd, w->frames * block(w));
}

static void wav_free(struct record_writer *w)
{
	(void)w;
}

static int wav_repair(int fd, struct recording_result *res)
{
	uint8_t head[HEADER];
	unsigned channels;
	uint64_t frames;
	struct stat st;
	uint32_t rate;

	if (fstat(fd, &st))
		return errno;
	if (pread(fd, head, HEADER, 0) != HEADER || memcmp(head, "RIFF", 4))
		return EBADMSG;
	channels = get16(head + CHANNELS_AT);
	rate = get32(head + RATE_AT);
	if (channels < 1 || channels > 2 || rate < 8000 || rate > 48000)
		return EBADMSG;

	frames = (uint64_t)(st.st_size - HEADER) / (channels * SAMPLE);
	res->size_bytes = HEADER + (int64_t)(frames * channels * SAMPLE);
	res->duration_ms = (int64_t)(frames * 1000 / rate);
	if (st.st_size != res->size_bytes && ftruncate(fd, res->size_bytes))
		return errno;

	return write_sizes(fd, frames * channels * SAMPLE);
}

const struct record_writer_ops record_wav = {
	.open = wav_open,
	.write = wav_write,
	.flush = wav_flush,
	.close = wav_flush,
	.free = wav_free,
	.repair = wav_repair,
};
