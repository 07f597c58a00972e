/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/db_write.h"

#include <errno.h>
#include <glib.h>
#include <sys/stat.h>
#include <time.h>

#include "host/db_conn.h"

enum {
	LOCK_MS = 2000,
	LOCK_NAP_US = 250, /* the other's transactions last a few ms */
};

struct db_write {
	struct db_conn *conn;
};

/* SQLite's own waits longer each time, up to 100 ms: events would be late */
static int on_busy(void *arg, int tries)
{
	const struct timespec nap = {.tv_nsec = LOCK_NAP_US * 1000};

	(void)arg;
	if (tries >= LOCK_MS * 1000 / LOCK_NAP_US)
		return 0;
	(void)nanosleep(&nap, NULL);

	return 1;
}

int db_write_open(struct db_write **dbp, const char *path)
{
	/* the store's thread copies the log back (every 4,000 pages); this is
	 * for when it has nothing to write */
	static const char set_up[] = "PRAGMA synchronous=NORMAL;"
				     "PRAGMA temp_store=MEMORY;"
				     "PRAGMA cache_size=-4096;"
				     "PRAGMA wal_autocheckpoint=8000";
	struct db_write *db;
	struct stat st;
	int err;

	if (!dbp || !path)
		return EINVAL;
	if (stat(path, &st))
		return errno == ENOENT ? ENOENT : EIO;

	db = g_new0(struct db_write, 1);
	err = db_conn_open(&db->conn, path, DB_CONN_WRITES);
	if (err)
		goto out;

	sqlite3_busy_handler(db->conn->sqlite, on_busy, NULL);
	if (sqlite3_exec(db->conn->sqlite, set_up, NULL, NULL, NULL) !=
	    SQLITE_OK)
		err = EIO;
out:
	if (err)
		db_write_close(db);
	else
		*dbp = db;

	return err;
}

struct db_write *db_write_close(struct db_write *db)
{
	if (db) {
		/* an open transaction is rolled back by SQLite */
		db_conn_close(db->conn);
		g_free(db);
	}

	return NULL;
}

int db_write_begin(struct db_write *db)
{
	return db_write_run(db, "BEGIN IMMEDIATE", NULL, 0, NULL);
}

int db_write_commit(struct db_write *db)
{
	const int err = db_write_run(db, "COMMIT", NULL, 0, NULL);

	if (err)
		db_write_rollback(db);

	return err;
}

void db_write_rollback(struct db_write *db)
{
	/* some faults have rolled back already */
	if (!sqlite3_get_autocommit(db->conn->sqlite))
		(void)db_write_run(db, "ROLLBACK", NULL, 0, NULL);
}

static bool no_row(void *arg, const struct db_row *row)
{
	(void)arg;
	(void)row;

	return true;
}

int db_write_run(struct db_write *db, const char *sql,
		 const struct db_value *params, size_t nparams,
		 int64_t *changedp)
{
	int err;

	err = db_conn_read(db->conn, sql, params, nparams, no_row, NULL);
	if (!err && changedp)
		*changedp = sqlite3_changes64(db->conn->sqlite);

	return err;
}

int db_write_read(struct db_write *db, const char *sql,
		  const struct db_value *params, size_t nparams, db_row_h *row,
		  void *arg)
{
	return db_conn_read(db->conn, sql, params, nparams, row, arg);
}
