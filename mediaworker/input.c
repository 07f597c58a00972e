/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the pipe says. @return 0 or -errno, as input_read() */
static int hear(struct input *in)
{
	char said[512];
	ssize_t n;

	do {
		n = read(in->growing, said, sizeof(said));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!n) {
		close(in->growing);
		in->growing = -1;
		return 0;
	}
	if (memchr(said, 'x', (size_t)n))
		return -ECONNABORTED;

	return 0;
}

static int wait_for_more(struct input *in)
{
	struct pollfd fds[2] = {
		{.fd = in->growing, .events = POLLIN},
		{.fd = in->job, .events = 0},
	};
	int n;

	alarm(0);
	do {
		n = poll(fds, 2, -1);
	} while (n < 0 && errno == EINTR);
	alarm(INPUT_PATIENCE_S);
	if (n < 0)
		return -errno;
	if (fds[1].revents)
		return -ECANCELED;

	return hear(in);
}

ssize_t input_read(struct input *in, void *buf, size_t len, int64_t pos)
{
	ssize_t n;

	if (in->err)
		return -in->err;

	for (;;) {
		/* asked first: what came before the end of the pipe is in
		 * the file when the end is seen */
		const bool whole = in->growing < 0;

		n = pread(in->fd, buf, len, pos);
		if (n > 0)
			return n;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			n = -errno;
		else if (whole)
			return 0;
		else
			n = wait_for_more(in);
		if (n < 0)
			break;
	}
	in->err = (int)-n;

	return n;
}

ssize_t input_peek(struct input *in, void *buf, size_t len, int64_t pos)
{
	ssize_t n;

	do {
		n = pread(in->fd, buf, len, pos);
	} while (n < 0 && errno == EINTR);

	return n < 0 ? -errno : n;
}

ssize_t input_read_full(struct input *in, void *buf, size_t len, int64_t pos)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = input_read(in, (char *)buf + got, len - got,
			       pos + (int64_t)got);
		if (n < 0)
			return n;
		if (!n)
			break;
		got += (size_t)n;
	}

	return (ssize_t)got;
}

int64_t input_size(struct input *in)
{
	struct stat st;

	/* what was announced may be a lie; what is there is not */
	if (in->growing < 0 && !fstat(in->fd, &st))
		return st.st_size;

	return in->size;
}
