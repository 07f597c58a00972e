/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers on a leg's port, and a far end that moves */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "support/media_rig.h"

struct env {
	struct rig rig;
	struct rig_far far, other;
	struct rig_leg leg;
	struct media_session sess;
};

static struct env env;
static uint8_t payload[160];

static int setup(void **state)
{
	const struct codec *codec = codec_by_id(CODEC_PCMU);

	memset(&env, 0, sizeof(env));
	rig_payload(payload, sizeof(payload), 1);
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec);
	rig_far_open(&env.other, "127.0.0.2", codec);
	rig_session(&env.sess, codec, &env.far);
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
	env.other.to_port = env.leg.port;
	rig_leg_echo(&env.leg, true);

	return 0;
}

static int teardown(void **state)
{
	rig_leg_close(&env.leg);
	rig_far_close(&env.far);
	rig_far_close(&env.other);
	rig_close(&env.rig);

	return 0;
}

static void send_n(struct rig_far *far, unsigned n)
{
	while (n--)
		rig_far_send(far, payload, sizeof(payload), false);
}

/* It hears n packets, and no more */
static void hears(struct rig_far *far, unsigned n)
{
	struct rig_packet pkt;

	for (; n; --n)
		assert_true(rig_far_recv(far, &pkt, RIG_WAIT_MS));
	assert_false(rig_far_recv(far, &pkt, 50));
}

static void another_source_is_not_heard(void **state)
{
	rig_latch(&env.leg, &env.far);
	send_n(&env.far, 1); /* it has not gone */
	send_n(&env.other, 5);
	assert_true(rig_wait_dropped(&env.leg, 5));

	env.other.ssrc = env.far.ssrc; /* nor with the right SSRC */
	env.other.seq = env.far.seq;
	send_n(&env.far, 1);
	send_n(&env.other, 5);
	assert_true(rig_wait_dropped(&env.leg, 10));

	send_n(&env.far, 3);
	hears(&env.far, 5);
	hears(&env.other, 0);
}

static void another_ssrc_is_not_heard(void **state)
{
	const uint32_t ssrc = env.far.ssrc;
	unsigned i;

	rig_latch(&env.leg, &env.far);
	/* right after one that is ours: after 100 ms it would be the next */
	for (i = 0; i < 5; ++i) {
		env.far.ssrc = ssrc;
		send_n(&env.far, 1);
		env.far.ssrc = ssrc + 1;
		send_n(&env.far, 1);
	}
	hears(&env.far, 5);
}

static void the_next_ssrc_is_heard_when_the_last_is_gone(void **state)
{
	const uint32_t ssrc = env.far.ssrc;

	rig_latch(&env.leg, &env.far);
	env.far.ssrc = ssrc + 1;
	rig_sleep_ms(120);
	send_n(&env.far, 3);
	hears(&env.far, 3);
}

static void malformed_packets_are_dropped(void **state)
{
	uint8_t buf[2000] = {0x80, 0};
	unsigned n = 0;
	size_t len;

	rig_latch(&env.leg, &env.far);
	for (len = 0; len < 12; ++len, ++n)
		rig_far_send_raw(&env.far, buf, len);
	rig_far_send_raw(&env.far, buf, 1501);
	rig_far_send_raw(&env.far, buf, sizeof(buf));
	buf[0] = 0x40; /* version 1 */
	rig_far_send_raw(&env.far, buf, 172);
	buf[0] = 0x8f; /* 15 CSRCs that are not there */
	rig_far_send_raw(&env.far, buf, 20);
	buf[0] = 0x90; /* an extension that is not there */
	rig_far_send_raw(&env.far, buf, 12);
	buf[0] = 0xa0; /* more padding than packet */
	buf[171] = 255;
	rig_far_send_raw(&env.far, buf, 172);
	assert_true(rig_wait_dropped(&env.leg, n + 6));

	env.far.pt = 8; /* PCMA was not agreed on */
	send_n(&env.far, 2);
	assert_true(rig_wait_dropped(&env.leg, n + 8));
	env.far.pt = 0;
	hears(&env.far, 0);

	rig_far_send(&env.far, payload, 0, false); /* empty: no sound */
	send_n(&env.far, 1);
	hears(&env.far, 1);
}

static void the_largest_packet_passes(void **state)
{
	static uint8_t big[1500 - 12];
	struct rig_packet pkt;

	rig_latch(&env.leg, &env.far);
	rig_far_send(&env.far, big, sizeof(big), false);
	assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	assert_int_equal(pkt.len, 1500);
}

static void it_moves_after_two_seconds_of_silence(void **state)
{
	rig_latch(&env.leg, &env.far);
	env.other.ssrc = env.far.ssrc;
	send_n(&env.far, 1);
	send_n(&env.other, 3);
	assert_true(rig_wait_dropped(&env.leg, 3));
	hears(&env.far, 1);

	rig_sleep_ms(2100);
	send_n(&env.other, 3);
	hears(&env.other, 3);
	send_n(&env.other, 1);
	send_n(&env.far, 3); /* the old place is a stranger now */
	assert_true(rig_wait_dropped(&env.leg, 6));
	hears(&env.far, 0);
}

static void it_moves_with_a_new_session(void **state)
{
	struct media_session sess;

	rig_latch(&env.leg, &env.far);
	rig_session(&sess, env.sess.codec, &env.other);
	assert_int_equal(rig_leg_start(&env.leg, &sess), 0);
	send_n(&env.other, 3);
	hears(&env.other, 3);
	send_n(&env.far, 3);
	assert_true(rig_wait_dropped(&env.leg, 3));
}

static void before_the_first_packet_sdp_counts(void **state)
{
	struct rig_packet pkt;

	rig_leg_tones(&env.leg, "tone:800/100", 1);
	assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));

	/* NAT: it comes from elsewhere, and our sound goes there */
	send_n(&env.other, 2);
	hears(&env.other, 2);
	rig_leg_tones(&env.leg, "tone:800/100", 1);
	assert_true(rig_far_recv(&env.other, &pkt, RIG_WAIT_MS));
}

static void a_trunk_has_its_ranges(void **state)
{
	const struct media_source range = {
		.family = AF_INET, .addr = {127, 0, 0, 3}, .bits = 32};
	struct media_session sess = env.sess;
	struct rig_far third;

	rig_far_open(&third, "127.0.0.3", sess.codec);
	third.to_port = env.leg.port;
	sess.sources = &range;
	sess.nsources = 1;
	assert_int_equal(rig_leg_start(&env.leg, &sess), 0);
	send_n(&env.other, 4);
	assert_true(rig_wait_dropped(&env.leg, 4));
	send_n(&third, 4);
	hears(&third, 4);
	rig_far_close(&third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(another_source_is_not_heard),
		T(another_ssrc_is_not_heard),
		T(the_next_ssrc_is_heard_when_the_last_is_gone),
		T(malformed_packets_are_dropped),
		T(the_largest_packet_passes),
		T(it_moves_after_two_seconds_of_silence),
		T(it_moves_with_a_new_session),
		T(before_the_first_packet_sdp_counts),
		T(a_trunk_has_its_ranges),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
