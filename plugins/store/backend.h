/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file backend.h  What a database must do for the store, and the transaction
 *
 * Thread: store (open: the thread that opens the store, before it starts).
 * Private to store/ and to its tests, which wrap a backend to make the n-th
 * call fail. Every function returns 0, EEXIST, EBUSY (foreign key), ENOSPC or
 * EIO; `why` gets the database's own words.
 */
#ifndef BIFRONS_STORE_BACKEND_H
#define BIFRONS_STORE_BACKEND_H

#include <glib.h>

#include "common/queue.h"
#include "store/store.h"

enum {
	STORE_WHY_SIZE = 160
};

struct store_backend {
	const char *name;

	/** Lock, open, back up, migrate. EBUSY: another process holds it;
	 * EPROTO: newer schema. `whyp` as store_open() */
	int (*open)(void **connp, const struct store_params *prm, char **whyp);
	void (*close)(void *conn);

	int (*begin)(void *conn, char why[STORE_WHY_SIZE]);
	int (*commit)(void *conn, char why[STORE_WHY_SIZE]);
	/** Undo all; cannot fail: what it cannot undo was not done */
	void (*rollback)(void *conn);

	/** One level is enough */
	int (*savepoint)(void *conn, char why[STORE_WHY_SIZE]);
	int (*release)(void *conn, char why[STORE_WHY_SIZE]);
	int (*undo)(void *conn, char why[STORE_WHY_SIZE]);

	/** Run one statement; `changed` gets the number of rows */
	int (*run)(void *conn, const char *sql, const struct db_value *params,
		   size_t nparams, int64_t *changed, char why[STORE_WHY_SIZE]);

	/** Row of the newest event, 0 without any */
	int64_t (*last_event)(void *conn);
};

extern const struct store_backend store_sqlite;

/** store_open() with a backend of the caller's choice */
int store_open_backend(struct store **storep, struct loop *loop,
		       const struct store_params *prm,
		       const struct store_backend *backend, char **whyp);

/* ---- tx.c ---- */

struct store_stmt {
	const char *sql;
	enum store_expect expect;
	guint first; /**< of its values in `values` */
	guint nparams;
};

/** Thread: its maker's until committed, then the store's */
struct store_tx {
	struct queue_node node; /**< first: the queue's items are these */
	GArray *stmts;          /**< struct store_stmt */
	GArray *values;         /**< struct db_value; text = offset in `text` */
	GString *text;          /**< every string with its NUL */
	bool has_event;
	store_done_h *done;
	void *arg;

	/* thread: store */
	int err;
	char why[STORE_WHY_SIZE];
};

/** Run its statements in order. @return 0, or the first one's error */
int store_tx_run(struct store_tx *tx, const struct store_backend *backend,
		 void *conn);

#endif
