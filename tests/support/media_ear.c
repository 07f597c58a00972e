/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/media_ear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/obj.h"

void media_ear_open(struct media_ear *ear, struct rig_leg *leg,
		    struct rig_far *far)
{
	const struct codec *codec = leg->sess.codec;

	memset(ear, 0, sizeof(*ear));
	ear->leg = leg;
	ear->far = far;
	ear->rate = codec->id == CODEC_OPUS ? 16000 : codec->rate;
	assert_int_equal(codec_dec_alloc(&ear->dec, codec, ear->rate), 0);
}

void media_ear_close(struct media_ear *ear)
{
	ear->dec = obj_unref(ear->dec);
}

bool media_ear_packet(struct media_ear *ear, int ms)
{
	const struct media_session *sess = &ear->leg->sess;
	const unsigned ptime = codec_ptime(sess->codec, sess->ptime_ms);
	const uint32_t span = codec_ts_units(sess->codec, ptime);
	struct rig_packet pkt;
	size_t got;

	if (!rig_far_recv(ear->far, &pkt, ms))
		return false;
	if (ear->packets) {
		assert_int_equal(pkt.rtp.seq, (uint16_t)(ear->seq + 1));
		assert_true(pkt.rtp.ts - ear->ts == span || pkt.rtp.marker ||
			    rig_was_late(ear->leg->rig));
	}

	++ear->packets;
	ear->markers += pkt.rtp.marker;
	ear->seq = pkt.rtp.seq;
	ear->ts = pkt.rtp.ts;
	assert_int_equal(codec_dec_run(ear->dec, pkt.rtp.payload, pkt.rtp.len,
				       ear->pcm + ear->n, CODEC_DECODE_MAX,
				       &got),
			 0);
	assert_int_equal(got, ear->rate / 1000 * ptime);
	ear->n += got;
	assert_true(ear->n < MEDIA_EAR_MAX);

	return true;
}

void media_ear_until(struct media_ear *ear, size_t n)
{
	while (ear->n < n)
		assert_true(media_ear_packet(ear, RIG_WAIT_MS));
}

bool rig_far_recv_play(struct rig_far *far, struct rig_packet *pkt,
		       struct rig_leg *leg, unsigned n)
{
	const int64_t end_us = rig_now_us() + RIG_WAIT_MS * 1000LL;
	bool over;

	do {
		over = leg->nplayed >= n;
		if (rig_far_recv(far, pkt, 50))
			return true;
	} while (!over && rig_now_us() < end_us);

	return false;
}

void media_ear_until_played(struct media_ear *ear, unsigned n)
{
	int64_t until_us = rig_now_us() + RIG_WAIT_MS * 1000LL;
	bool heard, over;

	do {
		over = ear->leg->nplayed >= n;
		heard = media_ear_packet(ear, over ? 50 : 100);
		if (heard)
			until_us = rig_now_us() + RIG_WAIT_MS * 1000LL;
	} while (heard || (!over && rig_now_us() < until_us));
	assert_true(rig_wait(ear->leg, &ear->leg->nplayed, n));
	media_ear_close(ear);
}

double media_ear_level(const struct media_ear *ear, unsigned from_ms,
		       unsigned to_ms, double hz)
{
	const unsigned per_ms = ear->rate / 1000;

	assert_true((size_t)to_ms * per_ms <= ear->n);

	return rig_goertzel(ear->pcm + (size_t)from_ms * per_ms,
			    (size_t)(to_ms - from_ms) * per_ms, ear->rate, hz);
}

int media_ear_jump(const struct media_ear *ear, size_t from, size_t to)
{
	int most = 0;
	size_t i;

	assert_true(to <= ear->n);
	for (i = from + 1; i < to; ++i) {
		const int jump = abs(ear->pcm[i] - ear->pcm[i - 1]);

		most = jump > most ? jump : most;
	}

	return most;
}
