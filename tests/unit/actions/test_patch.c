/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "support/flow_fake.h"

#define URL "http://a.test/next"
#define SLEEP "{'type':'sleep','option':{'duration_ms':1000}}"
#define PATCH(rest)                                                            \
	"{'type':'patch','id':'p','option':{'event_url':'" URL "'" rest "}}"

static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

/* ---- what it sends ---- */

static void test_says_where_it_is(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'variable_set','option':{'key':'a','value':"
		     "'1'}}," PATCH(",'headers':{'X-Key':'k${a}'}") "]");
	assert_string_equal(fake.http, "POST " URL);
	assert_string_equal(fake.http_type, "application/json");
	assert_string_equal(fake.http_headers, "{\"X-Key\":\"k1\"}");
	assert_true(fake.http_signed);
	assert_string_equal(fake.http_body,
			    "{\"event\":\"patch\",\"call\":{\"id\":\"c\"},"
			    "\"variables\":{\"a\":\"1\"},\"position\":"
			    "{\"flow_id\":null,\"id\":\"p\",\"index\":1}}");
	flow_fake_teardown(&fake);
}

static void test_get_has_no_body(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[" PATCH(",'event_method':'GET'") "]");
	assert_string_equal(fake.http, "GET " URL);
	assert_null(fake.http_body);
	assert_null(fake.http_type);
	flow_fake_teardown(&fake);
}

/* Here alone secret digits are to be seen */
static void test_secrets_are_in_it(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(
		flow_fake_setup(
			&fake, "[{'type':'dtmf_receive','option':"
			       "{'length':2,'sensitive':true}}," PATCH("") "]"),
		0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "42");
	assert_non_null(strstr(fake.http_body, "\"digits\":\"42\""));
	flow_fake_teardown(&fake);
}

/* ---- what comes back ---- */

static void test_actions_run_then_the_flow(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[" PATCH("") "," SLEEP "]");
	flow_fake_http(&fake, 200,
		       "{'actions':[{'type':'beep'},{'type':'variable_set',"
		       "'option':{'key':'b','value':'${a}!'}}],"
		       "'variables':{'a':'x','n':7,'t':true,'gone':null}}");
	assert_string_equal(fake.trace->str, "patch beep");
	flow_fake_played(&fake, 0);
	assert_string_equal(fake.trace->str, "patch beep variable_set sleep");
	assert_string_equal(flow_fake_var(&fake, "b"), "x!");
	assert_string_equal(flow_fake_var(&fake, "n"), "7");
	assert_string_equal(flow_fake_var(&fake, "t"), "true");
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_steps_of_an_answer_say_so(void **state)
{
	struct flow_fake fake;
	struct flow_step step;

	(void)state;
	start(&fake, "[" PATCH("") "," SLEEP "]");
	assert_true(flow_run_step(fake.run, &step));
	assert_false(step.patched);
	flow_fake_http(&fake, 200, "[" SLEEP "]");
	assert_true(flow_run_step(fake.run, &step));
	assert_true(step.patched);
	assert_int_equal(step.index, 0);
	flow_fake_pass(&fake, 1000);
	assert_true(flow_run_step(fake.run, &step));
	assert_false(step.patched);
	assert_int_equal(step.index, 1);
	flow_fake_teardown(&fake);
}

static void test_nothing_to_run(void **state)
{
	static const struct {
		int status;
		const char *body;
	} answers[] = {
		{204, NULL},
		{200, NULL},
		{200, " \r\n"},
		{200, "[]"},
		{201, "{}"},
		{200, "{'actions':null}"},
		{202, "{'actions':[],'variables':{}}"},
		{200, "\xef\xbb\xbf{'actions':[]}"},
		{200, "\xef\xbb\xbf"},
	};
	struct flow_fake fake;
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(answers); ++i) {
		start(&fake, "[" PATCH("") "," SLEEP "]");
		flow_fake_http(&fake, answers[i].status, answers[i].body);
		assert_string_equal(fake.trace->str, "patch sleep");
		assert_int_equal(fake.errors, 0);
		flow_fake_teardown(&fake);
	}
}

static void test_answers_that_are_none(void **state)
{
	static const struct {
		const char *body, *code, *detail;
	} answers[] = {
		{"<html>", "bad_response", "not JSON: line 1, column"},
		{"{'actions':[", "bad_response", "not JSON"},
		{"\x1f\x8b\b", "bad_response", "not JSON: it is compressed"},
		{"'x'", "flow_invalid", "neither an object nor a list"},
		{"5", "flow_invalid", "neither"},
		{"{'actions':5}", "flow_invalid", "/actions: must be an array"},
		{"[{'type':'sing'}]", "flow_invalid",
		 "/0/type: is not a type of action"},
		{"{'actions':[{'type':'beep'},{'type':'play','option':"
		 "{'stream_urls':['tone:9/1']}}]}",
		 "flow_invalid", "/actions/1/option/stream_urls/0: "},
		{"{'actions':[{'type':'sing'},{'type':'sing'}]}",
		 "flow_invalid", "2 faults, /actions/0/type: "},
		{"{'variables':[]}", "flow_invalid",
		 "/variables: must be an object"},
		{"{'variables':{'a b':'x'}}", "flow_invalid",
		 "/variables/a b: is no name"},
		{"{'variables':{'call.id':'x'}}", "flow_invalid",
		 "/variables/call.id: cannot be set"},
		{"{'variables':{'a':[]}}", "flow_invalid",
		 "/variables/a: must be a text"},
	};
	struct flow_fake fake;
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(answers); ++i) {
		start(&fake, "[{'type':'patch','option':{'event_url':'" URL
			     "'},'error_id':'e'},{'type':'stop'},"
			     "{'type':'sleep','id':'e','option':"
			     "{'duration_ms':1}}]");
		flow_fake_http(&fake, 200, answers[i].body);
		assert_string_equal(fake.error_code, answers[i].code);
		if (!strstr(fake.error_detail, answers[i].detail))
			fail_msg("%s: %s", answers[i].body, fake.error_detail);
		assert_string_equal(fake.trace->str, "patch sleep");
		assert_int_equal(fake.https, 1); /* a wrong answer is one */
		flow_fake_teardown(&fake);
	}
}

/* The loop reads it: what is no answer costs no time */
static void test_answers_are_bounded(void **state)
{
	struct flow_fake fake;
	GString *variables = g_string_new("{'variables':{"),
		*actions = g_string_new("[");
	int i;

	(void)state;
	for (i = 0; i < 1001; ++i) {
		g_string_append_printf(variables, "%s'v%d':'x'", i ? "," : "",
				       i);
		g_string_append(actions, i ? ",{}" : "{}");
	}
	g_string_append(variables, "}}");
	g_string_append(actions, "]");

	start(&fake, "[" PATCH("") "," SLEEP "]");
	flow_fake_http(&fake, 200, variables->str);
	assert_string_equal(fake.error_code, "flow_invalid");
	assert_string_equal(fake.error_detail,
			    "/variables: an answer has at most 1000 variables");
	flow_fake_teardown(&fake);

	start(&fake, "[" PATCH("") "," SLEEP "]");
	flow_fake_http(&fake, 200, actions->str);
	assert_string_equal(fake.error_code, "flow_invalid");
	assert_non_null(
		strstr(fake.error_detail, "a flow has at most 1000 actions"));
	flow_fake_teardown(&fake);
	g_string_free(variables, TRUE);
	g_string_free(actions, TRUE);
}

static void test_variables_all_or_none(void **state)
{
	struct flow_fake fake;
	char *big = g_strnfill(40000, 'x');
	char *body = g_strdup_printf(
		"{'variables':{'a':'1','b':'%s','c':'%s'}}", big, big);

	(void)state;
	start(&fake, "[" PATCH("") "," SLEEP "]");
	flow_fake_http(&fake, 200, body);
	assert_string_equal(fake.error_code, "variables_full");
	assert_string_equal(flow_fake_var(&fake, "a"), "");
	flow_fake_teardown(&fake);
	g_free(body);
	g_free(big);
}

/* ---- attempts ---- */

static void test_tries_again(void **state)
{
	struct flow_fake fake;
	char *id;

	(void)state;
	start(&fake, "[" PATCH("") "," SLEEP "]");
	id = g_strdup(fake.http_message_id);
	flow_fake_http_failed(&fake, "timeout");
	assert_int_equal(fake.https, 1);
	flow_fake_pass(&fake, 250);
	assert_int_equal(fake.https, 2);
	assert_int_equal(fake.http_attempt, 2);
	assert_string_equal(fake.http_message_id, id);
	flow_fake_http(&fake, 503, NULL);
	flow_fake_pass(&fake, 499);
	assert_int_equal(fake.https, 2);
	flow_fake_pass(&fake, 1);
	assert_int_equal(fake.https, 3);
	flow_fake_http(&fake, 200, "[]");
	assert_string_equal(fake.trace->str, "patch sleep");
	assert_int_equal(fake.errors, 0);
	g_free(id);
	flow_fake_teardown(&fake);
}

static void test_what_is_not_tried_again(void **state)
{
	static const char *const codes[] = {"too_large", "forbidden_address",
					    "bad_response",
					    "too_many_redirects"};
	struct flow_fake fake;
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(codes); ++i) {
		start(&fake, "[" PATCH("") "]");
		flow_fake_http_failed(&fake, codes[i]);
		assert_string_equal(fake.error_code, codes[i]);
		assert_int_equal(fake.https, 1);
		flow_fake_teardown(&fake);
	}
	start(&fake, "[" PATCH("") "]");
	flow_fake_http(&fake, 404, "<html>");
	assert_string_equal(fake.error_code, "http_status");
	assert_string_equal(fake.error_detail, "status 404");
	flow_fake_teardown(&fake);
}

static void test_retry_after(void **state)
{
	struct flow_http_reply reply = {.status = 429, .retry_after_s = 3};
	struct flow_fake fake;

	(void)state;
	start(&fake, "[" PATCH("") "]");
	flow_fake_http_reply(&fake, &reply);
	flow_fake_pass(&fake, 2999);
	assert_int_equal(fake.https, 1);
	flow_fake_pass(&fake, 1);
	assert_int_equal(fake.https, 2);
	reply.retry_after_s = 11; /* too long for a caller */
	flow_fake_http_reply(&fake, &reply);
	assert_string_equal(fake.error_code, "http_status");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_the_other_server(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake,
	      "[" PATCH(
		      ",'retries':0,'fallback_url':'http://b.test/'") "," SLEEP
								      "]");
	flow_fake_http_failed(&fake, "unreachable");
	assert_string_equal(fake.http, "POST http://b.test/");
	assert_int_equal(fake.http_attempt, 1);
	flow_fake_http(&fake, 200, "[{'type':'beep'}]");
	assert_string_equal(fake.trace->str, "patch beep");
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);

	/* for a wrong answer too; what the last one said is told */
	start(&fake,
	      "[" PATCH(
		      ",'retries':0,'fallback_url':'http://b.test/'") "," SLEEP
								      "]");
	flow_fake_http(&fake, 200, "nonsense");
	flow_fake_http(&fake, 404, NULL);
	assert_string_equal(fake.error_code, "http_status");
	assert_int_equal(fake.https, 2);
	flow_fake_teardown(&fake);
}

static void test_too_much_goes_on(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake, "[" PATCH(",'retries':1") "]"),
			 0);
	fake.http_err = EAGAIN;
	flow_fake_start(&fake);
	assert_int_equal(fake.errors, 0);
	fake.http_err = EAGAIN;
	flow_fake_pass(&fake, 250);
	assert_string_equal(fake.error_code, "busy");
	flow_fake_teardown(&fake);
}

/* ---- failure ---- */

static void test_without_a_way_it_hangs_up(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[" PATCH(",'retries':0") "," SLEEP "]");
	flow_fake_http_failed(&fake, "unreachable");
	assert_string_equal(flow_fake_var(&fake, "error.code"), "unreachable");
	assert_int_equal(fake.end_kind, FLOW_END_FAILED);
	assert_string_equal(fake.end_reason, "failed");
	assert_string_equal(fake.end_code, "patch_failed");
	assert_string_equal(fake.trace->str, "patch");
	flow_fake_teardown(&fake);
}

#define FALLBACK ",'fallback_actions':[{'type':'beep'}," SLEEP "]}"

static void test_fallback_actions(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake,
	      "{'actions':[" PATCH(",'retries':0") "," SLEEP "]" FALLBACK);
	flow_fake_http(&fake, 404, NULL);
	assert_string_equal(fake.trace->str, "patch beep");
	flow_fake_played(&fake, 0);
	flow_fake_pass(&fake, 1000);
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	assert_string_equal(fake.trace->str, "patch beep sleep");
	flow_fake_teardown(&fake);

	/* error_id goes before them */
	start(&fake, "{'actions':[{'type':'patch','option':{'event_url':'" URL
		     "'},'error_id':'e'},{'type':'stop'},{'type':'sleep',"
		     "'id':'e','option':{'duration_ms':1}}]" FALLBACK);
	flow_fake_http(&fake, 404, NULL);
	assert_string_equal(fake.trace->str, "patch sleep");
	flow_fake_teardown(&fake);
}

static void test_fallback_that_fails_itself(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "{'actions':[{'type':'patch','option':{'event_url':'" URL
		     "'}}],'fallback_actions':[" PATCH("") "]}");
	flow_fake_http(&fake, 404, NULL);
	assert_int_equal(fake.ends, 0);
	flow_fake_http(&fake, 404, NULL);
	assert_int_equal(fake.ends, 1);
	assert_string_equal(fake.end_code, "patch_failed");
	flow_fake_teardown(&fake);
}

/* What an answer runs has the flow's fallback actions behind it */
static void test_fallback_of_the_flow_around(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "{'actions':[" PATCH("") "]" FALLBACK);
	flow_fake_http(&fake, 200, "[" PATCH("") "," SLEEP "]");
	flow_fake_http(&fake, 404, NULL);
	assert_string_equal(fake.trace->str, "patch patch beep");
	flow_fake_teardown(&fake);

	start(&fake, "{'actions':[" PATCH("") "]" FALLBACK);
	flow_fake_http(&fake, 200,
		       "{'actions':[" PATCH("") "],'fallback_actions':[" SLEEP
						"]}");
	flow_fake_http(&fake, 404, NULL);
	assert_string_equal(fake.trace->str, "patch patch sleep");
	flow_fake_teardown(&fake);
}

/* A server that leads from patch to patch may do so for ever */
static void test_chain(void **state)
{
	struct flow_fake fake;
	int i;

	(void)state;
	start(&fake, "{'actions':[" PATCH("") "]" FALLBACK);
	for (i = 0; i < 100; ++i) {
		flow_fake_pass(&fake, 20);
		flow_fake_http(&fake, 200, "[" PATCH("") "]");
		assert_int_equal(fake.errors, 0);
	}
	assert_int_equal(fake.https, 101);
	flow_fake_http(&fake, 404, NULL);
	assert_non_null(strstr(fake.trace->str, "patch beep"));
	flow_fake_teardown(&fake);
}

static void test_nested_too_deep(void **state)
{
	struct flow_fake fake;
	int i;

	(void)state;
	start(&fake, "[" PATCH("") "," SLEEP "]");
	for (i = 0; i < FLOW_DEPTH_MAX; ++i)
		flow_fake_http(&fake, 200, "[" PATCH("") "," SLEEP "]");
	assert_int_equal(fake.errors, 0);
	flow_fake_http(&fake, 200, "[" PATCH("") "," SLEEP "]");
	assert_string_equal(fake.error_code, "flow_too_deep");
	flow_fake_teardown(&fake);
}

/* ---- the caller ---- */

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[" PATCH("") "]");
	flow_run_cancel(fake.run);
	assert_int_equal(fake.http_cancels, 1);
	flow_fake_http(&fake, 200, "[{'type':'beep'}]"); /* late */
	assert_int_equal(fake.plays, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);

	/* between two attempts */
	start(&fake, "[" PATCH("") "]");
	flow_fake_http_failed(&fake, "timeout");
	flow_run_cancel(fake.run);
	assert_int_equal(fake.http_cancels, 0);
	flow_fake_pass(&fake, 1000);
	assert_int_equal(fake.https, 1);
	flow_fake_teardown(&fake);

	/* inside the request */
	assert_int_equal(flow_fake_setup(&fake, "[" PATCH("") "]"), 0);
	fake.cancel_inside = true;
	flow_fake_start(&fake);
	assert_int_equal(fake.http_cancels, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_an_old_answer_is_nobodys(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[" PATCH("") "]");
	flow_fake_http_failed(&fake, "timeout");
	flow_fake_http(&fake, 200, "[{'type':'beep'}]"); /* its id is over */
	assert_int_equal(fake.plays, 0);
	flow_fake_pass(&fake, 250);
	--fake.http_id;
	flow_fake_http(&fake, 200, "[{'type':'beep'}]");
	assert_int_equal(fake.plays, 0);
	++fake.http_id;
	flow_fake_http(&fake, 200, "[{'type':'beep'}]");
	assert_int_equal(fake.plays, 1);
	flow_fake_teardown(&fake);
}

static void test_digits_are_kept(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(
		flow_fake_setup(
			&fake,
			"[" PATCH("") ",{'type':"
				      "'dtmf_receive','option':{'length':"
				      "2}}]"),
		0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "12");
	flow_fake_http(&fake, 204, NULL);
	assert_string_equal(flow_fake_var(&fake, "digits"), "12");
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'fetch','option':{'event_url':'ftp://a.test/',"
		"'event_method':'HEAD','retries':9,'timeout_ms':1,"
		"'headers':{'Host':'b.test','X-A':'ok','Webhook-Id':'1'}}},"
		"{'type':'patch'}]");

	(void)state;
	assert_non_null(strstr(faults, "/actions/0/option/event_url "));
	assert_non_null(strstr(faults, "/actions/0/option/event_method "));
	assert_non_null(strstr(faults, "/actions/0/option/retries "));
	assert_non_null(strstr(faults, "/actions/0/option/timeout_ms "));
	assert_non_null(strstr(faults, "/actions/1/option/event_url is req"));
	g_free(faults);
	faults = flow_fake_faults(
		"[{'type':'fetch','option':{'event_url':'http://a.test/',"
		"'headers':{'Host':'b.test','X-A':'ok','Webhook-Id':'1'}}}]");
	assert_non_null(strstr(faults, "/actions/0/option/headers/Host "));
	assert_non_null(strstr(faults, "/option/headers/Webhook-Id "));
	assert_null(strstr(faults, "X-A"));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_says_where_it_is),
		cmocka_unit_test(test_get_has_no_body),
		cmocka_unit_test(test_secrets_are_in_it),
		cmocka_unit_test(test_actions_run_then_the_flow),
		cmocka_unit_test(test_steps_of_an_answer_say_so),
		cmocka_unit_test(test_nothing_to_run),
		cmocka_unit_test(test_answers_that_are_none),
		cmocka_unit_test(test_answers_are_bounded),
		cmocka_unit_test(test_variables_all_or_none),
		cmocka_unit_test(test_tries_again),
		cmocka_unit_test(test_what_is_not_tried_again),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_the_other_server),
		cmocka_unit_test(test_too_much_goes_on),
		cmocka_unit_test(test_without_a_way_it_hangs_up),
		cmocka_unit_test(test_fallback_actions),
		cmocka_unit_test(test_fallback_that_fails_itself),
		cmocka_unit_test(test_fallback_of_the_flow_around),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_nested_too_deep),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_an_old_answer_is_nobodys),
		cmocka_unit_test(test_digits_are_kept),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
