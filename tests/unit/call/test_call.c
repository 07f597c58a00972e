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
#include "support/call_fake.h"

static const json_t *hangup_of(const struct call_fake *fake)
{
	return json_object_get(call_fake_event(fake, "call.ended"), "hangup");
}

#define ANSWER_ECHO                                                            \
	"[{'type':'answer'},{'type':'echo','option':{'duration_ms':5000}}]"

static void test_a_whole_call(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	const json_t *data;
	char id[64];
	struct call *call;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &leg), CALL_TAKEN);
	call_fake_check_story(&fake, "call.created");
	assert_int_equal(leg.answers, 0); /* after the INVITE's turn */
	data = call_fake_event(&fake, "call.created");
	assert_string_equal(json_str(data, "status", ""), "ringing");
	assert_string_equal(json_str(data, "direction", ""), "incoming");
	assert_string_equal(
		json_str(json_object_get(data, "source"), "target", ""),
		"+4511111111");
	assert_string_equal(
		json_str(json_object_get(data, "source"), "name", ""),
		"B\xef\xbf\xbd");
	assert_true(json_is_string(json_object_get(data, "ringing_at")));
	assert_true(json_is_null(json_object_get(data, "hangup")));
	assert_string_equal(
		json_str(json_object_get(data, "sip"), "call_id", ""), "abc@1");
	snprintf(id, sizeof(id), "%s", json_str(data, "id", ""));
	call = call_find(fake.table, id);
	assert_string_equal(call_id(call), id);
	assert_string_equal(call_account_id(call), CALL_FAKE_ACCOUNT);

	call_fake_pass(&fake, 0);
	assert_int_equal(leg.answers, 1);
	call_fake_pass(&fake, 40);
	call_fake_answered(&leg);
	assert_true(fake.echo);
	call_fake_check_story(&fake, "call.created flow.action call.answered "
				     "flow.action");
	data = call_fake_event(&fake, "call.answered");
	assert_int_equal(json_int(data, "ring_ms", -1), 40);
	assert_string_equal(
		json_str(json_object_get(json_object_get(data, "media"),
					 "audio"),
			 "codec", ""),
		"PCMU");
	assert_null(json_object_get(data, "variables"));

	call_fake_pass(&fake, 5000);
	assert_int_equal(leg.hangups, 1);
	assert_int_equal(leg.end.reason, HANGUP_NORMAL);
	call_fake_check_story(&fake, "call.created flow.action call.answered "
				     "flow.action call.ended");
	call_fake_check_hangup(&fake, "local", "normal", "-", 0);
	data = call_fake_event(&fake, "call.ended");
	assert_int_equal(json_int(data, "duration_ms", -1), 5000);
	assert_true(json_is_object(json_object_get(data, "variables")));
	data = json_object_get(json_object_get(data, "media"), "quality");
	assert_int_equal(json_int(data, "rx_packets", 0), 500);
	assert_string_equal(json_str(call_fake_row(&fake), "status", ""),
			    "ended");
	assert_string_equal(json_str(call_fake_row(&fake), "hangup_reason", ""),
			    "normal");
	assert_int_equal(json_int(call_fake_row(&fake), "sequence", 0), 5);

	/* two steps: it is there until its leg has gone */
	assert_int_equal(fake.idles, 0);
	assert_int_equal(call_table_count(fake.table), 1);
	call_fake_closed(&leg);
	assert_int_equal(leg.unrefs, 1);
	assert_int_equal(fake.idles, 1);
	assert_null(call_find(fake.table, id));
	/* created; what the answer made go on; ended */
	assert_int_equal(fake.commits, 3);
	call_fake_teardown(&fake);
}

static void test_quality_is_told_while_it_is_up(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	const json_t *data;

	call_fake_setup(&fake, "[{'type':'answer'},{'type':'echo'}]", NULL,
			NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_pass(&fake, 40000); /* it only rings */
	assert_null(call_fake_event(&fake, "call.quality"));
	call_fake_answered(&leg);
	call_fake_pass(&fake, 29000);
	assert_null(call_fake_event(&fake, "call.quality"));
	call_fake_pass(&fake, 1000);
	call_fake_check_story(&fake, "call.created flow.action call.answered "
				     "flow.action call.quality");
	data = call_fake_event(&fake, "call.quality");
	assert_int_equal(json_int(data, "rx_packets", 0), 500);
	data = json_object_get(data, "in");
	assert_float_equal(json_real_value(json_object_get(data, "mos")), 4.4,
			   0.001);

	/* and shown */
	data = json_object_get(call_fake_row(&fake), "doc");
	data = json_object_get(json_object_get(data, "media"), "quality");
	assert_int_equal(json_int(data, "rx_packets", 0), 500);

	call_fake_pass(&fake, 30000);
	call_fake_check_story(&fake, "call.created flow.action call.answered "
				     "flow.action call.quality call.quality");
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	assert_int_equal(call_table_count(fake.table), 0);
	call_fake_teardown(&fake);
}

static void test_caller_leaves_in_an_action(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	call_fake_pass(&fake, 1234);
	call_fake_bye(&leg);
	call_fake_check_hangup(&fake, "remote", "normal", "-", 0);
	assert_int_equal(leg.hangups, 0);

	/* late ones change nothing */
	call_fake_digits(&leg, "1");
	call_fake_answered(&leg);
	call_fake_early(&leg);
	call_fake_played(&fake, &leg, 0);
	leg.leg.handler->silent(leg.leg.arg);
	leg.leg.handler->failed(leg.leg.arg, EIO, "late");
	call_fake_pass(&fake, 20000);
	call_fake_check_story(&fake, "call.created flow.action call.answered "
				     "flow.action call.ended");
	call_fake_closed(&leg);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_caller_leaves_before_the_answer(void **state)
{
	static const struct leg_end cancel = {
		.by = HANGUP_BY_REMOTE,
		.reason = HANGUP_CANCELED,
		.sip_code = 487,
		.sip_reason = "Request Terminated",
	};
	struct call_fake fake;
	struct call_fake_leg leg;
	const json_t *data;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_pass(&fake, 700);
	leg.leg.handler->ended(leg.leg.arg, &cancel);
	call_fake_check_hangup(&fake, "remote", "canceled", "-", 487);
	assert_string_equal(json_str(hangup_of(&fake), "sip_reason", ""),
			    "Request Terminated");
	data = call_fake_event(&fake, "call.ended");
	assert_int_equal(json_int(data, "duration_ms", -1), 0);
	assert_int_equal(json_int(data, "ring_ms", -1), 700);
	assert_true(json_is_null(json_object_get(data, "answered_at")));
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_caller_leaves_before_the_flow_starts(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &leg), CALL_TAKEN);
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_pass(&fake, 1000);
	call_fake_check_story(&fake, "call.created call.ended");
	assert_int_equal(leg.answers, 0);
	call_fake_teardown(&fake);
}

static void check_rejection(const char *flow, int sip_code, const char *reason)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, flow, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	assert_int_equal(leg.hangups, 1);
	assert_int_equal(leg.end.sip_code, sip_code);
	call_fake_check_hangup(&fake, "local", reason, "-", sip_code);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_rejections_before_the_answer(void **state)
{
	check_rejection("[]", 480, "normal");
	check_rejection("[{'type':'stop'}]", 480, "normal");
	check_rejection("[{'type':'hangup'}]", 480, "normal");
	check_rejection("[{'type':'hangup','option':{'reason':'busy'}}]", 486,
			"busy");
	check_rejection("[{'type':'hangup','option':{'reason':'rejected'}}]",
			603, "rejected");
	check_rejection("[{'type':'hangup','option':{'reason':'failed'}}]", 500,
			"failed");
	check_rejection("[{'type':'hangup','option':{'sip_code':410}}]", 410,
			"normal");
}

static void test_what_the_leg_sent_is_what_is_told(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &leg), CALL_TAKEN);
	leg.answer_err = EIO;
	leg.hangup_code = 488;
	call_fake_pass(&fake, 0);
	call_fake_check_hangup(&fake, "local", "normal", "-", 488);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_hangup_by_the_api(void **state)
{
	static const struct leg_end end = {.by = HANGUP_BY_LOCAL};
	struct call_fake fake;
	struct call_fake_leg leg;
	struct call *call;
	const json_t *doc;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call = call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	assert_int_equal(call_hangup(call, &end, "req-1"), 0);
	assert_int_equal(call_hangup(call, &end, "req-2"), EALREADY);
	assert_int_equal(leg.hangups, 1);
	doc = json_array_get(fake.log, json_array_size(fake.log) - 1);
	assert_string_equal(json_str(doc, "type", ""), "call.ended");
	assert_string_equal(json_str(doc, "request_id", ""), "req-1");
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_nobody_answers(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'sleep','option':"
			"{'duration_ms':600000}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	assert_int_equal(leg.rings, 1); /* it waits: let the caller hear it */
	call_fake_pass(&fake, 59999);
	assert_int_equal(leg.hangups, 0);
	call_fake_pass(&fake, 1);
	call_fake_check_hangup(&fake, "system", "timeout", "not_answered", 480);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_maximum_duration(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'sleep','option':"
			"{'duration_ms':86400000}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	call_fake_pass(&fake, 14400000 - 1);
	assert_int_equal(leg.hangups, 0);
	call_fake_pass(&fake, 1);
	call_fake_check_hangup(&fake, "system", "timeout", "max_duration", 0);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_media_goes_silent(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	leg.leg.handler->silent(leg.leg.arg);
	call_fake_check_hangup(&fake, "system", "timeout", "media_timeout", 0);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

/* Who hears early media need not send any; once it is answered it must */
static void test_silence_before_the_answer(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'echo','option':"
			"{'duration_ms':600000}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	leg.leg.handler->silent(leg.leg.arg);
	assert_int_equal(leg.hangups, 0);
	call_fake_answered(&leg);
	call_fake_pass(&fake, 60000);
	assert_int_equal(leg.hangups, 0); /* 500 packets came */
	call_fake_pass(&fake, 60000);     /* and no more */
	call_fake_check_hangup(&fake, "system", "timeout", "media_timeout", 0);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_leg_closes_without_a_word(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_closed(&leg);
	call_fake_check_hangup(&fake, "system", "failed", "leg_lost", 0);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_answer_comes_to_nothing(void **state)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.sip_code = 500,
	};
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'type':'answer','error_id':'e'},"
			"{'type':'echo'},{'id':'e','type':'sleep',"
			"'option':{'duration_ms':100}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	leg.leg.handler->failed(leg.leg.arg, EIO, "no ports left");
	call_fake_check_story(
		&fake, "call.created flow.action flow.error flow.action");
	assert_string_equal(
		json_str(call_fake_event(&fake, "flow.error"), "detail", ""),
		"no ports left");
	leg.leg.handler->ended(leg.leg.arg, &end);
	call_fake_check_hangup(&fake, "system", "failed", "-", 500);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_a_flow_that_runs_wild(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	call_fake_setup(&fake,
			"[{'id':'a','type':'goto','option':"
			"{'target_id':'a'}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_pass(&fake, 10);
	call_fake_check_hangup(&fake, "system", "failed", "flow_loop", 500);
	assert_non_null(call_fake_event(&fake, "flow.error"));
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_many_variables_travel_cut(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	const json_t *data, *vars;

	/* 16 bytes, doubled ten times: 16 KiB in "big" */
	call_fake_setup(&fake,
			"[{'type':'variable_set','option':{'key':'big',"
			"'value':'0123456789abcdef'}},"
			"{'id':'more','type':'variable_set','option':"
			"{'key':'big','value':'${big}${big}'}},"
			"{'type':'goto','option':{'target_id':'more',"
			"'loop_count':9}},"
			"{'type':'variable_set','option':{'key':'small',"
			"'value':'1'}},{'type':'hangup'}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_pass(&fake, 1);
	data = call_fake_event(&fake, "call.ended");
	vars = json_object_get(data, "variables");
	assert_null(json_object_get(vars, "big"));
	assert_string_equal(json_str(vars, "small", ""), "1");
	assert_true(json_is_true(json_object_get(data, "truncated")));

	data = json_object_get(call_fake_row(&fake), "doc");
	vars = json_object_get(data, "variables");
	assert_int_equal(strlen(json_str(vars, "big", "")), 16384);
	assert_null(json_object_get(data, "truncated"));
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_timeline_is_bounded(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	struct call *call;
	json_t *notes;
	char line[32];
	int i;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call = call_fake_call(&fake, &leg);
	for (i = 0; i < 1000; ++i) {
		snprintf(line, sizeof(line), "note %d", i);
		leg.leg.handler->note(leg.leg.arg, line);
	}
	notes = call_timeline(call);
	assert_int_equal(json_array_size(notes), 513);
	assert_string_equal(json_str(json_array_get(notes, 0), "text", ""),
			    "note 0");
	assert_string_equal(json_str(json_array_get(notes, 32), "text", ""),
			    "488 notes left out");
	assert_string_equal(json_str(json_array_get(notes, 512), "text", ""),
			    "note 999");
	json_decref(notes);
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

/* What a crash is dated by, of calls in which nothing happens */
static void test_time_is_written_while_calls_are_up(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	unsigned alives;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call_fake_pass(&fake, 60000);
	assert_int_equal(fake.alives, 0);

	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	call_fake_pass(&fake, 60000);
	assert_in_range(fake.alives, 6, 60);
	assert_in_range(clock_wall_ms(&fake.clock.clock) - fake.alive_ms, 0,
			10000);

	call_fake_bye(&leg);
	call_fake_closed(&leg);
	alives = fake.alives;
	call_fake_pass(&fake, 60000);
	assert_int_equal(fake.alives, alives);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_call),
		cmocka_unit_test(test_quality_is_told_while_it_is_up),
		cmocka_unit_test(test_caller_leaves_in_an_action),
		cmocka_unit_test(test_caller_leaves_before_the_answer),
		cmocka_unit_test(test_caller_leaves_before_the_flow_starts),
		cmocka_unit_test(test_rejections_before_the_answer),
		cmocka_unit_test(test_what_the_leg_sent_is_what_is_told),
		cmocka_unit_test(test_hangup_by_the_api),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_maximum_duration),
		cmocka_unit_test(test_media_goes_silent),
		cmocka_unit_test(test_silence_before_the_answer),
		cmocka_unit_test(test_leg_closes_without_a_word),
		cmocka_unit_test(test_answer_comes_to_nothing),
		cmocka_unit_test(test_a_flow_that_runs_wild),
		cmocka_unit_test(test_many_variables_travel_cut),
		cmocka_unit_test(test_timeline_is_bounded),
		cmocka_unit_test(test_time_is_written_while_calls_are_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
