/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pcm.h"

#include <errno.h>
#include <glib.h>
#include <libavutil/error.h>
#include <libswresample/swresample.h>
#include <unistd.h>

enum {
	/* what is outside of it would ask for filters of megabytes */
	SOURCE_RATE_MIN = 1000,
	SOURCE_RATE_MAX = 768000,
	CHANNELS_MAX = 64, /**< swresample's own limit */
	SILENCE_CHUNK = 1024,
};

struct pcm {
	struct pcm_params prm;

	SwrContext *swr; /**< NULL until the first source */
	int source_rate;
	enum AVSampleFormat source_format;
	AVChannelLayout source_layout;

	int16_t *buf;     /**< half a second */
	unsigned len;     /**< samples in it */
	unsigned trigger; /**< written at so many */
	int64_t samples;  /**< in the file */
};

struct pcm *pcm_alloc(const struct pcm_params *prm)
{
	struct pcm *pcm = g_new0(struct pcm, 1);

	pcm->prm = *prm;
	pcm->buf = g_new(int16_t, prm->rate / 2);
	pcm->trigger = prm->rate / 10;

	return pcm;
}

struct pcm *pcm_free(struct pcm *pcm)
{
	if (!pcm)
		return NULL;

	swr_free(&pcm->swr);
	av_channel_layout_uninit(&pcm->source_layout);
	g_free(pcm->buf);
	g_free(pcm);

	return NULL;
}

int64_t pcm_samples(const struct pcm *pcm)
{
	return pcm->samples;
}

/* ---- into the file ---- */

static int write_all(int fd, const void *data, size_t len, int64_t pos)
{
	const char *p = data;
	ssize_t n;

	while (len) {
		n = pwrite(fd, p, len, pos);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		p += n;
		pos += n;
		len -= (size_t)n;
	}

	return 0;
}

static int write_buf(struct pcm *pcm)
{
	int64_t left = pcm->prm.max_samples - pcm->samples;
	const unsigned n = pcm->len < left ? pcm->len : (unsigned)left;
	const bool more = pcm->len > n;
	int err;

	err = write_all(pcm->prm.fd, pcm->buf, n * sizeof(*pcm->buf),
			pcm->samples * (int64_t)sizeof(*pcm->buf));
	if (err)
		return err;
	pcm->samples += n;
	pcm->len = 0;
	pcm->trigger = pcm->prm.rate / 2;
	if (more)
		return E2BIG;
	if (n && pcm->prm.progress &&
	    !pcm->prm.progress(pcm->prm.arg, pcm->samples))
		return ECANCELED;

	return 0;
}

/* ---- conversion ---- */

/* n samples more of data, or NULL and 0: what the resampler kept back */
static int convert(struct pcm *pcm, const uint8_t *const *data, int n)
{
	/* it reads the planes; its prototype is older than const */
	const uint8_t **in = (const uint8_t **)data;
	uint8_t *out;
	int got, err;

	for (;;) {
		out = (uint8_t *)(pcm->buf + pcm->len);
		got = swr_convert(pcm->swr, &out,
				  (int)(pcm->trigger - pcm->len), in, n);
		if (got < 0)
			return EINVAL;
		n = 0; /* it has taken them */
		pcm->len += (unsigned)got;
		if (pcm->len < pcm->trigger)
			return 0;
		err = write_buf(pcm);
		if (err)
			return err;
	}
}

static int drain(struct pcm *pcm)
{
	int err = 0;

	if (pcm->swr)
		err = convert(pcm, NULL, 0);
	swr_free(&pcm->swr);

	return err;
}

/* Channels without a known place: all of them alike */
static int mix_evenly(struct pcm *pcm, int channels)
{
	double matrix[CHANNELS_MAX];
	int i;

	for (i = 0; i < channels; ++i)
		matrix[i] = 1.0 / channels;

	return swr_set_matrix(pcm->swr, matrix, channels);
}

static int open_swr(struct pcm *pcm)
{
	AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;
	AVChannelLayout layout = {0};
	int n = pcm->source_layout.nb_channels, err;

	if (n < 1 || n > CHANNELS_MAX)
		return EINVAL;
	if (av_channel_layout_copy(&layout, &pcm->source_layout))
		return EINVAL;
	if (layout.order == AV_CHANNEL_ORDER_UNSPEC)
		av_channel_layout_default(&layout, n);

	err = swr_alloc_set_opts2(
		&pcm->swr, &mono, AV_SAMPLE_FMT_S16, (int)pcm->prm.rate,
		&layout, pcm->source_format, pcm->source_rate, 0, NULL);
	if (!err && layout.order != AV_CHANNEL_ORDER_NATIVE)
		err = mix_evenly(pcm, n);
	if (!err)
		err = swr_init(pcm->swr);
	av_channel_layout_uninit(&layout);
	if (err)
		swr_free(&pcm->swr);

	return err ? EINVAL : 0;
}

int pcm_source(struct pcm *pcm, int rate, enum AVSampleFormat format,
	       const AVChannelLayout *layout)
{
	int err;

	if (pcm->swr && rate == pcm->source_rate &&
	    format == pcm->source_format &&
	    !av_channel_layout_compare(layout, &pcm->source_layout))
		return 0;
	if (rate < SOURCE_RATE_MIN || rate > SOURCE_RATE_MAX)
		return EINVAL;

	err = drain(pcm);
	if (err)
		return err;
	pcm->source_rate = rate;
	pcm->source_format = format;
	if (av_channel_layout_copy(&pcm->source_layout, layout))
		return EINVAL;

	return open_swr(pcm);
}

int pcm_source_mono(struct pcm *pcm, int rate)
{
	const AVChannelLayout mono = AV_CHANNEL_LAYOUT_MONO;

	return pcm_source(pcm, rate, AV_SAMPLE_FMT_S16, &mono);
}

int pcm_write(struct pcm *pcm, const uint8_t *const *data, int n)
{
	if (!pcm->swr)
		return EINVAL;

	return n > 0 ? convert(pcm, data, n) : 0;
}

int pcm_silence(struct pcm *pcm, unsigned ms)
{
	static const int16_t zeros[SILENCE_CHUNK];
	const uint8_t *const data[1] = {(const uint8_t *)zeros};
	int64_t left = (int64_t)pcm->source_rate * ms / 1000;
	int err = 0;

	/* (only speech has pauses: its source is mono and 16-bit) */
	while (!err && left > 0) {
		const int n = left < SILENCE_CHUNK ? (int)left : SILENCE_CHUNK;

		err = pcm_write(pcm, data, n);
		left -= n;
	}

	return err;
}

int pcm_finish(struct pcm *pcm)
{
	int err = drain(pcm);

	if (!err && pcm->len)
		err = write_buf(pcm);

	return err;
}
