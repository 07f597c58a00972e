/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file source.h  Who calls whom: trunk, number, names
 *
 * Thread: loop only.
 */
#ifndef BIFRONS_SIP_SOURCE_H
#define BIFRONS_SIP_SOURCE_H

#include "sipx_priv.h"

struct sipx_source {
	const struct dir_trunk *trunk;   /**< borrowed */
	const struct dir_number *number; /**< borrowed */
	char source[SIPX_TEXT_SIZE];
	char name[SIPX_TEXT_SIZE]; /**< "" = none */
	const char *source_type;
	char destination[SIPX_TEXT_SIZE];
	const char *destination_type;
};

/** Where the request that is being handled came from */
void sipx_source_peer(const struct sipx_stack *stack, struct sipx_peer *peer);

/** Find out from source address and headers.
 * @return 0, 403 for a stranger, 404 for a number that nobody has; `trunk` is
 *         set with 404 too
 */
int sipx_source_find(const struct sipx_stack *stack,
		     const struct sipx_peer *peer, const sip_t *sip,
		     struct sipx_source *src);

/** Schemes that can be called; nua refuses the others */
bool sipx_url_is_ours(const url_t *url);
/** A 404 of sipx_source_find() goes out: say so, at a bounded rate */
void sipx_log_no_number(struct sipx_stack *stack, const struct sipx_peer *peer,
			const struct sipx_source *src);

/** The value of a header that sofia does not know, or NULL */
const char *sipx_header(const sip_t *sip, const char *name);

#endif
