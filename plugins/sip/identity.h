/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file identity.h  As whom a call goes out: From, P-Asserted-Identity,
 * Privacy, and the headers that come along
 *
 * Thread: loop only. What comes out is safe to stand in a header, whatever
 * went in.
 */
#ifndef BIFRONS_SIP_IDENTITY_H
#define BIFRONS_SIP_IDENTITY_H

#include "sipx_priv.h"
#include "target.h"

enum {
	SIPX_FROM_SIZE = 1024
};

/** The value of From: name, user and domain */
void sipx_identity_from(char *out, size_t size, const struct sipx_stack *stack,
			const struct leg_dial *dial,
			const struct dir_trunk *trunk);

/** Whole header lines: P-Asserted-Identity, Privacy, Call-Info and Alert-Info
 * of a call that is to be answered by the phone itself, X-… of the call and the
 * trunk. g_free() it; "" when there are none
 */
char *sipx_identity_headers(const struct sipx_stack *stack,
			    const struct leg_dial *dial,
			    const struct dir_trunk *trunk);

#endif
