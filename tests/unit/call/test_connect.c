/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "support/connect_fake.h"

static const json_t *member(const json_t *doc, const char *name)
{
	return json_object_get(doc, name);
}

/* The caller rings, then hears ringing, then the callee */
static void test_answered_and_the_callee_leaves(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *callee = &cf.fake.dialed[0];
	const json_t *doc;

	connect_fake_setup(
		&cf, "{'country':'GB','allowed_destinations':['+45']}", false);
	assert_int_equal(connect_fake_start(&cf, "tel:+4530303030"), 0);
	assert_int_equal(cf.fake.ndialed, 1);
	assert_string_equal(cf.fake.source, "+4511111111");
	assert_string_equal(cf.fake.codec, "PCMU");
	assert_false(cf.fake.anonymous);
	doc = connect_fake_doc(&cf, 0);
	assert_string_equal(json_str(doc, "parent_call_id", ""), cf.caller_id);

	/* the tone waits for the early media that it asked for */
	assert_int_equal(cf.leg.progresses, 1);
	assert_int_equal(cf.leg.media.plays, 0);
	call_fake_early(&cf.leg);
	assert_int_equal(cf.leg.media.plays, 1);
	assert_int_equal(cf.fake.steps, 4); /* as in Britain */
	assert_int_equal(cf.fake.first_ms, 400);
	call_fake_ringing(callee);
	assert_int_equal(cf.leg.answers, 0);

	call_fake_answered(callee);
	assert_int_equal(cf.leg.answers, 1);
	assert_false(connect_fake_is_bridged(&cf, 0));
	call_fake_answered(&cf.leg);
	assert_true(connect_fake_is_bridged(&cf, 0));
	assert_int_equal(cf.leg.media.stops, 1);
	assert_ptr_equal(cf.leg.picture, &callee->leg);
	assert_ptr_equal(callee->picture, &cf.leg.leg);
	assert_string_equal(connect_fake_result(&cf), "");

	call_fake_pass(&cf.fake, 1500);
	call_fake_bye(callee);
	assert_string_equal(connect_fake_result(&cf), "answered 0 1500");
	connect_fake_check_end(&cf, 0, "remote normal -");
	doc = connect_fake_doc(&cf, 0);
	assert_string_equal(json_str(doc, "peer_call_id", ""), cf.caller_id);
	assert_int_equal(json_int(doc, "duration_ms", 0), 1500);
	assert_null(cf.leg.media.peer);
	assert_null(cf.leg.picture);
	assert_int_equal(cf.leg.hangups, 0); /* its flow goes on */

	call_fake_bye(&cf.leg);
	doc = connect_fake_caller(&cf);
	assert_true(json_is_null(member(doc, "peer_call_id")));
	assert_int_equal(json_array_size(member(doc, "child_call_ids")), 1);
	connect_fake_teardown(&cf);
}

/* What is said after the bridge is not recorded */
static void test_a_bridge_is_recorded(void **state)
{
	struct connect_fake cf;
	json_t *record = json_object();

	connect_fake_setup(&cf, NULL, true);
	cf.prm.record = record;
	connect_fake_start(&cf, "tel:+4530303030");
	assert_int_equal(cf.fake.nrecords, 0);
	call_fake_answered(&cf.fake.dialed[0]);
	assert_int_equal(cf.fake.nrecords, 1);
	assert_int_equal(cf.fake.records[0].channels, 2);
	assert_int_equal(cf.fake.records[0].ends, 0);
	call_fake_bye(&cf.fake.dialed[0]);
	assert_int_equal(cf.fake.records[0].ends, 1);
	assert_int_equal(cf.leg.hangups, 0);
	call_fake_recorded(&cf.fake, 0, 0, 1000);
	call_fake_bye(&cf.leg);
	assert_int_equal(cf.fake.records[0].ends, 1);
	json_decref(record);
	connect_fake_teardown(&cf);
}

static void test_the_caller_leaves_the_bridge(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	connect_fake_start(&cf, "tel:+4530303030");
	assert_int_equal(cf.leg.media.plays, 1);
	call_fake_answered(&cf.fake.dialed[0]);
	assert_true(connect_fake_is_bridged(&cf, 0));
	call_fake_bye(&cf.leg);
	assert_int_equal(cf.fake.dialed[0].hangups, 1);
	connect_fake_check_end(&cf, 0, "local normal -");
	assert_string_equal(
		json_str(connect_fake_caller(&cf), "peer_call_id", ""),
		cf.fake.dialed[0].leg.call_id);
	assert_string_equal(
		json_str(connect_fake_doc(&cf, 0), "peer_call_id", ""),
		cf.caller_id);
	assert_null(cf.leg.media.peer);
	connect_fake_teardown(&cf);
}

static void test_the_caller_leaves_while_it_rings(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, false);
	connect_fake_start(&cf, "tel:+4530303030 tel:+4530303031");
	call_fake_ringing(&cf.fake.dialed[0]);
	call_fake_fails(&cf.leg, HANGUP_CANCELED, 487);
	connect_fake_check_end(&cf, 0, "local canceled -");
	connect_fake_check_end(&cf, 1, "local canceled -");
	/* their answers crossed that */
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_answered(&cf.fake.dialed[1]);
	connect_fake_teardown(&cf);
}

static void test_one_of_several_answers(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	connect_fake_start(&cf, "tel:+451001 tel:+451002 tel:+451003");
	assert_int_equal(cf.fake.ndialed, 3);
	call_fake_fails(&cf.fake.dialed[0], HANGUP_BUSY, 486);
	call_fake_answered(&cf.fake.dialed[2]);
	connect_fake_check_end(&cf, 1, "system canceled answered_elsewhere");
	assert_string_equal(cf.fake.dialed[1].end.code, "answered_elsewhere");
	assert_true(connect_fake_is_bridged(&cf, 2));
	call_fake_answered(&cf.fake.dialed[1]); /* at the same moment */
	assert_true(connect_fake_is_bridged(&cf, 2));
	call_fake_bye(&cf.fake.dialed[2]);
	assert_string_equal(connect_fake_result(&cf), "answered 0 0");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_nobody_answers(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	connect_fake_start(&cf, "tel:+451001 tel:+451002 tel:+451003");
	call_fake_fails(&cf.fake.dialed[0], HANGUP_FAILED, 503);
	call_fake_fails(&cf.fake.dialed[1], HANGUP_BUSY, 486);
	assert_string_equal(connect_fake_result(&cf), "");
	call_fake_fails(&cf.fake.dialed[2], HANGUP_NOANSWER, 480);
	assert_string_equal(connect_fake_result(&cf), "busy 486 0");
	assert_int_equal(cf.leg.media.stops, 1); /* the ringing */
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void check_status(enum hangup_reason reason, int code,
			 const char *expected)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	connect_fake_start(&cf, "tel:+451001");
	call_fake_fails(&cf.fake.dialed[0], reason, code);
	assert_string_equal(connect_fake_result(&cf), expected);
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_statuses(void **state)
{
	check_status(HANGUP_BUSY, 486, "busy 486 0");
	check_status(HANGUP_NOANSWER, 480, "noanswer 480 0");
	check_status(HANGUP_REJECTED, 603, "rejected 603 0");
	check_status(HANGUP_FAILED, 404, "failed 404 0");
}

static void test_time_is_up(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.timeout_ms = 20000;
	connect_fake_start(&cf, "tel:+451001 tel:+451002");
	call_fake_pass(&cf.fake, 19999);
	assert_string_equal(connect_fake_result(&cf), "");
	call_fake_pass(&cf.fake, 1);
	assert_string_equal(connect_fake_result(&cf), "noanswer 0 0");
	connect_fake_check_end(&cf, 0, "system noanswer not_answered");
	connect_fake_check_end(&cf, 1, "system noanswer not_answered");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

/* Who is not answered yet waits as long as others ring for it */
static void test_a_long_ringing_and_what_follows(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, false);
	cf.prm.timeout_ms = 90000;
	connect_fake_start(&cf, "tel:+451001");
	call_fake_pass(&cf.fake, 90000);
	assert_string_equal(connect_fake_result(&cf), "noanswer 0 0");
	call_fake_pass(&cf.fake, 59999);
	assert_int_equal(cf.leg.hangups, 0);
	call_fake_pass(&cf.fake, 1);
	assert_int_equal(cf.leg.hangups, 1);
	connect_fake_teardown(&cf);
}

static void test_one_after_the_other(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.sequence = true;
	cf.prm.destination_timeout_ms = 5000;
	connect_fake_start(&cf, "tel:+451001 tel:+451002 tel:+451003");
	assert_int_equal(cf.fake.ndialed, 1);
	call_fake_fails(&cf.fake.dialed[0], HANGUP_BUSY, 486);
	call_fake_pass(&cf.fake, 0);
	assert_int_equal(cf.fake.ndialed, 2);
	call_fake_pass(&cf.fake, 5000);
	connect_fake_check_end(&cf, 1, "system noanswer not_answered");
	assert_int_equal(cf.fake.ndialed, 3);
	assert_int_equal(cf.leg.media.plays, 1); /* it rings all the time */
	call_fake_answered(&cf.fake.dialed[2]);
	assert_true(connect_fake_is_bridged(&cf, 2));
	call_fake_bye(&cf.fake.dialed[2]);
	assert_string_equal(connect_fake_result(&cf), "answered 0 0");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void has_note(const struct connect_fake *cf, const char *id,
		     const char *what)
{
	json_t *notes = call_timeline(cf->caller), *item;
	char *text =
		id ? g_strdup_printf("call %s: %s", id, what) : g_strdup(what);
	bool found = false;
	size_t i;

	json_array_foreach(notes, i, item)
	{
		found = found || !strcmp(json_str(item, "text", ""), text);
	}
	if (!found)
		fail_msg("no \"%s\"", text);
	g_free(text);
	json_decref(notes);
}

/* The caller's timeline tells who was rung, and why it was nobody */
static void test_the_story(void **state)
{
	struct connect_fake cf;

	(void)state;
	connect_fake_setup(&cf, NULL, true);
	cf.prm.sequence = true;
	cf.prm.destination_timeout_ms = 5000;
	connect_fake_start(&cf, "tel:+451001 tel:+451002");
	call_fake_fails(&cf.fake.dialed[0], HANGUP_BUSY, 486);
	call_fake_pass(&cf.fake, 0);
	call_fake_pass(&cf.fake, 5000);
	assert_string_equal(connect_fake_result(&cf), "busy 486 0");
	has_note(&cf, json_str(connect_fake_doc(&cf, 0), "id", ""),
		 "rings +451001");
	has_note(&cf, json_str(connect_fake_doc(&cf, 0), "id", ""),
		 "busy, SIP 486");
	has_note(&cf, json_str(connect_fake_doc(&cf, 1), "id", ""),
		 "rings +451002");
	has_note(&cf, json_str(connect_fake_doc(&cf, 1), "id", ""),
		 "noanswer, not_answered");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

/* All of the time in all is used up before the last one's turn */
static void test_time_is_up_in_a_sequence(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.sequence = true;
	cf.prm.timeout_ms = 8000;
	cf.prm.destination_timeout_ms = 5000;
	connect_fake_start(&cf, "tel:+451001 tel:+451002 tel:+451003");
	call_fake_pass(&cf.fake, 8000);
	assert_string_equal(connect_fake_result(&cf), "noanswer 0 0");
	assert_int_equal(cf.fake.ndialed, 2);
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_callers_answer_fails(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, false);
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	cf.leg.leg.handler->failed(cf.leg.leg.arg, EIO, "no media");
	assert_string_equal(connect_fake_result(&cf), "failed 0 0");
	connect_fake_check_end(&cf, 0, "local normal -");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

/* The callee goes while the caller is being answered */
static void test_callee_goes_before_the_bridge(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, false);
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_bye(&cf.fake.dialed[0]);
	call_fake_answered(&cf.leg);
	assert_string_equal(connect_fake_result(&cf), "rejected 0 0");
	assert_null(cf.leg.media.peer);
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_callee_answers_while_the_caller_leaves(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, false);
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_fails(&cf.leg, HANGUP_CANCELED, 487);
	connect_fake_check_end(&cf, 0, "local normal -");
	assert_null(cf.fake.dialed[0].media.peer);
	connect_fake_teardown(&cf);
}

static void test_both_hang_up_at_once(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_bye(&cf.fake.dialed[0]);
	call_fake_bye(&cf.leg); /* before the flow is told */
	connect_fake_check_end(&cf, 0, "remote normal -");
	call_fake_pass(&cf.fake, 1000);
	connect_fake_teardown(&cf);
}

static void test_max_duration_of_the_bridge(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.max_duration_ms = 30000;
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_pass(&cf.fake, 30000);
	assert_string_equal(connect_fake_result(&cf), "answered 0 30000");
	connect_fake_check_end(&cf, 0, "system timeout max_duration");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_a_bridge_that_cannot_be(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	connect_fake_start(&cf, "tel:+451001");
	cf.fake.bridge_err = EBUSY;
	call_fake_answered(&cf.fake.dialed[0]);
	assert_string_equal(connect_fake_result(&cf), "failed 0 0");
	assert_int_equal(cf.fake.dialed[0].hangups, 1);
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_what_cannot_be_asked_for(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, "{'max_outgoing':1}", true);
	assert_int_equal(connect_fake_start(&cf, "tel:+451001 fax:1"), EINVAL);
	assert_string_equal(cf.code, "invalid_value");
	assert_int_equal(cf.fake.ndialed, 0);
	assert_int_equal(cf.leg.media.plays, 0);

	/* of two only one may be rung; that does */
	assert_int_equal(connect_fake_start(&cf, "tel:+451001 tel:+451002"), 0);
	assert_int_equal(cf.fake.ndialed, 1);
	assert_int_equal(connect_fake_start(&cf, "tel:+451001"), EBUSY);
	call_fake_fails(&cf.fake.dialed[0], HANGUP_BUSY, 486);
	assert_string_equal(connect_fake_result(&cf), "busy 486 0");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_no_room_for_any(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, "{'max_calls':1}", true);
	assert_int_equal(connect_fake_start(&cf, "tel:+451001"), EAGAIN);
	assert_string_equal(cf.code, "limit");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

static void test_no_way_at_all(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.fake.nroutes = 0;
	assert_int_equal(connect_fake_start(&cf, "tel:+451001"), 0);
	assert_string_equal(connect_fake_result(&cf), "failed 0 0");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
}

/* As whom */
static void test_caller_id(void **state)
{
	struct connect_fake cf;
	json_t *source = json_string("tel:+4570707070");
	json_t *headers = json_pack("{s:s}", "X-Queue", "sales");

	connect_fake_setup(&cf, NULL, true);
	cf.prm.source = source;
	cf.prm.anonymous = "yes";
	cf.prm.headers = headers;
	connect_fake_start(&cf, "tel:+451001");
	assert_string_equal(cf.fake.source, "+4570707070");
	assert_true(cf.fake.anonymous);
	assert_string_equal(json_str(cf.fake.headers, "X-Queue", ""), "sales");
	call_fake_bye(&cf.leg);
	connect_fake_teardown(&cf);
	json_decref(source);
	json_decref(headers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answered_and_the_callee_leaves),
		cmocka_unit_test(test_a_bridge_is_recorded),
		cmocka_unit_test(test_the_caller_leaves_the_bridge),
		cmocka_unit_test(test_the_caller_leaves_while_it_rings),
		cmocka_unit_test(test_one_of_several_answers),
		cmocka_unit_test(test_nobody_answers),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_time_is_up),
		cmocka_unit_test(test_a_long_ringing_and_what_follows),
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_the_story),
		cmocka_unit_test(test_time_is_up_in_a_sequence),
		cmocka_unit_test(test_callers_answer_fails),
		cmocka_unit_test(test_callee_goes_before_the_bridge),
		cmocka_unit_test(test_callee_answers_while_the_caller_leaves),
		cmocka_unit_test(test_both_hang_up_at_once),
		cmocka_unit_test(test_max_duration_of_the_bridge),
		cmocka_unit_test(test_a_bridge_that_cannot_be),
		cmocka_unit_test(test_what_cannot_be_asked_for),
		cmocka_unit_test(test_no_room_for_any),
		cmocka_unit_test(test_no_way_at_all),
		cmocka_unit_test(test_caller_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
