/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/api_errors.h"

static void test_rows(void **state)
{
	assert_string_equal(api_err_code(API_OK), "");
	assert_int_equal(api_err_status(API_OK), 200);
	assert_string_equal(api_err_code(API_ERR_flow_invalid), "flow_invalid");
	assert_int_equal(api_err_status(API_ERR_flow_invalid), 422);
	assert_string_equal(api_err_title(API_ERR_not_found), "Not found");
	/* out of range is our own fault */
	assert_int_equal(api_err_status((enum api_err)9999), 500);
}

static void test_every_code_is_found_again(void **state)
{
	unsigned i;

	for (i = API_OK + 1; i < API_NERRORS; ++i) {
		const enum api_err err = (enum api_err)i;

		assert_int_equal(api_err_by_code(api_err_code(err)), err);
		assert_in_range(api_err_status(err), 400, 599);
		assert_true(strlen(api_err_title(err)) > 3);
	}
	assert_int_equal(api_err_by_code("no_such"), API_ERR_internal);
	assert_int_equal(api_err_by_code(""), API_ERR_internal);
	assert_int_equal(api_err_by_code(NULL), API_ERR_internal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_code_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
