/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

/* A flow that has started; the document with ' for " */
static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

static void test_waits(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':1500}}]");
	flow_fake_digits(&fake, "1");
	flow_fake_answered(&fake);
	flow_fake_pass(&fake, 1499);
	assert_int_equal(fake.ends, 0);
	flow_fake_pass(&fake, 1);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.answers, 0);
	flow_fake_teardown(&fake);
}

static void test_zero(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration':0}}]");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_time_of_a_variable(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':"
		     "'${x:-250}'}}]");
	assert_int_equal(fake.due_ms, 250);
	flow_fake_teardown(&fake);

	start(&fake, "[{'type':'sleep','option':{'duration_ms':'${x}'},"
		     "'error_id':'e'},{'type':'beep'},"
		     "{'id':'e','type':'stop'}]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_non_null(strstr(fake.error_detail, "/option/duration_ms"));
	assert_string_equal(fake.trace->str, "sleep stop");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	const struct flow_event late = {.type = FLOW_EV_TIMER};
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':1500}}]");
	flow_run_cancel(fake.run);
	assert_int_equal(fake.due_ms, -1);
	flow_run_event(fake.run, &late);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'sleep'},"
		"{'type':'sleep','option':{'duration_ms':'1'}},"
		"{'type':'sleep','option':{'duration_ms':1,'duration':1}}]");

	assert_non_null(strstr(faults, "/actions/0/option/duration_ms is "));
	assert_non_null(strstr(faults, "/actions/1/option/duration_ms must"));
	assert_non_null(strstr(faults, "/actions/2/option/duration given"));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_time_of_a_variable),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
