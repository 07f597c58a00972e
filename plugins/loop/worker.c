/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop/worker.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "common/obj.h"
#include "host/log.h"
#include "loop/loop.h"

struct work {
	struct work *next;
	const char *name;
	work_h *work, *done;
	void *arg;
};

struct workers {
	/* constant once started */
	struct loop *loop;
	size_t max_queued;
	pthread_t *threads;
	unsigned nthreads;

	/* guarded by mtx */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	struct work *head, **tail;
	size_t depth;
	bool stopping;
};

static struct work *take_work(struct workers *w)
{
	struct work *work;

	pthread_mutex_lock(&w->mtx);
	while (!w->head && !w->stopping)
		pthread_cond_wait(&w->cond, &w->mtx);
	work = w->head;
	if (work) {
		w->head = work->next;
		if (!w->head)
			w->tail = &w->head;
		--w->depth;
	}
	pthread_mutex_unlock(&w->mtx);

	return work;
}

static void *worker_thread(void *arg)
{
	struct workers *w = arg;
	struct work *work;

	pthread_setname_np(pthread_self(), "bifrons-work");
	while ((work = take_work(w))) {
		work->work(work->arg);
		/* the loop outlives its workers; without it arg is lost */
		if (work->done &&
		    loop_post(w->loop, work->name, work->done, work->arg))
			log_error("worker: %s: the loop is gone", work->name);
		g_free(work);
	}

	return NULL;
}

static void workers_destructor(void *arg)
{
	struct workers *w = arg;

	g_free(w->threads);
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->mtx);
}

struct workers *workers_stop(struct workers *w)
{
	unsigned i;

	if (!w)
		return NULL;

	pthread_mutex_lock(&w->mtx);
	w->stopping = true;
	pthread_cond_broadcast(&w->cond);
	pthread_mutex_unlock(&w->mtx);
	for (i = 0; i < w->nthreads; ++i)
		pthread_join(w->threads[i], NULL);

	return obj_unref(w);
}

int workers_start(struct workers **wp, struct loop *loop, unsigned threads,
		  size_t max_queued)
{
	struct workers *w;
	sigset_t all, old;
	int err = 0;

	if (!wp || !loop || !threads)
		return EINVAL;

	w = obj_zalloc(sizeof(*w), workers_destructor);
	w->loop = loop;
	w->max_queued = max_queued;
	w->tail = &w->head;
	w->threads = g_new0(pthread_t, threads);
	pthread_mutex_init(&w->mtx, NULL);
	pthread_cond_init(&w->cond, NULL);

	/* signals are the host's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!err && w->nthreads < threads) {
		err = pthread_create(&w->threads[w->nthreads], NULL,
				     worker_thread, w);
		w->nthreads += !err;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);

	if (err)
		workers_stop(w);
	else
		*wp = w;

	return err;
}

int worker_run(struct workers *w, const char *name, work_h *work, work_h *done,
	       void *arg)
{
	struct work *item;
	int err = 0;

	if (!w || !work)
		return EINVAL;

	item = g_new0(struct work, 1);
	item->name = name;
	item->work = work;
	item->done = done;
	item->arg = arg;

	pthread_mutex_lock(&w->mtx);
	if (w->stopping) {
		err = ESHUTDOWN;
	} else if (w->depth >= w->max_queued) {
		err = EAGAIN;
	} else {
		*w->tail = item;
		w->tail = &item->next;
		++w->depth;
		pthread_cond_signal(&w->cond);
	}
	pthread_mutex_unlock(&w->mtx);
	if (err)
		g_free(item);

	return err;
}

size_t workers_depth(struct workers *w)
{
	size_t depth;

	pthread_mutex_lock(&w->mtx);
	depth = w->depth;
	pthread_mutex_unlock(&w->mtx);

	return depth;
}
