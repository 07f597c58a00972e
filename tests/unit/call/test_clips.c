/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files and speech on a call: when they begin, how they end, what is told */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "support/call_fake.h"

#define PLAY(rest)                                                             \
	"[{'type':'answer'},{'type':'play','option':{" rest                    \
	"}},{'type':'sleep','option':{'duration_ms':10000}}]"
#define TALK(rest)                                                             \
	"[{'type':'answer'},{'type':'talk','option':{" rest                    \
	"}},{'type':'sleep','option':{'duration_ms':10000}}]"

static struct call_fake fake;
static struct call_fake_leg leg;

/* A call that has been answered */
static void up(const char *actions)
{
	call_fake_setup(&fake, actions, NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
}

static void down(void)
{
	call_fake_bye(&leg);
	assert_int_equal(fake.clips_open, 0);
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static const char *error(const char *member)
{
	return json_str(call_fake_event(&fake, "flow.error"), member, "");
}

static const char *action(void)
{
	const json_t *ev = call_fake_event(&fake, "flow.action");

	return json_str(json_object_get(ev, "action"), "type", "");
}

static void a_file_plays_as_a_stream(void **state)
{
	up(PLAY("'stream_urls':['tone:400/100','http://a.test/'],'loop':3,"
		"'seek_ms':500,'gain_db':-6"));
	assert_int_equal(fake.clips_started, 1);
	assert_int_equal(fake.streams, 1);
	assert_int_equal(fake.plays, 0);
	assert_string_equal(fake.clip, "tone:400/100 http://a.test/");
	assert_int_equal(fake.loops, 3);
	assert_int_equal(fake.seek_ms, 500);
	assert_true(fake.gain_db == -6);
	assert_string_equal(action(), "play");

	call_fake_played(&fake, &leg, 0);
	assert_int_equal(fake.clips_open, 0);
	assert_int_equal(fake.clips_started, 1); /* the loops are its own */
	call_fake_pass(&fake, 200);
	assert_string_equal(action(), "sleep");
	down();
}

static void tones_alone_stay_the_medias(void **state)
{
	up(PLAY("'stream_urls':['tone:400/100']"));
	assert_int_equal(fake.clips_started, 0);
	assert_int_equal(fake.plays, 1);
	down();

	up(PLAY("'stream_urls':['tone:400/100'],'gain_db':3"));
	assert_int_equal(fake.clips_started, 1); /* louder */
	down();
}

static void early_media_comes_first(void **state)
{
	call_fake_setup(&fake,
			"[{'type':'talk','option':{'text':'Hello',"
			"'language':'da-DK'}}]",
			NULL, NULL, 0);
	call_fake_call(&fake, &leg);
	assert_int_equal(leg.progresses, 1);
	assert_int_equal(fake.clips_started, 0); /* its rate is not known */
	call_fake_early(&leg);
	assert_int_equal(fake.clips_started, 1);
	assert_string_equal(fake.clip, "Hello|da-DK");
	down();
}

static void why_it_broke_is_told(void **state)
{
	up(PLAY("'stream_urls':['http://a.test/','http://b.test/']"));
	call_fake_clip_failed(&fake, EPROTO, "http_status",
			      "http://b.test/: status 404");
	assert_string_equal(action(), "play"); /* the first is heard yet */
	call_fake_played(&fake, &leg, EPROTO);
	call_fake_pass(&fake, 200);
	assert_string_equal(error("code"), "http_status");
	assert_string_equal(error("detail"), "http://b.test/: status 404");
	assert_string_equal(action(), "sleep");
	down();
}

static void an_error_has_its_branch(void **state)
{
	up("[{'type':'answer'},{'type':'play','option':{'stream_urls':"
	   "['http://a.test/']},'error_id':'e'},{'type':'stop'},"
	   "{'id':'e','type':'talk','option':{'text':'${error.code}'}}]");
	call_fake_clip_failed(&fake, EIO, "undecodable", "what is it");
	call_fake_played(&fake, &leg, EIO);
	assert_string_equal(fake.clip, "undecodable|en-US");
	down();
}

static void what_does_not_begin_breaks_at_once(void **state)
{
	call_fake_setup(&fake, PLAY("'stream_urls':['http://a.test/']"), NULL,
			NULL, 0);
	fake.clip_err = EAGAIN;
	call_fake_call(&fake, &leg);
	call_fake_answered(&leg);
	call_fake_pass(&fake, 200);
	assert_string_equal(error("code"), "busy");
	down();

	/* the same when it had to wait for the media */
	call_fake_setup(&fake, "[{'type':'talk','option':{'text':'x'}}]", NULL,
			NULL, 0);
	fake.clip_err = EAGAIN;
	call_fake_call(&fake, &leg);
	call_fake_early(&leg);
	assert_string_equal(error("code"), "busy");
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

static void another_play_takes_its_place(void **state)
{
	up("[{'type':'answer'},{'type':'play','option':{'stream_urls':"
	   "['http://a.test/'],'async':true}},{'type':'talk','option':"
	   "{'text':'Hello'}}]");
	assert_int_equal(fake.clips_started, 2);
	assert_int_equal(fake.clips_open, 1); /* one at a time */
	assert_int_equal(fake.stops, 0);      /* the media replaces it */
	--fake.play_id;
	call_fake_played(&fake, &leg, ECANCELED); /* the first one's: late */
	++fake.play_id;
	assert_int_equal(fake.clips_open, 1);
	down();
}

static void the_caller_leaves_during_a_fetch(void **state)
{
	up(TALK("'text':'Hello'"));
	assert_int_equal(fake.clips_open, 1);
	down(); /* checks that it was given back */
	assert_int_equal(fake.stops, 0);
}

static void a_digit_stops_it(void **state)
{
	up(TALK("'text':'Hello','digits_handle':'next'"));
	call_fake_digits(&leg, "5");
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.clips_open, 0);
	call_fake_pass(&fake, 200);
	assert_string_equal(action(), "sleep");
	down();
}

static void check_finished(const char *type, const char *result,
			   const char *code, const char *detail)
{
	const json_t *ev;

	call_fake_pass(&fake, 200);
	ev = call_fake_event(&fake, "call.media_finished");
	assert_non_null(ev);
	assert_string_equal(json_str(ev, "flow_id", ""), CALL_FAKE_FLOW);
	assert_string_equal(json_str(ev, "type", ""), type);
	assert_string_equal(json_str(ev, "result", ""), result);
	assert_string_equal(json_str(ev, "code", "-"), code);
	assert_string_equal(json_str(ev, "detail", "-"), detail);
}

static void the_end_of_an_async_one_is_an_event(void **state)
{
	up(PLAY("'stream_urls':['http://a.test/'],'async':true"));
	call_fake_played(&fake, &leg, 0);
	check_finished("play", "finished", "-", "-");
	down();

	up(TALK("'text':'Hello','async':true"));
	call_fake_clip_failed(&fake, EIO, "no_voice", "no voice for xx");
	call_fake_played(&fake, &leg, EIO);
	check_finished("talk", "failed", "no_voice", "no voice for xx");
	assert_null(call_fake_event(&fake, "flow.error"));
	down();

	up("[{'type':'answer'},{'type':'talk','option':{'text':'Hello',"
	   "'async':true}},{'type':'play','option':{'stream_urls':"
	   "['tone:400']}}]");
	check_finished("talk", "stopped", "-", "-");
	down();

	up(PLAY("'stream_urls':['tone:400/100'],'async':true"));
	call_fake_played(&fake, &leg, 0);
	check_finished("play", "finished", "-", "-");
	down();
}

static void the_end_of_another_one_is_none(void **state)
{
	up(PLAY("'stream_urls':['http://a.test/']"));
	call_fake_played(&fake, &leg, 0);
	call_fake_pass(&fake, 200);
	assert_null(call_fake_event(&fake, "call.media_finished"));
	down();

	/* nor when the call is over: call.ended says it all */
	up(PLAY("'stream_urls':['http://a.test/'],'async':true"));
	call_fake_bye(&leg);
	assert_int_equal(fake.clips_open, 0);
	assert_null(call_fake_event(&fake, "call.media_finished"));
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_plays_as_a_stream),
		cmocka_unit_test(tones_alone_stay_the_medias),
		cmocka_unit_test(early_media_comes_first),
		cmocka_unit_test(why_it_broke_is_told),
		cmocka_unit_test(an_error_has_its_branch),
		cmocka_unit_test(what_does_not_begin_breaks_at_once),
		cmocka_unit_test(another_play_takes_its_place),
		cmocka_unit_test(the_caller_leaves_during_a_fetch),
		cmocka_unit_test(a_digit_stops_it),
		cmocka_unit_test(the_end_of_an_async_one_is_an_event),
		cmocka_unit_test(the_end_of_another_one_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
