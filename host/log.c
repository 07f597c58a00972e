/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

enum {
	LINE_SIZE = 1024
};

struct log_state {
	_Atomic(log_sink_h *) sink; /**< NULL = stderr */
	atomic_int level;
};

/* A log line has nobody to hand it a context, so this is the one thing of
 * host/ that a whole module shares: two atomics, behind one function */
static struct log_state *state(void)
{
	static struct log_state shared = {.level = LOG_AT_INFO};

	return &shared;
}

void log_set_sink(log_sink_h *sink)
{
	atomic_store(&state()->sink, sink);
}

void log_set_level(enum log_level max)
{
	atomic_store(&state()->level, (int)max);
}

int log_is_on(enum log_level level)
{
	return (int)level <=
	       atomic_load_explicit(&state()->level, memory_order_relaxed);
}

/* What a stranger sent must not begin a line of its own, nor talk to a
 * terminal */
static void blank_controls(char *line)
{
	for (; *line; ++line) {
		const unsigned char c = (unsigned char)*line;

		if (c < 0x20 || c == 0x7f)
			*line = c == '\t' ? ' ' : '?';
	}
}

static void to_stderr(enum log_level level, const char *line)
{
	static const char *const names[LOG_AT_NLEVELS] = {
		[LOG_AT_ERROR] = "error",
		[LOG_AT_WARN] = "warn",
		[LOG_AT_INFO] = "info",
		[LOG_AT_DEBUG] = "debug",
	};
	char now[CLOCK_RFC3339_SIZE];

	clock_rfc3339(now, sizeof(now), clock_wall_ms(clock_system()));
	fprintf(stderr, "%s %s: %s\n", now, names[level], line);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static const char cut[] = "...";
	char line[LINE_SIZE];
	log_sink_h *sink;
	va_list ap;
	int n;

	if ((unsigned)level >= LOG_AT_NLEVELS || !log_is_on(level))
		return;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(line))
		memcpy(line + sizeof(line) - sizeof(cut), cut, sizeof(cut));
	blank_controls(line);

	sink = atomic_load(&state()->sink);
	if (sink)
		sink(level, line);
	else
		to_stderr(level, line);
}

int log_limit_pass(struct log_limit *lim, unsigned per_s, unsigned *droppedp)
{
	/* from 1, so that a zeroed limit is in no window */
	const long long now = 1 + clock_mono_ms(clock_system()) / 1000;
	long long window = atomic_load(&lim->window_s);

	/* one thread opens a new window; a line that another counts in between
	 * is lost to the limit, which may let through one more */
	if (window != now &&
	    atomic_compare_exchange_strong(&lim->window_s, &window, now))
		atomic_store(&lim->lines, 0);

	if (atomic_fetch_add(&lim->lines, 1) >= per_s) {
		atomic_fetch_add(&lim->dropped, 1);
		return 0;
	}
	if (droppedp)
		*droppedp = atomic_exchange(&lim->dropped, 0);

	return 1;
}
