/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "media/dtmf4733.h"

enum {
	MS = 1000
};

static struct dtmf4733_rx rx;
static struct {
	char begun[64], ended[64];
	unsigned begin_ms, end_ms; /* of the last ones */
} heard;
static uint16_t seq;
static int64_t now_us;

static int setup(void **state)
{
	memset(&heard, 0, sizeof(heard));
	dtmf4733_rx_begin(&rx, 8000);
	seq = 1;
	now_us = 0;

	return 0;
}

static void hear(const struct dtmf_event *ev)
{
	char *list = ev->end ? heard.ended : heard.begun;

	list[strlen(list)] = ev->digit;
	if (ev->end)
		heard.end_ms = ev->duration_ms;
	else
		heard.begin_ms = ev->duration_ms;
}

static size_t put(uint32_t ssrc, unsigned code, bool end, unsigned units,
		  uint32_t ts, bool marker)
{
	const uint8_t payload[] = {(uint8_t)code, end ? 0x8a : 0x0a,
				   (uint8_t)(units >> 8), (uint8_t)units};
	const struct rtp_packet pkt = {
		.marker = marker,
		.seq = seq++,
		.ts = ts,
		.ssrc = ssrc,
		.payload = payload,
		.len = sizeof(payload),
	};
	struct dtmf_event ev[DTMF_EVENTS_MAX];
	const size_t n = dtmf4733_rx_packet(&rx, &pkt, now_us, ev);

	assert_true(n <= DTMF_EVENTS_MAX);
	for (size_t i = 0; i < n; ++i)
		hear(&ev[i]);
	now_us += 20 * MS;

	return n;
}

/* A whole press; bit n of lost: packet n does not arrive */
static void press(unsigned code, uint32_t ts, unsigned npackets, unsigned nends,
		  uint32_t lost)
{
	unsigned at = 0;

	for (unsigned i = 1; i <= npackets; ++i, ++at)
		if (!(lost >> at & 1))
			(void)put(1, code, false, i * 160, ts, i == 1);
	for (unsigned i = 0; i < nends; ++i, ++at)
		if (!(lost >> at & 1))
			(void)put(1, code, true, npackets * 160, ts, false);
}

static void test_digits(void **state)
{
	static const char all[] = "0123456789*#ABCD";

	for (unsigned code = 0; code < 16; ++code) {
		assert_int_equal(dtmf_digit(code), all[code]);
		assert_int_equal(dtmf_code(all[code]), code);
		press(code, 1000 + code * 4000, 8, 3, 0);
	}
	assert_string_equal(heard.begun, all);
	assert_string_equal(heard.ended, all);
	assert_int_equal(heard.begin_ms, 0);
	assert_int_equal(heard.end_ms, 160);
	assert_int_equal(dtmf_code('d'), 15);
	assert_int_equal(dtmf_code('E'), -1);
	assert_int_equal(dtmf_code('\0'), -1);
	assert_int_equal(dtmf_digit(16), 0);
	assert_int_equal(dtmf_digit(9999), 0);
}

/* Whatever is lost of a press, but not all of it: one begin, one end */
static void test_any_loss(void **state)
{
	for (uint32_t lost = 0; lost < (1u << 7) - 1; ++lost) {
		struct dtmf_event ev;

		(void)setup(NULL);
		press(5, 70000, 4, 3, lost);
		now_us += 300 * MS;
		if (dtmf4733_rx_poll(&rx, now_us, &ev))
			hear(&ev);
		assert_false(dtmf4733_rx_poll(&rx, now_us, &ev));
		assert_string_equal(heard.begun, "5");
		assert_string_equal(heard.ended, "5");

		/* and the same key again is another press */
		press(5, 90000, 4, 3, 0);
		assert_string_equal(heard.begun, "55");
		assert_string_equal(heard.ended, "55");
	}
}

static void test_next_press_ends_the_last(void **state)
{
	press(1, 1000, 4, 0, 0); /* its ends are lost */
	press(2, 3000, 4, 0, 0);
	press(2, 9000, 4, 3, 0);
	assert_string_equal(heard.begun, "122");
	assert_string_equal(heard.ended, "122");
}

static void test_only_an_end(void **state)
{
	assert_int_equal(put(1, 7, true, 800, 5000, false), 2);
	assert_int_equal(put(1, 7, true, 800, 5000, false), 0);
	assert_string_equal(heard.begun, "7");
	assert_string_equal(heard.ended, "7");
	assert_int_equal(heard.begin_ms, 100);
	assert_int_equal(heard.end_ms, 100);

	/* the end of the last, and a whole press, in one packet */
	(void)put(1, 3, false, 160, 8000, true);
	assert_int_equal(put(1, 4, true, 800, 12000, false), 3);
	assert_string_equal(heard.begun, "734");
	assert_string_equal(heard.ended, "734");
}

static void test_out_of_order(void **state)
{
	seq = 11;
	(void)put(1, 1, false, 320, 1000, false);
	seq = 10;
	(void)put(1, 1, false, 160, 1000, true); /* the first comes second */
	seq = 13;
	(void)put(1, 1, true, 480, 1000, false);
	seq = 12;
	(void)put(1, 1, false, 320, 1000, false); /* after the end */
	assert_string_equal(heard.begun, "1");
	assert_int_equal(heard.end_ms, 60);

	seq = 20;
	(void)put(1, 2, false, 160, 5000, true);
	seq = 14;
	(void)put(1, 1, true, 480, 1000, false); /* of the press before */
	seq = 21;
	(void)put(1, 2, true, 480, 5000, false);
	assert_string_equal(heard.begun, "12");
	assert_string_equal(heard.ended, "12");
}

static void test_long_press(void **state)
{
	uint32_t ts = 0xfffff000; /* wraps in the press */

	for (int segment = 0; segment < 3; ++segment) {
		for (unsigned u = 160; u < 0xffff; u += 160)
			(void)put(1, 9, false, u, ts, !segment && u == 160);
		(void)put(1, 9, false, 0xffff, ts, false);
		ts += 0xffff;
	}
	for (int i = 0; i < 3; ++i)
		(void)put(1, 9, true, 800, ts, false);
	assert_string_equal(heard.begun, "9");
	assert_string_equal(heard.ended, "9");
	assert_int_equal(heard.end_ms, (3 * 0xffff + 800) / 8);
}

/* Some senders count the timestamp up in every packet */
static void test_moving_timestamp(void **state)
{
	for (unsigned i = 0; i < 10; ++i)
		(void)put(1, 3, false, 160, 1000 + i * 160, i == 0);
	(void)put(1, 3, true, 160, 1000 + 10 * 160, false);
	assert_string_equal(heard.begun, "3");
	assert_string_equal(heard.ended, "3");
}

static void test_poll_only_after_a_pause(void **state)
{
	struct dtmf_event ev;

	assert_false(dtmf4733_rx_poll(&rx, 1000 * MS, &ev));
	(void)put(1, 3, false, 160, 1000, true);
	assert_false(dtmf4733_rx_poll(&rx, 200 * MS, &ev));
	assert_true(dtmf4733_rx_poll(&rx, 260 * MS, &ev));
	assert_true(ev.end);
	assert_int_equal(ev.digit, '3');
	assert_int_equal(ev.duration_ms, 20);
	/* what comes of it later is old */
	assert_int_equal(put(1, 3, true, 4000, 1000, false), 0);
}

static void test_other_source_and_restart(void **state)
{
	(void)put(1, 1, false, 160, 500000, true);
	(void)put(2, 1, false, 160, 1000, true); /* another SSRC */
	(void)put(2, 1, true, 320, 1000, false);
	assert_string_equal(heard.begun, "11");
	assert_string_equal(heard.ended, "11");

	/* its clock started over: believed as the sequence goes on */
	(void)put(2, 2, true, 320, 0x90000000, false);
	assert_string_equal(heard.begun, "112");

	/* both started over: believed after five seconds */
	seq = (uint16_t)(seq - 1000);
	(void)put(2, 3, true, 320, 0x8fff0000, false);
	assert_string_equal(heard.begun, "112");
	now_us += 6000 * MS;
	(void)put(2, 3, true, 320, 0x8fff0000, false);
	assert_string_equal(heard.begun, "1123");
}

static void test_not_digits(void **state)
{
	const uint8_t payload[] = {5, 0x0a, 0, 160};
	struct rtp_packet pkt = {.payload = payload};
	struct dtmf_event ev[DTMF_EVENTS_MAX];

	assert_int_equal(put(1, 16, false, 160, 1000, true), 0); /* flash */
	assert_int_equal(put(1, 255, true, 160, 2000, true), 0);
	for (pkt.len = 0; pkt.len < 4; ++pkt.len)
		assert_int_equal(dtmf4733_rx_packet(&rx, &pkt, 0, ev), 0);
	assert_string_equal(heard.begun, "");
}

/* What we send is what we hear */
static void check_sender(char digit, unsigned duration_ms, unsigned clock,
			 unsigned step_ms)
{
	struct dtmf4733_tx tx;
	struct dtmf_out out;
	unsigned n = 0, ends = 0, last = 0;
	uint32_t offset = 0;

	(void)setup(NULL);
	dtmf4733_rx_begin(&rx, clock);
	assert_int_equal(
		dtmf4733_tx_start(&tx, digit, duration_ms, clock, step_ms), 0);
	while (dtmf4733_tx_step(&tx, &out)) {
		const bool end = (out.payload[1] & 0x80) != 0;
		const unsigned units =
			(unsigned)(out.payload[2] << 8 | out.payload[3]);

		assert_int_equal(out.payload[0], dtmf_code(digit));
		assert_int_equal(out.marker, n == 0);
		assert_true(out.ts_offset >= offset);
		if (out.ts_offset == offset)
			assert_true(units >= last);
		offset = out.ts_offset;
		last = units;
		ends += end;
		(void)put(1, out.payload[0], end, units, 77 + out.ts_offset,
			  out.marker);
		assert_true(++n < 10000);
	}
	assert_int_equal(ends, 3);
	assert_false(dtmf4733_tx_step(&tx, &out));
	assert_int_equal(strlen(heard.begun), 1);
	assert_int_equal(heard.ended[0], digit);
	assert_int_equal(heard.end_ms, duration_ms);
}

static void test_sender(void **state)
{
	struct dtmf4733_tx tx;

	check_sender('5', 160, 8000, 20);
	check_sender('#', 100, 48000, 20);
	check_sender('D', 10, 8000, 20);
	check_sender('0', 70, 8000, 30);
	check_sender('1', 20000, 8000, 20);  /* three segments */
	check_sender('1', 60000, 48000, 20); /* 44 */

	assert_int_equal(dtmf4733_tx_start(&tx, 'x', 160, 8000, 20), EINVAL);
	assert_int_equal(dtmf4733_tx_start(&tx, '1', 0, 8000, 20), EINVAL);
	assert_int_equal(dtmf4733_tx_start(&tx, '1', 60001, 8000, 20), EINVAL);
	assert_int_equal(dtmf4733_tx_start(&tx, '1', 160, 8000, 0), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_digits, setup),
		cmocka_unit_test_setup(test_any_loss, setup),
		cmocka_unit_test_setup(test_next_press_ends_the_last, setup),
		cmocka_unit_test_setup(test_only_an_end, setup),
		cmocka_unit_test_setup(test_out_of_order, setup),
		cmocka_unit_test_setup(test_long_press, setup),
		cmocka_unit_test_setup(test_moving_timestamp, setup),
		cmocka_unit_test_setup(test_poll_only_after_a_pause, setup),
		cmocka_unit_test_setup(test_other_source_and_restart, setup),
		cmocka_unit_test_setup(test_not_digits, setup),
		cmocka_unit_test_setup(test_sender, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
