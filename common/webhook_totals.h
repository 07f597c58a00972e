/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file webhook_totals.h  What became of deliveries since there are any
 *
 * The webhook module writes it, with the outcomes that it counts, in meta;
 * whoever shows figures reads it there.
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_COMMON_WEBHOOK_TOTALS_H
#define BIFRONS_COMMON_WEBHOOK_TOTALS_H

#include <stdint.h>

/** The row of meta */
#define WEBHOOK_TOTALS_KEY "webhook_totals"

struct webhook_totals {
	uint64_t delivered; /**< attempts that succeeded, the last of each */
	uint64_t retried;   /**< attempts that failed, not the last */
	uint64_t failed;    /**< attempts that failed, the last of each */
	uint64_t canceled;  /**< deliveries of endpoints that were disabled */
};

/** As it is stored; free() it */
char *webhook_totals_text(const struct webhook_totals *totals);
/** NULL, and what is none, are zeros */
void webhook_totals_read(struct webhook_totals *totals, const char *text);

#endif
