/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file target.h  How a customer's server is doing, and how much it may take
 *
 * A target is one URL of one account: an endpoint, or the endpoints that a
 * number gives its calls, which all lead there. Requests at once begin with
 * one and double with each that arrives; one that hangs or is down has one
 * again, and while it is down there is a pause between attempts. So those that
 * do not answer hold few of the places that all share; and those that are slow
 * share half of the places, the others have the rest.
 *
 * Thread: the courier's; pure. Times are of the monotonic clock, ms.
 */
#ifndef BIFRONS_WEBHOOK_TARGET_H
#define BIFRONS_WEBHOOK_TARGET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	TARGET_DOWN_AFTER = 8, /**< failures in a row */
	TARGET_PAUSE_MS = 250, /**< between attempts while it is down */
	TARGET_SLOW_MS = 1000, /**< an answer that takes longer */
};

/** The places that all share */
struct target_places {
	unsigned max;        /**< requests at once, in all */
	unsigned max_target; /**< to one target */
	unsigned running, slow;
};

struct target {
	char *key;     /**< account and URL: the table's */
	unsigned refs; /**< endpoints that lead here */
	unsigned running, window, failures;
	bool is_slow, is_down;
	int64_t not_before_ms;
	int64_t idle_since_ms;
};

/** May one more request be sent?
 * @param waitp  Lowered to the ms after which to ask again, when it is time
 *               that is missing
 */
bool target_may_start(const struct target *target,
		      const struct target_places *places, int64_t now_ms,
		      int64_t *waitp);

/** A request begins.
 * @return Is it one of the slow ones? For target_ended() */
bool target_started(struct target *target, struct target_places *places,
		    int64_t now_ms);

/** What to say about it */
enum target_news {
	TARGET_AS_BEFORE,
	TARGET_WENT_DOWN,
	TARGET_CAME_BACK
};

struct target_end {
	bool was_slow;      /**< what target_started() said */
	bool answered;      /**< whatever its status */
	bool delivered;     /**< 2xx */
	int64_t latency_ms; /**< of the answer, or of giving up */
};

enum target_news target_ended(struct target *target,
			      struct target_places *places,
			      const struct target_end *end);

/** It ended without saying anything about the target: it was given up */
void target_dropped(struct target *target, struct target_places *places,
		    bool was_slow);

#endif
