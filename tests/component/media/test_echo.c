/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Echo returns what comes, in one unbroken stream of our own */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

#include "media/leg_priv.h"
#include "support/media_pair.h"

struct env {
	struct rig rig;
	struct rig_far far;
	struct rig_leg leg;
	struct media_session sess;
};

static int setup_codec(void **state, enum codec_id id)
{
	static struct env env;

	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(id));
	rig_session(&env.sess, codec_by_id(id), &env.far);
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
	*state = &env;

	return 0;
}

static int setup(void **state)
{
	return setup_codec(state, CODEC_PCMU);
}

static int teardown(void **state)
{
	struct env *env = *state;

	rig_leg_close(&env->leg);
	rig_far_close(&env->far);
	rig_close(&env->rig);

	return 0;
}

static void echo_returns_every_payload(void **state)
{
	struct env *env = *state;
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	unsigned i;

	rig_leg_echo(&env->leg, true);
	for (i = 0; i < 50; ++i) {
		rig_payload(payload, sizeof(payload), i);
		rig_far_send(&env->far, payload, sizeof(payload), i == 0);
		if (i == 0)
			continue; /* kept until its source is known */
		if (i == 1) {
			assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
			rig_follows(&f, &pkt.rtp, 160);
			assert_true(pkt.rtp.marker);
		}
		assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, 160);
		assert_int_equal(pkt.rtp.len, sizeof(payload));
		assert_memory_equal(pkt.rtp.payload, payload, sizeof(payload));
		assert_int_equal(pkt.rtp.pt, env->sess.pt);
		assert_int_not_equal(pkt.rtp.ssrc, env->far.ssrc);
		assert_false(pkt.rtp.marker);
	}
	assert_false(rig_far_recv(&env->far, &pkt, 50));
	assert_int_equal(env->leg.nstarted, 1);
}

static void loss_and_order_pass_through(void **state)
{
	struct env *env = *state;
	const int order[] = {0, 1, 4, 3, 2, 6};
	struct rig_packet pkt;
	uint8_t payload[160];
	uint16_t seq0 = env->far.seq, base = 0;
	uint32_t ts0 = env->far.ts, tbase = 0;
	unsigned i;

	rig_leg_echo(&env->leg, true);
	rig_latch(&env->leg, &env->far);
	for (i = 0; i < G_N_ELEMENTS(order); ++i) {
		env->far.seq = (uint16_t)(seq0 + 2 + order[i]);
		env->far.ts = ts0 + 160u * (unsigned)(2 + order[i]);
		rig_payload(payload, sizeof(payload), (unsigned)order[i]);
		rig_far_send(&env->far, payload, sizeof(payload), false);
		assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
		assert_memory_equal(pkt.rtp.payload, payload, sizeof(payload));
		if (i == 0) {
			base = pkt.rtp.seq;
			tbase = pkt.rtp.ts;
		}
		assert_int_equal(pkt.rtp.seq, (uint16_t)(base + order[i]));
		assert_int_equal(pkt.rtp.ts, tbase + 160u * (unsigned)order[i]);
	}

	/* a duplicate is not sent twice */
	--env->far.seq;
	rig_far_send(&env->far, payload, sizeof(payload), false);
	assert_false(rig_far_recv(&env->far, &pkt, 100));
}

static void digits_and_strange_types_are_not_echoed(void **state)
{
	struct env *env = *state;
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	uint32_t ts;
	unsigned i, round;

	rig_leg_echo(&env->leg, true);
	rig_latch(&env->leg, &env->far);
	rig_payload(payload, sizeof(payload), 1);
	for (round = 0; round < 3; ++round) {
		rig_far_send(&env->far, payload, sizeof(payload), false);
		assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, round ? 160 * 6 : 160);

		ts = env->far.ts;
		for (i = 0; i < 5; ++i) {
			rig_far_send_event(&env->far, 5, i >= 3, 160 * (i + 1),
					   ts);
			env->far.ts += 160;
		}
		assert_true(rig_wait(&env->leg, &env->leg.ndigits, round + 1));
	}
	env->far.pt = 13; /* comfort noise that nobody negotiated */
	rig_far_send(&env->far, payload, 1, false);
	env->far.pt = 96;
	rig_far_send(&env->far, payload, sizeof(payload), false);
	assert_true(rig_wait_dropped(&env->leg, 2));
	assert_false(rig_far_recv(&env->far, &pkt, 50));
	rig_assert_digits(&env->leg, "555");
}

static void play_and_echo_are_one_stream(void **state)
{
	struct env *env = *state;
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	unsigned i, spurts = 0;

	rig_leg_echo(&env->leg, true);
	rig_payload(payload, sizeof(payload), 9);
	for (i = 0; i < 3; ++i) {
		const unsigned played = env->leg.nplayed;

		rig_leg_tones(&env->leg, "tone:800/100", 1);
		assert_true(rig_wait(&env->leg, &env->leg.nplayed, played + 1));
		while (rig_far_recv(&env->far, &pkt, 20)) {
			rig_follows(&f, &pkt.rtp, 0);
			spurts += pkt.rtp.marker;
		}
		rig_far_send(&env->far, payload, sizeof(payload), false);
		rig_far_send(&env->far, payload, sizeof(payload), false);
		assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, 0);
		assert_true(pkt.rtp.marker);
		assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, 160);
		assert_memory_equal(pkt.rtp.payload, payload, sizeof(payload));
	}
	assert_true(spurts == 3 || rig_was_late(&env->rig));
}

static void time_that_went_by_shows_in_the_timestamp(void **state)
{
	struct env *env = *state;
	struct rig_packet pkt;
	const int64_t at_us = rig_now_us();
	uint32_t ts;
	int64_t units, gone;

	rig_leg_tones(&env->leg, "tone:800/20", 1);
	assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
	ts = pkt.rtp.ts;
	rig_sleep_ms(300);
	rig_leg_tones(&env->leg, "tone:800/20", 1);
	assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
	assert_true(pkt.rtp.marker);
	units = pkt.rtp.ts - ts;
	gone = (pkt.at_us - at_us) * 8 / 1000;
	assert_int_equal(units % 160, 0);
	assert_true(units >= 300 * 8 - 160);
	assert_true(units <= gone + 800);
}

static void hold_sends_nothing_and_goes_on(void **state)
{
	struct env *env = *state;
	struct media_session held = env->sess;
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];

	rig_leg_echo(&env->leg, true);
	rig_latch(&env->leg, &env->far);
	rig_payload(payload, sizeof(payload), 3);
	rig_far_send(&env->far, payload, sizeof(payload), false);
	assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
	rig_follows(&f, &pkt.rtp, 160);

	held.send = held.recv = false;
	assert_int_equal(rig_leg_start(&env->leg, &held), 0);
	rig_far_send(&env->far, payload, sizeof(payload), false);
	assert_false(rig_far_recv(&env->far, &pkt, 100));

	assert_int_equal(rig_leg_start(&env->leg, &env->sess), 0);
	rig_far_send(&env->far, payload, sizeof(payload), false);
	assert_true(rig_far_recv(&env->far, &pkt, RIG_WAIT_MS));
	rig_follows(&f, &pkt.rtp, 0);

	rig_leg_echo(&env->leg, false);
	rig_far_send(&env->far, payload, sizeof(payload), false);
	assert_false(rig_far_recv(&env->far, &pkt, 100));
}

/* Two echoes face to face would pass a packet on for ever, at full speed. */
static void echoes_that_meet_do_not_run_away(void **state)
{
	struct env *env = *state;
	struct media_session sess = env->sess;
	struct media_stats stats;
	struct sockaddr_in *sin = (struct sockaddr_in *)&sess.rtp;
	struct rig_leg other;
	int64_t began_us, rounds;

	sin->sin_port = htons(env->leg.port);
	rig_leg_open(&other, &env->rig, &sess, NULL);
	rig_leg_echo(&other, true);
	rig_leg_echo(&env->leg, true);
	sin->sin_port = htons(other.port);
	assert_int_equal(rig_leg_start(&env->leg, &sess), 0);
	began_us = rig_now_us();
	rig_leg_tones(&other, "tone:800/60", 1);
	assert_true(rig_wait(&other, &other.nplayed, 1));
	rig_sleep_ms(500);
	media_leg_stats(other.leg, &stats);
	/* what a leg may take in 100 ms, and more; else tens of thousands */
	rounds = (rig_now_us() - began_us) / 100000 + 1;
	assert_true(stats.tx_packets < 3u * LEG_BUDGET * (uint64_t)rounds);
	rig_leg_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(echo_returns_every_payload),
		T(loss_and_order_pass_through),
		T(digits_and_strange_types_are_not_echoed),
		T(play_and_echo_are_one_stream),
		T(time_that_went_by_shows_in_the_timestamp),
		T(hold_sends_nothing_and_goes_on),
		T(echoes_that_meet_do_not_run_away),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
