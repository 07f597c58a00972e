/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file loop_watch.h  How late the loop is and who makes it late
 *
 * Thread: enter, leave and sample from the loop; the figures from any.
 * Private to loop/.
 */
#ifndef BIFRONS_LOOP_LOOP_WATCH_H
#define BIFRONS_LOOP_LOOP_WATCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "host/log.h"

enum {
	LOOP_SLOW_US = 20000
};

/** Zeroed = ready */
struct loop_watch {
	/* thread: loop */
	const char *name; /**< of the outermost callback */
	unsigned depth;
	struct log_limit limit;

	/* any thread */
	_Atomic int64_t busy_us; /**< since when a callback runs, 0 = none */
	_Atomic int64_t lag_us, lag_max_us;
	_Atomic uint64_t slow;
};

void loop_watch_enter(struct loop_watch *watch, const char *name,
		      int64_t now_us);
void loop_watch_leave(struct loop_watch *watch, int64_t now_us);

/** Something ran `late_us` after it should have */
void loop_watch_sample(struct loop_watch *watch, int64_t late_us);

/** Smoothed lag, or the age of the running callback when that is more */
int64_t loop_watch_lag_us(const struct loop_watch *watch);
/** Worst since the last call */
int64_t loop_watch_take_max_us(struct loop_watch *watch);

#endif
