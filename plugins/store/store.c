/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/store.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "common/clock.h"
#include "common/obj.h"
#include "common/queue.h"
#include "host/log.h"
#include "loop/loop.h"
#include "store/backend.h"
#include "store/bell.h"
#include "store/kept.h"

enum {
	/* between two commits that nobody waits for: they share one. The
	 * interval grows while commits follow one another: most of what a
	 * commit costs is pages, and all calls touch the same ones */
	BATCH_MIN_US = 2000,
	BATCH_MAX_US = 12000,
	READERS = 4,
};

struct store {
	/* set before the thread starts, then read-only */
	const struct store_backend *backend;
	struct loop *loop;
	struct queue *queue;
	struct db *db;
	void (*committed)(void *arg, int64_t last_event_row);
	void *arg;
	pthread_t thread;

	/* thread: store */
	void *conn;
	int64_t last_commit_us, batch_us;
	struct kept kept; /* until the disk has room */
	struct log_limit limit;

	/* guarded by mtx */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool urgent; /* somebody waits for what is queued */

	/* any thread */
	struct bell bell; /* events were committed */
	atomic_bool closing;
	atomic_size_t nkept;
	_Atomic uint64_t commits, txs, fails;
	_Atomic int64_t commit_max_us;
};

/** Transactions that were decided together; goes to the loop whole */
struct batch {
	struct store_tx *first;
};

static struct store_tx *next_of(const struct store_tx *tx)
{
	return (struct store_tx *)tx->node.next;
}

static void batch_free(struct batch *batch)
{
	struct store_tx *tx, *next;

	for (tx = batch->first; tx; tx = next) {
		next = next_of(tx);
		store_tx_free(tx);
	}
	g_free(batch);
}

static void batch_done(void *arg) /* Thread: loop */
{
	struct batch *batch = arg;
	struct store_tx *tx;

	for (tx = batch->first; tx; tx = next_of(tx))
		if (tx->done)
			tx->done(tx->arg, tx->err, tx->err ? tx->why : NULL);

	batch_free(batch);
}

/** Nobody waits for it: at least a line says what was lost */
static void tell(struct store *store, const struct store_tx *tx)
{
	unsigned dropped = 0;

	if (!tx->stmts->len || !log_limit_pass(&store->limit, 5, &dropped))
		return;

	log_error("store: a transaction of %u statements was undone: %s "
		  "(%s); %u more lines were kept back",
		  tx->stmts->len, g_strerror(tx->err),
		  tx->why[0] ? tx->why : "row missing", dropped);
}

/** Count, and hand the answers over in one post */
static void answer(struct store *store, struct store_tx *first)
{
	struct batch *batch;
	struct store_tx *tx;
	bool waited_for = false;

	if (!first)
		return;
	for (tx = first; tx; tx = next_of(tx)) {
		++store->txs;
		if (tx->err)
			++store->fails;
		if (tx->err && !tx->done)
			tell(store, tx);
		if (tx->done)
			waited_for = true;
	}

	batch = g_new(struct batch, 1);
	batch->first = first;

	if (!waited_for ||
	    loop_post(store->loop, "store_done", batch_done, batch))
		batch_free(batch);
}

static void fail_all(struct store_tx *first, int err, const char *why)
{
	struct store_tx *tx;

	for (tx = first; tx; tx = next_of(tx)) {
		tx->err = err;
		g_strlcpy(tx->why, why, sizeof(tx->why));
	}
}

/** Does this error concern one transaction only? */
static bool is_own(int err)
{
	return err == EEXIST || err == EBUSY || err == ENOENT;
}

/** A savepoint each: who fails takes nobody with it.
 * @return 0, or an error of the database that ends the batch
 */
static int run_apart(struct store *store, struct store_tx *first,
		     char why[STORE_WHY_SIZE])
{
	const struct store_backend *be = store->backend;
	struct store_tx *tx;
	int err = 0;

	for (tx = first; tx && !err; tx = next_of(tx)) {
		err = be->savepoint(store->conn, why);
		if (err)
			break;

		if (!store_tx_run(tx, be, store->conn)) {
			err = be->release(store->conn, why);
			continue;
		}

		/* a full disk or a lost transaction concerns everyone */
		err = tx->err == ENOSPC ? ENOSPC : be->undo(store->conn, why);
		if (err)
			g_strlcpy(why, tx->why, STORE_WHY_SIZE);
	}

	return err;
}

/** Without savepoints, which copy every page they touch: right as long as
 * nobody fails, and nearly always nobody does
 */
static int run_together(struct store *store, struct store_tx *first)
{
	struct store_tx *tx;
	int err = 0;

	for (tx = first; tx && !err; tx = next_of(tx))
		err = store_tx_run(tx, store->backend, store->conn);

	return err;
}

/** The newest event row when there is one of theirs among them, or -1 */
static int64_t event_row(struct store *store, const struct store_tx *first)
{
	const struct store_tx *tx;

	for (tx = first; tx; tx = next_of(tx))
		if (tx->has_event && !tx->err)
			return store->backend->last_event(store->conn);

	return -1;
}

static int write_batch(struct store *store, struct store_tx *first, bool apart,
		       int64_t *rowp)
{
	const struct store_backend *be = store->backend;
	char why[STORE_WHY_SIZE] = "";
	int err;

	err = be->begin(store->conn, why);
	if (err)
		goto out;

	err = apart ? run_apart(store, first, why) : run_together(store, first);
	if (err) {
		be->rollback(store->conn);
		if (!apart)
			return EAGAIN;
		goto out;
	}

	/* inside: a transaction of its own would lock and look anew */
	*rowp = event_row(store, first);
	err = be->commit(store->conn, why);
	if (err)
		be->rollback(store->conn);
out:
	if (err)
		fail_all(first, is_own(err) ? EIO : err, why);

	return err;
}

/* Whoever follows the events: in this process by the bell, beyond it by the
 * doorbell */
static void ring(struct store *store, int64_t row)
{
	bell_ring(&store->bell, row);
	if (store->committed)
		store->committed(store->arg, row);
}

/** Take it away from its list, and put it at the end of another */
static void append(struct store_tx ***endp, struct store_tx *tx)
{
	tx->node.next = NULL;
	**endp = tx;
	*endp = (struct store_tx **)&tx->node.next;
}

/** The disk is full: what nobody waits for is kept.
 * @return The others, to be answered
 */
static struct store_tx *keep(struct store *store, struct store_tx *first)
{
	const size_t before = store->kept.n;
	struct store_tx *rest = NULL, **end = &rest, *tx, *next;

	for (tx = first; tx; tx = next) {
		next = next_of(tx);
		if (tx->done || !tx->stmts->len || store->closing ||
		    !kept_add(&store->kept, tx))
			append(&end, tx);
	}
	if (!before && store->kept.n && !store->nkept)
		log_error("store: the disk is full: what happens is kept in "
			  "memory until there is room");
	store->nkept = store->kept.n;

	return rest;
}

static void take_batch(struct store *store, struct store_tx *first)
{
	const int64_t start_us = clock_mono_us(clock_system());
	int64_t took_us, row = -1;
	int err;

	err = write_batch(store, first, false, &row);
	if (err == EAGAIN)
		err = write_batch(store, first, true, &row);

	store->last_commit_us = clock_mono_us(clock_system());
	took_us = store->last_commit_us - start_us;
	if (took_us > store->commit_max_us)
		store->commit_max_us = took_us;

	if (!err) {
		++store->commits;
		store->kept.due_us = 0; /* there is room */
		if (row >= 0)
			ring(store, row);
	} else if (err == ENOSPC) {
		first = keep(store, first);
		store->kept.due_us = store->last_commit_us + KEPT_RETRY_US;
	}
	answer(store, first);
}

/** While some are kept others of their kind go behind them; an empty one that
 * is waited for asks whether all before it is written, which it is not.
 * @return Who may go ahead: requests, by which room is made
 */
static struct store_tx *pass_kept(struct store *store, struct store_tx *first)
{
	struct store_tx *ahead = NULL, **end = &ahead;
	struct store_tx *rest = NULL, **rest_end = &rest, *tx, *next;

	for (tx = first; tx; tx = next) {
		next = next_of(tx);
		if (tx->done && tx->stmts->len) {
			append(&end, tx);
			continue;
		}
		append(&rest_end, tx);
	}
	fail_all(rest, ENOSPC, "what was before it waits for room");
	answer(store, keep(store, rest));

	return ahead;
}

static void retry_kept(struct store *store)
{
	const size_t n = store->kept.n;

	take_batch(store, kept_take(&store->kept));
	if (store->kept.n)
		return;
	store->nkept = 0;
	log_info("store: %zu transactions wait for room no more", n);
}

/** What came, and what is kept from before */
static void take_work(struct store *store, struct store_tx *first)
{
	if (store->kept.n && store->closing)
		retry_kept(store);
	if (store->kept.n)
		first = pass_kept(store, first);
	if (first)
		take_batch(store, first);
	if (store->kept.n &&
	    clock_mono_us(clock_system()) >= store->kept.due_us)
		retry_kept(store);
}

static struct timespec after_us(int64_t us)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += us * 1000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;

	return ts;
}

/** A batch costs the same for one and for many: what nobody waits for (the
 * events of calls) waits for company, a request's write goes at once.
 * @return false when there was no need: the last commit is long ago
 */
static bool wait_for_company(struct store *store)
{
	const int64_t now_us = clock_mono_us(clock_system());
	const int64_t left_us =
		store->last_commit_us + store->batch_us - now_us;
	struct timespec until;

	if (left_us <= 0)
		return false;

	until = after_us(left_us);
	pthread_mutex_lock(&store->mtx);
	while (!store->urgent && !store->closing)
		if (pthread_cond_timedwait(&store->cond, &store->mtx, &until))
			break;
	pthread_mutex_unlock(&store->mtx);

	return true;
}

/** Until there is something to write, or the end. While commits follow one
 * another there is when the wait for company is over: one sleep a commit, and
 * who hands something over wakes nobody.
 */
static void wait_for_work(struct store *store)
{
	struct pollfd pfd = {.fd = queue_fd(store->queue), .events = POLLIN};
	bool waited = wait_for_company(store);

	if (!queue_depth(store->queue) && !store->closing) {
		poll(&pfd, 1, store->kept.n ? KEPT_RETRY_US / 1000 : -1);
		waited = wait_for_company(store);
	}

	store->batch_us =
		waited ? MIN(2 * store->batch_us, BATCH_MAX_US) : BATCH_MIN_US;
	/* before the queue is taken: who sets it from now on is in there, or
	 * in the next batch */
	pthread_mutex_lock(&store->mtx);
	store->urgent = false;
	pthread_mutex_unlock(&store->mtx);
}

/** After the push: who sees the flag finds the transaction */
static void hurry(struct store *store)
{
	pthread_mutex_lock(&store->mtx);
	store->urgent = true;
	pthread_cond_signal(&store->cond);
	pthread_mutex_unlock(&store->mtx);
}

static void *store_thread(void *arg) /* Thread: store */
{
	struct store *store = arg;
	struct queue_node *chain;
	bool last;

	do {
		last = store->closing;
		wait_for_work(store);
		chain = queue_take_all(store->queue);
		if (chain || store->kept.n)
			take_work(store, (struct store_tx *)chain);
	} while (!last);

	return NULL;
}

/** An empty transaction: wakes the thread, changes nothing */
static void wake(struct store *store)
{
	struct store_tx *tx = store_tx_new();

	if (queue_push(store->queue, &tx->node))
		store_tx_free(tx);
	hurry(store);
}

static void store_destructor(void *arg)
{
	struct store *store = arg;

	if (store->conn)
		store->backend->close(store->conn);
	obj_unref(store->db);
	obj_unref(store->queue);
	bell_destroy(&store->bell);
	pthread_cond_destroy(&store->cond);
	pthread_mutex_destroy(&store->mtx);
}

int store_open_backend(struct store **storep, struct loop *loop,
		       const struct store_params *prm,
		       const struct store_backend *backend, char **whyp)
{
	struct store *store = obj_zalloc(sizeof(*store), store_destructor);
	pthread_condattr_t attr;
	int err;

	*whyp = NULL;
	bell_init(&store->bell);
	pthread_mutex_init(&store->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&store->cond, &attr);
	pthread_condattr_destroy(&attr);
	store->backend = backend;
	store->loop = loop;
	store->committed = prm->committed;
	store->arg = prm->arg;

	err = backend->open(&store->conn, prm, whyp);
	if (err)
		goto out;

	err = queue_alloc(&store->queue);
	if (err)
		goto out;

	err = db_open(&store->db, prm->path, READERS);
	if (err)
		goto out;

	err = pthread_create(&store->thread, NULL, store_thread, store);
	if (!err)
		pthread_setname_np(store->thread, "bifrons-store");
out:
	if (err) {
		if (!*whyp)
			*whyp = g_strdup_printf("store %s: %s", prm->path,
						g_strerror(err));
		obj_unref(store);
	} else {
		*storep = store;
	}

	return err;
}

int store_open(struct store **storep, struct loop *loop,
	       const struct store_params *prm, char **whyp)
{
	return store_open_backend(storep, loop, prm, &store_sqlite, whyp);
}

struct store *store_close(struct store *store)
{
	struct queue_node *left;

	if (!store)
		return NULL;

	store->closing = true;
	wake(store);
	queue_close(store->queue);
	pthread_join(store->thread, NULL);

	/* what came between its last look and the closing of the queue */
	left = queue_take_all(store->queue);
	if (left || store->kept.n)
		take_work(store, (struct store_tx *)left);

	return obj_unref(store);
}

struct db *store_db(struct store *store)
{
	return store->db;
}

void store_commit(struct store *store, struct store_tx *tx, store_done_h *done,
		  void *arg)
{
	tx->node.next = NULL;
	tx->done = done;
	tx->arg = arg;

	if (queue_push(store->queue, &tx->node)) {
		tx->err = EIO;
		g_strlcpy(tx->why, "the store is closed", sizeof(tx->why));
		answer(store, tx);
		return;
	}

	/* from here on the transaction is the store's */
	if (done)
		hurry(store);
}

bool store_wait_event(struct store *store, int64_t after, unsigned wait_ms)
{
	return bell_wait(&store->bell, after, wait_ms);
}

void store_stop_waiting(struct store *store)
{
	bell_close(&store->bell);
}

void store_stats(struct store *store, struct store_stats *stats)
{
	stats->depth = queue_depth(store->queue) + store->nkept;
	stats->commits = store->commits;
	stats->txs = store->txs;
	stats->fails = store->fails;
	stats->commit_max_us = store->commit_max_us;
}
