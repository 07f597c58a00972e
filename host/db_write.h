/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file db_write.h  Writing the store from beside its store thread
 *
 * The call plugin's store/ writes the file; a module that has tables of its
 * own in it (the webhook module) writes them through this. One connection, for
 * one thread, with prepared statements kept by text; it reads too (db_row of
 * db.h). Transactions are short: while one lasts, the store thread waits.
 *
 * Thread: the one that opened it; each call may block, for LOCK_MS at most
 * when the file is locked.
 */
#ifndef BIFRONS_HOST_DB_WRITE_H
#define BIFRONS_HOST_DB_WRITE_H

#include "host/db.h"

struct db_write;

/** Open a file that is there; it is never made.
 * @return 0, ENOENT while the file is not there yet, or EIO
 */
int db_write_open(struct db_write **dbp, const char *path);

/** Roll back what was not committed. @return NULL */
struct db_write *db_write_close(struct db_write *db);

/** BEGIN IMMEDIATE: waits for its turn.
 * @return 0, EBUSY when it did not come, or EIO
 */
int db_write_begin(struct db_write *db);

/** After an error nothing was written. @return 0, EBUSY, ENOSPC or EIO */
int db_write_commit(struct db_write *db);

/** Undo what was done since db_write_begin(); without one it does nothing */
void db_write_rollback(struct db_write *db);

/** Run one statement within a transaction.
 * @param changedp  Set to the number of rows; may be NULL
 * @return 0, EBUSY, ENOSPC or EIO
 */
int db_write_run(struct db_write *db, const char *sql,
		 const struct db_value *params, size_t nparams,
		 int64_t *changedp);

/** Read, within a transaction or outside; as db_read(). The callback must not
 * use the connection.
 */
int db_write_read(struct db_write *db, const char *sql,
		  const struct db_value *params, size_t nparams, db_row_h *row,
		  void *arg);

#define DB_RUN(db, sql, ...)                                                   \
	db_write_run((db), (sql), (const struct db_value[]){__VA_ARGS__},      \
		     sizeof((const struct db_value[]){__VA_ARGS__}) /          \
			     sizeof(struct db_value),                          \
		     NULL)

#endif
