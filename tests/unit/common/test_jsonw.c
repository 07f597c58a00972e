/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/json.h"
#include "common/jsonw.h"

static void assert_written(GString *out, const char *want)
{
	assert_string_equal(out->str, want);
	g_string_free(out, TRUE);
}

static void test_commas_are_put_between_members(void **state)
{
	GString *out = g_string_new(NULL);

	jsonw_open(out, NULL, '{');
	jsonw_str(out, "a", "x");
	jsonw_open(out, "empty", '{');
	jsonw_close(out, '}');
	jsonw_open(out, "list", '[');
	jsonw_int(out, NULL, 1);
	jsonw_str(out, NULL, "{");
	jsonw_open(out, NULL, '[');
	jsonw_close(out, ']');
	jsonw_null(out, NULL);
	jsonw_close(out, ']');
	jsonw_bool(out, "yes", true);
	jsonw_bool(out, "no", false);
	jsonw_close(out, '}');

	assert_written(out, "{\"a\":\"x\",\"empty\":{},"
			    "\"list\":[1,\"{\",[],null],"
			    "\"yes\":true,\"no\":false}");
}

static void test_numbers(void **state)
{
	GString *out = g_string_new(NULL);

	jsonw_open(out, NULL, '[');
	jsonw_int(out, NULL, 0);
	jsonw_int(out, NULL, -17);
	jsonw_int(out, NULL, INT64_MAX);
	jsonw_int(out, NULL, INT64_MIN);
	jsonw_fixed(out, NULL, 4.41, 2);
	jsonw_fixed(out, NULL, 0.00005, 4);
	jsonw_fixed(out, NULL, 0.02, 4);
	jsonw_fixed(out, NULL, 1.999, 2);
	jsonw_fixed(out, NULL, -1, 1);
	jsonw_close(out, ']');

	assert_written(out, "[0,-17,9223372036854775807,-9223372036854775808,"
			    "4.41,0.0001,0.0200,2.00,0.0]");
}

static void test_times_and_absent_values(void **state)
{
	GString *out = g_string_new(NULL);

	jsonw_open(out, NULL, '{');
	jsonw_time(out, "at", 1795446245678);
	jsonw_time(out, "never", 0);
	jsonw_str(out, "none", NULL);
	jsonw_text(out, "raw", "{\"x\":[1]}");
	jsonw_text(out, "raw0", NULL);
	jsonw_json(out, "tree0", NULL);
	jsonw_close(out, '}');

	assert_written(out, "{\"at\":\"2026-11-23T15:04:05.678Z\","
			    "\"never\":null,\"none\":null,"
			    "\"raw\":{\"x\":[1]},\"raw0\":null,"
			    "\"tree0\":null}");
}

/* Whatever a stranger sends is a JSON string, and the one jansson writes */
static void test_strings_are_those_of_jansson(void **state)
{
	static const char *const texts[] = {
		"",
		"plain text",
		"\"quoted\" \\ and / and \x7f",
		"\x01\x02\x1f\b\f\n\r\t",
		"\xc3\xa6\xc3\xb8\xc3\xa5 \xf0\x9f\x93\x9e \xe2\x80\xa8",
		"latin-1: \xe6\xf8\xe5, cut: \xe2\x80",
		"\"\xff\n",
		"surrogate \xed\xa0\x80 and overlong \xc0\xaf",
	};
	unsigned i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); ++i) {
		GString *out = g_string_new(NULL);
		json_t *tree = json_object();
		char *want;

		json_set_str(tree, "k", texts[i]);
		want = json_text(tree);
		jsonw_open(out, NULL, '{');
		jsonw_str(out, "k", texts[i]);
		jsonw_close(out, '}');
		assert_written(out, want);
		free(want);
		json_decref(tree);
	}
}

static void test_every_byte_survives(void **state)
{
	char text[] = "a?b";
	unsigned c;

	for (c = 1; c < 0x80; ++c) {
		GString *out = g_string_new(NULL);
		json_t *back;

		text[1] = (char)c;
		jsonw_str(out, NULL, text);
		back = json_loads(out->str, JSON_DECODE_ANY, NULL);
		assert_non_null(back);
		assert_string_equal(json_string_value(back), text);
		json_decref(back);
		g_string_free(out, TRUE);
	}
}

static void test_a_tree_among_members(void **state)
{
	GString *out = g_string_new("{\"a\":1");
	json_t *tree = json_pack("{s:[i,s], s:{}}", "list", 1, "x", "o");

	jsonw_json(out, "tree", tree);
	jsonw_json(out, "list", json_object_get(tree, "list"));
	jsonw_close(out, '}');
	json_decref(tree);

	assert_written(out, "{\"a\":1,\"tree\":{\"list\":[1,\"x\"],\"o\":{}},"
			    "\"list\":[1,\"x\"]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commas_are_put_between_members),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_times_and_absent_values),
		cmocka_unit_test(test_strings_are_those_of_jansson),
		cmocka_unit_test(test_every_byte_survives),
		cmocka_unit_test(test_a_tree_among_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
