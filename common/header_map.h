/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file header_map.h  Header fields that customers add to requests of ours
 *
 * {"Name": "text"}, for HTTP or SIP. Thread: any; pure.
 */
#ifndef BIFRONS_COMMON_HEADER_MAP_H
#define BIFRONS_COMMON_HEADER_MAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/opt.h"

enum header_kind {
	HEADER_HTTP, /**< any but those by which HTTP works, and webhook-… */
	HEADER_SIP,  /**< X-… alone */
};

enum {
	HEADER_MAP_MAX = 32,
	HEADER_NAME_MAX = 64,
	HEADER_VALUE_MAX = 1024,
};

/** Length of the token that text begins with (RFC 9110 §5.6.2) */
size_t header_token_len(const char *text);

/** Is it a field by which HTTP itself works (Host, Content-Length …)? */
bool header_is_of_http(const char *name, size_t len);

/** Check a map; values with "${" in them are left for later.
 * @param pointer  Where it lies; faults get it. A map that is none has been
 *                 told already, by its option table
 */
void header_map_check(const json_t *map, enum header_kind kind,
		      const char *pointer, struct opt_faults *faults);

#endif
