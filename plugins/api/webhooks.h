/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file webhooks.h  What the files of endpoints and deliveries share
 *
 * Thread: as verbs (api_priv.h). An endpoint is a row of `webhook`; one with a
 * call_id was made with a call, for it alone: it is not listed and cannot be
 * changed, but it is shown and so are its deliveries.
 */
#ifndef BIFRONS_API_WEBHOOKS_H
#define BIFRONS_API_WEBHOOKS_H

#include "api/resource.h"

enum {
	WEBHOOKS_MAX = 100,        /**< of an account; a call's do not count */
	WEBHOOK_URL_MAX = 2048,    /**< bytes */
	WEBHOOK_PATTERNS_MAX = 64, /**< in `events` */
	WEBHOOK_SECRET_MIN = 24,   /**< bytes, as Standard Webhooks has it */
	WEBHOOK_SECRET_MAX = 64,
	WEBHOOK_SECRET_CHARS = 6 + 88, /**< "whsec_" and base64 of the most */
};

extern const struct opt api_event_pattern[]; /**< an item of `events` */

/** Where events go, and which */
#define WEBHOOK_TARGET_OPTS                                                    \
	{                                                                      \
		.name = "url",                                                 \
		.type = OPT_STRING,                                            \
		.flags = OPT_REQUIRED,                                         \
		.min = 1,                                                      \
		.max = WEBHOOK_URL_MAX,                                        \
		.check = opt_check_http_url,                                   \
		.format = "uri",                                               \
		.doc = "Where events are posted, http or https.",              \
	},                                                                     \
	{                                                                      \
		.name = "events", .type = OPT_ARRAY, .flags = OPT_NULLABLE,    \
		.min = 1, .max = WEBHOOK_PATTERNS_MAX,                         \
		.sub = api_event_pattern, .def = "null",                       \
		.doc = "Types (`call.ended`), groups (`call.*`) or `*` for "   \
		       "all; null = all but the noisy ones.",                  \
	}

/** {url, events}: the endpoint that a number gives its calls */
extern const struct opt api_webhook_target[];

/** An endpoint in replies */
extern const struct opt api_webhook_opts[];
/** And the secret, in those that show it once */
extern const struct opt api_webhook_secret_shown[];

/** Endpoints that can be changed, and those of calls with them */
extern const struct resource api_webhooks, api_endpoints;

/** NULL, or what is wrong: for .check */
const char *webhook_check_secret(const char *value);

/** Endpoints have changed: the webhook module reads them anew */
void webhooks_changed(struct store_tx *tx);

/** The endpoint of the path, which must be enabled.
 * @return NULL, or the error to answer: 404, 409 */
json_t *webhook_load_enabled(struct req *req, const struct resource *res,
			     json_t **docp);

/* ---- deliveries.c ---- */

/** Its columns in the order of delivery_json() */
#define DELIVERY_COLUMNS                                                       \
	"id, webhook_id, event_id, event_type, call_id, status, log,"          \
	" attempts, next_at, created_at, ended_at"

/** A delivery as its GET shows it; its columns are from `first` on */
json_t *delivery_json(const struct db_row *row, unsigned first);

/** Wait again from the first attempt on, now; what was tried stays in the log.
 * ?1 id, ?2 webhook, ?3 now */
#define DELIVERY_AGAIN                                                         \
	"UPDATE delivery SET status = 'pending', attempts = 0, next_at = ?3,"  \
	" ended_at = NULL WHERE id = ?1 AND webhook_id = ?2"

#endif
