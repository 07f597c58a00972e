/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Legs come and go: ports, descriptors, silence, ends in the middle */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "support/media_rig.h"

static unsigned count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		++n;
	closedir(dir);

	return n;
}

static struct media_engine_stats engine_stats(const struct rig *rig)
{
	struct media_engine_stats stats;

	media_engine_stats(rig->engine, &stats);

	return stats;
}

static void ports_run_out_and_come_back(void **state)
{
	static struct rig_leg legs[16], extra;
	/* above those that the kernel gives to sockets of others */
	const uint16_t first = (uint16_t)(61000 + getpid() % 24 * 40);
	const struct rig_params prm = {.port_min = first + 1u,
				       .port_max = first + 32u};
	struct rig rig;
	unsigned n, i;
	int err;

	rig_open(&rig, &prm);
	assert_int_equal(engine_stats(&rig).ports_free, 15);
	for (n = 0; !(err = rig_leg_alloc(&legs[n], &rig, NULL)); ++n) {
		assert_true(n < 15);
		assert_int_equal(legs[n].port % 2, 0);
		assert_in_range(legs[n].port, first + 2, first + 30);
		for (i = 0; i < n; ++i)
			assert_int_not_equal(legs[i].port, legs[n].port);
	}
	assert_int_equal(err, EAGAIN);
	assert_true(n > 0);
	assert_int_equal(engine_stats(&rig).legs, n);

	rig_leg_close(&legs[0]);
	/* it rests first, and is free again then */
	assert_int_equal(rig_leg_alloc(&extra, &rig, NULL), EAGAIN);
	for (i = 0; i < 500 && rig_leg_alloc(&extra, &rig, NULL); ++i)
		rig_sleep_ms(10);
	assert_int_equal(extra.port, legs[0].port);
	rig_leg_close(&extra);
	for (i = 1; i < n; ++i)
		rig_leg_close(&legs[i]);
	assert_int_equal(engine_stats(&rig).ports_free, 15);
	assert_int_equal(engine_stats(&rig).legs, 0);
	rig_close(&rig);
}

static void wrong_ranges_are_refused(void **state)
{
	const struct {
		const char *bind;
		uint16_t min, max;
	} cases[] = {
		{"127.0.0.1", 0, 0},         {"127.0.0.1", 5000, 5000},
		{"127.0.0.1", 5001, 5002},   {"127.0.0.1", 6000, 5000},
		{"127.0.0.1", 65535, 65535}, {"nowhere", 5000, 6000},
	};
	struct media_engine *engine = NULL;
	struct loop *loop = NULL;
	size_t i;

	assert_int_equal(loop_start(&loop, clock_system()), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
		const struct media_engine_params prm = {
			.loop = loop,
			.bind = cases[i].bind,
			.port_min = cases[i].min,
			.port_max = cases[i].max,
		};

		assert_int_equal(media_engine_start(&engine, &prm), EINVAL);
		assert_null(engine);
	}
	loop_stop(loop);
}

static void wrong_sessions_are_refused(void **state)
{
	struct media_session good, sess;
	struct rig_leg leg;
	struct rig rig;

	rig_open(&rig, NULL);
	assert_int_equal(rig_leg_alloc(&leg, &rig, NULL), 0);
	rig_session(&good, codec_by_id(CODEC_PCMU), NULL);
	sess = good;
	sess.codec = NULL;
	assert_int_equal(rig_leg_start(&leg, &sess), EINVAL);
	sess = good;
	sess.pt = 128;
	assert_int_equal(rig_leg_start(&leg, &sess), EINVAL);
	sess = good;
	sess.ptime_ms = 0;
	assert_int_equal(rig_leg_start(&leg, &sess), EINVAL);
	sess = good;
	sess.dtmf_clock = 0;
	assert_int_equal(rig_leg_start(&leg, &sess), EINVAL);
	assert_int_equal(rig_leg_start(&leg, &good), 0);
	rig_leg_close(&leg);
	rig_close(&rig);
}

static void legs_leave_nothing_behind(void **state)
{
	static struct rig_leg legs[200];
	struct media_session sess;
	struct rig_far far;
	struct rig rig;
	unsigned fds, round, i;

	rig_open(&rig, NULL);
	rig_far_open(&far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&sess, codec_by_id(CODEC_PCMU), &far);
	fds = count_fds();
	for (round = 0; round < 3; ++round) {
		for (i = 0; i < 200; ++i) {
			rig_leg_open(&legs[i], &rig, &sess, &far);
			if (i % 3 == 0)
				rig_leg_tones(&legs[i], "tone:440", 0);
		}
		assert_int_equal(count_fds(), fds + 400);
		for (i = 0; i < 200; ++i)
			rig_leg_close_post(&legs[i]);
		for (i = 0; i < 200; ++i)
			rig_leg_close(&legs[i]);
		assert_int_equal(count_fds(), fds);
		assert_int_equal(engine_stats(&rig).legs, 0);
	}
	rig_far_close(&far);
	rig_close(&rig);
}

static void close_without_start(void **state)
{
	struct rig_leg leg;
	struct rig rig;

	rig_open(&rig, NULL);
	assert_int_equal(rig_leg_alloc(&leg, &rig, NULL), 0);
	rig_leg_echo(&leg, true);
	rig_leg_tones(&leg, "tone:440", 0);
	rig_leg_close(&leg);
	rig_close(&rig);
}

static void close_with_packets_in_flight(void **state)
{
	struct media_session sess;
	uint8_t payload[160];
	struct rig_leg leg;
	struct rig_far far;
	struct rig rig;
	unsigned round, i;

	rig_open(&rig, NULL);
	rig_far_open(&far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&sess, codec_by_id(CODEC_PCMU), &far);
	rig_payload(payload, sizeof(payload), 1);
	for (round = 0; round < 30; ++round) {
		rig_leg_open(&leg, &rig, &sess, &far);
		rig_leg_echo(&leg, true);
		for (i = 0; i < 20 + round; ++i) {
			rig_far_send(&far, payload, sizeof(payload), false);
			rig_far_send_event(&far, i % 16, true, 800, far.ts);
		}
		rig_leg_close(&leg);
		assert_int_equal(leg.nlate, 0);
	}
	rig_far_close(&far);
	rig_close(&rig);
}

static void final_figures(void **state)
{
	struct media_session sess;
	uint8_t payload[160];
	struct rig_leg leg;
	struct rig_far far;
	struct rig rig;
	unsigned i;

	rig_open(&rig, NULL);
	rig_far_open(&far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&sess, codec_by_id(CODEC_PCMU), &far);
	rig_leg_open(&leg, &rig, &sess, &far);
	rig_leg_echo(&leg, true);
	rig_payload(payload, sizeof(payload), 1);
	for (i = 0; i < 10; ++i) {
		far.seq = (uint16_t)(far.seq + 5 * (i == 5)); /* five lost */
		rig_far_send(&far, payload, sizeof(payload), false);
	}
	assert_true(rig_wait_rx(&leg, 10));
	rig_leg_close(&leg);
	assert_int_equal(leg.last.rx_packets, 10);
	assert_int_equal(leg.last.rx_bytes, 10 * 172);
	assert_int_equal(leg.last.tx_packets, 10);
	assert_int_equal(leg.last.tx_bytes, 10 * 172);
	assert_int_equal(leg.last.rx_lost, 5);
	assert_int_equal(leg.last.rx_dropped, 0);
	assert_true(leg.last.in.loss > 0.3 && leg.last.in.loss < 0.4);
	assert_true(leg.last.in.mos >= 1.0 && leg.last.in.mos < 4.0);
	rig_far_close(&far);
	rig_close(&rig);
}

static void silence_is_told_once(void **state)
{
	const struct rig_params prm = {.silence_ms = 400};
	struct media_session sess, held;
	uint8_t payload[160];
	struct rig_leg leg;
	struct rig_far far;
	struct rig rig;
	int64_t said_us, gap_us = 0;
	unsigned i;

	rig_open(&rig, &prm);
	rig_far_open(&far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&sess, codec_by_id(CODEC_PCMU), &far);
	rig_payload(payload, sizeof(payload), 1);
	said_us = rig_now_us();
	rig_leg_open(&leg, &rig, &sess, &far);
	for (i = 0; i < 40; ++i) {
		rig_far_send(&far, payload, sizeof(payload), false);
		gap_us = MAX(gap_us, rig_now_us() - said_us);
		said_us = rig_now_us();
		rig_sleep_ms(20);
	}
	assert_true(rig_wait_rx(&leg, 2));

	held = sess;
	held.recv = false; /* who may not speak is not missed */
	assert_int_equal(rig_leg_start(&leg, &held), 0);
	gap_us = MAX(gap_us, rig_now_us() - said_us);
	rig_sleep_ms(800);
	/* a machine that stalls the test makes silence of its own */
	assert_true(!leg.nsilent || gap_us > 300000);

	assert_int_equal(rig_leg_start(&leg, &sess), 0);
	assert_true(rig_wait(&leg, &leg.nsilent, 1));
	rig_sleep_ms(800);
	assert_int_equal(leg.nsilent, 1);
	rig_leg_close(&leg);
	rig_far_close(&far);
	rig_close(&rig);
}

/* A leg without sockets: packets come and go by function ------------- */

struct sink {
	pthread_mutex_t mtx;
	unsigned n, reports;
	uint16_t seq;
	bool broken;
};

static void sink_send(void *arg, bool rtcp, void *packet, size_t len)
{
	struct sink *sink = arg;
	struct rtp_packet pkt;

	pthread_mutex_lock(&sink->mtx);
	if (rtcp) {
		++sink->reports;
	} else if (rtp_parse(&pkt, packet, len)) {
		sink->broken = true;
	} else {
		sink->broken |= sink->n && pkt.seq != (uint16_t)(sink->seq + 1);
		sink->seq = pkt.seq;
		++sink->n;
	}
	pthread_mutex_unlock(&sink->mtx);
}

static unsigned sink_count(struct sink *sink)
{
	unsigned n;

	pthread_mutex_lock(&sink->mtx);
	n = sink->n;
	pthread_mutex_unlock(&sink->mtx);

	return n;
}

static void input_without_socket(void **state)
{
	struct sink sink = {.mtx = PTHREAD_MUTEX_INITIALIZER};
	const struct media_leg_params prm = {.send = sink_send,
					     .send_arg = &sink};
	struct rtp_packet pkt = {.seq = 65000, .ssrc = 5};
	struct media_session sess;
	uint8_t buf[400] = {0};
	struct rig_leg leg;
	struct rig rig;
	unsigned i;

	rig_open(&rig, NULL);
	assert_int_equal(rig_leg_alloc(&leg, &rig, &prm), 0);
	assert_int_equal(leg.port, 0);
	rig_session(&sess, codec_by_id(CODEC_PCMU), NULL);
	sess.rtcp_mux = true;
	assert_int_equal(rig_leg_start(&leg, &sess), 0);
	rig_leg_echo(&leg, true);

	for (i = 0; i < 1000; ++i) {
		rtp_write(buf, &pkt);
		++pkt.seq;
		pkt.ts += 160;
		media_leg_input(leg.leg, false, buf, 172 + i % 200);
		if (i % 20 == 19) {
			assert_true(rig_wait_rx(&leg, i + 1));
			rig_sleep_ms(20); /* within what a leg may take */
		}
	}
	rig_settle(&leg);
	assert_int_equal(sink_count(&sink), 1000);
	assert_false(sink.broken);
	assert_int_equal(leg.nstarted, 1);

	media_leg_input(leg.leg, false, buf, 11);
	media_leg_input(leg.leg, false, buf, 1501);
	media_leg_input(leg.leg, true, buf, 3);
	assert_true(rig_wait_dropped(&leg, 3));
	rig_leg_close(&leg);
	assert_int_equal(sink.reports >= 1, 1); /* BYE */
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_run_out_and_come_back),
		cmocka_unit_test(wrong_ranges_are_refused),
		cmocka_unit_test(wrong_sessions_are_refused),
		cmocka_unit_test(legs_leave_nothing_behind),
		cmocka_unit_test(close_without_start),
		cmocka_unit_test(close_with_packets_in_flight),
		cmocka_unit_test(final_figures),
		cmocka_unit_test(silence_is_told_once),
		cmocka_unit_test(input_without_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
