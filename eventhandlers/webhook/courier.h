/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file courier.h  Carries events to customers' endpoints
 *
 * Thread: a courier has a thread of its own. It follows the outbox by a stored
 * cursor, writes a delivery for each endpoint that an event is for, sends
 * them, and records what came of it. It sleeps until a request is answered,
 * the doorbell rings, or a second has passed. What the others do with it is
 * written at each function.
 *
 * The doorbell only saves time: an event is found by its row, a delivery that
 * waits (a retry, a replay) by its time. Whatever moment the process dies at,
 * an event arrives once more rather than not at all, with the same webhook-id.
 */
#ifndef BIFRONS_WEBHOOK_COURIER_H
#define BIFRONS_WEBHOOK_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "webhook/retry.h"

struct courier;

/** Moments at which a process may die: tests make it do so */
enum courier_step {
	COURIER_READ,      /**< events were read */
	COURIER_MATCHED,   /**< deliveries and cursor written, not committed */
	COURIER_SPOOLED,   /**< committed */
	COURIER_SENDING,   /**< a request is about to begin */
	COURIER_ANSWERED,  /**< it ended, which is not written anywhere */
	COURIER_RECORDING, /**< written, not committed */
	COURIER_RECORDED,  /**< committed */
	COURIER_NSTEPS,
};

struct courier_params {
	const char *store;         /**< the SQLite file; may not exist yet */
	const char *secret_file;   /**< key of secrets at rest; NULL: secret.key
				    * beside the store */
	const struct clock *clock; /**< NULL = the system's */
	struct retry_schedule retries;
	unsigned timeout_ms;      /**< of a request; 0 = 15000 */
	unsigned max_connections; /**< requests at once; 0 = 256 */
	unsigned max_endpoint;    /**< requests to one at once; 0 = 8 */
	bool allow_private;       /**< loopback and private addresses too */
	const char *ca_file;      /**< NULL = the system's */
	unsigned poll_ms;  /**< look without a doorbell so often; 0 = 1000 */
	unsigned grace_ms; /**< for what is on the way at the end; 0 = 800 */

	/** Thread: the courier's. May be NULL */
	void (*step)(void *arg, enum courier_step step);
	void *arg;
};

struct courier_stats {
	int64_t row;     /**< the cursor: the last event that was matched */
	uint64_t events; /**< read since the start */
	uint64_t matched, delivered, retried, failed, canceled;
	uint64_t latency_ms; /**< of all answers, in sum */
	unsigned sending;    /**< requests on the way */
	unsigned endpoints;  /**< known */
	unsigned down;       /**< URLs that do not answer */
};

/** Start the thread; texts are copied.
 * @return 0, EINVAL, ENOMEM, or errno of pthread_create(3)
 */
int courier_start(struct courier **courierp, const struct courier_params *prm);

/** The doorbell: rows up to this one are committed. Thread: any */
void courier_ring(struct courier *courier, int64_t row);

/** Thread: any */
void courier_stats(struct courier *courier, struct courier_stats *stats);

/** Give what is on the way a moment (grace_ms), record it, end the thread; the
 * rest waits in the store. NULL is allowed.
 * @return NULL
 */
struct courier *courier_stop(struct courier *courier);

#endif
