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
#include "common/id.h"

struct store_tx;

/** Every event type, listed once: X(enum name, wire name, noisy) */
#define EVENT_TYPES(X)                                                         \
	X(CALL_CREATED, "call.created", false)                                 \
	X(CALL_DIALING, "call.dialing", false)                                 \
	X(CALL_RINGING, "call.ringing", false)                                 \
	X(CALL_ANSWERED, "call.answered", false)                               \
	X(CALL_ENDED, "call.ended", false)                                     \
	X(CALL_DTMF, "call.dtmf", true)                                        \
	X(CALL_MEDIA_FINISHED, "call.media_finished", false)                   \
	X(FLOW_ACTION, "flow.action", true)                                    \
	X(FLOW_ERROR, "flow.error", false)                                     \
	X(WEBHOOK_DISABLED, "webhook.disabled", false)                         \
	X(WEBHOOK_TEST, "webhook.test", false)                                 \
	X(NODE_STOPPED, "node.stopped", false)

#define EVENT_ENUM(name, wire, noisy) EVENT_##name,
enum event_type {
	EVENT_TYPES(EVENT_ENUM) EVENT_NTYPES
};
#undef EVENT_ENUM

const char *event_type_name(enum event_type type);
bool event_type_is_noisy(enum event_type type);

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
