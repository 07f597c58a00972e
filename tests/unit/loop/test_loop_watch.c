/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loop/loop_watch.h"

static void quiet(enum log_level level, const char *line)
{
	function_called();
	assert_int_equal(level, LOG_AT_WARN);
	assert_string_equal(line, "loop: verb held it for 21 ms "
				  "(0 more not told)");
}

static void test_slow_callbacks_are_named(void **state)
{
	struct loop_watch w = {0};

	log_set_sink(quiet);
	loop_watch_enter(&w, "quick", 1000);
	loop_watch_leave(&w, 1000 + LOOP_SLOW_US);
	assert_int_equal(w.slow, 0);

	expect_function_call(quiet);
	loop_watch_enter(&w, "verb", 1000);
	loop_watch_enter(&w, "inner", 2000); /* counts for the outer one */
	loop_watch_leave(&w, 2001);
	loop_watch_leave(&w, 22000);
	assert_int_equal(w.slow, 1);
	log_set_sink(NULL);
}

static void test_leave_without_enter(void **state)
{
	struct loop_watch w = {0};

	loop_watch_leave(&w, 1000000);
	assert_int_equal(w.slow, 0);
}

static void test_lag_rises_and_falls(void **state)
{
	struct loop_watch w = {0};
	int i;

	assert_int_equal(loop_watch_lag_us(&w), 0);
	loop_watch_sample(&w, 4000);
	assert_int_equal(loop_watch_lag_us(&w), 1000);
	for (i = 0; i < 100; ++i)
		loop_watch_sample(&w, 40000);
	assert_in_range(loop_watch_lag_us(&w), 39990, 40000);
	for (i = 0; i < 100; ++i)
		loop_watch_sample(&w, -5);
	assert_in_range(loop_watch_lag_us(&w), 0, 5);
}

static void test_worst_is_told_once(void **state)
{
	struct loop_watch w = {0};

	loop_watch_sample(&w, 10);
	loop_watch_sample(&w, 500);
	loop_watch_sample(&w, 20);
	assert_int_equal(loop_watch_take_max_us(&w), 500);
	assert_int_equal(loop_watch_take_max_us(&w), 0);
}

static void test_a_stuck_callback_is_lag(void **state)
{
	struct loop_watch w = {0};

	/* it began a microsecond after boot and still runs */
	loop_watch_enter(&w, "stuck", 1);
	assert_true(loop_watch_lag_us(&w) > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slow_callbacks_are_named),
		cmocka_unit_test(test_leave_without_enter),
		cmocka_unit_test(test_lag_rises_and_falls),
		cmocka_unit_test(test_worst_is_told_once),
		cmocka_unit_test(test_a_stuck_callback_is_lag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
