/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "job.h"
#include "report.h"

enum {
	CHILDREN_MAX = 256,
	CHILD_MAX_S = 3600, /**< an hour: no file takes so long to arrive */
	TICK_MS = 10000,
};

/* A job's process */
struct child {
	pid_t pid;     /* 0 = none */
	int sock;      /* ours, of the job's: to tell how it died */
	uint32_t kind; /* of its request */
	time_t since_s;
	bool killed; /* nobody waits for it any more */
};

struct supervisor {
	const struct job_tools *tools;
	int control, signals;
	struct child children[CHILDREN_MAX];
	struct job job; /* the request that is read */
};

static time_t now_s(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec;
}

/* ---- a request ---- */

static void close_fds(struct job *job)
{
	int i;

	for (i = 0; i < MEDIA_NFDS; ++i) {
		if (job->fds[i] >= 0)
			close(job->fds[i]);
		job->fds[i] = -1;
	}
}

static void take_fds(struct job *job, struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	size_t n;

	memset(job->fds, 0xff, sizeof(job->fds));
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return;
	n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(job->fds, CMSG_DATA(c), MIN(n, MEDIA_NFDS) * sizeof(int));
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static bool is_sound(const struct job *job, size_t len)
{
	const struct media_request *req = &job->req;
	const bool decode = req->kind == MEDIA_DECODE;

	return len == sizeof(*req) + req->text_len &&
	       req->version == MEDIA_VERSION &&
	       (decode || req->kind == MEDIA_SPEAK) &&
	       req->rate >= MEDIA_RATE_MIN && req->rate <= MEDIA_RATE_MAX &&
	       req->max_samples > 0 &&
	       req->max_samples < INT64_MAX / (int64_t)sizeof(int16_t) &&
	       job->fds[MEDIA_FD_OUT] >= 0 &&
	       decode == (job->fds[MEDIA_FD_IN] >= 0) &&
	       (req->growing != 0) == (job->fds[MEDIA_FD_GROWING] >= 0) &&
	       ends(req->name_hint, sizeof(req->name_hint)) &&
	       ends(req->content_type, sizeof(req->content_type)) &&
	       ends(req->language, sizeof(req->language)) &&
	       ends(req->voice, sizeof(req->voice)) &&
	       ends(req->provider, sizeof(req->provider));
}

/* @return 1 = s->job is one, 0 = nothing there, -1 = the end */
static int take_request(struct supervisor *s)
{
	struct job *job = &s->job;
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(MEDIA_NFDS * sizeof(int))];
	} fds;
	struct iovec iov[2] = {
		{.iov_base = &job->req, .iov_len = sizeof(job->req)},
		{.iov_base = job->text, .iov_len = MEDIA_TEXT_MAX},
	};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &fds,
		.msg_controllen = sizeof(fds),
	};
	const ssize_t n =
		recvmsg(s->control, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (!n)
		return -1;

	take_fds(job, &msg);
	memset(&job->rep, 0, sizeof(job->rep));
	if (job->fds[MEDIA_FD_JOB] < 0)
		return 0;
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
	    (size_t)n < sizeof(job->req) || !is_sound(job, (size_t)n)) {
		report_end(&job->rep, MEDIA_FAILED, EPROTO,
			   "bifrons-media is of another version");
		(void)report_send(job->fds[MEDIA_FD_JOB], &job->rep, false);
		close_fds(job);
		return 0;
	}
	job->text[job->req.text_len] = '\0';

	return 1;
}

/* ---- its process ---- */

static void run_child(struct supervisor *s, pid_t parent)
{
	sigset_t none;

	close(s->control);
	close(s->signals);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	s->job.tools = s->tools;
	/* no exit handlers, no buffers: those are the supervisor's */
	_exit(job_run(&s->job));
}

static struct child *free_child(struct supervisor *s)
{
	size_t i;

	for (i = 0; i < CHILDREN_MAX; ++i)
		if (!s->children[i].pid)
			return &s->children[i];

	return NULL;
}

static void start_child(struct supervisor *s)
{
	struct job *job = &s->job;
	struct child *c = free_child(s);
	const pid_t parent = getpid();
	pid_t pid = -1;
	int err = EAGAIN;

	if (c) {
		pid = fork();
		err = errno;
	}
	if (!pid)
		run_child(s, parent);
	if (pid < 0) {
		report_end(&job->rep, MEDIA_FAILED, err, "no process: %s",
			   strerror(err));
		(void)report_send(job->fds[MEDIA_FD_JOB], &job->rep, false);
		close_fds(job);
		return;
	}

	c->pid = pid;
	c->kind = job->req.kind;
	c->since_s = now_s();
	c->killed = false;
	c->sock = job->fds[MEDIA_FD_JOB];
	job->fds[MEDIA_FD_JOB] = -1;
	close_fds(job);
}

static void tell_death(const struct child *c, int status)
{
	struct media_report rep = {0};
	const int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	const bool decode = c->kind == MEDIA_DECODE;
	const char *what = decode ? "decoding it" : "speaking it";

	if (sig == SIGXCPU || sig == SIGALRM || c->killed)
		report_end(&rep, decode ? MEDIA_UNDECODABLE : MEDIA_FAILED,
			   ETIMEDOUT, "%s takes too long", what);
	else
		report_end(&rep, decode ? MEDIA_UNDECODABLE : MEDIA_FAILED,
			   EFAULT, "%s broke down (signal %d)", what, sig);
	(void)report_send(c->sock, &rep, false);
}

static void bury(struct supervisor *s)
{
	struct signalfd_siginfo info;
	int status;
	size_t i;
	pid_t pid;

	(void)!read(s->signals, &info, sizeof(info));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < CHILDREN_MAX; ++i)
			if (s->children[i].pid == pid)
				break;
		if (i == CHILDREN_MAX)
			continue;
		/* 0: it has told its result itself */
		if (status)
			tell_death(&s->children[i], status);
		close(s->children[i].sock);
		s->children[i].pid = 0;
	}
}

static void kill_child(struct child *c)
{
	c->killed = true;
	(void)kill(c->pid, SIGKILL);
}

/* ---- the loop ---- */

/* (poll() refuses more places than we may have descriptors: those behind the
 * last child are left out) */
static int wait_events(struct supervisor *s, struct pollfd *fds)
{
	size_t i, used = 2;
	int n;

	fds[0] = (struct pollfd){.fd = s->control, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	for (i = 0; i < CHILDREN_MAX; ++i) {
		const struct child *c = &s->children[i];

		/* only its end matters */
		fds[2 + i] = (struct pollfd){
			.fd = c->pid && !c->killed ? c->sock : -1};
		if (fds[2 + i].fd >= 0)
			used = 2 + i + 1;
	}
	n = poll(fds, used, TICK_MS);

	return n < 0 && errno != EINTR ? errno : 0;
}

static int turn(struct supervisor *s)
{
	struct pollfd fds[2 + CHILDREN_MAX];
	time_t now;
	size_t i;
	int err, got;

	err = wait_events(s, fds);
	if (err)
		return err;

	now = now_s();
	for (i = 0; i < CHILDREN_MAX; ++i) {
		struct child *c = &s->children[i];

		if (c->pid && !c->killed &&
		    (fds[2 + i].revents || now - c->since_s > CHILD_MAX_S))
			kill_child(c);
	}
	if (fds[1].revents)
		bury(s);
	if (!fds[0].revents)
		return 0;
	got = take_request(s);
	if (got > 0)
		start_child(s);

	return got < 0 ? ESHUTDOWN : 0;
}

static void end_children(struct supervisor *s)
{
	size_t i;

	for (i = 0; i < CHILDREN_MAX; ++i)
		if (s->children[i].pid)
			kill_child(&s->children[i]);
	for (i = 0; i < CHILDREN_MAX; ++i)
		if (s->children[i].pid)
			(void)waitpid(s->children[i].pid, NULL, 0);
}

static sigset_t child_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);

	return mask;
}

void supervisor_block_signals(void)
{
	const sigset_t mask = child_signals();

	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
}

int supervisor_run(int control, const struct job_tools *tools)
{
	const struct media_report ready = {.type = MEDIA_READY};
	struct supervisor *s = g_new0(struct supervisor, 1);
	const sigset_t mask = child_signals();
	int err = 0;

	s->control = control;
	s->tools = tools;
	s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		err = errno;
	else if (!report_send(control, &ready, true))
		err = ESHUTDOWN;
	while (!err)
		err = turn(s);
	end_children(s);
	if (s->signals >= 0)
		close(s->signals);
	g_free(s);

	return err == ESHUTDOWN ? 0 : err;
}
