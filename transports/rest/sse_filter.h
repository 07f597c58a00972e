/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sse_filter.h  Which events a stream is for
 *
 * Thread: any; pure.
 */
#ifndef BIFRONS_REST_SSE_FILTER_H
#define BIFRONS_REST_SSE_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "common/event_list.h"
#include "common/id.h"
#include "common/opt.h"

struct sse_filter {
	bool types[EVENT_NTYPES];
	char call_id[ID_SIZE]; /**< "" = any */
};

/** Check a query (strings) and read the filter out of it.
 * @param last_idp  Where it wants to go on, or NULL; borrowed from the query
 * @return 0, or EINVAL with faults added
 */
int sse_filter_read(struct sse_filter *filter, const json_t *query,
		    const char **last_idp, struct opt_faults *faults);

/** @param call_id  "" for an event of no call */
bool sse_filter_takes(const struct sse_filter *filter, enum event_type type,
		      const char *call_id);

#endif
