/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/rxaudio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/resample.h"
#include "common/obj.h"

enum {
	QUIET_PEAK = 160, /* about -46 dBFS: a frame more or less is unheard */
	STEPS_MAX = 64,   /* takes from the buffer for one frame */
	FIFO_SIZE = CODEC_FRAME_MAX + CODEC_DECODE_MAX,
	DTX_LEN = 2, /* an Opus payload this short begins DTX */
};

struct rxaudio {
	const struct codec *codec;
	unsigned rate, dec_rate;
	struct jitter *jitter;
	struct codec_dec *dec;
	struct resample *resample;
	bool quiet, dtx;
	size_t have; /* samples in fifo */
	int16_t fifo[FIFO_SIZE];
};

static void rxaudio_destructor(void *arg)
{
	struct rxaudio *ra = arg;

	obj_unref(ra->jitter);
	obj_unref(ra->dec);
	obj_unref(ra->resample);
}

int rxaudio_alloc(struct rxaudio **rap, const struct codec *codec,
		  unsigned rate, unsigned min_ms, unsigned max_ms)
{
	const struct jitter_params prm = {
		.clock = codec ? codec->clock : 0,
		.min_ms = min_ms,
		.max_ms = max_ms,
	};
	struct rxaudio *ra;
	int err;

	if (!rap || !codec)
		return EINVAL;

	ra = obj_zalloc(sizeof(*ra), rxaudio_destructor);
	ra->codec = codec;
	ra->rate = rate;
	ra->dec_rate = codec_has_rate(codec, rate) ? rate : codec->rate;
	ra->quiet = true;

	err = jitter_alloc(&ra->jitter, &prm);
	if (err)
		goto out;
	err = codec_dec_alloc(&ra->dec, codec, ra->dec_rate);
	if (err)
		goto out;
	err = resample_alloc(&ra->resample, ra->dec_rate, rate);
out:
	if (err)
		obj_unref(ra);
	else
		*rap = ra;

	return err;
}

static int put(struct rxaudio *ra, const struct rtp_packet *pkt,
	       const uint8_t *payload, uint32_t units, int64_t now_us)
{
	const struct jitter_packet jp = {
		.ssrc = pkt->ssrc,
		.ts = pkt->ts,
		.seq = pkt->seq,
		.payload = payload,
		.len = payload ? pkt->len : 0,
		.units = units,
	};

	return jitter_put(ra->jitter, &jp, now_us);
}

int rxaudio_put(struct rxaudio *ra, const struct rtp_packet *pkt,
		int64_t now_us)
{
	const uint32_t units =
		codec_payload_units(ra->codec, pkt->payload, pkt->len);

	/* what holds no sound has a sequence number all the same */
	return put(ra, pkt, units ? pkt->payload : NULL, units, now_us);
}

int rxaudio_skip(struct rxaudio *ra, const struct rtp_packet *pkt,
		 int64_t now_us)
{
	return put(ra, pkt, NULL, 0, now_us);
}

static bool is_quiet(const int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; ++i)
		if (pcm[i] > QUIET_PEAK || pcm[i] < -QUIET_PEAK)
			return false;

	return true;
}

/* Into the fifo, at the frames' rate */
static void append(struct rxaudio *ra, const int16_t *pcm, size_t n)
{
	const size_t ms = ra->dec_rate / 1000;

	/* odd ends of a millisecond, from odd payloads only, are left out */
	n -= n % ms;
	if (n && !resample_run(ra->resample, pcm, n, ra->fifo + ra->have,
			       FIFO_SIZE - ra->have))
		ra->have += resample_count(ra->resample, n);
}

/* Samples to conceal for lost units: tens of milliseconds, 60 at most */
static size_t conceal_count(const struct rxaudio *ra, uint32_t units)
{
	const uint32_t tens = units * 100 / ra->codec->clock;
	const uint32_t step = ra->dec_rate / 100;

	if (tens < 1)
		return step;

	return (size_t)step * (tens > 6 ? 6 : tens);
}

static void conceal(struct rxaudio *ra, const struct jitter_out *out)
{
	int16_t pcm[CODEC_RATE_MAX / 1000 * CODEC_PTIME_MAX];
	const size_t n = conceal_count(ra, out->units);

	if (out->kind == JITTER_LOST && out->payload) {
		if (codec_dec_fec(ra->dec, out->payload, out->len, pcm, n))
			return;
	} else if (codec_dec_lost(ra->dec, pcm, n)) {
		return;
	}
	ra->quiet = is_quiet(pcm, n);
	append(ra, pcm, n);
}

static void decode(struct rxaudio *ra, const struct jitter_out *out)
{
	int16_t pcm[CODEC_DECODE_MAX];
	size_t n;

	if (out->restart)
		codec_dec_reset(ra->dec);
	ra->dtx = ra->codec->id == CODEC_OPUS && out->len <= DTX_LEN;

	if (codec_dec_run(ra->dec, out->payload, out->len, pcm,
			  CODEC_DECODE_MAX, &n)) {
		conceal(ra, &(struct jitter_out){.kind = JITTER_LOST,
						 .units = out->units});
		return;
	}
	ra->quiet = is_quiet(pcm, n);
	append(ra, pcm, n);
}

static void silence(struct rxaudio *ra, const struct jitter_out *out)
{
	const size_t n =
		(size_t)((uint64_t)out->units * ra->rate / ra->codec->clock);

	if (ra->dtx) { /* libopus makes its comfort noise */
		conceal(ra, out);
		ra->quiet = true;
		return;
	}

	ra->quiet = true;
	if (n > FIFO_SIZE - ra->have)
		return;
	memset(ra->fifo + ra->have, 0, n * sizeof(*ra->fifo));
	ra->have += n;
}

bool rxaudio_frame(struct rxaudio *ra, int64_t now_us, int16_t *frame)
{
	const size_t n = ra->rate * CODEC_FRAME_MS / 1000;
	bool sound = ra->have > 0;

	for (unsigned i = 0; ra->have < n && i < STEPS_MAX; ++i) {
		struct jitter_out out;

		jitter_get(ra->jitter, now_us, ra->quiet, &out);
		switch (out.kind) {
		case JITTER_PACKET:
			decode(ra, &out);
			sound = true;
			break;
		case JITTER_LOST:
			conceal(ra, &out);
			sound = true;
			break;
		case JITTER_SILENCE:
			silence(ra, &out);
			break;
		}
	}

	if (ra->have < n) {
		memset(ra->fifo + ra->have, 0,
		       (n - ra->have) * sizeof(*ra->fifo));
		ra->have = n;
	}
	memcpy(frame, ra->fifo, n * sizeof(*frame));
	ra->have -= n;
	memmove(ra->fifo, ra->fifo + n, ra->have * sizeof(*ra->fifo));

	return sound || ra->dtx;
}

void rxaudio_reset(struct rxaudio *ra)
{
	jitter_reset(ra->jitter);
	codec_dec_reset(ra->dec);
	resample_reset(ra->resample);
	ra->have = 0;
	ra->quiet = true;
	ra->dtx = false;
}

void rxaudio_stats(const struct rxaudio *ra, struct jitter_stats *stats)
{
	jitter_stats(ra->jitter, stats);
}
