/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/event_query.h"

#include <string.h>

#include "common/event_list.h"

enum {
	PATTERN_MAX = 64
};

const char *event_query_check_types(const char *value)
{
	const char *at = value;
	char pattern[PATTERN_MAX + 1];

	for (;;) {
		const size_t len = strcspn(at, ",");

		if (!len || len > PATTERN_MAX)
			return "must be patterns with commas between them, as "
			       "in \"call.*,flow.error\"";
		memcpy(pattern, at, len);
		pattern[len] = '\0';
		if (!event_pattern_is_known(pattern))
			return "has a pattern that no event's type matches";
		if (!at[len])
			return NULL;
		at += len + 1;
	}
}

const struct opt event_query_opts[] = {
	{
		.name = "types",
		.type = OPT_STRING,
		.min = 1,
		.max = 2048,
		.check = event_query_check_types,
		.doc = "Types, with commas between them: `call.ended`, "
		       "`call.*`, `*`. When left out, all but the noisy ones.",
	},
	{
		.name = "call_id",
		.type = OPT_ID,
		.doc = "Events of this call only.",
	},
	{
		.name = "last_event_id",
		.type = OPT_STRING,
		.max = 256,
		.doc = "The last event that was seen: what came after it is "
		       "sent first. The header `Last-Event-ID` goes before "
		       "it.",
	},
	{
		.name = "ticket",
		.type = OPT_STRING,
		.min = 1,
		.max = 256,
		.doc = "In place of a key: from `POST /v1/events/ticket`.",
	},
	OPT_END,
};
