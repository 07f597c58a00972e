/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/filter.h"

#include <glib.h>

#include "common/event_list.h"

struct filter {
	bool all_but_noisy;
	unsigned n;
	char *patterns[];
};

struct filter *filter_new(const json_t *events)
{
	const size_t n = json_array_size(events);
	struct filter *filter;
	const char *text;
	size_t i;

	filter = g_malloc0(sizeof(*filter) + n * sizeof(filter->patterns[0]));
	filter->all_but_noisy = !json_is_array(events);
	for (i = 0; i < n; ++i) {
		text = json_string_value(json_array_get(events, i));
		if (text)
			filter->patterns[filter->n++] = g_strdup(text);
	}

	return filter;
}

struct filter *filter_free(struct filter *filter)
{
	unsigned i;

	if (filter) {
		for (i = 0; i < filter->n; ++i)
			g_free(filter->patterns[i]);
		g_free(filter);
	}

	return NULL;
}

bool filter_takes(const struct filter *filter, const char *type)
{
	unsigned i;

	if (filter->all_but_noisy)
		return !event_type_is_noisy(event_type_by_name(type));

	for (i = 0; i < filter->n; ++i)
		if (event_pattern_matches(filter->patterns[i], type))
			return true;

	return false;
}
