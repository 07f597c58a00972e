/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "webhook/retry.h"

#define S 1000

static const struct retry_schedule sched = {
	.n = 9,
	.delay_ms = {5 * S, 300 * S, 1800 * S, 7200 * S, 18000 * S, 36000 * S,
		     50400 * S, 72000 * S, 86400 * S},
};

static void test_what_an_answer_means(void **state)
{
	int status;

	(void)state;
	for (status = 0; status < 1000; ++status) {
		const enum retry_verdict verdict = retry_judge(status);

		if (status >= 200 && status < 300)
			assert_int_equal(verdict, RETRY_DELIVERED);
		else if (status == 410)
			assert_int_equal(verdict, RETRY_GONE);
		else
			assert_int_equal(verdict, RETRY_AGAIN);
	}
}

static void test_a_tenth_either_way(void **state)
{
	static const uint32_t bits[] = {0,          1,          0x7fffffff,
					0x80000000, 0xfffffffe, 0xffffffff};
	unsigned i, k;

	(void)state;
	for (i = 1; i <= sched.n; ++i) {
		const int64_t delay = sched.delay_ms[i - 1];

		for (k = 0; k < sizeof(bits) / sizeof(bits[0]); ++k) {
			const int64_t ms =
				retry_delay_ms(&sched, i, -1, bits[k]);

			assert_in_range(ms, delay - delay / 10,
					delay + delay / 10);
		}
		assert_int_equal(retry_delay_ms(&sched, i, -1, 0),
				 delay - delay / 10);
		assert_int_equal(retry_delay_ms(&sched, i, -1, 0x80000000),
				 delay);
		assert_in_range(retry_delay_ms(&sched, i, -1, 0xffffffff),
				delay + delay / 10 - 1, delay + delay / 10);
	}
}

static void test_no_attempt_is_left(void **state)
{
	static const struct retry_schedule none = {.n = 0};

	(void)state;
	assert_true(retry_delay_ms(&sched, 9, -1, 0) > 0);
	assert_int_equal(retry_delay_ms(&sched, 10, -1, 0), -1);
	assert_int_equal(retry_delay_ms(&sched, 1000, -1, 0), -1);
	/* however long it asks to wait */
	assert_int_equal(retry_delay_ms(&sched, 10, 60, 0), -1);
	assert_int_equal(retry_delay_ms(&none, 1, -1, 0), -1);
	assert_int_equal(retry_delay_ms(&sched, 0, -1, 0), -1);
}

static void test_what_the_endpoint_asks_for(void **state)
{
	(void)state;
	/* longer: never before, a tenth later at most */
	assert_int_equal(retry_delay_ms(&sched, 1, 60, 0), 60 * S);
	assert_in_range(retry_delay_ms(&sched, 1, 60, 0xffffffff), 60 * S,
			66 * S);
	/* shorter: the schedule goes on, or ten attempts are soon used up */
	assert_int_equal(retry_delay_ms(&sched, 2, 1, 0x80000000), 300 * S);
	assert_int_equal(retry_delay_ms(&sched, 1, 0, 0x80000000), 5 * S);
	/* bounded */
	assert_int_equal(retry_delay_ms(&sched, 1, (int64_t)1 << 31, 0),
			 86400 * S);
	assert_int_equal(retry_delay_ms(&sched, 1, INT64_MAX, 0), 86400 * S);
}

static void test_how_long_ago_it_began(void **state)
{
	(void)state;
	assert_int_equal(retry_age_ms(&sched, 0), 0);
	assert_int_equal(retry_age_ms(&sched, 1), 0);
	assert_int_equal(retry_age_ms(&sched, 2), 5500);
	assert_int_equal(retry_age_ms(&sched, 3), 335500);
	assert_int_equal(retry_age_ms(&sched, 100), retry_age_ms(&sched, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_an_answer_means),
		cmocka_unit_test(test_a_tenth_either_way),
		cmocka_unit_test(test_no_attempt_is_left),
		cmocka_unit_test(test_what_the_endpoint_asks_for),
		cmocka_unit_test(test_how_long_ago_it_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
