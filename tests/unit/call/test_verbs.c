/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"
#include "support/connect_fake.h"
#include "support/flow_fake.h"

static void alone(struct connect_fake *cf)
{
	connect_fake_setup(cf, "{'hold_media':'tone:440'}", true);
	call_fake_pass(&cf->fake, 1000);
}

static void bridged(struct connect_fake *cf)
{
	alone(cf);
	assert_int_equal(connect_fake_start(cf, "tel:+4530303030"), 0);
	call_fake_answered(&cf->fake.dialed[0]);
	assert_true(connect_fake_is_bridged(cf, 0));
	call_fake_pass(&cf->fake, 1000);
}

static void let_go(struct connect_fake *cf)
{
	if (call_find(cf->fake.table, cf->caller_id))
		call_fake_bye(&cf->leg);
	connect_fake_teardown(cf);
}

static struct flow_play tone(void)
{
	return (struct flow_play){.urls = json_pack("[s]", "tone:800/500"),
				  .loops = 1};
}

static int play(struct call *call, enum call_to to, const char **whyp)
{
	const struct flow_play prm = tone();
	const int err = call_verb_play(call, &prm, to, whyp);

	json_decref((json_t *)prm.urls);

	return err;
}

static struct call *callee(const struct connect_fake *cf)
{
	return call_find(cf->fake.table, cf->fake.dialed[0].leg.call_id);
}

static struct flow_doc *flow(const char *actions)
{
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL;
	char *text = g_strdup_printf("{'actions':%s}", actions);
	json_t *json = flow_fake_json(text);

	assert_int_equal(flow_doc_alloc(&doc, json, &faults), 0);
	json_decref(json);
	g_free(text);

	return doc;
}

static int redirect(struct call *call, const char *actions,
		    enum call_peer_fate fate, const char **whyp)
{
	struct flow_doc *doc = flow(actions);
	const int err = call_verb_redirect(call, doc, NULL, fate, whyp);

	obj_unref(doc);

	return err;
}

#define ECHO "[{'type':'echo','option':{'duration_ms':60000}}]"

static void test_play_beside_the_flow(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;
	const json_t *data;

	alone(&cf);
	assert_int_equal(play(cf.caller, CALL_TO_PARTY, &why), 0);
	assert_int_equal(cf.leg.media.plays, 1);
	call_fake_played(&cf.fake, &cf.leg, 0);
	data = call_fake_event(&cf.fake, "call.media_finished");
	assert_string_equal(json_str(data, "result", ""), "finished");
	assert_true(json_is_null(json_object_get(data, "flow_id")));
	assert_int_equal(cf.leg.hangups, 0); /* the flow did not move */

	/* another takes its place */
	assert_int_equal(play(cf.caller, CALL_TO_PARTY, &why), 0);
	assert_int_equal(play(cf.caller, CALL_TO_PARTY, &why), 0);
	data = call_fake_event(&cf.fake, "call.media_finished");
	assert_string_equal(json_str(data, "result", ""), "stopped");
	let_go(&cf);
}

static void test_talk(void **state)
{
	const struct flow_talk talk = {.text = "Hello", .language = "en-US"};
	struct connect_fake cf;
	const char *why = NULL;

	alone(&cf);
	assert_int_equal(call_verb_talk(cf.caller, &talk, CALL_TO_PARTY, &why),
			 0);
	assert_string_equal(cf.fake.clip, "Hello|en-US");
	call_fake_played(&cf.fake, &cf.leg, 0);
	assert_string_equal(
		json_str(call_fake_event(&cf.fake, "call.media_finished"),
			 "type", ""),
		"talk");

	/* all of what says it are busy: nothing remains */
	cf.fake.clip_err = EAGAIN;
	assert_int_equal(call_verb_talk(cf.caller, &talk, CALL_TO_PARTY, &why),
			 EAGAIN);
	assert_int_equal(call_verb_stop_media(cf.caller, &why), EPROTO);
	let_go(&cf);
}

static void test_play_to_whom(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	alone(&cf);
	assert_int_equal(play(cf.caller, CALL_TO_PEER, &why), EPROTO);
	assert_int_equal(play(cf.caller, CALL_TO_BOTH, &why), EPROTO);
	assert_int_equal(cf.leg.media.plays, 0);
	let_go(&cf);

	bridged(&cf);
	assert_int_equal(cf.leg.media.plays, 1); /* the ringing */
	assert_int_equal(play(cf.caller, CALL_TO_PEER, &why), 0);
	assert_int_equal(cf.leg.media.plays, 1);
	assert_int_equal(cf.fake.dialed[0].media.plays, 1);
	assert_int_equal(play(callee(&cf), CALL_TO_BOTH, &why), 0);
	assert_int_equal(cf.leg.media.plays, 2);
	assert_int_equal(cf.fake.dialed[0].media.plays, 2);
	assert_true(connect_fake_is_bridged(&cf, 0));
	let_go(&cf);
}

static void test_not_while_the_flow_plays(void **state)
{
	const struct flow_digits digits = {
		.digits = "1", .duration_ms = 100, .interval_ms = 80};
	struct connect_fake cf;
	const char *why = NULL;

	alone(&cf);
	connect_fake_start(&cf, "tel:+451001"); /* it rings */
	assert_int_equal(play(cf.caller, CALL_TO_PARTY, &why), EPROTO);
	assert_string_equal(why, "the flow plays now");
	assert_int_equal(call_verb_dtmf(cf.caller, &digits, &why), EPROTO);
	assert_int_equal(cf.leg.media.plays, 1);
	assert_string_equal(cf.leg.media.digits, "");
	let_go(&cf);
}

static void test_before_the_answer(void **state)
{
	const struct flow_digits digits = {.digits = "1"};
	struct connect_fake cf;
	const char *why = NULL;

	connect_fake_setup(&cf, NULL, false);
	assert_int_equal(play(cf.caller, CALL_TO_PARTY, &why), EPROTO);
	assert_int_equal(call_verb_dtmf(cf.caller, &digits, &why), EPROTO);
	assert_int_equal(call_verb_hold(cf.caller, true, &why), EPROTO);
	assert_int_equal(cf.leg.progresses, 0);
	assert_int_equal(cf.leg.holds, 0);
	let_go(&cf);
}

static void test_stop_media(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg leg;
	struct call_fake fake;
	struct call *call;
	const char *why = NULL;

	alone(&cf);
	assert_int_equal(call_verb_stop_media(cf.caller, &why), EPROTO);
	play(cf.caller, CALL_TO_PARTY, &why);
	assert_int_equal(call_verb_stop_media(cf.caller, &why), 0);
	assert_int_equal(cf.leg.media.stops, 1);
	call_fake_played(&cf.fake, &cf.leg, ECANCELED); /* the media's word */
	assert_int_equal(call_verb_stop_media(cf.caller, &why), EPROTO);
	let_go(&cf);

	/* the flow's: it goes on */
	call_fake_setup(&fake,
			"[{'type':'answer'},{'type':'play','option':{"
			"'stream_urls':['tone:800'],'loop':0}},"
			"{'type':'echo'}]",
			NULL, NULL, 0);
	call = call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	assert_false(fake.echo);
	assert_int_equal(call_verb_stop_media(call, &why), 0);
	assert_true(fake.echo);
	call_fake_bye(&leg);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void test_dtmf(void **state)
{
	const struct flow_digits digits = {
		.digits = "12#", .duration_ms = 100, .interval_ms = 80};
	struct connect_fake cf;
	const char *why = NULL;

	bridged(&cf);
	assert_int_equal(call_verb_dtmf(cf.caller, &digits, &why), 0);
	assert_string_equal(cf.leg.media.digits, "12#");
	call_fake_played(&cf.fake, &cf.leg, 0);
	cf.fake.dialed[0].by_info = true;
	assert_int_equal(call_verb_dtmf(callee(&cf), &digits, &why), 0);
	call_fake_pass(&cf.fake, 1000);
	assert_string_equal(cf.fake.dialed[0].info, "12#");
	assert_true(connect_fake_is_bridged(&cf, 0));
	let_go(&cf);
}

static void test_mute(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;
	const json_t *doc;
	size_t before;

	alone(&cf);
	call_request(cf.caller, "req-7");
	assert_int_equal(call_verb_mute(cf.caller, true, false, true, &why), 0);
	call_request(cf.caller, NULL);
	assert_true(cf.leg.media.muted_in);
	doc = json_array_get(cf.fake.log, json_array_size(cf.fake.log) - 1);
	assert_string_equal(json_str(doc, "type", ""), "call.muted");
	assert_string_equal(json_str(doc, "request_id", ""), "req-7");
	doc = json_object_get(json_object_get(doc, "data"), "muted");
	assert_true(json_flag(doc, "in", false));
	assert_false(json_flag(doc, "out", true));

	/* what is so already is no event */
	before = json_array_size(cf.fake.log);
	assert_int_equal(call_verb_mute(cf.caller, true, false, true, &why), 0);
	assert_int_equal(json_array_size(cf.fake.log), before);
	assert_int_equal(call_verb_mute(cf.caller, true, true, false, &why), 0);
	assert_non_null(call_fake_event(&cf.fake, "call.unmuted"));
	assert_false(cf.leg.media.muted_in);
	let_go(&cf);
}

static void test_hold(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	bridged(&cf);
	assert_int_equal(call_verb_hold(cf.caller, false, &why), EPROTO);
	assert_int_equal(call_verb_hold(cf.caller, true, &why), 0);
	assert_true(cf.leg.on_hold);
	assert_true(cf.leg.media.held);
	assert_int_equal(cf.leg.media.plays, 2); /* ringing, music */
	assert_int_equal(call_verb_hold(cf.caller, true, &why), EPROTO);

	/* an announcement, and the music again */
	assert_int_equal(play(cf.caller, CALL_TO_PARTY, &why), 0);
	call_fake_played(&cf.fake, &cf.leg, 0);
	assert_int_equal(cf.leg.media.plays, 4);

	assert_int_equal(call_verb_hold(cf.caller, false, &why), 0);
	assert_false(cf.leg.on_hold);
	assert_false(cf.leg.media.held);
	assert_int_equal(cf.leg.holds, 2);
	assert_non_null(call_fake_event(&cf.fake, "call.unheld"));
	assert_true(connect_fake_is_bridged(&cf, 0));
	let_go(&cf);
}

static void test_a_hold_that_fails_is_none(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	bridged(&cf);
	cf.leg.hold_err = EAGAIN;
	assert_int_equal(call_verb_hold(cf.caller, true, &why), EAGAIN);
	assert_false(cf.leg.media.held);
	assert_null(call_fake_event(&cf.fake, "call.held"));
	let_go(&cf);
}

/* ---- redirect ---- */

static void test_another_flow(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	alone(&cf);
	assert_int_equal(redirect(cf.caller, ECHO, CALL_PEER_HANGUP, &why), 0);
	assert_false(cf.fake.echo);
	call_fake_pass(&cf.fake, 0);
	assert_true(cf.fake.echo);
	/* and again, which ends the echo */
	assert_int_equal(redirect(cf.caller, "[{'type':'hangup'}]",
				  CALL_PEER_HANGUP, &why),
			 0);
	assert_false(cf.fake.echo);
	call_fake_pass(&cf.fake, 0);
	assert_int_equal(cf.leg.hangups, 1);
	let_go(&cf);
}

static void test_redirect_while_it_rings(void **state)
{
	struct connect_fake cf;
	struct call *other;
	const char *why = NULL;

	alone(&cf);
	connect_fake_start(&cf, "tel:+451001");
	other = callee(&cf);
	assert_int_equal(redirect(other, ECHO, CALL_PEER_HANGUP, &why),
			 EPROTO); /* it rings for another one */
	assert_int_equal(cf.fake.dialed[0].hangups, 0);
	assert_int_equal(redirect(cf.caller, ECHO, CALL_PEER_HOLD, &why), 0);
	connect_fake_check_end(&cf, 0, "local canceled -");
	call_fake_answered(&cf.fake.dialed[0]); /* it crossed */
	call_fake_pass(&cf.fake, 0);
	assert_true(cf.fake.echo);
	assert_string_equal(connect_fake_result(&cf), "");
	let_go(&cf);
}

static void test_redirect_the_caller_and_hang_up(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	bridged(&cf);
	assert_int_equal(redirect(cf.caller, ECHO, CALL_PEER_HANGUP, &why), 0);
	assert_null(cf.leg.media.peer);
	connect_fake_check_end(&cf, 0, "local normal -");
	call_fake_pass(&cf.fake, 0);
	assert_true(cf.fake.echo);
	let_go(&cf);
}

static void test_redirect_the_caller_and_hold(void **state)
{
	struct connect_fake cf;
	struct call *other;
	const char *why = NULL;

	bridged(&cf);
	other = callee(&cf);
	assert_int_equal(redirect(cf.caller, ECHO, CALL_PEER_HOLD, &why), 0);
	assert_int_equal(cf.fake.dialed[0].hangups, 0);
	assert_true(cf.fake.dialed[0].on_hold);
	assert_int_equal(cf.fake.dialed[0].media.plays, 1); /* music */
	call_fake_pass(&cf.fake, 0);
	assert_true(cf.fake.echo);

	/* then it is taken back by a flow of its own */
	assert_int_equal(
		redirect(other, "[{'type':'hangup'}]", CALL_PEER_HANGUP, &why),
		0);
	assert_false(cf.fake.dialed[0].on_hold);
	call_fake_pass(&cf.fake, 0);
	assert_int_equal(cf.fake.dialed[0].hangups, 1);
	assert_int_equal(cf.leg.hangups, 0);
	let_go(&cf);
}

static void test_redirect_the_callee(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	bridged(&cf);
	assert_int_equal(redirect(callee(&cf), ECHO, CALL_PEER_HOLD, &why), 0);
	assert_true(cf.leg.on_hold);
	assert_int_equal(cf.leg.hangups, 0);
	call_fake_pass(&cf.fake, 1000);
	assert_string_equal(connect_fake_result(&cf), "");
	call_fake_bye(&cf.fake.dialed[0]);
	assert_int_equal(cf.leg.hangups, 0);
	let_go(&cf);

	bridged(&cf);
	assert_int_equal(redirect(callee(&cf), ECHO, CALL_PEER_HANGUP, &why),
			 0);
	assert_int_equal(cf.leg.hangups, 1);
	call_fake_pass(&cf.fake, 0);
	assert_true(cf.fake.echo);
	call_fake_bye(&cf.fake.dialed[0]);
	connect_fake_teardown(&cf);
}

/* The callee has answered, the caller's answer is under way */
static void test_redirect_between_the_answers(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;

	connect_fake_setup(&cf, NULL, false);
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	assert_int_equal(redirect(callee(&cf), ECHO, CALL_PEER_HANGUP, &why),
			 0);
	call_fake_answered(&cf.leg);
	assert_string_equal(connect_fake_result(&cf), "rejected 0 0");
	assert_null(cf.leg.media.peer);
	call_fake_bye(&cf.fake.dialed[0]);
	let_go(&cf);
}

/* ---- patch ---- */

static void test_patch(void **state)
{
	struct connect_fake cf;
	json_t *vars = flow_fake_json("{'a':'1','b':null}");
	json_t *notes = json_string("VIP");
	const char *why = NULL;
	const json_t *doc;

	alone(&cf);
	flow_vars_set(cf.caller->vars, "b", "2", false);
	assert_int_equal(call_verb_patch(cf.caller, vars, notes, 5, &why), 0);
	doc = connect_fake_caller(&cf);
	assert_string_equal(json_str(doc, "notes", ""), "VIP");
	doc = json_object_get(doc, "variables");
	assert_string_equal(json_str(doc, "a", ""), "1");
	assert_null(json_object_get(doc, "b"));

	/* five seconds from the answer, of which one has gone */
	call_fake_pass(&cf.fake, 3999);
	assert_int_equal(cf.leg.hangups, 0);
	call_fake_pass(&cf.fake, 1);
	assert_int_equal(cf.leg.hangups, 1);
	json_decref(vars);
	json_decref(notes);
	let_go(&cf);
}

static void test_patch_that_does_not_fit(void **state)
{
	struct connect_fake cf;
	char *big = g_strnfill(40 * 1024, 'x');
	json_t *vars = json_pack("{s:s,s:s,s:s}", "a", big, "b", big, "c", "1");
	const char *why = NULL;

	alone(&cf);
	assert_int_equal(call_verb_patch(cf.caller, vars, NULL, 0, &why),
			 EINVAL);
	assert_null(flow_vars_get(cf.caller->vars, "c", NULL));
	json_object_del(vars, "b");
	assert_int_equal(call_verb_patch(cf.caller, vars, NULL, 0, &why), 0);
	/* the same again takes no more room */
	assert_int_equal(call_verb_patch(cf.caller, vars, NULL, 0, &why), 0);
	g_free(big);
	json_decref(vars);
	let_go(&cf);
}

/* ---- on a call that has just ended ---- */

static void test_verbs_come_too_late(void **state)
{
	const struct flow_talk talk = {.text = "Hello", .language = "en-US"};
	const struct flow_digits digits = {.digits = "1"};
	const struct flow_record rec = {.format = "wav", .end_of_key = ""};
	struct connect_fake cf;
	const char *why = NULL;
	char id[ID_SIZE];
	size_t before;

	alone(&cf);
	call_fake_bye(&cf.leg);
	before = json_array_size(cf.fake.log);
	assert_int_equal(play(cf.caller, CALL_TO_BOTH, &why), EALREADY);
	assert_int_equal(call_verb_talk(cf.caller, &talk, CALL_TO_PARTY, &why),
			 EALREADY);
	assert_int_equal(call_verb_stop_media(cf.caller, &why), EALREADY);
	assert_int_equal(call_verb_dtmf(cf.caller, &digits, &why), EALREADY);
	assert_int_equal(call_verb_mute(cf.caller, true, true, true, &why),
			 EALREADY);
	assert_int_equal(call_verb_hold(cf.caller, true, &why), EALREADY);
	assert_int_equal(redirect(cf.caller, ECHO, CALL_PEER_HOLD, &why),
			 EALREADY);
	assert_int_equal(call_verb_record(cf.caller, &rec, id, &why), EALREADY);
	assert_int_equal(
		call_verb_recording(cf.caller, FLOW_RECORD_STOP, NULL, &why),
		EALREADY);
	assert_int_equal(call_verb_patch(cf.caller, NULL, NULL, 1, &why),
			 EALREADY);
	call_fake_pass(&cf.fake, 5000);
	assert_int_equal(json_array_size(cf.fake.log), before);
	connect_fake_teardown(&cf);
}

static void test_timeline_is_stored(void **state)
{
	struct connect_fake cf;
	const char *why = NULL;
	json_t *row;
	const json_t *line;

	alone(&cf);
	call_note_request(cf.caller, "POST play");
	play(cf.caller, CALL_TO_PARTY, &why);
	call_fake_bye(&cf.leg);
	row = json_object_get(cf.fake.rows, cf.caller_id);
	line = json_array_get(json_object_get(row, "timeline"), 0);
	assert_string_equal(json_str(line, "kind", ""), "attempt");
	assert_string_equal(json_str(line, "text", ""), "answered");
	line = json_array_get(json_object_get(row, "timeline"), 1);
	assert_string_equal(json_str(line, "kind", ""), "request");

	/* what its leg says while it goes is in it, too */
	cf.leg.leg.handler->note(cf.leg.leg.arg, "200 OK received");
	call_fake_closed(&cf.leg);
	line = json_array_get(json_object_get(row, "timeline"), 2);
	assert_string_equal(json_str(line, "kind", ""), "sip");
	assert_string_equal(json_str(line, "text", ""), "200 OK received");
	connect_fake_teardown(&cf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_play_beside_the_flow),
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_play_to_whom),
		cmocka_unit_test(test_not_while_the_flow_plays),
		cmocka_unit_test(test_before_the_answer),
		cmocka_unit_test(test_stop_media),
		cmocka_unit_test(test_dtmf),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_a_hold_that_fails_is_none),
		cmocka_unit_test(test_another_flow),
		cmocka_unit_test(test_redirect_while_it_rings),
		cmocka_unit_test(test_redirect_the_caller_and_hang_up),
		cmocka_unit_test(test_redirect_the_caller_and_hold),
		cmocka_unit_test(test_redirect_the_callee),
		cmocka_unit_test(test_redirect_between_the_answers),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_patch_that_does_not_fit),
		cmocka_unit_test(test_verbs_come_too_late),
		cmocka_unit_test(test_timeline_is_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
