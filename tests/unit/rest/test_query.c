/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Query strings */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "rest/query.h"

static enum api_err parse(const char *text, const char *want)
{
	struct opt_faults faults = {0};
	const char *why = NULL;
	json_t *query = NULL;
	enum api_err err;
	char *got;

	err = rest_query_parse(&query, text, &faults, &why);
	if (!err) {
		got = json_text(query);
		assert_string_equal(got, want);
		free(got);
		json_decref(query);
	} else {
		assert_null(query);
		assert_true((err == API_ERR_invalid) == (faults.list != NULL));
		assert_true((err == API_ERR_bad_request) == (why != NULL));
	}
	if (faults.list && want)
		assert_string_equal(
			json_str(json_array_get(faults.list, 0), "pointer", ""),
			want);
	json_decref(faults.list);

	return err;
}

static void test_parse(void **state)
{
	assert_int_equal(parse("", "{}"), API_OK);
	assert_int_equal(parse("a=1&b=", "{\"a\":\"1\",\"b\":\"\"}"), API_OK);
	assert_int_equal(parse("a", "{\"a\":\"\"}"), API_OK);
	assert_int_equal(parse("&&a=b=c&", "{\"a\":\"b=c\"}"), API_OK);
	assert_int_equal(parse("a+b=c+d%2B%26", "{\"a b\":\"c d+&\"}"), API_OK);
	assert_int_equal(parse("%c3%a6=1", "{\"\xc3\xa6\":\"1\"}"), API_OK);
}

static void test_twice(void **state)
{
	assert_int_equal(parse("a=1&a=1", "query/a"), API_ERR_invalid);
	assert_int_equal(parse("a%2fb=1&b=2&a/b=1", "query/a~1b"),
			 API_ERR_invalid);
}

static void test_broken(void **state)
{
	GString *many = g_string_new("a=1");
	unsigned i;

	assert_int_equal(parse("a=%", NULL), API_ERR_bad_request);
	assert_int_equal(parse("a=%4", NULL), API_ERR_bad_request);
	assert_int_equal(parse("%gg=1", NULL), API_ERR_bad_request);
	assert_int_equal(parse("a=%00", NULL), API_ERR_bad_request);
	assert_int_equal(parse("a=%80", NULL), API_ERR_bad_request);
	assert_int_equal(parse("a=\x01", NULL), API_ERR_bad_request);

	for (i = 0; i < REST_MAX_QUERY; ++i)
		g_string_append_printf(many, "&b%u=1", i);
	assert_int_equal(parse(many->str, NULL), API_ERR_bad_request);
	g_string_free(many, TRUE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
