/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/obj.h"
#include "loop/timers.h"

enum {
	MANY = 500
};

struct fix {
	struct clock_fake clk;
	struct timers *timers;
	struct timer a, b, c;
	char ran[64]; /* a letter for each callback */
	unsigned changes;
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	clock_fake_init(&f->clk, 0);
	assert_int_equal(timers_alloc(&f->timers, &f->clk.clock), 0);
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	obj_unref(f->timers);
	free(f);

	return 0;
}

static void note(struct fix *f, const char *letter)
{
	strncat(f->ran, letter, sizeof(f->ran) - strlen(f->ran) - 1);
}

static void on_a(void *arg)
{
	note(arg, "a");
}

static void on_b(void *arg)
{
	note(arg, "b");
}

static void on_c(void *arg)
{
	note(arg, "c");
}

static void start(struct fix *f, struct timer *t, int64_t ms, timer_h *fn)
{
	timer_start(f->timers, t, ms, "test", fn, f);
}

static void test_runs_when_due_in_order(void **state)
{
	struct fix *f = *state;

	assert_int_equal(timers_next_us(f->timers), -1);
	start(f, &f->b, 20, on_b);
	start(f, &f->a, 10, on_a);
	start(f, &f->c, 20, on_c);
	assert_int_equal(timers_count(f->timers), 3);
	assert_int_equal(timers_next_us(f->timers), 10000);
	assert_int_equal(timers_run(f->timers), 0);

	clock_fake_advance_ms(&f->clk, 10);
	assert_int_equal(timers_next_us(f->timers), 0);
	assert_int_equal(timers_run(f->timers), 1);
	assert_false(timer_is_running(&f->a));
	assert_true(timer_is_running(&f->b));

	clock_fake_advance_ms(&f->clk, 1000);
	assert_int_equal(timers_run(f->timers), 2);
	assert_string_equal(f->ran, "abc"); /* b was started before c */
	assert_int_equal(timers_count(f->timers), 0);
}

static void test_starting_again_moves(void **state)
{
	struct fix *f = *state;

	start(f, &f->a, 10, on_a);
	start(f, &f->a, 50, on_b);
	assert_int_equal(timers_count(f->timers), 1);
	clock_fake_advance_ms(&f->clk, 49);
	assert_int_equal(timers_run(f->timers), 0);
	clock_fake_advance_ms(&f->clk, 1);
	assert_int_equal(timers_run(f->timers), 1);
	assert_string_equal(f->ran, "b");
}

static void test_cancel(void **state)
{
	struct fix *f = *state;

	timer_cancel(f->timers, &f->a); /* nothing happens */
	start(f, &f->a, 10, on_a);
	start(f, &f->b, 10, on_b);
	timer_cancel(f->timers, &f->a);
	timer_cancel(f->timers, &f->a);
	assert_false(timer_is_running(&f->a));
	clock_fake_advance_ms(&f->clk, 10);
	assert_int_equal(timers_run(f->timers), 1);
	assert_string_equal(f->ran, "b");
}

static void on_cancel_others(void *arg)
{
	struct fix *f = arg;

	note(f, "x");
	timer_cancel(f->timers, &f->b);
	start(f, &f->c, 0, on_c);
}

static void test_callback_may_cancel_and_start(void **state)
{
	struct fix *f = *state;

	start(f, &f->a, 10, on_cancel_others);
	start(f, &f->b, 10, on_b);
	clock_fake_advance_ms(&f->clk, 10);
	assert_int_equal(timers_run(f->timers), 1);
	assert_string_equal(f->ran, "x");
	/* what began with no delay has its turn next time */
	assert_int_equal(timers_next_us(f->timers), 0);
	assert_int_equal(timers_run(f->timers), 1);
	assert_string_equal(f->ran, "xc");
}

static void on_again(void *arg)
{
	struct fix *f = arg;

	note(f, "r");
	start(f, &f->a, 0, on_again);
}

static void test_restart_with_no_delay_does_not_spin(void **state)
{
	struct fix *f = *state;

	start(f, &f->a, 0, on_again);
	start(f, &f->b, 0, on_b);
	assert_int_equal(timers_run(f->timers), 2);
	assert_int_equal(timers_run(f->timers), 1);
	assert_string_equal(f->ran, "rbr");
	timer_cancel(f->timers, &f->a);
}

struct owned {
	struct timer timer;
	struct fix *f;
};

static void on_free_self(void *arg)
{
	struct owned *o = arg;

	note(o->f, "f");
	free(o);
}

static void test_callback_may_free_its_timer(void **state)
{
	struct fix *f = *state;
	struct owned *o = calloc(1, sizeof(*o));

	o->f = f;
	timer_start(f->timers, &o->timer, 1, "own", on_free_self, o);
	clock_fake_advance_ms(&f->clk, 1);
	assert_int_equal(timers_run(f->timers), 1);
	assert_string_equal(f->ran, "f");
}

static void on_change(void *arg)
{
	++((struct fix *)arg)->changes;
}

static void test_tells_of_an_earlier_time(void **state)
{
	struct fix *f = *state;

	timers_on_change(f->timers, on_change, f);
	start(f, &f->a, 20, on_a);
	assert_int_equal(f->changes, 1);
	start(f, &f->b, 30, on_b); /* later: no change */
	assert_int_equal(f->changes, 1);
	start(f, &f->c, 10, on_c);
	assert_int_equal(f->changes, 2);
	timer_cancel(f->timers, &f->b);
	assert_int_equal(f->changes, 2);
	timer_cancel(f->timers, &f->c);
	assert_int_equal(f->changes, 3);

	clock_fake_advance_ms(&f->clk, 20);
	timers_run(f->timers); /* once, at the end of a run */
	assert_int_equal(f->changes, 4);
	timers_run(f->timers);
	assert_int_equal(f->changes, 4);
}

static void on_begin(void *arg, const char *name)
{
	note(arg, "<");
	note(arg, name);
}

static void on_end(void *arg)
{
	note(arg, ">");
}

static void test_names_who_runs(void **state)
{
	struct fix *f = *state;

	timers_watch(f->timers, on_begin, on_end, f);
	timer_start(f->timers, &f->a, 0, "ring", on_a, f);
	timers_run(f->timers);
	assert_string_equal(f->ran, "<ringa>");
}

static void test_negative_delay_is_none(void **state)
{
	struct fix *f = *state;

	start(f, &f->a, -5, on_a);
	assert_int_equal(timers_next_us(f->timers), 0);
	assert_int_equal(timers_run(f->timers), 1);
}

struct one {
	struct timer timer;
	int64_t due_ms;
	struct clock_fake *clk;
	int64_t *lastp;
	unsigned runs;
};

static void on_one(void *arg)
{
	struct one *one = arg;

	++one->runs;
	/* in order, never early */
	assert_true(one->due_ms >= *one->lastp);
	assert_true(clock_mono_ms(&one->clk->clock) >= one->due_ms);
	*one->lastp = one->due_ms;
}

static void test_many_in_order(void **state)
{
	struct fix *f = *state;
	struct one *all = calloc(MANY, sizeof(*all));
	uint32_t seed = 12345;
	int64_t last = 0;
	unsigned i;

	for (i = 0; i < 3 * MANY; ++i) {
		struct one *one = &all[i % MANY];

		seed = seed * 1664525u + 1013904223u;
		one->due_ms = seed >> 22;
		one->clk = &f->clk;
		one->lastp = &last;
		timer_start(f->timers, &one->timer, one->due_ms, "one", on_one,
			    one);
		if (seed & 0x100000)
			timer_cancel(f->timers, &all[(seed >> 8) % MANY].timer);
	}
	for (i = 0; i < MANY; ++i)
		all[i].runs = !timer_is_running(&all[i].timer);
	for (i = 0; i < 1024; ++i) {
		clock_fake_advance_ms(&f->clk, 1);
		timers_run(f->timers);
	}
	assert_int_equal(timers_count(f->timers), 0);
	for (i = 0; i < MANY; ++i)
		assert_int_equal(all[i].runs, 1);
	free(all);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_runs_when_due_in_order),
		T(test_starting_again_moves),
		T(test_cancel),
		T(test_callback_may_cancel_and_start),
		T(test_restart_with_no_delay_does_not_spin),
		T(test_callback_may_free_its_timer),
		T(test_tells_of_an_earlier_time),
		T(test_names_who_runs),
		T(test_negative_delay_is_none),
		T(test_many_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
