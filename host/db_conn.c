/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/db_conn.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <string.h>

#include "host/log.h"

enum {
	BUSY_TIMEOUT_MS = 1000
};

struct db_row {
	sqlite3_stmt *stmt;
};

#define READ_FILE "SELECT count(*) FROM sqlite_master"
static const char read_file[] = READ_FILE;
static const char only_read_file[] = "PRAGMA query_only=1;" READ_FILE;

static int fault(struct db_conn *conn, int rc, const char *what)
{
	const int kind = rc & 0xff;

	log_error("db: %s: %s", what, sqlite3_errmsg(conn->sqlite));
	if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED)
		return EBUSY;
	if (kind == SQLITE_FULL)
		return ENOSPC;
	/* a mistake in the SQL is none of the connection's */
	if (kind != SQLITE_ERROR && kind != SQLITE_RANGE)
		conn->broken = true;

	return EIO;
}

void db_conn_close(struct db_conn *conn)
{
	size_t i;

	if (!conn)
		return;
	for (i = 0; i < DB_STMTS_MAX; ++i) {
		sqlite3_finalize(conn->stmts[i].stmt);
		g_free(conn->stmts[i].sql);
	}
	sqlite3_close(conn->sqlite);
	g_free(conn);
}

int db_conn_open(struct db_conn **connp, const char *path,
		 enum db_conn_mode mode)
{
	struct db_conn *conn = g_new0(struct db_conn, 1);
	int flags, rc, err = 0;

	conn->writes = mode == DB_CONN_WRITES;
	flags = conn->writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	rc = sqlite3_open_v2(path, &conn->sqlite, flags | SQLITE_OPEN_NOMUTEX,
			     NULL);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(conn->sqlite, BUSY_TIMEOUT_MS);
		/* the second reads the file: one that is no database shows */
		rc = sqlite3_exec(conn->sqlite,
				  conn->writes ? read_file : only_read_file,
				  NULL, NULL, NULL);
	}
	if (rc != SQLITE_OK)
		err = fault(conn, rc, "open");
	if (err)
		db_conn_close(conn);
	else
		*connp = conn;

	return err;
}

bool db_conn_is_broken(const struct db_conn *conn)
{
	return conn->broken;
}

static int prepare(struct db_conn *conn, const char *sql, sqlite3_stmt **stmtp)
{
	sqlite3_stmt *stmt = NULL;
	const char *tail = NULL;
	int rc;

	rc = sqlite3_prepare_v3(conn->sqlite, sql, -1,
				SQLITE_PREPARE_PERSISTENT, &stmt, &tail);
	if (rc != SQLITE_OK)
		return fault(conn, rc, "prepare");
	if (!stmt || (!conn->writes && !sqlite3_stmt_readonly(stmt)) ||
	    (tail && tail[strspn(tail, " \t\r\n;")])) {
		log_error("db: not one %s: %s",
			  conn->writes ? "statement" : "SELECT", sql);
		sqlite3_finalize(stmt);
		return EIO;
	}
	*stmtp = stmt;

	return 0;
}

/* A free place, or the one that was not used for the longest time */
static struct db_stmt *make_room(struct db_conn *conn)
{
	struct db_stmt *oldest = &conn->stmts[0];
	size_t i;

	/* one read at a time: none of them runs now */
	for (i = 1; i < DB_STMTS_MAX; ++i)
		if (conn->stmts[i].used < oldest->used)
			oldest = &conn->stmts[i];

	return oldest;
}

static int find_stmt(struct db_conn *conn, const char *sql,
		     struct db_stmt **stp)
{
	sqlite3_stmt *stmt = NULL;
	struct db_stmt *st;
	size_t i;
	int err;

	for (i = 0; i < DB_STMTS_MAX; ++i) {
		st = &conn->stmts[i];
		if (st->sql && strcmp(st->sql, sql) == 0)
			goto found;
	}

	err = prepare(conn, sql, &stmt);
	if (err)
		return err;
	st = make_room(conn);
	sqlite3_finalize(st->stmt);
	g_free(st->sql);
	st->stmt = stmt;
	st->sql = g_strdup(sql);
found:
	st->used = ++conn->uses;
	*stp = st;

	return 0;
}

static int bind(struct db_conn *conn, sqlite3_stmt *stmt,
		const struct db_value *params, size_t nparams)
{
	int rc = SQLITE_OK;
	size_t i;

	/* a parameter left out would be NULL and quietly find nothing */
	if (nparams > INT_MAX ||
	    (int)nparams != sqlite3_bind_parameter_count(stmt)) {
		log_error("db: %zu parameters for: %s", nparams,
			  sqlite3_sql(stmt));
		return EIO;
	}

	for (i = 0; i < nparams && rc == SQLITE_OK; ++i) {
		const struct db_value *v = &params[i];
		const int n = (int)i + 1;

		if (v->type == DB_INT)
			rc = sqlite3_bind_int64(stmt, n, v->i);
		else if (v->type == DB_TEXT && v->s)
			rc = sqlite3_bind_text(stmt, n, v->s, -1,
					       SQLITE_STATIC);
		else
			rc = sqlite3_bind_null(stmt, n);
	}

	return rc == SQLITE_OK ? 0 : fault(conn, rc, "bind");
}

int db_conn_read(struct db_conn *conn, const char *sql,
		 const struct db_value *params, size_t nparams, db_row_h *row,
		 void *arg)
{
	struct db_stmt *st;
	struct db_row r;
	int err, rc;

	err = find_stmt(conn, sql, &st);
	if (err)
		return err;
	err = bind(conn, st->stmt, params, nparams);
	if (err)
		goto out;

	r.stmt = st->stmt;
	while ((rc = sqlite3_step(st->stmt)) == SQLITE_ROW)
		if (!row(arg, &r))
			break;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = fault(conn, rc, "read");
out:
	/* ends the read transaction, so that the next sees what came since;
	 * the borrowed texts are let go */
	sqlite3_reset(st->stmt);
	sqlite3_clear_bindings(st->stmt);

	return err;
}

const char *db_text(const struct db_row *row, unsigned col)
{
	return (const char *)sqlite3_column_text(row->stmt, (int)col);
}

int64_t db_int(const struct db_row *row, unsigned col)
{
	return sqlite3_column_int64(row->stmt, (int)col);
}

bool db_is_null(const struct db_row *row, unsigned col)
{
	return sqlite3_column_type(row->stmt, (int)col) == SQLITE_NULL;
}

size_t db_row_bytes(const struct db_row *row)
{
	const int n = sqlite3_column_count(row->stmt);
	size_t bytes = 0;
	int i;

	for (i = 0; i < n; ++i) {
		if (sqlite3_column_type(row->stmt, i) == SQLITE_TEXT)
			bytes += (size_t)sqlite3_column_bytes(row->stmt, i);
	}

	return bytes;
}
