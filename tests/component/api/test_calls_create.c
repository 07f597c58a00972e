/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST /v1/calls: what is taken, what is refused and where, what goes out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "support/api_calls.h"

#define UNKNOWN "01900000-0000-7000-8000-000000000000"
#define SOURCE "'source':'tel:+4511111111'"
#define ANSWER "'actions':[{'type':'answer'}]"
#define BOB "'destinations':['sip:bob@example.com']"

static struct api_rig rig;
static struct api_legs legs;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);
	api_legs_open(&legs, &rig);

	return 0;
}

static int teardown(void **state)
{
	api_legs_close(&legs);
	api_rig_close(&rig);

	return 0;
}

/* documents are written with ' for " */
static json_t *parse(const char *text)
{
	char *copy = g_strdelimit(g_strdup(text), "'", '"');
	json_error_t error;
	json_t *out = json_loads(copy, 0, &error);

	if (!out)
		fail_msg("%s: %s", copy, error.text);
	g_free(copy);

	return out;
}

static json_t *ask(const char *account, json_t *body)
{
	const struct api_ask a = {
		.verb = "calls.create", .account_id = account, .body = body};

	return api_rig_ask(&rig, &a);
}

static json_t *create(const char *text)
{
	return ask(NULL, parse(text));
}

static void expect_faults(json_t *body, const char *want)
{
	char *got = api_rig_pointers(ask(NULL, body));

	assert_string_equal(got, want);
	g_free(got);
}

static void expect(const char *body, const char *want)
{
	expect_faults(parse(body), want);
}

static char *make_trunk(const char *account)
{
	json_t *trunk = api_rig_make(&rig, "trunks.create", account,
				     json_pack("{s:s}", "name", "out"));
	char *id = g_strdup(json_str(trunk, "id", ""));

	json_decref(trunk);

	return id;
}

static char *make_flow(const char *account)
{
	json_t *flow =
		api_rig_make(&rig, "flows.create", account,
			     parse("{'name':'x','actions':[{'type':'sleep',"
				   "'option':{'duration_ms':60000}}]}"));
	char *id = g_strdup(json_str(flow, "id", ""));

	json_decref(flow);

	return id;
}

static char *make_account(void)
{
	json_t *other = api_rig_make(&rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));
	char *id = g_strdup(json_str(other, "id", ""));

	json_decref(other);

	return id;
}

/** The id of the n-th call of an answer; borrowed */
static const char *nth(const json_t *ok, size_t n)
{
	return json_str(json_array_get(json_object_get(ok, "result"), n), "id",
			"");
}

static void test_one_call_for_each_destination(void **state)
{
	const struct api_ask list = {.verb = "calls.list"};
	json_t *reply, *ok, *all, *call, *to;
	char *location;

	reply = create("{" SOURCE ",'display':'Acme','auto_answer':true," ANSWER
		       ","
		       "'destinations':['sip:bob@example.com',"
		       "{'type':'extension','target':'1001@acme.test',"
		       "'name':'Ann'}],'headers':{'X-Order':'7'},"
		       "'variables':{'order':'7'},'notes':'first'}");
	location = g_strdup(json_str(reply, "location", ""));
	ok = api_rig_ok(reply);
	assert_int_equal(json_array_size(json_object_get(ok, "result")), 2);
	assert_true(g_str_has_suffix(location, nth(ok, 0)));
	g_free(location);

	call = json_array_get(json_object_get(ok, "result"), 1);
	to = json_object_get(call, "destination");
	assert_string_equal(json_str(call, "direction", ""), "outgoing");
	assert_string_equal(json_str(call, "notes", ""), "first");
	assert_string_equal(json_str(to, "type", ""), "extension");
	assert_string_equal(json_str(to, "target", ""), "1001@acme.test");
	assert_string_equal(
		json_str(json_object_get(call, "variables"), "order", ""), "7");

	/* whoever was told finds them in the list */
	all = api_rig_ok(api_rig_ask(&rig, &list));
	assert_int_equal(json_array_size(json_object_get(all, "result")), 2);
	json_decref(all);

	api_legs_wait_dialed(&legs, 2);
	assert_string_equal(legs.legs[0]->target, "sip:bob@example.com");
	assert_string_equal(legs.legs[0]->source, "+4511111111");
	assert_string_equal(legs.legs[0]->name, "Acme");
	assert_true(legs.legs[0]->auto_answer);
	assert_string_equal(json_str(legs.legs[0]->headers, "X-Order", ""),
			    "7");
	assert_string_equal(legs.legs[1]->target, "1001@acme.test");
	json_decref(ok);
}

static void test_what_becomes_of_one(void **state)
{
	json_t *ok = api_rig_ok(create("{" SOURCE "," ANSWER "," BOB "}"));
	json_t *call;

	api_legs_wait_dialed(&legs, 1);
	api_leg_ends(legs.legs[0], HANGUP_BUSY, 486);
	call = api_legs_wait_status(&legs, NULL, nth(ok, 0), "ended");
	assert_string_equal(
		json_str(json_object_get(call, "hangup"), "reason", ""),
		"busy");
	assert_int_equal(
		json_int(json_object_get(call, "hangup"), "sip_code", 0), 486);
	json_decref(call);
	json_decref(ok);

	/* nobody there is a call that fails, not a refused request */
	ok = api_rig_ok(create("{" SOURCE "," ANSWER ","
			       "'destinations':['sip:nobody@example.com']}"));
	call = api_legs_wait_status(&legs, NULL, nth(ok, 0), "ended");
	assert_string_equal(
		json_str(json_object_get(call, "hangup"), "code", ""),
		"no_route");
	json_decref(call);
	json_decref(ok);
}

static void test_a_stored_flow_or_actions(void **state)
{
	char *flow = make_flow(NULL), *other = make_account();
	char *theirs = make_flow(other);
	json_t *body = parse("{" SOURCE "," BOB "}"), *ok;

	json_object_set_new(body, "flow_id", json_string(flow));
	ok = api_rig_ok(ask(NULL, json_deep_copy(body)));
	assert_string_equal(
		json_str(json_array_get(json_object_get(ok, "result"), 0),
			 "flow_id", ""),
		flow);
	json_decref(ok);

	json_object_set_new(body, "flow_id", json_string(UNKNOWN));
	expect_faults(json_deep_copy(body), "/flow_id");
	json_object_set_new(body, "flow_id", json_string(theirs));
	expect_faults(body, "/flow_id");

	expect("{" SOURCE "," BOB "}", "/flow_id");
	expect("{" SOURCE "," BOB "," ANSWER ",'flow_id':'" UNKNOWN "'}",
	       "/flow_id");
	expect("{" SOURCE "," BOB ",'actions':[]}", "/actions");
	expect("{" SOURCE "," BOB ",'actions':[{'type':'x'},"
	       "{'type':'goto','option':{'target_id':'y'}}]}",
	       "/actions/0/type /actions/1/option/target_id");
	g_free(flow);
	g_free(other);
	g_free(theirs);
}

static void test_numbers_need_a_trunk(void **state)
{
	char *trunk = make_trunk(NULL), *other = make_account();
	char *theirs = make_trunk(other);
	json_t *body = parse("{" SOURCE "," ANSWER ","
			     "'destinations':['+4522222222',"
			     "'tel:+4533333333']}");

	expect_faults(json_deep_copy(body), "/trunk_id /trunk_id");

	json_object_set_new(body, "trunk_id", json_string(UNKNOWN));
	expect_faults(json_deep_copy(body), "/trunk_id");
	json_object_set_new(body, "trunk_id", json_string(theirs));
	expect_faults(json_deep_copy(body), "/trunk_id");

	json_object_set_new(body, "trunk_id", json_string(trunk));
	json_decref(api_rig_ok(ask(NULL, json_deep_copy(body))));
	api_legs_wait_dialed(&legs, 2);
	assert_string_equal(legs.legs[1]->trunk_id, trunk);
	assert_string_equal(legs.legs[1]->target, "+4533333333");

	/* one of its own */
	json_array_append_new(json_object_get(body, "destinations"),
			      json_pack("{s:s, s:s, s:s}", "type", "tel",
					"target", "+4544444444", "trunk_id",
					theirs));
	expect_faults(body, "/destinations/2/trunk_id");
	g_free(trunk);
	g_free(other);
	g_free(theirs);
}

static void test_the_source_may_be_the_accounts(void **state)
{
	const struct api_ask patch = {
		.verb = "accounts.patch",
		.id = rig.account_id,
		.body = json_pack("{s:s}", "default_source", "+4599999999"),
	};

	expect("{" ANSWER "," BOB "}", "/source");
	expect("{'source':null," ANSWER "," BOB "}", "/source");
	json_decref(api_rig_ok(api_rig_ask(&rig, &patch)));
	json_decref(api_rig_ok(create("{" ANSWER "," BOB "}")));
	api_legs_wait_dialed(&legs, 1);
	assert_string_equal(legs.legs[0]->source, "+4599999999");
	assert_false(legs.legs[0]->auto_answer);
}

static void test_wrong_addresses_are_named(void **state)
{
	expect("{'source':'bob'," ANSWER ",'destinations':"
	       "['sip:a b@c', 5, null, {'type':'sip'}, {'type':'tel',"
	       "'target':'+0'}, 'queue:sales', ['sip:a@b']]}",
	       "/destinations/0 /destinations/1 /destinations/2 "
	       "/destinations/3/target /destinations/4/target /destinations/5 "
	       "/destinations/6 /source");
	expect("{" SOURCE "," ANSWER ",'destinations':[]}", "/destinations");
	expect("{" SOURCE "," ANSWER ",'destinations':'sip:a@b'}",
	       "/destinations");
	expect("{" SOURCE "," ANSWER "}", "/destinations");
	/* what would become another header */
	expect("{" SOURCE "," ANSWER ",'destinations':"
	       "['sip:bob@example.com\\r\\nX: y',"
	       "'sip:bob@example.com?Route=%3Csip:evil%3E']}",
	       "/destinations/0 /destinations/1");
}

static void test_ten_thousand_destinations(void **state)
{
	json_t *body = parse("{" SOURCE "," ANSWER "}"), *list = json_array();
	int i;

	for (i = 0; i < 10000; ++i)
		json_array_append_new(list, json_string("sip:a@b.test"));
	json_object_set_new(body, "destinations", list);
	expect_faults(body, "/destinations");
	api_legs_sync(&legs);
	assert_int_equal(legs.dialed, 0);
}

static void test_wrong_members_are_all_named(void **state)
{
	expect("{" SOURCE "," ANSWER "," BOB ",'timeout_s':0,"
	       "'max_duration_s':-1,'early_execution':'yes',"
	       "'headers':{'Via':'x','X-A':'b\\r\\nc','X-B':'${\\r\\n',"
	       "'X-C':5},'auto_answer':'yes','display':'a\\nb',"
	       "'webhook':{'url':'ftp://a','events':['x']},'notes':5,"
	       "'trunk_id':'x','variables':{'call.id':'x','a b':'x','n':5},"
	       "'nonsense':1}",
	       "/nonsense /variables/n /timeout_s /max_duration_s "
	       "/early_execution /headers/X-A /headers/X-B /headers/X-C "
	       "/auto_answer /display /webhook/url /webhook/events/0 /notes "
	       "/trunk_id "
	       "/variables/call.id /variables/a b /headers/Via /headers/X-A");
}

static void test_variables_are_bounded(void **state)
{
	json_t *body = parse("{" SOURCE "," ANSWER "," BOB "}");
	char *text = g_strnfill(70000, 'x');

	json_object_set_new(body, "variables", json_pack("{s:s}", "big", text));
	expect_faults(body, "/variables/big");
	g_free(text);
}

static void test_over_a_limit_nobody_is_called(void **state)
{
	const struct api_ask patch = {
		.verb = "accounts.patch",
		.id = rig.account_id,
		.body = json_pack("{s:i}", "max_outgoing", 2),
	};
	json_t *reply, *ok;

	json_decref(api_rig_ok(api_rig_ask(&rig, &patch)));
	reply = create("{" SOURCE "," ANSWER ",'destinations':"
		       "['sip:a@b.test','sip:b@b.test','sip:c@b.test']}");
	assert_int_equal(
		json_int(json_object_get(reply, "error"), "retry_after_s", 0),
		1);
	assert_string_equal(api_rig_code(reply), "call_limit");

	/* two are as many as it may */
	ok = api_rig_ok(create("{" SOURCE "," ANSWER ",'destinations':"
			       "['sip:a@b.test','sip:b@b.test']}"));
	api_legs_wait_dialed(&legs, 2);
	assert_int_equal(legs.dialed, 2);
	assert_string_equal(
		api_rig_code(create("{" SOURCE "," ANSWER "," BOB "}")),
		"call_limit");
	json_decref(ok);
}

static void shut(void *arg) /* Thread: loop */
{
	call_table_close(rig.calls);
}

static void test_a_platform_that_stops_makes_none(void **state)
{
	api_rig_on_loop(&rig, shut, NULL);
	assert_string_equal(
		api_rig_code(create("{" SOURCE "," ANSWER "," BOB "}")),
		"unavailable");
}

static void test_a_retry_calls_nobody_twice(void **state)
{
	struct api_ask a = {
		.verb = "calls.create",
		.idem_key = "order-7",
		.body = parse("{" SOURCE "," ANSWER "," BOB "}"),
	};
	json_t *first, *again, *body = json_deep_copy(a.body);

	first = api_rig_ok(api_rig_ask(&rig, &a));
	a.body = body;
	again = api_rig_ask(&rig, &a);
	assert_true(json_flag(again, "replayed", false));
	again = api_rig_ok(again);
	assert_string_equal(nth(first, 0), nth(again, 0));
	api_legs_wait_dialed(&legs, 1);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM call"), 1);
	json_decref(first);
	json_decref(again);
}

static void test_it_has_an_endpoint_of_its_own(void **state)
{
	const struct api_ask a = {
		.verb = "calls.create",
		.request_id = "req-9",
		.body = parse("{" SOURCE "," ANSWER "," BOB ",'webhook':"
			      "{'url':'https://sink.test/','events':"
			      "['call.ended']}}"),
	};
	json_t *ok = api_rig_ok(api_rig_ask(&rig, &a));
	char *doc = api_rig_text(
		&rig, "SELECT doc FROM webhook WHERE call_id = ?1", nth(ok, 0));
	char *event = api_rig_text(
		&rig, "SELECT doc FROM event WHERE call_id = ?1", nth(ok, 0));

	assert_non_null(strstr(doc, "https://sink.test/"));
	assert_non_null(strstr(event, "\"request_id\":\"req-9\""));
	g_free(doc);
	g_free(event);
	json_decref(ok);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_one_call_for_each_destination),
		TEST(test_what_becomes_of_one),
		TEST(test_a_stored_flow_or_actions),
		TEST(test_numbers_need_a_trunk),
		TEST(test_the_source_may_be_the_accounts),
		TEST(test_wrong_addresses_are_named),
		TEST(test_ten_thousand_destinations),
		TEST(test_wrong_members_are_all_named),
		TEST(test_variables_are_bounded),
		TEST(test_over_a_limit_nobody_is_called),
		TEST(test_a_platform_that_stops_makes_none),
		TEST(test_a_retry_calls_nobody_twice),
		TEST(test_it_has_an_endpoint_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
