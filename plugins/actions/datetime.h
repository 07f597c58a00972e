/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file datetime.h  Hours, weekdays and dates as an option gives them
 *
 * For condition_datetime. Thread: any. Pure: no clock, no time zone; a moment
 * is what calendar and clock on the wall of that zone show. The calendar is
 * the Gregorian one (ISO 8601).
 */
#ifndef BIFRONS_ACTIONS_DATETIME_H
#define BIFRONS_ACTIONS_DATETIME_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	DATETIME_DAY_MIN = 24 * 60,
	DATETIME_DATES_MAX = 366,
};

/** A moment on the wall */
struct datetime {
	int64_t day; /**< since 1970-01-01 */
	int minute;  /**< of the day, 0-1439 */
};

/** @param local_s  Seconds since 1970 by the wall's clock */
struct datetime datetime_at(int64_t local_s);

/** "HH:MM", 00:00 to 24:00. @return 0 or EINVAL */
int datetime_time(const char *text, int *minutep);

/** A weekday 0 (Sunday) to 6, "0" to "6", or "mon", "Monday"…; or the text of
 * several, "mon-fri,sun"; or an array of all these.
 * @param maskp  Bit 0 is Sunday; 0 for "" and []
 * @return 0 or EINVAL
 */
int datetime_weekdays(const json_t *in, unsigned *maskp);

/** "2026-12-24", or "2026-12-24/2026-12-26" with both ends in it.
 * @return 0 or EINVAL
 */
int datetime_dates(const char *text, int64_t *firstp, int64_t *lastp);

/** Does the moment lie in checked options {from, to, weekdays, dates}? A span
 * over midnight belongs to the day on which it begins.
 */
bool datetime_is_in(const struct datetime *at, const json_t *option);

#endif
