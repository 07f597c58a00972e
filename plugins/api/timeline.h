/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file timeline.h  The story of a call: one list out of several, by time
 *
 * Thread: one owner at a time. Pure. What happened in the same millisecond
 * stays in the order in which it was added. Digits that were masked in an
 * event are masked here.
 */
#ifndef BIFRONS_API_TIMELINE_H
#define BIFRONS_API_TIMELINE_H

#include <jansson.h>
#include <stdint.h>

#include "common/opt.h"

struct timeline;

enum {
	TIMELINE_MAX = 10000,   /**< items shown */
	TIMELINE_FIRST = 1000,  /**< of them from the beginning */
	TIMELINE_EVENTS = 20000 /**< that need be added at the most */
};

/** A delivery of one of the call's events; borrowed */
struct timeline_delivery {
	const char *id, *webhook_id, *event_id, *event_type, *status;
	const char *log; /**< JSON text: [{at, status_code, latency_ms, error}]
			  */
	int64_t created_at;
};

/** {result, truncated}, for OpenAPI */
extern const struct opt timeline_opts[];

struct timeline *timeline_new(void);
void timeline_free(struct timeline *tl);

/** What the call noted: [{at, kind, text, …}]; borrowed. What is no such item
 * is passed over, and so below */
void timeline_add_notes(struct timeline *tl, const json_t *notes);
/** The `attempts` of a call that went out; one that a note tells of, by its
 * host, is left out */
void timeline_add_attempts(struct timeline *tl, const json_t *attempts);
/** An event's document */
void timeline_add_event(struct timeline *tl, const json_t *event);
/** Its attempts; one that waits for the first is an item too */
void timeline_add_delivery(struct timeline *tl,
			   const struct timeline_delivery *delivery);

/** {"result": […], "truncated": n left out in the middle}: new, and the
 * timeline is empty then */
json_t *timeline_json(struct timeline *tl);

#endif
