/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file job.h  A verb that acts, on its way through the loop
 *
 * Thread: made and filled in on a pool thread, which hands it over and waits
 * until the deadline; from then on the loop's. Counted: the waiter and the
 * loop hold one reference each. The state says who may act: a job that still
 * waits at its deadline is dropped and never runs; one that runs by then ends
 * unseen, but its answer is kept for its Idempotency-Key.
 */
#ifndef BIFRONS_API_JOB_H
#define BIFRONS_API_JOB_H

#include "api/api_priv.h"
#include "directory/directory.h"

enum job_state {
	JOB_QUEUED,
	JOB_RUNNING,
	JOB_DONE,
	JOB_DROPPED
};

struct store_tx;

struct job {
	/* set before it is handed over, then read-only */
	struct api *api;
	const struct verb *verb;
	const char *name; /**< static, for the watchdog */
	char account_id[ID_SIZE], id[ID_SIZE];
	char *request_id; /**< or NULL */
	bool platform;
	bool has_secret; /**< the answer holds one: keep it sealed, 10 min */
	char *idem_key, *idem_hash; /**< or NULL: not idempotent */

	/* thread: pool until handed over, then loop */
	struct store_tx *tx;  /**< what to write */
	json_t *doc;          /**< as it will be stored */
	json_t *ready;        /**< the reply when all goes well */
	json_t *input;        /**< the checked body, of live verbs */
	bool answer_is_in_tx; /**< tx stores `ready` for the idempotency key */
	bool was_found;       /**< live verbs: the store has a record */
	void *data;           /**< the verb's own */
	/** Thread: whoever gives the last reference back */
	void (*data_free)(void *data);

	/* guarded by mtx */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	enum job_state state;
	json_t *reply;
};

/** A job for this request */
struct job *job_new(const struct req *req);

/** Hand it over and wait.
 * @return The reply; NULL: prepare it anew (job_again()) */
json_t *job_do(struct job *job, const struct timespec *deadline);

/** Answer. reply is taken. Thread: loop, once */
void job_reply(struct job *job, json_t *reply);

/** Answer with `ready` when all that was written so far is in the store, and
 * keep it for a retry with it. Thread: loop, once */
void job_reply_stored(struct job *job);

/** What it was prepared from has changed meanwhile. Thread: loop, once */
void job_again(struct job *job);

/** Reads the deadline's clock */
void job_deadline(struct timespec *ts, unsigned ms);

/* ---- idempotency.c ---- */

/** Is this request new? Thread: pool.
 * @return NULL: it is, and is marked as running; else what to answer */
json_t *idem_begin(const struct req *req);
/** It runs no more. Thread: any */
void idem_end(struct api *api, const char *account_id, const char *key);
/** Add the answer's row to a transaction */
void idem_store(const struct job *job, struct store_tx *tx,
		const json_t *reply);
/** `ready` is the answer when job->tx is committed: keep it for a retry in the
 * same transaction */
void idem_keep(struct job *job);
/** Is this an answer that a retry shall get? */
bool idem_is_final(const json_t *reply);

#endif
