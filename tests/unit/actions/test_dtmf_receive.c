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

#define ONE(option) "[{'type':'dtmf_receive','option':" option "}]"
#define PROMPT "'prompt':{'stream_urls':['tone:800/200']}"

static void check(const struct flow_fake *fake, const char *digits,
		  const char *key, const char *reason)
{
	assert_string_equal(flow_fake_var(fake, "digits"), digits);
	assert_string_equal(flow_fake_var(fake, "digits.key"), key);
	assert_string_equal(flow_fake_var(fake, "digits.reason"), reason);
	assert_int_equal(fake->ends, 1);
	assert_int_equal(fake->errors, 0);
}

static void test_ends_at_length(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'length':3}"));
	flow_fake_digits(&fake, "12");
	assert_int_equal(fake.ends, 0);
	flow_fake_digits(&fake, "3");
	check(&fake, "123", "", "length");
	flow_fake_digits(&fake, "4"); /* late */
	check(&fake, "123", "", "length");
	flow_fake_teardown(&fake);
}

static void test_ends_at_a_key_that_is_not_kept(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'key':'#*'}"));
	flow_fake_digits(&fake, "42*");
	check(&fake, "42", "*", "key");
	flow_fake_teardown(&fake);
}

static void test_no_key(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'key':'','length':2}"));
	flow_fake_digits(&fake, "#*");
	check(&fake, "#*", "", "length");
	flow_fake_teardown(&fake);
}

static void test_nobody_types(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{}"));
	flow_fake_pass(&fake, 9999);
	assert_int_equal(fake.ends, 0);
	flow_fake_pass(&fake, 1);
	check(&fake, "", "", "timeout");
	flow_fake_teardown(&fake);
}

static void test_time_between_digits(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{}"));
	flow_fake_pass(&fake, 4000); /* more than between two, as the first */
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 2999);
	assert_int_equal(fake.ends, 0);
	flow_fake_digits(&fake, "2");
	flow_fake_pass(&fake, 2999);
	assert_int_equal(fake.ends, 0);
	flow_fake_pass(&fake, 1); /* 9,999 in all */
	check(&fake, "12", "", "timeout");
	flow_fake_teardown(&fake);
}

static void test_time_in_all(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'duration_ms':1000}"));
	flow_fake_pass(&fake, 900);
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 100);
	check(&fake, "1", "", "timeout");
	flow_fake_teardown(&fake);
}

static void test_no_limits(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'duration_ms':0,'inter_digit_ms':0}"));
	assert_int_equal(fake.due_ms, -1);
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 3600000);
	assert_int_equal(fake.ends, 0);
	flow_fake_digits(&fake, "#");
	check(&fake, "1", "#", "key");
	flow_fake_teardown(&fake);
}

static void test_sixty_four_digits_end_it(void **state)
{
	struct flow_fake fake;
	char digits[81];

	memset(digits, '7', 80);
	digits[80] = '\0';
	start_answered(&fake, ONE("{}"));
	flow_fake_digits(&fake, digits);
	assert_int_equal(strlen(flow_fake_var(&fake, "digits")), 64);
	assert_string_equal(flow_fake_var(&fake, "digits.reason"), "length");
	flow_fake_teardown(&fake);
}

static void test_answers_by_itself(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, ONE("{'length':1}")), 0);
	flow_fake_start(&fake);
	assert_int_equal(fake.answers, 1);
	assert_int_equal(fake.due_ms, -1);
	flow_fake_digits(&fake, "5"); /* by INFO, before the ACK */
	assert_int_equal(fake.ends, 0);
	flow_fake_answered(&fake);
	check(&fake, "5", "", "length");
	flow_fake_teardown(&fake);
}

static void test_time_begins_at_the_end_of_the_prompt(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{" PROMPT "}"));
	assert_string_equal(fake.urls, "tone:800/200");
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 0);
	flow_fake_played(&fake, 0);
	flow_fake_pass(&fake, 9999);
	assert_int_equal(fake.ends, 0);
	flow_fake_pass(&fake, 1);
	check(&fake, "", "", "timeout");
	flow_fake_teardown(&fake);
}

static void test_first_digit_stops_the_prompt(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'length':2," PROMPT "}"));
	flow_fake_pass(&fake, 500);
	flow_fake_digits(&fake, "1");
	assert_int_equal(fake.stops, 1);
	flow_fake_played(&fake, ECANCELED); /* ignored */
	flow_fake_pass(&fake, 2000);
	flow_fake_digits(&fake, "2");
	assert_int_equal(fake.stops, 1);
	check(&fake, "12", "", "length");
	flow_fake_teardown(&fake);
}

static void test_prompt_that_breaks(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{" PROMPT "}"));
	flow_fake_played(&fake, EIO);
	assert_string_equal(fake.error_code, "play_failed");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_prompt_that_is_said(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'length':1,'prompt':{'text':'Press one.',"
				  "'language':'da-DK','voice_id':'slt',"
				  "'provider':'espeak-ng'}}"));
	assert_string_equal(fake.said, "Press one.|da-DK|slt|espeak-ng");
	assert_int_equal(fake.plays, 0);
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 0); /* its time has not begun */
	flow_fake_digits(&fake, "1");
	assert_int_equal(fake.stops, 1);
	check(&fake, "1", "", "length");
	flow_fake_teardown(&fake);

	start_answered(&fake, ONE("{'prompt':{'text':'Press one.'}}"));
	assert_string_equal(fake.said, "Press one.|||");
	flow_fake_broke(&fake, "no_voice", "none");
	assert_string_equal(fake.error_code, "no_voice");
	flow_fake_teardown(&fake);
}

static void test_prompt_is_one_or_the_other(void **state)
{
	static const char *const wrong[] = {
		ONE("{'prompt':{}}"),
		ONE("{'prompt':{'language':'en-US'}}"),
		ONE("{'prompt':{'text':'x','stream_urls':['tone:800']}}"),
		ONE("{'prompt':{'text':'x','gain_db':3}}"),
		ONE("{'prompt':{'stream_urls':['tone:800'],'voice_id':'x'}}"),
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i) {
		char *faults = flow_fake_faults(wrong[i]);

		assert_non_null(strstr(faults, "/actions/0/option/prompt "));
		g_free(faults);
	}
}

static void test_prompt_stopped_by_another(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{'length':1," PROMPT "}"));
	flow_fake_played(&fake, ECANCELED);
	assert_int_equal(fake.errors, 0);
	flow_fake_digits(&fake, "8");
	check(&fake, "8", "", "length");
	flow_fake_teardown(&fake);
}

static void test_type_ahead(void **state)
{
	struct flow_fake fake;

	start_answered(&fake,
		       "[{'type':'sleep','option':{'duration_ms':100}},"
		       "{'type':'dtmf_receive','option':{'length':1}},"
		       "{'type':'variable_set','option':{'key':'menu',"
		       "'value':'${digits}'}},"
		       "{'type':'dtmf_receive','option':{'length':2," PROMPT
		       "}}]");
	flow_fake_digits(&fake, "142");
	flow_fake_pass(&fake, 100);
	assert_string_equal(flow_fake_var(&fake, "menu"), "1");
	assert_int_equal(fake.plays, 0); /* the prompt is for who waits */
	check(&fake, "42", "", "length");
	flow_fake_teardown(&fake);
}

static void test_clear(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, "[{'type':'sleep','option':{'duration_ms':100}},"
			      "{'type':'dtmf_receive','option':{'length':1,"
			      "'clear':true," PROMPT "}}]");
	flow_fake_digits(&fake, "9");
	flow_fake_pass(&fake, 100);
	assert_int_equal(fake.plays, 1);
	flow_fake_digits(&fake, "3");
	check(&fake, "3", "", "length");
	flow_fake_teardown(&fake);
}

static void test_sensitive_digits_are_masked(void **state)
{
	struct flow_fake fake;
	json_t *shown;

	start_answered(&fake, "[{'type':'dtmf_receive','option':{'length':4,"
			      "'sensitive':true}},"
			      "{'type':'variable_set','option':{'key':'copy',"
			      "'value':'pin ${digits}'}},"
			      "{'type':'sleep','option':{'duration_ms':1}}]");
	assert_true(flow_run_is_secret(fake.run));
	flow_fake_digits(&fake, "1234");
	assert_string_equal(flow_fake_var(&fake, "copy"), "pin 1234");

	shown = flow_vars_json(fake.vars, 65536, NULL);
	assert_string_equal(json_string_value(json_object_get(shown, "digits")),
			    "****");
	assert_string_equal(json_string_value(json_object_get(shown, "copy")),
			    "****");
	assert_string_equal(
		json_string_value(json_object_get(shown, "digits.reason")),
		"length");
	json_decref(shown);
	flow_fake_teardown(&fake);
}

static void test_digits_typed_before_a_sensitive_one(void **state)
{
	struct flow_fake fake;

	start_answered(&fake,
		       "[{'type':'dtmf_receive','option':{'length':1}},"
		       "{'type':'sleep','option':{'duration_ms':100}},"
		       "{'type':'dtmf_receive','option':{'sensitive':true}}]");
	assert_false(flow_run_is_secret(fake.run));
	flow_fake_digits(&fake, "1");
	assert_true(flow_run_is_secret(fake.run)); /* may be of the PIN */
	flow_fake_teardown(&fake);
}

static void test_options_of_variables(void **state)
{
	struct flow_fake fake;

	start_answered(&fake,
		       "[{'type':'variable_set','option':{'key':'n',"
		       "'value':'2'}},"
		       "{'type':'dtmf_receive','option':{'length':'${n}',"
		       "'sensitive':'${s:-true}'}}]");
	flow_fake_digits(&fake, "77");
	check(&fake, "77", "", "length");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, ONE("{" PROMPT "}"));
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_digits(&fake, "1"); /* late */
	flow_fake_played(&fake, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);

	start_answered(&fake, ONE("{}"));
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 0);
	assert_int_equal(fake.due_ms, -1);
	flow_fake_teardown(&fake);
}

static void test_aliases_of_voipbin(void **state)
{
	struct flow_fake fake;

	start_answered(&fake, "[{'type':'digits_receive','option':"
			      "{'duration':500}}]");
	assert_string_equal(fake.trace->str, "dtmf_receive");
	flow_fake_pass(&fake, 500);
	check(&fake, "", "", "timeout");
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		ONE("{'key':'12x','length':65,'prompt':{'stream_urls':"
		    "['ftp://a.test/']}}"));

	assert_non_null(strstr(faults, "/actions/0/option/key "));
	assert_non_null(strstr(faults, "/actions/0/option/length "));
	assert_non_null(
		strstr(faults, "/actions/0/option/prompt/stream_urls/0 "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ends_at_length),
		cmocka_unit_test(test_ends_at_a_key_that_is_not_kept),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_nobody_types),
		cmocka_unit_test(test_time_between_digits),
		cmocka_unit_test(test_time_in_all),
		cmocka_unit_test(test_no_limits),
		cmocka_unit_test(test_sixty_four_digits_end_it),
		cmocka_unit_test(test_answers_by_itself),
		cmocka_unit_test(test_time_begins_at_the_end_of_the_prompt),
		cmocka_unit_test(test_first_digit_stops_the_prompt),
		cmocka_unit_test(test_prompt_that_breaks),
		cmocka_unit_test(test_prompt_that_is_said),
		cmocka_unit_test(test_prompt_is_one_or_the_other),
		cmocka_unit_test(test_prompt_stopped_by_another),
		cmocka_unit_test(test_type_ahead),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_sensitive_digits_are_masked),
		cmocka_unit_test(test_digits_typed_before_a_sensitive_one),
		cmocka_unit_test(test_options_of_variables),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_aliases_of_voipbin),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
