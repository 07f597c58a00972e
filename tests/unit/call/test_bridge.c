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

/* They talk */
static void bridge_them(struct connect_fake *cf, const char *account)
{
	connect_fake_setup(cf, account, true);
	assert_int_equal(connect_fake_start(cf, "tel:+4530303030"), 0);
	call_fake_answered(&cf->fake.dialed[0]);
	assert_true(connect_fake_is_bridged(cf, 0));
}

static void let_go(struct connect_fake *cf)
{
	call_fake_bye(&cf->leg);
	connect_fake_teardown(cf);
}

static bool flag(const struct connect_fake *cf, const char *event,
		 const char *object, const char *member)
{
	return json_flag(
		json_object_get(call_fake_event(&cf->fake, event), object),
		member, false);
}

/* ---- digits ---- */

static void test_digits_in_media_pass_by_themselves(void **state)
{
	struct connect_fake cf;

	bridge_them(&cf, NULL);
	call_fake_digits(&cf.leg, "12");
	call_fake_digits(&cf.fake.dialed[0], "3");
	assert_string_equal(cf.leg.media.digits, "");
	assert_string_equal(cf.fake.dialed[0].media.digits, "");
	call_fake_pass(&cf.fake, 100);
	assert_string_equal(
		json_str(call_fake_event(&cf.fake, "call.dtmf"), "digit", ""),
		"3");
	let_go(&cf);
}

static void test_digits_by_signalling_are_carried_over(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *callee = &cf.fake.dialed[0];
	unsigned sent = 0;

	bridge_them(&cf, NULL);
	cf.leg.by_info = true; /* INFO to RFC 4733, and back */
	call_fake_digits(&cf.leg, "1#");
	assert_string_equal(callee->media.digits, "1#");
	call_fake_digits(callee, "9");
	assert_string_equal(cf.leg.info, "9");
	callee->by_info = true; /* INFO to INFO */
	call_fake_digits(&cf.leg, "5");
	assert_string_equal(callee->info, "5");
	assert_string_equal(callee->media.digits, "1#");
	while (sent++ < 100) /* more than a person presses */
		call_fake_digits(&cf.leg, "7");
	/* of 5 s, with the three before */
	assert_string_equal(callee->info, "577777777777777777");
	call_fake_pass(&cf.fake, 500);
	call_fake_digits(&cf.leg, "88888");
	assert_string_equal(callee->info, "57777777777777777788");
	let_go(&cf);
}

/* a browser's message: what goes to it is in the media nonetheless */
static void test_a_browsers_digits_are_carried_over(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *callee = &cf.fake.dialed[0];

	bridge_them(&cf, NULL);
	cf.leg.by_message = true;
	call_fake_digits(&cf.leg, "1#");
	assert_string_equal(callee->media.digits, "1#");
	call_fake_digits(callee, "9"); /* the media bring it */
	assert_string_equal(cf.leg.media.digits, "");
	callee->by_message = true; /* browser to browser */
	call_fake_digits(callee, "5");
	assert_string_equal(cf.leg.media.digits, "5");
	callee->by_message = false;
	callee->by_info = true;
	call_fake_digits(&cf.leg, "7");
	assert_string_equal(callee->info, "7");
	let_go(&cf);
}

static void test_star_ends_the_bridge(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.hangup_on_star = true;
	connect_fake_start(&cf, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_digits(&cf.fake.dialed[0], "*"); /* the callee's is none */
	assert_true(connect_fake_is_bridged(&cf, 0));
	call_fake_digits(&cf.leg, "1*");
	connect_fake_check_end(&cf, 0, "local normal -");
	assert_string_equal(connect_fake_result(&cf), "answered 0 0");
	assert_int_equal(cf.leg.hangups, 0);
	let_go(&cf);
}

/* ---- hold and mute ---- */

static void test_held_by_the_party(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *callee = &cf.fake.dialed[0];
	const struct leg_handler *to;

	bridge_them(&cf, "{'hold_media':'tone:440'}");
	to = callee->leg.handler;
	to->held(callee->leg.arg, true);
	to->held(callee->leg.arg, true); /* the same again is nothing */
	assert_true(flag(&cf, "call.held", "held", "by_party"));
	assert_false(flag(&cf, "call.held", "held", "by_us"));
	assert_int_equal(cf.leg.media.plays, 2); /* ringing, then music */
	assert_int_equal(callee->media.plays, 0);
	to->held(callee->leg.arg, false);
	assert_false(flag(&cf, "call.unheld", "held", "by_party"));
	assert_int_equal(cf.leg.media.stops, 2);
	assert_null(call_fake_event(&cf.fake, "call.media_finished"));
	let_go(&cf);
}

static void test_music_ends_with_the_bridge(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *callee = &cf.fake.dialed[0];

	bridge_them(&cf, "{'hold_media':'tone:440'}");
	callee->leg.handler->held(callee->leg.arg, true);
	call_fake_bye(callee);
	assert_int_equal(cf.leg.media.stops, 2);
	let_go(&cf);
}

static void test_without_music_it_is_silence(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *callee = &cf.fake.dialed[0];

	bridge_them(&cf, NULL);
	callee->leg.handler->held(callee->leg.arg, true);
	assert_int_equal(cf.leg.media.plays, 1);
	let_go(&cf);
}

static void test_a_flow_mutes(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	assert_int_equal(call_flow_host.mute(cf.caller, true, false, true), 0);
	assert_true(cf.leg.media.muted_in);
	assert_false(cf.leg.media.muted_out);
	assert_int_equal(call_flow_host.mute(cf.caller, false, true, true), 0);
	assert_true(cf.leg.media.muted_in);
	assert_true(cf.leg.media.muted_out);
	assert_int_equal(call_flow_host.mute(cf.caller, true, true, false), 0);
	assert_false(cf.leg.media.muted_in);
	let_go(&cf);
}

/* ---- what the caller hears meanwhile ---- */

static void test_early_media_of_the_callee(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *first = &cf.fake.dialed[0];
	struct call_fake_leg *second = &cf.fake.dialed[1];

	connect_fake_setup(&cf, NULL, false);
	cf.prm.early_media = true;
	connect_fake_start(&cf, "tel:+451001 tel:+451002");
	call_fake_early(first); /* before the caller can hear anything */
	assert_false(connect_fake_is_bridged(&cf, 0));
	call_fake_early(&cf.leg);
	assert_true(connect_fake_is_bridged(&cf, 0));
	call_fake_early(second);
	assert_true(connect_fake_is_bridged(&cf, 0));
	assert_null(cf.leg.picture);
	assert_string_equal(
		json_str(connect_fake_caller(&cf), "peer_call_id", ""), "");

	/* it fails: the caller hears ringing again, then the other */
	call_fake_fails(first, HANGUP_BUSY, 486);
	assert_null(cf.leg.media.peer);
	assert_int_equal(cf.leg.media.plays, 2);
	call_fake_answered(second);
	call_fake_answered(&cf.leg);
	assert_true(connect_fake_is_bridged(&cf, 1));
	assert_int_equal(cf.leg.answers, 1);
	let_go(&cf);
}

static void test_early_media_goes_on_as_the_bridge(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.early_media = true;
	connect_fake_start(&cf, "tel:+451001");
	call_fake_early(&cf.fake.dialed[0]);
	assert_true(connect_fake_is_bridged(&cf, 0));
	call_fake_answered(&cf.fake.dialed[0]);
	assert_true(connect_fake_is_bridged(&cf, 0));
	assert_ptr_equal(cf.leg.picture, &cf.fake.dialed[0].leg);
	let_go(&cf);
}

static void test_no_early_media_is_a_180(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, false);
	cf.leg.rings = 0;
	cf.leg.progress_err = ENOTSUP;
	connect_fake_start(&cf, "tel:+451001");
	assert_int_equal(cf.leg.rings, 1);
	let_go(&cf);
}

static void test_own_ringing(void **state)
{
	struct connect_fake cf;

	connect_fake_setup(&cf, NULL, true);
	cf.prm.ring_tone = "https://example.com/ring.mp3";
	connect_fake_start(&cf, "tel:+451001");
	assert_string_equal(cf.fake.clip, "https://example.com/ring.mp3");
	assert_int_equal(cf.fake.loops, 0);
	/* it cannot be played: the country's */
	call_fake_clip_failed(&cf.fake, EIO, "unreachable", "no");
	call_fake_played(&cf.fake, &cf.leg, EIO);
	assert_int_equal(cf.fake.plays, 1);
	call_fake_fails(&cf.fake.dialed[0], HANGUP_BUSY, 486);
	assert_string_equal(connect_fake_result(&cf), "busy 486 0");
	let_go(&cf);
}

static void test_national_tones(void **state)
{
	assert_string_equal(call_ring_tone("us"), "tone:440+480/2000,0/4000");
	assert_string_equal(call_ring_tone("FR"), "tone:440/1500,0/3500");
	assert_string_equal(call_ring_tone("dk"), "tone:425/1000,0/4000");
	assert_string_equal(call_ring_tone("xx"), "tone:425/1000,0/4000");
	assert_string_equal(call_ring_tone(NULL), "tone:425/1000,0/4000");
	assert_true(call_ring_is_country("gb"));
	assert_false(call_ring_is_country("media:x"));
	assert_false(call_ring_is_country("1a"));
}

/* ---- confirm_actions ---- */

static void ask(struct connect_fake *cf, const char *actions, const char *to)
{
	struct opt_faults faults = {0};
	json_t *doc;
	char *text = g_strdup_printf("{'actions':%s}", actions);

	connect_fake_setup(cf, NULL, true);
	doc = flow_fake_json(text);
	if (flow_doc_alloc(&cf->confirm, doc, &faults))
		fail_msg("%s", json_dumps(faults.list, 0));
	json_decref(doc);
	g_free(text);
	if (to)
		assert_int_equal(connect_fake_start(cf, to), 0);
}

#define PRESS_1                                                                \
	"[{'type':'dtmf_receive','option':{'length':1}},"                      \
	"{'type':'branch','option':{'variable':'digits',"                      \
	"'target_ids':{'1':'yes'},'default_target_id':'no'}},"                 \
	"{'id':'no','type':'hangup'},{'id':'yes','type':'stop'}]"

static void test_the_first_to_confirm_has_it(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *a = &cf.fake.dialed[0];
	struct call_fake_leg *b = &cf.fake.dialed[1];

	ask(&cf, PRESS_1, "tel:+451001 tel:+451002");
	call_fake_answered(a);
	call_fake_pass(&cf.fake, 0);
	assert_int_equal(b->hangups, 0); /* it rings on */
	assert_null(cf.leg.media.peer);
	call_fake_answered(b);
	call_fake_pass(&cf.fake, 0);
	call_fake_digits(b, "1");
	assert_true(connect_fake_is_bridged(&cf, 1));
	connect_fake_check_end(&cf, 0, "system canceled answered_elsewhere");
	call_fake_digits(a, "1"); /* too late */
	call_fake_bye(b);
	assert_string_equal(connect_fake_result(&cf), "answered 0 0");
	let_go(&cf);
}

/* Early media ends with the answer: who is asked talks with nobody yet */
static void test_asked_after_early_media(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *a = &cf.fake.dialed[0];

	ask(&cf, PRESS_1, NULL);
	cf.prm.early_media = true;
	assert_int_equal(connect_fake_start(&cf, "tel:+451001"), 0);
	call_fake_early(a);
	assert_true(connect_fake_is_bridged(&cf, 0));
	call_fake_answered(a);
	call_fake_pass(&cf.fake, 0);
	assert_null(cf.leg.media.peer);
	assert_null(a->media.peer);
	call_fake_digits(a, "1");
	assert_true(connect_fake_is_bridged(&cf, 0));
	call_fake_bye(a);
	let_go(&cf);
}

static void test_refused_by_all(void **state)
{
	struct connect_fake cf;
	struct call_fake_leg *a = &cf.fake.dialed[0];
	struct call_fake_leg *b = &cf.fake.dialed[1];

	ask(&cf, PRESS_1, "tel:+451001 tel:+451002");
	call_fake_answered(a);
	call_fake_answered(b);
	call_fake_pass(&cf.fake, 0);
	call_fake_digits(a, "2");
	connect_fake_check_end(&cf, 0, "local normal -");
	assert_string_equal(connect_fake_result(&cf), "");
	call_fake_bye(b); /* it just hangs up */
	assert_string_equal(connect_fake_result(&cf), "rejected 0 0");
	let_go(&cf);
}

static void test_confirmed_too_late(void **state)
{
	struct connect_fake cf;

	ask(&cf, PRESS_1, "tel:+451001");
	call_fake_answered(&cf.fake.dialed[0]);
	call_fake_pass(&cf.fake, 9000);
	call_fake_pass(&cf.fake, 60000);
	assert_string_equal(connect_fake_result(&cf), "rejected 0 0");
	let_go(&cf);
}

static void test_who_is_who_in_confirm_actions(void **state)
{
	struct connect_fake cf;
	struct call *callee;
	char *value;

	ask(&cf, PRESS_1, "tel:+451001");
	callee = call_find(cf.fake.table, cf.fake.dialed[0].leg.call_id);
	value = call_flow_host.lookup(callee, "call.destination");
	assert_string_equal(value, "+451001");
	g_free(value);
	value = call_flow_host.lookup(callee, "parent.id");
	assert_string_equal(value, cf.caller_id);
	g_free(value);
	assert_null(call_flow_host.lookup(cf.caller, "parent.id"));

	/* and what the caller's flow knows, but no secrets */
	flow_vars_set(cf.caller->vars, "recording.id", "r-1", false);
	flow_vars_set(cf.caller->vars, "pin", "1234", true);
	value = call_flow_host.lookup(callee, "parent.recording.id");
	assert_string_equal(value, "r-1");
	g_free(value);
	assert_null(call_flow_host.lookup(callee, "parent.pin"));
	assert_null(call_flow_host.lookup(callee, "parent.nothing"));
	let_go(&cf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits_in_media_pass_by_themselves),
		cmocka_unit_test(test_digits_by_signalling_are_carried_over),
		cmocka_unit_test(test_a_browsers_digits_are_carried_over),
		cmocka_unit_test(test_star_ends_the_bridge),
		cmocka_unit_test(test_held_by_the_party),
		cmocka_unit_test(test_music_ends_with_the_bridge),
		cmocka_unit_test(test_without_music_it_is_silence),
		cmocka_unit_test(test_a_flow_mutes),
		cmocka_unit_test(test_early_media_of_the_callee),
		cmocka_unit_test(test_early_media_goes_on_as_the_bridge),
		cmocka_unit_test(test_no_early_media_is_a_180),
		cmocka_unit_test(test_own_ringing),
		cmocka_unit_test(test_national_tones),
		cmocka_unit_test(test_the_first_to_confirm_has_it),
		cmocka_unit_test(test_asked_after_early_media),
		cmocka_unit_test(test_refused_by_all),
		cmocka_unit_test(test_confirmed_too_late),
		cmocka_unit_test(test_who_is_who_in_confirm_actions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
