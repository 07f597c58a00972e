/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/header_map.h"
#include "common/json.h"

static size_t faults_of(json_t *map, enum header_kind kind, char **firstp)
{
	struct opt_faults faults = {0};
	const json_t *first;
	size_t n;

	header_map_check(map, kind, "/headers", &faults);
	n = json_array_size(faults.list);
	first = json_array_get(faults.list, 0);
	if (firstp)
		*firstp =
			g_strdup_printf("%s %s", json_str(first, "pointer", ""),
					json_str(first, "message", ""));
	json_decref(faults.list);
	json_decref(map);

	return n;
}

static size_t one(enum header_kind kind, const char *name, const char *value)
{
	return faults_of(json_pack("{s:s}", name, value), kind, NULL);
}

static void test_http(void **state)
{
	(void)state;
	assert_int_equal(one(HEADER_HTTP, "Authorization", "Bearer x"), 0);
	assert_int_equal(one(HEADER_HTTP, "X-Any_thing.1", ""), 0);
	assert_int_equal(one(HEADER_HTTP, "X-A", "${value}"), 0);
	assert_int_equal(one(HEADER_HTTP, "host", "evil.test"), 1);
	assert_int_equal(one(HEADER_HTTP, "Content-Length", "0"), 1);
	assert_int_equal(one(HEADER_HTTP, "TRANSFER-ENCODING", "chunked"), 1);
	assert_int_equal(one(HEADER_HTTP, "Webhook-Signature", "v1,x"), 1);
	assert_int_equal(one(HEADER_HTTP, "", "x"), 1);
	assert_int_equal(one(HEADER_HTTP, "A b", "x"), 1);
	assert_int_equal(one(HEADER_HTTP, "A:", "x"), 1);
	assert_int_equal(one(HEADER_HTTP, "X-A", "a\r\nHost: b"), 1);
}

static void test_sip(void **state)
{
	char *first;

	(void)state;
	assert_int_equal(one(HEADER_SIP, "X-Customer", "42"), 0);
	assert_int_equal(one(HEADER_SIP, "x-customer", "42"), 0);
	assert_int_equal(one(HEADER_SIP, "X-", "42"), 1);
	assert_int_equal(one(HEADER_SIP, "Via", "SIP/2.0/UDP a.test"), 1);
	assert_int_equal(faults_of(json_pack("{s:s}", "Route", "<sip:a>"),
				   HEADER_SIP, &first),
			 1);
	assert_string_equal(first, "/headers/Route must begin with X-");
	g_free(first);
}

static void test_sizes(void **state)
{
	char text[HEADER_VALUE_MAX + 2] = {0}, name[HEADER_NAME_MAX + 2] = {0};
	json_t *map = json_object();
	int i;

	(void)state;
	memset(text, 'x', HEADER_VALUE_MAX + 1);
	assert_int_equal(one(HEADER_HTTP, "X-A", text), 1);
	assert_int_equal(one(HEADER_HTTP, "X-A", text + 1), 0);
	memset(name, 'x', HEADER_NAME_MAX + 1);
	assert_int_equal(one(HEADER_HTTP, name, ""), 1);
	assert_int_equal(one(HEADER_HTTP, name + 1, ""), 0);

	for (i = 0; i <= HEADER_MAP_MAX; ++i) {
		g_snprintf(name, sizeof(name), "X-%d", i);
		json_object_set_new(map, name, json_string(""));
	}
	assert_int_equal(faults_of(map, HEADER_HTTP, NULL), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_sip),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
