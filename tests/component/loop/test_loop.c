/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sofia-sip/su_wait.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/log.h"
#include "loop/loop.h"

enum {
	PRODUCERS = 4,
	EACH = 3000
};

struct fix {
	struct loop *loop;
	atomic_uint ran;
	unsigned wrong; /* thread: loop */
};

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	assert_int_equal(loop_start(&f->loop, clock_system()), 0);
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	assert_null(loop_stop(f->loop));
	free(f);

	return 0;
}

static void on_count(void *arg)
{
	struct fix *f = arg;

	loop_assert(f->loop);
	if (!loop_is_current(f->loop))
		++f->wrong;
	atomic_fetch_add(&f->ran, 1);
}

static void test_calls_run_on_the_loop(void **state)
{
	struct fix *f = *state;

	assert_false(loop_is_current(f->loop));
	assert_false(loop_is_current(NULL));
	loop_assert(NULL);
	assert_int_equal(loop_call(f->loop, "count", on_count, f), 0);
	assert_int_equal(f->ran, 1);
	assert_int_equal(f->wrong, 0);
	assert_ptr_equal(loop_clock(f->loop), clock_system());
}

static void test_refuses_nonsense(void **state)
{
	struct fix *f = *state;

	assert_int_equal(loop_post(f->loop, "x", NULL, NULL), EINVAL);
	assert_int_equal(loop_post(NULL, "x", on_count, f), EINVAL);
	assert_int_equal(loop_call(f->loop, "x", NULL, NULL), EINVAL);
	assert_int_equal(loop_start(NULL, clock_system()), EINVAL);
	assert_null(loop_stop(NULL));
}

struct item {
	struct fix *f;
	int *nextp, n;
};

static void on_item(void *arg)
{
	struct item *item = arg;

	if ((*item->nextp)++ != item->n)
		++item->f->wrong;
	atomic_fetch_add(&item->f->ran, 1);
}

struct producer {
	pthread_t thread;
	struct item items[EACH];
	int next;
};

static void *produce(void *arg)
{
	struct producer *p = arg;
	int i;

	for (i = 0; i < EACH; ++i)
		while (loop_post(p->items[i].f->loop, "item", on_item,
				 &p->items[i]))
			sched_yield();

	return NULL;
}

static void test_posts_of_a_thread_keep_their_order(void **state)
{
	struct fix *f = *state;
	struct producer *p = calloc(PRODUCERS, sizeof(*p));
	struct loop_stats stats;
	int i, k;

	for (i = 0; i < PRODUCERS; ++i) {
		for (k = 0; k < EACH; ++k)
			p[i].items[k] = (struct item){f, &p[i].next, k};
		assert_int_equal(
			pthread_create(&p[i].thread, NULL, produce, &p[i]), 0);
	}
	for (i = 0; i < PRODUCERS; ++i)
		pthread_join(p[i].thread, NULL);
	/* comes after everything that was posted */
	assert_int_equal(loop_call(f->loop, "count", on_count, f), 0);
	assert_int_equal(f->ran, PRODUCERS * EACH + 1);
	assert_int_equal(f->wrong, 0);
	loop_stats(f->loop, &stats);
	assert_int_equal(stats.posts, PRODUCERS * EACH + 1);
	assert_int_equal(stats.depth, 0);
	free(p);
}

static void on_sleep(void *arg)
{
	const struct timespec ts = {.tv_nsec = 30000000};

	nanosleep(&ts, NULL);
}

static void test_stop_runs_what_is_queued(void **state)
{
	struct fix f = {0};
	int i;

	assert_int_equal(loop_start(&f.loop, clock_system()), 0);
	assert_int_equal(loop_post(f.loop, "sleep", on_sleep, NULL), 0);
	for (i = 0; i < 1000; ++i)
		assert_int_equal(loop_post(f.loop, "count", on_count, &f), 0);
	loop_stop(f.loop);
	assert_int_equal(f.ran, 1000);
}

struct late {
	struct fix f;
	atomic_int err;
};

/* Posts for as long as it may, itself from the loop */
static void on_repost(void *arg)
{
	struct late *late = arg;

	atomic_fetch_add(&late->f.ran, 1);
	late->err = loop_post(late->f.loop, "repost", on_repost, late);
}

static void test_stop_ends_an_endless_chain(void **state)
{
	struct late late = {.err = 0};

	assert_int_equal(loop_start(&late.f.loop, clock_system()), 0);
	assert_int_equal(loop_post(late.f.loop, "repost", on_repost, &late), 0);
	while (late.f.ran < 100)
		sched_yield();
	loop_stop(late.f.loop);
	assert_int_equal(late.err, ESHUTDOWN);
}

/* Timers ------------------------------------------------------------- */

struct ticks {
	struct fix *f;
	struct timer timer, never;
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	int left;
	bool early;
	int64_t due_us;
};

/* One tick less to go. @return How many are left */
static int count_down(struct ticks *t)
{
	int left;

	pthread_mutex_lock(&t->mtx);
	left = --t->left;
	if (!left)
		pthread_cond_signal(&t->cond);
	pthread_mutex_unlock(&t->mtx);

	return left;
}

static void on_tick(void *arg)
{
	struct ticks *t = arg;
	struct timers *timers = loop_timers(t->f->loop);

	loop_assert(t->f->loop);
	if (clock_mono_us(clock_system()) < t->due_us)
		t->early = true;
	t->due_us = clock_mono_us(clock_system()) + 2000;
	timer_start(timers, &t->timer, 2, "tick", on_tick, t);
	if (count_down(t))
		return;
	timer_cancel(timers, &t->timer);
	timer_cancel(timers, &t->never);
}

static void on_start_ticks(void *arg)
{
	struct ticks *t = arg;
	struct timers *timers = loop_timers(t->f->loop);

	/* the earlier one, started later, must re-arm what wakes the loop */
	timer_start(timers, &t->never, 3600000, "never", on_tick, t);
	timer_start(timers, &t->timer, 0, "tick", on_tick, t);
}

static void test_timers_run_on_the_loop(void **state)
{
	struct ticks t = {.f = *state,
			  .left = 20,
			  .mtx = PTHREAD_MUTEX_INITIALIZER,
			  .cond = PTHREAD_COND_INITIALIZER};

	assert_int_equal(loop_call(t.f->loop, "start", on_start_ticks, &t), 0);
	pthread_mutex_lock(&t.mtx);
	while (t.left)
		pthread_cond_wait(&t.cond, &t.mtx);
	pthread_mutex_unlock(&t.mtx);
	assert_int_equal(loop_call(t.f->loop, "count", on_count, t.f), 0);
	assert_false(t.early);
}

static void test_stop_with_a_timer_running(void **state)
{
	struct fix f = {0};
	struct ticks t = {.f = &f,
			  .left = 1000000,
			  .mtx = PTHREAD_MUTEX_INITIALIZER,
			  .cond = PTHREAD_COND_INITIALIZER};

	assert_int_equal(loop_start(&f.loop, clock_system()), 0);
	assert_int_equal(loop_call(f.loop, "start", on_start_ticks, &t), 0);
	loop_stop(f.loop);
	assert_false(timer_is_running(&t.timer));
}

/* Watchdog ------------------------------------------------------------ */

static atomic_uint *slow_lines(void)
{
	static atomic_uint lines; /* a sink has no argument */

	return &lines;
}

static void sink(enum log_level level, const char *line)
{
	if (strstr(line, "loop: sleep held it for "))
		atomic_fetch_add(slow_lines(), 1);
}

/* Holds the loop until told, and 30 ms more */
static void on_hold(void *arg)
{
	const atomic_bool *go = arg;

	while (!*go)
		sched_yield();
	on_sleep(NULL);
}

static void test_slow_posts_are_noted(void **state)
{
	struct fix *f = *state;
	struct loop_stats stats;
	atomic_bool go = false;

	log_set_sink(sink);
	assert_int_equal(loop_post(f->loop, "sleep", on_hold, &go), 0);
	assert_int_equal(loop_post(f->loop, "count", on_count, f), 0);
	go = true;
	assert_int_equal(loop_call(f->loop, "count", on_count, f), 0);
	log_set_sink(NULL);
	loop_stats(f->loop, &stats);
	assert_true(stats.slow >= 1);
	assert_true(*slow_lines() >= 1);
	/* the second one waited for the first */
	assert_true(stats.lag_max_us >= 20000);
	assert_true(loop_lag_us(f->loop) >= 0);
}

static void test_a_running_callback_is_lag(void **state)
{
	struct fix *f = *state;
	atomic_bool go = false;

	log_set_sink(sink);
	assert_int_equal(loop_post(f->loop, "sleep", on_hold, &go), 0);
	while (loop_lag_us(f->loop) < 5000)
		sched_yield();
	go = true;
	assert_int_equal(loop_call(f->loop, "count", on_count, f), 0);
	log_set_sink(NULL);
}

/* sofia's own things run between posts ---------------------------------- */

struct su {
	struct fix *f;
	su_timer_t *timer;
	atomic_bool fired;
};

static void on_su_timer(su_root_magic_t *magic, su_timer_t *t, void *arg)
{
	struct su *su = arg;

	loop_enter(su->f->loop, "su timer");
	loop_assert(su->f->loop);
	su->fired = true;
	loop_leave(su->f->loop);
}

static void on_su_start(void *arg)
{
	struct su *su = arg;
	su_root_t *root = loop_su_root(su->f->loop);

	su->timer = su_timer_create(su_root_task(root), 1);
	su_timer_set(su->timer, on_su_timer, su);
}

static void on_su_end(void *arg)
{
	su_timer_destroy(((struct su *)arg)->timer);
}

static void test_sofia_runs_under_a_flood(void **state)
{
	struct late late = {.f = *(struct fix *)*state};
	struct su su = {.f = *state};

	late.f.loop = su.f->loop;
	assert_int_equal(loop_call(su.f->loop, "su", on_su_start, &su), 0);
	assert_int_equal(loop_post(su.f->loop, "repost", on_repost, &late), 0);
	while (!su.fired)
		sched_yield();
	assert_int_equal(loop_call(su.f->loop, "su", on_su_end, &su), 0);
	/* the flood ends with the loop, before what it counts is gone */
	su.f->loop = loop_stop(su.f->loop);
	assert_int_equal(late.err, ESHUTDOWN);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_calls_run_on_the_loop),
		T(test_refuses_nonsense),
		T(test_posts_of_a_thread_keep_their_order),
		cmocka_unit_test(test_stop_runs_what_is_queued),
		cmocka_unit_test(test_stop_ends_an_endless_chain),
		T(test_timers_run_on_the_loop),
		cmocka_unit_test(test_stop_with_a_timer_running),
		T(test_slow_posts_are_noted),
		T(test_a_running_callback_is_lag),
		T(test_sofia_runs_under_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
