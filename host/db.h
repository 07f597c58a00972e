/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file db.h  Reading the store: SQL in, rows out, never a write
 *
 * Thread: any; each read takes a connection of a small pool for as long as it
 * lasts and blocks meanwhile, so never on the loop or a media thread. The
 * connections are opened read-only on the file that the call plugin's store/
 * writes (WAL): what was committed is seen. The REST transport and the webhook
 * module read through this too, each with a pool of its own.
 *
 * SQL keeps to what SQLite 3.40 and PostgreSQL share; parameters are ?1, ?2 …
 */
#ifndef BIFRONS_HOST_DB_H
#define BIFRONS_HOST_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;     /**< counted: obj_unref() closes it when all reads are over */
struct db_row; /**< valid in the callback only */

enum db_type {
	DB_NULL,
	DB_INT,
	DB_TEXT
};

/** A value bound to a parameter; text is borrowed during the call */
struct db_value {
	enum db_type type;
	int64_t i;
	const char *s;
};

#define DB_S(text) ((struct db_value){.type = DB_TEXT, .s = (text)})
#define DB_I(num) ((struct db_value){.type = DB_INT, .i = (num)})
#define DB_N ((struct db_value){.type = DB_NULL})

/** Open a pool.
 * @param max  Connections at most; they are opened as needed
 * @return 0, ENOENT while the file is not there yet, or EIO
 */
int db_open(struct db **dbp, const char *path, unsigned max);

/** One row. @return false to stop reading */
typedef bool(db_row_h)(void *arg, const struct db_row *row);

/** Run one SELECT; prepared statements are kept by text.
 * @return 0, EIO, or EBUSY when no connection came free in 3 s
 */
int db_read(struct db *db, const char *sql, const struct db_value *params,
	    size_t nparams, db_row_h *row, void *arg);

/** Columns from 0; NULL gives NULL or 0 */
const char *db_text(const struct db_row *row, unsigned col);
int64_t db_int(const struct db_row *row, unsigned col);
bool db_is_null(const struct db_row *row, unsigned col);

/** Bytes of all its texts together */
size_t db_row_bytes(const struct db_row *row);

#endif
