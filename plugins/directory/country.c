/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "directory/directory_priv.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"

enum {
	E164_DIGITS_MAX = 15,
	SHORT_MAX = 6,
	RAW_MAX = 64
};

/* By ITU-T E.164 and E.164.C national dialling plans; sorted by iso. Where the
 * leading 0 belongs to the number (Italy) or there is none, the prefix is "".
 */
static const struct dir_country countries[] = {
	{"AE", "971", "0", "00"},  {"AR", "54", "0", "00"},
	{"AT", "43", "0", "00"},   {"AU", "61", "0", "0011"},
	{"BA", "387", "0", "00"},  {"BE", "32", "0", "00"},
	{"BG", "359", "0", "00"},  {"BR", "55", "0", "00"},
	{"CA", "1", "1", "011"},   {"CH", "41", "0", "00"},
	{"CL", "56", "", "00"},    {"CN", "86", "0", "00"},
	{"CO", "57", "0", "00"},   {"CY", "357", "", "00"},
	{"CZ", "420", "", "00"},   {"DE", "49", "0", "00"},
	{"DK", "45", "", "00"},    {"EE", "372", "", "00"},
	{"EG", "20", "0", "00"},   {"ES", "34", "", "00"},
	{"FI", "358", "0", "00"},  {"FO", "298", "", "00"},
	{"FR", "33", "0", "00"},   {"GB", "44", "0", "00"},
	{"GE", "995", "0", "00"},  {"GL", "299", "", "00"},
	{"GR", "30", "", "00"},    {"HK", "852", "", "001"},
	{"HR", "385", "0", "00"},  {"HU", "36", "06", "00"},
	{"ID", "62", "0", "001"},  {"IE", "353", "0", "00"},
	{"IL", "972", "0", "00"},  {"IN", "91", "0", "00"},
	{"IS", "354", "", "00"},   {"IT", "39", "", "00"},
	{"JP", "81", "0", "010"},  {"KE", "254", "0", "000"},
	{"KR", "82", "0", "001"},  {"LI", "423", "", "00"},
	{"LT", "370", "0", "00"},  {"LU", "352", "", "00"},
	{"LV", "371", "", "00"},   {"MA", "212", "0", "00"},
	{"MD", "373", "0", "00"},  {"ME", "382", "0", "00"},
	{"MK", "389", "0", "00"},  {"MT", "356", "", "00"},
	{"MX", "52", "", "00"},    {"MY", "60", "0", "00"},
	{"NG", "234", "0", "009"}, {"NL", "31", "0", "00"},
	{"NO", "47", "", "00"},    {"NZ", "64", "0", "00"},
	{"PE", "51", "0", "00"},   {"PH", "63", "0", "00"},
	{"PL", "48", "", "00"},    {"PT", "351", "", "00"},
	{"RO", "40", "0", "00"},   {"RS", "381", "0", "00"},
	{"RU", "7", "8", "810"},   {"SA", "966", "0", "00"},
	{"SE", "46", "0", "00"},   {"SG", "65", "", "000"},
	{"SI", "386", "0", "00"},  {"SK", "421", "0", "00"},
	{"TH", "66", "0", "001"},  {"TR", "90", "0", "00"},
	{"TW", "886", "0", "002"}, {"UA", "380", "0", "00"},
	{"US", "1", "1", "011"},   {"VN", "84", "0", "00"},
	{"ZA", "27", "0", "00"},
};

static int by_iso(const void *key, const void *item)
{
	return strcmp(key, ((const struct dir_country *)item)->iso);
}

const struct dir_country *dir_country_find(const char *iso)
{
	if (!iso)
		return NULL;

	return bsearch(iso, countries, G_N_ELEMENTS(countries),
		       sizeof(countries[0]), by_iso);
}

/** "+45 20-12.34 (56)" -> "+4520123456".
 * @return false when it is no telephone number
 */
static bool clean(char *out, size_t size, const char *raw)
{
	size_t n = 0;

	for (; *raw && *raw != ';'; ++raw) {
		if (strchr(" -.()/", *raw))
			continue;
		if (!g_ascii_isdigit(*raw) && !(*raw == '+' && !n))
			return false;
		if (n + 1 >= size)
			return false;
		out[n++] = *raw;
	}
	out[n] = '\0';

	return n > 0 && strcmp(out, "+");
}

/** '+', code and digits.
 * @return false when E.164 does not allow it; out is then left alone
 */
static bool put(char *out, size_t size, const char *code, const char *digits)
{
	const size_t len = strlen(code) + strlen(digits);
	const char first = *code ? *code : *digits;

	if (len < 4 || len > E164_DIGITS_MAX || first == '0' || len + 2 > size)
		return false;

	g_snprintf(out, size, "+%s%s", code, digits);

	return true;
}

/** Behind the prefix, or NULL */
static const char *after(const char *digits, const char *prefix)
{
	return *prefix && str_starts(digits, prefix) ? digits + strlen(prefix)
						     : NULL;
}

static bool national(char *out, size_t size, const char *digits,
		     const struct dir_country *country)
{
	const char *rest;

	if (!country)
		return false;

	rest = after(digits, country->trunk);

	return put(out, size, country->code, rest ? rest : digits);
}

void directory_normalise(char *out, size_t size, const char *raw,
			 enum dir_format format, const char *country)
{
	const struct dir_country *in = dir_country_find(country);
	char digits[RAW_MAX] = "";
	const char *rest;

	str_copy(out, size, raw);
	if (!clean(digits, sizeof(digits), raw))
		return;

	if (digits[0] == '+') {
		put(out, size, "", digits + 1);
		return;
	}

	if (strlen(digits) <= SHORT_MAX) {
		str_copy(out, size, digits);
		return;
	}

	rest = after(digits, in ? in->intl : "00");
	if (!rest)
		rest = after(digits, "00");
	if (rest && put(out, size, "", rest))
		return;

	switch (format) {
	case DIR_E164:
		break;
	case DIR_PLAIN:
		put(out, size, "", digits);
		break;
	case DIR_NATIONAL:
		national(out, size, digits, in);
		break;
	}
}

void directory_write_number(char *out, size_t size, const char *number,
			    enum dir_format format, const char *country)
{
	const struct dir_country *own = dir_country_find(country);
	const char *rest;

	str_copy(out, size, number);
	if (number[0] != '+' || format == DIR_E164)
		return;
	if (format == DIR_PLAIN) {
		str_copy(out, size, number + 1);
		return;
	}

	rest = own ? after(number + 1, own->code) : NULL;
	if (rest)
		g_snprintf(out, size, "%s%s", own->trunk, rest);
	else
		g_snprintf(out, size, "%s%s", own ? own->intl : "00",
			   number + 1);
}
