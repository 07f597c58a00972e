/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file addresses.h  What connect and call share: whom to call, and as whom
 *
 * Thread: loop (checks: any).
 */
#ifndef BIFRONS_ACTIONS_ADDRESSES_H
#define BIFRONS_ACTIONS_ADDRESSES_H

#include "flow/flow_action.h"

enum {
	ADDRESSES_MAX = 20,
};

extern const struct opt addresses_item;

#define ADDRESSES_OPT_SOURCE                                                   \
	{                                                                      \
		.name = "source", .type = OPT_ANY,                             \
		.doc = "As whom: a text such as `tel:+4520123456`, or "        \
		       "`{type, "                                              \
		       "target, name}`; as the caller when left out."          \
	}
#define ADDRESSES_OPT_DESTINATIONS(what)                                       \
	{                                                                      \
		.name = "destinations", .type = OPT_ARRAY,                     \
		.flags = OPT_REQUIRED, .min = 1, .max = ADDRESSES_MAX,         \
		.sub = &addresses_item,                                        \
		.doc = what ": texts such as `tel:+4520123456`, "              \
			    "`sip:bob@example.com`, "                          \
			    "`extension:1001@acme.test`, or objects `{type, "  \
			    "target, name, trunk_id}`. A number is reached "   \
			    "by a trunk alone: give its `trunk_id`."           \
	}

/** The check of both; what has expressions is left for the run */
void addresses_check(const json_t *option, const char *pointer,
		     struct opt_faults *faults);

/** Of options that were checked at the run, as address_json() makes them; new.
 * Source: NULL when there is none */
json_t *addresses_source(const json_t *option);
json_t *addresses_destinations(const json_t *option);

#endif
