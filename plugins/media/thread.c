/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/obj.h"
#include "host/log.h"
#include "media/input.h"
#include "media/leg_priv.h"
#include "media/prefer.h"

enum {
	EVENTS_MAX = 64, /* of one wake */
	HOUSE_MS = 100,  /* between two rounds of housekeeping */
};

int64_t media_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int media_watch_add(struct media_thread *th, struct media_watch *watch)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = watch};

	return epoll_ctl(th->epfd, EPOLL_CTL_ADD, watch->fd, &ev) ? errno : 0;
}

void media_watch_del(struct media_thread *th, struct media_watch *watch)
{
	(void)epoll_ctl(th->epfd, EPOLL_CTL_DEL, watch->fd, NULL);
}

static void on_queue(struct media_watch *watch, struct media_thread *th)
{
	th->has_commands = true; /* after the sockets of this wake */
}

static void housekeep(struct media_thread *th)
{
	unsigned i;

	th->house_us = th->now_us + HOUSE_MS * 1000;
	for (i = 0; i < th->legs->len; ++i)
		media_leg_house(g_ptr_array_index(th->legs, i), th);
}

static int wait_ms(const struct media_thread *th)
{
	const int64_t left_us = th->house_us - th->now_us;

	if (!th->legs->len)
		return -1;
	if (left_us <= 0)
		return 0;

	return (int)((left_us + 999) / 1000);
}

static void wake(struct media_thread *th, const struct epoll_event *evs, int n)
{
	int i;

	th->now_us = media_now_us();

	for (i = 0; i < n; ++i) {
		struct media_watch *watch = evs[i].data.ptr;

		if (watch)
			watch->ready(watch, th);
		else
			th->tick.ready = true;
	}
	if (th->has_commands)
		media_commands_run(th);
	if (th->tick.ready)
		tick_run(&th->tick, th);
	tick_arm(&th->tick);
	if (th->now_us >= th->house_us)
		housekeep(th);
	if (th->events)
		media_event_flush(th);
}

static void go_first(const struct media_thread *th)
{
	const int err = media_prefer();

	if (err && !th->index) /* it is the same for all */
		log_info("media: threads have no higher priority: %s",
			 g_strerror(err));
}

static void *thread_main(void *arg)
{
	struct media_thread *th = arg;
	struct epoll_event evs[EVENTS_MAX];

	go_first(th);
	th->now_us = media_now_us();
	while (!th->stop) {
		const int n =
			epoll_wait(th->epfd, evs, EVENTS_MAX, wait_ms(th));

		if (n < 0 && errno != EINTR) {
			log_error("media thread %u: epoll_wait: %s", th->index,
				  g_strerror(errno));
			break;
		}
		wake(th, evs, n);
	}

	return NULL;
}

static int open_descriptors(struct media_thread *th)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};
	int err;

	th->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (th->epfd < 0)
		return errno;

	err = queue_alloc(&th->queue);
	if (err)
		return err;

	th->input_watch.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (th->input_watch.fd < 0)
		return errno;

	err = tick_init(&th->tick);
	if (err)
		return err;

	th->queue_watch.fd = queue_fd(th->queue);
	th->queue_watch.ready = on_queue;
	th->input_watch.ready = media_input_ready;
	err = media_watch_add(th, &th->queue_watch);
	if (!err)
		err = media_watch_add(th, &th->input_watch);
	if (!err && epoll_ctl(th->epfd, EPOLL_CTL_ADD, th->tick.fd, &ev))
		err = errno;

	return err;
}

static void close_descriptors(struct media_thread *th)
{
	if (th->input_watch.fd >= 0)
		close(th->input_watch.fd);
	if (th->epfd >= 0)
		close(th->epfd);
	tick_free(&th->tick);
	if (th->legs)
		g_ptr_array_free(th->legs, TRUE);
}

/* Janus handles signals on threads of its own choice. */
static int create(struct media_thread *th)
{
	sigset_t all, old;
	char name[16];
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&th->tid, NULL, thread_main, th);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;

	snprintf(name, sizeof(name), "bif-media%u", th->index % 1000);
	(void)pthread_setname_np(th->tid, name);

	return 0;
}

int media_thread_start(struct media_thread *th, struct media_engine *engine,
		       unsigned index)
{
	int err;

	th->engine = engine;
	th->index = index;
	th->epfd = th->input_watch.fd = th->tick.fd = -1;
	th->legs = g_ptr_array_new();
	th->events_tail = &th->events;
	th->waiting_tail = &th->waiting;

	err = open_descriptors(th);
	if (!err)
		err = create(th);
	if (err) {
		close_descriptors(th);
		th->queue = obj_unref(th->queue);
	}

	return err;
}

static void cmd_stop(struct media_thread *th, void *arg)
{
	th->stop = true;
}

void media_thread_stop(struct media_thread *th)
{
	(void)media_post(th, cmd_stop, NULL);
	queue_close(th->queue);
	pthread_join(th->tid, NULL);

	media_commands_run(th); /* what came between the two lines above */
	media_commands_drop(th);
	media_input_drop(th);
	media_event_flush(th);
	if (th->legs->len)
		log_error("media thread %u: stopped with %u legs open",
			  th->index, th->legs->len);
	close_descriptors(th);
}
