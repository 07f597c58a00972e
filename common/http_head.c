/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/http_head.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

enum {
	SECONDS_MAX = INT32_MAX, /* RFC 9111 §1.2.2 */
};

/* A text that is read from left to right; `wrong` sticks */
struct cursor {
	const char *at;
	bool wrong;
};

static void expect(struct cursor *cur, char c)
{
	if (*cur->at == c)
		++cur->at;
	else
		cur->wrong = true;
}

static bool take(struct cursor *cur, char c)
{
	if (*cur->at != c)
		return false;
	++cur->at;

	return true;
}

static void skip_blanks(struct cursor *cur)
{
	cur->at += strspn(cur->at, " \t");
}

/* Digits, from min to max of them */
static int number(struct cursor *cur, int min, int max)
{
	int n = 0, digits;

	for (digits = 0; digits < max && g_ascii_isdigit(*cur->at); ++digits)
		n = n * 10 + (*cur->at++ - '0');
	if (digits < min || g_ascii_isdigit(*cur->at))
		cur->wrong = true;

	return n;
}

/* Dates -------------------------------------------------------------- */

static int month(struct cursor *cur)
{
	static const char names[12][4] = {"Jan", "Feb", "Mar", "Apr",
					  "May", "Jun", "Jul", "Aug",
					  "Sep", "Oct", "Nov", "Dec"};
	int i;

	for (i = 0; i < 12; ++i) {
		if (strncmp(cur->at, names[i], 3) == 0) {
			cur->at += 3;
			return i;
		}
	}
	cur->wrong = true;

	return 0;
}

static void time_of_day(struct cursor *cur, struct tm *tm)
{
	tm->tm_hour = number(cur, 2, 2);
	expect(cur, ':');
	tm->tm_min = number(cur, 2, 2);
	expect(cur, ':');
	tm->tm_sec = number(cur, 2, 2);
}

/* "06 Nov 1994 08:49:37 GMT" and, of RFC 850, "06-Nov-94 08:49:37 GMT" */
static void date_rfc(struct cursor *cur, struct tm *tm)
{
	const char *start;
	char sep;

	expect(cur, ' ');
	tm->tm_mday = number(cur, 2, 2);
	sep = *cur->at == '-' ? '-' : ' ';
	expect(cur, sep);
	tm->tm_mon = month(cur);
	expect(cur, sep);
	start = cur->at;
	tm->tm_year = number(cur, 2, 4);
	if (cur->at - start == 4)
		tm->tm_year -= 1900;
	else if (cur->at - start == 3)
		cur->wrong = true;
	else if (tm->tm_year < 70)
		tm->tm_year += 100;
	expect(cur, ' ');
	time_of_day(cur, tm);
	if (strcmp(cur->at, " GMT") == 0 || strcmp(cur->at, " UTC") == 0)
		cur->at += 4;
	else
		cur->wrong = true;
}

/* "Nov  6 08:49:37 1994" */
static void date_asctime(struct cursor *cur, struct tm *tm)
{
	expect(cur, ' ');
	tm->tm_mon = month(cur);
	expect(cur, ' ');
	tm->tm_mday = take(cur, ' ') ? number(cur, 1, 1) : number(cur, 2, 2);
	expect(cur, ' ');
	time_of_day(cur, tm);
	expect(cur, ' ');
	tm->tm_year = number(cur, 4, 4) - 1900;
}

/* timegm() makes the 1st of March of the 30th of February */
static bool is_real(const struct tm *tm)
{
	struct tm again = *tm;

	if (tm->tm_year < 70 || tm->tm_hour > 23 || tm->tm_min > 59 ||
	    tm->tm_sec > 60)
		return false;
	(void)timegm(&again);

	return again.tm_mday == tm->tm_mday ||
	       (tm->tm_sec == 60 && tm->tm_mday > 0 && tm->tm_mday < 32);
}

int http_date_parse(const char *text, int64_t *unix_sp)
{
	struct cursor cur = {.at = text};
	struct tm tm = {0};

	if (!text || !unix_sp)
		return EINVAL;

	while (g_ascii_isalpha(*cur.at))
		++cur.at;
	if (cur.at == text)
		return EINVAL;
	if (take(&cur, ','))
		date_rfc(&cur, &tm);
	else
		date_asctime(&cur, &tm);
	if (cur.wrong || *cur.at || !is_real(&tm))
		return EINVAL;

	*unix_sp = (int64_t)timegm(&tm);

	return 0;
}

/* Seconds ------------------------------------------------------------ */

/* A number of any length and nothing behind it; -1 when it is none */
static int64_t seconds(const char *text, size_t len)
{
	int64_t n = 0;
	size_t i;

	if (!len)
		return -1;
	for (i = 0; i < len; ++i) {
		if (!g_ascii_isdigit(text[i]))
			return -1;
		n = MIN(n * 10 + (text[i] - '0'), SECONDS_MAX);
	}

	return n;
}

int64_t http_retry_after_s(const char *value, int64_t now_s)
{
	int64_t at, n;

	if (!value)
		return -1;
	n = seconds(value, strlen(value));
	if (n >= 0)
		return n;
	if (http_date_parse(value, &at))
		return -1;

	return CLAMP(at - now_s, 0, SECONDS_MAX);
}

/* Cache-Control ------------------------------------------------------ */

struct directive {
	const char *name, *value;
	size_t name_len, value_len;
};

static void quoted(struct cursor *cur, struct directive *dir)
{
	dir->value = ++cur->at;
	while (*cur->at && *cur->at != '"')
		cur->at += cur->at[0] == '\\' && cur->at[1] ? 2 : 1;
	dir->value_len = (size_t)(cur->at - dir->value);
	(void)take(cur, '"');
}

/* @return false: there is none any more */
static bool next_directive(struct cursor *cur, struct directive *dir)
{
	memset(dir, 0, sizeof(*dir));
	cur->at += strspn(cur->at, ", \t");
	if (!*cur->at)
		return false;

	dir->name = cur->at;
	dir->name_len = strcspn(cur->at, "=, \t");
	cur->at += dir->name_len;
	skip_blanks(cur);
	if (take(cur, '=')) {
		skip_blanks(cur);
		if (*cur->at == '"') {
			quoted(cur, dir);
		} else {
			dir->value = cur->at;
			dir->value_len = strcspn(cur->at, ", \t");
		}
	}
	cur->at += strcspn(cur->at, ",");

	return true;
}

static bool is_named(const struct directive *dir, const char *name)
{
	return strlen(name) == dir->name_len &&
	       g_ascii_strncasecmp(dir->name, name, dir->name_len) == 0;
}

static void limit(struct http_freshness *fresh, int64_t age_s)
{
	if (fresh->max_age_s < 0 || age_s < fresh->max_age_s)
		fresh->max_age_s = age_s;
}

void http_cache_control(struct http_freshness *fresh, const char *value)
{
	struct cursor cur = {.at = value};
	struct directive dir;

	if (!fresh || !value)
		return;

	while (next_directive(&cur, &dir)) {
		if (is_named(&dir, "max-age")) {
			limit(fresh, MAX(seconds(dir.value, dir.value_len), 0));
		} else if (is_named(&dir, "no-cache")) {
			/* with names of fields it is about these only */
			if (!dir.value)
				limit(fresh, 0);
		} else if (is_named(&dir, "no-store")) {
			fresh->no_store = true;
			limit(fresh, 0);
		}
	}
}

void http_age(struct http_freshness *fresh, const char *value)
{
	const int64_t age_s = value ? seconds(value, strlen(value)) : -1;

	if (fresh && fresh->max_age_s > 0 && age_s > 0)
		fresh->max_age_s = MAX(fresh->max_age_s - age_s, 0);
}
