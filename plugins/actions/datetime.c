/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/datetime.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"

enum {
	DAY_S = 24 * 60 * 60,
	EPOCH_JULIAN = 719163, /**< 1970-01-01, for GDate */
	DATE_LEN = 10,
};

static const char *const names[] = {"sunday",    "monday",   "tuesday",
				    "wednesday", "thursday", "friday",
				    "saturday"};

struct datetime datetime_at(int64_t local_s)
{
	struct datetime at;
	int64_t rest = local_s % DAY_S;

	if (rest < 0)
		rest += DAY_S;
	at.day = (local_s - rest) / DAY_S;
	at.minute = (int)(rest / 60);

	return at;
}

/* n digits, or -1 */
static int digits(const char *text, size_t n)
{
	int value = 0;
	size_t i;

	for (i = 0; i < n; ++i) {
		if (!g_ascii_isdigit(text[i]))
			return -1;
		value = 10 * value + (text[i] - '0');
	}

	return value;
}

int datetime_time(const char *text, int *minutep)
{
	int hour, minute;

	if (strlen(text) != strlen("HH:MM") || text[2] != ':')
		return EINVAL;
	hour = digits(text, 2);
	minute = digits(text + 3, 2);
	if (hour < 0 || minute < 0 || minute > 59 ||
	    60 * hour + minute > DATETIME_DAY_MIN)
		return EINVAL;
	*minutep = 60 * hour + minute;

	return 0;
}

/* One of "1", "mon", "Monday": its number, or -1 */
static int weekday(const char *text, size_t len)
{
	size_t i;

	if (len == 1 && text[0] >= '0' && text[0] <= '6')
		return text[0] - '0';
	for (i = 0; i < G_N_ELEMENTS(names); ++i)
		if ((len == 3 || len == strlen(names[i])) &&
		    g_ascii_strncasecmp(text, names[i], len) == 0)
			return (int)i;

	return -1;
}

/* "mon", or "fri-mon": from the one to the other, round the week */
static int weekday_span(const char *text, unsigned *maskp)
{
	const char *dash = strchr(text, '-');
	int day, last;

	day = weekday(text, dash ? (size_t)(dash - text) : strlen(text));
	last = dash ? weekday(dash + 1, strlen(dash + 1)) : day;
	if (day < 0 || last < 0)
		return EINVAL;

	*maskp |= 1u << day;
	while (day != last) {
		day = (day + 1) % 7;
		*maskp |= 1u << day;
	}

	return 0;
}

static int weekdays_text(const char *text, unsigned *maskp)
{
	char **parts;
	size_t i;
	int err = 0;

	parts = g_strsplit(text, ",", 0);
	for (i = 0; parts[i] && !err; ++i)
		err = weekday_span(g_strstrip(parts[i]), maskp);
	g_strfreev(parts);

	return err;
}

/* An item of the list, or all there is */
static int weekdays_item(const json_t *in, unsigned *maskp)
{
	if (json_is_string(in))
		return weekdays_text(json_string_value(in), maskp);
	if (!json_is_integer(in) || json_integer_value(in) < 0 ||
	    json_integer_value(in) > 6)
		return EINVAL;
	*maskp |= 1u << json_integer_value(in);

	return 0;
}

int datetime_weekdays(const json_t *in, unsigned *maskp)
{
	unsigned mask = 0;
	json_t *item;
	size_t i;
	int err = 0;

	if (json_is_array(in)) {
		json_array_foreach(in, i, item) if (!err) err =
			weekdays_item(item, &mask);
	} else if (!json_is_string(in) || json_string_length(in)) {
		err = weekdays_item(in, &mask);
	}
	if (err)
		return err;
	*maskp = mask;

	return 0;
}

static int date(const char *text, int64_t *dayp)
{
	const int y = digits(text, 4), m = digits(text + 5, 2);
	const int d = digits(text + 8, 2);
	GDate day;

	if (y < 1 || m < 1 || d < 1 || text[4] != '-' || text[7] != '-' ||
	    !g_date_valid_dmy((GDateDay)d, (GDateMonth)m, (GDateYear)y))
		return EINVAL;
	g_date_clear(&day, 1);
	g_date_set_dmy(&day, (GDateDay)d, (GDateMonth)m, (GDateYear)y);
	*dayp = (int64_t)g_date_get_julian(&day) - EPOCH_JULIAN;

	return 0;
}

int datetime_dates(const char *text, int64_t *firstp, int64_t *lastp)
{
	const size_t len = strlen(text);
	int64_t first, last;

	if (len != DATE_LEN && len != 2 * DATE_LEN + 1)
		return EINVAL;
	if (date(text, &first))
		return EINVAL;
	last = first;
	if (len > DATE_LEN &&
	    (text[DATE_LEN] != '/' || date(text + DATE_LEN + 1, &last)))
		return EINVAL;
	if (last < first)
		return EINVAL;
	*firstp = first;
	*lastp = last;

	return 0;
}

/* Is it a day on which a span may begin? */
static bool is_day(int64_t day, const json_t *option)
{
	const json_t *dates = json_object_get(option, "dates");
	const json_t *days = json_object_get(option, "weekdays");
	const int64_t week = ((day + 4) % 7 + 7) % 7; /* day 0: a Thursday */
	int64_t first, last;
	unsigned mask = 0;
	json_t *item;
	size_t i;

	if (days && datetime_weekdays(days, &mask))
		return false;
	if (mask && !(mask & (1u << week)))
		return false;
	json_array_foreach(dates, i, item)
	{
		if (datetime_dates(json_string_value(item), &first, &last))
			continue;
		if (day >= first && day <= last)
			return true;
	}

	return json_array_size(dates) == 0;
}

bool datetime_is_in(const struct datetime *at, const json_t *option)
{
	int from = 0, to = DATETIME_DAY_MIN;

	(void)datetime_time(json_str(option, "from", ""), &from);
	(void)datetime_time(json_str(option, "to", ""), &to);
	if (from < to)
		return at->minute >= from && at->minute < to &&
		       is_day(at->day, option);
	if (at->minute >= from)
		return is_day(at->day, option);

	return at->minute < to && is_day(at->day - 1, option);
}
