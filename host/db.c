/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/db.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/obj.h"
#include "common/str.h"
#include "host/db_conn.h"
#include "host/log.h"

enum {
	WAIT_S = 3
};

struct db {
	/* constant */
	char *path;
	unsigned max;

	/* guarded by mtx */
	pthread_mutex_t mtx;
	pthread_cond_t cond; /* a connection came back */
	struct db_conn *idle;
	unsigned open; /* idle, in use, or being opened */
	unsigned waiting;
};

static void db_destructor(void *arg)
{
	struct db *db = arg;

	/* reads hold a reference, so every connection is idle by now */
	while (db->idle) {
		struct db_conn *conn = db->idle;

		db->idle = conn->next;
		db_conn_close(conn);
	}
	pthread_cond_destroy(&db->cond);
	pthread_mutex_destroy(&db->mtx);
	g_free(db->path);
}

static void give_place_back(struct db *db)
{
	pthread_mutex_lock(&db->mtx);
	--db->open;
	pthread_cond_signal(&db->cond);
	pthread_mutex_unlock(&db->mtx);
}

/* The last one used first: its pages and statements are warm */
static void put_conn(struct db *db, struct db_conn *conn, int err)
{
	if (err == EIO && db_conn_is_broken(conn)) {
		db_conn_close(conn);
		give_place_back(db);
		return;
	}

	pthread_mutex_lock(&db->mtx);
	conn->next = db->idle;
	db->idle = conn;
	pthread_cond_signal(&db->cond);
	pthread_mutex_unlock(&db->mtx);
}

static bool has_place(const struct db *db)
{
	return db->idle || db->open < db->max;
}

/* Take an idle connection, or the right to open one (*connp NULL). Who comes
 * does not go before those who wait: a thread that reads again and again would
 * always be the first
 */
static int take_place(struct db *db, struct db_conn **connp)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_S;

	pthread_mutex_lock(&db->mtx);
	if (db->waiting || !has_place(db)) {
		++db->waiting;
		do {
			err = pthread_cond_timedwait(&db->cond, &db->mtx,
						     &until);
		} while (!err && !has_place(db));
		--db->waiting;
	}
	*connp = db->idle;
	if (db->idle) {
		db->idle = db->idle->next;
		err = 0;
	} else if (db->open < db->max) {
		++db->open;
		err = 0;
	} else {
		err = EBUSY;
	}
	/* the next one may have come while there was more than one place */
	if (db->waiting && has_place(db))
		pthread_cond_signal(&db->cond);
	pthread_mutex_unlock(&db->mtx);

	return err;
}

static int take_conn(struct db *db, struct db_conn **connp)
{
	struct db_conn *conn;
	int err;

	err = take_place(db, &conn);
	if (err)
		return err;
	if (!conn) {
		err = db_conn_open(&conn, db->path, DB_CONN_READS);
		if (err) {
			give_place_back(db);
			return err;
		}
	}
	*connp = conn;

	return 0;
}

int db_open(struct db **dbp, const char *path, unsigned max)
{
	struct db_conn *conn;
	pthread_condattr_t attr;
	struct stat st;
	struct db *db;
	int err;

	if (!dbp || !path || !max)
		return EINVAL;
	if (stat(path, &st))
		return errno == ENOENT ? ENOENT : EIO;

	db = obj_zalloc(sizeof(*db), db_destructor);
	db->path = g_strdup(path);
	db->max = max;
	pthread_mutex_init(&db->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&db->cond, &attr);
	pthread_condattr_destroy(&attr);

	/* the first one shows now whether the file can be read */
	err = take_conn(db, &conn);
	if (err) {
		obj_unref(db);
		return err;
	}
	put_conn(db, conn, 0);
	*dbp = db;

	return 0;
}

int db_read(struct db *db, const char *sql, const struct db_value *params,
	    size_t nparams, db_row_h *row, void *arg)
{
	struct db_conn *conn;
	int err;

	if (!db || !sql || !row || (nparams && !params))
		return EINVAL;

	obj_ref(db);
	err = take_conn(db, &conn);
	if (err) {
		if (err == EBUSY)
			log_warn("db: no connection came free in %d s", WAIT_S);
		goto out;
	}
	err = db_conn_read(conn, sql, params, nparams, row, arg);
	put_conn(db, conn, err);
out:
	obj_unref(db);

	return err;
}
