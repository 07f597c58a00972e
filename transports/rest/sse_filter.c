/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/sse_filter.h"

#include <errno.h>
#include <glib.h>

#include "common/event_query.h"
#include "common/json.h"
#include "common/str.h"

static void take_types(struct sse_filter *filter, const char *list)
{
	char **patterns = g_strsplit(list, ",", 0), **pattern;
	unsigned type;

	for (pattern = patterns; *pattern; ++pattern)
		for (type = 0; type < EVENT_NTYPES; ++type)
			if (event_pattern_matches(*pattern,
						  event_type_name(type)))
				filter->types[type] = true;
	g_strfreev(patterns);
}

static void take_usual(struct sse_filter *filter)
{
	unsigned type;

	for (type = 0; type < EVENT_NTYPES; ++type)
		filter->types[type] = !event_type_is_noisy(type);
}

int sse_filter_read(struct sse_filter *filter, const json_t *query,
		    const char **last_idp, struct opt_faults *faults)
{
	const char *types = json_str(query, "types", NULL);

	*last_idp = json_str(query, "last_event_id", NULL);
	if (opt_check(NULL, event_query_opts, query, OPT_MODE_QUERY, false,
		      "query", faults))
		return EINVAL;

	*filter = (struct sse_filter){.call_id = ""};
	str_copy(filter->call_id, sizeof(filter->call_id),
		 json_str(query, "call_id", ""));
	if (types)
		take_types(filter, types);
	else
		take_usual(filter);

	return 0;
}

bool sse_filter_takes(const struct sse_filter *filter, enum event_type type,
		      const char *call_id)
{
	if ((unsigned)type >= EVENT_NTYPES || !filter->types[type])
		return false;

	return !*filter->call_id || str_eq(filter->call_id, call_id);
}
