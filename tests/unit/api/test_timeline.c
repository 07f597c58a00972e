/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One list out of several, by time, bounded, and masked as it came */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "api/timeline.h"
#include "common/clock.h"
#include "common/json.h"

/* documents are written with ' for " */
static json_t *parse(const char *text)
{
	char *copy = g_strdelimit(g_strdup(text), "'", '"');
	json_t *out = json_loads(copy, 0, NULL);

	assert_non_null(out);
	g_free(copy);

	return out;
}

static void add_event(struct timeline *tl, const char *text)
{
	json_t *event = parse(text);

	timeline_add_event(tl, event);
	json_decref(event);
}

static void add_notes(struct timeline *tl, const char *text)
{
	json_t *notes = parse(text);

	timeline_add_notes(tl, notes);
	json_decref(notes);
}

/** "TEXT; TEXT": the texts in order */
static char *texts(const json_t *out)
{
	GString *all = g_string_new(NULL);
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(out, "result"), i, item)
	{
		g_string_append_printf(all, "%s%s", i ? "; " : "",
				       json_str(item, "text", "?"));
	}

	return g_string_free(all, FALSE);
}

static void expect(struct timeline *tl, const char *want)
{
	json_t *out = timeline_json(tl);
	char *got = texts(out);

	assert_string_equal(got, want);
	assert_int_equal(json_int(out, "truncated", -1), 0);
	g_free(got);
	json_decref(out);
	timeline_free(tl);
}

#define AT(time) "2026-11-26T10:00:" time "Z"

static void test_several_lists_become_one(void **state)
{
	const struct timeline_delivery sent = {
		.id = "d",
		.webhook_id = "w",
		.event_id = "e",
		.event_type = "call.created",
		.status = "delivered",
		.log = "[{\"at\":\"" AT(
			"00.300") "\",\"status_code\":null,"
				  "\"latency_ms\":null,\"error\":\"refused\"},"
				  "{\"at\":\"" AT(
					  "06.000") "\",\"status_code\":200,"
						    "\"latency_ms\":12,"
						    "\"error\":null}]",
	};
	struct timeline *tl = timeline_new();
	json_t *attempts = parse("[{'trunk_id':'t','host':'192.0.2.1:5060',"
				 "'sip_code':486,'at':'" AT("00.100") "'}]");

	add_notes(
		tl,
		"[{'at':'" AT(
			"00.000") "','kind':'request',"
				  "'text':'POST','request_id':'r'},"
				  "{'at':'" AT(
					  "00.200") "','kind':'sip',"
						    "'text':'486 received'}]");
	timeline_add_attempts(tl, attempts);
	add_event(tl, "{'id':'e','type':'call.created','sequence':1,"
		      "'created_at':'" AT(
			      "00.000") "',"
					"'data':{'direction':'outgoing'}}");
	add_event(
		tl,
		"{'type':'call.ended','sequence':2,"
		"'created_at':'" AT(
			"00.250") "','data':"
				  "{'direction':'outgoing','hangup':{'by':'"
				  "remote',"
				  "'reason':'busy','code':null,'sip_code':486,"
				  "'sip_reason':'Busy Here'}}}");
	timeline_add_delivery(tl, &sent);
	json_decref(attempts);
	expect(tl, "POST; created; 192.0.2.1:5060: 486; 486 received; "
		   "ended by remote: busy, SIP 486 Busy Here; "
		   "call.created sent: refused; "
		   "call.created sent: 200 after 12 ms");
}

static void test_attempts_are_told_once(void **state)
{
	struct timeline *tl = timeline_new();
	json_t *attempts = parse("[{'host':'a','at':'" AT(
		"00.000") "'},"
			  "{'host':'b','at':'" AT("00.002") "'}]");

	timeline_add_attempts(tl, attempts);
	json_decref(attempts);
	add_notes(tl, "[{'at':'" AT("00.001") "','kind':'attempt',"
					      "'text':'trying a'}]");
	expect(tl, "trying a; b");
}

static void attempt(json_t *list, const char *host, const char *at)
{
	json_array_append_new(list,
			      json_pack("{s:s?, s:s}", "host", host, "at", at));
}

/* Of many notes the middle ones are not kept: what they told of stays */
static void test_attempts_without_a_note_stay(void **state)
{
	struct timeline *tl = timeline_new();
	json_t *attempts = json_array();

	attempt(attempts, "a", AT("00.000"));
	attempt(attempts, "a:5", AT("00.001"));
	attempt(attempts, "a", AT("00.002"));
	attempt(attempts, NULL, AT("00.004"));
	timeline_add_attempts(tl, attempts);
	json_decref(attempts);
	add_notes(tl, "[{'at':'" AT("00.002") "','kind':'attempt',"
					      "'text':'dialing sip a: why'}]");
	add_notes(tl, "[{'at':'" AT("00.003") "','kind':'attempt',"
					      "'text':'ringing'}]");
	expect(tl, "a; a:5; dialing sip a: why; ringing; a device");
}

static void test_an_item_has_what_it_needs(void **state)
{
	struct timeline *tl = timeline_new();
	json_t *out, *item;

	add_event(tl, "{'id':'e','type':'call.ended','sequence':9,"
		      "'request_id':'r','created_at':'" AT(
			      "00.001") "',"
					"'data':{'direction':'incoming','"
					"variables':{'a':'b'},"
					"'hangup':{'by':'local','reason':'"
					"normal'}}}");
	out = timeline_json(tl);
	item = json_array_get(json_object_get(out, "result"), 0);
	assert_string_equal(json_str(item, "at", ""), AT("00.001"));
	assert_string_equal(json_str(item, "kind", ""), "event");
	assert_string_equal(json_str(item, "type", ""), "call.ended");
	assert_string_equal(json_str(item, "request_id", ""), "r");
	assert_int_equal(json_int(item, "sequence", 0), 9);
	/* of the call only how it ended */
	assert_string_equal(json_str(json_object_get(item, "data"), "by", ""),
			    "local");
	assert_null(
		json_object_get(json_object_get(item, "data"), "variables"));
	json_decref(out);
	timeline_free(tl);
}

static void test_masked_digits_stay_masked(void **state)
{
	struct timeline *tl = timeline_new();

	add_event(tl, "{'type':'call.dtmf','created_at':'" AT(
			      "00.001") "',"
					"'data':{'digit':'5','masked':false}}");
	add_event(tl, "{'type':'call.dtmf','created_at':'" AT(
			      "00.002") "',"
					"'data':{'digit':null,'masked':true}}");
	expect(tl, "digit 5; digit (masked)");
}

static void test_actions_and_errors_are_said(void **state)
{
	struct timeline *tl = timeline_new();

	add_event(tl, "{'type':'flow.action','created_at':'" AT(
			      "00.001") "',"
					"'data':{'flow_id':null,'action':{'id':"
					"'menu',"
					"'type':'play','index':0}}}");
	add_event(
		tl,
		"{'type':'flow.error','created_at':'" AT(
			"00.002") "',"
				  "'data':{'action':{'id':null,'type':'play'},"
				  "'code':'timeout','detail':'after 5 s'}}");
	expect(tl, "action play \"menu\"; "
		   "action play broke: timeout: after 5 s");
}

static void test_one_millisecond_keeps_the_order(void **state)
{
	struct timeline *tl = timeline_new();
	char text[128];
	unsigned i;

	for (i = 0; i < 26; ++i) {
		g_snprintf(text, sizeof(text),
			   "[{'at':'" AT("00.000") "','text':'%c'}]", 'a' + i);
		add_notes(tl, text);
	}
	expect(tl, "a; b; c; d; e; f; g; h; i; j; k; l; m; n; o; p; q; r; s; "
		   "t; u; v; w; x; y; z");
}

/* While a call is up its notes are read after its events */
static void test_causes_come_before_effects(void **state)
{
	struct timeline *tl = timeline_new();

	(void)state;
	add_event(tl, "{'id':'1','type':'call.answered','created_at':"
		      "'" AT("01.000") "','data':{}}");
	add_event(tl, "{'id':'2','type':'call.held','created_at':"
		      "'" AT("01.001") "','data':{}}");
	add_notes(tl,
		  "[{'at':'" AT("01.000") "','kind':'sip','text':'200'},"
					  "{'at':'" AT(
						  "01.001") "','kind':'sip','"
							    "text':'hold'}]");
	expect(tl, "200; answered; hold; held");
}

static void test_what_is_no_item_is_passed_over(void **state)
{
	const struct timeline_delivery waiting = {
		.event_type = "call.ended",
		.status = "pending",
		.log = "no JSON",
		.created_at = 1000,
	};
	struct timeline *tl = timeline_new();

	timeline_add_notes(tl, NULL);
	timeline_add_attempts(tl, NULL);
	timeline_add_event(tl, NULL);
	add_notes(tl, "[1, null, {}, {'at':5}, {'at':'yesterday'}]");
	add_notes(tl, "{'at':'" AT("00.000") "'}");
	add_event(tl, "{'type':'call.created'}");
	add_event(tl, "{'created_at':'" AT("00.000") "'}");
	timeline_add_delivery(tl, &waiting);
	expect(tl, "call.ended is to be sent; ");
}

static void test_the_middle_of_a_long_one_goes(void **state)
{
	struct timeline *tl = timeline_new();
	json_t *event = json_object(), *out, *result;
	int i;

	json_set_str(event, "type", "call.dtmf");
	for (i = 0; i < TIMELINE_MAX + 500; ++i) {
		json_set_time(event, "created_at", 1000000 + i);
		json_object_set_new(event, "sequence", json_integer(i));
		timeline_add_event(tl, event);
	}
	out = timeline_json(tl);
	result = json_object_get(out, "result");
	assert_int_equal(json_array_size(result), TIMELINE_MAX);
	assert_int_equal(json_int(out, "truncated", 0), 500);
	assert_int_equal(json_int(json_array_get(result, TIMELINE_FIRST - 1),
				  "sequence", 0),
			 TIMELINE_FIRST - 1);
	assert_int_equal(
		json_int(json_array_get(result, TIMELINE_FIRST), "sequence", 0),
		TIMELINE_FIRST + 500);
	assert_int_equal(json_int(json_array_get(result, TIMELINE_MAX - 1),
				  "sequence", 0),
			 TIMELINE_MAX + 499);
	json_decref(out);
	json_decref(event);
	timeline_free(tl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several_lists_become_one),
		cmocka_unit_test(test_attempts_are_told_once),
		cmocka_unit_test(test_attempts_without_a_note_stay),
		cmocka_unit_test(test_an_item_has_what_it_needs),
		cmocka_unit_test(test_masked_digits_stay_masked),
		cmocka_unit_test(test_actions_and_errors_are_said),
		cmocka_unit_test(test_one_millisecond_keeps_the_order),
		cmocka_unit_test(test_causes_come_before_effects),
		cmocka_unit_test(test_what_is_no_item_is_passed_over),
		cmocka_unit_test(test_the_middle_of_a_long_one_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
