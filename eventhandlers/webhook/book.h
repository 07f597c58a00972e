/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file book.h  The endpoints that are known, and the targets they lead to
 *
 * Those of accounts are all here and read anew when their generation changes;
 * those of calls come with the first event (or a delivery that waits) and go
 * when nothing is left to send.
 *
 * Thread: the courier's. Errors are the spool's.
 */
#ifndef BIFRONS_WEBHOOK_BOOK_H
#define BIFRONS_WEBHOOK_BOOK_H

#include <glib.h>

#include "webhook/spool.h"

struct book;

struct book_params {
	const uint8_t *key; /**< of secrets at rest; borrowed */
	/** An endpoint was disabled or deleted: take out what it was to be
	 * sent. It is kept until nothing is on the way to it.
	 */
	void (*gone)(void *arg, struct endpoint *ep);
	void *arg;
};

struct book *book_new(const struct book_params *prm);
/** @return NULL */
struct book *book_free(struct book *book);

/** Read the accounts' endpoints again if they have changed */
int book_refresh(struct book *book, struct spool *spool, int64_t now_ms);

/** Know the endpoints of calls that events between two rows are of */
int book_load_calls(struct book *book, struct spool *spool, int64_t after,
		    int64_t until, int64_t now_ms);

/** One by its id, read from the store when it is not known.
 * @param epp  Set to NULL when it is not there or not enabled
 */
int book_load(struct book *book, struct spool *spool, const char *id,
	      int64_t now_ms, struct endpoint **epp);

/** Endpoints of an account, or of a call; NULL = none */
const GPtrArray *book_of_account(const struct book *book, const char *id);
const GPtrArray *book_of_call(const struct book *book, const char *id);

/** It wants nothing more: out of the book, gone() is called */
void book_remove(struct book *book, struct endpoint *ep);

/** Forget what is not needed any more.
 * @param wall_ms  What was due then is in memory, or marked by `more`
 * @param mono_ms  Monotonic clock, of how long targets are remembered
 */
void book_sweep(struct book *book, int64_t wall_ms, int64_t mono_ms);

struct book_stats {
	unsigned endpoints, targets, down;
};
void book_stats(const struct book *book, struct book_stats *stats);

#endif
