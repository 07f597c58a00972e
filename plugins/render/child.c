/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisors: started, watched, started again */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/str.h"
#include "host/log.h"

#include "render_priv.h"

enum {
	READY_US = 30000000, /**< loading takes 0.1 s; a busy machine more */
	RETRY_MIN_US = 50000,
	RETRY_MAX_US = 5000000,
	STEADY_US = 10000000, /**< up so long: what was before is forgotten */
	BROKEN_FAILS = 3,
};

void child_init(struct child *child, struct render *render)
{
	child->watch.kind = WATCH_CHILD;
	child->render = render;
	child->state = CHILD_DOWN;
	child->sock = -1;
}

bool child_is_broken(const struct child *child)
{
	return child->state == CHILD_DOWN && child->fails >= BROKEN_FAILS;
}

/* ---- start ---- */

/* What a child may know of our environment: how to load, nothing secret */
static char **child_environment(void)
{
	static const char *const kept[] = {
		"PATH=",         "LD_LIBRARY_PATH=", "LD_PRELOAD=",
		"ASAN_OPTIONS=", "LSAN_OPTIONS=",    "UBSAN_OPTIONS=",
		"TSAN_OPTIONS=", "ESPEAK_DATA_PATH="};
	GPtrArray *env = g_ptr_array_new();
	char **e;
	size_t i;

	for (e = environ; *e; ++e)
		for (i = 0; i < G_N_ELEMENTS(kept); ++i)
			if (str_starts(*e, kept[i]))
				g_ptr_array_add(env, *e);
	/* sounds of letters do not depend on where we live */
	g_ptr_array_add(env, (char *)"LC_ALL=C.UTF-8");
	g_ptr_array_add(env, NULL);

	return (char **)g_ptr_array_free(env, FALSE);
}

static int spawn(struct child *child, int sock)
{
	char *const argv[] = {child->render->program, NULL};
	char **env = child_environment();
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	/* Ctrl-C in our terminal is not for it */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETSID);
	err = posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null",
					       O_RDONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&fa, STDERR_FILENO,
						       STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&fa, sock,
						       MEDIA_CONTROL_FD);
	/* what others opened without O_CLOEXEC */
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(
			&fa, MEDIA_CONTROL_FD + 1);
	if (!err)
		err = posix_spawn(&child->pid, child->render->program, &fa,
				  &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	g_free(env);

	return err;
}

static void retry_later(struct child *child)
{
	int64_t pause_us = RETRY_MIN_US;
	unsigned i;

	for (i = 0; i < child->fails && pause_us < RETRY_MAX_US; ++i)
		pause_us *= 2;
	child->state = CHILD_DOWN;
	child->due_us = render_now_us() + MIN(pause_us, RETRY_MAX_US);
	++child->fails;
}

static int open_control(struct child *child, int *theirs)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = child};
	int pair[2], low;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return errno;
	/* dup2() onto itself would leave O_CLOEXEC on */
	low = fcntl(pair[1], F_DUPFD_CLOEXEC, MEDIA_CONTROL_FD + 1);
	close(pair[1]);
	if (low < 0 ||
	    epoll_ctl(child->render->epoll, EPOLL_CTL_ADD, pair[0], &ev)) {
		const int err = errno;

		close(pair[0]);
		if (low >= 0)
			close(low);
		return err;
	}
	child->sock = pair[0];
	*theirs = low;

	return 0;
}

static void close_control(struct child *child)
{
	if (child->sock < 0)
		return;
	(void)epoll_ctl(child->render->epoll, EPOLL_CTL_DEL, child->sock, NULL);
	close(child->sock);
	child->sock = -1;
}

static void child_start(struct child *child)
{
	int theirs = -1, err;

	err = open_control(child, &theirs);
	if (!err) {
		err = spawn(child, theirs);
		close(theirs);
	}
	if (!err) {
		child->state = CHILD_STARTING;
		child->due_us = render_now_us() + READY_US;
		return;
	}

	close_control(child);
	child->pid = 0;
	if (!child->fails)
		log_error("render: cannot start %s: %s", child->render->program,
			  g_strerror(err));
	retry_later(child);
}

/* ---- end ---- */

static void end_process(struct child *child)
{
	if (child->state == CHILD_UP)
		atomic_fetch_sub(&child->render->nup, 1);
	child->is_full = false;
	close_control(child);
	if (child->pid > 0) {
		(void)kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	child->pid = 0;
}

static void fail_jobs(struct child *child)
{
	struct render_job *job = child->render->at_work.head, *next;

	for (; job; job = next) {
		next = job->next;
		if (job->child == child)
			render_job_fail(job, MEDIA_FAILED, EPIPE,
					"bifrons-media has ended");
	}
}

void child_kill(struct child *child, const char *why)
{
	const bool was_up = child->state == CHILD_UP;

	if (was_up && render_now_us() - child->up_us > STEADY_US)
		child->fails = 0;
	if (child->fails < BROKEN_FAILS)
		log_warn("render: bifrons-media[%d] %s; it is started again",
			 (int)child->pid, why);
	end_process(child);
	atomic_fetch_add(&child->render->nrestarts, 1);
	retry_later(child);
	fail_jobs(child);
}

void child_stop(struct child *child)
{
	/* its jobs die with it */
	end_process(child);
	child->state = CHILD_DOWN;
}

/* ---- events ---- */

static void watch_room(struct child *child, bool on)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (on ? EPOLLOUT : 0),
		.data.ptr = child,
	};

	child->is_full = on;
	(void)epoll_ctl(child->render->epoll, EPOLL_CTL_MOD, child->sock, &ev);
}

void child_wait_room(struct child *child)
{
	watch_room(child, true);
}

void child_event(struct child *child, unsigned events)
{
	struct media_report rep;
	ssize_t n;

	if (child->is_full && (events & EPOLLOUT))
		watch_room(child, false);
	if (!(events & ~(unsigned)EPOLLOUT))
		return;

	n = recv(child->sock, &rep, sizeof(rep), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(rep) || rep.type != MEDIA_READY ||
	    child->state != CHILD_STARTING) {
		child_kill(child, "ended by itself");
		return;
	}

	child->state = CHILD_UP;
	child->up_us = render_now_us();
	atomic_fetch_add(&child->render->nup, 1);
}

void child_timer(struct child *child, int64_t now_us)
{
	if (child->state == CHILD_UP || now_us < child->due_us)
		return;
	if (child->state == CHILD_DOWN)
		child_start(child);
	else
		child_kill(child, "does not get ready");
}

int64_t child_due_us(const struct child *child)
{
	return child->state == CHILD_UP ? -1 : child->due_us;
}
