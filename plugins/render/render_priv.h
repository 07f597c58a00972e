/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file render_priv.h  What the files of render/ share
 *
 * render.c is what the loop calls, thread.c the thread's turns, child.c its
 * supervisors, job.c what goes to a job's process and comes from it.
 */
#ifndef BIFRONS_RENDER_RENDER_PRIV_H
#define BIFRONS_RENDER_RENDER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "common/media_proto.h"
#include "common/queue.h"
#include "render/render.h"

enum {
	RENDER_CHILDREN_MAX = 8,
	RENDER_JOBS_MAX = 256, /**< what one supervisor takes */
};

/** Who an event of epoll is for: the first member of each */
struct watch {
	enum {
		WATCH_QUEUE,
		WATCH_CHILD,
		WATCH_JOB,
	} kind;
};

/** A supervisor. Thread: render */
struct child {
	struct watch watch; /* first */
	struct render *render;
	enum {
		CHILD_DOWN,     /* until due_us */
		CHILD_STARTING, /* ready by due_us, or it is killed */
		CHILD_UP,
	} state;
	pid_t pid;
	int sock;     /* -1 = none */
	bool is_full; /* the socket was; EPOLLOUT tells */
	int64_t due_us;
	int64_t up_us;    /* since */
	unsigned fails;   /* in a row */
	unsigned running; /* jobs */
};

enum job_state {
	JOB_WAITING, /* no child has it yet */
	JOB_SENT,    /* started by due_us, or its child is killed */
	JOB_RUNNING,
	JOB_ENDED, /* done() is on its way */
};

/** A job. Counted: the thread (then the loop's post) has one reference, each
 * message another. */
struct render_job {
	struct watch watch; /* first */

	/* set before it is pushed, then read-only */
	struct render *render; /* a reference */
	struct media_request req;
	char *text; /* or NULL */
	void (*progress)(void *arg, int64_t samples);
	void (*done)(void *arg, const struct render_result *result);
	void *arg;

	/* thread: render */
	enum job_state state;
	struct render_job *prev, *next; /* in waiting or at work */
	struct child *child;
	int fds[MEDIA_NFDS]; /* until they are sent; [0] is ours then */
	int64_t due_us;

	/* thread: render until it is posted, then loop */
	struct media_report end;
	bool gave_up; /* end is a cancel */

	/* thread: loop */
	bool is_canceled;

	/* any thread */
	_Atomic int64_t samples;
	atomic_bool is_told; /* a post with the samples is on its way */
};

struct job_list {
	struct render_job *head, *tail;
	unsigned n;
};

/** Counted: each job has a reference */
struct render {
	/* constant once started */
	struct loop *loop;
	char *program;
	unsigned nchildren, max_jobs, max_queued;
	struct queue *queue;
	pthread_t thread;
	int epoll;

	/* thread: loop */
	unsigned open; /* jobs without done() */

	/* thread: render */
	struct watch queue_watch;
	struct child children[RENDER_CHILDREN_MAX];
	struct job_list waiting, at_work;

	/* any thread */
	atomic_bool stopping;
	atomic_uint nwaiting, nrunning, nup;
	_Atomic uint64_t njobs, nfailed, nrestarts;
};

/** A message to the thread */
struct render_op {
	struct queue_node node; /* first */
	struct render_job *job; /* a reference */
	bool cancel;
};

int64_t render_now_us(void);

/* ---- thread.c ---- */

void *render_thread(void *arg);
/** Take it from its list, tell the loop; the thread's reference goes along */
void render_job_ended(struct render_job *job);
/** The end is that: a result that comes later is dropped */
void render_job_fail(struct render_job *job, enum media_code code, int err,
		     const char *why);

/* ---- child.c ---- */

void child_init(struct child *child, struct render *render);
/** What its socket or its clock says */
void child_event(struct child *child, unsigned events);
void child_timer(struct child *child, int64_t now_us);
/** When child_timer() is due, -1 = never */
int64_t child_due_us(const struct child *child);
/** Its socket was full: no work for it until there is room */
void child_wait_room(struct child *child);
/** Its jobs end; it is started again after a while */
void child_kill(struct child *child, const char *why);
/** For good */
void child_stop(struct child *child);
/** Is it of no use, and not about to be? */
bool child_is_broken(const struct child *child);

/* ---- job.c ---- */

/** Hand it over. @return 0, EAGAIN: the child's socket is full, or errno:
 * the job has ended */
int job_send(struct render_job *job, struct child *child);
void job_event(struct render_job *job);
void job_close_fds(struct render_job *job);
/** done() or progress(). Thread: loop */
void job_tell_done(void *arg);

#endif
