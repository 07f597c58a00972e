/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "common/str.h"

enum {
	MS_PER_DAY = 86400000
};

static int64_t system_mono_us(const struct clock *clk)
{
	struct timespec ts;

	(void)clk;
	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t system_wall_ms(const struct clock *clk)
{
	struct timespec ts;

	(void)clk;
	clock_gettime(CLOCK_REALTIME, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static const struct clock system_clock = {
	.mono_us = system_mono_us,
	.wall_ms = system_wall_ms,
};

const struct clock *clock_system(void)
{
	return &system_clock;
}

static int64_t fake_mono_us(const struct clock *clk)
{
	return ((const struct clock_fake *)clk)->now_us;
}

static int64_t fake_wall_ms(const struct clock *clk)
{
	const struct clock_fake *fake = (const struct clock_fake *)clk;

	return fake->epoch_ms + fake->now_us / 1000;
}

void clock_fake_init(struct clock_fake *fake, int64_t epoch_ms)
{
	fake->clock.mono_us = fake_mono_us;
	fake->clock.wall_ms = fake_wall_ms;
	fake->now_us = 0;
	fake->epoch_ms = epoch_ms;
}

void clock_fake_advance_ms(struct clock_fake *fake, int64_t ms)
{
	fake->now_us += ms * 1000;
}

int64_t clock_mono_us(const struct clock *clk)
{
	return clk->mono_us(clk);
}

int64_t clock_mono_ms(const struct clock *clk)
{
	return clk->mono_us(clk) / 1000;
}

int64_t clock_wall_ms(const struct clock *clk)
{
	return clk->wall_ms(clk);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; years are
 * counted from March, so that the leap day comes last */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* The inverse; day 0 is 1970-01-01 */
static void civil_from_days(int64_t days, int *yearp, int *monthp, int *dayp)
{
	int64_t era, doe, yoe, doy, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	month = (5 * doy + 2) / 153; /* from March */

	*dayp = (int)(doy - (153 * month + 2) / 5 + 1);
	*monthp = (int)(month < 10 ? month + 3 : month - 9);
	*yearp = (int)(yoe + era * 400 + (*monthp <= 2));
}

static char *put(char *p, int n, int digits, char after)
{
	int i;

	for (i = digits - 1; i >= 0; --i, n /= 10)
		p[i] = (char)('0' + n % 10);
	p[digits] = after;

	return p + digits + 1;
}

/* By hand: each document has five times, and snprintf() took a twentieth of a
 * call's set-up for them */
void clock_rfc3339(char *buf, size_t size, int64_t wall_ms)
{
	/* 0000-01-01 and 9999-12-31: the format has four digits for a year */
	const int64_t lo = days_from_civil(0, 1, 1) * MS_PER_DAY;
	const int64_t hi = days_from_civil(10000, 1, 1) * MS_PER_DAY - 1;
	char text[CLOCK_RFC3339_SIZE], *p = text;
	int year, month, day, ms;
	int64_t days;

	if (wall_ms < lo)
		wall_ms = lo;
	if (wall_ms > hi)
		wall_ms = hi;

	days = wall_ms / MS_PER_DAY - (wall_ms % MS_PER_DAY < 0);
	ms = (int)(wall_ms - days * MS_PER_DAY);
	civil_from_days(days, &year, &month, &day);

	p = put(p, year, 4, '-');
	p = put(p, month, 2, '-');
	p = put(p, day, 2, 'T');
	p = put(p, ms / 3600000, 2, ':');
	p = put(p, ms / 60000 % 60, 2, ':');
	p = put(p, ms / 1000 % 60, 2, '.');
	p = put(p, ms % 1000, 3, 'Z');
	*p = '\0';
	(void)str_copy(buf, size, text);
}

/* Read a number of exactly `digits` digits within min..max */
static bool take(const char **pp, int digits, int min, int max, int *np)
{
	const char *p = *pp;
	int n = 0;

	for (; digits > 0; --digits, ++p) {
		if (!isdigit((unsigned char)*p))
			return false;
		n = n * 10 + (*p - '0');
	}
	if (n < min || n > max)
		return false;

	*np = n;
	*pp = p;

	return true;
}

static bool take_char(const char **pp, char c)
{
	if (**pp != c)
		return false;
	++*pp;

	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **pp, int64_t *daysp)
{
	int year, month, day;

	if (!take(pp, 4, 0, 9999, &year) || !take_char(pp, '-') ||
	    !take(pp, 2, 1, 12, &month) || !take_char(pp, '-') ||
	    !take(pp, 2, 1, days_in_month(year, month), &day))
		return false;

	*daysp = days_from_civil(year, month, day);

	return true;
}

/* Time of day in ms; a leap second (60) counts as the next minute's first */
static bool take_time(const char **pp, int64_t *msp)
{
	int hour, min, sec, scale = 100, frac = 0;

	if (!take(pp, 2, 0, 23, &hour) || !take_char(pp, ':') ||
	    !take(pp, 2, 0, 59, &min) || !take_char(pp, ':') ||
	    !take(pp, 2, 0, 60, &sec))
		return false;

	if (take_char(pp, '.')) {
		if (!isdigit((unsigned char)**pp))
			return false;
		for (; isdigit((unsigned char)**pp); ++*pp, scale /= 10)
			frac += (**pp - '0') * scale;
	}
	*msp = ((int64_t)(hour * 60 + min) * 60 + sec) * 1000 + frac;

	return true;
}

static bool take_offset(const char **pp, int64_t *msp)
{
	int hour, min, sign = 1;

	*msp = 0;
	if (take_char(pp, 'Z') || take_char(pp, 'z'))
		return true;
	if (take_char(pp, '-'))
		sign = -1;
	else if (!take_char(pp, '+'))
		return false;
	if (!take(pp, 2, 0, 23, &hour) || !take_char(pp, ':') ||
	    !take(pp, 2, 0, 59, &min))
		return false;
	*msp = (int64_t)sign * (hour * 60 + min) * 60000;

	return true;
}

int clock_parse_rfc3339(const char *text, int64_t *wall_msp)
{
	int64_t days, ms, offset;
	const char *p = text;

	if (!text || !wall_msp)
		return EINVAL;
	if (!take_date(&p, &days))
		return EINVAL;
	if (!take_char(&p, 'T') && !take_char(&p, 't') && !take_char(&p, ' '))
		return EINVAL;
	if (!take_time(&p, &ms) || !take_offset(&p, &offset) || *p)
		return EINVAL;

	*wall_msp = days * MS_PER_DAY + ms - offset;

	return 0;
}
