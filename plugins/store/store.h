/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file store.h  What must not be lost: state and events, written together
 *
 * Thread: as each function says. Writes are transactions handed to the store
 * thread, which puts what has queued into one database transaction every few
 * milliseconds (a savepoint each, so that one that fails takes nobody with
 * it). The answer comes on the loop, after the commit. Reads go through
 * store_db() on threads that may block, never on the loop.
 *
 * One interface, two backends (SQLite now, PostgreSQL later): SQL keeps to
 * what both know, parameters are ?1, ?2 … Times are INTEGER ms since 1970,
 * booleans INTEGER 0/1, documents TEXT holding JSON.
 */
#ifndef BIFRONS_STORE_STORE_H
#define BIFRONS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/db.h"

struct loop;
struct store;
struct store_tx;

struct store_params {
	const char *path;       /**< file; made when missing, mode 0600 */
	const char *backup_dir; /**< copies made before a migration */
	/** After each commit with events in it: the last event row.
	 * Thread: store. Rings the doorbell.
	 */
	void (*committed)(void *arg, int64_t last_event_row);
	void *arg;
};

/** Open, migrate (after a backup), start the thread. Blocks: not the loop.
 * @param whyp  On failure what is wrong and what to do; g_free() it
 * @return 0, EPROTO for a newer schema, EBUSY when another process holds the
 *         file, or EIO
 */
int store_open(struct store **storep, struct loop *loop,
	       const struct store_params *prm, char **whyp);

/** Write what is queued, close. Answers still reach the loop. Not the loop.
 * @return NULL
 */
struct store *store_close(struct store *store);

/** Pool for reading; thread: any that may block */
struct db *store_db(struct store *store);

/** A transaction being put together; thread: its maker, until committed */
struct store_tx *store_tx_new(void);
void store_tx_free(struct store_tx *tx);

enum store_expect {
	STORE_ANY,     /**< any number of rows may change */
	STORE_ONE_ROW, /**< not one row changed: all is undone, ENOENT */
};

/** Add a statement; values are copied.
 * @param sql  Static text (its address keys the prepared statement)
 */
void store_tx_add(struct store_tx *tx, enum store_expect expect,
		  const char *sql, const struct db_value *params,
		  size_t nparams);

#define STORE_ADD(tx, expect, sql, ...)                                        \
	store_tx_add((tx), (expect), (sql),                                    \
		     (const struct db_value[]){__VA_ARGS__},                   \
		     sizeof((const struct db_value[]){__VA_ARGS__}) /          \
			     sizeof(struct db_value))

/** Mark that the transaction writes event rows (event/ does), or makes
 * deliveries due: the doorbell rings after its commit */
void store_tx_has_event(struct store_tx *tx);

/** What came of it. `why` names the constraint or the I/O error.
 * err: 0, EEXIST (a UNIQUE constraint), EBUSY (a FOREIGN KEY: in use),
 * ENOENT (STORE_ONE_ROW), ENOSPC, EIO
 */
typedef void(store_done_h)(void *arg, int err, const char *why);

/** Hand a transaction over; done on the loop, always, in the order of the
 * commits. Thread: loop (before the loop runs: the starting thread).
 * @param done  May be NULL: a failure is then logged and counted. On a full
 *              disk it is kept, in its order, until there is room (64 MiB of
 *              them; they go with the process), while those that somebody
 *              waits for are told ENOSPC, and may go ahead of it
 */
void store_commit(struct store *store, struct store_tx *tx, store_done_h *done,
		  void *arg);

/** Wait until an event after this row is committed, `wait_ms` at most; reads
 * see it. Thread: any that may block.
 * @return false when there is none, or after store_stop_waiting()
 */
bool store_wait_event(struct store *store, int64_t after, unsigned wait_ms);

/** Whoever waits returns, and nobody waits any more. Thread: any */
void store_stop_waiting(struct store *store);

struct store_stats {
	size_t depth; /**< transactions waiting, those for room too */
	uint64_t commits, txs, fails;
	int64_t commit_max_us;
};
void store_stats(struct store *store, struct store_stats *stats);

#endif
