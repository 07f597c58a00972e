/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file janus_log.h  Our lines in Janus's log
 *
 * Thread: any. For the three adapters; links only inside Janus.
 */
#ifndef BIFRONS_HOST_JANUS_LOG_H
#define BIFRONS_HOST_JANUS_LOG_H

#include "host/log.h"

/** A sink for log_set_sink(). Errors, warnings and information always show;
 * our own log_level decides about debugging. */
void janus_log_sink(enum log_level level, const char *line);

#endif
