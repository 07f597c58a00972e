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

static void test_waits_for_the_answer(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'answer'},{'type':'hangup'}]");
	assert_int_equal(fake.answers, 1);
	assert_string_equal(fake.trace->str, "answer");
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 0);

	flow_fake_answered(&fake);
	assert_string_equal(fake.trace->str, "answer hangup");
	assert_int_equal(fake.ends, 1);
	flow_fake_answered(&fake); /* late */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_answered_already(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'answer'}]"), 0);
	fake.answered = true;
	flow_fake_start(&fake);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	flow_fake_teardown(&fake);
}

static void test_failure_is_an_error(void **state)
{
	struct flow_fake fake;

	start(&fake,
	      "[{'type':'answer','error_id':'e'},{'type':'answer'},"
	      "{'id':'e','type':'hangup','option':{'reason':'failed'}}]");
	flow_fake_answer_failed(&fake, EPROTO);
	assert_string_equal(fake.trace->str, "answer hangup");
	assert_string_equal(fake.error_code, "answer_failed");
	assert_string_equal(flow_fake_var(&fake, "error.code"),
			    "answer_failed");
	assert_string_equal(fake.end_reason, "failed");
	flow_fake_teardown(&fake);
}

static void test_refusal_at_once_is_an_error(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'answer'}]"), 0);
	fake.answer_err = EPROTO;
	flow_fake_start(&fake);
	assert_int_equal(fake.errors, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'answer'},{'type':'echo'}]");
	flow_run_cancel(fake.run);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_CANCELED);
	flow_fake_answered(&fake); /* late */
	assert_string_equal(fake.trace->str, "answer");
	assert_int_equal(fake.echos, 0);
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_the_answer),
		cmocka_unit_test(test_answered_already),
		cmocka_unit_test(test_failure_is_an_error),
		cmocka_unit_test(test_refusal_at_once_is_an_error),
		cmocka_unit_test(test_caller_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
