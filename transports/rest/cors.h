/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file cors.h  Which web pages may read our answers
 *
 * An account lists the origins of its pages (`allowed_origins`). All lists are
 * kept here and read anew when they are a few seconds old and somebody asks:
 * without browsers it costs nothing.
 *
 * Thread: any; blocks while it reads the store.
 */
#ifndef BIFRONS_REST_CORS_H
#define BIFRONS_REST_CORS_H

#include <stdbool.h>

#include "common/clock.h"

struct rest_answer;
struct rest_auth;
struct rest_cors;
struct rest_store;

/** @param store  Outlives it */
struct rest_cors *rest_cors_new(struct rest_store *store,
				const struct clock *clk);
void rest_cors_free(struct rest_cors *cors);

/** May pages of this origin read an answer for this account?
 * @param origin      As the browser sent it; compared without case
 * @param account_id  NULL: nobody knows who asks (a preflight, a refusal): an
 *                    origin that any active account lists will do
 */
bool rest_cors_allows(struct rest_cors *cors, const char *origin,
		      const char *account_id);

/** Say in the answer whether the page that asked may read it.
 * @param origin  Borrowed by the answer
 * @param auth    Empty: nobody knows who asks
 */
void rest_cors_share(struct rest_cors *cors, struct rest_answer *ans,
		     const char *origin, const struct rest_auth *auth);

#endif
