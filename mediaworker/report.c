/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

void report_end(struct media_report *rep, enum media_code code, int err,
		const char *fmt, ...)
{
	va_list ap;

	if (rep->type == MEDIA_RESULT)
		return;

	rep->type = MEDIA_RESULT;
	rep->code = code;
	rep->err = err;
	va_start(ap, fmt);
	vsnprintf(rep->why, sizeof(rep->why), fmt, ap);
	va_end(ap);
}

bool report_send(int sock, const struct media_report *rep, bool wait)
{
	const int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
	ssize_t n;

	do {
		n = send(sock, rep, sizeof(*rep), flags);
	} while (n < 0 && errno == EINTR);

	return n >= 0 || errno == EAGAIN;
}
