/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

/* A flow that has started; the document with ' for " */
static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

static void test_ends_the_flow(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'stop'},{'type':'beep'}]");
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	assert_int_equal(fake.plays, 0);
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_the_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
