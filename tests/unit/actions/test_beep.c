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

static void test_plays_and_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'beep'}]");
	assert_string_equal(fake.urls, "tone:1000/500");
	assert_int_equal(fake.loops, 1);
	assert_int_equal(fake.answers, 0); /* early media */
	flow_fake_played(&fake, 0);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_failure_is_an_error(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'beep'},{'type':'sleep','option':"
		     "{'duration_ms':5}}]");
	flow_fake_played(&fake, EIO);
	assert_string_equal(fake.error_code, "play_failed");
	assert_string_equal(fake.trace->str, "beep sleep");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'beep'}]");
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_played(&fake, ECANCELED); /* late */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plays_and_goes_on),
		cmocka_unit_test(test_failure_is_an_error),
		cmocka_unit_test(test_caller_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
