/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "support/flow_fake.h"

static void check_faults(const char *text, const char *expected)
{
	char *faults = flow_fake_faults(text);

	assert_string_equal(faults, expected);
	g_free(faults);
}

static void has_fault(const char *text, const char *expected)
{
	char *faults = flow_fake_faults(text);

	if (!strstr(faults, expected))
		fail_msg("no \"%s\" in: %s", expected, faults);
	g_free(faults);
}

static void check_json(const char *text, const char *expected)
{
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL;
	json_t *in = flow_fake_json(text), *out;
	char *shown, *quoted = g_strdelimit(g_strdup(expected), "'", '"');

	assert_int_equal(flow_doc_alloc(&doc, in, &faults), 0);
	out = flow_doc_json(doc);
	shown = json_text(out);
	assert_string_equal(shown, quoted);
	free(shown);
	json_decref(out);
	json_decref(in);
	obj_unref(doc);
	g_free(quoted);
}

static void test_shape(void **state)
{
	check_faults("{}", "/actions is required\n");
	check_faults("5", " must be an object\n");
	check_faults("{'actions':{}}", "/actions must be an array\n");
	check_faults("{'actions':[],'fallback_actions':5}",
		     "/fallback_actions must be an array\n");
	check_faults("[5]", "/actions/0 must be an object\n");
	check_faults("[]", "");
	check_faults("{'actions':[],'name':'x'}", "");
}

static void test_types(void **state)
{
	check_faults("[{'id':'a'}]", "/actions/0/type is required\n");
	check_faults("[{'type':'sing'}]",
		     "/actions/0/type is not a type of action; there are "
		     "answer, beep, branch, call, condition_datetime, "
		     "condition_variable, connect, dtmf_receive, dtmf_send, "
		     "echo, fetch_flow, goto, hangup, mute, patch, play, "
		     "record, recording_pause, recording_resume, "
		     "recording_start, recording_stop, sleep, stop, talk, "
		     "unmute, variable_set, webhook_send\n");
}

static void test_every_fault_is_told(void **state)
{
	static const char doc[] =
		"{'actions':[{'type':'sleep','option':{'duration_ms':-1,"
		"'x':1}},{'type':'amd','next_id':'no'}],"
		"'fallback_actions':[{'type':'nonsense'},"
		"{'type':'answer','error_id':'no','more':1}]}";

	has_fault(doc, "/actions/0/option/x unknown field\n");
	has_fault(doc, "/actions/0/option/duration_ms must be from ");
	has_fault(doc, "/actions/1/type is not available yet; there are ");
	has_fault(doc, "/actions/1/next_id no action has the id \"no\"\n");
	has_fault(doc, "/fallback_actions/0/type is not a type of action");
	has_fault(doc, "/fallback_actions/1/more unknown field");
}

/* One fault hides no other, neither in an action nor of the flow */
static void test_no_fault_hides_another(void **state)
{
	check_faults("[{'type':'goto','option':{'target_id':'no',"
		     "'loop_count':-1}}]",
		     "/actions/0/option/loop_count must be from 0 to "
		     "1000000\n"
		     "/actions/0/option/target_id no action has the id "
		     "\"no\"\n");
	check_faults("[{'type':'branch','option':{'variable':'a b',"
		     "'target_ids':{'1':'no','2':5,'3':''}}}]",
		     "/actions/0/option/variable must be a name of letters, "
		     "digits, '_', '-' and '.'\n"
		     "/actions/0/option/target_ids/2 must be a string\n"
		     "/actions/0/option/target_ids/3 must not be empty\n"
		     "/actions/0/option/target_ids/1 no action has the id "
		     "\"no\"\n");
	check_faults("[{'id':'a','type':'play','more':1,"
		     "'option':{'stream_urls':['x']}},"
		     "{'type':'goto','option':{'target_id':'a'}}]",
		     "/actions/0/more unknown field\n"
		     "/actions/0/option/stream_urls/0 must be http://…, "
		     "https://…, media:ID, media:NAME, recording:ID or tone:… "
		     "(such as \"tone:440+480/2000,0/4000\")\n");
	check_faults("[{'type':'play','option':{'stream_urls':['${a b}'],"
		     "'loop':-1}}]",
		     "/actions/0/option/stream_urls/0 \"${\" must be followed "
		     "by a name of letters, digits, '_', '-' and '.'\n"
		     "/actions/0/option/loop must be from 0 to 1000\n");
	check_faults("[{'type':'connect','option':{'destinations':['x'],"
		     "'confirm_actions':[{'type':'sleep'},"
		     "{'type':'talk','option':{'text':'${'}}]}}]",
		     "/actions/0/option/confirm_actions/1/option/text \"${\" "
		     "must be followed by a name of letters, digits, '_', '-' "
		     "and '.'\n"
		     "/actions/0/option/confirm_actions/0/option/duration_ms "
		     "is required\n");
	check_faults("[{'type':'connect','option':{'destinations':['x'],"
		     "'confirm_actions':[{'type':'sleep'}]}}]",
		     "/actions/0/option/destinations/0 must be tel:NUMBER, "
		     "sip:USER@HOST or extension:NAME@DOMAIN\n"
		     "/actions/0/option/confirm_actions/0/option/duration_ms "
		     "is required\n");
}

static void test_ids(void **state)
{
	check_faults("[{'id':'a','type':'answer'},{'id':'a','type':'echo'}]",
		     "/actions/1/id is another action's id too\n");
	check_faults("{'actions':[{'id':'a','type':'answer'}],"
		     "'fallback_actions':[{'id':'a','type':'hangup'}]}",
		     "/fallback_actions/0/id is another action's id too\n");
	check_faults("[{'id':'${x}','type':'answer'}]",
		     "/actions/0/id must not hold an expression\n");
	has_fault("[{'id':'','type':'answer'}]", "/actions/0/id must not be");
	check_faults("{'actions':[{'type':'answer','error_id':'f'}],"
		     "'fallback_actions':[{'id':'f','type':'hangup'}]}",
		     "");
}

static void test_expressions(void **state)
{
	check_faults("[{'type':'variable_set','option':{'key':'a',"
		     "'value':'${x'}}]",
		     "/actions/0/option/value \"${\" without its \"}\"\n");
	has_fault("[{'type':'play','option':{'stream_urls':['tone:1',"
		  "'${a b}']}}]",
		  "/actions/0/option/stream_urls/1 \"${\" must be followed");
	/* a number may be one whole expression, not a part of one */
	check_faults("[{'type':'sleep','option':{'duration_ms':'${x}'}}]", "");
	has_fault("[{'type':'sleep','option':{'duration_ms':'1${x}'}}]",
		  "/actions/0/option/duration_ms must be an integer");
}

static void test_limits(void **state)
{
	GString *doc = g_string_new("[{'type':'answer'}");
	int i;

	for (i = 1; i < FLOW_MAX_ACTIONS; ++i)
		g_string_append(doc, ",{'type':'answer'}");
	g_string_append(doc, "]");
	check_faults(doc->str, "");
	doc->str[doc->len - 1] = ',';
	g_string_append(doc, "{'type':'answer'}]");
	check_faults(doc->str, "/actions a flow has at most 1000 actions\n");

	g_string_assign(doc, "[{'type':'branch','option':{'target_ids':{'");
	for (i = 0; i < 70000; ++i)
		g_string_append_c(doc, 'x');
	g_string_append(doc, "':'a'}}}]");
	check_faults(doc->str, "/actions/0/option must be at most 64 KiB\n");
	g_string_free(doc, TRUE);
}

static void test_shown_with_names_renamed_and_without_defaults(void **state)
{
	check_json("{'actions':[{'type':'digits_receive','id':'d','option':"
		   "{'duration':500,'prompt':{'stream_urls':['tone:800']}},"
		   "'next_id':'e'},{'type':'answer'},"
		   "{'id':'e','type':'stream_echo'}],'name':'x'}",
		   "{'actions':[{'id':'d','type':'dtmf_receive','option':"
		   "{'duration_ms':500,'prompt':{'stream_urls':['tone:800']}},"
		   "'next_id':'e'},{'type':'answer','option':{}},"
		   "{'id':'e','type':'echo','option':{}}],"
		   "'fallback_actions':[]}");
}

static void test_what_is_shown_can_be_saved(void **state)
{
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL, *again = NULL;
	json_t *in = flow_fake_json(
		"{'actions':[{'type':'digits_receive','option':"
		"{'duration':'${x}','sensitive':true}},{'type':'hangup',"
		"'option':{'sip_code':480}}],'fallback_actions':"
		"[{'type':'play','option':{'stream_urls':['tone:800/5'],"
		"'gain_db':0}}]}");
	json_t *one, *two;

	assert_int_equal(flow_doc_alloc(&doc, in, &faults), 0);
	one = flow_doc_json(doc);
	assert_int_equal(flow_doc_alloc(&again, one, &faults), 0);
	two = flow_doc_json(again);
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);
	json_decref(in);
	obj_unref(doc);
	obj_unref(again);
}

static void test_check_only(void **state)
{
	struct opt_faults faults = {0};
	json_t *in = flow_fake_json("{'actions':[{'type':'answer'}]}");

	assert_int_equal(flow_doc_alloc(NULL, in, &faults), 0);
	assert_null(faults.list);
	assert_int_equal(flow_doc_alloc(NULL, NULL, &faults), EINVAL);
	json_decref(in);
}

static void test_schema_names_every_action(void **state)
{
	json_t *schema = flow_action_schema();
	const json_t *list = json_object_get(schema, "oneOf");
	const json_t *first = json_array_get(list, 0);

	assert_int_equal(json_array_size(list), 27);
	assert_string_equal(json_str(first, "title", ""), "answer");
	assert_true(json_is_object(json_object_get(
		json_object_get(first, "properties"), "option")));
	json_decref(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_every_fault_is_told),
		cmocka_unit_test(test_no_fault_hides_another),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(
			test_shown_with_names_renamed_and_without_defaults),
		cmocka_unit_test(test_what_is_shown_can_be_saved),
		cmocka_unit_test(test_check_only),
		cmocka_unit_test(test_schema_names_every_action),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
