/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "render/render.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"

#include "render_priv.h"

enum {
	SUPERVISORS = 2,
	MAX_JOBS = 64,
	MAX_QUEUED = 1024,
};

_Static_assert((int)RENDER_TEXT_MAX == (int)MEDIA_TEXT_MAX,
	       "the child takes as much");

int64_t render_now_us(void)
{
	return clock_mono_us(clock_system());
}

/* ---- start and stop ---- */

static void render_destructor(void *arg)
{
	struct render *r = arg;

	obj_unref(r->queue);
	if (r->epoll >= 0)
		close(r->epoll);
	g_free(r->program);
}

static int start_thread(struct render *r)
{
	sigset_t all, old;
	int err;

	/* signals are the host's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&r->thread, NULL, render_thread, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);

	return err;
}

int render_start(struct render **renderp, const struct render_params *prm)
{
	struct render *r;
	int err = 0;

	if (!renderp || !prm || !prm->loop || !prm->program ||
	    prm->supervisors > RENDER_CHILDREN_MAX ||
	    prm->max_jobs > RENDER_JOBS_MAX)
		return EINVAL;
	if (access(prm->program, X_OK))
		return errno;

	r = obj_zalloc(sizeof(*r), render_destructor);
	r->loop = prm->loop;
	r->program = g_strdup(prm->program);
	r->nchildren = prm->supervisors ? prm->supervisors : SUPERVISORS;
	r->max_jobs = prm->max_jobs ? prm->max_jobs : MAX_JOBS;
	r->max_queued = prm->max_queued ? prm->max_queued : MAX_QUEUED;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0) {
		err = errno;
		goto out;
	}
	err = queue_alloc(&r->queue);
	if (!err)
		err = start_thread(r);
out:
	if (err)
		obj_unref(r);
	else
		*renderp = r;

	return err;
}

struct render *render_stop(struct render *r)
{
	if (!r)
		return NULL;

	queue_close(r->queue);
	atomic_store(&r->stopping, true);
	(void)eventfd_write(queue_fd(r->queue), 1);
	pthread_join(r->thread, NULL);

	/* answers that are on their way to the loop have references */
	return obj_unref(r);
}

void render_stats(struct render *r, struct render_stats *stats)
{
	/* first: who has been started again is not counted as up before */
	const uint64_t restarts = atomic_load(&r->nrestarts);

	*stats = (struct render_stats){
		.running = atomic_load(&r->nrunning),
		.queued = atomic_load(&r->nwaiting),
		.supervisors = atomic_load(&r->nup),
		.jobs = atomic_load(&r->njobs),
		.failed = atomic_load(&r->nfailed),
		.restarts = restarts,
	};
}

/* ---- jobs ---- */

static void job_destructor(void *arg)
{
	struct render_job *job = arg;

	job_close_fds(job);
	g_free(job->text);
	obj_unref(job->render);
}

/* A name from outside: what follows the last dot is what counts */
static void copy_hint(char *dst, size_t size, const char *src)
{
	const size_t len = src ? strlen(src) : 0;

	(void)str_copy(dst, size, len < size ? src : src + len - size + 1);
}

static int fill_file(struct render_job *job, const struct render_file *file)
{
	job->req.kind = MEDIA_DECODE;
	job->req.size = file->size;
	job->req.growing = file->growing >= 0;
	copy_hint(job->req.name_hint, sizeof(job->req.name_hint),
		  file->name_hint);
	(void)str_copy(job->req.content_type, sizeof(job->req.content_type),
		       file->content_type);

	return file->in < 0 ? EINVAL : 0;
}

static int fill_text(struct render_job *job, const struct render_text *text)
{
	struct media_request *req = &job->req;
	const size_t len = text->text ? strlen(text->text) : 0;
	int err;

	if (!len || !str_is_clean(text->text, len, true))
		return EINVAL;
	if (len > RENDER_TEXT_MAX)
		return EMSGSIZE;

	req->kind = MEDIA_SPEAK;
	req->text_len = (uint32_t)len;
	job->text = g_strdup(text->text);
	/* a name that was cut would be another one */
	err = str_copy(req->language, sizeof(req->language),
		       text->language ? text->language : "en-US");
	if (!err)
		err = str_copy(req->voice, sizeof(req->voice), text->voice);
	if (!err)
		err = str_copy(req->provider, sizeof(req->provider),
			       text->provider ? text->provider : "flite");

	return err ? EINVAL : 0;
}

static struct render_job *job_alloc(struct render *r,
				    const struct render_job_params *prm)
{
	struct render_job *job = obj_zalloc(sizeof(*job), job_destructor);

	job->watch.kind = WATCH_JOB;
	job->render = obj_ref(r);
	job->fds[MEDIA_FD_JOB] = -1;
	job->fds[MEDIA_FD_OUT] = prm->out;
	job->fds[MEDIA_FD_IN] = prm->file ? prm->file->in : -1;
	job->fds[MEDIA_FD_GROWING] = prm->file ? prm->file->growing : -1;
	job->req.version = MEDIA_VERSION;
	job->req.rate = prm->rate;
	job->req.max_samples = prm->max_samples;
	job->progress = prm->progress;
	job->done = prm->done;
	job->arg = prm->arg;

	return job;
}

static int check(struct render *r, const struct render_job_params *prm)
{
	if (!prm->file == !prm->text || !prm->done || prm->out < 0 ||
	    prm->rate < MEDIA_RATE_MIN || prm->rate > MEDIA_RATE_MAX ||
	    prm->max_samples < 1 ||
	    prm->max_samples >= INT64_MAX / (int64_t)sizeof(int16_t))
		return EINVAL;
	if (r->open >= r->max_jobs + r->max_queued)
		return EAGAIN;

	return 0;
}

static int push(struct render_job *job, bool cancel)
{
	struct render_op *op = g_new0(struct render_op, 1);
	int err;

	op->job = obj_ref(job);
	op->cancel = cancel;
	err = queue_push(job->render->queue, &op->node);
	if (err) {
		obj_unref(job);
		g_free(op);
	}

	return err;
}

int render_job_start(struct render_job **jobp, struct render *r,
		     const struct render_job_params *prm)
{
	struct render_job *job;
	int err;

	if (!r || !prm)
		return EINVAL;
	loop_assert(r->loop);

	/* from here on it has the descriptors, and closes them */
	job = job_alloc(r, prm);
	err = check(r, prm);
	if (!err)
		err = prm->file ? fill_file(job, prm->file)
				: fill_text(job, prm->text);
	if (!err)
		err = push(job, false);
	if (!err) {
		++r->open;
		atomic_fetch_add(&r->njobs, 1);
		if (jobp)
			*jobp = job;
	}
	/* the thread's reference keeps it */
	obj_unref(job);

	return err;
}

void render_job_cancel(struct render_job *job)
{
	if (!job)
		return;
	loop_assert(job->render->loop);
	if (job->is_canceled)
		return;

	job->is_canceled = true;
	/* when the thread has stopped, it has ended all jobs */
	(void)push(job, true);
}

/* ---- what the loop is told ---- */

static const char *code_name(const struct render_job *job)
{
	static const char *const names[MEDIA_NCODES] = {
		[MEDIA_UNDECODABLE] = "undecodable",
		[MEDIA_INCOMPLETE] = "incomplete",
		[MEDIA_TOO_LONG] = "too_long",
		[MEDIA_NO_VOICE] = "no_voice",
		[MEDIA_FAILED] = "render_failed",
	};

	return names[job->end.code];
}

void job_tell_done(void *arg)
{
	struct render_job *job = arg;
	struct render_result res = {
		.err = job->end.err,
		.code = code_name(job),
		.why = job->end.why,
		.samples = job->end.samples,
		.format = *job->end.format ? job->end.format : NULL,
		.codec = *job->end.codec ? job->end.codec : NULL,
	};

	--job->render->open;
	if (job->is_canceled || job->gave_up) {
		res.err = ECANCELED;
		res.code = "canceled";
		res.why = "it was canceled";
	}
	job->done(job->arg, &res);
	obj_unref(job);
}
