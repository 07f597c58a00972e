/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Method and path to a route */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "rest/router.h"

static struct rest_match m;

static enum api_err find(const char *method, const char *path)
{
	return rest_route_find(&m, method, path);
}

static void test_every_route_is_found(void **state)
{
	size_t i;

	for (i = 0; i < rest_route_count(); ++i) {
		const struct rest_route *route = rest_route_at(i);
		char **parts = g_strsplit(route->path, "/", 0), **part;
		unsigned ncaptures = 0;
		char *path;

		for (part = parts; *part; ++part) {
			if (**part != '{')
				continue;
			g_free(*part);
			*part = g_strdup("0190-x");
			++ncaptures;
		}
		path = g_strjoinv("/", parts);

		assert_int_equal(find(rest_method_name(route->method), path),
				 API_OK);
		assert_ptr_equal(m.route, route);
		assert_int_equal(rest_route_index(m.route), i);
		assert_int_equal(m.ncaptures, ncaptures);
		g_free(path);
		g_strfreev(parts);
	}
}

static void test_captures(void **state)
{
	assert_int_equal(find("POST", "/v1/calls/%7Eab/hangup"), API_OK);
	assert_string_equal(m.route->verb, "calls.hangup");
	assert_string_equal(m.captures[0].name, "id");
	assert_string_equal(m.captures[0].value, "~ab");

	assert_int_equal(find("GET", "/v1/webhooks/a/deliveries/b"), API_OK);
	assert_string_equal(m.route->verb, "deliveries.get");
	assert_int_equal(m.ncaptures, 2);
	assert_string_equal(m.captures[0].name, "id");
	assert_string_equal(m.captures[0].value, "a");
	assert_string_equal(m.captures[1].name, "delivery_id");
	assert_string_equal(m.captures[1].value, "b");
}

static void test_literal_before_capture(void **state)
{
	assert_int_equal(find("POST", "/v1/flows/validate"), API_OK);
	assert_string_equal(m.route->verb, "flows.validate");
	assert_int_equal(find("PATCH", "/v1/flows/validate"),
			 API_ERR_method_not_allowed);
	assert_int_equal(m.allow, 1u << REST_POST);
}

static void test_head_and_options(void **state)
{
	char allow[64];

	assert_int_equal(find("HEAD", "/v1/flows"), API_OK);
	assert_true(m.head);
	assert_int_equal(m.route->method, REST_GET);
	assert_int_equal(find("OPTIONS", "/v1/flows"), API_OK);
	assert_true(m.options);
	rest_route_allow(allow, sizeof(allow), m.allow);
	assert_string_equal(allow, "GET, HEAD, POST, OPTIONS");
	assert_int_equal(find("get", "/v1/flows"), API_ERR_method_not_allowed);
	assert_int_equal(find("", "/v1/flows"), API_ERR_method_not_allowed);
}

static void test_odd_paths(void **state)
{
	char *longest = g_strnfill(REST_MAX_SEGMENT, 'x');
	char *path = g_strconcat("/v1/flows/", longest, NULL);

	assert_int_equal(find("GET", path), API_OK);
	g_free(path);
	path = g_strconcat("/v1/flows/x", longest, NULL);
	assert_int_equal(find("GET", path), API_ERR_not_found);
	g_free(path);
	g_free(longest);

	assert_int_equal(find("GET", ""), API_ERR_not_found);
	assert_int_equal(find("GET", "v1/flows"), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1/flows/"), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1//flows"), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1/./flows"), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1%2fflows"), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1/flows/."), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1/flows/..%2f..%2fx"),
			 API_ERR_not_found);
	assert_int_equal(find("GET", "/v1/flows/%5c"), API_ERR_not_found);
	assert_int_equal(find("GET", "/v1/flows/%"), API_ERR_bad_request);
	assert_int_equal(find("GET", "/v1/flows/%4"), API_ERR_bad_request);
	assert_int_equal(find("GET", "/v1/flows/%0d"), API_ERR_bad_request);
	assert_int_equal(find("GET", "/v1/flows/%c3%28"), API_ERR_bad_request);
	assert_int_equal(find("GET", "/a/b/c/d/e/f/g/h/i/j"),
			 API_ERR_not_found);
	assert_int_equal(find("GET", "/"), API_OK);
	assert_int_equal(m.route->page, REST_PAGE_HOME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_route_is_found),
		cmocka_unit_test(test_captures),
		cmocka_unit_test(test_literal_before_capture),
		cmocka_unit_test(test_head_and_options),
		cmocka_unit_test(test_odd_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
