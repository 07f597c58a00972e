/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/spool.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "common/str.h"
#include "host/log.h"
#include "webhook/lanes.h"
#include "webhook/spool_priv.h"

static const char cursor_key[] = "webhook_cursor";
static const char generation_key[] = "webhook_generation";

enum {
	PARKED_MAX = 10000
};

static bool on_found(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

/* The file may be there before its tables */
static int check_tables(struct spool *spool)
{
	int64_t n = 0;
	int err;

	err = db_write_read(spool->db,
			    "SELECT count(*) FROM sqlite_master"
			    " WHERE name IN ('event', 'webhook', 'delivery')",
			    NULL, 0, on_found, &n);

	return err ? err : n == 3 ? 0 : ENOENT;
}

int spool_open(struct spool **spoolp, const char *path)
{
	struct spool *spool = g_new0(struct spool, 1);
	int err;

	err = db_write_open(&spool->db, path);
	if (!err)
		err = check_tables(spool);
	if (err)
		spool_close(spool);
	else
		*spoolp = spool;

	return err;
}

struct spool *spool_close(struct spool *spool)
{
	if (spool) {
		db_write_close(spool->db);
		g_free(spool);
	}

	return NULL;
}

int spool_begin(struct spool *spool)
{
	return db_write_begin(spool->db);
}

int spool_commit(struct spool *spool)
{
	return db_write_commit(spool->db);
}

void spool_rollback(struct spool *spool)
{
	db_write_rollback(spool->db);
}

static bool on_text(void *arg, const struct db_row *row)
{
	*(char **)arg = g_strdup(db_text(row, 0));

	return false;
}

static int get_meta(struct spool *spool, const char *key, char **valuep)
{
	*valuep = NULL;

	return SPOOL_READ(spool, "SELECT value FROM meta WHERE key = ?1",
			  on_text, valuep, DB_S(key));
}

int spool_set_meta(struct spool *spool, const char *key, const char *value)
{
	return DB_RUN(spool->db,
		      "INSERT INTO meta (key, value) VALUES (?1, ?2)"
		      " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		      DB_S(key), DB_S(value));
}

int spool_cursor(struct spool *spool, int64_t *rowp)
{
	char *text = NULL;
	int err;

	err = get_meta(spool, cursor_key, &text);
	if (!err && str_to_int(text, 0, INT64_MAX, rowp)) {
		*rowp = 0;
		err = db_write_read(spool->db,
				    "SELECT coalesce(max(row), 0) FROM event",
				    NULL, 0, on_found, rowp);
		log_warn("webhook: the store has no place to go on from: "
			 "events before row %lld are not sent",
			 (long long)*rowp);
	}
	g_free(text);

	return err;
}

int spool_set_cursor(struct spool *spool, int64_t row)
{
	char text[32];

	(void)g_snprintf(text, sizeof(text), "%lld", (long long)row);

	return spool_set_meta(spool, cursor_key, text);
}

int spool_totals(struct spool *spool, struct webhook_totals *totals)
{
	char *text = NULL;
	int err;

	err = get_meta(spool, WEBHOOK_TOTALS_KEY, &text);
	if (!err)
		webhook_totals_read(totals, text);
	g_free(text);

	return err;
}

int spool_set_totals(struct spool *spool, const struct webhook_totals *totals)
{
	char *text = webhook_totals_text(totals);
	int err;

	err = spool_set_meta(spool, WEBHOOK_TOTALS_KEY, text);
	free(text);

	return err;
}

int spool_generation(struct spool *spool, char **genp)
{
	int err;

	err = get_meta(spool, generation_key, genp);
	if (!err && !*genp)
		*genp = g_strdup("");

	return err;
}

struct events_run {
	void (*handler)(void *arg, const struct spool_event *ev);
	void *arg;
};

static bool on_event(void *arg, const struct db_row *row)
{
	const struct events_run *run = arg;
	const struct spool_event ev = {
		.row = db_int(row, 0),
		.id = db_text(row, 1),
		.type = db_text(row, 2),
		.account_id = db_text(row, 3),
		.call_id = db_text(row, 4),
		.resource_id = db_text(row, 5),
	};

	run->handler(run->arg, &ev);

	return true;
}

int spool_events(struct spool *spool, int64_t after, unsigned max,
		 void (*handler)(void *arg, const struct spool_event *ev),
		 void *arg)
{
	struct events_run run = {handler, arg};

	return SPOOL_READ(spool,
			  "SELECT row, id, type, account_id, call_id,"
			  " resource_id FROM event"
			  " WHERE row > ?1 ORDER BY row LIMIT ?2",
			  on_event, &run, DB_I(after), DB_I(max));
}

struct endpoints_run {
	spool_endpoint_h *handler;
	void *arg;
};

static bool on_endpoint(void *arg, const struct db_row *row)
{
	const struct endpoints_run *run = arg;
	const struct endpoint_row ep = {
		.id = db_text(row, 0),
		.account_id = db_text(row, 1),
		.call_id = db_text(row, 2),
		.doc = db_text(row, 3),
		.account_doc = db_text(row, 4),
	};

	run->handler(run->arg, &ep);

	return true;
}

#define ENDPOINT_OF(account_doc)                                               \
	"SELECT w.id, w.account_id, w.call_id, w.doc, " account_doc            \
	" FROM webhook w"
#define WITH_ACCOUNT " LEFT JOIN account a ON a.id = w.account_id"

int spool_endpoints(struct spool *spool, spool_endpoint_h *handler, void *arg)
{
	struct endpoints_run run = {handler, arg};

	return db_write_read(
		spool->db,
		ENDPOINT_OF("NULL") " WHERE w.call_id IS NULL AND w.enabled = 1"
				    " ORDER BY w.id",
		NULL, 0, on_endpoint, &run);
}

int spool_call_endpoints(struct spool *spool, int64_t after, int64_t until,
			 spool_endpoint_h *handler, void *arg)
{
	struct endpoints_run run = {handler, arg};

	return SPOOL_READ(spool,
			  ENDPOINT_OF("a.doc") WITH_ACCOUNT
			  " WHERE w.call_id IS NOT NULL AND w.enabled = 1"
			  " AND w.call_id IN (SELECT call_id FROM event"
			  " WHERE row > ?1 AND row <= ?2)",
			  on_endpoint, &run, DB_I(after), DB_I(until));
}

int spool_endpoint(struct spool *spool, const char *id,
		   spool_endpoint_h *handler, void *arg)
{
	struct endpoints_run run = {handler, arg};

	return SPOOL_READ(spool,
			  ENDPOINT_OF("a.doc") WITH_ACCOUNT
			  " WHERE w.id = ?1 AND w.enabled = 1",
			  on_endpoint, &run, DB_S(id));
}

struct due_run {
	void (*handler)(void *arg, struct delivery *d);
	void *arg;
};

static bool on_due(void *arg, const struct db_row *row)
{
	const struct due_run *run = arg;
	struct delivery *d =
		delivery_new(db_text(row, 0), db_text(row, 2), db_text(row, 3));
	const int64_t attempts = db_int(row, 4);

	d->event_row = db_int(row, 1);
	d->attempts = attempts > 0 ? (unsigned)attempts : 0;
	run->handler(run->arg, d);

	return true;
}

int spool_due(struct spool *spool, const char *webhook_id, int64_t now_ms,
	      unsigned max, void (*handler)(void *arg, struct delivery *d),
	      void *arg)
{
	struct due_run run = {handler, arg};

	return SPOOL_READ(spool,
			  "SELECT id, event_row, event_id, call_id, attempts"
			  " FROM delivery WHERE webhook_id = ?1"
			  " AND status = 'pending' AND next_at <= ?2"
			  " ORDER BY next_at, event_row LIMIT ?3",
			  on_due, &run, DB_S(webhook_id), DB_I(now_ms),
			  DB_I(max));
}

struct parked_run {
	void (*handler)(void *arg, const char *call_id, int64_t until);
	void *arg;
};

static bool on_parked(void *arg, const struct db_row *row)
{
	const struct parked_run *run = arg;

	run->handler(run->arg, db_text(row, 0), db_int(row, 1));

	return true;
}

int spool_parked(struct spool *spool, const char *webhook_id, int64_t now_ms,
		 void (*handler)(void *arg, const char *call_id, int64_t until),
		 void *arg)
{
	struct parked_run run = {handler, arg};

	/* after two attempts an event does not hold others back any more */
	return SPOOL_READ(spool,
			  "SELECT call_id, max(next_at) FROM delivery"
			  " WHERE webhook_id = ?1 AND status = 'pending'"
			  " AND next_at > ?2 AND next_at <= ?3"
			  " AND attempts < 2 AND call_id IS NOT NULL"
			  " GROUP BY call_id LIMIT ?4",
			  on_parked, &run, DB_S(webhook_id), DB_I(now_ms),
			  DB_I(now_ms + LANES_HOLD_MS), DB_I(PARKED_MAX));
}

struct pending_run {
	char **idp;
	int64_t *next_at;
};

static bool on_pending(void *arg, const struct db_row *row)
{
	const struct pending_run *run = arg;

	*run->idp = g_strdup(db_text(row, 0));
	*run->next_at = db_int(row, 1);

	return false;
}

int spool_next_pending(struct spool *spool, const char *after, char **idp,
		       int64_t *next_at)
{
	struct pending_run run = {idp, next_at};

	*idp = NULL;

	return SPOOL_READ(spool,
			  "SELECT webhook_id, next_at FROM delivery"
			  " WHERE status = 'pending' AND webhook_id > ?1"
			  " ORDER BY webhook_id, next_at LIMIT 1",
			  on_pending, &run, DB_S(after));
}

int spool_document(struct spool *spool, int64_t row, char **docp)
{
	int err;

	*docp = NULL;
	err = SPOOL_READ(spool, "SELECT doc FROM event WHERE row = ?1", on_text,
			 docp, DB_I(row));

	return err ? err : *docp ? 0 : ENOENT;
}

int spool_add(struct spool *spool, const struct delivery *d,
	      const struct spool_event *ev, int64_t now_ms, int64_t next_ms)
{
	return DB_RUN(spool->db,
		      "INSERT INTO delivery (id, account_id, webhook_id,"
		      " event_row, event_id, event_type, call_id, status,"
		      " attempts, next_at, created_at, log) VALUES"
		      " (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', 0, ?8, ?9,"
		      " '[]')",
		      DB_S(d->id), DB_S(ev->account_id), DB_S(d->ep->id),
		      DB_I(ev->row), DB_S(ev->id), DB_S(ev->type),
		      DB_S(ev->call_id), DB_I(next_ms), DB_I(now_ms));
}

int spool_attempt(struct spool *spool, const char *id,
		  const struct spool_attempt *attempt)
{
	const bool over = !attempt->next_ms;

	/* replays go on without an end: the log does not */
	return DB_RUN(spool->db,
		      "UPDATE delivery SET status = ?2, attempts = ?3,"
		      " next_at = ?4, ended_at = ?5, log = CASE"
		      " WHEN length(log) < 3 OR length(log) > 16000"
		      " THEN '[' || ?6 || ']' ELSE"
		      " substr(log, 1, length(log) - 1) || ',' || ?6 || ']' END"
		      " WHERE id = ?1 AND status = 'pending'",
		      DB_S(id), DB_S(attempt->status), DB_I(attempt->attempts),
		      over ? DB_N : DB_I(attempt->next_ms),
		      over ? DB_I(attempt->now_ms) : DB_N,
		      DB_S(attempt->entry));
}

int spool_hold(struct spool *spool, const struct delivery *d, int64_t until_ms)
{
	/* expressions, so that it is the call that leads there: an endpoint
	 * that is down may have a million that are due */
	return DB_RUN(spool->db,
		      "UPDATE delivery SET next_at = ?4 WHERE call_id = ?2"
		      " AND webhook_id || '' = ?1 AND event_row > ?3"
		      " AND status = 'pending' AND next_at + 0 < ?4",
		      DB_S(d->ep->id), DB_S(d->call_id), DB_I(d->event_row),
		      DB_I(until_ms));
}

int spool_cancel(struct spool *spool, const char *webhook_id, int64_t now_ms,
		 unsigned max, unsigned *np)
{
	const struct db_value params[] = {DB_S(webhook_id), DB_I(now_ms),
					  DB_I(max)};
	int64_t changed = 0;
	int err;

	/* it may have been enabled again meanwhile */
	err = db_write_run(spool->db,
			   "UPDATE delivery SET status = 'canceled',"
			   " next_at = NULL, ended_at = ?2 WHERE id IN"
			   " (SELECT id FROM delivery WHERE webhook_id = ?1"
			   " AND status = 'pending' LIMIT ?3) AND NOT EXISTS"
			   " (SELECT 1 FROM webhook WHERE id = ?1"
			   " AND enabled = 1)",
			   params, G_N_ELEMENTS(params), &changed);
	*np = (unsigned)changed;

	return err;
}
