/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file trim.h  Removes what has become too old
 *
 * Thread: loop. Events, deliveries and the endpoints of single calls go after
 * the account's `retention.events_days` (30 when it says nothing, null =
 * never), and what has an expiry after that: tokens, tickets, kept answers. An
 * event stays while a pending delivery or the webhook module's cursor needs it.
 *
 * A run reads on a worker what is old, and deletes it through the store in
 * transactions of TRIM_CHUNK rows, one at a time: calls write in between. The
 * first run is a minute after the start, then one an hour.
 */
#ifndef BIFRONS_STORE_TRIM_H
#define BIFRONS_STORE_TRIM_H

#include "common/clock.h"

struct store;
struct timers;
struct trim;
struct workers;

enum {
	TRIM_FIRST_MS = 60 * 1000,
	TRIM_EVERY_MS = 3600 * 1000,
	TRIM_CHUNK = 250,
	TRIM_EVENTS_DAYS = 30, /**< of an account that says nothing */
};

struct trim_params {
	struct timers *timers; /**< of the loop */
	const struct clock *clock;
	struct workers *workers;
	struct store *store;
	/** A run is over, with 0 or errno. May be NULL */
	void (*done)(void *arg, int err);
	void *arg;
};

/** @return 0 or EINVAL */
int trim_start(struct trim **trimp, const struct trim_params *prm);

/** No further run; one that is under way ends with its present piece, before
 * workers and store are closed. @return NULL */
struct trim *trim_stop(struct trim *trim);

#endif
