/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "flow/flow_vars.h"

static struct flow_vars *vars_new(void)
{
	struct flow_vars *vars = NULL;

	assert_int_equal(flow_vars_alloc(&vars), 0);

	return vars;
}

static void test_set_get_unset(void **state)
{
	struct flow_vars *vars = vars_new();
	bool secret = true;

	assert_null(flow_vars_get(vars, "a", NULL));
	assert_int_equal(flow_vars_set(vars, "a", "1", false), 0);
	assert_string_equal(flow_vars_get(vars, "a", &secret), "1");
	assert_false(secret);
	assert_int_equal(flow_vars_set(vars, "a", "22", true), 0);
	assert_string_equal(flow_vars_get(vars, "a", &secret), "22");
	assert_true(secret);
	assert_int_equal(flow_vars_bytes(vars), 3);
	flow_vars_unset(vars, "a");
	flow_vars_unset(vars, "a");
	assert_null(flow_vars_get(vars, "a", NULL));
	assert_int_equal(flow_vars_bytes(vars), 0);
	obj_unref(vars);
}

static void test_names(void **state)
{
	char *longest = g_strnfill(FLOW_VAR_NAME_MAX, 'a');
	char *longer = g_strnfill(FLOW_VAR_NAME_MAX + 1, 'a');

	assert_true(flow_var_name_is_valid("a"));
	assert_true(flow_var_name_is_valid("response.body.x-1_y"));
	assert_true(flow_var_name_is_valid("9"));
	assert_true(flow_var_name_is_valid(longest));
	assert_false(flow_var_name_is_valid(longer));
	assert_false(flow_var_name_is_valid(""));
	assert_false(flow_var_name_is_valid(NULL));
	assert_false(flow_var_name_is_valid(".a"));
	assert_false(flow_var_name_is_valid("a."));
	assert_false(flow_var_name_is_valid("a b"));
	assert_false(flow_var_name_is_valid("\xc3\xa6"));
	assert_true(flow_var_name_is_reserved("call.id"));
	assert_true(flow_var_name_is_reserved("parent.id"));
	assert_false(flow_var_name_is_reserved("callid"));
	g_free(longest);
	g_free(longer);
}

static void test_full(void **state)
{
	struct flow_vars *vars = vars_new();
	char *most = g_strnfill(FLOW_VARS_MAX_BYTES - 1, 'x');

	assert_int_equal(flow_vars_set(vars, "a", most, false), 0);
	assert_int_equal(flow_vars_set(vars, "b", "", false), ENOSPC);
	assert_null(flow_vars_get(vars, "b", NULL));
	assert_int_equal(flow_vars_set(vars, "a", "y", false), 0);
	assert_int_equal(flow_vars_set(vars, "b", "", false), 0);
	assert_int_equal(flow_vars_set(vars, "b", most, false), ENOSPC);
	assert_string_equal(flow_vars_get(vars, "b", NULL), "");
	assert_int_equal(flow_vars_bytes(vars), 3);
	g_free(most);
	obj_unref(vars);
}

static void test_values_are_utf8(void **state)
{
	struct flow_vars *vars = vars_new();
	json_t *shown;

	assert_int_equal(flow_vars_set(vars, "a", "\xe9", false), 0);
	shown = flow_vars_json(vars, 1000, NULL);
	assert_string_equal(json_str(shown, "a", ""), "\xef\xbf\xbd");
	json_decref(shown);
	obj_unref(vars);
}

static void test_shown_sorted_masked_and_cut(void **state)
{
	struct flow_vars *vars = vars_new();
	bool truncated = true;
	char *text;
	json_t *shown;

	flow_vars_set(vars, "c", "3", false);
	flow_vars_set(vars, "a", "secret", true);
	flow_vars_set(vars, "b", "0123456789", false);
	shown = flow_vars_json(vars, 1000, &truncated);
	text = json_text(shown);
	assert_string_equal(
		text, "{\"a\":\"****\",\"b\":\"0123456789\",\"c\":\"3\"}");
	assert_false(truncated);
	free(text);
	json_decref(shown);

	shown = flow_vars_json(vars, 7, &truncated);
	text = json_text(shown);
	assert_string_equal(text, "{\"a\":\"****\",\"c\":\"3\"}");
	assert_true(truncated);
	free(text);
	json_decref(shown);
	obj_unref(vars);
}

/* A server that sends back what it was told makes no secret known */
static void test_several_keep_secrets(void **state)
{
	struct flow_vars *vars = vars_new();
	json_t *values =
		json_pack("{s:s, s:s, s:n}", "pin", "1234", "a", "1", "b");
	bool secret = false;

	flow_vars_set(vars, "pin", "1234", true);
	flow_vars_set(vars, "b", "2", true);
	assert_int_equal(flow_vars_set_all(vars, values, false), 0);
	assert_string_equal(flow_vars_get(vars, "pin", &secret), "1234");
	assert_true(secret);
	flow_vars_get(vars, "a", &secret);
	assert_false(secret);
	assert_null(flow_vars_get(vars, "b", NULL));
	json_decref(values);
	obj_unref(vars);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_get_unset),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_values_are_utf8),
		cmocka_unit_test(test_shown_sorted_masked_and_cut),
		cmocka_unit_test(test_several_keep_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
