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

static unsigned count(const char *trace, const char *word)
{
	unsigned n = 0;

	while ((trace = strstr(trace, word))) {
		trace += strlen(word);
		++n;
	}

	return n;
}

static void test_jumps(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'goto','option':{'target_id':'end'}},"
		     "{'type':'beep'},{'id':'end','type':'hangup'}]");
	assert_string_equal(fake.trace->str, "goto hangup");
	flow_fake_teardown(&fake);
}

static void test_counts_its_loops(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'top','type':'variable_set','option':"
		     "{'key':'x','value':'${x}i'}},"
		     "{'type':'goto','option':{'target_id':'top',"
		     "'loop_count':3}}]");
	assert_string_equal(flow_fake_var(&fake, "x"), "iiii");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_zero_falls_through(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'top','type':'goto','option':"
		     "{'target_id':'top','loop_count':0}}]");
	assert_string_equal(fake.trace->str, "goto");
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	flow_fake_teardown(&fake);
}

static void test_loops_nest(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'top','type':'variable_set','option':"
		     "{'key':'x','value':'1'}},"
		     "{'type':'goto','option':{'target_id':'top',"
		     "'loop_count':2}},"
		     "{'type':'goto','option':{'target_id':'top',"
		     "'loop_count':1}}]");
	assert_int_equal(count(fake.trace->str, "variable_set"), 6);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_endless_loop_is_stopped(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'top','type':'goto','option':"
		     "{'target_id':'top'}}]");
	assert_int_equal(fake.ends, 0); /* others have their turn */
	assert_int_equal(fake.due_ms, 0);
	flow_fake_pass(&fake, 0);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_FAILED);
	assert_string_equal(fake.end_code, "flow_loop");
	assert_string_equal(fake.error_code, "flow_loop");
	assert_int_equal(count(fake.trace->str, "goto"), 1000);
	flow_fake_teardown(&fake);
}

static void test_loop_that_waits_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'top','type':'sleep','option':"
		     "{'duration_ms':20}},"
		     "{'type':'goto','option':{'target_id':'top'}}]");
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 0);
	assert_int_equal(count(fake.trace->str, "goto"), 3000);
	flow_fake_teardown(&fake);
}

static void test_loop_that_hardly_waits_is_stopped(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'top','type':'sleep','option':"
		     "{'duration_ms':1}},"
		     "{'type':'goto','option':{'target_id':'top'}}]");
	flow_fake_pass(&fake, 60000);
	assert_string_equal(fake.end_code, "flow_loop");
	flow_fake_teardown(&fake);
}

static void test_unknown_target(void **state)
{
	struct flow_fake fake;
	char *faults = flow_fake_faults(
		"[{'type':'goto','option':{'target_id':'no'}}]");

	assert_string_equal(faults, "/actions/0/option/target_id no action "
				    "has the id \"no\"\n");
	g_free(faults);

	start(&fake, "[{'type':'goto','option':{'target_id':'${no:-no}'}}]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_counts_its_loops),
		cmocka_unit_test(test_zero_falls_through),
		cmocka_unit_test(test_loops_nest),
		cmocka_unit_test(test_endless_loop_is_stopped),
		cmocka_unit_test(test_loop_that_waits_goes_on),
		cmocka_unit_test(test_loop_that_hardly_waits_is_stopped),
		cmocka_unit_test(test_unknown_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
