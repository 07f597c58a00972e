/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file router.h  Method and path to a route
 *
 * Thread: any; the table is constant (common/verb_list.h and the transport's
 * own pages).
 */
#ifndef BIFRONS_REST_ROUTER_H
#define BIFRONS_REST_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/api_errors.h"
#include "common/verb_list.h"

enum rest_method {
	REST_GET,
	REST_POST,
	REST_PUT,
	REST_PATCH,
	REST_DELETE,
	REST_NMETHODS,
};

/** What the transport answers by itself, without the call plugin */
enum rest_page {
	REST_PAGE_NONE, /**< a verb */
	REST_PAGE_HEALTH,
	REST_PAGE_HOME,
	REST_PAGE_DOCS,
	REST_PAGE_DOCS_JS,
	REST_PAGE_DOCS_CSS,
	REST_PAGE_ERRORS,
	REST_PAGE_PHONE, /**< files of web_root: static.h */
	REST_PAGE_ASSET,
};

struct rest_route {
	const char *verb; /**< "flows.create"; NULL for a page */
	enum rest_method method;
	const char *path;  /**< template: "/v1/flows/{id}" */
	const char *scope; /**< see common/verb_list.h */
	enum verb_kind kind;
	enum rest_page page;
};

enum {
	REST_MAX_CAPTURES = 4,
	REST_MAX_SEGMENT = 128 /**< bytes of one {capture}, decoded */
};

struct rest_capture {
	char name[24];
	char value[REST_MAX_SEGMENT + 1];
};

struct rest_match {
	const struct rest_route *route; /**< NULL for OPTIONS */
	struct rest_capture captures[REST_MAX_CAPTURES];
	unsigned ncaptures;
	unsigned allow; /**< bit (1 << enum rest_method) of each allowed */
	bool head;      /**< HEAD: a GET without its body */
	bool options;   /**< OPTIONS: only `allow` counts */
};

/** Find the route of a request.
 * @param path  As sent, without the query: percent-encoded
 * @return API_OK, API_ERR_bad_request (broken encoding), API_ERR_not_found,
 *         or API_ERR_method_not_allowed with match->allow set
 */
enum api_err rest_route_find(struct rest_match *match, const char *method,
			     const char *path);

/** "GET, HEAD, POST, OPTIONS" */
void rest_route_allow(char *buf, size_t size, unsigned allow);

size_t rest_route_count(void);
/** Number of a route, below rest_route_count() */
size_t rest_route_index(const struct rest_route *route);
const struct rest_route *rest_route_at(size_t index);
const char *rest_method_name(enum rest_method method);

/** Does this method carry a body? */
bool rest_method_has_body(enum rest_method method);

/** Decode %XX (and with `plus` '+' as blank).
 * @param out  At least len + 1 bytes; ends in NUL
 * @return Bytes written, or -1: broken encoding, NUL, control character or
 *         not UTF-8
 */
long rest_percent_decode(char *out, const char *text, size_t len, bool plus);

#endif
