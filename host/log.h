/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file log.h  Lines that answer who, what, why
 *
 * Thread: any. In Janus the sink is JANUS_LOG; in tests stderr or a buffer.
 * Every line of a call begins "call ID: ". Never digits, secrets, bodies.
 */
#ifndef BIFRONS_HOST_LOG_H
#define BIFRONS_HOST_LOG_H

/* Not LOG_ERR: janus/debug.h and syslog.h define those as macros */
enum log_level {
	LOG_AT_ERROR,
	LOG_AT_WARN,
	LOG_AT_INFO,
	LOG_AT_DEBUG,
	LOG_AT_NLEVELS,
};

typedef void(log_sink_h)(enum log_level level, const char *line);

/** Set at start, before other threads log; NULL = stderr */
void log_set_sink(log_sink_h *sink);
void log_set_level(enum log_level max);
/** Does anyone read this level? */
int log_is_on(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_AT_ERROR, __VA_ARGS__)
#define log_warn(...) log_write(LOG_AT_WARN, __VA_ARGS__)
#define log_info(...) log_write(LOG_AT_INFO, __VA_ARGS__)
#define log_debug(...)                                                         \
	do {                                                                   \
		if (log_is_on(LOG_AT_DEBUG))                                   \
			log_write(LOG_AT_DEBUG, __VA_ARGS__);                  \
	} while (0)

/** A rate limit for one kind of line: what a stranger can cause is counted,
 * not repeated. Zeroed = ready.
 */
struct log_limit {
	_Atomic long long window_s; /**< second in which `lines` counts */
	_Atomic unsigned lines;
	_Atomic unsigned dropped; /**< told with the next line let through */
};

/** May a line be written now (at most per_s a second)?
 * @param droppedp  How many were kept back since the last one
 */
int log_limit_pass(struct log_limit *lim, unsigned per_s, unsigned *droppedp);

#endif
