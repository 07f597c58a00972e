/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file db_conn.h  One connection and its prepared statements
 *
 * Thread: one at a time, the one that took it from the pool. Private to host/.
 */
#ifndef BIFRONS_HOST_DB_CONN_H
#define BIFRONS_HOST_DB_CONN_H

#include <sqlite3.h>

#include "host/db.h"

enum {
	DB_STMTS_MAX = 48
};

struct db_stmt {
	char *sql;
	sqlite3_stmt *stmt;
	uint64_t used; /**< order of the last use, for making room */
};

struct db_conn {
	struct db_conn *next; /**< guarded by the pool's lock */
	sqlite3 *sqlite;
	struct db_stmt stmts[DB_STMTS_MAX];
	uint64_t uses;
	bool writes; /**< statements may change rows */
	bool broken;
};

enum db_conn_mode {
	DB_CONN_READS,
	DB_CONN_WRITES
};

/** Of a file that is there. @return 0, ENOENT or EIO */
int db_conn_open(struct db_conn **connp, const char *path,
		 enum db_conn_mode mode);
void db_conn_close(struct db_conn *conn);

/** As db_read(); ENOSPC too when it writes */
int db_conn_read(struct db_conn *conn, const char *sql,
		 const struct db_value *params, size_t nparams, db_row_h *row,
		 void *arg);

/** After EIO: is the connection itself no good any more? */
bool db_conn_is_broken(const struct db_conn *conn);

#endif
