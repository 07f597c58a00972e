/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/job.h"

#include <time.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"
#include "store/store.h"

static void job_destructor(void *arg)
{
	struct job *job = arg;

	if (job->data_free)
		job->data_free(job->data);
	store_tx_free(job->tx);
	json_decref(job->doc);
	json_decref(job->ready);
	json_decref(job->input);
	json_decref(job->reply);
	g_free(job->request_id);
	g_free(job->idem_key);
	g_free(job->idem_hash);
	pthread_cond_destroy(&job->cond);
	pthread_mutex_destroy(&job->mtx);
	obj_unref(job->api);
}

struct job *job_new(const struct req *req)
{
	struct job *job = obj_zalloc(sizeof(*job), job_destructor);
	pthread_condattr_t attr;

	job->api = obj_ref(req->api);
	job->verb = req->row->verb;
	job->name = req->row->name;
	str_copy(job->account_id, sizeof(job->account_id), req->account_id);
	str_copy(job->id, sizeof(job->id), req->id);
	job->request_id = g_strdup(req->request_id);
	job->platform = req->platform;
	job->idem_key = g_strdup(req->idem_key);
	job->idem_hash = g_strdup(req->idem_hash);

	pthread_mutex_init(&job->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&job->cond, &attr);
	pthread_condattr_destroy(&attr);

	return job;
}

void job_deadline(struct timespec *ts, unsigned ms)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		++ts->tv_sec;
		ts->tv_nsec -= 1000000000;
	}
}

static bool job_move(struct job *job, enum job_state from, enum job_state to)
{
	bool moved;

	pthread_mutex_lock(&job->mtx);
	moved = job->state == from;
	if (moved)
		job->state = to;
	pthread_mutex_unlock(&job->mtx);

	return moved;
}

static void job_run(void *arg) /* Thread: loop */
{
	struct job *job = arg;

	if (!job_move(job, JOB_QUEUED, JOB_RUNNING)) {
		obj_unref(job);
		return;
	}

	/* prepare() gave the answer already: it is only to be kept */
	if (job->ready && !job->tx)
		job_reply(job, g_steal_pointer(&job->ready));
	else
		job->verb->act(job);
}

/** Tell the waiter; the loop's reference goes. reply is taken */
static void job_finish(struct job *job, json_t *reply)
{
	if (job->idem_key)
		idem_end(job->api, job->account_id, job->idem_key);

	pthread_mutex_lock(&job->mtx);
	job->state = JOB_DONE;
	job->reply = reply;
	pthread_cond_signal(&job->cond);
	pthread_mutex_unlock(&job->mtx);

	obj_unref(job);
}

static void answer_stored(void *arg, int err, const char *why)
{
	struct job *job = arg;
	json_t *reply = job->ready;

	if (err)
		log_warn("api: %s: its answer could not be kept for a retry: "
			 "%s",
			 job->name, why);

	job->ready = NULL;
	job_finish(job, reply);
}

void job_reply(struct job *job, json_t *reply)
{
	struct store_tx *tx;

	if (!job->idem_key || job->answer_is_in_tx || !idem_is_final(reply)) {
		job_finish(job, reply);
		return;
	}

	/* a retry must find it as soon as this one was answered */
	json_decref(job->ready);
	job->ready = reply;
	tx = store_tx_new();
	idem_store(job, tx, reply);
	store_commit(job->api->env.store, tx, answer_stored, job);
}

static void settled(void *arg, int err, const char *why)
{
	struct job *job = arg;

	if (err) {
		log_warn("api: %s: %s", job->name, why);
		job->answer_is_in_tx = false;
	}
	job_reply(job, g_steal_pointer(&job->ready));
}

void job_reply_stored(struct job *job)
{
	job->tx = store_tx_new();
	idem_keep(job);
	store_commit(job->api->env.store, g_steal_pointer(&job->tx), settled,
		     job);
}

void job_again(struct job *job)
{
	job_finish(job, NULL);
}

static json_t *job_wait(struct job *job, const struct timespec *deadline)
{
	json_t *reply = NULL;
	bool dropped;

	pthread_mutex_lock(&job->mtx);
	while (job->state != JOB_DONE)
		if (pthread_cond_timedwait(&job->cond, &job->mtx, deadline))
			break;

	dropped = job->state == JOB_QUEUED;
	if (dropped)
		job->state = JOB_DROPPED; /* it will not run late */

	if (job->state == JOB_DONE) {
		reply = job->reply;
		job->reply = NULL;
	} else {
		reply = api_error(API_ERR_timeout, NULL);
	}
	pthread_mutex_unlock(&job->mtx);

	if (dropped && job->idem_key)
		idem_end(job->api, job->account_id, job->idem_key);

	return reply;
}

json_t *job_do(struct job *job, const struct timespec *deadline)
{
	json_t *reply;

	obj_ref(job); /* the loop's */
	if (loop_post(job->api->env.loop, job->name, job_run, job)) {
		obj_unref(job);
		if (job->idem_key)
			idem_end(job->api, job->account_id, job->idem_key);
		return api_error(API_ERR_unavailable, "shutting down");
	}

	reply = job_wait(job, deadline);

	return reply;
}
