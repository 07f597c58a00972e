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

#define TAIL                                                                   \
	"{'type':'sleep','option':{'duration_ms':1000}},"                      \
	"{'id':'a','type':'hangup','option':{'reason':'busy'}},"               \
	"{'id':'b','type':'hangup','option':{'reason':'rejected'}}]"

#define SET(value)                                                             \
	"[{'type':'variable_set','option':{'key':'x','value':'" value "'}},"

static void test_value_leads(void **state)
{
	struct flow_fake fake;

	start(&fake, SET("2") "{'type':'branch','option':{'variable':'x',"
			      "'target_ids':{'1':'a','2':'b'}}}," TAIL);
	assert_string_equal(fake.end_reason, "rejected");
	assert_string_equal(flow_fake_var(&fake, "x"), "2");
	flow_fake_teardown(&fake);
}

static void test_default(void **state)
{
	struct flow_fake fake;

	start(&fake, SET("3") "{'type':'branch','option':{'variable':'x',"
			      "'target_ids':{'1':'b'},"
			      "'default_target_id':'a'}}," TAIL);
	assert_string_equal(fake.end_reason, "busy");
	flow_fake_teardown(&fake);
}

static void test_no_match_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, SET("3") "{'type':'branch','option':{'variable':'x',"
			      "'target_ids':{'1':'b'}}}," TAIL);
	assert_string_equal(fake.trace->str, "variable_set branch sleep");
	flow_fake_teardown(&fake);
}

static void test_unset_leads_to_the_default(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'branch','option':{'target_ids':{'1':'b'},"
		     "'default_target_id':'a'}}," TAIL);
	assert_string_equal(fake.end_reason, "busy");
	flow_fake_teardown(&fake);
}

static void test_reads_what_the_call_knows(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'branch','option':{'variable':'call.source',"
		     "'target_ids':{'+4520123456':'b'}}}," TAIL);
	assert_string_equal(fake.end_reason, "rejected");
	flow_fake_teardown(&fake);
}

static void test_target_of_a_variable(void **state)
{
	struct flow_fake fake;

	start(&fake, SET("b") "{'type':'branch','option':{'target_ids':{},"
			      "'default_target_id':'${x}'}}," TAIL);
	assert_string_equal(fake.end_reason, "rejected");
	flow_fake_teardown(&fake);
}

static void test_target_that_is_none(void **state)
{
	struct flow_fake fake;

	start(&fake, SET("zz") "{'type':'branch','option':{'target_ids':{},"
			       "'default_target_id':'${x}'}}," TAIL);
	assert_string_equal(fake.error_code, "invalid_value");
	assert_string_equal(fake.trace->str, "variable_set branch sleep");
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'branch','option':{'variable':'${digits}',"
		"'target_ids':{'1/2':'nowhere'},'default_target_id':'no'}}]");

	assert_non_null(strstr(faults, "/actions/0/option/variable "));
	g_free(faults);

	faults = flow_fake_faults(
		"[{'type':'branch','option':{'target_ids':"
		"{'1/2':'nowhere'},'default_target_id':'no'}}]");
	assert_non_null(
		strstr(faults, "/actions/0/option/target_ids/1~12 no action"));
	assert_non_null(
		strstr(faults, "/actions/0/option/default_target_id no "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_leads),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_no_match_goes_on),
		cmocka_unit_test(test_unset_leads_to_the_default),
		cmocka_unit_test(test_reads_what_the_call_knows),
		cmocka_unit_test(test_target_of_a_variable),
		cmocka_unit_test(test_target_that_is_none),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
