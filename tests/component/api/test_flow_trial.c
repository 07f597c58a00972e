/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST /v1/flows/test: a flow without a call, on a real store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "support/api_rig.h"
#include "support/flow_fake.h"

#define UNKNOWN "01900000-0000-7000-8000-000000000000"

static struct api_rig rig;

static int setup(void **state)
{
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

/* Bodies are written with ' for " */
static json_t *trial(const char *account_id, const char *scope,
		     const char *body)
{
	const struct api_ask a = {.verb = "flows.test",
				  .account_id = account_id,
				  .scope = scope,
				  .body = flow_fake_json(body)};

	return api_rig_ask(&rig, &a);
}

static char *make_flow(const char *actions)
{
	char *text = g_strdup_printf("{'name':'x','actions':%s}", actions);
	json_t *flow =
		api_rig_make(&rig, "flows.create", NULL, flow_fake_json(text));
	char *id = g_strdup(json_str(flow, "id", ""));

	json_decref(flow);
	g_free(text);

	return id;
}

/* The types of the steps, joined by blanks */
static char *steps_of(const json_t *out)
{
	GString *text = g_string_new(NULL);
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(out, "steps"), i, step)
		g_string_append_printf(text, "%s%s", i ? " " : "",
				       json_str(step, "type", "?"));

	return g_string_free(text, FALSE);
}

static void assert_steps(const json_t *out, const char *want)
{
	char *steps = steps_of(out);

	assert_string_equal(steps, want);
	g_free(steps);
}

static void test_script_drives_a_flow(void **state)
{
	json_t *out = api_rig_ok(
		trial(NULL, "flows:read",
		      "{'flow':{'actions':[{'type':'dtmf_receive','option':"
		      "{'length':4,'sensitive':true}},"
		      "{'type':'variable_set','option':{'key':'who','value':"
		      "'${call.source} ${name}'}},{'type':'hangup'}]},"
		      "'call':{'source':'+4520123456'},"
		      "'variables':{'name':'Ann'},"
		      "'script':[{'at_ms':700,'digits':'1234'}]}"));
	const json_t *vars = json_object_get(out, "variables");
	const json_t *end = json_object_get(out, "end");

	assert_steps(out, "dtmf_receive variable_set hangup");
	assert_string_equal(json_str(vars, "digits", ""), "****");
	assert_string_equal(json_str(vars, "who", ""), "+4520123456 Ann");
	assert_string_equal(json_str(end, "how", ""), "hangup");
	assert_int_equal(json_int(end, "at_ms", 0), 700);
	json_decref(out);
}

static void test_stored_flows(void **state)
{
	char *inner = make_flow("[{'id':'zzz','type':'sleep','option':"
				"{'duration_ms':50}}]");
	char *text = g_strdup_printf("[{'type':'fetch_flow','option':"
				     "{'flow_id':'%s'}},{'type':'fetch_flow',"
				     "'option':{'flow_id':'" UNKNOWN "'}}]",
				     inner);
	char *outer = make_flow(text);
	char *body = g_strdup_printf("{'flow_id':'%s'}", outer);
	json_t *out = api_rig_ok(trial(NULL, NULL, body)), *steps;

	assert_steps(out, "fetch_flow sleep fetch_flow");
	steps = json_object_get(out, "steps");
	assert_string_equal(json_str(json_array_get(steps, 0), "flow_id", ""),
			    outer);
	assert_string_equal(json_str(json_array_get(steps, 1), "flow_id", ""),
			    inner);
	assert_string_equal(
		json_str(json_object_get(out, "variables"), "error.code", ""),
		"flow_not_found");
	json_decref(out);
	g_free(body);
	g_free(outer);
	g_free(text);
	g_free(inner);
}

static void test_what_is_refused(void **state)
{
	json_t *out = api_rig_ok(
		trial(NULL, NULL,
		      "{'flow':{'actions':[{'type':'connect','option':"
		      "{'destinations':['tel:112']},'error_id':'sorry'},"
		      "{'type':'stop'},{'id':'sorry','type':'talk',"
		      "'option':{'text':'${error.code}'}}]},"
		      "'refuse':{'connect':'account_suspended'}}"));
	const json_t *steps = json_object_get(out, "steps");

	assert_steps(out, "connect talk");
	assert_string_equal(json_str(json_array_get(steps, 1), "text", ""),
			    "account_suspended");
	json_decref(out);
}

static void test_other_accounts_flows_are_not_found(void **state)
{
	char *flow = make_flow("[{'type':'answer'}]");
	json_t *made = api_rig_make(&rig, "accounts.create", NULL,
				    json_pack("{s:s}", "name", "other"));
	char *other = g_strdup(json_str(made, "id", ""));
	char *body = g_strdup_printf("{'flow_id':'%s'}", flow);
	char *fetch = g_strdup_printf(
		"{'flow':{'actions':[{'type':'fetch_flow','option':"
		"{'flow_id':'%s'}}]}}",
		flow);
	json_t *out;

	assert_string_equal(api_rig_code(trial(other, "admin", body)),
			    "flow_not_found");
	out = api_rig_ok(trial(other, "admin", fetch));
	assert_string_equal(
		json_str(json_object_get(out, "variables"), "error.code", ""),
		"flow_not_found");
	json_decref(out);
	g_free(fetch);
	g_free(body);
	g_free(other);
	g_free(flow);
	json_decref(made);
}

static void assert_refused(const char *body, const char *code,
			   const char *pointers)
{
	char *found = api_rig_pointers(trial(NULL, NULL, body));

	assert_string_equal(found, pointers);
	g_free(found);
	assert_string_equal(api_rig_code(trial(NULL, NULL, body)), code);
}

static void test_wrong_input(void **state)
{
	assert_refused("{}", "invalid", "/flow");
	assert_refused("{'flow_id':'" UNKNOWN "',"
		       "'flow':{'actions':[]}}",
		       "invalid", "/flow");
	assert_refused("{'flow':{'actions':[{'type':'sing'},"
		       "{'type':'goto','option':{'target_id':'no'}}]}}",
		       "flow_invalid",
		       "/flow/actions/0/type /flow/actions/1/option/target_id");
	assert_refused("{'flow':{'actions':[]},"
		       "'script':[{'at_ms':2},{'at_ms':1}]}",
		       "invalid", "/script/1/at_ms");
	assert_refused("{'flow':{'actions':[]},'variables':{'call.x':'1'}}",
		       "invalid", "/variables/call.x");
	assert_refused("{'flow':{'actions':[]},"
		       "'refuse':{'connect':'busy','mute':'x','sing':true}}",
		       "invalid", "/refuse/sing /refuse/connect /refuse/mute");
	assert_refused("{'flow':{'name':7}}", "invalid",
		       "/flow/name /flow/actions");
	assert_string_equal(
		api_rig_code(trial(NULL, NULL, "{'flow_id':'" UNKNOWN "'}")),
		"flow_not_found");
	assert_string_equal(api_rig_code(trial(NULL, "calls:read",
					       "{'flow':{'actions':[]}}")),
			    "forbidden");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script_drives_a_flow),
		cmocka_unit_test(test_stored_flows),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_other_accounts_flows_are_not_found),
		cmocka_unit_test(test_wrong_input),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
