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

static void test_sends_and_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'answer'},{'type':'digits_send','option':"
		     "{'digits':'1w2#','duration':100}}]");
	flow_fake_answered(&fake);
	assert_string_equal(fake.digits, "1w2#");
	assert_int_equal(fake.digit_ms, 100);
	assert_int_equal(fake.ends, 0);
	flow_fake_played(&fake, 0);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_answers_by_itself(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'dtmf_send','option':{'digits':'1'}}]");
	assert_int_equal(fake.answers, 1);
	assert_string_equal(fake.digits, "");
	flow_fake_answered(&fake);
	assert_string_equal(fake.digits, "1");
	flow_fake_teardown(&fake);
}

static void test_failure_is_an_error(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'answer'},{'type':'dtmf_send','option':"
		     "{'digits':'1'}},{'type':'sleep','option':"
		     "{'duration_ms':5}}]");
	flow_fake_answered(&fake);
	flow_fake_played(&fake, EIO);
	assert_string_equal(fake.error_code, "send_failed");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'answer'},{'type':'dtmf_send','option':"
		     "{'digits':'1'}}]");
	flow_fake_answered(&fake);
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	flow_fake_played(&fake, ECANCELED); /* late */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_wrong_digits_are_refused(void **state)
{
	char *faults = flow_fake_faults("[{'type':'dtmf_send','option':"
					"{'digits':'12x'}}]");

	assert_string_equal(faults, "/actions/0/option/digits must be made of "
				    "0-9, A-D, *, # and w (a pause of 500 "
				    "ms)\n");
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sends_and_goes_on),
		cmocka_unit_test(test_answers_by_itself),
		cmocka_unit_test(test_failure_is_an_error),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_wrong_digits_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
