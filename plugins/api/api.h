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
struct render;
struct render_job;
struct render_job_params;
struct store;
struct workers;

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
	const char *ws_url;       /**< Janus's WebSocket: "ws://host:8188/" */
	const char *stun, *turn;  /**< "host:port" */
	const char *turn_secret;  /**< shared with the TURN server */
	unsigned deadline_ms;     /**< 2000 */
	int64_t flow_quota_bytes; /**< of an account (flow_doc_bytes()) */
	/* files that users upload */
	const char *data_dir;      /**< media/ and tmp/ lie in it; NULL: none */
	struct workers *workers;   /**< for what waits for the disk */
	int64_t media_quota_bytes; /**< of an account */
	unsigned media_deadline_ms; /**< 0 = VERB_FILE_MS */
	/** render_job_start() and _cancel() (render/render.h) with what they
	 * take; NULL: nothing can be converted. Thread: loop */
	int (*render_start)(struct render_job **jobp, struct render *render,
			    const struct render_job_params *prm);
	void (*render_cancel)(struct render_job *job);
	struct render *render;
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

/** What takes long ends as `unavailable` now, and is refused from now on; 2 s
 * at most. Call it before waiting for the end of all requests, and again when
 * nobody converts any more, before the workers stop. Thread: any but the loop
 */
void api_close(struct api *api);

/** Remove what a crash left of uploaded files. Before the first request.
 * Blocks. @return 0 or errno */
int api_media_recover(struct api *api);
/** The same of recordings */
int api_recordings_recover(struct api *api);

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
