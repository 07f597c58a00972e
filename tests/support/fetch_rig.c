/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/fetch_rig.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/str.h"
#include "loop/loop.h"

enum {
	WAIT_S = 120,
};

void frig_open(struct frig *rig, const struct fetcher_params *prm)
{
	struct fetcher_params mine = {.allow_private = true};

	memset(rig, 0, sizeof(*rig));
	if (prm)
		mine = *prm;
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	if (loop_start(&rig->loop, clock_system()))
		abort();
	mine.loop = rig->loop;
	if (fetcher_start(&rig->fetcher, &mine))
		abort();
}

void frig_stop(struct frig *rig)
{
	rig->fetcher = fetcher_stop(rig->fetcher);
}

void frig_close(struct frig *rig)
{
	if (!rig->loop)
		return;
	frig_stop(rig);
	rig->loop = loop_stop(rig->loop);
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);
}

struct fetch_params frig_params(const char *url)
{
	return (struct fetch_params){
		.url = url,
		.max_bytes = 1 << 20,
		.timeout_ms = 60000,
		.fd = -1,
	};
}

/* Thread: fetch */
static void on_progress(void *arg, int64_t bytes, int64_t total)
{
	struct frig_got *got = arg;

	pthread_mutex_lock(&got->rig->mtx);
	got->progress = bytes;
	got->total = total;
	++got->progresses;
	pthread_cond_broadcast(&got->rig->cond);
	pthread_mutex_unlock(&got->rig->mtx);
}

/* Thread: loop */
static void on_done(void *arg, const struct fetch_result *res)
{
	struct frig_got *got = arg;
	struct frig *rig = got->rig;

	if (got->inside)
		got->ended_inside = true;
	if (!loop_is_current(got->rig->loop))
		got->wrong_thread = true;
	if (!got->ends) {
		got->err = res->err;
		got->status = res->status;
		got->code = g_strdup(res->code);
		got->why = g_strdup(res->why);
		got->content_type = g_strdup(res->content_type);
		got->etag = g_strdup(res->etag);
		got->max_age_s = res->max_age_s;
		got->retry_after_s = res->retry_after_s;
		got->total_us = res->total_us;
		got->no_store = res->no_store;
		got->body_len = res->body_len;
		if (res->body)
			got->body = g_strndup(res->body, res->body_len);
	}
	got->fetch = NULL;

	/* in the lock: who waits may take `got` away at once */
	pthread_mutex_lock(&rig->mtx);
	++got->ends;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

struct job {
	struct frig *rig;
	struct frig_got *got;
	struct fetch_params prm;
	bool cancel;
	int err;
};

static void start(void *arg)
{
	struct job *job = arg;

	job->prm.done = on_done;
	job->prm.arg = job->got;
	if (!job->prm.progress)
		job->prm.progress = on_progress;
	job->got->rig = job->rig;
	job->got->inside = true;
	job->err = fetch_start(&job->got->fetch, job->rig->fetcher, &job->prm);
	if (job->cancel)
		fetch_cancel(job->got->fetch);
	job->got->inside = false;
}

int frig_start(struct frig *rig, struct frig_got *got,
	       const struct fetch_params *prm)
{
	struct job job = {.rig = rig, .got = got, .prm = *prm};

	if (loop_call(rig->loop, "start", start, &job))
		abort();

	return job.err;
}

void frig_start_and_cancel(struct frig *rig, struct frig_got *got,
			   const struct fetch_params *prm)
{
	struct job job = {.rig = rig, .got = got, .prm = *prm, .cancel = true};

	if (loop_call(rig->loop, "start", start, &job) || job.err)
		abort();
}

static void cancel(void *arg)
{
	struct frig_got *got = arg;

	fetch_cancel(got->fetch);
	fetch_cancel(got->fetch); /* once more does no harm */
}

void frig_cancel(struct frig *rig, struct frig_got *got)
{
	if (loop_call(rig->loop, "cancel", cancel, got))
		abort();
}

/* Inside the lock */
static void wait_inside(struct frig *rig, const char *what)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	if (pthread_cond_timedwait(&rig->cond, &rig->mtx, &until)) {
		fprintf(stderr, "fetch_rig: %s\n", what);
		abort();
	}
}

void frig_wait(struct frig *rig, struct frig_got *got)
{
	pthread_mutex_lock(&rig->mtx);
	while (!got->ends)
		wait_inside(rig, "done() is missing");
	pthread_mutex_unlock(&rig->mtx);
	if (got->wrong_thread || got->ended_inside)
		abort();
}

void frig_wait_progress(struct frig *rig, struct frig_got *got, int64_t bytes)
{
	pthread_mutex_lock(&rig->mtx);
	while (!got->progresses || got->progress < bytes)
		wait_inside(rig, "progress() is missing");
	pthread_mutex_unlock(&rig->mtx);
}

void frig_ask(struct frig *rig, struct frig_got *got,
	      const struct fetch_params *prm)
{
	memset(got, 0, sizeof(*got));
	if (frig_start(rig, got, prm))
		abort();
	frig_wait(rig, got);
}

void frig_expect(struct frig *rig, const struct fetch_params *prm,
		 const char *code)
{
	struct frig_got got;

	frig_ask(rig, &got, prm);
	if (!str_eq(got.code ? got.code : "", code)) {
		fprintf(stderr, "fetch_rig: %s: \"%s\" (%s), status %d\n",
			prm->url, got.code ? got.code : "",
			got.why ? got.why : "", got.status);
		abort();
	}
	frig_clear(&got);
}

void frig_clear(struct frig_got *got)
{
	g_free(got->code);
	g_free(got->why);
	g_free(got->content_type);
	g_free(got->etag);
	g_free(got->body);
	memset(got, 0, sizeof(*got));
}
