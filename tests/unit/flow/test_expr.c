/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "flow/flow_expr.h"

static bool lookup(void *arg, const char *name, GString *out, bool *secretp)
{
	static const char *const known[][2] = {
		{"name", "Bo & Co"}, {"digits", "12"},     {"a.b-c_d", "deep"},
		{"empty", ""},       {"trick", "${name}"}, {"quote", "<'\">"},
		{"pin", "1234"},
	};
	size_t i;

	if (strcmp(name, "big") == 0) {
		for (i = 0; i < 1024; ++i)
			g_string_append(out,
					"0123456789abcdef0123456789abcdef"
					"0123456789abcdef0123456789abcdef");
		return true;
	}
	for (i = 0; i < G_N_ELEMENTS(known); ++i) {
		if (strcmp(known[i][0], name) != 0)
			continue;
		g_string_append(out, known[i][1]);
		*secretp = strcmp(name, "pin") == 0;
		return true;
	}

	return false;
}

static void check(const char *text, const char *expected)
{
	struct flow_expr expr = {.lookup = lookup};
	GString *out = g_string_new(NULL);

	assert_null(flow_expr_check(text));
	assert_int_equal(flow_expr_expand(&expr, text, out), 0);
	assert_string_equal(out->str, expected);
	assert_false(expr.secret);
	g_string_free(out, TRUE);
}

static void test_expands(void **state)
{
	check("", "");
	check("plain", "plain");
	check("${digits}", "12");
	check("a${digits}b${digits}", "a12b12");
	check("${a.b-c_d}", "deep");
	check("${unknown}", "");
	check("x${unknown}y", "xy");
}

static void test_defaults(void **state)
{
	check("${unknown:-text}", "text");
	check("${empty:-text}", "text");
	check("${digits:-text}", "12");
	check("${unknown:-}", "");
	check("${unknown:-a|b:-c ${x}", "a|b:-c ${x");
}

static void test_filters(void **state)
{
	check("${name|url}", "Bo%20%26%20Co");
	check("${name|ssml}", "Bo &amp; Co");
	check("${quote|ssml}", "&lt;&apos;&quot;&gt;");
	check("${unknown|url:-a b}", "a%20b");
	check("${digits|url}", "12");
}

static void test_values_are_not_expanded_again(void **state)
{
	check("${trick}", "${name}");
}

static void test_dollars(void **state)
{
	check("$", "$");
	check("$5 and $", "$5 and $");
	check("$${name}", "${name}");
	check("$$${digits}", "$${digits}");
	check("a$$b", "a$$b");
	check("{digits}", "{digits}");
}

static void test_what_is_wrong(void **state)
{
	static const char *const wrong[] = {
		"${",          "${}",        "${digits",        "${di gits}",
		"${:-x}",      "${digits|}", "${digits|upper}", "${digits:x}",
		"${.a}",       "x${a${b}}",  "${unknown:-",     "${digits|url",
		"${\xc3\xa6}",
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i) {
		struct flow_expr expr = {.lookup = lookup};
		GString *out = g_string_new(NULL);

		assert_non_null(flow_expr_check(wrong[i]));
		assert_int_equal(flow_expr_expand(&expr, wrong[i], out),
				 EINVAL);
		g_string_free(out, TRUE);
	}
}

static void test_secret_goes_with_the_value(void **state)
{
	struct flow_expr expr = {.lookup = lookup};
	GString *out = g_string_new(NULL);

	assert_int_equal(flow_expr_expand(&expr, "${digits}", out), 0);
	assert_false(expr.secret);
	assert_int_equal(flow_expr_expand(&expr, "is ${pin}", out), 0);
	assert_true(expr.secret);
	g_string_free(out, TRUE);
}

static void test_bounded(void **state)
{
	struct flow_expr expr = {.lookup = lookup};
	GString *out = g_string_new(NULL);
	json_t *in, *value = NULL;

	assert_int_equal(
		flow_expr_expand(&expr, "${big}${big}${big}${big}", out), 0);
	g_string_truncate(out, 0);
	assert_int_equal(
		flow_expr_expand(&expr, "${big}${big}${big}${big}x", out),
		EOVERFLOW);
	g_string_free(out, TRUE);

	/* all strings of a value together */
	memset(&expr, 0, sizeof(expr));
	expr.lookup = lookup;
	in = json_pack("{s:[s,s],s:{s:s,s:s},s:s}", "a", "${big}", "${big}",
		       "b", "x", "${big}", "y", "${big}", "c", "z");
	assert_int_equal(flow_expr_eval(&expr, in, &value), EOVERFLOW);
	assert_null(value);
	json_decref(in);
}

static void test_eval_keeps_the_shape(void **state)
{
	struct flow_expr expr = {.lookup = lookup};
	json_t *in = json_pack("{s:[s,i,b,n],s:{s:s}}", "list", "${digits}", 5,
			       1, "${digits}", "${digits}", "${name|url}");
	json_t *out = NULL;
	char *text;

	assert_int_equal(flow_expr_eval(&expr, in, &out), 0);
	text = json_text(out);
	assert_string_equal(text, "{\"list\":[\"12\",5,true,null],"
				  "\"${digits}\":{\"${digits}\":"
				  "\"Bo%20%26%20Co\"}}");
	free(text);
	json_decref(in);
	json_decref(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expands),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_values_are_not_expanded_again),
		cmocka_unit_test(test_dollars),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_secret_goes_with_the_value),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_eval_keeps_the_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
