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
#include "directory/directory.h"
#include "support/call_fake.h"

#define OTHER_FLOW "01890000-0000-7000-8000-000000000009"

/* A stored flow of this account that sleeps */
static void store_flow(struct call_fake *fake, const char *account_id)
{
	json_t *doc = json_pack("{s:s,s:s,s:s,s:[{s:s,s:s,s:{s:i}}]}", "id",
				OTHER_FLOW, "account_id", account_id, "name",
				"other", "actions", "id", "zzz", "type",
				"sleep", "option", "duration_ms", 60000);

	directory_apply(fake->dir, DIR_FLOW, doc);
	json_decref(doc);
}

#define FETCH                                                                  \
	"[{'type':'fetch_flow','option':{'flow_id':'" OTHER_FLOW               \
	"'}},{'type':'stop'}]"

static void test_fetched_flow_is_named(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	struct call *call;
	const json_t *data;
	json_t *shown;

	call_fake_setup(&fake, FETCH, NULL, NULL, 0);
	store_flow(&fake, CALL_FAKE_ACCOUNT);
	call = call_fake_call(&fake, &leg);
	call_fake_pass(&fake, 1000);
	data = call_fake_event(&fake, "flow.action");
	assert_string_equal(json_str(data, "flow_id", ""), OTHER_FLOW);
	assert_string_equal(
		json_str(json_object_get(data, "action"), "type", ""), "sleep");
	shown = call_json(call);
	assert_string_equal(json_str(shown, "flow_id", ""), CALL_FAKE_FLOW);
	assert_string_equal(
		json_str(json_object_get(shown, "action"), "flow_id", ""),
		OTHER_FLOW);
	json_decref(shown);
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_flow_of_another_account_is_not_found(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	const json_t *data;

	call_fake_setup(&fake, FETCH, NULL, NULL, 0);
	store_flow(&fake, CALL_FAKE_TRUNK); /* any other id */
	call_fake_call(&fake, &leg);
	call_fake_pass(&fake, 1000);
	data = call_fake_event(&fake, "flow.error");
	assert_string_equal(json_str(data, "code", ""), "flow_not_found");
	assert_string_equal(json_str(data, "flow_id", ""), CALL_FAKE_FLOW);
	assert_int_equal(leg.hangups, 1);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

#define PLAY(rest) "[{'type':'play','option':{" rest "}},{'type':'stop'}]"

static void test_early_media(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, PLAY("'stream_urls':['tone:440/200']"), NULL,
			NULL, 0);
	call_fake_call(&fake, &leg);
	assert_int_equal(leg.progresses, 1);
	assert_int_equal(leg.rings, 0); /* 183 says more than 180 */
	assert_int_equal(fake.plays, 0);
	call_fake_early(&leg);
	assert_int_equal(fake.plays, 1);
	assert_int_equal(leg.answers, 0);
	call_fake_played(&fake, &leg, 0);
	assert_int_equal(leg.hangups, 1);
	assert_int_equal(leg.end.sip_code, 480);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_early_media_twice(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'play','option':{'stream_urls':"
			"['tone:440/200']}},{'type':'beep'},"
			"{'type':'answer'},{'type':'beep'},"
			"{'type':'stop'}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_early(&leg);
	call_fake_played(&fake, &leg, 0);
	assert_int_equal(leg.progresses, 1);
	assert_int_equal(fake.plays, 2);
	call_fake_played(&fake, &leg, 0);
	assert_int_equal(leg.answers, 1);
	call_fake_answered(&leg);
	assert_int_equal(fake.plays, 3);
	assert_int_equal(leg.progresses, 1);
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_no_early_media(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, PLAY("'stream_urls':['tone:440/200']"), NULL,
			NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &leg), CALL_TAKEN);
	leg.progress_err = ENOTSUP;
	call_fake_pass(&fake, 0);
	assert_string_equal(
		json_str(call_fake_event(&fake, "flow.error"), "code", ""),
		"play_failed");
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_early_media_fails_later(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, PLAY("'stream_urls':['tone:440/200']"), NULL,
			NULL, 0);
	call_fake_call(&fake, &leg);
	leg.leg.handler->failed(leg.leg.arg, EAGAIN, "no ports left");
	assert_string_equal(
		json_str(call_fake_event(&fake, "flow.error"), "detail", ""),
		"no ports left");
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_one_is_looped_by_the_media(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'play','option':"
			"{'stream_urls':['tone:440/200'],'loop':7}},"
			"{'type':'play','option':{'stream_urls':"
			"['tone:440/200'],'loop':0}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	assert_int_equal(fake.loops, 7);
	call_fake_played(&fake, &leg, 0);
	assert_int_equal(fake.plays, 2);
	assert_int_equal(fake.loops, 0);
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_several_are_played_in_order(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	unsigned i;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'play','option':"
			"{'stream_urls':['tone:440/100',"
			"'tone:440/200'],'loop':3}},{'type':'stop'}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	for (i = 0; i < 6; ++i) {
		assert_int_equal(fake.plays, i + 1);
		assert_int_equal(fake.loops, 1);
		assert_int_equal(fake.first_ms, i % 2 ? 200 : 100);
		assert_int_equal(leg.hangups, 0);
		call_fake_played(&fake, &leg, 0);
	}
	assert_int_equal(leg.hangups, 1);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_seek(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'play','option':"
			"{'stream_urls':['tone:440/100,0/100,660/300'],"
			"'loop':2,'seek_ms':250}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	assert_int_equal(fake.steps, 1);
	assert_int_equal(fake.first_ms, 250);
	assert_int_equal(fake.loops, 1);
	call_fake_played(&fake, &leg, 0);
	assert_int_equal(fake.steps, 3); /* the second time it is whole */
	call_fake_played(&fake, &leg, 0);
	assert_int_equal(leg.hangups, 1);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_seek_beyond_the_end(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'play','option':"
			"{'stream_urls':['tone:440/100'],"
			"'seek_ms':100}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	assert_int_equal(fake.plays, 0);
	assert_string_equal(
		json_str(call_fake_event(&fake, "flow.error"), "code", ""),
		"play_failed");
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_barge_in_stops_the_media(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'play','option':"
			"{'stream_urls':['tone:440'],"
			"'barge_in':'any'}},{'type':'dtmf_receive',"
			"'option':{'length':1}},{'type':'sleep',"
			"'option':{'duration_ms':1000}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	call_fake_digits(&leg, "5");
	assert_int_equal(fake.stops, 1);
	call_fake_played(&fake, &leg, ECANCELED);
	call_fake_check_story(&fake,
			      "call.created flow.action call.answered "
			      "flow.action"); /* noise may wait a little */
	call_fake_pass(&fake, 100);
	call_fake_check_story(&fake,
			      "call.created flow.action call.answered "
			      "flow.action call.dtmf flow.action flow.action");
	call_fake_bye(&leg);
	assert_string_equal(
		json_str(json_object_get(call_fake_event(&fake, "call.ended"),
					 "variables"),
			 "digits", ""),
		"5");
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_sensitive_digits_are_nowhere(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	char *text;

	call_fake_setup(&fake,
			"[{'type':'sleep','option':{'duration_ms':10}},"
			"{'type':'dtmf_receive','option':{'length':6,"
			"'sensitive':true}},{'type':'variable_set',"
			"'option':{'key':'pin','value':'${digits}'}},"
			"{'type':'goto','option':{'target_id':"
			"'${digits}'}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_digits(&leg, "97");
	call_fake_pass(&fake, 10);
	call_fake_answered(&leg);
	call_fake_digits(&leg, "9797");
	assert_int_equal(leg.hangups, 1);
	text = json_dumps(fake.log, 0);
	assert_null(strstr(text, "979797"));
	assert_null(strstr(text, "\"digit\": \"9\""));
	assert_non_null(strstr(text, "\"masked\": true"));
	free(text);
	text = json_dumps(fake.rows, 0);
	assert_null(strstr(text, "979797"));
	free(text);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_digits_that_are_none(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, "[{'type':'dtmf_receive'}]", NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	call_fake_digits(&leg, "x!\n\xff");
	leg.leg.handler->dtmf(leg.leg.arg, '\0', 0, true);
	call_fake_pass(&fake, 100);
	assert_null(call_fake_event(&fake, "call.dtmf"));
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_what_flows_know_of_the_call(void **state)
{
	static const char *const names[] = {
		"id",          "account_id",  "direction",        "status",
		"endpoint",    "source",      "source_type",      "source_name",
		"destination", "flow_id",     "destination_type", "trunk_id",
		"created_at",  "answered_at",
	};
	struct call_fake fake;
	struct call_fake_leg leg;
	GString *flow = g_string_new("[{'type':'answer'}");
	const json_t *vars;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(names); ++i)
		g_string_append_printf(
			flow,
			",{'type':'variable_set','option':{'key':'v%zu',"
			"'value':'${call.%s:-none}'}}",
			i, names[i]);
	g_string_append(flow, ",{'type':'variable_set','option':{'key':'no',"
			      "'value':'${call.number_id:-none}"
			      "${call.nothing}${parent.id}${x}'}}]");
	call_fake_setup(&fake, flow->str, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	vars = json_object_get(call_fake_event(&fake, "call.ended"),
			       "variables");
	assert_string_equal(json_str(vars, "no", ""), "none");
	assert_string_equal(json_str(vars, "v2", ""), "incoming");
	assert_string_equal(json_str(vars, "v3", ""), "answered");
	assert_string_equal(json_str(vars, "v5", ""), "+4511111111");
	for (i = 0; i < G_N_ELEMENTS(names); ++i) {
		char name[8];

		snprintf(name, sizeof(name), "v%zu", i);
		assert_string_not_equal(json_str(vars, name, "none"), "none");
	}
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
	g_string_free(flow, TRUE);
}

static void test_noise_is_bounded(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	int i;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'sleep','option':"
			"{'duration_ms':1000}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	for (i = 0; i < 10100; ++i)
		call_fake_digits(&leg, "1");
	assert_true(fake.commits < 5);
	call_fake_bye(&leg);
	/* the state is told, whatever the noise was */
	assert_non_null(call_fake_event(&fake, "call.ended"));
	assert_int_equal(json_array_size(fake.log), 10003);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fetched_flow_is_named),
		cmocka_unit_test(test_flow_of_another_account_is_not_found),
		cmocka_unit_test(test_early_media),
		cmocka_unit_test(test_early_media_twice),
		cmocka_unit_test(test_no_early_media),
		cmocka_unit_test(test_early_media_fails_later),
		cmocka_unit_test(test_one_is_looped_by_the_media),
		cmocka_unit_test(test_several_are_played_in_order),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_seek_beyond_the_end),
		cmocka_unit_test(test_barge_in_stops_the_media),
		cmocka_unit_test(test_sensitive_digits_are_nowhere),
		cmocka_unit_test(test_digits_that_are_none),
		cmocka_unit_test(test_what_flows_know_of_the_call),
		cmocka_unit_test(test_noise_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
