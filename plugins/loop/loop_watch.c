/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop/loop_watch.h"

#include "common/clock.h"

enum {
	SMOOTH = 4, /**< a sample counts for a quarter */
	SLOW_LINES_PER_S = 5,
};

/* The loop alone writes but for the reset of the maximum, so a plain load and
 * store would do; relaxed atomics let others look */
static int64_t load(const _Atomic int64_t *p)
{
	return atomic_load_explicit(p, memory_order_relaxed);
}

static void store(_Atomic int64_t *p, int64_t value)
{
	atomic_store_explicit(p, value, memory_order_relaxed);
}

void loop_watch_enter(struct loop_watch *watch, const char *name,
		      int64_t now_us)
{
	/* a callback of sofia's may come inside a post: the outer one counts */
	if (watch->depth++)
		return;
	watch->name = name;
	store(&watch->busy_us, now_us);
}

static void note_slow(struct loop_watch *watch, int64_t us)
{
	unsigned dropped = 0;

	atomic_fetch_add_explicit(&watch->slow, 1, memory_order_relaxed);
	if (!log_limit_pass(&watch->limit, SLOW_LINES_PER_S, &dropped))
		return;
	log_warn("loop: %s held it for %lld ms (%u more not told)",
		 watch->name ? watch->name : "?", (long long)us / 1000,
		 dropped);
}

void loop_watch_leave(struct loop_watch *watch, int64_t now_us)
{
	int64_t us;

	if (!watch->depth || --watch->depth)
		return;
	us = now_us - load(&watch->busy_us);
	store(&watch->busy_us, 0);
	if (us > LOOP_SLOW_US)
		note_slow(watch, us);
}

void loop_watch_sample(struct loop_watch *watch, int64_t late_us)
{
	const int64_t old = load(&watch->lag_us);
	int64_t max = load(&watch->lag_max_us);

	if (late_us < 0)
		late_us = 0;
	store(&watch->lag_us, old + (late_us - old) / SMOOTH);
	while (late_us > max &&
	       !atomic_compare_exchange_weak_explicit(
		       &watch->lag_max_us, &max, late_us, memory_order_relaxed,
		       memory_order_relaxed))
		;
}

int64_t loop_watch_lag_us(const struct loop_watch *watch)
{
	const int64_t lag = load(&watch->lag_us);
	const int64_t busy = load(&watch->busy_us);
	int64_t age;

	if (!busy)
		return lag;
	age = clock_mono_us(clock_system()) - busy;

	return age > lag ? age : lag;
}

int64_t loop_watch_take_max_us(struct loop_watch *watch)
{
	return atomic_exchange_explicit(&watch->lag_max_us, 0,
					memory_order_relaxed);
}
