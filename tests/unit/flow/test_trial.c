/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The bounds of a trial; what actions do in one is in tests/flows */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "flow/flow_trial.h"
#include "support/flow_fake.h"

static const struct opt world_opts[] = {FLOW_TRIAL_OPTS, OPT_END};

/* What comes of it, or its faults (an array) */
static json_t *trial(const char *flow, const char *world)
{
	struct opt_faults faults = {0};
	struct flow_trial_params prm = {.now_ms = 1800000000000};
	json_t *doc = flow_fake_json(flow), *given = flow_fake_json(world);
	json_t *in = NULL, *out = NULL;

	assert_int_equal(flow_doc_alloc(&prm.doc, doc, &faults), 0);
	if (opt_check(&in, world_opts, given, OPT_MODE_CREATE, false, "",
		      &faults) == 0) {
		prm.in = in;
		(void)flow_trial_run(&out, &prm, &faults);
	}
	assert_true((out == NULL) == (faults.list != NULL));
	obj_unref(prm.doc);
	json_decref(in);
	json_decref(given);
	json_decref(doc);

	return out ? out : faults.list;
}

static void assert_end(const char *flow, const char *world, const char *how,
		       int64_t at_ms, size_t nsteps)
{
	json_t *out = trial(flow, world);
	const json_t *end = json_object_get(out, "end");

	assert_string_equal(json_str(end, "how", ""), how);
	assert_int_equal(json_int(end, "at_ms", -1), at_ms);
	assert_int_equal(json_array_size(json_object_get(out, "steps")),
			 nsteps);
	json_decref(out);
}

static void test_steps_are_bounded(void **state)
{
	assert_end("{'actions':[{'id':'top','type':'sleep','option':"
		   "{'duration_ms':20},'next_id':'top'}]}",
		   "{}", "steps", 1999 * 20, FLOW_TRIAL_STEPS);
}

static void test_time_is_bounded(void **state)
{
	assert_end("{'actions':[{'type':'sleep','option':"
		   "{'duration_ms':86400000}},{'type':'sleep','option':"
		   "{'duration_ms':1}}]}",
		   "{}", "time", FLOW_TRIAL_MS, 2);
}

static void test_endless_sound_waits_for_the_script(void **state)
{
	const char *flow = "{'actions':[{'type':'play','option':{'loop':0,"
			   "'stream_urls':['media:x']}},{'type':'stop'}]}";

	assert_end(flow, "{}", "waiting", 0, 1);
	assert_end(flow, "{'script':[{'at_ms':5,'played':'finished'}]}", "done",
		   5, 2);
	assert_end(flow,
		   "{'script':[{'at_ms':5,'hangup':true},"
		   "{'at_ms':6,'digits':'1'}]}",
		   "canceled", 5, 1);
}

static void test_what_is_noted_is_bounded(void **state)
{
	char *text = g_strnfill(4096, 'x');
	char *flow = g_strdup_printf("{'actions':[{'id':'top','type':'talk',"
				     "'option':{'text':'%s'},"
				     "'next_id':'top'}]}",
				     text);
	json_t *out = trial(flow, "{}");
	const json_t *steps = json_object_get(out, "steps");

	assert_int_equal(json_array_size(steps), FLOW_TRIAL_STEPS);
	assert_string_equal(json_str(json_array_get(steps, 30), "text", ""),
			    text);
	assert_null(json_object_get(json_array_get(steps, 31), "text"));
	json_decref(out);
	g_free(flow);
	g_free(text);
}

static void test_recursion_ends(void **state)
{
	assert_end("{'actions':[{'id':'top','type':'goto','option':"
		   "{'target_id':'top'}}]}",
		   "{}", "failed", 0, 1000);
}

/* The error of a flow's only action */
static void assert_error(const char *action, const char *world,
			 const char *code, int err)
{
	char *flow = g_strdup_printf("{'actions':[%s]}", action);
	json_t *out = trial(flow, world);
	const json_t *vars = json_object_get(out, "variables");

	assert_string_equal(json_str(vars, "error.code", ""), code);
	assert_string_equal(json_str(vars, "error.detail", ""), strerror(err));
	json_decref(out);
	g_free(flow);
}

/* With the words that a flow hears on a call */
static void test_what_is_refused_says_why(void **state)
{
	const char *call = "{'type':'call','option':{'destinations':['tel:112']"
			   ",'actions':[]}}";
	const char *connect = "{'type':'connect','option':{'destinations':"
			      "['tel:112']}}";

	assert_error(call, "{'refuse':{'call':'limit'}}", "limit", EAGAIN);
	assert_error(call, "{'refuse':{'call':'flow_not_found'}}",
		     "flow_not_found", EINVAL);
	assert_error(connect, "{'refuse':{'connect':'account_suspended'}}",
		     "account_suspended", EAGAIN);
	assert_error(connect, "{'refuse':{'connect':'connect_failed'}}",
		     "connect_failed", EBUSY);
	assert_error("{'type':'record'}", "{'refuse':{'record':'busy'}}",
		     "busy", EAGAIN);
	assert_error("{'type':'mute'}", "{'refuse':{'mute':true}}",
		     "mute_failed", ENOTCONN);
	assert_error("{'type':'echo'}", "{'refuse':{'echo':true}}",
		     "echo_failed", ENOTCONN);
}

static void assert_fault(const char *world, const char *pointer)
{
	json_t *faults = trial("{'actions':[{'type':'answer'}]}", world);

	if (!json_is_array(faults))
		fail_msg("%s is accepted", world);
	assert_string_equal(json_str(json_array_get(faults, 0), "pointer", ""),
			    pointer);
	json_decref(faults);
}

static void test_wrong_input_is_told(void **state)
{
	assert_fault("{'script':[{'at_ms':5},{'at_ms':4}]}", "/script/1/at_ms");
	assert_fault("{'script':[{}]}", "/script/0/at_ms");
	assert_fault("{'script':[{'at_ms':-1}]}", "/script/0/at_ms");
	assert_fault("{'script':[{'at_ms':0,'digits':'x'}]}",
		     "/script/0/digits");
	assert_fault("{'script':[{'at_ms':0,'sing':true}]}", "/script/0/sing");
	assert_fault("{'variables':{'call.id':'x'}}", "/variables/call.id");
	assert_fault("{'variables':{'a b':'x'}}", "/variables/a b");
	assert_fault("{'start_at':'noon'}", "/start_at");
	assert_fault("{'refuse':[]}", "/refuse");
	assert_fault("{'refuse':{'play':'busy'}}", "/refuse/play");
	assert_fault("{'refuse':{'connect':'flow_not_found'}}",
		     "/refuse/connect");
	assert_fault("{'refuse':{'call':'busy'}}", "/refuse/call");
	assert_fault("{'refuse':{'record':'limit'}}", "/refuse/record");
	assert_fault("{'refuse':{'record':null}}", "/refuse/record");
	assert_fault("{'refuse':{'mute':'mute_failed'}}", "/refuse/mute");
	assert_fault("{'refuse':{'echo':1}}", "/refuse/echo");
}

static void test_variables_are_bounded(void **state)
{
	char *value = g_strnfill(FLOW_VARS_MAX_BYTES, 'x');
	char *world = g_strdup_printf("{'variables':{'big':'%s'}}", value);

	assert_fault(world, "/variables/big");
	g_free(world);
	g_free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_are_bounded),
		cmocka_unit_test(test_time_is_bounded),
		cmocka_unit_test(test_endless_sound_waits_for_the_script),
		cmocka_unit_test(test_what_is_noted_is_bounded),
		cmocka_unit_test(test_recursion_ends),
		cmocka_unit_test(test_what_is_refused_says_why),
		cmocka_unit_test(test_wrong_input_is_told),
		cmocka_unit_test(test_variables_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
