/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sequence of packets and ticks for the jitter buffer, bare and with a
 * decoder. Each packet is 8 bytes: what, steps of time, sequence, timestamp
 * and SSRC, length. */
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "media/rxaudio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	STEPS_MAX = 2000,
	CLOCK = 48000
};

static void require(bool ok)
{
	if (!ok)
		abort();
}

struct state {
	struct jitter *jb;
	struct rxaudio *ra;
	uint32_t ssrc, ts;
	uint16_t seq;
	int64_t now;
	uint8_t payload[RTP_PACKET_MAX];
};

static void take(struct state *st, bool quiet)
{
	int16_t frame[CODEC_FRAME_MAX];
	struct jitter_out out;

	jitter_get(st->jb, st->now, quiet, &out);
	require(out.units > 0 && out.units <= CLOCK / 1000 * 120);
	require(out.len <= RTP_PACKET_MAX);
	require(out.kind != JITTER_PACKET || (out.payload && out.len));
	require(out.kind != JITTER_SILENCE || !out.payload);
	for (size_t i = 0; i < out.len; ++i)
		require(out.payload[i] == st->payload[i] || i == 0);

	(void)rxaudio_frame(st->ra, st->now, frame);
}

static void put(struct state *st, bool sound, size_t len)
{
	const struct rtp_packet pkt = {
		.seq = st->seq,
		.ts = st->ts,
		.ssrc = st->ssrc,
		.payload = st->payload,
		.len = len,
	};
	const struct jitter_packet jp = {
		.seq = st->seq,
		.ts = st->ts,
		.ssrc = st->ssrc,
		.payload = sound ? st->payload : NULL,
		.len = sound ? len : 0,
		.units = (uint32_t)len * 7,
	};

	(void)jitter_put(st->jb, &jp, st->now);
	if (sound)
		(void)rxaudio_put(st->ra, &pkt, st->now);
	else
		(void)rxaudio_skip(st->ra, &pkt, st->now);
}

static void step(struct state *st, const uint8_t *op)
{
	const int16_t dseq = (int16_t)(op[2] << 8 | op[3]);
	const int16_t dts = (int16_t)(op[4] << 8 | op[5]);

	st->now += (int64_t)op[1] * 1000;
	/* small steps are likelier than jumps */
	st->seq = (uint16_t)(st->seq + (op[0] & 1 ? dseq : dseq % 4));
	st->ts += (uint32_t)(op[0] & 2 ? dts * 4096 : dts);
	if (op[0] & 4)
		st->ssrc = op[6];
	st->payload[0] = op[6];

	if (op[0] & 8)
		take(st, op[0] & 16);
	else
		put(st, !(op[0] & 32), (size_t)op[7] * (op[0] & 64 ? 6 : 1));
	if (op[0] == 0xff)
		rxaudio_reset(st->ra);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct jitter_params prm = {.clock = CLOCK};
	struct jitter_stats stats;
	struct state st = {.seq = 65500, .ts = 0xffffff00};

	if (!size)
		return 0;
	require(!jitter_alloc(&st.jb, &prm));
	require(!rxaudio_alloc(&st.ra, codec_at(data[0] % CODEC_NIDS),
			       data[0] & 8 ? 48000 : 8000, 0, 0));

	for (size_t i = 1, n = 0; i + 8 <= size && n < STEPS_MAX; i += 8, ++n)
		step(&st, data + i);

	jitter_stats(st.jb, &stats);
	require(stats.target_ms >= 20 && stats.target_ms <= 200);
	require(stats.played + stats.duplicate + stats.overflow <= stats.put);
	obj_unref(st.jb);
	obj_unref(st.ra);

	return 0;
}
