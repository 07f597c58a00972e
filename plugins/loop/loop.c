/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop/loop.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/obj.h"
#include "common/queue.h"
#include "host/log.h"
#include "loop/loop_watch.h"
#include "loop/su_clock.h"

enum {
	BATCH_US = 5000,      /**< posts at a stretch; then sofia's turn */
	HEARTBEAT_US = 100000 /**< lag is measured at least as often */
};

struct post {
	struct queue_node node; /* first */
	const char *name;
	loop_h *fn;
	void *arg;
	int64_t at_us;
};

struct loop {
	/* constant once loop_start() returned */
	const struct clock *clk;
	pthread_t thread, self;
	su_root_t *root;
	struct queue *queue;
	struct timers *timers;
	int timer_fd;

	/* thread: loop */
	struct queue_node *pending, **pending_tail;
	int64_t armed_us;     /* when timer_fd fires, 0 = it does not */
	int64_t kicked_us;    /* a timer was due then, 0 = none is */
	bool in_posts;        /* posts are being run */
	int64_t heartbeat_us; /* when lag is measured next */
	int queue_index, timer_index;
	struct loop_watch watch;

	/* any thread */
	atomic_size_t npending;
	_Atomic uint64_t posts;
	atomic_bool stopping;

	/* guarded by mtx: the start's answer */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool started;
	int start_err;
};

static int64_t now_us(void)
{
	return clock_mono_us(clock_system());
}

/* Timers ------------------------------------------------------------- */

/* A timer that is due runs on the next turn. The queue's descriptor brings
 * it: cheaper than a clock that is set to fire at once, and set again. */
static void kick(struct loop *loop, int64_t now)
{
	if (loop->kicked_us)
		return;
	loop->kicked_us = now;
	if (!loop->in_posts) /* else it is looked at after them */
		eventfd_write(queue_fd(loop->queue), 1);
}

static void arm(struct loop *loop)
{
	const int64_t now = now_us();
	const int64_t next = timers_next_us(loop->timers);
	struct itimerspec its = {0};
	int64_t due = loop->heartbeat_us, delay;

	if (!next) {
		kick(loop, now); /* and this again after it */
		return;
	}
	if (next >= 0 && now + next < due)
		due = now + next;
	/* firing too early costs a turn of the loop, re-arming a system call
	 * for each timer that is cancelled: so only ever earlier */
	if (loop->armed_us && loop->armed_us <= due)
		return;

	delay = due > now ? due - now : 0;
	its.it_value.tv_sec = delay / 1000000;
	its.it_value.tv_nsec = delay % 1000000 * 1000;
	if (!delay)
		its.it_value.tv_nsec = 1; /* all zero would disarm */
	loop->armed_us = due;
	if (timerfd_settime(loop->timer_fd, 0, &its, NULL))
		log_error("loop: timer not armed: %s", g_strerror(errno));
}

static void on_timers_change(void *arg)
{
	arm(arg);
}

static int on_timer(void *magic, su_wait_t *w, void *arg)
{
	struct loop *loop = arg;
	const int64_t now = now_us();
	uint64_t expired;

	(void)magic;
	(void)w;
	if (read(loop->timer_fd, &expired, sizeof(expired)) < 0)
		return 0; /* re-armed meanwhile: it fires again */

	loop_watch_sample(&loop->watch, now - loop->armed_us);
	loop->armed_us = 0;
	if (now >= loop->heartbeat_us)
		loop->heartbeat_us = now + HEARTBEAT_US;
	timers_run(loop->timers);
	arm(loop);

	return 0;
}

static void on_timer_begin(void *arg, const char *name)
{
	loop_enter(arg, name);
}

static void on_timer_end(void *arg)
{
	loop_leave(arg);
}

/* Posts -------------------------------------------------------------- */

static void take_posts(struct loop *loop)
{
	struct queue_node *node = queue_take_all(loop->queue);
	size_t n = 0;

	*loop->pending_tail = node;
	for (; node; node = node->next) {
		loop->pending_tail = &node->next;
		++n;
	}
	atomic_fetch_add_explicit(&loop->npending, n, memory_order_relaxed);
}

static void run_post(struct loop *loop, int64_t now)
{
	struct post *post = (struct post *)loop->pending;

	loop->pending = post->node.next;
	if (!loop->pending)
		loop->pending_tail = &loop->pending;
	atomic_fetch_sub_explicit(&loop->npending, 1, memory_order_relaxed);

	loop_watch_sample(&loop->watch, now - post->at_us);
	loop_enter(loop, post->name);
	post->fn(post->arg);
	loop_leave(loop);
	g_free(post);
}

static int on_posts(void *magic, su_wait_t *w, void *arg)
{
	struct loop *loop = arg;
	const int64_t start = now_us();
	/* Read before the queue is: when it is set, nothing is added to what
	 * is taken now, and the loop may end after it */
	const bool stopping = atomic_load(&loop->stopping);
	int64_t now = start;

	(void)magic;
	(void)w;
	take_posts(loop);
	loop->in_posts = true;
	while (loop->pending && now - start < BATCH_US) {
		run_post(loop, now);
		now = now_us();
	}
	loop->in_posts = false;
	if (loop->kicked_us) {
		loop_watch_sample(&loop->watch, now - loop->kicked_us);
		loop->kicked_us = 0;
		timers_run(loop->timers);
		arm(loop);
	}

	/* A stop that came meanwhile may have lost its wake-up to
	 * take_posts(): look once more */
	if (loop->pending || (!stopping && atomic_load(&loop->stopping)))
		eventfd_write(queue_fd(loop->queue), 1);
	else if (stopping)
		su_root_break(loop->root);

	return 0;
}

int loop_post(struct loop *loop, const char *name, loop_h *fn, void *arg)
{
	struct post *post;
	int err;

	if (!loop || !fn)
		return EINVAL;

	post = g_new(struct post, 1);
	post->name = name;
	post->fn = fn;
	post->arg = arg;
	post->at_us = now_us();
	err = queue_push(loop->queue, &post->node);
	if (err)
		g_free(post);
	else
		atomic_fetch_add_explicit(&loop->posts, 1,
					  memory_order_relaxed);

	return err;
}

struct call_and_wait {
	loop_h *fn;
	void *arg;
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool done;
};

static void run_call(void *arg)
{
	struct call_and_wait *wait = arg;

	wait->fn(wait->arg);
	/* signalled inside the lock: it lies on the waiter's stack */
	pthread_mutex_lock(&wait->mtx);
	wait->done = true;
	pthread_cond_signal(&wait->cond);
	pthread_mutex_unlock(&wait->mtx);
}

int loop_call(struct loop *loop, const char *name, loop_h *fn, void *arg)
{
	struct call_and_wait wait = {
		.fn = fn,
		.arg = arg,
		.mtx = PTHREAD_MUTEX_INITIALIZER,
		.cond = PTHREAD_COND_INITIALIZER,
	};
	int err;

	if (!loop || !fn)
		return EINVAL;
	if (loop_is_current(loop)) {
		log_error("loop: %s would wait for itself", name);
		abort();
	}

	err = loop_post(loop, name, run_call, &wait);
	if (!err) {
		pthread_mutex_lock(&wait.mtx);
		while (!wait.done)
			pthread_cond_wait(&wait.cond, &wait.mtx);
		pthread_mutex_unlock(&wait.mtx);
	}
	pthread_cond_destroy(&wait.cond);
	pthread_mutex_destroy(&wait.mtx);

	return err;
}

/* Start and stop ----------------------------------------------------- */

static int watch_fd(struct loop *loop, int fd, su_wakeup_f fn, int *indexp)
{
	su_wait_t wait[1] = {SU_WAIT_INIT};

	if (su_wait_create(wait, fd, SU_WAIT_IN))
		return EIO;
	*indexp = su_root_register(loop->root, wait, fn, loop, 0);
	if (*indexp > 0)
		return 0;
	su_wait_destroy(wait);

	return EIO;
}

static int open_root(struct loop *loop)
{
	int err;

	loop->root = su_root_create(NULL);
	if (!loop->root)
		return ENOMEM;

	err = watch_fd(loop, queue_fd(loop->queue), on_posts,
		       &loop->queue_index);
	if (err)
		return err;

	return watch_fd(loop, loop->timer_fd, on_timer, &loop->timer_index);
}

static void close_root(struct loop *loop)
{
	if (!loop->root)
		return;
	if (loop->queue_index > 0)
		su_root_deregister(loop->root, loop->queue_index);
	if (loop->timer_index > 0)
		su_root_deregister(loop->root, loop->timer_index);
	su_root_destroy(loop->root);
	loop->root = NULL;
}

static void tell_started(struct loop *loop, int err)
{
	pthread_mutex_lock(&loop->mtx);
	loop->started = true;
	loop->start_err = err;
	pthread_cond_signal(&loop->cond);
	pthread_mutex_unlock(&loop->mtx);
}

static void *loop_thread(void *arg)
{
	struct loop *loop = arg;
	int err;

	pthread_setname_np(pthread_self(), "bifrons-loop");
	loop->self = pthread_self();

	err = open_root(loop);
	if (!err) {
		loop->heartbeat_us = now_us() + HEARTBEAT_US;
		timers_on_change(loop->timers, on_timers_change, loop);
		arm(loop);
	}
	tell_started(loop, err);
	if (!err)
		su_root_run(loop->root);
	close_root(loop);

	return NULL;
}

static void loop_destructor(void *arg)
{
	struct loop *loop = arg;

	obj_unref(loop->timers);
	obj_unref(loop->queue);
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	pthread_cond_destroy(&loop->cond);
	pthread_mutex_destroy(&loop->mtx);
}

/* Signals are the host's: none is delivered to the loop or to what it starts */
static int start_thread(struct loop *loop)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&loop->thread, NULL, loop_thread, loop);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;

	pthread_mutex_lock(&loop->mtx);
	while (!loop->started)
		pthread_cond_wait(&loop->cond, &loop->mtx);
	err = loop->start_err;
	pthread_mutex_unlock(&loop->mtx);
	if (err)
		pthread_join(loop->thread, NULL);

	return err;
}

int loop_start(struct loop **loopp, const struct clock *clk)
{
	struct loop *loop;
	int err;

	if (!loopp || !clk)
		return EINVAL;

	su_init();
	su_clock_tick();
	loop = obj_zalloc(sizeof(*loop), loop_destructor);
	loop->clk = clk;
	loop->timer_fd = -1;
	loop->pending_tail = &loop->pending;
	pthread_mutex_init(&loop->mtx, NULL);
	pthread_cond_init(&loop->cond, NULL);

	err = queue_alloc(&loop->queue);
	if (err)
		goto out;
	err = timers_alloc(&loop->timers, clk);
	if (err)
		goto out;
	timers_watch(loop->timers, on_timer_begin, on_timer_end, loop);
	loop->timer_fd =
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->timer_fd < 0) {
		err = errno;
		goto out;
	}
	err = start_thread(loop);
out:
	if (err)
		obj_unref(loop);
	else
		*loopp = loop;

	return err;
}

struct loop *loop_stop(struct loop *loop)
{
	if (!loop)
		return NULL;

	/* close first: a post that was taken is run, later ones are told */
	queue_close(loop->queue);
	atomic_store(&loop->stopping, true);
	eventfd_write(queue_fd(loop->queue), 1);
	pthread_join(loop->thread, NULL);

	return obj_unref(loop);
}

/* What others ask ----------------------------------------------------- */

bool loop_is_current(const struct loop *loop)
{
	return loop && pthread_equal(pthread_self(), loop->self);
}

void loop_assert(const struct loop *loop)
{
	if (!loop || loop_is_current(loop))
		return;
	log_error("loop: called from another thread");
	abort();
}

struct timers *loop_timers(struct loop *loop)
{
	return loop->timers;
}

const struct clock *loop_clock(const struct loop *loop)
{
	return loop->clk;
}

void *loop_su_root(struct loop *loop)
{
	return loop->root;
}

void loop_enter(struct loop *loop, const char *name)
{
	loop_watch_enter(&loop->watch, name, now_us());
}

void loop_leave(struct loop *loop)
{
	loop_watch_leave(&loop->watch, now_us());
}

int64_t loop_lag_us(const struct loop *loop)
{
	return loop_watch_lag_us(&loop->watch);
}

void loop_stats(struct loop *loop, struct loop_stats *stats)
{
	stats->lag_us = loop_watch_lag_us(&loop->watch);
	stats->lag_max_us = loop_watch_take_max_us(&loop->watch);
	stats->depth =
		queue_depth(loop->queue) +
		atomic_load_explicit(&loop->npending, memory_order_relaxed);
	stats->posts = atomic_load_explicit(&loop->posts, memory_order_relaxed);
	stats->slow =
		atomic_load_explicit(&loop->watch.slow, memory_order_relaxed);
}
