/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file app_webhooks.h  Figures of webhooks
 *
 * Their module is another one, which shares nothing with this but the store:
 * what it knows is read there, off indexes alone. Blocks; thread: any but the
 * loop.
 */
#ifndef BIFRONS_APP_APP_WEBHOOKS_H
#define BIFRONS_APP_APP_WEBHOOKS_H

#include <stdint.h>

#include "common/webhook_totals.h"

struct db;

struct app_webhooks {
	int64_t pending;       /**< deliveries */
	int64_t due_age_ms;    /**< of the first of them that is due, else 0 */
	int64_t unread_age_ms; /**< of the first event that the module has not
				    matched with the endpoints; else 0 */
	int64_t disabled;      /**< endpoints, but those of calls */
	struct webhook_totals totals;
};

/** @return 0, or as db_read() */
int app_webhooks_read(struct app_webhooks *figures, struct db *db,
		      int64_t now_ms);

#endif
