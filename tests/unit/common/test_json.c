/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	char why[200] = "";

	if (json_parse(&j, text, strlen(text), why, sizeof(why)))
		fail_msg("%s: %s", text, why);

	return j;
}

static void assert_text(json_t *j, const char *want)
{
	char *text = json_text(j);

	assert_string_equal(text, want);
	free(text);
	json_decref(j);
}

static void test_parses_whole_texts(void **state)
{
	assert_text(parse("{\"b\": 1, \"a\": [true, null]}"),
		    "{\"b\":1,\"a\":[true,null]}");
	assert_text(parse("\"\xc3\xa6\""), "\"\xc3\xa6\"");
	assert_text(parse(" 7 "), "7");
	assert_text(parse("\xef\xbb\xbf {}"), "{}"); /* a byte order mark */
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t len; /**< 0 = strlen() */
		const char *why;
	} rows[] = {
		{"", 0, "line 1, column 1: the text is empty"},
		{"\xef\xbb\xbf", 0, "line 1, column 1: the text is empty"},
		{"\xef\xbb\xbf\xef\xbb\xbf{}", 0, "line 1, column 1: "},
		{"{\"a\":1,\"a\":2}", 0, "duplicate object key"},
		{"{\"a\":1} x", 0, "end of file expected"},
		{"{\n  \"a\": tru\n}", 0, "line 2, column "},
		{"{\"a\":\"b\0c\"}", 11, "line 1, column "},
		{"{\"a\":\"\\u0000\"}", 0, "line 1, column "},
		{"{\"\\u0000\":1}", 0, "line 1, column "},
		{"[1]\0", 4, "line 1, column "},
		{"\"\xff\"", 0, "line 1, column "},
		{"\"\\ud800\"", 0, "line 1, column "},
		{"[1e999]", 0, "line 1, column "},
		{"[99999999999999999999]", 0, "line 1, column "},
		{"[01]", 0, "line 1, column "},
		{"[NaN]", 0, "line 1, column "},
		{"{'a':1}", 0, "line 1, column "},
		{"[1,]", 0, "line 1, column "},
		{"// x\n1", 0, "line 1, column "},
	};
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		const char *text = rows[i].text;
		char why[200] = "";
		json_t *j = NULL;

		assert_int_equal(
			json_parse(&j, text,
				   rows[i].len ? rows[i].len : strlen(text),
				   why, sizeof(why)),
			EINVAL);
		assert_null(j);
		if (!strstr(why, rows[i].why))
			fail_msg("%s: %s", text, why);
		assert_true(g_utf8_validate(why, -1, NULL));
	}
	assert_int_equal(json_parse(NULL, "1", 1, NULL, 0), EINVAL);
}

static char *nested(int depth, const char *open, const char *core,
		    const char *close)
{
	GString *text = g_string_new(NULL);
	int i;

	for (i = 0; i < depth; ++i)
		g_string_append(text, open);
	g_string_append(text, core);
	for (i = 0; i < depth; ++i)
		g_string_append(text, close);

	return g_string_free(text, FALSE);
}

static void test_counts_the_depth(void **state)
{
	char *ok = nested(64, "[", "1", "]");
	char *deep = nested(65, "{\"a\":", "1", "}");
	char *bomb = nested(100000, "[", "", "");
	char why[100];
	json_t *j = NULL;

	json_decref(parse(ok));
	assert_int_equal(json_parse(&j, deep, strlen(deep), why, sizeof(why)),
			 EINVAL);
	assert_string_equal(why, "line 1, column 321: nested deeper than 64");
	assert_int_equal(json_parse(&j, bomb, strlen(bomb), why, sizeof(why)),
			 EINVAL);
	assert_string_equal(why, "line 1, column 65: nested deeper than 64");
	g_free(ok);
	g_free(deep);
	g_free(bomb);

	/* brackets in a string do not count */
	ok = nested(200, "[", "", "]");
	deep = g_strdup_printf("[\"\\\"%s\"]", ok);
	json_decref(parse(deep));
	g_free(ok);
	g_free(deep);
}

static void test_members_have_defaults(void **state)
{
	json_t *j = parse("{\"s\":\"x\",\"i\":5,\"b\":true,\"n\":null}");

	assert_string_equal(json_str(j, "s", "d"), "x");
	assert_string_equal(json_str(j, "i", "d"), "d");
	assert_string_equal(json_str(j, "n", "d"), "d");
	assert_null(json_str(j, "none", NULL));
	assert_null(json_str(NULL, "s", NULL));
	assert_int_equal(json_int(j, "i", 7), 5);
	assert_int_equal(json_int(j, "s", 7), 7);
	assert_int_equal(json_int(j, "none", 7), 7);
	assert_true(json_flag(j, "b", false));
	assert_true(json_flag(j, "i", true));
	assert_false(json_flag(NULL, "b", false));
	json_decref(j);
}

/* RFC 7396 appendix A */
static void test_merge_patch(void **state)
{
	static const struct {
		const char *target, *patch, *result;
	} rows[] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		 "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
		{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
		{"{\"a\":\"foo\"}", "null", "null"},
		{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}",
		 "{\"a\":{\"bb\":{}}}"},
	};
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		json_t *target = parse(rows[i].target);
		json_t *patch = parse(rows[i].patch);

		assert_text(json_merge_patch(target, patch), rows[i].result);
		assert_text(target, rows[i].target);
		assert_text(patch, rows[i].patch);
	}
}

static void test_setters(void **state)
{
	json_t *j = json_object();

	json_set_str(j, "a", "x");
	json_set_str(j, "b", NULL);
	json_set_str(j, "c", "K\xf8ge"); /* Latin-1 */
	json_set_time(j, "d", 0);
	json_set_time(j, "e", 1000);
	assert_text(j, "{\"a\":\"x\",\"b\":null,\"c\":\"K\xef\xbf\xbdge\","
		       "\"d\":null,\"e\":\"1970-01-01T00:00:01.000Z\"}");
	assert_text(NULL, "null");
}

static void test_pointer(void **state)
{
	char ptr[16] = "";

	json_pointer_add(ptr, sizeof(ptr), "a");
	json_pointer_add(ptr, sizeof(ptr), "m~n/o");
	assert_string_equal(ptr, "/a/m~0n~1o");
	json_pointer_add(ptr, sizeof(ptr), "123\xc3\xa6");
	assert_string_equal(ptr, "/a/m~0n~1o/123"); /* no half character */
	json_pointer_add(ptr, sizeof(ptr), "x");
	assert_string_equal(ptr, "/a/m~0n~1o/123/");
	json_pointer_add(ptr, sizeof(ptr), "x");
	assert_string_equal(ptr, "/a/m~0n~1o/123/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parses_whole_texts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_counts_the_depth),
		cmocka_unit_test(test_members_have_defaults),
		cmocka_unit_test(test_merge_patch),
		cmocka_unit_test(test_setters),
		cmocka_unit_test(test_pointer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
