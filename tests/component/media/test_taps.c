/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a tap is given: both sides, aligned, without a change of what is heard
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
	HZ0 = 500,
	HZ1 = 800,
	RATE = 8000,
	SAID = 0,
	HEARD = 1,
	PCM_MAX = 48000 * 15,
};

static struct media_pair pair;
static struct media_tap *tap;
static int16_t side[2][PCM_MAX];
static size_t nframes;

static void open_tap(unsigned rate, unsigned silence_ms, uint64_t max_frames)
{
	const struct media_tap_params prm = {
		.rate = rate,
		.channels = 2,
		.silence_ms = silence_ms,
		.max_frames = max_frames,
	};

	nframes = 0;
	assert_int_equal(media_tap_alloc(&tap, &prm), 0);
}

static void read_tap(void)
{
	int16_t pcm[2 * 160];
	size_t n, i;

	while ((n = media_tap_read(tap, pcm, 160)) > 0)
		for (i = 0; i < n && nframes < PCM_MAX; ++i, ++nframes) {
			side[SAID][nframes] = pcm[2 * i];
			side[HEARD][nframes] = pcm[2 * i + 1];
		}
}

static void read_until_over(void)
{
	const int64_t end_us = rig_now_us() + RIG_WAIT_MS * 1000LL;

	do {
		read_tap();
		assert_true(rig_now_us() < end_us);
		rig_sleep_ms(1);
	} while (!media_tap_is_over(tap));
	assert_int_equal(media_tap_lost(tap), 0);
}

/* Strength in the ms before the last `before` ms; 1.0 = PAIR_LEVEL */
static double level(unsigned which, unsigned before, unsigned ms, double hz)
{
	const unsigned rate = media_tap_rate(tap);
	const size_t n = (size_t)rate / 1000 * ms;
	const size_t from = nframes - (size_t)rate / 1000 * before - n;

	assert_true(nframes >= n + (size_t)rate / 1000 * before);

	return rig_goertzel(side[which] + from, n, rate, hz) * 32768 /
	       PAIR_LEVEL;
}

static bool has(unsigned which, double hz, double other)
{
	const double loud = level(which, 20, 100, hz);

	return loud > 0.5 && loud < 1.3 && level(which, 20, 100, other) < 0.05;
}

/* They speak until the tap has of its sides what it should (0 Hz: silence); on
 * a busy machine a part may be broken */
static void talk_until(double say, double peer, double said, double heard)
{
	unsigned i;

	for (i = 0; i < 100; ++i) {
		pair_talk(&pair, 100, say, peer);
		read_tap();
		if (nframes < (size_t)media_tap_rate(tap) / 1000 * 120)
			continue;
		if ((said > 0 ? has(SAID, said, said != heard ? heard : 1e3)
			      : level(SAID, 20, 100, say) < 0.01) &&
		    has(HEARD, heard, said > 0 && said != heard ? said : 1e3))
			return;
	}
	fail_msg("the tap did not get what it should");
}

static void open_pair(enum codec_id a, enum codec_id b)
{
	pair_open(&pair, a, b);
	pair_latch(&pair);
	assert_int_equal(pair_bridge(&pair), 0);
	pair_listen(&pair);
}

static void close_pair(void)
{
	tap = obj_unref(tap);
	pair_close(&pair);
}

/* It begins and ends while packets pass: they do not see it */
static void packets_do_not_see_a_tap(void **state)
{
	struct rig_follow f = {0};
	uint8_t payload[160];
	struct rig_packet pkt;
	uint32_t id = 0;
	unsigned i;

	open_pair(CODEC_PCMU, CODEC_PCMU);
	open_tap(RATE, 0, 0);
	for (i = 0; i < 40; ++i) {
		if (i == 10)
			id = rig_leg_tap(&pair.leg[1], tap);
		if (i == 30)
			rig_leg_untap(&pair.leg[1], id);
		rig_payload(payload, sizeof(payload), i);
		rig_far_send(&pair.far[0], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, i ? 160 : 0);
		assert_int_equal(pkt.rtp.marker, i == 0);
		assert_memory_equal(pkt.rtp.payload, payload, sizeof(payload));
		rig_sleep_ms(2);
	}
	read_until_over();
	assert_int_equal(pair.leg[1].ntapped, 0); /* we ended it */
	close_pair();
}

/* Thread: media */
static void stall(struct media_thread *th, void *arg)
{
	rig_sleep_ms(100);
}

/* The tick that it needs is late: they do not see that either */
static void packets_do_not_see_a_late_tick(void **state)
{
	struct rig_follow f = {0};
	uint8_t payload[160] = {0};
	struct rig_packet pkt;
	unsigned i, n;

	open_pair(CODEC_PCMU, CODEC_PCMU);
	open_tap(RATE, 0, 0);
	(void)rig_leg_tap(&pair.leg[1], tap);
	for (i = 0; i < 6; ++i) {
		if (i % 2)
			assert_int_equal(
				media_post(pair.leg[1].leg->th, stall, NULL),
				0);
		for (n = 0; n < 3; ++n) /* the tick is after the second */
			rig_settle(&pair.leg[1]);
		rig_far_send(&pair.far[0], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, i ? 160 : 0);
		assert_int_equal(pkt.rtp.marker, i == 0);
	}
	assert_true(rig_was_late(&pair.rig));
	close_pair();
}

/* Frames of both sides that are as loud as the sines */
static size_t begin_of(unsigned which)
{
	size_t i;

	for (i = 0; i < nframes; ++i)
		if (side[which][i] > PAIR_LEVEL / 2)
			return i;

	return nframes;
}

static void both_sides_are_recorded(enum codec_id a, enum codec_id b,
				    unsigned rate)
{
	const size_t slack = 200 * rate / 1000; /* two jitter buffers */
	uint32_t id;
	size_t said, heard;

	open_pair(a, b);
	open_tap(rate, 0, 0);
	id = rig_leg_tap(&pair.leg[0], tap);
	assert_int_not_equal(id, 0);
	talk_until(HZ0, HZ1, HZ0, HZ1);
	rig_leg_untap(&pair.leg[0], id);
	read_until_over();
	/* they began to speak at the same time */
	said = begin_of(SAID);
	heard = begin_of(HEARD);
	assert_true(said <= heard + slack && heard <= said + slack);
	close_pair();
}

static void relayed_sides_are_recorded(void **state)
{
	both_sides_are_recorded(CODEC_PCMU, CODEC_PCMU, RATE);
}

static void sides_are_recorded_in_another_rate(void **state)
{
	both_sides_are_recorded(CODEC_PCMA, CODEC_PCMA, 48000);
}

static void converted_sides_are_recorded(void **state)
{
	both_sides_are_recorded(CODEC_OPUS, CODEC_PCMU, 16000);
}

static void echo_and_plays_are_recorded(void **state)
{
	open_pair(CODEC_PCMU, CODEC_PCMU);
	rig_leg_unbridge(&pair.leg[0]);
	rig_leg_echo(&pair.leg[0], true);
	open_tap(RATE, 0, 0);
	(void)rig_leg_tap(&pair.leg[0], tap);
	talk_until(HZ0, 0, HZ0, HZ0);
	/* to the sample: they went the same way */
	assert_memory_equal(side[SAID], side[HEARD], nframes * 2);

	rig_leg_tones(&pair.leg[0], "tone:800", 0);
	talk_until(HZ0, 0, HZ0, HZ1);

	/* muted, it says nothing; on hold nobody does, but plays are heard */
	rig_leg_mute(&pair.leg[0], true, false);
	talk_until(HZ0, 0, 0, HZ1);
	rig_leg_mute(&pair.leg[0], false, false);
	rig_leg_hold(&pair.leg[0], true);
	talk_until(HZ0, 0, 0, HZ1);
	rig_leg_stop(&pair.leg[0]);
	close_pair();
}

static void an_end_is_told_once(void **state)
{
	uint32_t id;
	unsigned i;

	open_pair(CODEC_PCMU, CODEC_PCMU);
	for (i = 0; i < 2; ++i) {
		open_tap(RATE, i ? 60 : 0, i ? 0 : RATE / 20);
		id = rig_leg_tap(&pair.leg[0], tap);
		assert_true(
			rig_wait(&pair.leg[0], &pair.leg[0].ntapped, i + 1));
		assert_int_equal(pair.leg[0].tapped_id, id);
		assert_int_equal(pair.leg[0].tapped_why,
				 i ? MEDIA_TAP_SILENCE : MEDIA_TAP_FULL);
		read_until_over();
		if (!i)
			assert_int_equal(nframes, RATE / 20);
		rig_leg_untap(&pair.leg[0], id); /* too late: nothing */
		tap = obj_unref(tap);
	}
	assert_int_equal(pair.leg[0].ntapped, 2);
	close_pair();
}

static void there_is_room_for_some(void **state)
{
	struct media_tap *taps[LEG_TAPS_MAX];
	uint32_t ids[LEG_TAPS_MAX];
	unsigned i, round;

	open_pair(CODEC_PCMU, CODEC_PCMU);
	for (round = 0; round < 2; ++round) {
		for (i = 0; i < LEG_TAPS_MAX; ++i) {
			open_tap(RATE, 0, 0);
			taps[i] = tap;
			ids[i] = rig_leg_tap(&pair.leg[0], taps[i]);
			assert_int_not_equal(ids[i], 0);
		}
		open_tap(RATE, 0, 0);
		assert_int_equal(rig_leg_tap(&pair.leg[0], tap), 0);
		tap = obj_unref(tap);
		if (round)
			rig_leg_close(&pair.leg[0]); /* ends them all */
		for (i = 0; i < LEG_TAPS_MAX; ++i) {
			if (!round)
				rig_leg_untap(&pair.leg[0], ids[i]);
			tap = taps[i];
			read_until_over();
			tap = obj_unref(tap);
		}
	}
	/* so that the other has one to be closed with */
	assert_int_equal(rig_leg_alloc(&pair.leg[0], &pair.rig, NULL), 0);
	close_pair();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_do_not_see_a_tap),
		cmocka_unit_test(packets_do_not_see_a_late_tick),
		cmocka_unit_test(relayed_sides_are_recorded),
		cmocka_unit_test(sides_are_recorded_in_another_rate),
		cmocka_unit_test(converted_sides_are_recorded),
		cmocka_unit_test(echo_and_plays_are_recorded),
		cmocka_unit_test(an_end_is_told_once),
		cmocka_unit_test(there_is_room_for_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
