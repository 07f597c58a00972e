/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file endpoint.h  Where events go: a row of `webhook`, opened
 *
 * Thread: the courier's. An endpoint with a call_id was made with that call,
 * for it alone; it has no secret of its own and signs with its account's.
 */
#ifndef BIFRONS_WEBHOOK_ENDPOINT_H
#define BIFRONS_WEBHOOK_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/secret.h"
#include "common/webhook_sign.h"
#include "webhook/lanes.h"
#include "webhook/target.h"

/** A row as it was read; texts are borrowed */
struct endpoint_row {
	const char *id, *account_id;
	const char *call_id; /**< or NULL */
	const char *doc;
	const char *account_doc; /**< of a call's endpoint, or NULL */
};

struct endpoint {
	char *id, *account_id;
	char *call_id; /**< or NULL */
	char *doc;     /**< as it was read: to see whether it has changed */

	char *url;
	char *host; /**< of the URL, for the log */
	struct filter *filter;
	char *secret; /**< NULL: it cannot be opened, nothing is sent */
	char *previous_secret; /**< signs too, or NULL */
	int64_t previous_until_ms;

	struct target *target; /**< the book's */
	struct lanes *lanes;
	unsigned running;   /**< requests on the way */
	bool more;          /**< the table may hold more that is due */
	bool is_active;     /**< in the dispatcher's list */
	bool wants_no_more; /**< answered 410, which is not recorded yet */
	bool is_gone;       /**< disabled or deleted: waits for its requests */
	unsigned seen;      /**< of which reading */
};

struct endpoint *endpoint_new(const struct endpoint_row *row,
			      const uint8_t key[SECRET_KEY_LEN]);
/** @return NULL */
struct endpoint *endpoint_free(struct endpoint *ep);

/** Take over what the row says now. @return Did anything change? */
bool endpoint_update(struct endpoint *ep, const struct endpoint_row *row,
		     const uint8_t key[SECRET_KEY_LEN]);

/** Value of the header webhook-signature; g_free() it.
 * @param now_ms  Wall clock: whether the previous secret signs too
 */
char *endpoint_sign(const struct endpoint *ep,
		    const struct webhook_message *msg, int64_t now_ms);

#endif
