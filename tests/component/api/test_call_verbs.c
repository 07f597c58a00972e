/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What can be done to a call that is up, and what is refused and changes
 * nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_priv.h"
#include "common/json.h"
#include "common/str.h"
#include "support/api_calls.h"

#define UNKNOWN "01900000-0000-7000-8000-000000000000"

static struct api_rig rig;
static struct api_legs legs;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	rig.media = &api_legs_media;
	rig.records = true;
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
	json_t *out = json_loads(copy, 0, NULL);

	assert_non_null(out);
	g_free(copy);

	return out;
}

static json_t *ask(const char *account, const char *verb, const char *id,
		   const char *body)
{
	const struct api_ask a = {
		.verb = verb,
		.account_id = account,
		.id = id,
		.request_id = "req-5",
		.body = body ? parse(body) : NULL,
	};

	return api_rig_ask(&rig, &a);
}

static void works(const char *verb, const char *id, const char *body)
{
	json_t *call = api_rig_ok(ask(NULL, verb, id, body));

	assert_string_equal(json_str(call, "id", ""), id);
	json_decref(call);
	api_legs_sync(&legs);
}

static void refuses(const char *verb, const char *id, const char *body,
		    const char *code)
{
	json_t *reply = ask(NULL, verb, id, body);
	const char *why =
		json_str(json_object_get(reply, "error"), "detail", "");

	/* it says why, in words */
	assert_true(*why);
	assert_string_equal(api_rig_code(reply), code);
}

static void faults(const char *verb, const char *id, const char *body,
		   const char *want)
{
	char *got = api_rig_pointers(ask(NULL, verb, id, body));

	assert_string_equal(got, want);
	g_free(got);
}

/** A call that was answered and whose flow waits. @return Its id */
static char *answered(struct api_leg **legp)
{
	char *id = api_legs_call_in(&legs, NULL, legp);

	api_leg_answers(*legp);
	json_decref(api_legs_wait_status(&legs, NULL, id, "answered"));

	return id;
}

/** Every live verb, with a body that is right */
static const struct {
	const char *verb, *body;
} verbs[] = {
	{"calls.hangup", "{}"},
	{"calls.play", "{'stream_urls':['tone:440/100']}"},
	{"calls.talk", "{'text':'Hello.'}"},
	{"calls.stop_media", NULL},
	{"calls.dtmf", "{'digits':'12w#'}"},
	{"calls.mute", NULL},
	{"calls.unmute", NULL},
	{"calls.hold", NULL},
	{"calls.unhold", NULL},
	{"calls.redirect", "{'actions':[{'type':'hangup'}]}"},
	{"calls.record", NULL},
	{"calls.patch", "{'variables':{'a':'b'}}"},
};

/** How often a kind is in the timeline with this text */
static unsigned told(const char *id, const char *kind, const char *text)
{
	json_t *tl = api_rig_ok(ask(NULL, "calls.timeline", id, NULL)), *item;
	unsigned n = 0;
	size_t i;

	json_array_foreach(json_object_get(tl, "result"), i, item)
	{
		n += str_eq(json_str(item, "kind", ""), kind) &&
		     str_starts(json_str(item, "text", ""), text);
	}
	json_decref(tl);

	return n;
}

static void test_play_and_stop(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);

	works("calls.play", id, "{'stream_urls':['tone:440/100'],'loop':0}");
	assert_int_equal(leg->plays, 1);
	works("calls.stop_media", id, NULL);
	assert_true(leg->stops > 0);
	assert_int_equal(told(id, "request", "POST play"), 1);
	assert_int_equal(told(id, "request", "POST stop_media"), 1);
	g_free(id);
}

static void test_send_digits(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);

	works("calls.dtmf", id, "{'digits':'12#'}");
	assert_string_equal(leg->digits, "12#");
	assert_int_equal(told(id, "request", "POST dtmf"), 1);
	g_free(id);
}

static void test_mute_by_direction(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);

	works("calls.mute", id, "{'direction':'in'}");
	assert_true(leg->muted_in && !leg->muted_out);
	works("calls.mute", id, "{'direction':'out'}");
	assert_true(leg->muted_in && leg->muted_out);
	works("calls.unmute", id, NULL);
	assert_true(!leg->muted_in && !leg->muted_out);
	g_free(id);
}

static void test_hold_and_resume(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);

	works("calls.hold", id, NULL);
	while (!api_rig_count(&rig, "SELECT count(*) FROM event"
				    " WHERE type = 'call.held'"
				    " AND doc LIKE '%req-5%'"))
		;
	works("calls.unhold", id, NULL);
	while (!api_rig_count(&rig, "SELECT count(*) FROM event"
				    " WHERE type = 'call.unheld'"))
		;
	g_free(id);
}

struct playing {
	const struct api_leg *leg;
	bool begun;
};

static void look_playing(void *arg) /* Thread: loop */
{
	struct playing *playing = arg;

	playing->begun = playing->leg->plays > 0;
}

static void test_redirect(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	json_t *flow = api_rig_make(
		&rig, "flows.create", NULL,
		parse("{'name':'x','actions':[{'type':'play','option':"
		      "{'stream_urls':['tone:800'],'loop':0}}]}"));
	char *body =
		g_strdup_printf("{'flow_id':'%s'}", json_str(flow, "id", ""));
	struct playing playing = {.leg = leg};
	json_t *call;

	works("calls.redirect", id, body);
	do {
		api_rig_on_loop(&rig, look_playing, &playing);
	} while (!playing.begun);
	call = api_rig_ok(ask(NULL, "calls.get", id, NULL));
	assert_string_equal(json_str(call, "flow_id", ""),
			    json_str(flow, "id", ""));
	json_decref(call);

	/* into actions of its own, which end it */
	works("calls.redirect", id,
	      "{'actions':[{'type':'hangup','option':{'reason':'busy'}}]}");
	call = api_legs_wait_status(&legs, NULL, id, "ended");
	json_decref(call);
	json_decref(flow);
	g_free(body);
	g_free(id);
}

static void test_redirect_to_what_is_not_there(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	json_t *call;

	faults("calls.redirect", id, "{}", "/flow_id");
	faults("calls.redirect", id, "{'flow_id':'" UNKNOWN "'}", "/flow_id");
	faults("calls.redirect", id,
	       "{'flow_id':'" UNKNOWN "','actions':[{'type':'stop'}]}",
	       "/flow_id");
	faults("calls.redirect", id, "{'actions':[{'type':'fly'}]}",
	       "/actions/0/type");
	faults("calls.redirect", id,
	       "{'actions':[{'type':'stop'}],'peer':'kick'}", "/peer");

	/* what ran runs on */
	call = api_rig_ok(ask(NULL, "calls.get", id, NULL));
	assert_string_equal(
		json_str(json_object_get(call, "action"), "type", ""), "sleep");
	json_decref(call);
	g_free(id);
}

static void test_record(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg), *location;
	json_t *reply, *rec, *got;

	reply = ask(NULL, "calls.record", id,
		    "{'format':'ogg','channels':'mono'}");
	location = g_strdup(json_str(reply, "location", ""));
	rec = api_rig_ok(reply);
	assert_true(g_str_has_prefix(location, "/v1/recordings/"));
	assert_true(g_str_has_suffix(location, json_str(rec, "id", "-")));
	assert_string_equal(json_str(rec, "call_id", ""), id);
	assert_string_equal(json_str(rec, "status", ""), "recording");
	assert_string_equal(json_str(rec, "format", ""), "ogg");
	assert_int_equal(told(id, "request", "POST recordings"), 1);

	/* whoever was told finds it */
	got = api_rig_ok(
		ask(NULL, "recordings.get", json_str(rec, "id", ""), NULL));
	json_decref(got);

	faults("calls.record", id,
	       "{'format':'exe','channels':'all','max_duration_s':-1,"
	       "'end_of_key':'x'}",
	       "/format /channels /max_duration_s /end_of_key");
	faults("calls.record", id, "{'video':true}", "/video");
	json_decref(rec);
	g_free(location);
	g_free(id);
}

static void test_a_retry_records_once(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	struct api_ask a = {
		.verb = "calls.record",
		.id = id,
		.idem_key = "tape-1",
	};
	json_t *first = api_rig_ok(api_rig_ask(&rig, &a));
	json_t *again = api_rig_ask(&rig, &a);

	assert_true(json_flag(again, "replayed", false));
	again = api_rig_ok(again);
	assert_string_equal(json_str(first, "id", "-"),
			    json_str(again, "id", ""));
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM recording"),
			 1);
	json_decref(first);
	json_decref(again);
	g_free(id);
}

static void test_a_fifth_recording_is_refused(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	int i;

	for (i = 0; i < 4; ++i)
		json_decref(api_rig_ok(ask(NULL, "calls.record", id, NULL)));
	refuses("calls.record", id, NULL, "wrong_state");
	g_free(id);
}

static void test_change_a_live_call(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	json_t *call;

	works("calls.patch", id,
	      "{'variables':{'order':'7','gone':'x'},'notes':'asks twice'}");
	works("calls.patch", id, "{'variables':{'gone':null}}");
	call = api_rig_ok(ask(NULL, "calls.get", id, NULL));
	assert_string_equal(json_str(call, "notes", ""), "asks twice");
	assert_string_equal(
		json_str(json_object_get(call, "variables"), "order", ""), "7");
	assert_null(
		json_object_get(json_object_get(call, "variables"), "gone"));
	json_decref(call);
	assert_int_equal(told(id, "request", "PATCH"), 2);
	g_free(id);
}

static void test_before_the_answer_much_is_refused(void **state)
{
	char *id = api_legs_call_in(&legs, NULL, NULL);
	json_t *before = api_rig_ok(ask(NULL, "calls.get", id, NULL)), *after;

	refuses("calls.dtmf", id, "{'digits':'1'}", "wrong_state");
	refuses("calls.hold", id, NULL, "wrong_state");
	refuses("calls.unhold", id, NULL, "wrong_state");
	refuses("calls.stop_media", id, NULL, "wrong_state");
	refuses("calls.record", id, NULL, "wrong_state");
	after = api_rig_ok(ask(NULL, "calls.get", id, NULL));
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	g_free(id);
}

static void test_who_is_not_there_hears_nothing(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	json_t *other = api_rig_make(&rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));
	const char *account = json_str(other, "id", "");
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(verbs); ++i) {
		refuses(verbs[i].verb, UNKNOWN, verbs[i].body,
			"call_not_found");
		assert_string_equal(api_rig_code(ask(account, verbs[i].verb, id,
						     verbs[i].body)),
				    "call_not_found");
	}
	api_legs_sync(&legs);
	assert_int_equal(leg->plays + leg->hangups, 0);
	json_decref(other);
	g_free(id);
}

static void test_an_ended_call_says_so(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	size_t i;

	api_leg_ends(leg, HANGUP_NORMAL, 0);
	json_decref(api_legs_wait_status(&legs, NULL, id, "ended"));
	for (i = 0; i < G_N_ELEMENTS(verbs); ++i)
		refuses(verbs[i].verb, id, verbs[i].body, "call_ended");
	g_free(id);
}

static void test_wrong_bodies_are_named(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);

	faults("calls.play", id, "{}", "/stream_urls");
	faults("calls.play", id,
	       "{'stream_urls':['file:///etc/passwd',5],'loop':-1,"
	       "'to':'all','async':true}",
	       "/async /stream_urls/0 /stream_urls/1 /loop /to");
	faults("calls.talk", id, "{'text':'','language':'!!'}",
	       "/text /language");
	faults("calls.dtmf", id, "{'digits':'5;6'}", "/digits");
	faults("calls.mute", id, "{'direction':'up'}", "/direction");
	faults("calls.hold", id, "{'x':1}", "/x");
	api_legs_sync(&legs);
	assert_int_equal(leg->plays, 0);
	g_free(id);
}

/** Each type, and what is odd of it */
static json_t *odd(size_t i)
{
	switch (i) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_integer(INT64_MIN);
	case 3:
		return json_real(1e300);
	case 4:
		return json_string("a\r\nb: c");
	case 5:
		return json_pack("[[], {}, n, i]", 5);
	case 6:
		return json_pack("{s:{s:[n]}}", "x", "", "y");
	default:
		return NULL;
	}
}

/* What is odd in any member is told, or harmless: the call is there after it */
static void test_odd_members_break_nothing(void **state)
{
	struct api_leg *leg = NULL;
	char *id = answered(&leg);
	const struct verb_row *row;
	const struct opt *opt;
	json_t *value;
	size_t i;

	for (row = api_rows; row->name; ++row) {
		if (!str_starts(row->path, "/v1/calls/{id}") ||
		    !row->verb->body || str_eq(row->name, "calls.hangup"))
			continue;
		for (opt = row->verb->body; opt->name; ++opt) {
			for (i = 0; (value = odd(i)); ++i) {
				const struct api_ask a = {
					.verb = row->name,
					.id = id,
					.body = json_pack("{s:o}", opt->name,
							  value),
				};
				json_t *reply = api_rig_ask(&rig, &a);

				assert_true(api_err_status(api_reply_err(
						    reply)) < 500);
				json_decref(reply);
			}
		}
	}
	works("calls.hangup", id, "{}");
	g_free(id);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_play_and_stop),
		TEST(test_send_digits),
		TEST(test_mute_by_direction),
		TEST(test_hold_and_resume),
		TEST(test_redirect),
		TEST(test_redirect_to_what_is_not_there),
		TEST(test_record),
		TEST(test_a_retry_records_once),
		TEST(test_a_fifth_recording_is_refused),
		TEST(test_change_a_live_call),
		TEST(test_before_the_answer_much_is_refused),
		TEST(test_who_is_not_there_hears_nothing),
		TEST(test_an_ended_call_says_so),
		TEST(test_wrong_bodies_are_named),
		TEST(test_odd_members_break_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
