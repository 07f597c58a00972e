/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file answer.h  What goes back to the client, before it is HTTP
 *
 * Thread: that of the request that it belongs to; pure.
 */
#ifndef BIFRONS_REST_ANSWER_H
#define BIFRONS_REST_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rest/fault.h"
#include "rest/router.h"

enum rest_type {
	REST_TYPE_NONE, /**< no body */
	REST_TYPE_JSON,
	REST_TYPE_PROBLEM,
	REST_TYPE_METRICS,
	REST_TYPE_HTML,
	REST_TYPE_JS,
	REST_TYPE_CSS,
	REST_TYPE_TEXT,
	REST_TYPE_SVG,
	REST_TYPE_PNG,
	REST_TYPE_ICO,
	REST_TYPE_WOFF2,
	REST_TYPE_MP3,
	REST_TYPE_WAV,
	REST_TYPE_WASM,
	REST_TYPE_EVENTS,
};

/** What a page may load and do: Content-Security-Policy */
enum rest_policy {
	REST_POLICY_DOCS, /**< its own files */
	REST_POLICY_APP,  /**< besides: Janus's WebSocket, media */
};

struct rest_answer {
	int status; /**< 0: not answered yet */
	enum rest_type type;
	char *body;       /**< owned: free(); or NULL */
	const char *text; /**< body, or static text that outlives the server */
	size_t len;
	char location[256];
	char allow[64];
	unsigned retry_after_s;
	bool challenge;          /**< 401: WWW-Authenticate */
	bool replayed;           /**< Idempotency-Replayed */
	enum rest_policy policy; /**< of pages */
	bool immutable;          /**< may be kept for ever */
	char etag[64];           /**< with its quotes; "" = none */

	/* a file of the data directory (download.h): `len` bytes of it */
	bool is_file;
	bool has_fd;
	int fd; /**< owned until it was sent */
	uint64_t offset;
	char range[72]; /**< Content-Range, or "" */
	char media_type[128];
	char disposition[640];
	bool has_origin;    /**< a page asked, of `origin` or another */
	const char *origin; /**< whose pages may read it, or NULL; borrowed */
	bool preflight;     /**< of a request that its browser will send */
};

void rest_answer_clear(struct rest_answer *ans);

/** Answer with application/problem+json. @param request_id  Borrowed */
void rest_answer_problem(struct rest_answer *ans,
			 const struct rest_fault *fault,
			 const char *request_id);

/** 200 and a text that outlives the server */
void rest_answer_static(struct rest_answer *ans, enum rest_type type,
			const char *text, size_t len);

/** A JSON document. @param doc  Borrowed */
void rest_answer_json(struct rest_answer *ans, int status, const json_t *doc);

/** Text that is taken over; free() will be called */
void rest_answer_text(struct rest_answer *ans, enum rest_type type, char *text,
		      size_t len);

/** The call plugin's reply to a verb. @param reply  Borrowed */
void rest_answer_reply(struct rest_answer *ans, const struct rest_route *route,
		       const json_t *reply, const char *request_id);

/** "application/json", or NULL for none */
const char *rest_type_name(enum rest_type type);

#endif
