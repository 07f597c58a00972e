/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file fetch_rig.h  A loop, a fetcher, and what came of its requests
 *
 * Thread: the test's. Waiting gives up after 20 s and aborts.
 */
#ifndef BIFRONS_TESTS_FETCH_RIG_H
#define BIFRONS_TESTS_FETCH_RIG_H

#include <pthread.h>
#include <stdatomic.h>

#include "fetch/fetch.h"

struct frig {
	struct loop *loop;
	struct fetcher *fetcher;
	pthread_mutex_t mtx;
	pthread_cond_t cond;
};

/** What one request brought; zero it before */
struct frig_got {
	struct frig *rig;
	struct fetch *fetch; /**< thread: loop */
	atomic_uint ends;
	atomic_bool inside, wrong_thread, ended_inside;
	_Atomic int64_t progress, total; /**< the last told */
	atomic_uint progresses;

	/* of the end */
	int err, status;
	char *code, *why, *content_type, *etag;
	int64_t max_age_s, retry_after_s, total_us;
	bool no_store;
	char *body; /**< NUL-ended, NULL = none */
	size_t body_len;
};

/** @param prm  NULL: private addresses allowed, else defaults; its loop is
 *              filled in */
void frig_open(struct frig *rig, const struct fetcher_params *prm);
/** Every done() has run when it returns; once more does no harm */
void frig_close(struct frig *rig);
/** fetcher_stop() alone */
void frig_stop(struct frig *rig);

/** What tests ask for unless they say otherwise: GET, 1 MiB, memory, 10 s */
struct fetch_params frig_params(const char *url);
/** Start on the loop; done and arg are filled in. @return fetch_start()'s */
int frig_start(struct frig *rig, struct frig_got *got,
	       const struct fetch_params *prm);
/** Cancel on the loop, and start and cancel in one turn of it */
void frig_cancel(struct frig *rig, struct frig_got *got);
void frig_start_and_cancel(struct frig *rig, struct frig_got *got,
			   const struct fetch_params *prm);
/** Wait for done() */
void frig_wait(struct frig *rig, struct frig_got *got);
/** Wait until so many bytes were told to be in the file */
void frig_wait_progress(struct frig *rig, struct frig_got *got, int64_t bytes);
/** Start and wait; the start succeeds */
void frig_ask(struct frig *rig, struct frig_got *got,
	      const struct fetch_params *prm);
/** Start and wait for "code"; "" = an answer. Says what else came */
void frig_expect(struct frig *rig, const struct fetch_params *prm,
		 const char *code);
void frig_clear(struct frig_got *got);

#endif
