/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/reader.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "common/obj.h"
#include "host/db.h"
#include "host/log.h"

enum {
	POLL_MS = 1000,
	BATCH = 256, /* rows a read: the connection is not kept for long */
};

struct reader {
	/* set before start, then read-only */
	char *path;
	unsigned poll_ms;
	void (*followed)(void *arg, int64_t row, uint64_t count);
	void *arg;
	pthread_t thread;

	/* thread: reader */
	struct db *db;
	bool waiting; /* said that the store cannot be read */

	pthread_mutex_t mtx;
	pthread_cond_t cond; /* CLOCK_MONOTONIC */
	int64_t rung;        /* guarded by mtx: committed up to here */
	bool stopping;       /* guarded by mtx */
	/* guarded by mtx; written by the reader's thread alone */
	struct reader_stats stats;
};

struct batch {
	int64_t row;
	unsigned count;
};

static bool is_stopping(struct reader *reader)
{
	bool stopping;

	pthread_mutex_lock(&reader->mtx);
	stopping = reader->stopping;
	pthread_mutex_unlock(&reader->mtx);

	return stopping;
}

static bool on_event(void *arg, const struct db_row *row)
{
	struct batch *batch = arg;

	batch->row = db_int(row, 0);
	++batch->count;
	log_debug("webhook: event %s %s, row %lld", db_text(row, 1),
		  db_text(row, 2), (long long)batch->row);

	return true;
}

static bool on_last_row(void *arg, const struct db_row *row)
{
	struct batch *batch = arg;

	batch->row = db_int(row, 0);

	return true;
}

static void stats_add(struct reader *reader, const struct batch *batch)
{
	struct reader_stats now;

	pthread_mutex_lock(&reader->mtx);
	reader->stats.row = batch->row;
	reader->stats.count += batch->count;
	now = reader->stats;
	pthread_mutex_unlock(&reader->mtx);

	if (batch->count && reader->followed)
		reader->followed(reader->arg, now.row, now.count);
}

/* Said once, then again only after it worked */
static void store_lost(struct reader *reader, const char *what, int err)
{
	if (reader->waiting)
		return;

	reader->waiting = true;
	/* handlers start before the plugin that makes the file */
	if (err == ENOENT)
		log_info("webhook: no store at %s yet, waiting for it",
			 reader->path);
	else
		log_warn("webhook: cannot %s %s (%s), trying again", what,
			 reader->path, strerror(err));
}

static bool on_any_row(void *arg, const struct db_row *row)
{
	bool *found = arg;

	(void)row;
	*found = true;

	return false;
}

/* The file may be there before its tables */
static int store_connect(struct reader *reader)
{
	bool found = false;
	struct db *db;
	int err;

	if (reader->db)
		return 0;

	err = db_open(&db, reader->path, 1);
	if (err)
		goto out;

	err = db_read(db, "SELECT 1 FROM sqlite_master WHERE name = 'event'",
		      NULL, 0, on_any_row, &found);
	if (!err && !found)
		err = ENOENT;
	if (err)
		obj_unref(db);
out:
	if (err)
		store_lost(reader, "open", err);
	else
		reader->db = db;

	return err;
}

/* A store that was there before us: what it holds was read in another life */
static void skip_old(struct reader *reader)
{
	struct batch batch = {.row = 0};
	int err;

	if (store_connect(reader))
		return;

	err = db_read(reader->db,
		      "SELECT row FROM event ORDER BY row DESC LIMIT 1", NULL,
		      0, on_last_row, &batch);
	if (err) {
		store_lost(reader, "read", err);
		return;
	}

	log_info("webhook: following the events of %s from row %lld",
		 reader->path, (long long)batch.row);
	stats_add(reader, &batch);
}

/* Everything after the cursor, a batch at a time */
static void follow(struct reader *reader)
{
	struct batch batch = {.row = reader->stats.row};
	struct db_value after[2];
	int err;

	if (store_connect(reader))
		return;

	do {
		batch.count = 0;
		after[0] = DB_I(batch.row);
		after[1] = DB_I(BATCH);
		err = db_read(reader->db,
			      "SELECT row, type, id FROM event "
			      "WHERE row > ?1 ORDER BY row LIMIT ?2",
			      after, G_N_ELEMENTS(after), on_event, &batch);
		if (err) {
			store_lost(reader, "read", err);
			reader->db = obj_unref(reader->db);
			return;
		}
		if (batch.count)
			stats_add(reader, &batch);
	} while (batch.count == BATCH && !is_stopping(reader));

	if (reader->waiting) {
		reader->waiting = false;
		log_info("webhook: following the events of %s", reader->path);
	}
}

/** Sleep until the doorbell, the time, or the end.
 * @return false at the end
 */
static bool wait_for_ring(struct reader *reader)
{
	struct timespec until;
	bool go_on;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(reader->poll_ms / 1000);
	until.tv_nsec += (long)(reader->poll_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		++until.tv_sec;
	}

	pthread_mutex_lock(&reader->mtx);
	while (!reader->stopping && reader->rung <= reader->stats.row)
		if (pthread_cond_timedwait(&reader->cond, &reader->mtx, &until))
			break;
	/* a row that cannot be seen yet must not keep us turning */
	reader->rung = 0;
	go_on = !reader->stopping;
	pthread_mutex_unlock(&reader->mtx);

	return go_on;
}

static void *run(void *arg) /* Thread: reader */
{
	struct reader *reader = arg;

	skip_old(reader);
	do
		follow(reader);
	while (wait_for_ring(reader));

	reader->db = obj_unref(reader->db);

	return NULL;
}

static void reader_destructor(void *obj)
{
	struct reader *reader = obj;

	pthread_cond_destroy(&reader->cond);
	pthread_mutex_destroy(&reader->mtx);
	g_free(reader->path);
}

int reader_start(struct reader **readerp, const struct reader_params *prm)
{
	pthread_condattr_t attr;
	struct reader *reader;
	int err;

	if (!readerp || !prm || !prm->store)
		return EINVAL;

	reader = obj_zalloc(sizeof(*reader), reader_destructor);
	reader->path = g_strdup(prm->store);
	reader->poll_ms = prm->poll_ms ? prm->poll_ms : POLL_MS;
	reader->followed = prm->followed;
	reader->arg = prm->arg;
	pthread_mutex_init(&reader->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&reader->cond, &attr);
	pthread_condattr_destroy(&attr);

	err = pthread_create(&reader->thread, NULL, run, reader);
	if (err)
		obj_unref(reader);
	else
		*readerp = reader;

	return err;
}

void reader_ring(struct reader *reader, int64_t row)
{
	pthread_mutex_lock(&reader->mtx);
	if (row > reader->rung)
		reader->rung = row;
	pthread_cond_signal(&reader->cond);
	pthread_mutex_unlock(&reader->mtx);
}

void reader_stats(struct reader *reader, struct reader_stats *stats)
{
	pthread_mutex_lock(&reader->mtx);
	*stats = reader->stats;
	pthread_mutex_unlock(&reader->mtx);
}

struct reader *reader_stop(struct reader *reader)
{
	if (!reader)
		return NULL;

	pthread_mutex_lock(&reader->mtx);
	reader->stopping = true;
	pthread_cond_signal(&reader->cond);
	pthread_mutex_unlock(&reader->mtx);
	(void)pthread_join(reader->thread, NULL);

	return obj_unref(reader);
}
