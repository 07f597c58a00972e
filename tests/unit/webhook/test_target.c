/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much a server is given at once, by how it does */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "webhook/target.h"

static struct target_places places;
static struct target target;

static int setup(void **state)
{
	(void)state;
	places = (struct target_places){.max = 10, .max_target = 8};
	target = (struct target){.window = 0};

	return 0;
}

static bool may_start(int64_t now_ms)
{
	int64_t wait = 1000;

	return target_may_start(&target, &places, now_ms, &wait);
}

/** As many as it may have now */
static unsigned start_all(int64_t now_ms)
{
	unsigned n = 0;

	for (; may_start(now_ms); ++n)
		(void)target_started(&target, &places, now_ms);

	return n;
}

static enum target_news end(bool answered, bool delivered, int64_t latency_ms)
{
	const struct target_end e = {
		.was_slow = target.is_slow && places.slow,
		.answered = answered,
		.delivered = delivered,
		.latency_ms = latency_ms,
	};

	return target_ended(&target, &places, &e);
}

static void test_begins_with_one_and_doubles(void **state)
{
	static const unsigned want[] = {1, 2, 4, 8, 8};
	unsigned i, k;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); ++i) {
		target.window = want[i];
		assert_int_equal(start_all(0), want[i]);
		for (k = 0; k < want[i]; ++k)
			assert_int_equal(end(true, true, 5), TARGET_AS_BEFORE);
		assert_int_equal(places.running, 0);
	}
	assert_int_equal(target.window, 8);
}

static void test_goes_down_once_and_comes_back(void **state)
{
	unsigned i;

	target.window = 8;
	assert_int_equal(start_all(0), 8);
	for (i = 1; i < TARGET_DOWN_AFTER; ++i)
		assert_int_equal(end(false, false, 1), TARGET_AS_BEFORE);
	assert_int_equal(end(true, false, 1), TARGET_WENT_DOWN);

	/* one at a time, with a pause */
	assert_int_equal(start_all(1000), 1);
	assert_int_equal(end(false, false, 1), TARGET_AS_BEFORE);
	assert_false(may_start(1000 + TARGET_PAUSE_MS - 1));
	assert_int_equal(start_all(1000 + TARGET_PAUSE_MS), 1);

	assert_int_equal(end(true, true, 1), TARGET_CAME_BACK);
	assert_int_equal(start_all(1000 + TARGET_PAUSE_MS), 2);
}

static void test_says_when_to_ask_again(void **state)
{
	int64_t wait = 1000;

	target.is_down = true;
	(void)target_started(&target, &places, 5000);
	(void)end(false, false, 1);
	assert_false(target_may_start(&target, &places, 5100, &wait));
	assert_int_equal(wait, TARGET_PAUSE_MS - 100);
}

static void test_one_that_hangs_has_one_place(void **state)
{
	target.window = 8;
	assert_int_equal(start_all(0), 8);
	while (target.running)
		(void)end(false, false, 15000);
	target.is_down = false;
	assert_int_equal(start_all(1000000), 1);
}

/* Errors that come at once cost nothing: a third of all may fail */
static void test_failures_now_and_then_change_nothing(void **state)
{
	unsigned i;

	target.window = 8;
	for (i = 0; i < 100; ++i) {
		(void)target_started(&target, &places, 0);
		assert_int_equal(end(true, i % 3 != 0, 5), TARGET_AS_BEFORE);
	}
	assert_int_equal(target.window, 8);
	assert_false(target.is_down);
}

static void test_slow_ones_leave_half_of_the_places(void **state)
{
	struct target others[4];
	unsigned i, slow = 0, n = 0;
	int64_t wait = 0;

	places.max = 10;
	for (i = 0; i < 4; ++i) {
		others[i] = (struct target){.window = 8, .is_slow = i < 3};
		while (target_may_start(&others[i], &places, 0, &wait)) {
			slow += target_started(&others[i], &places, 0);
			++n;
		}
	}
	assert_int_equal(slow, 5);
	assert_int_equal(n, 10);
	assert_int_equal(others[3].running, 5);

	while (others[0].running)
		target_dropped(&others[0], &places, true);
	assert_int_equal(places.slow, 0);
}

static void test_never_more_than_all_places(void **state)
{
	target.window = 8;
	places.running = 7;
	assert_int_equal(start_all(0), 3);
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_begins_with_one_and_doubles),
		TEST(test_goes_down_once_and_comes_back),
		TEST(test_says_when_to_ask_again),
		TEST(test_one_that_hangs_has_one_place),
		TEST(test_failures_now_and_then_change_nothing),
		TEST(test_slow_ones_leave_half_of_the_places),
		TEST(test_never_more_than_all_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
