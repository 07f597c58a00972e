/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file lanes.h  What one endpoint is to be sent, in order per call
 *
 * Each call has a lane: one of its events is on the way at a time, the others
 * wait behind it. An event that failed parks its lane: the others leave the
 * memory and come again when it is tried anew, LANES_HOLD_MS after its first
 * failure at the latest. Events of no call have no lane.
 *
 * Thread: the courier's; pure. Times are wall clock, ms.
 */
#ifndef BIFRONS_WEBHOOK_LANES_H
#define BIFRONS_WEBHOOK_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "webhook/delivery.h"

enum {
	LANES_HOLD_MS = 60 * 1000
};

struct lanes;

struct lanes *lanes_new(void);
/** What is inside is freed too. @return NULL */
struct lanes *lanes_free(struct lanes *lanes);

/** Behind all others; d is taken */
void lanes_push(struct lanes *lanes, struct delivery *d);

/** The next that may be sent, or NULL; the caller's until lanes_done() or
 * lanes_failed(), and after it
 */
struct delivery *lanes_pop(struct lanes *lanes);

/** It came to an end: its lane goes on */
void lanes_done(struct lanes *lanes, const struct delivery *d);

/** It will be tried again.
 * @param age_ms   How long ago it failed first, at most; 0 = just now
 * @param next_ms  When it is tried again
 * @param outp     What waited behind it: a list, the caller's
 * @return Until when they wait, or 0: the hold is over, the lane goes on
 */
int64_t lanes_failed(struct lanes *lanes, const struct delivery *d,
		     int64_t now_ms, int64_t age_ms, int64_t next_ms,
		     struct delivery **outp);

/** Known from an earlier life: this call's events wait until then */
void lanes_park(struct lanes *lanes, const char *call_id, int64_t until_ms);

/** Until when do events of this call wait? May be over: then those that
 * waited go first, and are not in memory yet. 0 = nothing waits.
 */
int64_t lanes_parked_until(const struct lanes *lanes, const char *call_id);

/** All that is due is in memory: forget what was parked until now */
void lanes_unpark(struct lanes *lanes, int64_t now_ms);

bool lanes_has_ready(const struct lanes *lanes);
/** Inside, whether ready or waiting */
unsigned lanes_count(const struct lanes *lanes);
/** Nothing inside, on the way, or remembered */
bool lanes_is_idle(const struct lanes *lanes);

/** Everything that is inside, as a list, the caller's: the end of these lanes,
 * but for what is on the way
 */
struct delivery *lanes_take_all(struct lanes *lanes);

#endif
