/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "media/rtcp.h"

static void test_sr_round_trip(void **state)
{
	const struct rtcp_report rep = {
		.ssrc = 0x11223344,
		.fraction = 64,
		.lost = -5,
		.ext_seq = 0x10002,
		.jitter = 77,
		.lsr = 0xaabbccdd,
		.dlsr = 65536,
	};
	const struct rtcp_out out = {
		.ssrc = 0x55667788,
		.cname = "bifrons",
		.sr = true,
		.ntp = 0x0123456789abcdefULL,
		.rtp_ts = 1000,
		.packets = 50,
		.octets = 8000,
		.report = &rep,
		.bye = true,
	};
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_info info;
	const size_t len = rtcp_write(buf, sizeof(buf), &out);

	assert_true(len > 0 && len % 4 == 0);
	assert_int_equal(rtcp_parse(&info, buf, len), 0);
	assert_true(info.sr && info.bye);
	assert_false(info.rr || info.pli || info.fir);
	assert_int_equal(info.ssrc, 0x55667788);
	assert_true(info.ntp == out.ntp);
	assert_int_equal(info.rtp_ts, 1000);
	assert_int_equal(info.packets, 50);
	assert_int_equal(info.octets, 8000);
	assert_int_equal(info.nreports, 1);
	assert_int_equal(info.reports[0].ssrc, rep.ssrc);
	assert_int_equal(info.reports[0].fraction, rep.fraction);
	assert_int_equal(info.reports[0].lost, rep.lost);
	assert_int_equal(info.reports[0].ext_seq, rep.ext_seq);
	assert_int_equal(info.reports[0].jitter, rep.jitter);
	assert_int_equal(info.reports[0].lsr, rep.lsr);
	assert_int_equal(info.reports[0].dlsr, rep.dlsr);
}

static void test_rr_and_sizes(void **state)
{
	char cname[100];
	struct rtcp_out out = {.ssrc = 1, .cname = cname};
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_report rep = {.lost = 0x1000000};
	struct rtcp_info info;

	memset(cname, 'x', sizeof(cname));
	cname[99] = '\0';

	/* every length of the name ends on a word */
	for (size_t n = 0; n < sizeof(cname); ++n) {
		size_t len;

		out.cname = cname + n;
		out.sr = n % 2;
		out.bye = n % 3;
		out.report = n % 5 ? &rep : NULL;
		len = rtcp_write(buf, sizeof(buf), &out);
		assert_true(len > 0 && len <= RTCP_WRITE_MAX && len % 4 == 0);
		assert_int_equal(rtcp_parse(&info, buf, len), 0);
		assert_true(info.sr || info.rr);
		if (out.report) /* cut to 24 bits */
			assert_int_equal(info.reports[0].lost, 0x7fffff);
	}
	assert_int_equal(rtcp_write(buf, RTCP_WRITE_MAX - 1, &out), 0);
	out.cname = NULL;
	assert_true(rtcp_write(buf, sizeof(buf), &out) > 0);
}

static void test_pli(void **state)
{
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_info info;
	const size_t len = rtcp_write_pli(buf, sizeof(buf), 1, 2);

	assert_int_equal(rtcp_parse(&info, buf, len), 0);
	assert_true(info.pli && info.rr);
	assert_false(info.fir);
	assert_int_equal(info.ssrc, 1);
	assert_int_equal(rtcp_write_pli(buf, 10, 1, 2), 0);
}

static void test_others_are_passed_over(void **state)
{
	/* RR, APP, FIR, XR */
	static const uint8_t data[] = {0x80, 201, 0, 1, 0, 0, 0, 1, /**/
				       0x80, 204, 0, 2, 0, 0, 0, 1, 'n', 'a',
				       'm',  'e', /**/
				       0x84, 206, 0, 4, 0, 0, 0, 1, 0,   0,
				       0,    0,   0, 0, 0, 2, 1, 0, 0,   0, /**/
				       0x80, 207, 0, 1, 0, 0, 0, 1};
	struct rtcp_info info;

	assert_int_equal(rtcp_parse(&info, data, sizeof(data)), 0);
	assert_true(info.rr && info.fir);
	assert_false(info.sr || info.pli || info.bye);

	for (size_t len = 0; len < sizeof(data); ++len)
		if (len != 8 && len != 20 && len != 40)
			assert_int_equal(rtcp_parse(&info, data, len), EBADMSG);
}

static void test_hostile(void **state)
{
	static const struct {
		uint8_t data[32];
		size_t len;
	} bad[] = {
		{{0x40, 201, 0, 1, 0, 0, 0, 1}, 8},       /* version */
		{{0x80, 201, 0xff, 0xff, 0, 0, 0, 1}, 8}, /* length */
		{{0x80, 201, 0, 0, 0, 0, 0, 1}, 8},       /* too short for RR */
		{{0x80, 200, 0, 1, 0, 0, 0, 1}, 8},       /* too short for SR */
		{{0x9f, 201, 0, 1, 0, 0, 0, 1}, 8},       /* 31 reports, none */
		{{0x9f, 203, 0, 1, 0, 0, 0, 1}, 8},       /* 31 sources, one */
		{{0x81, 206, 0, 1, 0, 0, 0, 1}, 8}, /* PLI without media */
		{{0xa0, 201, 0, 1, 0, 0, 0, 0}, 8}, /* padding 0 */
		{{0xa0, 201, 0, 1, 0, 0, 0, 8}, 8}, /* padding over all */
		{{0xa0, 201, 0, 1, 0, 0, 0, 255}, 8},
		{{0xa0, 201, 0, 1, 0, 0, 0, 3}, 8}, /* not in words */
		/* padding not in the last one */
		{{0xa0, 201, 0,    2,   0, 0, 0, 1, 0, 0,
		  0,    4,   0x80, 201, 0, 1, 0, 0, 0, 1},
		 20},
	};
	struct rtcp_info info;
	uint8_t big[1504] = {0x80, 201, 1, 119};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); ++i)
		assert_int_equal(rtcp_parse(&info, bad[i].data, bad[i].len),
				 EBADMSG);
	assert_int_equal(rtcp_parse(&info, big, sizeof(big)), EBADMSG);
	assert_int_equal(rtcp_parse(&info, big, 0), EBADMSG);
}

static void test_many_reports(void **state)
{
	uint8_t data[8 + 31 * 24] = {0x9f, 201, 0, 187};
	struct rtcp_info info;

	for (uint8_t i = 0; i < 31; ++i)
		data[8 + i * 24 + 3] = i;
	assert_int_equal(rtcp_parse(&info, data, sizeof(data)), 0);
	assert_int_equal(info.nreports, RTCP_REPORTS_MAX);
	assert_int_equal(info.reports[RTCP_REPORTS_MAX - 1].ssrc,
			 RTCP_REPORTS_MAX - 1);
}

static void test_ntp_and_rtt(void **state)
{
	const int64_t t0 = 1700000000123456;
	const uint64_t ntp = rtcp_ntp(t0);
	struct rtcp_report rep = {
		.lsr = rtcp_ntp_mid(ntp),
		.dlsr = 65536 / 2,
	};

	assert_true(ntp >> 32 == 1700000000ULL + 2208988800ULL);
	assert_true((uint32_t)ntp == (uint32_t)((123456ULL << 32) / 1000000));

	/* half a second at theirs, 80 ms on the way */
	assert_in_range(rtcp_rtt_us(&rep, rtcp_ntp(t0 + 580000)), 79950, 80050);
	/* rounding below zero */
	assert_int_equal(rtcp_rtt_us(&rep, rtcp_ntp(t0 + 499990)), 0);
	/* absurd */
	assert_true(rtcp_rtt_us(&rep, rtcp_ntp(t0 + 70000000)) == -1);
	assert_true(rtcp_rtt_us(&rep, rtcp_ntp(t0 + 100000)) == -1);
	rep.lsr = 0;
	assert_true(rtcp_rtt_us(&rep, ntp) == -1);
	assert_true(rtcp_ntp(-5) == 2208988800ULL << 32);
}

/* n packets of 20 ms from seq on, skipping `lost` of every 10 */
static void feed(struct rtcp_rx *rx, uint16_t seq, unsigned n, unsigned lost)
{
	for (unsigned i = 0; i < n; ++i)
		if (i % 10 >= lost)
			rtcp_rx_packet(rx, 1, (uint16_t)(seq + i), i * 160,
				       (int64_t)i * 20000);
}

static void test_counting(void **state)
{
	struct rtcp_report rep;
	struct rtcp_rx rx;

	rtcp_rx_init(&rx, 8000);
	assert_false(rtcp_rx_report(&rx, 0, &rep));
	assert_true(rtcp_rx_expected(&rx) == 0);

	feed(&rx, 65530, 100, 0); /* over the wrap */
	assert_true(rtcp_rx_report(&rx, 0, &rep));
	assert_int_equal(rep.ssrc, 1);
	assert_int_equal(rep.ext_seq, 65530 + 99);
	assert_int_equal(rep.lost, 0);
	assert_int_equal(rep.fraction, 0);
	assert_int_equal(rep.jitter, 0);
	assert_int_equal(rep.lsr, 0);

	feed(&rx, (uint16_t)(65530 + 100), 100, 2);
	assert_true(rtcp_rx_report(&rx, 0, &rep));
	assert_int_equal(rep.lost, 20);
	assert_int_equal(rep.fraction, 20 * 256 / 100);
	assert_true(rtcp_rx_expected(&rx) == 200);
	assert_true(rtcp_rx_lost(&rx) == 20);

	/* nothing since: no loss in this interval */
	assert_true(rtcp_rx_report(&rx, 0, &rep));
	assert_int_equal(rep.fraction, 0);
	assert_int_equal(rep.lost, 20);

	/* duplicates make it negative */
	for (unsigned i = 0; i < 30; ++i)
		rtcp_rx_packet(&rx, 1, (uint16_t)(65530 + 199), 1, 0);
	assert_true(rtcp_rx_report(&rx, 0, &rep));
	assert_int_equal(rep.lost, -10);
	assert_int_equal(rep.fraction, 0);
}

static void test_jumps(void **state)
{
	struct rtcp_rx rx;

	rtcp_rx_init(&rx, 8000);
	feed(&rx, 100, 10, 0);
	/* one stray packet does not count */
	rtcp_rx_packet(&rx, 1, 40000, 0, 0);
	assert_true(rtcp_rx_expected(&rx) == 10);
	rtcp_rx_packet(&rx, 1, 110, 1600, 200000);
	assert_true(rtcp_rx_expected(&rx) == 11);
	/* two in a row do: it starts over */
	rtcp_rx_packet(&rx, 1, 50000, 0, 0);
	rtcp_rx_packet(&rx, 1, 50001, 160, 20000);
	assert_true(rtcp_rx_expected(&rx) == 1);
	/* a new source as well */
	rtcp_rx_packet(&rx, 2, 7, 0, 0);
	assert_int_equal(rx.ssrc, 2);
	assert_true(rtcp_rx_expected(&rx) == 1);
	/* a late one is no jump */
	rtcp_rx_packet(&rx, 2, 9, 0, 0);
	rtcp_rx_packet(&rx, 2, 8, 0, 0);
	assert_true(rtcp_rx_expected(&rx) == 3);
	assert_true(rtcp_rx_lost(&rx) == 0);
}

static void test_jitter(void **state)
{
	struct rtcp_rx rx;

	/* every second packet 10 ms late: transit moves by 10 ms each time */
	rtcp_rx_init(&rx, 8000);
	for (unsigned i = 0; i < 400; ++i)
		rtcp_rx_packet(&rx, 1, (uint16_t)i, i * 160,
			       (int64_t)i * 20000 + (i & 1 ? 10000 : 0));
	assert_in_range(rtcp_rx_jitter_ms(&rx), 9, 10);

	/* a timestamp jump does not spoil it */
	rtcp_rx_packet(&rx, 1, 400, 0x80000000, 400 * 20000);
	assert_in_range(rtcp_rx_jitter_ms(&rx), 9, 10);
	/* nor packets of one timestamp (an event) */
	for (unsigned i = 1; i < 50; ++i)
		rtcp_rx_packet(&rx, 1, (uint16_t)(400 + i), 0x80000000,
			       (400 + i) * 20000);
	assert_in_range(rtcp_rx_jitter_ms(&rx), 9, 10);
}

static void test_sr_times(void **state)
{
	struct rtcp_info info = {
		.sr = true, .ssrc = 1, .ntp = 0x1122334455667788};
	struct rtcp_report rep;
	struct rtcp_rx rx;

	rtcp_rx_init(&rx, 8000);
	rtcp_rx_sr(&rx, &info, 1); /* before its first packet: not ours */
	feed(&rx, 0, 2, 0);
	assert_true(rtcp_rx_report(&rx, 0, &rep));
	assert_int_equal(rep.lsr, 0);

	rtcp_rx_sr(&rx, &info, 1000000);
	assert_true(rtcp_rx_report(&rx, 3500000, &rep));
	assert_int_equal(rep.lsr, 0x33445566);
	assert_int_equal(rep.dlsr, 2 * 65536 + 32768);

	info.ssrc = 2; /* another's */
	info.ntp = 0;
	rtcp_rx_sr(&rx, &info, 2000000);
	assert_true(rtcp_rx_report(&rx, 3500000, &rep));
	assert_int_equal(rep.lsr, 0x33445566);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sr_round_trip),
		cmocka_unit_test(test_rr_and_sizes),
		cmocka_unit_test(test_pli),
		cmocka_unit_test(test_others_are_passed_over),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many_reports),
		cmocka_unit_test(test_ntp_and_rtt),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_sr_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
