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

static void test_sets(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'variable_set','option':{'key':'a.b',"
		     "'value':'x'}},"
		     "{'type':'variable_set','option':{'key':'${a.b}-c',"
		     "'value':'${a.b} from ${call.source}'}}]");
	assert_string_equal(flow_fake_var(&fake, "a.b"), "x");
	assert_string_equal(flow_fake_var(&fake, "x-c"), "x from +4520123456");
	flow_fake_teardown(&fake);
}

static void test_empty_removes(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'variable_set','option':{'key':'a',"
		     "'value':'x'}},"
		     "{'type':'variable_set','option':{'key':'a',"
		     "'value':'${b}'}}]");
	assert_null(flow_vars_get(fake.vars, "a", NULL));
	flow_fake_teardown(&fake);
}

static void test_what_a_stranger_sent_is_made_valid(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'variable_set','option':{'key':'a',"
		     "'value':'${call.bytes}'}}]");
	assert_int_equal(fake.errors, 0);
	assert_true(g_utf8_validate(flow_fake_var(&fake, "a"), -1, NULL));
	assert_non_null(strchr(flow_fake_var(&fake, "a"), 't'));
	flow_fake_teardown(&fake);
}

static void test_names(void **state)
{
	struct flow_fake fake;
	char *faults = flow_fake_faults(
		"[{'type':'variable_set','option':{'key':'call.id',"
		"'value':''}},"
		"{'type':'variable_set','option':{'key':'a b','value':''}}]");

	assert_non_null(strstr(faults, "/actions/0/option/key call.*"));
	assert_non_null(strstr(faults, "/actions/1/option/key must be"));
	g_free(faults);

	start(&fake, "[{'type':'variable_set','option':{'key':"
		     "'${x:-call.id}','value':'1'}}]");
	assert_string_equal(fake.error_code, "invalid_value");
	flow_fake_teardown(&fake);
}

static void test_too_much_changes_nothing(void **state)
{
	struct flow_fake fake;

	/* doubles until it does not fit */
	start(&fake, "[{'type':'variable_set','option':{'key':'a','value':"
		     "'0123456789abcdef'}},"
		     "{'id':'more','type':'variable_set','option':{'key':'a',"
		     "'value':'${a}${a}'},'error_id':'full'},"
		     "{'type':'goto','option':{'target_id':'more'}},"
		     "{'id':'full','type':'hangup'}]");
	flow_fake_pass(&fake, 0);
	assert_string_equal(fake.error_code, "variables_full");
	assert_int_equal(strlen(flow_fake_var(&fake, "a")), 32768);
	assert_int_equal(fake.end_kind, FLOW_END_HANGUP);
	flow_fake_teardown(&fake);
}

/* Names are shown in events, where a secret's value is masked */
static void test_a_secret_cannot_be_a_name(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'dtmf_receive','option':{'length':4,"
		     "'sensitive':true}},"
		     "{'type':'variable_set','option':{'key':'pin.${digits}',"
		     "'value':'1'},'error_id':'next'},"
		     "{'id':'next','type':'variable_set','option':{'key':"
		     "'entered.${n:-1}','value':'${digits}'}}]");
	flow_fake_answered(&fake);
	flow_fake_digits(&fake, "4711");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_null(strstr(fake.error_detail, "4711"));
	assert_null(flow_vars_get(fake.vars, "pin.4711", NULL));
	assert_string_equal(flow_fake_var(&fake, "entered.1"), "4711");
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_empty_removes),
		cmocka_unit_test(test_what_a_stranger_sent_is_made_valid),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_a_secret_cannot_be_a_name),
		cmocka_unit_test(test_too_much_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
