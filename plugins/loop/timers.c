/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop/timers.h"

#include <errno.h>
#include <glib.h>

#include "common/obj.h"

struct timers {
	const struct clock *clk;
	struct timer **heap; /* a binary heap, the earliest at 0 */
	size_t count, size;
	uint64_t order;

	void (*change)(void *arg);
	void *change_arg;
	void (*begin)(void *arg, const char *name);
	void (*end)(void *arg);
	void *watch_arg;
	bool running; /* timers_run() tells of a change once, at its end */
};

static void timers_destructor(void *arg)
{
	struct timers *timers = arg;
	size_t i;

	/* nobody should be left; if so, at least it can be asked */
	for (i = 0; i < timers->count; ++i)
		timers->heap[i]->slot = 0;
	g_free(timers->heap);
}

int timers_alloc(struct timers **timersp, const struct clock *clk)
{
	struct timers *timers;

	if (!timersp || !clk)
		return EINVAL;

	timers = obj_zalloc(sizeof(*timers), timers_destructor);
	timers->clk = clk;
	*timersp = timers;

	return 0;
}

void timers_on_change(struct timers *timers, void (*fn)(void *arg), void *arg)
{
	timers->change = fn;
	timers->change_arg = arg;
}

void timers_watch(struct timers *timers,
		  void (*begin)(void *arg, const char *name),
		  void (*end)(void *arg), void *arg)
{
	timers->begin = begin;
	timers->end = end;
	timers->watch_arg = arg;
}

static bool is_before(const struct timer *a, const struct timer *b)
{
	if (a->due_us != b->due_us)
		return a->due_us < b->due_us;

	return a->order < b->order;
}

static void put(struct timers *timers, size_t i, struct timer *timer)
{
	timers->heap[i] = timer;
	timer->slot = i + 1;
}

static void sift_up(struct timers *timers, size_t i, struct timer *timer)
{
	while (i) {
		const size_t parent = (i - 1) / 2;

		if (!is_before(timer, timers->heap[parent]))
			break;
		put(timers, i, timers->heap[parent]);
		i = parent;
	}
	put(timers, i, timer);
}

static void sift_down(struct timers *timers, size_t i, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= timers->count)
			break;
		if (child + 1 < timers->count &&
		    is_before(timers->heap[child + 1], timers->heap[child]))
			++child;
		if (!is_before(timers->heap[child], timer))
			break;
		put(timers, i, timers->heap[child]);
		i = child;
	}
	put(timers, i, timer);
}

static void take_out(struct timers *timers, struct timer *timer)
{
	const size_t i = timer->slot - 1;
	struct timer *last = timers->heap[--timers->count];

	timer->slot = 0;
	if (last == timer)
		return;
	if (i && is_before(last, timers->heap[(i - 1) / 2]))
		sift_up(timers, i, last);
	else
		sift_down(timers, i, last);
}

static void tell_change(struct timers *timers, int64_t before)
{
	const int64_t now = timers->count ? timers->heap[0]->due_us : -1;

	if (now != before && !timers->running && timers->change)
		timers->change(timers->change_arg);
}

void timer_start(struct timers *timers, struct timer *timer, int64_t delay_ms,
		 const char *name, timer_h *fn, void *arg)
{
	const int64_t before = timers->count ? timers->heap[0]->due_us : -1;

	if (timer->slot)
		take_out(timers, timer);
	if (timers->count == timers->size) {
		timers->size = timers->size ? timers->size * 2 : 64;
		timers->heap =
			g_renew(struct timer *, timers->heap, timers->size);
	}

	if (delay_ms < 0)
		delay_ms = 0;
	timer->due_us = clock_mono_us(timers->clk) + delay_ms * 1000;
	timer->order = ++timers->order;
	timer->fn = fn;
	timer->arg = arg;
	timer->name = name;
	++timers->count;
	sift_up(timers, timers->count - 1, timer);

	tell_change(timers, before);
}

void timer_cancel(struct timers *timers, struct timer *timer)
{
	int64_t before;

	if (!timer->slot)
		return;

	before = timers->heap[0]->due_us;
	take_out(timers, timer);
	tell_change(timers, before);
}

bool timer_is_running(const struct timer *timer)
{
	return timer->slot != 0;
}

int64_t timers_next_us(const struct timers *timers)
{
	int64_t left;

	if (!timers->count)
		return -1;
	left = timers->heap[0]->due_us - clock_mono_us(timers->clk);

	return left > 0 ? left : 0;
}

/* The callback may free the timer: it is not touched afterwards */
static void run_one(struct timers *timers, struct timer *timer)
{
	if (timers->begin)
		timers->begin(timers->watch_arg, timer->name);
	timer->fn(timer->arg);
	if (timers->end)
		timers->end(timers->watch_arg);
}

unsigned timers_run(struct timers *timers)
{
	const int64_t before = timers->count ? timers->heap[0]->due_us : -1;
	const int64_t now = clock_mono_us(timers->clk);
	const uint64_t last = timers->order;
	unsigned ran = 0;

	/* What a callback starts with no delay waits for the next run: a timer
	 * that restarts itself must not keep the loop in here. It sorts behind
	 * everything that was due before, by its order. */
	timers->running = true;
	while (timers->count) {
		struct timer *timer = timers->heap[0];

		if (timer->due_us > now || timer->order > last)
			break;
		take_out(timers, timer);
		++ran;
		run_one(timers, timer);
	}
	timers->running = false;
	tell_change(timers, before);

	return ran;
}

size_t timers_count(const struct timers *timers)
{
	return timers->count;
}
