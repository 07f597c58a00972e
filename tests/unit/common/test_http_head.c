/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "common/http_head.h"

enum {
	NOV_1994 = 784111777, /* RFC 9110's example */
};

static void test_three_forms_of_a_date(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_s;
	} good[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", NOV_1994},
		{"Sunday, 06-Nov-94 08:49:37 GMT", NOV_1994},
		{"Sun Nov  6 08:49:37 1994", NOV_1994},
		{"Sun, 06 Nov 1994 08:49:37 UTC", NOV_1994},
		{"Xyz, 06 Nov 1994 08:49:37 GMT", NOV_1994},
		{"Wed Nov 16 08:49:37 1994", NOV_1994 + 10 * 86400},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
		{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
		{"Monday, 15-Nov-69 00:00:00 GMT", 3151699200},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(*good); ++i) {
		int64_t unix_s = -1;

		if (http_date_parse(good[i].text, &unix_s))
			fail_msg("%s is a date", good[i].text);
		assert_int_equal(unix_s, good[i].unix_s);
	}
}

static void test_what_is_no_date(void **state)
{
	static const char *const bad[] = {
		"",
		"Sun",
		"Sun,",
		", 06 Nov 1994 08:49:37 GMT",
		"06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 CET",
		"Sun, 06 Nov 1994 08:49:37 GMT x",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 199 08:49:37 GMT",
		"Sun, 06 Nov 19941 08:49:37 GMT",
		"Sun, 06-Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 32 Oct 1994 08:49:37 GMT",
		"Wed, 30 Feb 2024 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:00 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 06 Nov 1969 08:49:37 GMT",
		"Sun, -6 Nov 1994 08:49:37 GMT",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37 1994 GMT",
		"2024-02-29T12:00:00Z",
	};
	int64_t unix_s = -7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); ++i)
		if (http_date_parse(bad[i], &unix_s) != EINVAL)
			fail_msg("\"%s\" is no date", bad[i]);
	assert_int_equal(http_date_parse(NULL, &unix_s), EINVAL);
	assert_int_equal(unix_s, -7);
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *text;
		int64_t wait_s;
	} rows[] = {
		{"0", 0},
		{"120", 120},
		{"00120", 120},
		{"2147483647", INT32_MAX},
		{"2147483648", INT32_MAX},
		{"99999999999999999999999999999999", INT32_MAX},
		{"Sun, 06 Nov 1994 08:50:37 GMT", 60},
		{"Sun, 06 Nov 1994 08:49:37 GMT", 0},
		{"Sun, 06 Nov 1994 08:49:36 GMT", 0}, /* it is over */
		{"Fri, 31 Dec 9999 23:59:59 GMT", INT32_MAX},
		{"", -1},
		{"-1", -1},
		{"+1", -1},
		{"1.5", -1},
		{"1 s", -1},
		{" 1", -1},
		{"soon", -1},
		{NULL, -1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); ++i)
		if (http_retry_after_s(rows[i].text, NOV_1994) !=
		    rows[i].wait_s)
			fail_msg("\"%s\" is read as %lld", rows[i].text,
				 (long long)http_retry_after_s(rows[i].text,
							       NOV_1994));
}

static void test_cache_control(void **state)
{
	static const struct {
		const char *text;
		int64_t max_age_s;
		bool no_store;
	} rows[] = {
		{"", -1, false},
		{"public", -1, false},
		{"max-age=60", 60, false},
		{"MAX-AGE=60", 60, false},
		{"public, max-age=60, must-revalidate", 60, false},
		{" ,, max-age = 60 ,", 60, false},
		{"max-age=\"60\"", 60, false},
		{"max-age=60, max-age=30", 30, false},
		{"max-age=30, max-age=60", 30, false},
		{"max-age=0", 0, false},
		{"max-age=99999999999999999999", INT32_MAX, false},
		{"max-age", 0, false},
		{"max-age=", 0, false},
		{"max-age=-5", 0, false},
		{"max-age=soon", 0, false},
		{"max-age=60x", 0, false},
		{"s-maxage=60", -1, false},
		{"x-max-age=60", -1, false},
		{"max-age=60, no-cache", 0, false},
		{"no-cache=\"set-cookie\", max-age=60", 60, false},
		{"no-store", 0, true},
		{"No-Store, max-age=60", 0, true},
		{"x=\"a, no-store\", max-age=5", 5, false},
		{"x=\"a\\\", no-store\", max-age=5", 5, false},
		{"x=\"no-store, max-age=5", -1, false}, /* never closed */
		{"x=\"\\", -1, false},
		{"=60", -1, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); ++i) {
		struct http_freshness fresh = HTTP_FRESHNESS_UNSAID;

		http_cache_control(&fresh, rows[i].text);
		if (fresh.max_age_s != rows[i].max_age_s ||
		    fresh.no_store != rows[i].no_store)
			fail_msg("\"%s\" is read as %lld, %d", rows[i].text,
				 (long long)fresh.max_age_s, fresh.no_store);
	}
}

static void test_age_and_several_lines(void **state)
{
	struct http_freshness fresh = HTTP_FRESHNESS_UNSAID;

	(void)state;
	http_age(&fresh, "10");
	assert_int_equal(fresh.max_age_s, -1);
	http_cache_control(&fresh, "max-age=60");
	http_cache_control(&fresh, "public");
	http_cache_control(&fresh, NULL);
	http_age(&fresh, NULL);
	http_age(&fresh, "-5");
	http_age(&fresh, "x");
	assert_int_equal(fresh.max_age_s, 60);
	http_age(&fresh, "45");
	assert_int_equal(fresh.max_age_s, 15);
	http_age(&fresh, "999999999999999");
	assert_int_equal(fresh.max_age_s, 0);
	http_cache_control(&fresh, "no-store");
	assert_true(fresh.no_store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_forms_of_a_date),
		cmocka_unit_test(test_what_is_no_date),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_cache_control),
		cmocka_unit_test(test_age_and_several_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
