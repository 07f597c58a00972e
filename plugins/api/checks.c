/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/api_priv.h"

#include <string.h>

#include "common/str.h"

enum {
	SHORT_MIN = 3,
	SHORT_MAX = 6,
	PREFIX_MAX = 15,
	TIMEZONE_MAX = 64,
	HEADER_MAX = 64,
};

static const char digits[] = "0123456789";
static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";

static bool is_made_of(const char *value, const char *set)
{
	return *value && !value[strspn(value, set)];
}

const char *check_short_code(const char *value)
{
	const size_t len = strlen(value);

	if (!is_made_of(value, digits) || len < SHORT_MIN || len > SHORT_MAX)
		return "must be 3 to 6 digits";

	return NULL;
}

const char *check_number(const char *value)
{
	if (*value == '+')
		return opt_check_e164(value);
	if (is_made_of(value, digits))
		return check_short_code(value)
			       ? "must begin with + and the country's code, or "
				 "have 3 to 6 digits (a short code)"
			       : NULL;
	if (!is_made_of(value, word))
		return "must be E.164 (\"+4520123456\"), a short code of 3 to "
		       "6 digits, or a SIP user name of a-z 0-9 . _ -";

	return NULL;
}

const char *check_prefix(const char *value)
{
	if (value[0] != '+' || !is_made_of(value + 1, digits) ||
	    value[1] == '0' || strlen(value) > PREFIX_MAX + 1)
		return "must be the beginning of an E.164 number, such as "
		       "\"+45\"";

	return NULL;
}

const char *check_timezone(const char *value)
{
	static const char wrong[] =
		"must be an IANA time zone such as \"Europe/Copenhagen\"";
	GTimeZone *zone;

	/* it names a file below the system's zoneinfo */
	if (strlen(value) > TIMEZONE_MAX || !g_ascii_isalpha(*value) ||
	    strstr(value, "..") || strstr(value, "//"))
		return wrong;
	if (str_eq(value, "UTC"))
		return NULL;
	if (!is_made_of(value, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/"))
		return wrong;

	zone = g_time_zone_new_identifier(value);
	if (!zone)
		return wrong;
	g_time_zone_unref(zone);

	return NULL;
}

const char *check_origin(const char *value)
{
	const char *host = strstr(value, "://");

	if (opt_check_http_url(value) || !host || strpbrk(host + 3, "/?#"))
		return "must be an origin such as \"https://app.example.com\"";

	return NULL;
}

const char *check_header_name(const char *value)
{
	if ((value[0] != 'X' && value[0] != 'x') || value[1] != '-' ||
	    strlen(value) > HEADER_MAX ||
	    !is_made_of(value + 2, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"))
		return "must be a header that begins with \"X-\"";

	return NULL;
}
