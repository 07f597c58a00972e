/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file multipart.h  A part of a multipart body (RFC 2046 §5.1)
 *
 * Thread: any; pure. sofia has a reader of its own, but its asserts end the
 * process on parts that are malformed, so it is not let near one.
 */
#ifndef BIFRONS_SIP_MULTIPART_H
#define BIFRONS_SIP_MULTIPART_H

#include <stddef.h>

/** Find the first part of a type.
 * @param boundary  As in Content-Type, quotes allowed
 * @param type      "application/sdp"; parameters of the part's are passed over
 * @param partp     Points into body
 * @return 0, ENOENT, or EINVAL for a body without parts
 */
int sipx_part_find(const char *body, size_t len, const char *boundary,
		   const char *type, const char **partp, size_t *part_lenp);

#endif
