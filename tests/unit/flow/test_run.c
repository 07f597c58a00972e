/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/obj.h"
#include "support/flow_fake.h"

static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

static void test_nothing_to_do(void **state)
{
	struct flow_fake fake;
	struct flow_step step;

	start(&fake, "[]");
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	assert_true(flow_run_has_ended(fake.run));
	assert_false(flow_run_step(fake.run, &step));
	flow_fake_start(&fake); /* again */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_order_and_next_id(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':0},"
		     "'next_id':'c'},"
		     "{'id':'b','type':'stop'},"
		     "{'id':'c','type':'branch','option':{'target_ids':{}},"
		     "'next_id':'b'}]");
	assert_string_equal(fake.trace->str, "sleep branch stop");
	flow_fake_teardown(&fake);
}

static void test_fallback_actions_are_not_run_after_the_others(void **state)
{
	struct flow_fake fake;

	start(&fake, "{'actions':[{'type':'sleep','option':"
		     "{'duration_ms':0}}],"
		     "'fallback_actions':[{'type':'beep'}]}");
	assert_string_equal(fake.trace->str, "sleep");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_step_shows_what_runs(void **state)
{
	struct flow_fake fake;
	struct flow_step step;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'sleep','option':"
						"{'duration_ms':0}},"
						"{'id':'x','type':'answer'}]"),
			 0);
	assert_false(flow_run_step(fake.run, &step));
	flow_fake_start(&fake);
	assert_true(flow_run_step(fake.run, &step));
	assert_int_equal(step.index, 1);
	assert_string_equal(step.id, "x");
	assert_string_equal(step.type, "answer");
	flow_fake_teardown(&fake);
}

static void test_error_without_a_way_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':'${no}'}},"
		     "{'type':'variable_set','option':{'key':'seen','value':"
		     "'${error.code}: ${error.detail}'}}]");
	assert_int_equal(fake.errors, 1);
	assert_string_equal(flow_fake_var(&fake, "seen"),
			    "invalid_value: /option/duration_ms: must be an "
			    "integer");
	flow_fake_teardown(&fake);
}

static void test_error_follows_next_id(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':'${no}'},"
		     "'next_id':'z'},{'type':'beep'},"
		     "{'id':'z','type':'stop'}]");
	assert_string_equal(fake.trace->str, "sleep stop");
	flow_fake_teardown(&fake);
}

static void test_too_long_with_its_variables(void **state)
{
	struct flow_fake fake;

	start(&fake,
	      "[{'type':'variable_set','option':{'key':'a','value':"
	      "'0123456789abcdef'}},"
	      "{'id':'more','type':'variable_set','option':{'key':'a',"
	      "'value':'${a}${a}'}},"
	      "{'type':'goto','option':{'target_id':'more',"
	      "'loop_count':10}},"
	      "{'type':'play','option':{'stream_urls':['${a}${a}${a}${a}',"
	      "'${a}${a}${a}${a}','${a}${a}']}}]");
	flow_fake_pass(&fake, 0);
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.plays, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_type_ahead_keeps_the_first_sixty_four(void **state)
{
	struct flow_fake fake;
	int i;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'sleep','option':"
						"{'duration_ms':50}},"
						"{'type':'dtmf_receive'}]"),
			 0);
	fake.answered = true;
	flow_fake_start(&fake);
	for (i = 0; i < 64; ++i)
		flow_fake_digits(&fake, "1");
	flow_fake_digits(&fake, "2222");
	flow_fake_pass(&fake, 50);
	assert_int_equal(strlen(flow_fake_var(&fake, "digits")), 64);
	assert_null(strchr(flow_fake_var(&fake, "digits"), '2'));
	flow_fake_teardown(&fake);
}

static void test_before_the_start(void **state)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'beep'}]"), 0);
	flow_fake_digits(&fake, "1");
	flow_fake_answered(&fake);
	flow_fake_played(&fake, 0);
	assert_int_equal(fake.plays, 0);
	flow_run_cancel(fake.run);
	assert_int_equal(fake.ends, 1);
	flow_fake_start(&fake); /* too late */
	assert_int_equal(fake.plays, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_canceled_in_the_middle_of_an_action(void **state)
{
	static const char *const docs[] = {
		"[{'type':'answer'},{'type':'echo'}]",
		"[{'type':'echo'}]",
		"[{'type':'play','option':{'stream_urls':['tone:800']}}]",
		("[{'type':'play','option':{'stream_urls':['tone:800'],"
		 "'async':true}},{'type':'echo'}]"),
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(docs); ++i) {
		struct flow_fake fake;

		assert_int_equal(flow_fake_setup(&fake, docs[i]), 0);
		fake.cancel_inside = true;
		flow_fake_start(&fake);
		assert_int_equal(fake.ends, 1);
		assert_int_equal(fake.end_kind, FLOW_END_CANCELED);
		assert_int_equal(fake.echos, 0);
		flow_fake_answered(&fake);
		assert_int_equal(fake.ends, 1);
		flow_fake_teardown(&fake);
	}
}

static void test_canceled_between_turns(void **state)
{
	const struct flow_event late = {.type = FLOW_EV_TIMER};
	struct flow_fake fake;

	start(&fake, "[{'id':'a','type':'goto','option':"
		     "{'target_id':'a'}}]");
	assert_int_equal(fake.due_ms, 0);
	flow_run_cancel(fake.run);
	assert_int_equal(fake.due_ms, -1);
	flow_run_event(fake.run, &late);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_CANCELED);
	flow_fake_teardown(&fake);
}

static void test_digits_while_others_have_their_turn(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'id':'a','type':'goto','option':"
		     "{'target_id':'a','loop_count':30}},"
		     "{'type':'dtmf_receive','option':{'length':1}}]");
	flow_fake_digits(&fake, "7");
	flow_fake_pass(&fake, 0);
	flow_fake_answered(&fake);
	assert_string_equal(flow_fake_var(&fake, "digits"), "7");
	flow_fake_teardown(&fake);
}

static void test_a_flow_that_was_deleted_runs_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':50}},"
		     "{'type':'hangup','option':{'reason':'busy'}}]");
	obj_unref(fake.doc);
	fake.doc = NULL;
	flow_fake_pass(&fake, 50);
	assert_string_equal(fake.end_reason, "busy");
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_order_and_next_id),
		cmocka_unit_test(
			test_fallback_actions_are_not_run_after_the_others),
		cmocka_unit_test(test_step_shows_what_runs),
		cmocka_unit_test(test_error_without_a_way_goes_on),
		cmocka_unit_test(test_error_follows_next_id),
		cmocka_unit_test(test_too_long_with_its_variables),
		cmocka_unit_test(test_type_ahead_keeps_the_first_sixty_four),
		cmocka_unit_test(test_before_the_start),
		cmocka_unit_test(test_canceled_in_the_middle_of_an_action),
		cmocka_unit_test(test_canceled_between_turns),
		cmocka_unit_test(test_digits_while_others_have_their_turn),
		cmocka_unit_test(test_a_flow_that_was_deleted_runs_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
