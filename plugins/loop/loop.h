/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file loop.h  The control loop: one thread owns every call
 *
 * Thread: as each function says. The loop is a thread that runs a sofia
 * su_root; sofia's callbacks, timers, posted functions and finished work all
 * run there, one after the other, and none may block. A watchdog notes any
 * callback over 20 ms by name; lag is measured and drives shedding.
 */
#ifndef BIFRONS_LOOP_LOOP_H
#define BIFRONS_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "loop/timers.h"

struct loop;

/** What runs on the loop. Owns arg. */
typedef void(loop_h)(void *arg);

/** Start the thread; returns when it runs.
 * @return 0 or errno
 */
int loop_start(struct loop **loopp, const struct clock *clk);

/** Ask the loop to end after what is queued, and join it. Not from the loop.
 * Afterwards loop_post() fails. @return NULL
 */
struct loop *loop_stop(struct loop *loop);

/** Run fn(arg) on the loop, in the order posted. Thread: any.
 * @param name  Static text for the watchdog
 * @return 0, or ESHUTDOWN: fn will not run, arg is still the caller's
 */
int loop_post(struct loop *loop, const char *name, loop_h *fn, void *arg);

/** Run fn(arg) on the loop and wait for its end. Thread: any but the loop.
 * For start and stop only. @return as loop_post()
 */
int loop_call(struct loop *loop, const char *name, loop_h *fn, void *arg);

/** Abort unless on the loop's thread (NULL loop: a test without one) */
void loop_assert(const struct loop *loop);
bool loop_is_current(const struct loop *loop);

/** The timers of this loop; thread: loop */
struct timers *loop_timers(struct loop *loop);
const struct clock *loop_clock(const struct loop *loop);

/** su_root_t of the loop, for sip/ only; thread: loop */
void *loop_su_root(struct loop *loop);

/** Name the callback that begins, for the watchdog (sofia's callbacks call
 * it; posts and timers are named already). Thread: loop
 */
void loop_enter(struct loop *loop, const char *name);
void loop_leave(struct loop *loop);

/** Figures. Thread: any */
struct loop_stats {
	int64_t lag_us;     /**< how late the loop is now, smoothed */
	int64_t lag_max_us; /**< worst since the last read of stats */
	size_t depth;       /**< posts waiting */
	uint64_t posts, slow;
};
void loop_stats(struct loop *loop, struct loop_stats *stats);

/** Lag alone, cheap: what shedding asks on each INVITE. Thread: any */
int64_t loop_lag_us(const struct loop *loop);

#endif
