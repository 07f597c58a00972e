/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "support/call_fake.h"

static void test_names(void **state)
{
	enum hangup_reason reason;
	unsigned i;

	for (i = 0; i < HANGUP_NREASONS; ++i) {
		const char *name = hangup_reason_name((enum hangup_reason)i);

		assert_int_equal(hangup_reason_by_name(name, &reason), 0);
		assert_int_equal(reason, i);
	}
	assert_int_equal(hangup_reason_by_name("bored", &reason), EINVAL);
	assert_int_equal(hangup_reason_by_name(NULL, &reason), EINVAL);
	assert_string_equal(hangup_reason_name(HANGUP_NREASONS), "failed");
	assert_string_equal(hangup_by_name(HANGUP_BY_REMOTE), "remote");
	assert_string_equal(hangup_by_name(HANGUP_BY_LOCAL), "local");
	assert_string_equal(hangup_by_name(HANGUP_BY_SYSTEM), "system");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
