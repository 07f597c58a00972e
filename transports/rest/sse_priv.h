/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sse_priv.h  What the parts of sse share
 *
 * Thread: as each member says. One lock, `mtx`, over accounts, logs and
 * streams; libmicrohttpd's suspend and resume are called under it, so that
 * nobody resumes a connection that is not suspended.
 */
#ifndef BIFRONS_REST_SSE_PRIV_H
#define BIFRONS_REST_SSE_PRIV_H

#include <glib.h>
#include <pthread.h>

#include "common/id.h"
#include "common/secret.h"
#include "host/log.h"
#include "rest/conns.h"
#include "rest/rest.h"
#include "rest/sse.h"
#include "rest/sse_filter.h"

enum {
	SSE_LAG_MAX = 1000,       /* events that a stream may be behind */
	SSE_CATCH_UP_MAX = 10000, /* events that it may ask for again */
	SSE_CHECK_MS = 5000,      /* between two looks at a key */
};

#define SSE_NEVER INT64_MAX

/* An event of a log. Whoever has its place here holds it, and it holds what
 * came after it. */
struct sse_event {
	struct sse_event *next; /* counted; NULL: the newest */
	unsigned refs;
	uint64_t nth; /* in its account's log */
	int64_t row;
	enum event_type type;
	char call_id[ID_SIZE]; /* "" = none */
	size_t len;
	char text[]; /* as it goes out */
};

/* An account that has streams */
struct sse_account {
	char *id;
	struct sse_event *newest; /* counted; the first one is empty */
	GQueue streams;           /* of struct rest_stream, by `link` */
};

struct rest_stream {
	/* set before start, then read-only */
	struct rest_sse *sse;
	struct MHD_Connection *conn;
	struct rest_conn *place;
	int fd; /* -1: not known */
	struct sse_filter filter;
	const char *scope; /* static */
	bool is_ticket;
	char token_hash[SECRET_SHA256_HEX];

	/* thread: the server's */
	int64_t row;   /* seen up to here */
	int64_t until; /* catches up to here; it has its place in the log */

	/* under mtx */
	struct sse_account *account;
	GList link;
	GString *out; /* goes before the log */
	size_t out_at;
	struct sse_event *at; /* counted: the one that was begun last */
	size_t at_done;       /* bytes of it that were sent */
	bool catching_up;     /* the log waits */
	bool suspended;
	bool ended;       /* what is in `out` is sent, and no more */
	int64_t sent_ms;  /* when it last sent anything */
	int64_t check_ms; /* when its key is looked up again */
};

/* The long poll */
struct sse_feed {
	bool on;       /* `row` is right: from there on nothing was missed */
	bool asked;    /* one is in the call plugin */
	uint32_t nth;  /* its number */
	int64_t row;   /* the last one that was handed out */
	int64_t at_ms; /* when it was asked, or may be asked next */
	struct log_limit complaints;
};

struct rest_sse {
	/* set before start, then read-only */
	const struct rest_core *core;
	struct rest_keys *keys;
	struct rest_store *store;
	unsigned max, max_per_account;
	int64_t heartbeat_ms;
	pthread_t thread;

	pthread_mutex_t mtx;
	pthread_cond_t wake; /* CLOCK_MONOTONIC: the thread has work */

	/* under mtx */
	GHashTable *accounts; /* id -> struct sse_account */
	unsigned streams;
	struct sse_feed feed;
	bool closed, stop;
	struct rest_sse_stats stats;
};

int64_t sse_now_ms(void);

/* ---- sse_log.c: under mtx ---- */

/** @return The event, with one more reference */
struct sse_event *sse_event_ref(struct sse_event *ev);
/** @return NULL */
struct sse_event *sse_event_unref(struct sse_event *ev);

/** The account's log, made when there is none yet */
struct sse_account *sse_account_get(struct rest_sse *sse, const char *id);
/** Its last stream has gone: it goes too */
void sse_account_leave(struct rest_sse *sse, struct sse_account *account);

/** One event as it goes out, for the streams of its account; those that fall
 * too far behind are reset
 */
void sse_log_add(struct rest_sse *sse, struct sse_account *account,
		 const json_t *row);

/** Write "id: …\nevent: …\ndata: …\n\n" */
void sse_text(GString *out, const char *id, const char *type, const char *doc);

/* ---- sse_stream.c: under mtx ---- */

/** Something is there to be sent, or it has ended */
void sse_stream_wake(struct rest_stream *stream);
/** Say something after the event that is being sent */
void sse_stream_say(struct rest_stream *stream, const char *text);
/** Say this and end. Its place in the log is given up. */
void sse_stream_end(struct rest_stream *stream, const char *text);

/* ---- sse_feed.c ---- */

/** Ask when it is time to. With mtx held, given up meanwhile.
 * @return When to look again, ms
 */
int64_t sse_feed_step(struct rest_sse *sse, int64_t now);

/* ---- sse_watch.c ---- */

/** The thread */
void *sse_watch(void *arg);

/* ---- sse_past.c: the store; never with mtx held ---- */

/** The last row that there is. @return 0 or errno */
int sse_past_last(struct rest_store *store, int64_t *rowp);

/** Where a stream goes on that saw `id` last.
 * @return 0, ENOENT: unknown, or not this account's; EOVERFLOW: too long ago;
 *         or another errno
 */
int sse_past_find(struct rest_store *store, const char *account_id,
		  const char *id, int64_t *rowp);

/** The account's newest event. @param id, rowp  "" and 0 when there is none */
int sse_past_newest(struct rest_store *store, const char *account_id,
		    char id[ID_SIZE], int64_t *rowp);

struct sse_page {
	GString *text; /**< what the filter takes is appended */
	int64_t row;   /**< the last row that was read */
	bool more;     /**< the page was full */
};

/** A page of the account's events after page->row, `until` at most */
int sse_past_page(struct rest_store *store, struct sse_page *page,
		  const char *account_id, const struct sse_filter *filter,
		  int64_t until);

#endif
