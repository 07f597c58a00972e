/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the courier share. Thread: the courier's, but where a
 * member says otherwise
 */
#ifndef BIFRONS_WEBHOOK_COURIER_PRIV_H
#define BIFRONS_WEBHOOK_COURIER_PRIV_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "webhook/book.h"
#include "webhook/courier.h"
#include "webhook/sender.h"
#include "webhook/spool.h"

/** Counted for courier_stats() */
enum count {
	COUNT_EVENTS,
	COUNT_MATCHED,
	COUNT_DELIVERED,
	COUNT_RETRIED,
	COUNT_FAILED,
	COUNT_CANCELED,
	COUNT_LATENCY_MS,
	NCOUNTS,
};

struct courier {
	/* set before start, then read-only */
	char *path, *key_path;
	const struct clock *clock;
	struct retry_schedule retries;
	unsigned poll_ms, grace_ms;
	void (*step)(void *arg, enum courier_step step);
	void *step_arg;
	pthread_t thread;

	/* thread: courier */
	uint8_t key[SECRET_KEY_LEN];
	struct spool *spool; /* NULL: the store cannot be read now */
	struct book *book;
	struct sender *sender; /* but sender_wake(): any thread */
	bool waiting;          /* said that the store cannot be used */
	bool has_key;          /* key was read */
	bool look;             /* events may be there */
	bool want_scan;    /* deliveries may be due that we did not make so */
	int64_t looked_ms; /* monotonic: of the last look without a bell */

	/* reader.c */
	int64_t row;        /* the cursor */
	int64_t saved_row;  /* what of it is in the store */
	int64_t unsaved_ms; /* monotonic: since when they differ */
	bool has_cursor;

	/* dispatch.c */
	struct target_places places;
	GHashTable *known; /* ids of deliveries in memory, until recorded */
	GQueue active;     /* endpoints that have something to send */
	GQueue canceling;  /* ids of endpoints whose deliveries are over */
	char *scanned;     /* how far the search for what is due got, or NULL */
	int64_t scan_ms;   /* wall clock: when it began */

	/* outcome.c, dispatch.c */
	struct webhook_totals totals; /* as stored */

	/* outcome.c */
	GPtrArray *outcomes; /* not recorded yet */
	int64_t recorded_ms; /* monotonic: of the last time, or of a failure */

	/* any thread */
	atomic_bool stopping, woken;
	_Atomic int64_t rung;
	_Atomic int64_t stat_row;
	atomic_uint stat_sending, stat_endpoints, stat_down;
	_Atomic uint64_t counts[NCOUNTS];
};

static inline void courier_count(struct courier *c, enum count what, uint64_t n)
{
	atomic_fetch_add_explicit(&c->counts[what], n, memory_order_relaxed);
}

static inline void courier_step(struct courier *c, enum courier_step step)
{
	if (c->step)
		c->step(c->step_arg, step);
}

/* ---- reader.c ---- */

/** Match the next events.
 * @param morep  Set when there may be more
 * @return 0, or an error of the spool: nothing has changed
 */
int reader_follow(struct courier *c, bool *morep);
/** Write the cursor if it has moved. @param now  Do not put it off */
int reader_save(struct courier *c, bool now);

/* ---- dispatch.c ---- */

void dispatch_open(struct courier *c);
void dispatch_close(struct courier *c);

/** A delivery was written and is due now: d is taken */
void dispatch_add(struct courier *c, struct delivery *d);
/** There may be something to send to it */
void dispatch_activate(struct courier *c, struct endpoint *ep);
/** The table may hold more for it that is due */
void dispatch_more(struct courier *c, struct endpoint *ep);
/** Its deliveries are canceled: out of memory with them */
void dispatch_gone(void *arg, struct endpoint *ep);

/** Look for deliveries that are due, a part at a time */
int dispatch_scan(struct courier *c);
/** Cancel some of what is to be canceled */
int dispatch_cancel(struct courier *c);
/** Send what may be sent. @param waitp  Lowered to when there may be more */
int dispatch_send(struct courier *c, int64_t *waitp);

/** d is in memory no more */
void dispatch_forget(struct courier *c, struct delivery *d);

/* ---- outcome.c ---- */

/** A request, from its start to its end */
struct flight {
	struct delivery *d;
	struct target *target;
	bool was_slow;
	int64_t at_ms; /* wall clock */
};

/** The sender's done() */
void outcome_done(void *arg, const struct send_result *result);
/** It could not even be tried; counts as an attempt */
void outcome_untried(struct courier *c, struct delivery *d, const char *why);

/** Forget what was not recorded */
void outcome_close(struct courier *c);

/** So many wait that nothing more is sent meanwhile */
bool outcome_is_full(const struct courier *c);
/** Write what came of requests, if it is time. @param now  Do not put it off */
int outcome_record(struct courier *c, bool now);

#endif
