/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/janus_log.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include <janus/debug.h>

/* Janus adds the place in the source to what it logs as an error: here that
 * would be this file each time, so our errors carry their mark themselves */
/* NOLINTNEXTLINE(readability-function-*): JANUS_LOG() is many statements */
void janus_log_sink(enum log_level level, const char *line)
{
	switch (level) {
	case LOG_AT_ERROR:
		JANUS_LOG(LOG_WARN, "[ERR] bifrons: %s\n", line);
		break;
	case LOG_AT_WARN:
		JANUS_LOG(LOG_WARN, "bifrons: %s\n", line);
		break;
	case LOG_AT_INFO:
	case LOG_AT_DEBUG:
	case LOG_AT_NLEVELS:
		JANUS_LOG(LOG_INFO, "bifrons: %s\n", line);
		break;
	}
}
