/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/event_list.h"

#include <string.h>

#include "common/str.h"

#define EVENT_NAME(name, wire, noisy) [EVENT_##name] = wire,
static const char *const names[EVENT_NTYPES] = {EVENT_TYPES(EVENT_NAME)};
#undef EVENT_NAME

#define EVENT_NOISY(name, wire, noisy) [EVENT_##name] = noisy,
static const bool noisy_types[EVENT_NTYPES] = {EVENT_TYPES(EVENT_NOISY)};
#undef EVENT_NOISY

const char *event_type_name(enum event_type type)
{
	return (unsigned)type < EVENT_NTYPES ? names[type] : "";
}

bool event_type_is_noisy(enum event_type type)
{
	return (unsigned)type < EVENT_NTYPES && noisy_types[type];
}

enum event_type event_type_by_name(const char *name)
{
	unsigned type = 0;

	while (type < EVENT_NTYPES && !str_eq(names[type], name))
		++type;

	return (enum event_type)type;
}

bool event_pattern_matches(const char *pattern, const char *type)
{
	const size_t len = strlen(pattern);

	if (str_eq(pattern, "*"))
		return true;
	/* ".*" at the end stands for the rest, and there must be one */
	if (len > 2 && str_eq(pattern + len - 2, ".*"))
		return strncmp(pattern, type, len - 1) == 0 && type[len - 1];

	return str_eq(pattern, type);
}

bool event_pattern_is_known(const char *pattern)
{
	unsigned type;

	for (type = 0; type < EVENT_NTYPES; ++type)
		if (event_pattern_matches(pattern, names[type]))
			return true;

	return false;
}
