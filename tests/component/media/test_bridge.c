/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two parties hear each other: packets as they are, in one unbroken stream of
 * our own to each, whatever else goes on
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "support/media_pair.h"

static struct media_pair pair;

static int setup(void **state)
{
	pair_open(&pair, CODEC_PCMU, CODEC_PCMU);
	pair_latch(&pair);

	return 0;
}

static int teardown(void **state)
{
	pair_close(&pair);

	return 0;
}

/* A packet from one end arrives at the other as the next of its stream */
static struct rtp_packet pass(unsigned from, unsigned tag, struct rig_follow *f,
			      uint32_t step)
{
	static struct rig_packet pkt;
	uint8_t payload[160];

	rig_payload(payload, sizeof(payload), tag);
	rig_far_send(&pair.far[from], payload, sizeof(payload), false);
	assert_true(rig_far_recv(&pair.far[!from], &pkt, RIG_WAIT_MS));
	rig_follows(f, &pkt.rtp, step);
	assert_int_equal(pkt.rtp.pt, pair.sess[!from].pt);
	assert_int_equal(pkt.rtp.len, sizeof(payload));
	assert_memory_equal(pkt.rtp.payload, payload, sizeof(payload));

	return pkt.rtp;
}

static void nothing_comes(unsigned end, int ms)
{
	struct rig_packet pkt;

	assert_false(rig_far_recv(&pair.far[end], &pkt, ms));
}

static void packets_pass_as_they_are(void **state)
{
	struct rig_follow f[2] = {0};
	struct rtp_packet pkt;
	unsigned i, end;

	assert_int_equal(pair_bridge(&pair), 0);
	for (i = 0; i < 40; ++i)
		for (end = 0; end < 2; ++end) {
			pkt = pass(end, i * 2 + end, &f[!end], i ? 160 : 0);
			assert_int_equal(pkt.marker, i == 0);
			assert_int_not_equal(pkt.ssrc, pair.far[end].ssrc);
		}
	nothing_comes(0, 20);
	nothing_comes(1, 20);
}

static void loss_leaves_its_hole(void **state)
{
	struct rig_follow f = {0};
	uint8_t payload[160];
	struct rig_packet pkt;

	assert_int_equal(pair_bridge(&pair), 0);
	(void)pass(0, 1, &f, 0);
	pair.far[0].seq += 2;
	pair.far[0].ts += 320;
	rig_payload(payload, sizeof(payload), 2);
	rig_far_send(&pair.far[0], payload, sizeof(payload), false);
	assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
	assert_int_equal(pkt.rtp.seq, (uint16_t)(f.seq + 3));
	assert_int_equal(pkt.rtp.ts - f.ts, 480);
}

static void who_may_be_bridged(void **state)
{
	assert_int_equal(pair_bridge(&pair), 0);
	assert_int_equal(pair_bridge(&pair), EBUSY);
	rig_leg_unbridge(&pair.leg[1]);
	rig_leg_unbridge(&pair.leg[0]); /* there is none: nothing happens */
	assert_int_equal(pair_bridge(&pair), 0);
	assert_int_equal(media_leg_bridge(pair.leg[0].leg, pair.leg[0].leg),
			 EINVAL);
	assert_int_equal(media_leg_bridge(pair.leg[0].leg, NULL), EINVAL);
}

/* Take what comes until the end of a play was told */
static void take_play(unsigned end, struct rig_follow *f, unsigned nplayed)
{
	struct rig_packet pkt;

	assert_true(rig_wait(&pair.leg[end], &pair.leg[end].nplayed, nplayed));
	while (rig_far_recv(&pair.far[end], &pkt, 20))
		rig_follows(f, &pkt.rtp, 0);
}

static void all_that_a_party_hears_is_one_stream(void **state)
{
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	unsigned i, round;

	rig_payload(payload, sizeof(payload), 7);
	for (round = 0; round < 2; ++round) {
		rig_leg_echo(&pair.leg[1], true);
		for (i = 0; i < 3; ++i) {
			rig_far_send(&pair.far[1], payload, sizeof(payload), 0);
			assert_true(
				rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
			rig_follows(&f, &pkt.rtp, i ? 160 : 0);
		}
		assert_int_equal(pair_bridge(&pair), 0);
		for (i = 0; i < 3; ++i)
			(void)pass(0, i, &f, i ? 160 : 0);
		/* its own does not come back now */
		rig_far_send(&pair.far[1], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[0], &pkt, RIG_WAIT_MS));
		nothing_comes(1, 20);

		rig_leg_tones(&pair.leg[1], "tone:800/60", 1);
		take_play(1, &f, 2 * round + 1);
		(void)pass(0, 3, &f, 0);
		rig_leg_dtmf(&pair.leg[1], "w", 100, 50);
		rig_leg_stop(&pair.leg[1]);
		take_play(1, &f, 2 * round + 2);
		(void)pass(0, 4, &f, 0);

		rig_leg_unbridge(&pair.leg[0]);
		rig_far_send(&pair.far[0], payload, sizeof(payload), false);
		nothing_comes(1, 20);
		rig_far_send(&pair.far[1], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, 0);
		rig_leg_echo(&pair.leg[1], false);
	}
}

static void a_play_is_heard_by_one_only(void **state)
{
	struct rig_follow f[2] = {0};
	uint8_t payload[160];
	struct rig_packet pkt;

	assert_int_equal(pair_bridge(&pair), 0);
	(void)pass(0, 1, &f[1], 0);
	rig_leg_tones(&pair.leg[1], "tone:800", 0);
	assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
	rig_follows(&f[1], &pkt.rtp, 0);
	/* what the one says is not heard, what the other says is */
	rig_payload(payload, sizeof(payload), 2);
	rig_far_send(&pair.far[0], payload, sizeof(payload), false);
	(void)pass(1, 3, &f[0], 0);
	nothing_comes(0, 20);
	rig_leg_stop(&pair.leg[1]);
	while (rig_far_recv(&pair.far[1], &pkt, 20)) {
		rig_follows(&f[1], &pkt.rtp, 0);
		assert_memory_not_equal(pkt.rtp.payload, payload, 160);
	}
	(void)pass(0, 4, &f[1], 0);
}

static void strange_types_do_not_pass(void **state)
{
	struct rig_follow f = {0};
	uint8_t payload[160] = {0};

	assert_int_equal(pair_bridge(&pair), 0);
	(void)pass(0, 1, &f, 0);
	pair.far[0].pt = 13; /* comfort noise that nobody negotiated */
	rig_far_send(&pair.far[0], payload, 1, false);
	pair.far[0].pt = PAIR_PT_MOVED; /* the other's, not ours */
	rig_far_send(&pair.far[0], payload, sizeof(payload), false);
	assert_true(rig_wait_dropped(&pair.leg[0], 2));
	nothing_comes(1, 20);
}

/* 0xff, and 0x7f: no sound in PCMU */
static bool is_silence(const struct rtp_packet *pkt)
{
	size_t i;

	for (i = 0; i < pkt->len; ++i)
		if ((pkt->payload[i] & 0x7f) != 0x7f)
			return false;

	return pkt->len > 0;
}

/* One that speaks and is muted is silence, in its time */
static void hears_silence(unsigned from, struct rig_follow *f)
{
	struct rig_packet pkt;
	uint8_t payload[160];
	unsigned i;

	rig_payload(payload, sizeof(payload), 5);
	for (i = 0; i < 5; ++i) {
		rig_far_send(&pair.far[from], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[!from], &pkt, RIG_WAIT_MS));
		rig_follows(f, &pkt.rtp, i && !pkt.rtp.marker ? 160 : 0);
		assert_true(is_silence(&pkt.rtp));
	}
}

/* Silence may still be under way */
static void take_rest(unsigned end, struct rig_follow *f)
{
	struct rig_packet pkt;

	while (rig_far_recv(&pair.far[end], &pkt, 20))
		rig_follows(f, &pkt.rtp, 0);
}

static void mute_is_silence_one_way(void **state)
{
	struct rig_follow f[2] = {0};

	assert_int_equal(pair_bridge(&pair), 0);
	(void)pass(0, 1, &f[1], 0);
	(void)pass(1, 1, &f[0], 0);
	rig_leg_mute(&pair.leg[0], true, false);
	hears_silence(0, &f[1]);
	(void)pass(1, 2, &f[0], 0);
	rig_leg_mute(&pair.leg[0], false, true);
	take_rest(1, &f[1]);
	(void)pass(0, 3, &f[1], 0);
	hears_silence(1, &f[0]);
	/* what plays to who hears nothing is not heard either */
	rig_leg_tones(&pair.leg[0], "tone:800", 0);
	hears_silence(1, &f[0]);
	rig_leg_stop(&pair.leg[0]);
	rig_leg_mute(&pair.leg[0], false, false);
	take_rest(0, &f[0]);
	(void)pass(0, 4, &f[1], 0);
	(void)pass(1, 4, &f[0], 0);
}

static void on_hold_nothing_passes_and_plays_are_heard(void **state)
{
	struct rig_follow f[2] = {0};
	uint8_t payload[160] = {0};
	unsigned end;

	assert_int_equal(pair_bridge(&pair), 0);
	(void)pass(0, 1, &f[1], 0);
	(void)pass(1, 1, &f[0], 0);
	rig_leg_hold(&pair.leg[0], true);
	for (end = 0; end < 2; ++end) {
		rig_far_send(&pair.far[end], payload, sizeof(payload), false);
		nothing_comes(!end, 20);
		rig_leg_tones(&pair.leg[end], "tone:800/40", 1);
		take_play(end, &f[end], 1);
	}
	rig_leg_hold(&pair.leg[0], false);
	(void)pass(0, 2, &f[1], 0);
	(void)pass(1, 2, &f[0], 0);
}

static void silence_on_hold_ends_nothing(void **state)
{
	const struct rig_params prm = {.silence_ms = 150};
	struct media_session sess;
	struct rig_leg held, other;
	struct rig rig;

	rig_open(&rig, &prm);
	rig_session(&sess, codec_by_id(CODEC_PCMU), NULL);
	assert_int_equal(rig_leg_alloc(&held, &rig, NULL), 0);
	rig_leg_hold(&held, true); /* before its time runs */
	assert_int_equal(rig_leg_start(&held, &sess), 0);
	rig_leg_open(&other, &rig, &sess, NULL);
	assert_true(rig_wait(&other, &other.nsilent, 1));
	rig_sleep_ms(100); /* the other's turn would have come */
	assert_int_equal(held.nsilent, 0);
	rig_leg_hold(&held, false);
	assert_true(rig_wait(&held, &held.nsilent, 1));
	rig_leg_close(&held);
	rig_leg_close(&other);
	rig_close(&rig);
}

static void sessions_change_under_a_bridge(void **state)
{
	struct media_session pcma = pair.sess[1], held = pair.sess[1];
	struct rig_follow f[2] = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	unsigned round;

	pcma.codec = codec_by_id(CODEC_PCMA);
	pcma.pt = pcma.codec->pt;
	held.send = held.recv = false;
	rig_payload(payload, sizeof(payload), 3);
	assert_int_equal(pair_bridge(&pair), 0);
	for (round = 0; round < 2; ++round) {
		(void)pass(0, 1, &f[1], 0);
		(void)pass(1, 1, &f[0], 0);

		assert_int_equal(rig_leg_start(&pair.leg[1], &pcma), 0);
		rig_far_send(&pair.far[0], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
		rig_follows(&f[1], &pkt.rtp, 0);
		assert_int_equal(pkt.rtp.pt, pcma.pt);
		assert_true(rig_far_recv(&pair.far[0], &pkt, RIG_WAIT_MS));
		rig_follows(&f[0], &pkt.rtp, 0);
		assert_int_equal(pkt.rtp.pt, pair.sess[0].pt);

		assert_int_equal(rig_leg_start(&pair.leg[1], &held), 0);
		take_rest(0, &f[0]);
		take_rest(1, &f[1]);
		rig_far_send(&pair.far[0], payload, sizeof(payload), false);
		nothing_comes(1, 20);
		assert_int_equal(rig_leg_start(&pair.leg[1], &pair.sess[1]), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(packets_pass_as_they_are),
		T(loss_leaves_its_hole),
		T(who_may_be_bridged),
		T(all_that_a_party_hears_is_one_stream),
		T(a_play_is_heard_by_one_only),
		T(strange_types_do_not_pass),
		T(mute_is_silence_one_way),
		T(on_hold_nothing_passes_and_plays_are_heard),
		T(sessions_change_under_a_bridge),
#undef T
		cmocka_unit_test(silence_on_hold_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
