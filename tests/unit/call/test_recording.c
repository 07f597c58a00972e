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
#include "common/str.h"
#include "record/record.h"
#include "support/call_fake.h"

struct world {
	struct call_fake fake;
	struct call_fake_leg leg;
	struct call *call;
	char id[ID_SIZE];
	const char *code;
	char *told; /* by a watcher */
};

#define SLEEP                                                                  \
	"[{'type':'answer'},{'type':'sleep','option':{'duration_ms':3600000}}" \
	"]"

static void setup(struct world *w, const char *actions)
{
	memset(w, 0, sizeof(*w));
	call_fake_setup(&w->fake, actions, NULL, NULL, 0);
	w->call = call_fake_call(&w->fake, &w->leg);
	call_fake_answered(&w->leg);
}

static void teardown(struct world *w)
{
	call_fake_teardown(&w->fake);
	g_free(w->told);
}

static int start(struct world *w, const struct flow_record *prm)
{
	return call_recording_start(w->call, prm, w->id, &w->code);
}

static void hang_up(struct world *w)
{
	call_fake_bye(&w->leg);
	call_fake_closed(&w->leg);
}

static const json_t *doc(struct world *w)
{
	return json_object_get(json_object_get(w->fake.recordings, w->id),
			       "doc");
}

static const char *member(struct world *w, const char *key)
{
	return json_str(doc(w), key, "");
}

static void check_story(struct world *w, const char *expected)
{
	char *story = call_fake_story(&w->fake);

	/* without what other tests look at */
	assert_non_null(strstr(story, expected));
	g_free(story);
}

static const struct flow_record plain = {.format = "wav", .end_of_key = ""};

static void test_until_the_call_ends(void **state)
{
	const json_t *ids;
	struct world w;

	setup(&w, SLEEP);
	assert_int_equal(start(&w, &plain), 0);
	assert_int_equal(w.fake.taps, 1);
	assert_int_equal(w.fake.records[0].format, RECORD_WAV);
	assert_int_equal(w.fake.records[0].channels, 1);
	assert_string_equal(w.fake.records[0].id, w.id);
	assert_string_equal(member(&w, "status"), "recording");
	assert_string_equal(member(&w, "channels"), "mono");
	assert_int_equal(json_int(doc(&w), "rate", 0), 16000);
	assert_true(json_is_null(json_object_get(doc(&w), "duration_ms")));

	hang_up(&w);
	assert_int_equal(w.fake.untaps, 1);
	assert_int_equal(w.fake.records[0].ends, 1);
	/* the call's document names it, though its file is open still */
	ids = json_object_get(json_object_get(call_fake_row(&w.fake), "doc"),
			      "recording_ids");
	assert_string_equal(json_string_value(json_array_get(ids, 0)), w.id);
	assert_int_equal(call_table_count(w.fake.table), 0);

	call_fake_recorded(&w.fake, 0, 0, 2500);
	assert_string_equal(member(&w, "status"), "finished");
	assert_string_equal(member(&w, "reason"), "hangup");
	assert_int_equal(json_int(doc(&w), "duration_ms", 0), 2500);
	check_story(&w, "recording.started call.ended recording.finished");
	teardown(&w);
}

static void test_stop_pause_resume(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.format = "ogg";
	prm.stereo = true;
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_STOP, NULL),
			 ENOENT);
	assert_int_equal(start(&w, &prm), 0);
	assert_int_equal(w.fake.records[0].channels, 2);
	assert_int_equal(
		call_recording_verb(w.call, FLOW_RECORD_STOP, CALL_FAKE_FLOW),
		ENOENT);
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_RESUME, NULL),
			 EPROTO);
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_PAUSE, w.id),
			 0);
	assert_string_equal(member(&w, "status"), "paused");
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_PAUSE, w.id),
			 EPROTO);
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_RESUME, NULL),
			 0);
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_STOP, NULL),
			 0);
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_STOP, w.id),
			 EPROTO);
	call_fake_recorded(&w.fake, 0, 0, 100);
	assert_string_equal(member(&w, "reason"), "stopped");
	check_story(&w, "recording.started recording.paused recording.resumed "
			"recording.finished");
	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_PAUSE, w.id),
			 EPROTO);
	hang_up(&w);
	teardown(&w);
}

static void expect_end(struct world *w, const char *reason)
{
	assert_int_equal(w->fake.records[0].ends, 1);
	call_fake_recorded(&w->fake, 0, 0, 700);
	assert_string_equal(member(w, "status"), "finished");
	assert_string_equal(member(w, "reason"), reason);
	assert_int_equal(w->call->state, CALL_ANSWERED);
	hang_up(w);
	teardown(w);
}

static void test_ends_by_key(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.end_of_key = "#0";
	assert_int_equal(start(&w, &prm), 0);
	call_fake_digits(&w.leg, "12*");
	assert_int_equal(w.fake.records[0].ends, 0);
	call_fake_digits(&w.leg, "0#");
	expect_end(&w, "key");
}

static void test_ends_by_silence(void **state)
{
	struct world w;

	setup(&w, SLEEP);
	assert_int_equal(start(&w, &plain), 0);
	call_fake_tapped(&w.leg, w.fake.tap_id + 1, MEDIA_TAP_SILENCE);
	assert_int_equal(w.fake.records[0].ends, 0);
	call_fake_tapped(&w.leg, w.fake.tap_id, MEDIA_TAP_SILENCE);
	expect_end(&w, "silence");
}

/* The file's end is told before the tap's own word */
static void test_ends_by_duration(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.max_duration_ms = 20;
	assert_int_equal(start(&w, &prm), 0);
	assert_false(media_tap_put(w.fake.records[0].tap, NULL, NULL, NULL));
	call_fake_recorded(&w.fake, 0, 0, 20);
	assert_string_equal(member(&w, "reason"), "duration");
	call_fake_tapped(&w.leg, w.fake.tap_id, MEDIA_TAP_FULL); /* late */
	assert_string_equal(member(&w, "status"), "finished");
	hang_up(&w);
	teardown(&w);
}

static void test_beep_first(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.beep_start = true;
	assert_int_equal(start(&w, &prm), 0);
	assert_int_equal(w.fake.plays, 1);
	assert_int_equal(w.fake.first_ms, 500);
	assert_int_equal(w.fake.taps, 0);
	call_fake_pass(&w.fake, 499);
	assert_int_equal(w.fake.taps, 0);
	call_fake_pass(&w.fake, 200);
	assert_int_equal(w.fake.taps, 1);
	hang_up(&w);
	call_fake_recorded(&w.fake, 0, 0, 0);
	teardown(&w);
}

static void test_hangup_in_the_beep(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.beep_start = true;
	assert_int_equal(start(&w, &prm), 0);
	hang_up(&w);
	assert_int_equal(w.fake.taps, 0);
	assert_true(media_tap_is_over(w.fake.records[0].tap));
	call_fake_recorded(&w.fake, 0, 0, 0);
	assert_string_equal(member(&w, "reason"), "hangup");
	teardown(&w);
}

static void test_no_tap_after_the_beep(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.beep_start = true;
	assert_int_equal(start(&w, &prm), 0);
	w.fake.taps_are_full = true;
	call_fake_pass(&w.fake, 1000);
	call_fake_recorded(&w.fake, 0, 0, 0);
	assert_string_equal(member(&w, "status"), "failed");
	assert_string_equal(member(&w, "reason"), "failed");
	assert_int_equal(w.call->state, CALL_ANSWERED);
	hang_up(&w);
	teardown(&w);
}

static void test_a_full_disk(void **state)
{
	struct world w;

	setup(&w, SLEEP);
	assert_int_equal(start(&w, &plain), 0);
	call_fake_recorded(&w.fake, 0, ENOSPC, 4000);
	assert_int_equal(w.fake.untaps, 1);
	assert_string_equal(member(&w, "status"), "failed");
	assert_string_equal(member(&w, "error"), strerror(ENOSPC));
	assert_int_equal(json_int(doc(&w), "duration_ms", 0), 4000);
	check_story(&w, "recording.started recording.failed");
	assert_int_equal(w.call->state, CALL_ANSWERED);
	hang_up(&w);
	teardown(&w);
}

static void test_refused(void **state)
{
	struct flow_record prm = plain;
	struct world w;

	setup(&w, SLEEP);
	prm.format = "webm";
	assert_int_equal(start(&w, &prm), EINVAL);
	prm.format = "wav";
	prm.end_of_key = "01234567890123456789";
	assert_int_equal(start(&w, &prm), EINVAL);
	w.fake.taps_are_full = true;
	assert_int_equal(start(&w, &plain), EAGAIN);
	assert_string_equal(w.code, "busy");
	w.fake.taps_are_full = false;
	w.fake.record_err = ESHUTDOWN;
	assert_int_equal(start(&w, &plain), ESHUTDOWN);
	assert_string_equal(w.code, "recording_failed");
	assert_int_equal(w.fake.untaps, 1); /* it was given already */
	assert_int_equal(json_object_size(w.fake.recordings), 0);
	hang_up(&w);
	teardown(&w);
}

static void test_four_at_once(void **state)
{
	const char *why = NULL;
	struct world w;
	int i;

	setup(&w, SLEEP);
	for (i = 0; i < 4; ++i)
		assert_int_equal(start(&w, &plain), 0);
	assert_int_equal(start(&w, &plain), EBUSY);
	assert_string_equal(w.code, "wrong_state");
	assert_int_equal(call_verb_record(w.call, &plain, w.id, &why), EPROTO);
	assert_string_equal(why, "four recordings run already");
	assert_int_equal(w.fake.taps, 4);

	assert_int_equal(call_recording_verb(w.call, FLOW_RECORD_STOP, NULL),
			 0);
	assert_int_equal(start(&w, &plain), 0);
	hang_up(&w);
	for (i = 0; i < 5; ++i)
		call_fake_recorded(&w.fake, (unsigned)i, 0, 1000);
	teardown(&w);
}

static void test_a_hundred_in_all(void **state)
{
	const char *why = NULL;
	struct world w;
	unsigned i;

	setup(&w, SLEEP);
	for (i = 0; i < 100; ++i) {
		assert_int_equal(start(&w, &plain), 0);
		assert_int_equal(
			call_recording_verb(w.call, FLOW_RECORD_STOP, NULL), 0);
		call_fake_recorded(&w.fake, i, 0, 1000);
	}
	assert_int_equal(start(&w, &plain), EDQUOT);
	assert_string_equal(w.code, "busy");
	assert_int_equal(call_verb_record(w.call, &plain, w.id, &why), EPROTO);
	assert_string_equal(why, "a call has 100 recordings at most");
	hang_up(&w);
	teardown(&w);
}

static void test_requests_are_noted(void **state)
{
	const char *why = NULL;
	json_t *notes;
	struct world w;
	char *text;

	setup(&w, SLEEP);
	assert_int_equal(start(&w, &plain), 0);
	assert_int_equal(call_recording_request(w.call, FLOW_RECORD_PAUSE, w.id,
						"r1", &why),
			 0);
	assert_null(why);
	assert_int_equal(call_recording_request(w.call, FLOW_RECORD_PAUSE, w.id,
						"r2", &why),
			 EPROTO);
	assert_string_equal(why, "it does not record now");
	notes = call_timeline(w.call);
	text = json_dumps(notes, 0);
	assert_non_null(strstr(text, ": paused\""));
	assert_non_null(
		strstr(text, ": paused: refused, it does not record now\""));
	free(text);
	json_decref(notes);
	hang_up(&w);
	call_fake_recorded(&w.fake, 0, 0, 1000);
	teardown(&w);
}

static void test_not_before_the_answer(void **state)
{
	struct world w;

	memset(&w, 0, sizeof(w));
	call_fake_setup(&w.fake,
			"[{'type':'sleep','option':{'duration_ms':"
			"3600000}}]",
			NULL, NULL, 0);
	w.call = call_fake_call(&w.fake, &w.leg);
	assert_int_equal(start(&w, &plain), ENOTCONN);
	assert_string_equal(w.code, "recording_failed");
	hang_up(&w);
	teardown(&w);
}

static void on_closed(void *arg, const char *text)
{
	struct world *w = arg;

	g_free(w->told);
	w->told = g_strdup(text);
}

static void test_requests(void **state)
{
	const char *why = NULL;
	struct world w;
	char *text;

	setup(&w, SLEEP);
	assert_int_equal(start(&w, &plain), 0);
	assert_int_equal(call_recording_request(w.call, FLOW_RECORD_RESUME,
						w.id, "r1", &why),
			 EPROTO);
	assert_string_equal(why, "it is not paused");
	assert_null(call_recording_text(w.call, CALL_FAKE_FLOW));
	assert_int_equal(call_recording_watch(w.call, w.id, on_closed, &w), 0);
	assert_int_equal(call_recording_watch(w.call, w.id, on_closed, &w),
			 EALREADY);
	assert_int_equal(call_recording_request(w.call, FLOW_RECORD_STOP, w.id,
						"r1", &why),
			 0);
	assert_null(w.told);
	call_fake_recorded(&w.fake, 0, 0, 60);
	assert_non_null(strstr(w.told, "\"status\":\"finished\""));
	text = call_recording_text(w.call, w.id);
	assert_string_equal(text, w.told);
	g_free(text);
	assert_int_equal(call_recording_watch(w.call, w.id, on_closed, &w),
			 EALREADY);
	hang_up(&w);
	teardown(&w);
}

/* Several at once end each for itself */
static void test_two_at_once(void **state)
{
	struct flow_record prm = plain;
	char first[ID_SIZE];
	struct world w;

	setup(&w, SLEEP);
	prm.end_of_key = "#";
	assert_int_equal(start(&w, &prm), 0);
	(void)str_copy(first, sizeof(first), w.id);
	prm.format = "mp3";
	assert_int_equal(start(&w, &prm), 0);
	call_fake_digits(&w.leg, "#");
	assert_int_equal(w.fake.records[0].ends, 0);
	assert_int_equal(w.fake.records[1].ends, 1);
	call_fake_digits(&w.leg, "#");
	assert_int_equal(w.fake.records[0].ends, 1);
	hang_up(&w);
	call_fake_recorded(&w.fake, 1, 0, 1);
	call_fake_recorded(&w.fake, 0, 0, 1);
	assert_string_equal(member(&w, "reason"), "key");
	teardown(&w);
}

/* What was given to one leg is not taken from another: their ids are alike */
static void test_another_leg_answers(void **state)
{
	struct call_origin origin;
	struct world w;

	memset(&w, 0, sizeof(w));
	call_fake_setup(&w.fake, SLEEP, NULL, NULL, 0);
	call_fake_route(&w.fake, 0, 0, "a");
	call_fake_route(&w.fake, 0, 0, "b");
	origin = call_fake_origin(&w.fake);
	w.call = call_fake_create(&w.fake, &origin);
	call_fake_early(&w.fake.dialed[0]);
	assert_int_equal(start(&w, &plain), 0);
	call_fake_answered(&w.fake.dialed[1]);
	assert_int_equal(start(&w, &plain), 0);
	call_fake_closed(&w.fake.dialed[0]);
	call_fake_tapped(&w.fake.dialed[1], 1, MEDIA_TAP_SILENCE);
	assert_int_equal(w.fake.records[0].ends, 0);
	call_fake_recorded(&w.fake, 0, 0, 1);
	assert_int_equal(w.fake.untaps, 0);
	call_fake_bye(&w.fake.dialed[1]);
	assert_int_equal(w.fake.untaps, 1);
	call_fake_closed(&w.fake.dialed[1]);
	call_fake_recorded(&w.fake, 1, 0, 1);
	teardown(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_until_the_call_ends),
		cmocka_unit_test(test_stop_pause_resume),
		cmocka_unit_test(test_ends_by_key),
		cmocka_unit_test(test_ends_by_silence),
		cmocka_unit_test(test_ends_by_duration),
		cmocka_unit_test(test_beep_first),
		cmocka_unit_test(test_hangup_in_the_beep),
		cmocka_unit_test(test_no_tap_after_the_beep),
		cmocka_unit_test(test_a_full_disk),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_four_at_once),
		cmocka_unit_test(test_a_hundred_in_all),
		cmocka_unit_test(test_requests_are_noted),
		cmocka_unit_test(test_not_before_the_answer),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_another_leg_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
