/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file spool.h  The webhook module's side of the store: every SQL of it
 *
 * Tables event, webhook and meta are read, delivery is ours (migration v3).
 * What changes is written between spool_begin() and spool_commit(), in short
 * transactions, as the call plugin's store writes the same file.
 *
 * Thread: the courier's. Errors are those of host/db_write.h; a handler must
 * not call back into the spool, and its texts are borrowed.
 */
#ifndef BIFRONS_WEBHOOK_SPOOL_H
#define BIFRONS_WEBHOOK_SPOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/webhook_totals.h"
#include "webhook/delivery.h"
#include "webhook/endpoint.h"

struct spool;

/** @return 0, ENOENT while the file or its tables are not there yet, EIO */
int spool_open(struct spool **spoolp, const char *path);
/** @return NULL */
struct spool *spool_close(struct spool *spool);

/* ---- Reading ---- */

/** The last event that was matched. A store that lost it goes on with what
 * comes from now on.
 */
int spool_cursor(struct spool *spool, int64_t *rowp);

/** What became of deliveries so far */
int spool_totals(struct spool *spool, struct webhook_totals *totals);

/** Changes with the accounts' endpoints; g_free() it. "" before the first */
int spool_generation(struct spool *spool, char **genp);

struct spool_event {
	int64_t row;
	const char *id, *type, *account_id;
	const char *call_id, *resource_id; /**< or NULL */
};

/** Events after a row, in order, so many at most */
int spool_events(struct spool *spool, int64_t after, unsigned max,
		 void (*handler)(void *arg, const struct spool_event *ev),
		 void *arg);

typedef void(spool_endpoint_h)(void *arg, const struct endpoint_row *row);

/** Those that are enabled and belong to no call */
int spool_endpoints(struct spool *spool, spool_endpoint_h *handler, void *arg);
/** Those that are enabled, of calls that events between two rows are of */
int spool_call_endpoints(struct spool *spool, int64_t after, int64_t until,
			 spool_endpoint_h *handler, void *arg);
/** One, if it is enabled */
int spool_endpoint(struct spool *spool, const char *id,
		   spool_endpoint_h *handler, void *arg);

/** Pending deliveries that are due, the oldest first */
int spool_due(struct spool *spool, const char *webhook_id, int64_t now_ms,
	      unsigned max, void (*handler)(void *arg, struct delivery *d),
	      void *arg);

/** Calls whose events wait for one that failed, and until when */
int spool_parked(struct spool *spool, const char *webhook_id, int64_t now_ms,
		 void (*handler)(void *arg, const char *call_id, int64_t until),
		 void *arg);

/** The next endpoint after an id ("" = the first) that has pending deliveries.
 * @param idp      Set to its id, g_free() it; NULL when there is none
 * @param next_at  Set to when its first is due
 */
int spool_next_pending(struct spool *spool, const char *after, char **idp,
		       int64_t *next_at);

/** An event's document; g_free() it. @return ENOENT when it was trimmed */
int spool_document(struct spool *spool, int64_t row, char **docp);

/* ---- Writing ---- */

int spool_begin(struct spool *spool);
int spool_commit(struct spool *spool);
void spool_rollback(struct spool *spool);

int spool_set_cursor(struct spool *spool, int64_t row);
int spool_set_totals(struct spool *spool, const struct webhook_totals *totals);

/** A new pending delivery, not before next_ms */
int spool_add(struct spool *spool, const struct delivery *d,
	      const struct spool_event *ev, int64_t now_ms, int64_t next_ms);

/** What came of an attempt */
struct spool_attempt {
	const char *status; /**< of the delivery from now on */
	unsigned attempts;
	int64_t next_ms; /**< of a pending one, else 0 */
	int64_t now_ms;
	const char *entry; /**< JSON of the attempt, for the log */
};

int spool_attempt(struct spool *spool, const char *id,
		  const struct spool_attempt *attempt);

/** The call's later pending deliveries are not due before then */
int spool_hold(struct spool *spool, const struct delivery *d, int64_t until_ms);

/** Cancel pending deliveries of an endpoint that is not enabled (any more).
 * @param max  So many at most: others write too
 * @param np   Set to how many there were; below max: that was all
 */
int spool_cancel(struct spool *spool, const char *webhook_id, int64_t now_ms,
		 unsigned max, unsigned *np);

/** Disable an endpoint that answered 410, with its event `webhook.disabled`.
 * @param node_id  Who says so, or NULL
 */
int spool_disable(struct spool *spool, const char *webhook_id,
		  const char *node_id, int64_t now_ms);

#endif
