/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A file on its way from tmp/ to its place. A pool thread checks it, moves it
 * into a folder of its own and opens it; children convert it, at all rates at
 * once; a worker brings it to the disk and makes the document; the loop commits
 * and answers. Whatever goes wrong on the way, the folder goes.
 */
#include <errno.h>
#include <string.h>

#include "api/media_work.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"
#include "loop/worker.h"
#include "render/render.h"

enum {
	RUNNING_MAX = 32, /* files at once; the transport allows fewer */
	CLOSE_WAIT_MS = 2000,
};

void media_work_free(void *arg) /* Thread: loop or pool */
{
	struct media_work *work = arg;
	const struct api *api = work->api;

	media_fds_close(&work->fds);
	/* it never ran, or the workers are gone */
	if (*work->folder && loop_is_current(api->env.loop))
		media_remove_later(api, work->folder);
	else if (*work->folder)
		(void)media_remove(api->env.data_dir, work->folder);
	json_decref(work->doc);
	g_free(work->old);
	g_free(work);
}

void media_fail(struct media_work *work, enum api_err err, const char *fmt, ...)
{
	va_list ap;

	if (work->err)
		return;

	work->err = err;
	va_start(ap, fmt);
	(void)g_vsnprintf(work->why, sizeof(work->why), fmt, ap);
	va_end(ap);
}

static void fail_by_errno(struct media_work *work, int err, const char *what)
{
	if (err == ENOSPC || err == EDQUOT) {
		media_fail(work, API_ERR_disk_full,
			   "there is no room left on the disk");
		return;
	}
	log_error("media %s: cannot be %s: %s", work->job->id, what,
		  strerror(err));
	media_fail(work, API_ERR_unavailable, "the file could not be %s", what);
}

/* ---- the end, on the loop ---- */

/* How many there are, for who waits for their end */
static void count_works(struct media_works *works)
{
	pthread_mutex_lock(&works->mtx);
	works->count = g_queue_get_length(&works->running);
	if (!works->count)
		pthread_cond_broadcast(&works->idle);
	pthread_mutex_unlock(&works->mtx);
}

static void end(struct media_work *work, json_t *reply)
{
	struct media_works *works = work->api->media;
	struct job *job = work->job;

	g_queue_remove(&works->running, work);
	count_works(works);
	if (work->replaces)
		g_hash_table_remove(works->busy, job->id);

	/* the job may go now, and with it what is left of this */
	job_reply(job, reply);
}

static json_t *reply_of(const struct media_work *work)
{
	struct opt_faults faults = {0};

	if (work->err != API_ERR_invalid)
		return api_error(work->err, work->why);

	opt_fault(&faults, "/file", "%s", work->why);

	return api_invalid(API_ERR_invalid, &faults);
}

static void remove_files(void *arg) /* Thread: worker */
{
	struct media_work *work = arg;
	const char *data_dir = work->api->env.data_dir;

	if (work->swapped)
		(void)media_swap(data_dir, work->folder, work->job->id);
	(void)media_remove(data_dir, work->folder);
	*work->folder = '\0';
}

static void removed(void *arg)
{
	struct media_work *work = arg;

	end(work, reply_of(work));
}

/* Undo all, then say why */
static void clean(struct media_work *work)
{
	work->job->answer_is_in_tx = false;
	media_fds_close(&work->fds);
	if (worker_run(work->api->env.workers, "media_remove", remove_files,
		       removed, work))
		removed(work);
}

/* ---- stored ---- */

static void succeed(struct media_work *work)
{
	struct job *job = work->job;
	json_t *reply = job->ready;

	job->ready = NULL;
	if (work->replaces)
		media_remove_later(work->api, work->folder); /* the old ones */
	*work->folder = '\0';
	end(work, reply);
}

static void stored(void *arg, int err, const char *why)
{
	struct media_work *work = arg;

	switch (err) {
	case 0:
		succeed(work);
		return;
	case ENOENT:
		/* the document or the quota has changed meanwhile: look anew,
		 * as often as others can be in the way */
		if (++work->tries < MEDIA_TRIES) {
			media_settle_start(work);
			return;
		}
		media_fail(work, API_ERR_conflict,
			   "others are changing it; try again");
		break;
	case EEXIST:
		if (strstr(why, "idempotency."))
			media_fail(work, API_ERR_idempotency_in_progress,
				   "the first request is still running");
		else
			media_fail(work, API_ERR_already_exists,
				   "another media is named \"%s\" already",
				   json_str(work->doc, "name", ""));
		break;
	case EBUSY:
		media_fail(work, API_ERR_account_not_found, "No such account");
		break;
	default:
		log_error("media %s: %s", work->job->id, why);
		media_fail(work, api_err_of_store(err),
			   "it could not be stored");
		break;
	}
	clean(work);
}

static void settled(void *arg) /* Thread: loop */
{
	struct media_work *work = arg;
	struct job *job = work->job;
	struct store_tx *tx;

	if (work->err) {
		clean(work);
		return;
	}

	tx = media_tx(work);
	if (job->idem_key) {
		idem_store(job, tx, job->ready);
		job->answer_is_in_tx = true;
	}
	store_commit(work->api->env.store, tx, stored, work);
}

static void settle(void *arg) /* Thread: worker */
{
	struct media_work *work = arg;
	const int err = media_settle(work);

	if (err)
		fail_by_errno(work, err, "stored");
}

void media_settle_start(struct media_work *work)
{
	const int err = worker_run(work->api->env.workers, "media_settle",
				   settle, settled, work);

	if (!err)
		return;
	media_fail(work, err == EAGAIN ? API_ERR_busy : API_ERR_unavailable,
		   err == EAGAIN ? "too much is being worked on"
				 : "shutting down");
	clean(work);
}

/* ---- conversion ---- */

static void cancel(struct media_work *work)
{
	const struct api_env *env = &work->api->env;
	size_t i;

	for (i = 0; i < MEDIA_NRATES; ++i)
		if (work->renders[i].job)
			env->render_cancel(work->renders[i].job);
}

static void note(struct media_work *work, const struct render_result *result)
{
	const char *code = result->code;

	if (str_eq(code, "undecodable"))
		media_fail(work, API_ERR_undecodable, "%s",
			   result->why ? result->why : "it is no sound");
	else if (str_eq(code, "too_long"))
		media_fail(work, API_ERR_invalid, "is longer than %d minutes",
			   MEDIA_MAX_S / 60);
	else if (str_eq(code, "canceled"))
		media_fail(work, API_ERR_unavailable, "shutting down");
	else
		fail_by_errno(work, result->err ? result->err : EIO,
			      "converted");
}

static void on_rendered(void *arg, const struct render_result *result)
{
	struct media_render *render = arg;
	struct media_work *work = render->work;

	render->job = NULL;
	--work->waiting;
	if (result->err) {
		note(work, result);
		cancel(work);
	} else if (!result->samples) {
		media_fail(work, API_ERR_undecodable,
			   "there is no sound in it");
	} else {
		render->samples = result->samples;
		(void)str_copy(work->format, sizeof(work->format),
			       result->format);
		(void)str_copy(work->codec, sizeof(work->codec), result->codec);
	}
	if (work->waiting)
		return;

	if (work->err)
		clean(work);
	else
		media_settle_start(work);
}

static void start_render(struct media_work *work, size_t i)
{
	const struct api_env *env = &work->api->env;
	const struct render_file file = {
		.in = work->fds.in[i],
		.growing = -1,
		.size = json_int(work->job->input, "size_bytes", -1),
		.name_hint = json_str(work->job->input, "file_name", NULL),
	};
	const struct render_job_params prm = {
		.file = &file,
		.rate = media_rates[i],
		.out = work->fds.out[i],
		.max_samples = (int64_t)MEDIA_MAX_S * media_rates[i],
		.done = on_rendered,
		.arg = &work->renders[i],
	};
	int err;

	work->renders[i].work = work;
	work->fds.in[i] = work->fds.out[i] = -1; /* taken in every case */
	err = env->render_start(&work->renders[i].job, env->render, &prm);
	if (!err)
		++work->waiting;
	else if (err == EAGAIN)
		media_fail(work, API_ERR_busy, "too many files are converted");
	else
		fail_by_errno(work, err, "converted");
}

/** @return NULL, or why it cannot be now */
static json_t *refuse(const struct job *job)
{
	const struct media_work *work = job->data;
	struct api *api = job->api;

	if (api->media->closing)
		return api_error(API_ERR_unavailable, "shutting down");
	if (!directory_account(api->env.dir, job->account_id))
		return api_error(API_ERR_account_not_found, NULL);
	if (work->replaces && media_is_busy(api, job->id))
		return api_error(API_ERR_conflict,
				 "it is being replaced by another request");
	if (g_queue_get_length(&api->media->running) >= RUNNING_MAX)
		return api_error(API_ERR_busy, "too many files are converted");

	return NULL;
}

void media_act(struct job *job)
{
	struct media_work *work = job->data;
	struct media_works *works = job->api->media;
	json_t *reply = refuse(job);
	size_t i;

	if (reply) {
		job_reply(job, reply);
		return;
	}

	work->job = job;
	g_queue_push_tail(&works->running, work);
	count_works(works);
	if (work->replaces)
		g_hash_table_add(works->busy, job->id);
	for (i = 0; i < MEDIA_NRATES && !work->err; ++i)
		start_render(work, i);
	if (!work->waiting)
		clean(work);
	else if (work->err)
		cancel(work);
}

/* ---- all of them ---- */

struct media_works *media_works_new(void)
{
	struct media_works *works = g_new0(struct media_works, 1);
	pthread_condattr_t attr;

	pthread_mutex_init(&works->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&works->idle, &attr);
	pthread_condattr_destroy(&attr);
	g_queue_init(&works->running);
	works->busy = g_hash_table_new(g_str_hash, g_str_equal);

	return works;
}

void media_works_free(struct media_works *works)
{
	if (!works)
		return;

	pthread_cond_destroy(&works->idle);
	pthread_mutex_destroy(&works->mtx);
	g_queue_clear(&works->running);
	g_hash_table_destroy(works->busy);
	g_free(works);
}

bool media_is_busy(const struct api *api, const char *id)
{
	return api->media && g_hash_table_contains(api->media->busy, id);
}

static void close_works(void *arg)
{
	struct api *api = arg;
	GList *link, *next;

	api->media->closing = true;
	for (link = api->media->running.head; link; link = next) {
		next = link->next;
		cancel(link->data);
	}
}

void api_close(struct api *api)
{
	struct media_works *works;
	struct timespec until;

	if (!api || loop_call(api->env.loop, "media_close", close_works, api))
		return;

	works = api->media;
	job_deadline(&until, CLOSE_WAIT_MS);
	pthread_mutex_lock(&works->mtx);
	while (works->count)
		if (pthread_cond_timedwait(&works->idle, &works->mtx, &until))
			break;
	if (works->count)
		log_warn("media: %u uploads did not end at once", works->count);
	pthread_mutex_unlock(&works->mtx);
}

struct removal {
	const char *data_dir;
	char folder[MEDIA_FOLDER_SIZE];
};

static void run_removal(void *arg) /* Thread: worker */
{
	struct removal *removal = arg;

	(void)media_remove(removal->data_dir, removal->folder);
}

void media_remove_later(const struct api *api, const char *folder)
{
	struct removal *removal;

	if (!api->env.data_dir || !api->env.workers)
		return;

	removal = g_new0(struct removal, 1);
	removal->data_dir = api->env.data_dir;
	(void)str_copy(removal->folder, sizeof(removal->folder), folder);
	if (worker_run(api->env.workers, "media_remove", run_removal, g_free,
		       removal)) {
		/* the next start finds it */
		log_warn("media: %s is left over until the next start", folder);
		g_free(removal);
	}
}
