/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/range.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "common/str.h"

enum {
	DIGITS_SIZE = 20
};

/* A number that is not there is -1; one that is too large is as large as can
 * be. @return Behind it, or NULL */
static const char *take_number(const char *text, int64_t *np)
{
	const size_t len = strspn(text, "0123456789");
	char digits[DIGITS_SIZE];

	*np = -1;
	if (!len)
		return text;

	if (len >= sizeof(digits)) {
		*np = INT64_MAX;
	} else {
		memcpy(digits, text, len);
		digits[len] = '\0';
		if (str_to_int(digits, 0, INT64_MAX, np))
			*np = INT64_MAX;
	}

	return text + len;
}

static bool take_range(const char *text, int64_t *firstp, int64_t *lastp)
{
	if (g_ascii_strncasecmp(text, "bytes=", 6))
		return false;

	text += 6;
	text = take_number(text + strspn(text, " \t"), firstp);
	if (*text != '-')
		return false;
	text = take_number(text + 1, lastp);
	text += strspn(text, " \t");

	return !*text && (*firstp >= 0 || *lastp >= 0) &&
	       (*lastp < 0 || *firstp <= *lastp);
}

enum rest_range rest_range_parse(const char *text, int64_t size,
				 int64_t *firstp, int64_t *lenp)
{
	int64_t first, last;

	if (!text || !take_range(text, &first, &last))
		return REST_RANGE_ALL;

	if (first < 0) { /* the last so many bytes */
		if (last == 0 || size == 0)
			return REST_RANGE_BAD;
		first = last < size ? size - last : 0;
		last = size - 1;
	}
	if (first >= size)
		return REST_RANGE_BAD;
	if (last < 0 || last >= size)
		last = size - 1;

	*firstp = first;
	*lenp = last - first + 1;

	return REST_RANGE_PART;
}
