/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file event.h  One emitter, one place that knows an event's wire form
 *
 * Thread: loop. Pure: builds the document and adds its row to a transaction,
 * so that state and event are committed together (architecture: the outbox).
 *
 * Table event: row INTEGER PRIMARY KEY (the cursor), id, type, account_id,
 * call_id, resource_id, sequence, created_at, doc (the whole document as
 * webhooks, SSE and the timeline show it).
 */
#ifndef BIFRONS_EVENT_EVENT_H
#define BIFRONS_EVENT_EVENT_H

#include <jansson.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/event_list.h"
#include "common/id.h"

struct store_tx;

/** Who emits: the same for a whole process */
struct event_source {
	const char *node_id;
	const struct clock *clock;
};

struct event {
	enum event_type type;
	const char *account_id;
	const char *call_id;     /**< or NULL */
	const char *resource_id; /**< what `sequence` counts when not a call */
	const char *request_id;  /**< the request that caused it, or NULL */
	int64_t sequence;        /**< from 1, per call or resource */
	json_t *data;            /**< the resource as GET shows it; taken */
	/** Instead of data, when its JSON text is at hand: an object, its
	 * variables left out or cut as they travel; borrowed */
	const char *data_text;
};

/** Add the event's row to the transaction.
 * @param id  Set to the event's id, or NULL
 */
void event_emit(const struct event_source *src, struct store_tx *tx,
		const struct event *ev, char id[ID_SIZE]);

#endif
