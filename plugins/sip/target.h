/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file target.h  Whom a SIP URI names, and URIs that we write
 *
 * Thread: any; pure. A customer's URI decides where our requests go, so only
 * what is understood gets through: no headers, no passwords, nothing that
 * sends it elsewhere than it says (maddr), no sips.
 */
#ifndef BIFRONS_SIP_TARGET_H
#define BIFRONS_SIP_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "header.h"

enum {
	SIPX_HOST_SIZE = 256,
	SIPX_URI_SIZE = 1024,
	SIPX_ESCAPED_SIZE = 3 * SIPX_TEXT_SIZE
};

struct sipx_target {
	char user[SIPX_ESCAPED_SIZE]; /**< escaped; "" = none */
	char host[SIPX_HOST_SIZE];    /**< IPv6 in brackets */
	uint16_t port;                /**< 0 = not said */
	char params[SIPX_TEXT_SIZE];  /**< ";transport=tcp;x=1" or "" */
};

/** Read "sip:bob@example.com:5070;transport=tcp", the scheme may be missing.
 * @return 0 or EINVAL
 */
int sipx_target_parse(struct sipx_target *target, const char *text);

/** Only its user: "bob" of "sip:bob@example.com" or of "bob", escaped.
 * @return 0 or EINVAL
 */
int sipx_target_user(char *out, size_t size, const char *text);

/** "sip:user@host:port;params" */
void sipx_target_uri(char *out, size_t size, const struct sipx_target *target);

/** "host:port", as people read it */
void sipx_target_host(char *out, size_t size, const struct sipx_target *target);

/** Does it name this address and port (5060 when it has none)? */
bool sipx_target_is(const struct sipx_target *target, const char *address,
		    uint16_t port);

/** A text as the user of a URI: what may not stand there becomes %XX */
void sipx_user_write(char *out, size_t size, const char *text);

/** A host as it stands in a URI: brackets around IPv6 */
void sipx_host_write(char *out, size_t size, const char *host);

#endif
