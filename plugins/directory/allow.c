/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Which numbers an account may have called */

#include "directory/directory_priv.h"

#include <string.h>

#include "common/str.h"

enum {
	SHORT_DIGITS = 6,
	DIALED_SIZE = 16 /* what is dialed too much is not heard by networks */
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

/* The character at *pp as a host reads it; *pp goes on behind it */
static char unescaped(const char **pp)
{
	const char *p = *pp;
	const int hi = *p == '%' ? g_ascii_xdigit_value(p[1]) : -1;
	const int lo = hi >= 0 ? g_ascii_xdigit_value(p[2]) : -1;

	*pp += lo >= 0 ? 3 : 1;

	return lo >= 0 ? (char)(hi << 4 | lo) : *p;
}

/* What would be dialed for a URI's user: no separators, and not all of a long
 * one. @return false: it is a name, or a short code */
static bool dialed(char out[DIALED_SIZE], const char *uri)
{
	const char *p = str_starts(uri, "sip:") ? uri + 4 : uri;
	const char *end = p + strcspn(p, "@;?");
	size_t n = 0;
	char c;

	while (p < end) {
		c = unescaped(&p);
		if (g_ascii_isalpha(c))
			return false;
		if ((g_ascii_isdigit(c) || (c == '+' && !n)) &&
		    n + 1 < DIALED_SIZE)
			out[n++] = c;
	}
	out[n] = '\0';

	return n > SHORT_DIGITS;
}

bool directory_may_call_uri(const struct dir_account *account, const char *uri,
			    const struct dir_trunk *trunk)
{
	char digits[DIALED_SIZE], number[2 * DIALED_SIZE];

	/* a host alone is no number, unless a trunk is told so */
	if ((!trunk && !strchr(uri, '@')) || !dialed(digits, uri))
		return true;

	directory_normalise(number, sizeof(number), digits,
			    trunk ? trunk->format_out : DIR_E164,
			    trunk ? trunk->country : account->country);
	if (*number == '+')
		return directory_may_call(account, number);

	/* nobody knows whose number it is: only who may call any */
	return !trunk || directory_may_call(account, "+");
}
