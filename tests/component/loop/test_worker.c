/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "loop/worker.h"

struct fix {
	struct loop *loop;
	struct workers *w;
	atomic_uint worked, done, wrong;
	atomic_bool hold;
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	assert_int_equal(loop_start(&f->loop, clock_system()), 0);
	assert_int_equal(workers_start(&f->w, f->loop, 2, 4), 0);
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	f->hold = false;
	assert_null(workers_stop(f->w));
	assert_null(loop_stop(f->loop));
	free(f);

	return 0;
}

static void on_work(void *arg)
{
	struct fix *f = arg;

	if (loop_is_current(f->loop))
		++f->wrong;
	++f->worked;
	while (f->hold)
		sched_yield();
}

static void on_done(void *arg)
{
	struct fix *f = arg;

	if (!loop_is_current(f->loop))
		++f->wrong;
	++f->done;
}

static int run(struct fix *f)
{
	return worker_run(f->w, "test", on_work, on_done, f);
}

static void test_works_there_and_ends_on_the_loop(void **state)
{
	struct fix *f = *state;

	assert_int_equal(run(f), 0);
	while (!f->done)
		sched_yield();
	assert_int_equal(f->worked, 1);
	assert_int_equal(f->wrong, 0);
}

static void test_queue_is_bounded(void **state)
{
	struct fix *f = *state;
	int i;

	f->hold = true;
	assert_int_equal(run(f), 0);
	assert_int_equal(run(f), 0);
	while (f->worked < 2)
		sched_yield();
	for (i = 0; i < 4; ++i)
		assert_int_equal(run(f), 0);
	assert_int_equal(workers_depth(f->w), 4);
	assert_int_equal(run(f), EAGAIN);
	f->hold = false;
	while (f->done < 6)
		sched_yield();
	assert_int_equal(workers_depth(f->w), 0);
	assert_int_equal(f->worked, 6);
}

static void test_stop_finishes_everything(void **state)
{
	struct fix *f = *state;
	int i;

	f->hold = true;
	assert_int_equal(run(f), 0);
	assert_int_equal(run(f), 0);
	while (f->worked < 2)
		sched_yield();
	for (i = 0; i < 4; ++i)
		assert_int_equal(run(f), 0);
	f->hold = false;
	f->w = workers_stop(f->w);
	assert_int_equal(f->worked, 6);
	/* done() of each was posted before */
	f->loop = loop_stop(f->loop);
	assert_int_equal(f->done, 6);
	assert_int_equal(f->wrong, 0);
}

static void test_done_may_be_left_out(void **state)
{
	struct fix *f = *state;

	assert_int_equal(worker_run(f->w, "test", on_work, NULL, f), 0);
	while (!f->worked)
		sched_yield();
	assert_int_equal(worker_run(f->w, "test", NULL, on_done, f), EINVAL);
	assert_int_equal(workers_start(NULL, f->loop, 1, 1), EINVAL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_works_there_and_ends_on_the_loop),
		T(test_queue_is_bounded),
		T(test_stop_finishes_everything),
		T(test_done_may_be_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
