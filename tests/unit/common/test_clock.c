/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

static void test_fake_moves_by_hand(void **state)
{
	struct clock_fake fake;

	clock_fake_init(&fake, 1000);
	assert_int_equal(clock_mono_us(&fake.clock), 0);
	assert_int_equal(clock_wall_ms(&fake.clock), 1000);
	clock_fake_advance_ms(&fake, 250);
	assert_int_equal(clock_mono_us(&fake.clock), 250000);
	assert_int_equal(clock_mono_ms(&fake.clock), 250);
	assert_int_equal(clock_wall_ms(&fake.clock), 1250);
}

static void test_system_goes_on(void **state)
{
	const struct clock *clk = clock_system();
	const int64_t before = clock_mono_us(clk);

	assert_true(before > 0);
	assert_true(clock_mono_us(clk) >= before);
	/* after 2020-01-01 */
	assert_true(clock_wall_ms(clk) > 1577836800000);
}

static const struct {
	int64_t ms;
	const char *text;
} written[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{1795446245678, "2026-11-23T15:04:05.678Z"},
	{951782400000, "2000-02-29T00:00:00.000Z"},
	{-1, "1969-12-31T23:59:59.999Z"},
	{-1000, "1969-12-31T23:59:59.000Z"},
	{253402300799999, "9999-12-31T23:59:59.999Z"},
	{INT64_MAX, "9999-12-31T23:59:59.999Z"},
	{INT64_MIN, "0000-01-01T00:00:00.000Z"},
};

static void test_writes_rfc3339(void **state)
{
	char buf[CLOCK_RFC3339_SIZE];
	unsigned i;

	for (i = 0; i < sizeof(written) / sizeof(written[0]); ++i) {
		clock_rfc3339(buf, sizeof(buf), written[i].ms);
		assert_string_equal(buf, written[i].text);
	}
}

/* Every day of 10,000 years, at a time of day that moves */
static void test_writes_the_calendar_of_the_c_library(void **state)
{
	const int64_t first = -62167219200LL, days = 3652425 - 1;
	char buf[CLOCK_RFC3339_SIZE], want[CLOCK_RFC3339_SIZE];
	int64_t day;

	for (day = 0; day < days; ++day) {
		const time_t sec =
			(time_t)(first + day * 86400 + day * 7919 % 86400);
		struct tm tm;

		gmtime_r(&sec, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		if (tm.tm_year < -900)
			continue; /* strftime() writes years as they come */
		clock_rfc3339(buf, sizeof(buf), (int64_t)sec * 1000);
		if (strcmp(buf, want) != 0)
			fail_msg("%s, not %s", buf, want);
	}
}

static void test_reads_what_it_writes(void **state)
{
	unsigned i;

	for (i = 0; i < 6; ++i) {
		int64_t ms = 7;

		assert_int_equal(clock_parse_rfc3339(written[i].text, &ms), 0);
		assert_int_equal(ms, written[i].ms);
	}
}

static void test_reads_every_form(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} forms[] = {
		{"1970-01-01T00:00:01Z", 1000},
		{"1970-01-01t00:00:01z", 1000},
		{"1970-01-01 00:00:01Z", 1000},
		{"1970-01-01T01:00:01+01:00", 1000},
		{"1969-12-31T20:30:01-03:30", 1000},
		{"1970-01-01T00:00:00.1Z", 100},
		{"1970-01-01T00:00:00.0019999999999999Z", 1},
		{"1972-06-30T23:59:60Z", 78796800000},
		{"2000-02-29T00:00:00-00:00", 951782400000},
	};
	unsigned i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); ++i) {
		int64_t ms = -7;

		assert_int_equal(clock_parse_rfc3339(forms[i].text, &ms), 0);
		assert_int_equal(ms, forms[i].ms);
	}
}

static void test_refuses_what_is_no_time(void **state)
{
	static const char *const wrong[] = {
		"",
		"2026",
		"2026-11-23",
		"2026-11-23T15:04Z",
		"2026-11-23T15:04:05",
		"2026-11-23T15:04:05.Z",
		"2026-11-23T15:04:05Zx",
		"2026-11-23T15:04:05+01",
		"2026-11-23T15:04:05+0100",
		"2026-11-23T15:04:05+24:00",
		"2026-11-23T24:00:00Z",
		"2026-11-23T15:60:00Z",
		"2026-11-23T15:04:61Z",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-01-32T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"26-11-23T15:04:05Z",
		" 2026-11-23T15:04:05Z",
		"-026-11-23T15:04:05Z",
		"2026-11-23T15:04:05\xff",
	};
	unsigned i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i) {
		int64_t ms = -7;

		assert_int_equal(clock_parse_rfc3339(wrong[i], &ms), EINVAL);
		assert_int_equal(ms, -7);
	}
	assert_int_equal(clock_parse_rfc3339(NULL, NULL), EINVAL);
}

static void test_days_agree_with_the_calendar(void **state)
{
	char buf[CLOCK_RFC3339_SIZE];
	int64_t day;

	/* every 13th day from 1600 to 2400, there and back */
	for (day = -135140; day < 157054; day += 13) {
		int64_t ms;

		clock_rfc3339(buf, sizeof(buf), day * 86400000);
		assert_int_equal(clock_parse_rfc3339(buf, &ms), 0);
		assert_int_equal(ms, day * 86400000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fake_moves_by_hand),
		cmocka_unit_test(test_system_goes_on),
		cmocka_unit_test(test_writes_rfc3339),
		cmocka_unit_test(test_writes_the_calendar_of_the_c_library),
		cmocka_unit_test(test_reads_what_it_writes),
		cmocka_unit_test(test_reads_every_form),
		cmocka_unit_test(test_refuses_what_is_no_time),
		cmocka_unit_test(test_days_agree_with_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
