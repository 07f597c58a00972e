/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Legs move between media threads, meet, part and close in every order, while
 * packets come from everywhere
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/obj.h"
#include "media/leg_priv.h"
#include "support/media_pair.h"

enum {
	NLEGS = 12,
	NSENDERS = 2,
	ROUNDS = 150,
};

/* ---- nothing is lost on the way ---- */

static void packets_wait_for_a_leg_that_moves(void **state)
{
	static struct media_pair pair;
	struct rig_follow f = {0};
	uint8_t payload[160];
	struct rig_packet pkt;
	unsigned i, got = 0;

	pair_open(&pair, CODEC_PCMU, CODEC_PCMU);
	assert_ptr_not_equal(pair.leg[0].leg->th, pair.leg[1].leg->th);
	pair_latch(&pair);
	rig_leg_echo(&pair.leg[1], true);
	for (i = 0; i < 100; ++i) {
		rig_payload(payload, sizeof(payload), i);
		rig_far_send(&pair.far[1], payload, sizeof(payload), false);
		if (i == 50) {
			/* it goes, and comes to nobody: echo goes on there */
			assert_int_equal(pair_bridge(&pair), 0);
			rig_leg_unbridge(&pair.leg[1]);
			assert_ptr_equal(pair.leg[0].leg->th,
					 pair.leg[1].leg->th);
		}
		while (rig_far_recv(&pair.far[1], &pkt,
				    i < 49 || i > 51 ? 1 : 0)) {
			rig_follows(&f, &pkt.rtp, 0);
			++got;
		}
		if (i % 10 == 9) { /* within what a leg may take */
			assert_true(rig_wait_rx(&pair.leg[1], 2 + i + 1));
			rig_sleep_ms(10);
		}
	}
	/* one at most came while they were bridged, and went to the other */
	assert_true(rig_wait_rx(&pair.leg[1], 2 + 100));
	rig_settle(&pair.leg[1]);
	while (rig_far_recv(&pair.far[1], &pkt, 50)) {
		rig_follows(&f, &pkt.rtp, 0);
		++got;
	}
	assert_in_range(got, 98, 100);
	pair_close(&pair);
}

static void sink(void *arg, bool rtcp, void *packet, size_t len)
{
	atomic_fetch_add((atomic_uint *)arg, !rtcp);
}

/* A browser's, which other threads hand in while it moves */
static void packets_wait_in_the_ring(void **state)
{
	static struct media_pair pair;
	atomic_uint sent = 0;
	const struct media_leg_params prm = {.send = sink, .send_arg = &sent};
	uint8_t buf[RTP_HEADER_LEN + 160] = {0};
	struct rtp_packet pkt = {.ssrc = 5};
	int64_t end_us;
	unsigned i;

	pair_prepare(&pair, CODEC_PCMU, CODEC_PCMU);
	rig_leg_open(&pair.leg[0], &pair.rig, &pair.sess[0], &pair.far[0]);
	assert_int_equal(rig_leg_alloc(&pair.leg[1], &pair.rig, &prm), 0);
	assert_int_equal(rig_leg_start(&pair.leg[1], &pair.sess[1]), 0);
	pkt.pt = pair.sess[1].pt;
	assert_ptr_not_equal(pair.leg[0].leg->th, pair.leg[1].leg->th);
	rig_leg_echo(&pair.leg[1], true);
	for (i = 0; i < 100; ++i) {
		if (i == 50) {
			assert_int_equal(pair_bridge(&pair), 0);
			rig_leg_unbridge(&pair.leg[1]);
		}
		++pkt.seq;
		pkt.ts += 160;
		rtp_write(buf, &pkt);
		media_leg_input(pair.leg[1].leg, false, buf, sizeof(buf));
		if (i % 10 == 4) { /* within what a leg may take */
			assert_true(rig_wait_rx(&pair.leg[1], i + 1));
			rig_sleep_ms(10);
		}
	}
	/* those of just before the bridge may have gone to the other */
	end_us = rig_now_us() + RIG_WAIT_MS * 1000LL;
	while (atomic_load(&sent) < 95 && rig_now_us() < end_us)
		rig_sleep_ms(2);
	assert_in_range(atomic_load(&sent), 95, 100);
	assert_true(rig_wait_rx(&pair.leg[1], 100));
	pair_close(&pair);
}

/* ---- everything at once ---- */

struct crowd {
	struct rig rig;
	struct rig_leg legs[NLEGS];
	struct media_leg *inputs[NLEGS]; /* referenced; without a socket */
	uint16_t ports[NLEGS];
	atomic_bool over;
	atomic_uint sent;
};

/* Thread: of its own. Half of the legs are its to feed. */
struct sender {
	struct crowd *crowd;
	unsigned index;
	pthread_t tid;
};

static void *send_all(void *arg)
{
	struct sender *sender = arg;
	struct crowd *crowd = sender->crowd;
	struct rig_far far;
	uint8_t buf[RTP_HEADER_LEN + 160] = {0};
	struct rtp_packet pkt = {.ssrc = 7};
	unsigned i;

	rig_far_open(&far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	while (!atomic_load(&crowd->over)) {
		++pkt.seq;
		pkt.ts += 160;
		for (i = sender->index; i < NLEGS; i += NSENDERS) {
			pkt.pt = i % 3 ? 0 : 8;
			pkt.ssrc = 7 + i;
			rtp_write(buf, &pkt);
			far.to_port = crowd->ports[i];
			if (crowd->inputs[i])
				media_leg_input(crowd->inputs[i], false, buf,
						sizeof(buf));
			else
				rig_far_send_raw(&far, buf, sizeof(buf));
		}
		rig_sleep_ms(1);
	}
	rig_far_close(&far);

	return NULL;
}

static void open_crowd(struct crowd *crowd, unsigned seed)
{
	const struct media_leg_params prm = {.send = sink,
					     .send_arg = &crowd->sent};
	const struct rig_params rp = {.threads = 3};
	struct media_session sess;
	unsigned i;

	rig_open(&crowd->rig, &rp);
	for (i = 0; i < NLEGS; ++i) {
		const struct codec *codec =
			codec_by_id(i % 3 ? CODEC_PCMU : CODEC_PCMA);
		struct rig_leg *leg = &crowd->legs[i];
		const bool browser = (i + seed) % 2;

		rig_session(&sess, codec, NULL);
		assert_int_equal(
			rig_leg_alloc(leg, &crowd->rig, browser ? &prm : NULL),
			0);
		assert_int_equal(rig_leg_start(leg, &sess), 0);
		crowd->ports[i] = leg->port;
		crowd->inputs[i] = browser ? obj_ref(leg->leg) : NULL;
	}
}

struct stirring {
	struct crowd *crowd;
	GRand *rnd;
};

static struct rig_leg *any(struct stirring *st)
{
	return &st->crowd->legs[g_rand_int_range(st->rnd, 0, NLEGS)];
}

/* Thread: loop. One thing after another, without waiting for any */
static void stir(void *arg)
{
	const struct media_tap_params tp = {.rate = 8000, .channels = 1};
	struct stirring *st = arg;
	struct rig_leg *a = any(st), *b = any(st);
	struct tone_list *list = NULL;
	struct media_tap *tap = NULL;

	if (a->closing)
		return;

	switch (g_rand_int_range(st->rnd, 0, 9)) {
	case 0:
	case 1:
	case 2:
		if (!b->closing)
			(void)media_leg_bridge(a->leg, b->leg);
		break;
	case 3:
		media_leg_unbridge(a->leg);
		break;
	case 4:
		media_leg_mute(a->leg, g_rand_boolean(st->rnd),
			       g_rand_boolean(st->rnd));
		break;
	case 5:
		media_leg_hold(a->leg, g_rand_boolean(st->rnd));
		break;
	case 6:
		assert_int_equal(media_tap_alloc(&tap, &tp), 0);
		(void)media_leg_tap(a->leg, tap);
		obj_unref(tap); /* the leg has its own reference */
		media_leg_untap(a->leg, a->leg->last_tap_id - 1);
		break;
	case 7:
		assert_int_equal(tone_parse(&list, "tone:440/40", NULL), 0);
		(void)media_leg_play_tones(a->leg, list, 1);
		media_leg_echo(a->leg, g_rand_boolean(st->rnd));
		break;
	case 8:
		assert_int_equal(media_leg_start(a->leg, &b->sess), 0);
		break;
	}
}

static void close_one(void *arg)
{
	struct rig_leg *leg = arg;

	leg->closing = true;
	media_leg_close(leg->leg);
}

static void a_crowd(unsigned seed)
{
	static struct crowd crowd;
	struct stirring st = {.crowd = &crowd,
			      .rnd = g_rand_new_with_seed(seed)};
	struct sender senders[NSENDERS];
	unsigned i;

	memset(&crowd, 0, sizeof(crowd));
	open_crowd(&crowd, seed);
	for (i = 0; i < NSENDERS; ++i) {
		senders[i] = (struct sender){.crowd = &crowd, .index = i};
		assert_int_equal(pthread_create(&senders[i].tid, NULL, send_all,
						&senders[i]),
				 0);
	}
	for (i = 0; i < ROUNDS; ++i) {
		assert_int_equal(loop_call(crowd.rig.loop, "stir", stir, &st),
				 0);
		if (i % 8 == 0)
			rig_sleep_ms(1);
	}
	/* in the middle of all that, and at once */
	for (i = 0; i < NLEGS; ++i) {
		struct rig_leg *leg = &crowd.legs[(i * 5 + seed) % NLEGS];

		loop_call(crowd.rig.loop, "stir", stir, &st);
		loop_call(crowd.rig.loop, "close", close_one, leg);
	}
	for (i = 0; i < NLEGS; ++i)
		rig_leg_close(&crowd.legs[i]); /* waits for closed() */
	atomic_store(&crowd.over, true);
	for (i = 0; i < NSENDERS; ++i)
		pthread_join(senders[i].tid, NULL);
	for (i = 0; i < NLEGS; ++i)
		obj_unref(crowd.inputs[i]);
	rig_close(&crowd.rig);
	g_rand_free(st.rnd);
}

static void any_order(void **state)
{
	unsigned seed;

	for (seed = 1; seed <= 4; ++seed)
		a_crowd(seed);
}

/* ---- closing, from either side ---- */

struct closing {
	struct rig_leg *first, *second;
	bool unbridge;
};

static void close_both(void *arg)
{
	struct closing *c = arg;

	/* none of it has reached media when the next is asked for */
	assert_int_equal(media_leg_bridge(c->first->leg, c->second->leg), 0);
	if (c->unbridge)
		media_leg_unbridge(c->second->leg);
	close_one(c->first);
	close_one(c->second);
}

static void close_before_they_met(void **state)
{
	static struct media_pair pair;
	struct closing c;
	unsigned i;

	for (i = 0; i < 20; ++i) {
		pair_open(&pair, CODEC_PCMU, CODEC_PCMU);
		c.first = &pair.leg[i & 1];
		c.second = &pair.leg[!(i & 1)];
		c.unbridge = i & 2;
		assert_int_equal(
			loop_call(pair.rig.loop, "test", close_both, &c), 0);
		pair_close(&pair);
	}
}

static void who_stays_goes_on(void **state)
{
	static struct media_pair pair;
	struct rig_follow f = {0};
	uint8_t payload[160] = {0};
	struct rig_packet pkt;
	unsigned end, i;

	for (end = 0; end < 2; ++end) {
		pair_open(&pair, CODEC_PCMU, CODEC_PCMU);
		pair_latch(&pair);
		f = (struct rig_follow){0};
		assert_int_equal(pair_bridge(&pair), 0);
		rig_leg_echo(&pair.leg[!end], true);
		for (i = 0; i < 4; ++i) {
			if (i == 2) {
				rig_leg_close_post(&pair.leg[end]);
				assert_true(rig_wait(&pair.leg[end],
						     &pair.leg[end].nclosed,
						     1));
			}
			rig_far_send(&pair.far[i < 2 ? end : !end], payload,
				     sizeof(payload), false);
			assert_true(rig_far_recv(&pair.far[!end], &pkt,
						 RIG_WAIT_MS));
			rig_follows(&f, &pkt.rtp, 0);
		}
		pair_close(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_wait_for_a_leg_that_moves),
		cmocka_unit_test(packets_wait_in_the_ring),
		cmocka_unit_test(close_before_they_met),
		cmocka_unit_test(who_stays_goes_on),
		cmocka_unit_test(any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
