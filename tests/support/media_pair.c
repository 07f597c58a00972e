/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/media_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/obj.h"
#include "support/codec_signal.h"

void pair_prepare(struct media_pair *p, enum codec_id a, enum codec_id b)
{
	const enum codec_id ids[2] = {a, b};
	unsigned i;

	memset(p, 0, sizeof(*p));
	rig_open(&p->rig, NULL);
	for (i = 0; i < 2; ++i) {
		const struct codec *codec = codec_by_id(ids[i]);

		rig_far_open(&p->far[i], "127.0.0.1", codec);
		rig_session(&p->sess[i], codec, &p->far[i]);
	}
	if (a == b)
		p->sess[1].pt = p->far[1].pt = PAIR_PT_MOVED;
}

void pair_start(struct media_pair *p)
{
	unsigned i;

	for (i = 0; i < 2; ++i)
		rig_leg_open(&p->leg[i], &p->rig, &p->sess[i], &p->far[i]);
}

void pair_open(struct media_pair *p, enum codec_id a, enum codec_id b)
{
	pair_prepare(p, a, b);
	pair_start(p);
}

void pair_close(struct media_pair *p)
{
	unsigned i;

	for (i = 0; i < 2; ++i) {
		rig_leg_close(&p->leg[i]);
		rig_far_close(&p->far[i]);
		media_ear_close(&p->ear[i]);
		p->enc[i] = obj_unref(p->enc[i]);
	}
	rig_close(&p->rig);
}

void pair_latch(struct media_pair *p)
{
	rig_latch(&p->leg[0], &p->far[0]);
	rig_latch(&p->leg[1], &p->far[1]);
}

void pair_listen(struct media_pair *p)
{
	unsigned i;

	for (i = 0; i < 2; ++i) {
		media_ear_close(&p->ear[i]);
		media_ear_open(&p->ear[i], &p->leg[i], &p->far[i]);
	}
}

void pair_drop_voice(struct media_pair *p, unsigned end)
{
	p->enc[end] = obj_unref(p->enc[end]);
	p->said[end] = 0;
}

/* One packet of a sine, as the session says */
static void speak(struct media_pair *p, unsigned i, double hz)
{
	const struct media_session *sess = &p->leg[i].sess;
	const unsigned rate =
		sess->codec->id == CODEC_OPUS ? 16000 : sess->codec->rate;
	const size_t n = rate / 50;
	uint8_t payload[CODEC_PAYLOAD_MAX];
	int16_t pcm[CODEC_FRAME_MAX];
	size_t len;

	if (!p->enc[i])
		assert_int_equal(
			codec_enc_alloc(&p->enc[i], sess->codec, rate, NULL),
			0);
	signal_sine(pcm, n, rate, hz, PAIR_LEVEL, p->said[i]);
	p->said[i] += n;
	assert_int_equal(codec_enc_run(p->enc[i], pcm, n, payload,
				       sizeof(payload), &len),
			 0);
	rig_far_send(&p->far[i], payload, len, false);
}

/* Of what was heard long ago nothing is kept */
static void take_sound(struct media_ear *ear)
{
	const size_t keep = ear->rate;

	while (ear->dec && media_ear_packet(ear, 0))
		;
	if (ear->n > 2 * keep) {
		memmove(ear->pcm, ear->pcm + ear->n - keep,
			keep * sizeof(*ear->pcm));
		ear->n = keep;
	}
}

void pair_talk(struct media_pair *p, unsigned ms, double hz0, double hz1)
{
	int64_t next_us = rig_now_us();
	unsigned i;

	for (; ms >= 20; ms -= 20) {
		if (hz0 > 0)
			speak(p, 0, hz0);
		if (hz1 > 0)
			speak(p, 1, hz1);
		next_us += 20000;
		if (rig_now_us() < next_us)
			rig_sleep_ms((unsigned)(next_us - rig_now_us()) / 1000);
		for (i = 0; i < 2; ++i)
			take_sound(&p->ear[i]);
	}
}

double pair_heard(const struct media_pair *p, unsigned end, unsigned ms,
		  double hz)
{
	const struct media_ear *ear = &p->ear[end];
	const size_t n = (size_t)ear->rate / 1000 * ms;

	/* not so much yet */
	if (ear->n < n)
		return 0;

	return rig_goertzel(ear->pcm + ear->n - n, n, ear->rate, hz) * 32768 /
	       PAIR_LEVEL;
}

/* Verbs, on the loop --------------------------------------------------- */

struct pair_verb {
	struct media_leg *leg, *other;
	struct media_tap *tap;
	bool in, out;
	int err;
	uint32_t id;
};

static void do_bridge(void *arg)
{
	struct pair_verb *v = arg;

	v->err = media_leg_bridge(v->leg, v->other);
}

static void do_unbridge(void *arg)
{
	struct pair_verb *v = arg;

	media_leg_unbridge(v->leg);
}

static void do_mute(void *arg)
{
	struct pair_verb *v = arg;

	media_leg_mute(v->leg, v->in, v->out);
}

static void do_hold(void *arg)
{
	struct pair_verb *v = arg;

	media_leg_hold(v->leg, v->in);
}

static void do_tap(void *arg)
{
	struct pair_verb *v = arg;

	v->id = media_leg_tap(v->leg, v->tap);
}

static void do_untap(void *arg)
{
	struct pair_verb *v = arg;

	media_leg_untap(v->leg, v->id);
}

static struct pair_verb run(struct rig_leg *leg, loop_h *fn,
			    struct pair_verb verb)
{
	verb.leg = leg->leg;
	assert_int_equal(loop_call(leg->rig->loop, "test", fn, &verb), 0);
	rig_settle(leg);

	return verb;
}

int pair_bridge(struct media_pair *p)
{
	const int err = run(&p->leg[0], do_bridge,
			    (struct pair_verb){.other = p->leg[1].leg})
				.err;

	rig_settle(&p->leg[1]);

	return err;
}

void rig_leg_unbridge(struct rig_leg *leg)
{
	run(leg, do_unbridge, (struct pair_verb){0});
}

void rig_leg_mute(struct rig_leg *leg, bool in, bool out)
{
	run(leg, do_mute, (struct pair_verb){.in = in, .out = out});
}

void rig_leg_hold(struct rig_leg *leg, bool on)
{
	run(leg, do_hold, (struct pair_verb){.in = on});
}

uint32_t rig_leg_tap(struct rig_leg *leg, struct media_tap *tap)
{
	return run(leg, do_tap, (struct pair_verb){.tap = tap}).id;
}

void rig_leg_untap(struct rig_leg *leg, uint32_t id)
{
	run(leg, do_untap, (struct pair_verb){.id = id});
}

void rig_follows(struct rig_follow *f, const struct rtp_packet *pkt,
		 uint32_t step)
{
	if (f->any) {
		assert_int_equal(pkt->ssrc, f->ssrc);
		assert_int_equal(pkt->seq, (uint16_t)(f->seq + 1));
		if (step)
			assert_int_equal(pkt->ts - f->ts, step);
		else
			assert_true(rtp_ts_diff(f->ts, pkt->ts) > 0);
	}
	f->any = true;
	f->ssrc = pkt->ssrc;
	f->seq = pkt->seq;
	f->ts = pkt->ts;
}
