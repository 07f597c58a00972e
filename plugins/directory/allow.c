/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which numbers an account may have called */

#include "directory/directory_priv.h"

#include <string.h>

#include "common/str.h"

enum {
	DIALED_SIZE = 64,
	SHORT_MAX = 6,
};

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

static char decode(const char **pp, const char *end)
{
	const char *p = *pp;
	int hi, lo;

	*pp = p + 1;
	if (*p != '%' || end - p < 3)
		return *p;
	hi = g_ascii_xdigit_value(p[1]);
	lo = g_ascii_xdigit_value(p[2]);
	if (hi < 0 || lo < 0)
		return *p;
	*pp = p + 3;

	return (char)(hi * 16 + lo);
}

/* The keys that a SIP address's user begins with.
 * @return Are they a number, to whoever serves the address? */
static bool read_dialed(char out[DIALED_SIZE], const char *uri)
{
	const char *p = g_ascii_strncasecmp(uri, "sip:", 4) ? uri : uri + 4;
	const char *end = strchr(p, '@');
	bool whole = true;
	size_t n = 0;

	while (end && p < end && n + 1 < DIALED_SIZE) {
		const char c = decode(&p, end);

		if (c && strchr("-.() ", c))
			continue;
		whole = g_ascii_isdigit(c) || (c && strchr("*#", c)) ||
			(c == '+' && !n);
		if (!whole)
			break;
		out[n++] = c;
	}
	out[n] = '\0';

	return n > 1 && (whole || *out == '+');
}

bool directory_may_call_uri(const struct dir_account *account, const char *uri,
			    const struct dir_trunk *trunk)
{
	char dialed[DIALED_SIZE], number[DIALED_SIZE];

	if (!read_dialed(dialed, uri))
		return true;

	directory_normalise(number, sizeof(number), dialed, DIR_NATIONAL,
			    trunk ? trunk->country : account->country);
	if (number[0] == '+' || strlen(number) <= SHORT_MAX)
		/* short: an extension, where it is no carrier's */
		return (!trunk && number[0] != '+') ||
		       directory_may_call(account, number);

	/* it may lead anywhere: only who may call everybody */
	return directory_may_call(account, "+");
}
