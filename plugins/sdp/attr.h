/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file attr.h  Tokens, addresses and attributes; for this folder only
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_SDP_ATTR_H
#define BIFRONS_SDP_ATTR_H

#include "sdp/sdpx.h"

/** Cut the next blank-separated token off. @return NULL at the end */
char *sdpx_token(char **restp);

/** A whole number of up to 20 digits; what is over 64 bits becomes the
 * largest (RFC 8866 sets no limit for o=). @return false for other text
 */
bool sdpx_number(const char *text, uint64_t *np);

/** Read an address of c= or a=rtcp; host is changed ("/ttl" is cut) */
void sdpx_addr_read(struct sdpx_addr *addr, const char *net, const char *type,
		    char *host);

/** Read an attribute, "name" or "name:value", into m and its formats; text
 * is cut in place and must live as long as they
 * @param fmts  Of m, or NULL at session level
 */
void sdpx_attr_read(struct sdpx_media *m, struct sdpx_fmt *fmts, char *text);

#endif
