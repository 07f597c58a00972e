/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

/* The same on an answered call */
static void start_answered(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	fake->answered = true;
	flow_fake_start(fake);
}

static void test_for_a_while(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, "[{'type':'echo','option':"
			      "{'duration_ms':5000}}]");
	assert_true(fake.echo);
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 4999);
	assert_true(fake.echo);
	flow_fake_pass(&fake, 1);
	assert_false(fake.echo);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_three_minutes_by_default(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, "[{'type':'stream_echo'}]");
	assert_int_equal(fake.due_ms, 180000);
	flow_fake_teardown(&fake);
}

static void test_answers_by_itself(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'echo'}]"), 0);
	flow_fake_start(&fake);
	assert_int_equal(fake.answers, 1);
	assert_int_equal(fake.echos, 0);
	flow_fake_answered(&fake);
	assert_true(fake.echo);
	flow_fake_answered(&fake); /* again: nothing */
	assert_int_equal(fake.echos, 1);
	flow_fake_teardown(&fake);
}

static void test_no_answer_no_echo(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'echo'}]"), 0);
	flow_fake_start(&fake);
	flow_fake_answer_failed(&fake, EPROTO);
	assert_string_equal(fake.error_code, "answer_failed");
	assert_int_equal(fake.echos, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_failure_is_an_error(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'echo'}]"), 0);
	fake.answered = true;
	fake.echo_err = ENOTCONN;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "echo_failed");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, "[{'type':'echo'}]");
	flow_run_cancel(fake.run);
	assert_false(fake.echo);
	assert_int_equal(fake.due_ms, -1);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);

	/* before the answer there is nothing to turn off */
	assert_int_equal(flow_fake_setup(&fake, "[{'type':'echo'}]"), 0);
	flow_fake_start(&fake);
	flow_run_cancel(fake.run);
	flow_fake_answered(&fake);
	assert_int_equal(fake.echos, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_for_a_while),
		cmocka_unit_test(test_three_minutes_by_default),
		cmocka_unit_test(test_answers_by_itself),
		cmocka_unit_test(test_no_answer_no_echo),
		cmocka_unit_test(test_failure_is_an_error),
		cmocka_unit_test(test_caller_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
