/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order per call: what may be sent next, and what waits for whom */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>

#include "webhook/lanes.h"

enum {
	NOW = 1000000,
	S = 1000
};

static struct lanes *lanes;

static int setup(void **state)
{
	(void)state;
	lanes = lanes_new();

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lanes = lanes_free(lanes);

	return 0;
}

static void push(const char *id, const char *call)
{
	lanes_push(lanes, delivery_new(id, "event", call));
}

/** @return It, the caller's; its id is as wanted */
static struct delivery *pop(const char *id)
{
	struct delivery *d = lanes_pop(lanes);

	assert_non_null(d);
	assert_string_equal(d->id, id);

	return d;
}

static void done(struct delivery *d)
{
	lanes_done(lanes, d);
	delivery_free(d);
}

/** It fails, age ms after the first time. @return Until when the others wait */
static int64_t failed(struct delivery *d, int64_t age, int64_t next,
		      unsigned waited)
{
	struct delivery *list = NULL;
	const int64_t until = lanes_failed(lanes, d, NOW, age, next, &list);

	while (list) {
		struct delivery *after = list->next;

		--waited;
		delivery_free(list);
		list = after;
	}
	assert_int_equal(waited, 0);
	delivery_free(d);

	return until;
}

static void test_one_of_a_call_at_a_time(void **state)
{
	struct delivery *a1, *b1;

	push("a1", "a");
	push("a2", "a");
	push("b1", "b");
	push("a3", "a");
	assert_int_equal(lanes_count(lanes), 4);

	a1 = pop("a1");
	b1 = pop("b1");
	assert_null(lanes_pop(lanes));
	assert_false(lanes_has_ready(lanes));

	done(b1);
	assert_null(lanes_pop(lanes));
	done(a1);
	done(pop("a2"));
	done(pop("a3"));
	assert_null(lanes_pop(lanes));
	assert_int_equal(lanes_count(lanes), 0);
	assert_true(lanes_is_idle(lanes));
}

static void test_without_a_call_nothing_waits(void **state)
{
	struct delivery *x, *y, *list = NULL;

	push("x", NULL);
	push("y", NULL);
	x = pop("x");
	y = pop("y");
	assert_int_equal(lanes_failed(lanes, x, NOW, 0, NOW + 5 * S, &list), 0);
	assert_null(list);
	assert_int_equal(lanes_parked_until(lanes, NULL), 0);
	delivery_free(x);
	done(y);
	assert_true(lanes_is_idle(lanes));
}

static void test_a_failure_parks_its_call_alone(void **state)
{
	push("a1", "a");
	push("a2", "a");
	push("a3", "a");
	push("b1", "b");
	assert_int_equal(failed(pop("a1"), 0, NOW + 5 * S, 2), NOW + 5 * S);
	assert_int_equal(lanes_parked_until(lanes, "a"), NOW + 5 * S);
	assert_int_equal(lanes_parked_until(lanes, "b"), 0);
	assert_int_equal(lanes_count(lanes), 1);
	done(pop("b1"));
	assert_false(lanes_is_idle(lanes));

	/* they come again, in order */
	lanes_unpark(lanes, NOW + 4 * S);
	assert_int_equal(lanes_parked_until(lanes, "a"), NOW + 5 * S);
	push("a1", "a");
	push("a2", "a");
	lanes_unpark(lanes, NOW + 5 * S);
	assert_int_equal(lanes_parked_until(lanes, "a"), 0);
	done(pop("a1"));
	done(pop("a2"));
	assert_true(lanes_is_idle(lanes));
}

static void test_a_minute_at_most(void **state)
{
	push("a1", "a");
	push("a2", "a");
	assert_int_equal(failed(pop("a1"), 0, NOW + 5 * S, 1), NOW + 5 * S);

	/* the next attempt fails as well: the rest of the minute */
	push("a1", "a");
	push("a2", "a");
	assert_int_equal(failed(pop("a1"), 6 * S, NOW + 300 * S, 1),
			 NOW + 54 * S);

	/* then the others go; one that fails has a minute of its own */
	push("a2", "a");
	push("a3", "a");
	assert_int_equal(failed(pop("a2"), 0, NOW + 300 * S, 1), NOW + 60 * S);
}

/* An old event fails again: its minute is over */
static void test_what_failed_long_ago_holds_nobody(void **state)
{
	push("a1", "a");
	push("a2", "a");
	assert_int_equal(failed(pop("a1"), 60 * S, NOW + 1800 * S, 0), 0);
	done(pop("a2"));
}

static void test_parked_in_an_earlier_life(void **state)
{
	lanes_park(lanes, "a", NOW + 3 * S);
	assert_int_equal(lanes_parked_until(lanes, "a"), NOW + 3 * S);
	assert_false(lanes_is_idle(lanes));
	lanes_unpark(lanes, NOW + 3 * S);
	assert_true(lanes_is_idle(lanes));
}

static void test_everything_is_taken_out(void **state)
{
	struct delivery *d, *on_the_way;
	unsigned n = 0;

	push("a1", "a");
	push("a2", "a");
	push("b1", "b");
	push("b2", "b");
	push("x", NULL);
	on_the_way = pop("a1");
	for (d = lanes_take_all(lanes); d; ++n) {
		struct delivery *next = d->next;

		delivery_free(d);
		d = next;
	}
	assert_int_equal(n, 4);
	assert_int_equal(lanes_count(lanes), 0);
	/* the answer comes late */
	done(on_the_way);
	assert_null(lanes_pop(lanes));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_of_a_call_at_a_time),
		TEST(test_without_a_call_nothing_waits),
		TEST(test_a_failure_parks_its_call_alone),
		TEST(test_a_minute_at_most),
		TEST(test_what_failed_long_ago_holds_nobody),
		TEST(test_parked_in_an_earlier_life),
		TEST(test_everything_is_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
