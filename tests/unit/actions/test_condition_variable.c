/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

/* Is it so? The next action sleeps, the other hangs up. */
static bool holds(const char *x, const char *condition, const char *value)
{
	struct flow_fake fake;
	bool waits;
	char *text = g_strdup_printf(
		"[{'type':'variable_set','option':{'key':'x','value':'%s'}},"
		"{'type':'condition_variable','option':{'variable':'x',"
		"'condition':'%s','value':'%s','false_target_id':'no'}},"
		"{'type':'sleep','option':{'duration_ms':1000}},"
		"{'id':'no','type':'hangup'}]",
		x, condition, value);

	assert_int_equal(flow_fake_setup(&fake, text), 0);
	flow_fake_start(&fake);
	assert_int_equal(fake.errors, 0);
	waits = fake.ends == 0;
	flow_fake_teardown(&fake);
	g_free(text);

	return waits;
}

static void test_numbers_compare_as_numbers(void **state)
{
	assert_true(holds("9", "<", "10"));
	assert_true(holds("10", ">", "9.5"));
	assert_true(holds("1.0", "==", "1"));
	assert_true(holds("10", ">=", "10"));
	assert_true(holds("10", "<=", "10"));
	assert_false(holds("10", "!=", "10"));
	assert_false(holds("10", "<", "9"));
}

static void test_texts_compare_as_texts(void **state)
{
	assert_true(holds("abc", "==", "abc"));
	assert_true(holds("abc", "!=", "abd"));
	assert_true(holds("abc", "<", "abd"));
	assert_true(holds("9a", ">", "10"));
	assert_true(holds("", "==", ""));
}

static void test_matches(void **state)
{
	assert_true(holds("+4520123456", "matches", "^[+]45"));
	assert_false(holds("+4620123456", "matches", "^[+]45"));
	assert_true(holds("abc", "matches", "b"));
}

static void test_exists(void **state)
{
	assert_true(holds("1", "exists", ""));
	assert_false(holds("", "exists", ""));
}

static void test_work_of_a_pattern_is_bounded(void **state)
{
	struct flow_fake fake;

	assert_int_equal(
		flow_fake_setup(
			&fake,
			"[{'type':'variable_set','option':{'key':'x','value':"
			"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'}},"
			"{'type':'condition_variable','option':{'variable':"
			"'x','condition':'matches','value':'^(a+)+$',"
			"'false_target_id':'no'}},"
			"{'type':'sleep','option':{'duration_ms':1000}},"
			"{'id':'no','type':'hangup'}]"),
		0);
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "invalid_value");
	flow_fake_teardown(&fake);
}

static void test_pattern_from_a_variable(void **state)
{
	struct flow_fake fake;

	assert_int_equal(
		flow_fake_setup(&fake,
				"[{'type':'variable_set','option':{'key':'x',"
				"'value':'(('}},"
				"{'type':'condition_variable','option':"
				"{'variable':'x','condition':'matches',"
				"'value':'${x}','false_target_id':'no'}},"
				"{'id':'no','type':'hangup'}]"),
		0);
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'id':'a','type':'condition_variable','option':"
		"{'variable':'x','condition':'matches','value':'((',"
		"'false_target_id':'a'}}]");

	assert_string_equal(faults, "/actions/0/option/value not a regular "
				    "expression\n");
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_compare_as_numbers),
		cmocka_unit_test(test_texts_compare_as_texts),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_work_of_a_pattern_is_bounded),
		cmocka_unit_test(test_pattern_from_a_variable),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
