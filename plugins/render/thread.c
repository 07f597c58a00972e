/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The thread that talks to the children */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <sys/epoll.h>

#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"

#include "render_priv.h"

/* ---- lists ---- */

static void list_add(struct job_list *list, struct render_job *job)
{
	job->prev = list->tail;
	job->next = NULL;
	if (list->tail)
		list->tail->next = job;
	else
		list->head = job;
	list->tail = job;
	++list->n;
}

static void list_remove(struct job_list *list, struct render_job *job)
{
	if (job->prev)
		job->prev->next = job->next;
	else
		list->head = job->next;
	if (job->next)
		job->next->prev = job->prev;
	else
		list->tail = job->prev;
	job->prev = job->next = NULL;
	--list->n;
}

static void count(struct render *r)
{
	atomic_store(&r->nwaiting, r->waiting.n);
	atomic_store(&r->nrunning, r->at_work.n);
}

/* ---- a job's end ---- */

void render_job_ended(struct render_job *job)
{
	struct render *r = job->render;

	if (job->state == JOB_WAITING) {
		list_remove(&r->waiting, job);
	} else {
		list_remove(&r->at_work, job);
		--job->child->running;
	}
	job->state = JOB_ENDED;
	job->child = NULL;
	/* its process, if it is still there, sees that nobody listens */
	job_close_fds(job);
	if (job->end.code != MEDIA_OK && !job->gave_up)
		atomic_fetch_add(&r->nfailed, 1);
	count(r);
	if (loop_post(r->loop, "render_done", job_tell_done, job))
		obj_unref(job); /* nobody is left to be told */
}

void render_job_fail(struct render_job *job, enum media_code code, int err,
		     const char *why)
{
	job->end = (struct media_report){
		.code = code,
		.err = err,
		.samples = atomic_load(&job->samples),
	};
	(void)str_copy(job->end.why, sizeof(job->end.why), why);
	render_job_ended(job);
}

static void cancel(struct render_job *job)
{
	if (job->state == JOB_ENDED)
		return;
	job->gave_up = true;
	render_job_fail(job, MEDIA_FAILED, ECANCELED, "");
}

/* ---- who gets work ---- */

static struct child *pick_child(struct render *r)
{
	struct child *best = NULL;
	unsigned i;

	for (i = 0; i < r->nchildren; ++i) {
		struct child *c = &r->children[i];

		if (c->state == CHILD_UP && !c->is_full &&
		    (!best || c->running < best->running))
			best = c;
	}

	return best;
}

static bool all_broken(const struct render *r)
{
	unsigned i;

	for (i = 0; i < r->nchildren; ++i)
		if (!child_is_broken(&r->children[i]))
			return false;

	return true;
}

static void hand_out(struct render *r)
{
	while (r->waiting.n && r->at_work.n < r->max_jobs) {
		struct render_job *job = r->waiting.head;
		struct child *child = pick_child(r);
		int err;

		if (!child)
			break;
		err = job_send(job, child);
		if (err == EAGAIN) {
			child_wait_room(child);
			continue;
		}
		if (err)
			continue;
		list_remove(&r->waiting, job);
		list_add(&r->at_work, job);
		job->state = JOB_SENT;
		job->child = child;
		++child->running;
		count(r);
	}
	/* a machine on which it does not start: say so, instead of waiting */
	while (r->waiting.n && all_broken(r))
		render_job_fail(r->waiting.head, MEDIA_FAILED, ENOEXEC,
				"bifrons-media does not start");
}

/* ---- turns ---- */

static void take_ops(struct render *r)
{
	struct queue_node *node = queue_take_all(r->queue);

	while (node) {
		struct render_op *op = (struct render_op *)node;
		struct render_job *job = op->job;

		node = node->next;
		if (op->cancel) {
			cancel(job);
			obj_unref(job);
		} else {
			/* the message's reference is ours now */
			list_add(&r->waiting, job);
			count(r);
		}
		g_free(op);
	}
}

/* A supervisor that takes requests and does nothing */
static void check_starts(struct render *r, int64_t now_us)
{
	struct render_job *job = r->at_work.head;

	for (; job; job = job->next) {
		if (job->state != JOB_SENT || job->due_us > now_us)
			continue;
		child_kill(job->child, "does not answer");
		break; /* (the list has changed) */
	}
}

static int timeout_ms(const struct render *r, int64_t now_us)
{
	const struct render_job *job = r->at_work.head;
	int64_t next = -1;
	unsigned i;

	for (i = 0; i < r->nchildren; ++i) {
		const int64_t due = child_due_us(&r->children[i]);

		if (due >= 0 && (next < 0 || due < next))
			next = due;
	}
	for (; job; job = job->next)
		if (job->state == JOB_SENT && (next < 0 || job->due_us < next))
			next = job->due_us;
	if (next < 0)
		return -1;

	return next <= now_us ? 0 : (int)((next - now_us) / 1000 + 1);
}

static void on_event(struct render *r, const struct epoll_event *ev)
{
	struct watch *watch = ev->data.ptr;

	switch (watch->kind) {
	case WATCH_QUEUE:
		take_ops(r);
		break;
	case WATCH_CHILD:
		child_event((struct child *)watch, ev->events);
		break;
	case WATCH_JOB:
		job_event((struct render_job *)watch);
		break;
	}
}

static void turn(struct render *r)
{
	struct epoll_event ev;
	int64_t now = render_now_us();
	unsigned i;
	int n;

	/* one at a time: an event may end what another one is for */
	n = epoll_wait(r->epoll, &ev, 1, timeout_ms(r, now));
	if (n > 0)
		on_event(r, &ev);
	now = render_now_us();
	for (i = 0; i < r->nchildren; ++i)
		child_timer(&r->children[i], now);
	check_starts(r, now);
	hand_out(r);
}

static void end_all(struct render *r)
{
	unsigned i;

	take_ops(r);
	while (r->waiting.n)
		cancel(r->waiting.head);
	while (r->at_work.n)
		cancel(r->at_work.head);
	for (i = 0; i < r->nchildren; ++i)
		child_stop(&r->children[i]);
}

void *render_thread(void *arg)
{
	struct render *r = arg;
	struct epoll_event ev = {
		.events = EPOLLIN,
		.data.ptr = &r->queue_watch,
	};
	unsigned i;

	pthread_setname_np(pthread_self(), "bif-render");
	r->queue_watch.kind = WATCH_QUEUE;
	for (i = 0; i < r->nchildren; ++i)
		child_init(&r->children[i], r);
	if (epoll_ctl(r->epoll, EPOLL_CTL_ADD, queue_fd(r->queue), &ev))
		log_error("render: epoll: %s", g_strerror(errno));
	while (!atomic_load(&r->stopping))
		turn(r);
	end_all(r);

	return NULL;
}
