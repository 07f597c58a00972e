/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api.h  Verbs: JSON in, JSON out
 *
 * Thread: api_dispatch() on the core's pool, several at once. A verb that
 * reads does so there; one that acts is a job on the loop, waited for with a
 * deadline. The request and reply are described in docs/api-internal.md.
 */
#ifndef BIFRONS_API_API_H
#define BIFRONS_API_API_H

#include <jansson.h>

#include "common/api_errors.h"
#include "common/secret.h"

struct api;
struct call_table;
struct directory;
struct loop;
struct store;

/** What verbs may touch */
struct api_env {
	struct loop *loop;
	struct store *store;
	struct directory *dir;
	struct call_table *calls;
	const uint8_t *key; /**< SECRET_KEY_LEN bytes: seals secrets at rest */
	const char *node_id;
	const char *bind; /**< what SIP listens on: the demo's trunk has it */
	/* what browsers are told; each may be NULL */
	const char *ws_url;      /**< Janus's WebSocket: "ws://host:8188/" */
	const char *stun, *turn; /**< "host:port" */
	const char *turn_secret; /**< shared with the TURN server */
	unsigned deadline_ms;    /**< 2000 */
	/** Is the platform ready (SIP bound, store open, not draining)? Adds
	 * a member for each check. Thread: any */
	bool (*ready)(void *arg, json_t *checks);
	/** Prometheus text of everything in the plugin; g_free() it.
	 * Thread: any */
	char *(*metrics)(void *arg);
	void *arg;
};

int api_alloc(struct api **apip, const struct api_env *env);

/** Answer one request. @param query  Borrowed. @return A new object */
json_t *api_dispatch(struct api *api, json_t *query);

/** {"error":{"code","detail"}} */
json_t *api_error(enum api_err err, const char *detail);

/** At the first start: the account `default`, the platform's first key (value
 * given), and with `demo` the demo flow and its number. Nothing when there is
 * an account already, but a first_key that is not stored is added. Blocks.
 * @return 0 or EIO
 */
int api_bootstrap(struct api *api, const char *first_key, bool demo);

/** A new device token of the demo's extension, for a link that is ready to
 * use. Blocks. @return 0 (g_free() the token), ENOENT: no demo, or EIO
 */
int api_demo_token(struct api *api, char **tokenp);

#endif
