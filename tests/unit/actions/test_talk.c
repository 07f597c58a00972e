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

#define ONE(rest)                                                              \
	"[{'type':'talk','option':{'text':'Hello'" rest                        \
	"}},{'type':'sleep','option':{'duration_ms':10000}}]"

static void test_says_and_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	assert_string_equal(fake.said, "Hello|en-US||");
	assert_int_equal(fake.answers, 0); /* early media */
	flow_fake_pass(&fake, 60000);
	assert_string_equal(fake.trace->str, "talk");
	flow_fake_played(&fake, 0);
	assert_string_equal(fake.trace->str, "talk sleep");
	flow_fake_played(&fake, 0); /* late */
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_all_its_options(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'variable_set','option':{'key':'name',"
		     "'value':'Tom & Jerry'}},"
		     "{'type':'talk','option':{'text':"
		     "'<speak>${name|ssml}</speak>','language':'da-DK',"
		     "'voice_id':'slt','provider':'espeak-ng'}}]");
	assert_string_equal(fake.said,
			    "<speak>Tom &amp; Jerry</speak>|da-DK|slt|"
			    "espeak-ng");
	flow_fake_teardown(&fake);
}

static void test_digits_do_not_interrupt_by_default(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_fake_digits(&fake, "123");
	assert_int_equal(fake.stops, 0);
	assert_string_equal(fake.trace->str, "talk");
	flow_fake_teardown(&fake);
}

static void test_next_interrupts_and_keeps_the_digits(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake,
					 "[{'type':'talk','option':{'text':"
					 "'Hello','digits_handle':'next'}},"
					 "{'type':'dtmf_receive','option':"
					 "{'length':2}}]"),
			 0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "4");
	assert_int_equal(fake.stops, 1);
	flow_fake_played(&fake, ECANCELED);
	flow_fake_digits(&fake, "2");
	assert_string_equal(flow_fake_var(&fake, "digits"), "42");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_typed_ahead_is_not_talked_to(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':50}},"
		     "{'type':'talk','option':{'text':'Hello',"
		     "'digits_handle':'next'}}]");
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 50);
	assert_int_equal(fake.talks, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_async_goes_on_at_once(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(",'async':true"));
	assert_true(fake.async);
	assert_string_equal(fake.trace->str, "talk sleep");
	flow_fake_broke(&fake, "no_voice", "x"); /* nobody waits for it */
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_what_breaks_is_an_error(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_fake_broke(&fake, "no_voice", "flite does not speak xx");
	assert_string_equal(fake.error_code, "no_voice");
	assert_string_equal(fake.error_detail, "flite does not speak xx");
	assert_string_equal(flow_fake_var(&fake, "error.code"), "no_voice");
	assert_string_equal(fake.trace->str, "talk sleep");
	flow_fake_teardown(&fake);

	assert_int_equal(flow_fake_setup(&fake, ONE("")), 0);
	fake.play_err = EAGAIN;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "busy");
	flow_fake_teardown(&fake);
}

static void test_stopped_by_another_is_none(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_fake_played(&fake, ECANCELED);
	assert_int_equal(fake.errors, 0);
	assert_string_equal(fake.trace->str, "talk sleep");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_played(&fake, ECANCELED); /* late */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_an_empty_text_is_an_error(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'talk','option':{'text':'${nothing}'}}]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.talks, 0);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'talk'},"
		"{'type':'talk','option':{'text':''}},"
		"{'type':'talk','option':{'text':'x','language':'../etc',"
		"'voice_id':'a b','provider':'aws','digits_handle':'any'}}]");

	assert_non_null(strstr(faults, "/actions/0/option/text "));
	assert_non_null(strstr(faults, "/actions/1/option/text "));
	assert_non_null(strstr(faults, "/actions/2/option/language "));
	assert_non_null(strstr(faults, "/actions/2/option/voice_id "));
	assert_non_null(strstr(faults, "/actions/2/option/provider "));
	assert_non_null(strstr(faults, "/actions/2/option/digits_handle "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_and_goes_on),
		cmocka_unit_test(test_all_its_options),
		cmocka_unit_test(test_digits_do_not_interrupt_by_default),
		cmocka_unit_test(test_next_interrupts_and_keeps_the_digits),
		cmocka_unit_test(test_typed_ahead_is_not_talked_to),
		cmocka_unit_test(test_async_goes_on_at_once),
		cmocka_unit_test(test_what_breaks_is_an_error),
		cmocka_unit_test(test_stopped_by_another_is_none),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_an_empty_text_is_an_error),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
