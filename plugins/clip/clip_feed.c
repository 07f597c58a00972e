/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clip/clip_feed.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "common/obj.h"
#include "common/queue.h"
#include "host/log.h"
#include "loop/loop.h"

enum {
	PERIOD_MS = 400 /* streams hold 2.5 s */
};

struct feeder {
	/* set before start, then read-only */
	struct loop *loop;
	void (*failed)(void *arg, uint64_t id, size_t item, int err);
	void *arg;
	struct queue *queue; /* of struct cmd */
	pthread_t tid;

	/* thread: the feeder */
	GPtrArray *feeds;
	int64_t due_ms; /* when they are filled again */
	bool stop;
};

struct cmd {
	struct queue_node node; /* first */
	void (*fn)(struct feeder *feeder, struct cmd *cmd);
	struct feed *feed;
	size_t item;
	int err;
	struct clip_pcm *pcm;
	/* of feeder_run(), feeder_unref() */
	const char *name;
	feeder_h *work, *done;
	void *arg;
};

/* ---- what the loop is told ---- */

struct failure {
	struct feeder *feeder;
	uint64_t id;
	size_t item;
	int err;
};

static void on_failure(void *arg) /* Thread: loop */
{
	struct failure *what = arg;
	struct feeder *feeder = what->feeder;

	feeder->failed(feeder->arg, what->id, what->item, what->err);
	obj_unref(feeder);
	g_free(what);
}

static void tell_failure(struct feeder *feeder, struct feed *feed)
{
	struct failure *what;
	size_t item;
	int err;

	if (!feed_take_failure(feed, &item, &err))
		return;

	what = g_new(struct failure, 1);
	*what = (struct failure){obj_ref(feeder), feed_id(feed), item, err};
	if (loop_post(feeder->loop, "clip_failed", on_failure, what)) {
		obj_unref(feeder);
		g_free(what);
	}
	/* behind it: played() comes later than why */
	feed_end(feed, err);
}

static void fill(struct feeder *feeder, struct feed *feed)
{
	if (!feed_is_over(feed) && !feed_fill(feed))
		tell_failure(feeder, feed);
}

/* ---- commands ---- */

static int push(struct feeder *feeder, const struct cmd *prm)
{
	struct cmd *cmd = g_memdup2(prm, sizeof(*prm));
	const int err = queue_push(feeder->queue, &cmd->node);

	if (err)
		g_free(cmd);

	return err;
}

static void cmd_add(struct feeder *feeder, struct cmd *cmd)
{
	g_ptr_array_add(feeder->feeds, cmd->feed);
	fill(feeder, cmd->feed);
}

void feed_add(struct feeder *feeder, struct feed *feed)
{
	const struct cmd cmd = {.fn = cmd_add, .feed = feed};

	if (push(feeder, &cmd))
		feed_free(feed);
}

static void cmd_ready(struct feeder *feeder, struct cmd *cmd)
{
	feed_set_pcm(cmd->feed, cmd->item, cmd->pcm);
	fill(feeder, cmd->feed);
}

void feed_ready(struct feeder *feeder, struct feed *feed, size_t item,
		struct clip_pcm *pcm)
{
	const struct cmd cmd = {.fn = cmd_ready,
				.feed = feed,
				.item = item,
				.pcm = obj_ref(pcm)};

	if (push(feeder, &cmd))
		obj_unref(pcm);
}

static void cmd_fail(struct feeder *feeder, struct cmd *cmd)
{
	feed_set_failed(cmd->feed, cmd->item, cmd->err);
	fill(feeder, cmd->feed);
}

void feed_fail(struct feeder *feeder, struct feed *feed, size_t item, int err)
{
	const struct cmd cmd = {
		.fn = cmd_fail, .feed = feed, .item = item, .err = err};

	(void)push(feeder, &cmd);
}

static void cmd_kick(struct feeder *feeder, struct cmd *cmd)
{
	unsigned i;

	for (i = 0; i < feeder->feeds->len; ++i) {
		struct feed *feed = g_ptr_array_index(feeder->feeds, i);

		if (feed_is_waiting(feed))
			fill(feeder, feed);
	}
}

void feeder_kick(struct feeder *feeder)
{
	const struct cmd cmd = {.fn = cmd_kick};

	(void)push(feeder, &cmd);
}

static void cmd_remove(struct feeder *feeder, struct cmd *cmd)
{
	(void)g_ptr_array_remove_fast(feeder->feeds, cmd->feed);
}

void feed_remove(struct feeder *feeder, struct feed *feed)
{
	const struct cmd cmd = {.fn = cmd_remove, .feed = feed};

	(void)push(feeder, &cmd); /* after the stop it is gone already */
}

static void cmd_run(struct feeder *feeder, struct cmd *cmd)
{
	cmd->work(cmd->arg);
	if (cmd->done &&
	    loop_post(feeder->loop, cmd->name, cmd->done, cmd->arg))
		log_error("clips: %s: the loop is gone", cmd->name);
}

int feeder_run(struct feeder *feeder, const char *name, feeder_h *work,
	       feeder_h *done, void *arg)
{
	const struct cmd cmd = {.fn = cmd_run,
				.name = name,
				.work = work,
				.done = done,
				.arg = arg};

	return push(feeder, &cmd);
}

static void cmd_unref(struct feeder *feeder, struct cmd *cmd)
{
	obj_unref(cmd->arg);
}

void feeder_unref(struct feeder *feeder, void *obj)
{
	const struct cmd cmd = {.fn = cmd_unref, .arg = obj};

	if (obj && push(feeder, &cmd))
		obj_unref(obj);
}

/* ---- the thread ---- */

static void cmd_stop(struct feeder *feeder, struct cmd *cmd)
{
	feeder->stop = true;
}

static void run_commands(struct feeder *feeder)
{
	struct queue_node *node, *next;

	for (node = queue_take_all(feeder->queue); node; node = next) {
		struct cmd *cmd = (struct cmd *)(void *)node;

		next = node->next;
		cmd->fn(feeder, cmd);
		g_free(cmd);
	}
}

static int64_t now_ms(const struct feeder *feeder)
{
	return clock_mono_ms(loop_clock(feeder->loop));
}

static void fill_all(struct feeder *feeder)
{
	unsigned i;

	for (i = 0; i < feeder->feeds->len; ++i)
		fill(feeder, g_ptr_array_index(feeder->feeds, i));
	feeder->due_ms = now_ms(feeder) + PERIOD_MS;
}

static int wait_ms(const struct feeder *feeder)
{
	if (!feeder->feeds->len)
		return -1;

	return (int)CLAMP(feeder->due_ms - now_ms(feeder), 0, PERIOD_MS);
}

static void *thread_main(void *arg)
{
	struct feeder *feeder = arg;
	struct pollfd pfd = {.fd = queue_fd(feeder->queue), .events = POLLIN};

	while (!feeder->stop) {
		if (poll(&pfd, 1, wait_ms(feeder)) > 0)
			run_commands(feeder);
		if (now_ms(feeder) >= feeder->due_ms)
			fill_all(feeder);
	}

	return NULL;
}

static void end_feed(void *arg)
{
	struct feed *feed = arg;

	feed_end(feed, ECANCELED);
	feed_free(feed);
}

static void feeder_destructor(void *arg)
{
	struct feeder *feeder = arg;

	obj_unref(feeder->queue);
	if (feeder->feeds)
		g_ptr_array_free(feeder->feeds, TRUE);
}

int feeder_start(struct feeder **feederp, struct loop *loop,
		 void (*failed)(void *arg, uint64_t id, size_t item, int err),
		 void *arg)
{
	struct feeder *feeder = obj_zalloc(sizeof(*feeder), feeder_destructor);
	sigset_t all, old;
	int err;

	feeder->loop = loop;
	feeder->failed = failed;
	feeder->arg = arg;
	feeder->feeds = g_ptr_array_new_with_free_func(end_feed);
	err = queue_alloc(&feeder->queue);
	if (!err) {
		/* signals are the host's */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		err = pthread_create(&feeder->tid, NULL, thread_main, feeder);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	if (err) {
		obj_unref(feeder);
	} else {
		(void)pthread_setname_np(feeder->tid, "bif-clips");
		*feederp = feeder;
	}

	return err;
}

struct feeder *feeder_stop(struct feeder *feeder)
{
	const struct cmd stop = {.fn = cmd_stop};

	if (!feeder)
		return NULL;

	(void)push(feeder, &stop);
	queue_close(feeder->queue);
	pthread_join(feeder->tid, NULL);
	run_commands(feeder); /* what came between the two lines above */
	g_ptr_array_set_size(feeder->feeds, 0);

	return obj_unref(feeder);
}
