/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <semaphore.h>
#include <sofia-sip/su_wait.h>

#include "loop/loop.h"
#include "loop/su_clock.h"

enum {
	TIMERS = 20,
	/* of the loop, for them: each wakes it, and so does what else there
	 * is. The rest of a millisecond is hundreds when it is spun away. */
	TURNS_MAX = 100
};

struct fix {
	struct loop *loop;
	su_timer_t *timer;
	unsigned turns, fired; /* thread: loop */
	sem_t done;
};

static void on_turn(su_prepoll_magic_t *magic, su_root_t *root)
{
	struct fix *f = (struct fix *)magic;

	(void)root;
	++f->turns;
}

static void on_timer(su_root_magic_t *magic, su_timer_t *timer, void *arg)
{
	struct fix *f = arg;

	(void)magic;
	if (++f->fired < TIMERS)
		su_timer_set(timer, on_timer, f);
	else
		sem_post(&f->done);
}

static void begin(void *arg)
{
	struct fix *f = arg;
	su_root_t *root = loop_su_root(f->loop);

	su_root_add_prepoll(root, on_turn, (su_prepoll_magic_t *)f);
	f->timer = su_timer_create(su_root_task(root), 7);
	su_timer_set(f->timer, on_timer, f);
}

static void end(void *arg)
{
	struct fix *f = arg;

	su_timer_destroy(f->timer);
	su_root_remove_prepoll(loop_su_root(f->loop));
}

static void test_the_loop_sleeps_until_sofias_timers_are_due(void **state)
{
	struct fix f = {0};

	(void)state;
	if (!su_clock_tick())
		skip(); /* a sofia without the hook */

	sem_init(&f.done, 0, 0);
	assert_int_equal(loop_start(&f.loop, clock_system()), 0);
	assert_int_equal(loop_call(f.loop, "begin", begin, &f), 0);
	while (sem_wait(&f.done))
		;
	assert_int_equal(loop_call(f.loop, "end", end, &f), 0);
	assert_null(loop_stop(f.loop));
	sem_destroy(&f.done);

	assert_int_equal(f.fired, TIMERS);
	assert_in_range(f.turns, TIMERS, TURNS_MAX);
}

static void test_sofias_time_advances_by_ticks_and_is_never_set(void **state)
{
	const int64_t before_us = clock_mono_us(clock_system());
	int64_t us;
	su_time_t tv;

	(void)state;
	if (!su_clock_tick())
		skip();

	su_time(&tv);
	assert_int_equal(tv.tv_usec % SU_CLOCK_TICK_US, 0);
	/* whoever sets the time of day leaves its timers as they are */
	us = (int64_t)(tv.tv_sec - SU_TIME_EPOCH) * 1000000 +
	     (int64_t)tv.tv_usec;
	assert_in_range(us, before_us - SU_CLOCK_TICK_US,
			clock_mono_us(clock_system()));
	su_time(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_the_loop_sleeps_until_sofias_timers_are_due),
		cmocka_unit_test(
			test_sofias_time_advances_by_ticks_and_is_never_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
