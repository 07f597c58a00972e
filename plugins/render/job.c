/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What goes to a job's process and comes from it. It has read a stranger's
 * file: nothing that it says is believed unseen. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"

#include "render_priv.h"

enum {
	START_US = 30000000 /**< from request to process, on a busy machine */
};

static void close_fd(struct render_job *job, int which)
{
	const int fd = job->fds[which];

	if (fd < 0)
		return;
	/* closing alone would leave it in epoll while a process that was
	 * forked in this moment has it too */
	if (which == MEDIA_FD_JOB)
		(void)epoll_ctl(job->render->epoll, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
	job->fds[which] = -1;
}

void job_close_fds(struct render_job *job)
{
	int i;

	for (i = 0; i < MEDIA_NFDS; ++i)
		close_fd(job, i);
}

/* ---- to the child ---- */

/* theirs: its end of the job's socket */
static int send_request(const struct render_job *job, int sock, int theirs)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(MEDIA_NFDS * sizeof(int))];
	} control = {.buf = {0}};
	struct iovec iov[2] = {
		{.iov_base = (void *)&job->req, .iov_len = sizeof(job->req)},
		{.iov_base = job->text, .iov_len = job->req.text_len},
	};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = job->text ? 2 : 1,
		.msg_control = &control,
	};
	struct cmsghdr *c;
	int fds[MEDIA_NFDS] = {theirs};
	size_t n = 1;

	while (n < MEDIA_NFDS && job->fds[n] >= 0) {
		fds[n] = job->fds[n];
		++n;
	}
	msg.msg_controllen = CMSG_SPACE(n * sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));

	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

static int open_socket(struct render_job *job, int *theirs)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = job};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return errno;
	if (epoll_ctl(job->render->epoll, EPOLL_CTL_ADD, pair[0], &ev)) {
		const int err = errno;

		close(pair[0]);
		close(pair[1]);
		return err;
	}
	job->fds[MEDIA_FD_JOB] = pair[0];
	*theirs = pair[1];

	return 0;
}

int job_send(struct render_job *job, struct child *child)
{
	int theirs = -1, err, i;

	err = open_socket(job, &theirs);
	if (!err) {
		err = send_request(job, child->sock, theirs);
		close(theirs);
	}
	/* EPIPE: the child is gone, its own event is about to say so */
	if (err == EAGAIN || err == EPIPE || err == ECONNRESET) {
		close_fd(job, MEDIA_FD_JOB);
		return EAGAIN;
	}
	if (err) {
		render_job_fail(job, MEDIA_FAILED, err, g_strerror(err));
		return err;
	}

	for (i = MEDIA_FD_OUT; i < MEDIA_NFDS; ++i)
		close_fd(job, i);
	job->due_us = render_now_us() + START_US;

	return 0;
}

/* ---- from its process ---- */

static void tell_progress(void *arg) /* Thread: loop */
{
	struct render_job *job = arg;

	/* from here on another post is made */
	atomic_store(&job->is_told, false);
	if (!job->is_canceled)
		job->progress(job->arg, atomic_load(&job->samples));
	obj_unref(job);
}

static void on_progress(struct render_job *job, int64_t samples)
{
	if (samples <= atomic_load(&job->samples) ||
	    samples > job->req.max_samples)
		return;

	atomic_store(&job->samples, samples);
	if (!job->progress || atomic_exchange(&job->is_told, true))
		return;
	obj_ref(job);
	if (loop_post(job->render->loop, "render_progress", tell_progress, job))
		obj_unref(job);
}

/* A text of the child's: printable, and it ends */
static void clean(char *text, size_t size)
{
	size_t len;

	text[size - 1] = '\0';
	len = strlen(text);
	while (len && !str_is_clean(text, len, false))
		text[--len] = '\0'; /* (it was cut inside of a letter) */
}

static void on_result(struct render_job *job, const struct media_report *rep)
{
	job->end = *rep;
	clean(job->end.why, sizeof(job->end.why));
	clean(job->end.format, sizeof(job->end.format));
	clean(job->end.codec, sizeof(job->end.codec));
	if (rep->code >= MEDIA_NCODES || rep->samples < 0 ||
	    rep->samples > job->req.max_samples || rep->err < 0 ||
	    (rep->code == MEDIA_OK) != (rep->err == 0)) {
		render_job_fail(job, MEDIA_FAILED, EPROTO,
				"the job's answer makes no sense");
		return;
	}
	render_job_ended(job);
}

void job_event(struct render_job *job)
{
	struct media_report rep;
	ssize_t n;

	n = recv(job->fds[MEDIA_FD_JOB], &rep, sizeof(rep), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != sizeof(rep)) {
		/* a job that dies is told of by its supervisor */
		render_job_fail(job, MEDIA_FAILED, EPIPE,
				"its process was lost");
		return;
	}

	switch (rep.type) {
	case MEDIA_STARTED:
		if (job->state == JOB_SENT)
			job->state = JOB_RUNNING;
		break;
	case MEDIA_PROGRESS:
		on_progress(job, rep.samples);
		break;
	case MEDIA_RESULT:
		on_result(job, &rep);
		break;
	default:
		render_job_fail(job, MEDIA_FAILED, EPROTO,
				"the job's answer makes no sense");
		break;
	}
}
