/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTCP: what we report, what we learn, and the BYE at the end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "media/rtcp.h"
#include "support/media_rig.h"

struct env {
	struct rig rig;
	struct rig_far far;
	struct rig_leg leg;
	struct media_session sess;
};

static struct env env;

static void open_env(bool mux)
{
	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&env.sess, codec_by_id(CODEC_PCMU), &env.far);
	env.sess.rtcp_mux = mux;
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
	rig_leg_echo(&env.leg, true);
}

static void close_env(void)
{
	rig_leg_close(&env.leg);
	rig_far_close(&env.far);
	rig_close(&env.rig);
}

static void send_rtcp(const void *buf, size_t len)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};

	sin.sin_port = htons((uint16_t)(env.leg.port + 1));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(env.far.rtcp, buf, len, 0,
				(struct sockaddr *)&sin, sizeof(sin)),
			 (ssize_t)len);
}

static bool rtt_is_known(unsigned *rttp)
{
	struct media_stats stats;

	media_leg_stats(env.leg.leg, &stats);
	*rttp = stats.out.rtt_ms;

	return stats.out.mos > 0.0;
}

static void both_sides_report(void **state)
{
	uint8_t payload[160] = {1}, buf[RTCP_WRITE_MAX];
	struct rtcp_report rep = {0};
	struct rtcp_out out = {.ssrc = 99, .cname = "far", .report = &rep};
	struct rig_packet pkt, rtp;
	struct rtcp_info info;
	struct media_stats stats;
	unsigned i, rtt;

	open_env(false);
	rig_latch(&env.leg, &env.far);
	for (i = 0; i < 18; ++i) {
		env.far.seq = (uint16_t)(env.far.seq + 2 * (i == 9));
		rig_far_send(&env.far, payload, sizeof(payload), false);
		assert_true(rig_far_recv(&env.far, &rtp, RIG_WAIT_MS));
	}

	/* SR + SDES in 2.5 to 7.5 s */
	assert_true(rig_far_recv_rtcp(&env.far, &pkt, RIG_WAIT_MS));
	assert_int_equal(rtcp_parse(&info, pkt.buf, pkt.len), 0);
	assert_true(info.sr);
	assert_false(info.bye);
	assert_int_equal(info.ssrc, rtp.rtp.ssrc);
	assert_int_equal(info.packets, 20);
	assert_int_equal(info.octets, 20 * 160);
	assert_true(rtp_ts_diff(rtp.rtp.ts, info.rtp_ts) > 0);
	assert_int_equal(info.nreports, 1);
	assert_int_equal(info.reports[0].ssrc, env.far.ssrc);
	assert_int_equal(info.reports[0].lost, 2);
	assert_true(info.reports[0].fraction > 0);
	assert_int_equal((uint16_t)info.reports[0].ext_seq,
			 (uint16_t)(env.far.seq - 1));

	/* their answer: held for 100 ms of the round trip, one packet lost */
	rig_sleep_ms(150);
	rep.ssrc = info.ssrc;
	rep.lost = 1;
	rep.jitter = 80;
	rep.lsr = rtcp_ntp_mid(info.ntp);
	rep.dlsr = 65536 / 10;
	assert_true(rtcp_write(buf, sizeof(buf), &out) > 0);
	send_rtcp(buf, rtcp_write(buf, sizeof(buf), &out));
	for (i = 0; i < 1000 && !rtt_is_known(&rtt); ++i)
		rig_sleep_ms(10);
	assert_true(rtt >= 45);
	media_leg_stats(env.leg.leg, &stats);
	assert_int_equal(stats.out.jitter_ms, 10);
	assert_true(stats.out.loss > 0.04 && stats.out.loss < 0.06);
	assert_true(stats.out.mos > 1.0);

	rig_leg_close_post(&env.leg);
	do {
		assert_true(rig_far_recv_rtcp(&env.far, &pkt, RIG_WAIT_MS));
		assert_int_equal(rtcp_parse(&info, pkt.buf, pkt.len), 0);
	} while (!info.bye);
	assert_false(info.sr); /* nothing was sent since */
	close_env();
}

static void garbage_on_the_rtcp_port(void **state)
{
	uint8_t buf[1600] = {0x81, 200, 0, 6}; /* its block is cut off */
	size_t len, n = 0;

	open_env(false);
	rig_latch(&env.leg, &env.far);
	for (len = 0; len < sizeof(buf); len += 37, ++n) {
		send_rtcp(buf, len);
		assert_true(rig_wait_dropped(&env.leg, n + 1));
	}
	memset(buf, 0xff, sizeof(buf));
	send_rtcp(buf, 200);
	assert_true(rig_wait_dropped(&env.leg, n + 1));
	close_env();
}

static void muxed(void **state)
{
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_out out = {.ssrc = env.far.ssrc, .cname = "far"};
	struct rig_packet pkt;
	struct rtcp_info info;
	size_t len;

	open_env(true);
	rig_latch(&env.leg, &env.far);
	len = rtcp_write(buf, sizeof(buf), &out);
	rig_far_send_raw(&env.far, buf, len);
	rig_leg_close_post(&env.leg);
	do {
		const ssize_t n =
			recv(env.far.rtp, pkt.buf, sizeof(pkt.buf), 0);

		assert_true(n > 0);
		pkt.len = (size_t)n;
	} while (!rtp_is_rtcp(pkt.buf, pkt.len));
	assert_int_equal(rtcp_parse(&info, pkt.buf, pkt.len), 0);
	assert_true(info.bye);
	close_env();
	assert_int_equal(env.leg.last.rx_dropped, 0);
}

static void reports_are_life(void **state)
{
	const struct rig_params prm = {.silence_ms = 500};
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_out out = {.ssrc = 1, .cname = "far"};
	const size_t len = rtcp_write(buf, sizeof(buf), &out);
	int64_t said_us, gap_us = 0;
	unsigned i;

	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, &prm);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&env.sess, codec_by_id(CODEC_PCMU), &env.far);
	said_us = rig_now_us();
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
	for (i = 0; i < 30; ++i) {
		send_rtcp(buf, len);
		gap_us = MAX(gap_us, rig_now_us() - said_us);
		said_us = rig_now_us();
		rig_sleep_ms(50);
	}
	/* a machine that stalls the test makes silence of its own */
	gap_us = MAX(gap_us, rig_now_us() - said_us);
	assert_true(!env.leg.nsilent || gap_us > 400000);
	assert_true(rig_wait(&env.leg, &env.leg.nsilent, 1));
	close_env();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_report),
		cmocka_unit_test(garbage_on_the_rtcp_port),
		cmocka_unit_test(muxed),
		cmocka_unit_test(reports_are_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
