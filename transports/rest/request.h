/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file request.h  One HTTP request: its head, its body, the verb it asks for
 *
 * No sockets here: what was received goes in, a JSON message for the call
 * plugin or a fault comes out. In this order: rest_request_head(),
 * rest_request_rules() once the sender is known, rest_request_body() for each
 * piece, rest_request_end(), rest_request_message().
 *
 * Thread: one at a time.
 */
#ifndef BIFRONS_REST_REQUEST_H
#define BIFRONS_REST_REQUEST_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/secret.h"
#include "rest/fault.h"
#include "rest/router.h"

enum {
	REST_MAX_TARGET = 8192,
	REST_MAX_HEADERS = 100,
	REST_MAX_HEADER_BYTES = 16384,
	REST_MAX_REQUEST_ID = 128,
	REST_MAX_IDEMPOTENCY_KEY = 255,
};

/** Header fields that mean something to us */
enum rest_field {
	REST_FIELD_HOST,
	REST_FIELD_CONTENT_LENGTH,
	REST_FIELD_TRANSFER_ENCODING,
	REST_FIELD_EXPECT,
	REST_FIELD_CONTENT_TYPE,
	REST_FIELD_CONTENT_ENCODING,
	REST_FIELD_AUTHORIZATION,
	REST_FIELD_ACCOUNT,
	REST_FIELD_REQUEST_ID,
	REST_FIELD_IDEMPOTENCY_KEY,
	REST_FIELD_FORWARDED,
	REST_FIELD_X_FORWARDED_FOR,
	REST_FIELD_X_REAL_IP,
	REST_FIELD_ORIGIN,
	REST_FIELD_PREFLIGHT, /**< Access-Control-Request-Method */
	REST_FIELD_LAST_EVENT_ID,
	REST_NFIELDS,
};

/** A head as received; the strings are borrowed */
struct rest_head {
	const char *method;
	const char *target;
	bool http_1_0;
	const char *fields[REST_NFIELDS]; /**< NULL: not there */
	enum rest_field twice; /**< one that came twice, or REST_NFIELDS */
	bool odd_name; /**< a field name that is no token (RFC 9110 §5.1) */
	unsigned count;
	size_t bytes;
};

/** Start collecting a head */
void rest_head_init(struct rest_head *head, const char *method,
		    const char *target, const char *version);
/** Add a header field; the strings stay the caller's */
void rest_head_add(struct rest_head *head, const char *name, size_t name_len,
		   const char *value, size_t value_len);

/** Who asks, in the words of the call plugin */
struct rest_auth {
	bool known;
	char account_id[64]; /**< acted for */
	char key_id[64];
	json_t *scopes; /**< array of strings; json_decref() it */
	bool platform;
	bool is_ticket;
	char token_hash[SECRET_SHA256_HEX];
};

struct rest_request {
	struct rest_match match;
	struct rest_fault fault;
	char id[REST_MAX_REQUEST_ID + 1];
	char *path;  /**< as sent, without the query */
	char *query; /**< as sent, "" when there is none */

	size_t max_body;
	size_t max_upload;      /**< of a file; set it after init */
	int64_t content_length; /**< -1: not told */
	bool has_body;          /**< one is announced */
	bool expects;           /**< waits for "100 Continue" before the body */
	bool framing_lost;      /**< where the body ends cannot be known */
	GString *body;
	json_t *json; /**< the body, after rest_request_end() */
	json_t *params;
	char idempotency_key[REST_MAX_IDEMPOTENCY_KEY + 1];
};

void rest_request_init(struct rest_request *req, size_t max_body);
void rest_request_clear(struct rest_request *req);

/** Size, framing, request id, route. @return false: req->fault is set */
bool rest_request_head(struct rest_request *req, const struct rest_head *head);

/** Content type, length, idempotency key, query. @return as above */
bool rest_request_rules(struct rest_request *req, const struct rest_head *head);

/** Is the body a file? Then it goes elsewhere, and rest_request_file() says
 * where */
bool rest_request_takes_file(const struct rest_request *req);

/** Take a piece of the body; after a fault it is dropped.
 * @return as above
 */
bool rest_request_body(struct rest_request *req, const char *data, size_t len);

/** The body is whole: parse it. @return as above */
bool rest_request_end(struct rest_request *req);

/** The file has arrived. @param file  rest_upload_json()'s; taken over */
void rest_request_file(struct rest_request *req, json_t *file);

/** The message for the call plugin: a new object, into which the body, the
 * query and the scopes have moved
 */
json_t *rest_request_message(struct rest_request *req, struct rest_auth *auth);

#endif
