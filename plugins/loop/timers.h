/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file timers.h  Timers over a clock that tests can move
 *
 * Thread: one owner (the loop, or a test). Pure: a heap ordered by time, then
 * by the order of starting. The owner asks when the next is due and runs what
 * is due. A timer is embedded in the object it belongs to; its owner cancels
 * it before it frees the object.
 */
#ifndef BIFRONS_LOOP_TIMERS_H
#define BIFRONS_LOOP_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"

struct timers; /**< counted: obj_unref() frees it */
typedef void(timer_h)(void *arg);

/** Zeroed = not running. Private to timers.c but for embedding. */
struct timer {
	int64_t due_us;
	uint64_t order;
	size_t slot; /**< 1 + place in the heap; 0 = not running */
	timer_h *fn;
	void *arg;
	const char *name;
};

int timers_alloc(struct timers **timersp, const struct clock *clk);

/** Called when the earliest due time changes, so that the owner can re-arm
 * what wakes it
 */
void timers_on_change(struct timers *timers, void (*fn)(void *arg), void *arg);

/** Called around each callback that timers_run() makes, for a watchdog */
void timers_watch(struct timers *timers,
		  void (*begin)(void *arg, const char *name),
		  void (*end)(void *arg), void *arg);

/** (Re)start: fn(arg) once, after delay_ms. A running timer is moved. */
void timer_start(struct timers *timers, struct timer *timer, int64_t delay_ms,
		 const char *name, timer_h *fn, void *arg);
/** Stop it; nothing happens when it is not running */
void timer_cancel(struct timers *timers, struct timer *timer);
bool timer_is_running(const struct timer *timer);

/** Microseconds until the next is due, 0 when overdue, -1 without any */
int64_t timers_next_us(const struct timers *timers);

/** Run all that is due now. A callback may start and cancel any timer.
 * @return How many ran
 */
unsigned timers_run(struct timers *timers);

size_t timers_count(const struct timers *timers);

#endif
