/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sofia's own lines: faults of peers and of the network, at a bounded rate.
 * Its log is one for the process, hence the one static limit (atomics). */
#include <sofia-sip/su_log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host/log.h"

#include "sipx_priv.h"

enum {
	SOFIA_LEVEL = 1,
	LINES_PER_S = 5,
	LINE_SIZE = 256
};

static void on_line(void *stream, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void on_line(void *stream, const char *fmt, va_list ap)
{
	static struct log_limit limit;
	char raw[LINE_SIZE], line[LINE_SIZE];
	unsigned dropped = 0;
	size_t len;

	if (!log_limit_pass(&limit, LINES_PER_S, &dropped))
		return;

	vsnprintf(raw, sizeof(raw), fmt, ap);
	len = strcspn(raw, "\r\n");
	if (!len)
		return;
	sipx_clean(line, sizeof(line), raw, len);
	if (dropped)
		log_info("sip: %s (%u lines before it kept back)", line,
			 dropped);
	else
		log_info("sip: %s", line);
}

void sipx_log_redirect(void)
{
	su_log_redirect(su_log_default, on_line, NULL);
	su_log_set_level(su_log_default, SOFIA_LEVEL);
}
