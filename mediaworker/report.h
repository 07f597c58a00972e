/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file report.h  How a job ended, and telling it
 *
 * Thread: the job's only one; the supervisor for a job that died.
 */
#ifndef BIFRONS_MEDIAWORKER_REPORT_H
#define BIFRONS_MEDIAWORKER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/media_proto.h"

/** Fill in how it ended; the first one counts */
void report_end(struct media_report *rep, enum media_code code, int err,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** Send on the job's socket.
 * @param wait  Whether to wait for room; progress does not
 * @return false: nobody listens any more
 */
bool report_send(int sock, const struct media_report *rep, bool wait);

#endif
