/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two parties with different codecs, packet times or ways of digits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "support/media_pair.h"

enum {
	HZ0 = 500, /* whole periods in the parts that are measured */
	HZ1 = 800,
	MEASURED_MS = 100,
};

static struct media_pair pair;

static bool hears(unsigned end, double hz, double other)
{
	const double level = pair_heard(&pair, end, MEASURED_MS, hz);

	return level > 0.7 && level < 1.3 &&
	       pair_heard(&pair, end, MEASURED_MS, other) < 0.05;
}

/* Both speak until each hears the other, at the right pitch and strength: on a
 * busy machine a part may be broken */
static void hear_each_other(void)
{
	unsigned i;

	for (i = 0; i < 100; ++i) {
		pair_talk(&pair, 100, HZ0, HZ1);
		if (hears(1, HZ0, HZ1) && hears(0, HZ1, HZ0))
			return;
	}
	fail_msg("they do not hear each other");
}

static void talk(enum codec_id a, enum codec_id b, unsigned ptime_b)
{
	pair_prepare(&pair, a, b);
	pair.sess[1].ptime_ms = ptime_b;
	pair_start(&pair);
	pair_latch(&pair);
	assert_int_equal(pair_bridge(&pair), 0);
	pair_listen(&pair);
	pair_talk(&pair, 100, HZ0, HZ1);
	hear_each_other();
}

static void pcmu_and_opus(void **state)
{
	talk(CODEC_PCMU, CODEC_OPUS, 20);

	/* a play comes in its own rate, and the peer again after it */
	rig_leg_tones(&pair.leg[1], "tone:1000", 0);
	do {
		pair_talk(&pair, 100, HZ0, HZ1);
	} while (pair_heard(&pair, 1, MEASURED_MS, 1000) < 0.3 ||
		 pair_heard(&pair, 1, MEASURED_MS, HZ0) > 0.05 ||
		 !hears(0, HZ1, HZ0));
	rig_leg_stop(&pair.leg[1]);
	hear_each_other();
	pair_close(&pair);
}

static void g722_and_pcma(void **state)
{
	talk(CODEC_G722, CODEC_PCMA, 20);
	pair_close(&pair);
}

static void opus_and_g722(void **state)
{
	talk(CODEC_OPUS, CODEC_G722, 20);
	pair_close(&pair);
}

static void packet_times_differ(void **state)
{
	talk(CODEC_PCMU, CODEC_PCMU, 60);
	pair_close(&pair);
}

static void echo_and_bridge_and_another_codec(void **state)
{
	struct media_session opus;
	struct rig_packet pkt;

	pair_open(&pair, CODEC_PCMU, CODEC_PCMU);
	pair_latch(&pair);
	rig_leg_echo(&pair.leg[0], true);
	pair_listen(&pair);
	pair_talk(&pair, 100, HZ0, HZ1);
	assert_int_equal(pair_bridge(&pair), 0);
	hear_each_other();

	rig_session(&opus, codec_by_id(CODEC_OPUS), &pair.far[1]);
	pair.far[1].pt = opus.pt;
	pair.far[1].step = 960;
	media_ear_close(&pair.ear[1]);
	pair_drop_voice(&pair, 1);
	assert_int_equal(rig_leg_start(&pair.leg[1], &opus), 0);
	while (rig_far_recv(&pair.far[1], &pkt, 0)) /* of before */
		;
	/* the ear of the first goes on: one stream through all of it */
	pair_talk(&pair, 100, HZ0, HZ1);
	media_ear_open(&pair.ear[1], &pair.leg[1], &pair.far[1]);
	pair_talk(&pair, 100, HZ0, HZ1);
	hear_each_other();
	pair_close(&pair);
}

/* Digits ------------------------------------------------------------- */

/* Press a key for 100 ms: five packets and three ends */
static void press(unsigned end, unsigned code)
{
	const uint32_t ts = pair.far[end].ts;
	const uint32_t step = pair.far[end].step;
	unsigned i;

	for (i = 0; i < 8; ++i)
		rig_far_send_event(&pair.far[end], code, i >= 5,
				   160 * (i < 5 ? i + 1 : 5), ts);
	pair.far[end].ts += 5 * step;
}

struct heard_digits {
	char digits[8];
	unsigned n, packets;
	uint16_t units; /* of the last event */
	uint32_t ts;
	bool any;
};

/* Take events until there are as many as asked for, with their ends */
static void take_events(unsigned end, unsigned n, struct heard_digits *heard)
{
	struct rig_packet pkt;
	unsigned ends = 0;

	memset(heard, 0, sizeof(*heard));
	while (heard->n < n || ends < 3 * n) {
		assert_true(rig_far_recv(&pair.far[end], &pkt, RIG_WAIT_MS));
		if (pkt.rtp.pt != pair.sess[end].dtmf_pt)
			continue;
		assert_int_equal(pkt.rtp.len, 4);
		++heard->packets;
		ends += (pkt.rtp.payload[1] & 0x80) != 0;
		if (!heard->any || pkt.rtp.ts != heard->ts)
			heard->digits[heard->n++] =
				"0123456789*#ABCD"[pkt.rtp.payload[0] & 15];
		heard->any = true;
		heard->ts = pkt.rtp.ts;
		heard->units = (uint16_t)(pkt.rtp.payload[2] << 8 |
					  pkt.rtp.payload[3]);
	}
}

static void open_for_digits(enum codec_id a, enum codec_id b)
{
	pair_prepare(&pair, a, b);
	pair.sess[1].dtmf_pt = RIG_PT_EVENT + 1;
}

static void start_for_digits(void)
{
	pair_start(&pair);
	pair_latch(&pair);
	assert_int_equal(pair_bridge(&pair), 0);
}

static void events_pass_with_the_packets(void **state)
{
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	unsigned i, round;
	uint32_t ts = 0;

	open_for_digits(CODEC_PCMU, CODEC_PCMU);
	start_for_digits();
	rig_payload(payload, sizeof(payload), 1);
	for (round = 0; round < 3; ++round) {
		rig_far_send(&pair.far[0], payload, sizeof(payload), false);
		assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
		rig_follows(&f, &pkt.rtp, round ? 160 * 5 : 0);
		press(0, 4 + round);
		for (i = 0; i < 8; ++i) {
			assert_true(
				rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
			if (i)
				assert_int_equal(pkt.rtp.ts, ts);
			else
				rig_follows(&f, &pkt.rtp, 160);
			ts = f.ts = pkt.rtp.ts;
			assert_int_equal(pkt.rtp.seq, (uint16_t)(f.seq + !!i));
			f.seq = pkt.rtp.seq;
			assert_int_equal(pkt.rtp.pt, RIG_PT_EVENT + 1);
			assert_int_equal(pkt.rtp.payload[0], 4 + round);
			assert_int_equal(pkt.rtp.payload[1] & 0x80,
					 i >= 5 ? 0x80 : 0);
		}
		assert_true(rig_wait(&pair.leg[0], &pair.leg[0].ndigits,
				     round + 1));
	}
	rig_assert_digits(&pair.leg[0], "456");
	assert_false(rig_far_recv(&pair.far[1], &pkt, 20));
	pair_close(&pair);
}

/* Some phones send their sound on while a key is down */
static void sound_goes_on_between_events(void **state)
{
	struct rig_follow f = {0};
	struct rig_packet pkt;
	uint8_t payload[160];
	uint32_t ts, first = 0;
	unsigned i;

	open_for_digits(CODEC_PCMU, CODEC_PCMU);
	start_for_digits();
	rig_payload(payload, sizeof(payload), 1);
	ts = pair.far[0].ts;
	for (i = 0; i < 16; ++i) {
		if (i % 2)
			rig_far_send(&pair.far[0], payload, sizeof(payload),
				     false);
		else
			rig_far_send_event(&pair.far[0], 9, i > 10, 80 * i, ts);
		assert_true(rig_far_recv(&pair.far[1], &pkt, RIG_WAIT_MS));
		if (!i)
			first = pkt.rtp.ts;
		/* neither makes the other begin anew */
		assert_int_equal(pkt.rtp.ts,
				 i % 2 ? first + i / 2 * 160 : first);
		pkt.rtp.ts = f.ts + 1;
		rig_follows(&f, &pkt.rtp, 0);
	}
	assert_true(rig_wait(&pair.leg[0], &pair.leg[0].ndigits, 1));
	rig_assert_digits(&pair.leg[0], "9");
	pair_close(&pair);
}

static void events_are_sent_anew_where_sound_is_not_passed(void **state)
{
	struct heard_digits heard;

	pair_prepare(&pair, CODEC_PCMU, CODEC_OPUS);
	start_for_digits();
	press(0, 7);
	press(0, 11);
	take_events(1, 2, &heard);
	assert_string_equal(heard.digits, "7#");
	assert_int_equal(heard.units, 800); /* 100 ms at 8 kHz */
	press(1, 3);
	assert_true(rig_wait(&pair.leg[1], &pair.leg[1].ndigits, 1));
	take_events(0, 1, &heard);
	assert_string_equal(heard.digits, "3");
	rig_assert_digits(&pair.leg[0], "7#");
	rig_assert_digits(&pair.leg[1], "3");
	/* nobody asked for it: no play's end is told */
	assert_int_equal(pair.leg[0].nplayed + pair.leg[1].nplayed, 0);
	pair_close(&pair);
}

static void digits_pass_a_mute_and_a_play(void **state)
{
	struct heard_digits heard;

	open_for_digits(CODEC_PCMU, CODEC_PCMU);
	start_for_digits();
	rig_leg_mute(&pair.leg[0], true, false);
	press(0, 1);
	take_events(1, 1, &heard);
	assert_string_equal(heard.digits, "1");
	rig_leg_mute(&pair.leg[0], false, false);
	rig_leg_tones(&pair.leg[1], "tone:440", 0);
	press(0, 2);
	take_events(1, 1, &heard);
	assert_string_equal(heard.digits, "2");
	pair_close(&pair);
}

static void events_become_tones(void **state)
{
	open_for_digits(CODEC_PCMU, CODEC_PCMU);
	pair.sess[1].dtmf_pt = -1;
	pair.sess[1].dtmf = MEDIA_DTMF_INBAND;
	start_for_digits();
	pair_listen(&pair);
	press(0, 5); /* 770 and 1336 Hz */
	while (pair.ear[1].n < 8 * 80)
		assert_true(media_ear_packet(&pair.ear[1], RIG_WAIT_MS));
	assert_true(pair_heard(&pair, 1, 60, 770) > 0.1);
	assert_true(pair_heard(&pair, 1, 60, 1336) > 0.1);
	pair_close(&pair);
}

static void by_info_and_on_hold_nothing_is_sent(void **state)
{
	struct rig_packet pkt;
	unsigned i;

	for (i = 0; i < 2; ++i) {
		open_for_digits(CODEC_PCMU, CODEC_PCMU);
		pair.sess[1].dtmf = i ? MEDIA_DTMF_RFC4733 : MEDIA_DTMF_INFO;
		start_for_digits();
		if (i)
			rig_leg_hold(&pair.leg[1], true);
		press(0, 5);
		assert_true(rig_wait(&pair.leg[0], &pair.leg[0].ndigits, 1));
		assert_false(rig_far_recv(&pair.far[1], &pkt, 40));
		pair_close(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pcmu_and_opus),
		cmocka_unit_test(g722_and_pcma),
		cmocka_unit_test(opus_and_g722),
		cmocka_unit_test(packet_times_differ),
		cmocka_unit_test(echo_and_bridge_and_another_codec),
		cmocka_unit_test(events_pass_with_the_packets),
		cmocka_unit_test(sound_goes_on_between_events),
		cmocka_unit_test(
			events_are_sent_anew_where_sound_is_not_passed),
		cmocka_unit_test(digits_pass_a_mute_and_a_play),
		cmocka_unit_test(events_become_tones),
		cmocka_unit_test(by_info_and_on_hold_nothing_is_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
