/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib.h>
#include <string.h>

#include "actions/actions.h"
#include "actions/datetime.h"
#include "common/json.h"
#include "common/str.h"

static const char *check_time(const char *value)
{
	int minute;

	if (*value && datetime_time(value, &minute))
		return "must be a time of the day from \"00:00\" to \"24:00\"";

	return NULL;
}

static const char *check_dates(const char *value)
{
	int64_t first, last;

	if (datetime_dates(value, &first, &last))
		return "must be a date such as \"2026-12-24\", or two, "
		       "\"2026-12-24/2026-12-26\"";

	return NULL;
}

static const struct opt date_opts[] = {
	{.name = "date", .type = OPT_STRING, .max = 64, .check = check_dates},
	OPT_END,
};

static const struct opt opts[] = {
	{.name = "from",
	 .type = OPT_STRING,
	 .max = 5,
	 .check = check_time,
	 .def = "\"\"",
	 .doc = "When it begins, `HH:MM`; the day's begin when left out."},
	{.name = "to",
	 .type = OPT_STRING,
	 .max = 5,
	 .check = check_time,
	 .def = "\"\"",
	 .doc = "When it is over, `HH:MM` up to `24:00`; the day's end when "
		"left out. Before `from`: on the next day."},
	{.name = "weekdays",
	 .type = OPT_ANY,
	 .def = "[]",
	 .doc = "On which days: a list of `mon`, `tue` … or numbers from 0, "
		"Sunday, to 6; or a text, `\"mon-fri,sun\"`; every day when "
		"empty."},
	{.name = "dates",
	 .type = OPT_ARRAY,
	 .min = 0,
	 .max = DATETIME_DATES_MAX,
	 .sub = date_opts,
	 .def = "[]",
	 .doc = "On which dates: `YYYY-MM-DD`, or a range with both ends in "
		"it, `2026-12-24/2026-12-26`; on every one when empty."},
	{.name = "timezone",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 64,
	 .def = "\"UTC\"",
	 .doc = "IANA name of the time zone, such as `Europe/Copenhagen`; it "
		"must be the name itself, no expression."},
	{.name = "false_target_id",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 128,
	 .format = FLOW_FORMAT_TARGET,
	 .doc = "The action to go to when it is not now."},
	OPT_END,
};

/* Names that GLib would take for something else are not opened: paths, POSIX
 * rules ("EST5"), offsets ("+02"), and files of the database that are none */
static bool is_zone_name(const char *name)
{
	if (!g_ascii_isupper(name[0]))
		return false;
	if (!strchr(name, '/') && strpbrk(name, "0123456789+-"))
		return false;

	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_+-/")];
}

/* Reads a file, unless somebody keeps the zone: GLib then finds it */
static GTimeZone *zone_open(const json_t *option)
{
	const char *name = json_str(option, "timezone", "UTC");

	return is_zone_name(name) ? g_time_zone_new_identifier(name) : NULL;
}

static void fault(struct opt_faults *faults, const char *pointer,
		  const char *name, const char *message)
{
	char ptr[256];

	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), name);
	opt_fault(faults, ptr, "%s", message);
}

static bool is_expression(const json_t *in)
{
	json_t *item;
	size_t i;

	json_array_foreach(in, i, item) if (is_expression(item)) return true;

	return json_is_string(in) && strstr(json_string_value(in), "${");
}

static void condition_check(const json_t *option, const char *pointer,
			    struct opt_faults *faults)
{
	const json_t *days = json_object_get(option, "weekdays");
	const char *from = json_str(option, "from", "");
	GTimeZone *zone = zone_open(option);
	unsigned mask;

	if (zone)
		g_time_zone_unref(zone);
	else
		fault(faults, pointer, "timezone",
		      "must be the IANA name of a time zone, such as "
		      "\"Europe/Copenhagen\"");
	if (days && !is_expression(days) && datetime_weekdays(days, &mask))
		fault(faults, pointer, "weekdays",
		      "must be days such as \"mon\", or 0 (Sunday) to 6; a "
		      "list of them, or a text such as \"mon-fri,sun\"");
	if (*from && !strstr(from, "${") &&
	    str_eq(from, json_str(option, "to", "")))
		fault(faults, pointer, "to", "must differ from \"from\"");
}

static void *zone_keep(const json_t *option, const char *pointer,
		       struct opt_faults *faults)
{
	(void)pointer;
	(void)faults; /* condition_check() has told */

	return zone_open(option);
}

static void zone_drop(void *zone)
{
	g_time_zone_unref(zone);
}

/* What the clock on the wall of that zone shows now */
static struct datetime local_now(struct flow_run *run)
{
	const int64_t now_s = flow_wall_ms(run) / 1000;
	GTimeZone *zone = flow_kept(run);
	const int at =
		g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, now_s);

	return datetime_at(now_s + g_time_zone_get_offset(zone, at));
}

static enum act condition_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const struct datetime now = local_now(run);

	if (datetime_is_in(&now, option))
		return ACT_NEXT;

	return flow_jump(run, json_str(option, "false_target_id", ""));
}

const struct action_type action_condition_datetime = {
	.name = "condition_datetime",
	.opts = opts,
	.check = condition_check,
	.keep = zone_keep,
	.drop = zone_drop,
	.start = condition_start,
	.doc = "Goes on with the next action when it is that time, on one of "
	       "those weekdays and dates, in that time zone; else to another "
	       "action. `from` belongs to it, `to` does not. A span over "
	       "midnight belongs to the day on which it begins. What counts "
	       "is what the clocks there show: an hour that is left out when "
	       "summer time begins never is, one that comes twice is twice.",
	.example = "{\"type\": \"condition_datetime\", \"option\": "
		   "{\"from\": \"09:00\", \"to\": \"17:30\", \"weekdays\": "
		   "\"mon-fri\", \"timezone\": \"Europe/Copenhagen\", "
		   "\"false_target_id\": \"again\"}}",
};
