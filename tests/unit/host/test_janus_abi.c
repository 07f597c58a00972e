/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "host/janus_abi.h"

static void test_each_api_fits_its_versions(void **state)
{
	static const struct {
		int version, plugin_api;
	} rows[] = {
		{1100, 101}, {1101, 102}, {1102, 102}, {1200, 102}, {1201, 103},
		{1202, 104}, {1203, 105}, {1300, 105}, {1301, 106}, {1402, 106},
	};
	char why[256];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
		assert_int_equal(
			janus_abi_check(rows[i].version, JANUS_ABI_PLUGIN,
					rows[i].plugin_api, why, sizeof(why)),
			0);
		assert_int_equal(janus_abi_check(rows[i].version,
						 JANUS_ABI_PLUGIN,
						 rows[i].plugin_api + 1, why,
						 sizeof(why)),
				 EPROTO);
	}
}

static void test_the_refusal_says_why(void **state)
{
	char why[256] = "";

	assert_int_equal(
		janus_abi_check(1102, JANUS_ABI_PLUGIN, 106, why, sizeof(why)),
		EPROTO);
	assert_non_null(strstr(why, "plugin API 106"));
	assert_non_null(strstr(why, "1.1.2 has plugin API 102"));
	assert_non_null(strstr(why, "build the module against"));
}

static void test_transport_and_handler_stay(void **state)
{
	char why[256];

	assert_int_equal(
		janus_abi_check(1102, JANUS_ABI_TRANSPORT, 8, why, sizeof(why)),
		0);
	assert_int_equal(janus_abi_check(1402, JANUS_ABI_EVENTHANDLER, 3, why,
					 sizeof(why)),
			 0);
	assert_int_equal(janus_abi_check(1402, JANUS_ABI_EVENTHANDLER, 4, why,
					 sizeof(why)),
			 EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_api_fits_its_versions),
		cmocka_unit_test(test_the_refusal_says_why),
		cmocka_unit_test(test_transport_and_handler_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
