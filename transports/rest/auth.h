/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file auth.h  Who asks, and may they?
 *
 * A key is looked up in the store at every request: what was revoked does not
 * work any more.
 *
 * Thread: any; blocks while it reads the store.
 */
#ifndef BIFRONS_REST_AUTH_H
#define BIFRONS_REST_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "rest/request.h"

struct rest_keys;
struct rest_store;
struct sockaddr;

struct rest_keys_params {
	struct rest_store *store; /**< outlives the keys */
	unsigned failures_per_min;
	const struct clock *clk;
};

struct rest_keys *rest_keys_new(const struct rest_keys_params *prm);
void rest_keys_free(struct rest_keys *keys);
/** Wrong credentials so far */
uint64_t rest_keys_failures(struct rest_keys *keys);

/** What a request says about its sender; borrowed */
struct rest_credentials {
	const char *authorization;   /**< the header field, or NULL */
	const char *ticket;          /**< in place of it, or NULL */
	const char *account;         /**< Bifrons-Account, or NULL */
	const struct sockaddr *from; /**< pays for wrong credentials */
};

/** Check credentials, account and the scope that the route needs.
 * @param auth  Filled in; rest_auth_clear() it also after a failure
 * @return false: the fault is set
 */
bool rest_auth_check(struct rest_keys *keys, struct rest_auth *auth,
		     const struct rest_credentials *cred, const char *scope,
		     struct rest_fault *fault);

void rest_auth_clear(struct rest_auth *auth);

/** Would what was shown once still open this scope? For who stays: its key or
 * ticket may have been revoked, have run out, or its account be suspended.
 * @param token_hash  Of struct rest_auth
 * @return true also when the store cannot be read now
 */
bool rest_auth_holds(struct rest_keys *keys, const char *token_hash,
		     bool is_ticket, const char *scope);

/** Is the route's scope covered? `admin` covers all but `platform`, which
 * covers everything. @param scopes  Array of strings
 */
bool rest_scope_allows(const json_t *scopes, const char *scope);

/** Scopes as stored: a JSON array, or words between blanks; a new array */
json_t *rest_scopes_parse(const char *text);

/** The token of "Bearer TOKEN". @return NULL when it is none */
const char *rest_bearer_token(const char *authorization);

/** A loopback address? */
bool rest_is_loopback(const struct sockaddr *from);

#endif
