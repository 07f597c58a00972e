/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which numbers an account may have called */

#include "directory/directory_priv.h"

#include "common/str.h"

static bool has_emergency(const json_t *list, const char *number)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (str_eq(json_string_value(item), number))
			return true;
	}

	return false;
}

static bool has_prefix(const json_t *list, const char *number)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (str_starts(number, json_string_value(item)))
			return true;
	}

	return false;
}

bool directory_may_call(const struct dir_account *account, const char *number)
{
	const json_t *allowed =
		json_object_get(account->doc, "allowed_destinations");
	const struct dir_country *country = dir_country_find(account->country);
	char own[8];

	if (has_emergency(json_object_get(account->doc, "emergency_numbers"),
			  number))
		return true;
	if (!json_array_size(allowed) && !account->country)
		return true;

	g_snprintf(own, sizeof(own), "+%s", country ? country->code : "?");
	/* a short code is its own country's */
	if (number[0] != '+')
		number = own;

	return json_array_size(allowed) ? has_prefix(allowed, number)
					: str_starts(number, own);
}
