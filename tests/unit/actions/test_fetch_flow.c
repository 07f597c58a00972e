/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/obj.h"
#include "support/flow_fake.h"

#define ID(n) "01890000-0000-7000-8000-00000000000" #n
#define FETCH(n) "{'type':'fetch_flow','option':{'flow_id':'" ID(n) "'}}"
#define SET(name, value)                                                       \
	"{'type':'variable_set','option':{'key':'" name "','value':'" value    \
	"'}}"

/* A flow that has started; stored flows are there before */
static void start(struct flow_fake *fake, const char *text, const char *one,
		  const char *two)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_store(fake, ID(1), one);
	if (two)
		flow_fake_store(fake, ID(2), two);
	flow_fake_start(fake);
}

static void test_runs_it_and_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[" SET("a", "1") "," FETCH(1) ",{'type':'hangup'}]",
	      "[" SET("b", "${a}2") ",{'type':'sleep','option':"
				    "{'duration_ms':1000}}]",
	      NULL);
	assert_string_equal(fake.trace->str,
			    "variable_set fetch_flow variable_set sleep");
	flow_fake_pass(&fake, 1000);
	assert_string_equal(fake.trace->str, "variable_set fetch_flow "
					     "variable_set sleep hangup");
	assert_string_equal(flow_fake_var(&fake, "b"), "12");
	assert_int_equal(fake.end_kind, FLOW_END_HANGUP);
	flow_fake_teardown(&fake);
}

static void test_step_says_which_flow(void **state)
{
	struct flow_fake fake;
	struct flow_step step;

	start(&fake,
	      "[{'type':'beep','option':{}}," FETCH(
		      1) ",{'id':'z',"
			 "'type':'sleep','option':{'duration_ms':1}}]",
	      "[" FETCH(2) ",{'id':'y','type':'sleep',"
			   "'option':{'duration_ms':1}}]",
	      "[{'id':'x','type':'sleep','option':{'duration_ms':1}}]");
	assert_true(flow_run_step(fake.run, &step));
	assert_null(step.flow_id);
	flow_fake_played(&fake, 0);
	assert_true(flow_run_step(fake.run, &step));
	assert_string_equal(step.flow_id, ID(2));
	assert_string_equal(step.id, "x");
	assert_int_equal(step.index, 0);
	flow_fake_pass(&fake, 1);
	assert_true(flow_run_step(fake.run, &step));
	assert_string_equal(step.flow_id, ID(1));
	assert_string_equal(step.id, "y");
	flow_fake_pass(&fake, 1);
	assert_true(flow_run_step(fake.run, &step));
	assert_null(step.flow_id);
	assert_string_equal(step.id, "z");
	flow_fake_teardown(&fake);
}

static void test_targets_stay_inside(void **state)
{
	struct flow_fake fake;

	/* "end" is there twice; a target of the other flow is not found */
	start(&fake,
	      "[" FETCH(1) "," SET("out", "1") ","
					       "{'id':'end','type':'beep'}]",
	      "[{'type':'goto','option':{'target_id':'end'}}," SET(
		      "in", "1") ",{'id':'end','type':'goto','option':"
				 "{'target_id':'${no:-out}'}}]",
	      NULL);
	assert_string_equal(flow_fake_var(&fake, "in"), "");
	assert_string_equal(flow_fake_var(&fake, "out"), "1");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_string_equal(fake.trace->str,
			    "fetch_flow goto goto variable_set beep");
	flow_fake_teardown(&fake);
}

static void test_next_id_counts_afterwards(void **state)
{
	struct flow_fake fake;

	start(&fake,
	      "[{'type':'fetch_flow','next_id':'z','option':"
	      "{'flow_id':'" ID(1) "'}},{'type':'beep'},"
				   "{'id':'z','type':'stop'}]",
	      "[" SET("a", "1") "]", NULL);
	assert_string_equal(fake.trace->str, "fetch_flow variable_set stop");
	flow_fake_teardown(&fake);
}

static void test_stop_and_hangup_end_everything(void **state)
{
	struct flow_fake fake;

	start(&fake, "[" FETCH(1) ",{'type':'beep'}]", "[{'type':'stop'}]",
	      NULL);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	assert_string_equal(fake.trace->str, "fetch_flow stop");
	flow_fake_teardown(&fake);

	start(&fake, "[" FETCH(1) ",{'type':'beep'}]",
	      "[{'type':'hangup','option':{'reason':'busy'}}]", NULL);
	assert_int_equal(fake.ends, 1);
	assert_string_equal(fake.end_reason, "busy");
	flow_fake_teardown(&fake);
}

static void test_no_such_flow(void **state)
{
	struct flow_fake fake;

	start(&fake,
	      "[{'type':'fetch_flow','error_id':'e','option':"
	      "{'flow_id':'" ID(7) "'}},{'type':'beep'},"
				   "{'id':'e','type':'hangup'}]",
	      "[]", NULL);
	assert_string_equal(fake.error_code, "flow_not_found");
	assert_string_equal(fake.trace->str, "fetch_flow hangup");
	flow_fake_teardown(&fake);

	start(&fake,
	      "[{'type':'fetch_flow','option':"
	      "{'flow_id':'${no:-x}'}}]",
	      "[]", NULL);
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_error_inside_goes_on_inside(void **state)
{
	struct flow_fake fake;

	start(&fake,
	      "[{'type':'fetch_flow','error_id':'e','option':"
	      "{'flow_id':'" ID(1) "'}},{'type':'stop'},"
				   "{'id':'e','type':'hangup'}]",
	      "[" FETCH(7) "," SET("a", "1") "]", NULL);
	assert_string_equal(fake.error_code, "flow_not_found");
	assert_string_equal(fake.trace->str,
			    "fetch_flow fetch_flow variable_set stop");
	flow_fake_teardown(&fake);
}

static void test_empty_and_last_ones(void **state)
{
	struct flow_fake fake;

	/* the end of the inner one is the end of all that wait for it */
	start(&fake, "[" FETCH(1) "]", "[" FETCH(2) "]", "[]");
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	flow_fake_teardown(&fake);
}

static void test_depth_is_bounded(void **state)
{
	struct flow_fake fake;

	start(&fake, "[" FETCH(1) "," SET("after", "1") "]",
	      "[" SET("n", "${n}i") "," FETCH(1) "]", NULL);
	assert_int_equal(fake.errors, 0); /* others have their turn */
	flow_fake_pass(&fake, 0);
	assert_int_equal(fake.errors, 1);
	assert_string_equal(fake.error_code, "flow_too_deep");
	assert_string_equal(flow_fake_var(&fake, "n"), "iiiiiiiiiiiiiiii");
	assert_string_equal(flow_fake_var(&fake, "after"), "1");
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	flow_fake_teardown(&fake);
}

static void test_recursion_is_a_loop(void **state)
{
	struct flow_fake fake;

	start(&fake, "[" FETCH(1) "]", "[" FETCH(1) "," FETCH(1) "]", NULL);
	flow_fake_pass(&fake, 0);
	assert_int_equal(fake.ends, 1);
	assert_string_equal(fake.end_code, "flow_loop");
	flow_fake_teardown(&fake);

	start(&fake,
	      "[{'id':'top','type':'fetch_flow','next_id':'top',"
	      "'option':{'flow_id':'" ID(1) "'}}]",
	      "[]", NULL);
	flow_fake_pass(&fake, 0);
	assert_string_equal(fake.end_code, "flow_loop");
	flow_fake_teardown(&fake);
}

static void test_loops_count_per_flow(void **state)
{
	struct flow_fake fake;
	const char *twice = "[{'id':'top','type':'variable_set','option':"
			    "{'key':'x','value':'${x}i'}},"
			    "{'type':'goto','option':{'target_id':'top',"
			    "'loop_count':1}}]";

	start(&fake,
	      "[{'id':'top','type':'fetch_flow','option':"
	      "{'flow_id':'" ID(1) "'}},{'type':'goto','option':"
				   "{'target_id':'top',"
				   "'loop_count':2}}]",
	      twice, NULL);
	assert_string_equal(flow_fake_var(&fake, "x"), "iiiiii");
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	flow_fake_teardown(&fake);
}

static void test_runs_the_version_it_found(void **state)
{
	struct flow_fake fake;

	start(&fake, "[" FETCH(1) "," FETCH(1) "]",
	      "[{'type':'sleep','option':{'duration_ms':1000}}," SET("a",
								     "old") "]",
	      NULL);
	flow_fake_store(&fake, ID(1), "[" SET("b", "new") "]");
	flow_fake_pass(&fake, 1000);
	assert_string_equal(flow_fake_var(&fake, "a"), "old");
	assert_string_equal(flow_fake_var(&fake, "b"), "new");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_caller_leaves_inside(void **state)
{
	struct flow_fake fake;

	start(&fake, "[" FETCH(1) ",{'type':'hangup'}]",
	      "[{'type':'play','option':{'stream_urls':['media:x']}}]", NULL);
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_CANCELED);
	flow_fake_played(&fake, 0); /* late: ignored */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_digits_are_masked_on_suspicion(void **state)
{
	struct flow_fake fake;
	const char *wait = "{'type':'sleep','option':{'duration_ms':1000}}";
	char *text = g_strdup_printf("[%s," FETCH(1) ",%s]", wait, wait);

	/* what it fetches may ask for a PIN: what is typed ahead is masked */
	start(&fake, text, "[{'type':'dtmf_receive','option':{'length':1}}]",
	      NULL);
	assert_true(flow_run_is_secret(fake.run));
	flow_fake_pass(&fake, 1000);
	flow_fake_answered(&fake);
	assert_false(flow_run_is_secret(fake.run));
	flow_fake_digits(&fake, "1");
	assert_string_equal(flow_fake_var(&fake, "digits"), "1");
	g_free(text);
	flow_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_it_and_goes_on),
		cmocka_unit_test(test_step_says_which_flow),
		cmocka_unit_test(test_targets_stay_inside),
		cmocka_unit_test(test_next_id_counts_afterwards),
		cmocka_unit_test(test_stop_and_hangup_end_everything),
		cmocka_unit_test(test_no_such_flow),
		cmocka_unit_test(test_error_inside_goes_on_inside),
		cmocka_unit_test(test_empty_and_last_ones),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_recursion_is_a_loop),
		cmocka_unit_test(test_loops_count_per_flow),
		cmocka_unit_test(test_runs_the_version_it_found),
		cmocka_unit_test(test_caller_leaves_inside),
		cmocka_unit_test(test_digits_are_masked_on_suspicion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
