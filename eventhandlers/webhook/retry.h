/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file retry.h  When an event that did not arrive is tried again
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_WEBHOOK_RETRY_H
#define BIFRONS_WEBHOOK_RETRY_H

#include <stddef.h>
#include <stdint.h>

enum {
	RETRIES_MAX = 16,
	RETRY_AFTER_MAX_S = 24 * 3600, /**< more is not waited for */
};

struct retry_schedule {
	size_t n;                      /**< retries after the first attempt */
	int64_t delay_ms[RETRIES_MAX]; /**< before each */
};

/** What became of an attempt */
enum retry_verdict {
	RETRY_DELIVERED, /**< 2xx */
	RETRY_AGAIN,     /**< an answer that is none, or no answer */
	RETRY_GONE,      /**< 410: nothing is to be sent there any more */
};

/** @param status  HTTP status, 0 = no answer came */
enum retry_verdict retry_judge(int status);

/** How long to wait after a failed attempt.
 * @param attempts       Made so far, this one too: from 1
 * @param retry_after_s  What the endpoint asked for, -1 = nothing: it is
 *                       waited for when it is longer, up to the maximum
 * @param rnd            Any 32 random bits: they move the delay by a tenth
 *                       either way (a wait that was asked for: later only)
 * @return ms, or -1 when no attempt is left
 */
int64_t retry_delay_ms(const struct retry_schedule *sched, unsigned attempts,
		       int64_t retry_after_s, uint32_t rnd);

/** How long ago its first attempt failed, after so many; at most, as far as
 * the schedule goes */
int64_t retry_age_ms(const struct retry_schedule *sched, unsigned attempts);

#endif
