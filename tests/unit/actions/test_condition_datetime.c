/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "actions/datetime.h"
#include "support/flow_fake.h"

/* Is it so at this time? The next action sleeps, the other hangs up. */
static bool holds(const char *time, const char *option)
{
	struct flow_fake fake;
	int64_t wall_ms = 0;
	bool waits;
	char *text = g_strdup_printf(
		"[{'type':'condition_datetime','option':{%s%s"
		"'false_target_id':'no'}},"
		"{'type':'sleep','option':{'duration_ms':1000}},"
		"{'id':'no','type':'hangup'}]",
		option, *option ? "," : "");

	assert_int_equal(clock_parse_rfc3339(time, &wall_ms), 0);
	assert_int_equal(flow_fake_setup(&fake, text), 0);
	fake.clock.epoch_ms = wall_ms;
	flow_fake_start(&fake);
	assert_int_equal(fake.errors, 0);
	waits = fake.ends == 0;
	flow_fake_teardown(&fake);
	g_free(text);

	return waits;
}

static void test_hours(void **state)
{
	const char *office = "'from':'09:00','to':'17:30'";

	assert_false(holds("2026-11-23T08:59:59.999Z", office));
	assert_true(holds("2026-11-23T09:00:00Z", office));
	assert_true(holds("2026-11-23T17:29:59.999Z", office));
	assert_false(holds("2026-11-23T17:30:00Z", office));

	assert_true(holds("2026-11-23T00:00:00Z", "'to':'09:00'"));
	assert_false(holds("2026-11-23T09:00:00Z", "'to':'09:00'"));
	assert_true(holds("2026-11-23T23:59:59Z", "'from':'17:00'"));
	assert_true(
		holds("2026-11-23T23:59:59Z", "'from':'17:00','to':'24:00'"));
	assert_true(holds("2026-11-23T12:00:00Z", ""));
}

static void test_over_midnight(void **state)
{
	const char *night = "'from':'22:00','to':'06:00'";
	const char *friday = "'from':'22:00','to':'06:00','weekdays':['fri']";
	const char *eve = "'from':'22:00','to':'06:00','dates':['2026-12-31']";

	assert_false(holds("2026-11-23T21:59:59Z", night));
	assert_true(holds("2026-11-23T22:00:00Z", night));
	assert_true(holds("2026-11-24T00:00:00Z", night));
	assert_true(holds("2026-11-24T05:59:59Z", night));
	assert_false(holds("2026-11-24T06:00:00Z", night));

	/* the night belongs to the day on which it begins */
	assert_true(holds("2026-11-27T22:00:00Z", friday));
	assert_true(holds("2026-11-28T05:59:00Z", friday));
	assert_false(holds("2026-11-27T05:59:00Z", friday));
	assert_false(holds("2026-11-28T22:00:00Z", friday));
	assert_true(holds("2027-01-01T05:00:00Z", eve));
	assert_false(holds("2026-12-31T05:00:00Z", eve));
}

static void test_weekdays(void **state)
{
	const char *monday = "2026-11-23T12:00:00Z";
	const char *sunday = "2026-11-22T12:00:00Z";

	assert_true(holds(monday, "'weekdays':[1]"));
	assert_true(holds(monday, "'weekdays':['mon','Tuesday']"));
	assert_true(holds(monday, "'weekdays':'mon-fri, sun'"));
	assert_true(holds(monday, "'weekdays':'1,2'"));
	assert_true(holds(monday, "'weekdays':'sat-mon'"));
	assert_true(holds(monday, "'weekdays':''"));
	assert_true(holds(monday, "'weekdays':[]"));
	assert_false(holds(sunday, "'weekdays':'mon-fri'"));
	assert_true(holds(sunday, "'weekdays':[0]"));
	assert_true(holds(sunday, "'weekdays':0"));
	assert_true(holds(sunday, "'weekdays':'fri-mon'"));
}

static void test_dates(void **state)
{
	const char *days = "'dates':['2026-12-24/2026-12-26','2027-01-01']";

	assert_false(holds("2026-12-23T23:59:59Z", days));
	assert_true(holds("2026-12-24T00:00:00Z", days));
	assert_true(holds("2026-12-26T23:59:59Z", days));
	assert_false(holds("2026-12-27T00:00:00Z", days));
	assert_true(holds("2027-01-01T12:00:00Z", days));
	assert_true(holds("2028-02-29T12:00:00Z", "'dates':['2028-02-29']"));
	/* both must be so */
	assert_false(holds("2026-12-24T12:00:00Z",
			   "'dates':['2026-12-24'],'weekdays':[5]"));
}

static void test_day_is_that_of_the_zone(void **state)
{
	const char *auckland =
		"'timezone':'Pacific/Auckland','weekdays':['tue']";
	const char *hawaii = "'timezone':'Pacific/Honolulu','weekdays':"
			     "['sun'],'from':'23:00'";

	assert_true(holds("2026-11-23T11:00:00Z", auckland)); /* +13 */
	assert_false(holds("2026-11-23T10:59:59Z", auckland));
	assert_true(holds("2026-11-23T09:30:00Z", hawaii)); /* -10 */
	assert_false(holds("2026-11-23T10:00:00Z", hawaii));
}

/* Copenhagen: on 2026-03-29 02:00 becomes 03:00 */
static void test_hour_that_is_left_out(void **state)
{
	const char *gap = "'timezone':'Europe/Copenhagen',"
			  "'from':'02:00','to':'03:00'";
	const char *after = "'timezone':'Europe/Copenhagen',"
			    "'from':'02:30','to':'04:00'";

	assert_false(holds("2026-03-29T00:59:59Z", gap));
	assert_false(holds("2026-03-29T01:00:00Z", gap));
	assert_true(holds("2026-03-30T00:00:00Z", gap));
	assert_false(holds("2026-03-29T00:59:59Z", after));
	assert_true(holds("2026-03-29T01:00:00Z", after));
	assert_false(holds("2026-03-29T02:00:00Z", after));
}

/* Copenhagen: on 2026-10-25 03:00 becomes 02:00 */
static void test_hour_that_comes_twice(void **state)
{
	const char *fold = "'timezone':'Europe/Copenhagen',"
			   "'from':'02:00','to':'03:00'";

	assert_false(holds("2026-10-24T23:59:59Z", fold));
	assert_true(holds("2026-10-25T00:00:00Z", fold));
	assert_true(holds("2026-10-25T00:59:59Z", fold));
	assert_true(holds("2026-10-25T01:00:00Z", fold));
	assert_true(holds("2026-10-25T01:59:59Z", fold));
	assert_false(holds("2026-10-25T02:00:00Z", fold));
}

static void test_time_goes_on(void **state)
{
	struct flow_fake fake;

	assert_int_equal(
		flow_fake_setup(
			&fake,
			"[{'id':'ask','type':'condition_datetime','option':{"
			"'from':'${from:-08:00}','to':'20:00',"
			"'timezone':'America/New_York',"
			"'false_target_id':'wait'}},{'type':'hangup'},"
			"{'id':'wait','type':'sleep','next_id':'ask',"
			"'option':{'duration_ms':60000}}]"),
		0);
	clock_parse_rfc3339("2026-11-23T12:58:30Z", &fake.clock.epoch_ms);
	flow_fake_start(&fake);
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 0);
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_HANGUP);
	flow_fake_teardown(&fake);
}

/* What is wrong with this option? "" for nothing */
static void assert_fault(const char *option, const char *pointer)
{
	char *text = g_strdup_printf("[{'id':'a','type':'condition_datetime',"
				     "'option':{%s,'false_target_id':'a'}}]",
				     option);
	char *faults = flow_fake_faults(text);
	char *want = g_strdup_printf("/actions/0/option/%s ", pointer);

	if (!g_str_has_prefix(faults, want))
		fail_msg("%s: %s", option, faults);
	g_free(want);
	g_free(faults);
	g_free(text);
}

static void test_faults_when_saved(void **state)
{
	static const char *const zones[] = {
		"Europe/Nowhere",  "",           "/etc/localtime",
		"../zoneinfo/UTC", "Europe",     "EST5",
		"+02:00",          "posixrules", "leapseconds",
		"Etc/../UTC",      "${zone}",    "europe/berlin",
	};
	static const char *const times[] = {"9:00", "24:01", "12:60", "1200",
					    "noon", "-1:00", "12:0x", "25:00"};
	static const char *const dates[] = {"2026-02-29",
					    "2026-13-01",
					    "24.12.2026",
					    "2026-12-24/",
					    "2026-12-26/2026-12-24",
					    "2026-12-24-2026-12-26",
					    "",
					    "0000-01-01"};
	static const char *const days[] = {"7",      "'mo'",    "['x']",
					   "-1",     "true",    "[[1]]",
					   "'mon-'", "'mon,,'", "{}"};
	char *text;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(zones); ++i) {
		text = g_strdup_printf("'timezone':'%s'", zones[i]);
		assert_fault(text, "timezone");
		g_free(text);
	}
	for (i = 0; i < G_N_ELEMENTS(times); ++i) {
		text = g_strdup_printf("'from':'%s'", times[i]);
		assert_fault(text, "from");
		g_free(text);
	}
	for (i = 0; i < G_N_ELEMENTS(dates); ++i) {
		text = g_strdup_printf("'dates':['%s']", dates[i]);
		assert_fault(text, "dates/0");
		g_free(text);
	}
	for (i = 0; i < G_N_ELEMENTS(days); ++i) {
		text = g_strdup_printf("'weekdays':%s", days[i]);
		assert_fault(text, "weekdays");
		g_free(text);
	}
	assert_fault("'from':'09:00','to':'09:00'", "to");
}

static void test_wrong_value_when_run(void **state)
{
	struct flow_fake fake;

	assert_int_equal(
		flow_fake_setup(&fake,
				"[{'type':'condition_datetime','option':{"
				"'weekdays':'${days:-never}',"
				"'false_target_id':'no'}},"
				"{'id':'no','type':'hangup'}]"),
		0);
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_before_1970(void **state)
{
	const struct datetime at = datetime_at(-1);

	assert_int_equal(at.day, -1);
	assert_int_equal(at.minute, 1439);
	assert_true(holds("1969-12-31T23:30:00Z",
			  "'weekdays':'wed','dates':['1969-12-31']"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_over_midnight),
		cmocka_unit_test(test_weekdays),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_day_is_that_of_the_zone),
		cmocka_unit_test(test_hour_that_is_left_out),
		cmocka_unit_test(test_hour_that_comes_twice),
		cmocka_unit_test(test_time_goes_on),
		cmocka_unit_test(test_faults_when_saved),
		cmocka_unit_test(test_wrong_value_when_run),
		cmocka_unit_test(test_before_1970),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
