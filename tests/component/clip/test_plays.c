/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is heard of a list: files as they arrive, tones between them, loops,
 * seek, gain; what breaks, and where
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "host/log.h"
#include "media/stream.h"
#include "support/clip_rig.h"
#include "support/codec_signal.h"

static struct clip_rig rig;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	rig.tts_url = "http://tts.test/";
	clip_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	clip_rig_close(&rig);

	return 0;
}

static void serve(unsigned n, int from, size_t samples)
{
	clip_rig_serve(&rig, clip_rig_request(&rig, n), from, samples, NULL);
}

static void a_long_file_plays_while_it_arrives(void **state)
{
	struct clip_rig_play play;
	struct clip_rig_req *req;
	int16_t pcm[800];
	int i, k;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test']"),
			 0);
	req = clip_rig_request(&rig, 1);
	for (k = 0; k < 20; ++k) {
		for (i = 0; i < 800; ++i)
			pcm[i] = (int16_t)(k * 800 + i);
		clip_rig_send(&rig, req, pcm, 800);
		/* heard before more has come */
		clip_rig_hear(&play, (size_t)(k + 1) * 800);
		assert_false(media_stream_is_over(play.stream, NULL));
	}
	clip_rig_answer(
		&rig, req,
		&(struct clip_rig_answer){.status = 200, .max_age_s = -1});
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 16000);
	clip_rig_assert_count(&play, 0, 16000, 0);
	assert_int_equal(play.err, 0);
	assert_int_equal(play.nfailed, 0);
	clip_rig_end(&play);
}

static void a_list_is_fetched_at_once_and_heard_in_order(void **state)
{
	struct clip_rig_play play;

	assert_int_equal(clip_rig_play(&play, &rig, NULL,
				       "['http://a.test/1','http://a.test/2',"
				       "'http://a.test/1']"),
			 0);
	(void)clip_rig_request(&rig, 2);
	serve(2, 5000, 3001); /* the second is there first */
	clip_rig_settle(&rig);
	assert_int_equal(media_stream_fill(play.stream), 0);
	serve(1, 100, 4001);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 4001 + 3001 + 4001);
	clip_rig_assert_count(&play, 0, 4001, 100);
	clip_rig_assert_count(&play, 4001, 3001, 5000);
	clip_rig_assert_count(&play, 7002, 4001, 100);
	assert_int_equal(play.err, 0);
	assert_int_equal(rig.nreqs, 2);
	clip_rig_end(&play);
}

static void tones_join_files_without_a_gap(void **state)
{
	struct clip_rig_play play;

	assert_int_equal(clip_rig_play(&play, &rig, NULL,
				       "['tone:400/100','http://a.test/',"
				       "'tone:1000/50']"),
			 0);
	serve(1, 1000, 1000);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 800 + 1000 + 400);
	clip_rig_assert_count(&play, 800, 1000, 1000);
	assert_true(signal_level(play.heard + 80, 640, 8000, 400) > 5000);
	assert_true(signal_level(play.heard + 1840, 320, 8000, 1000) > 5000);
	clip_rig_end(&play);
}

static void lists_are_repeated(void **state)
{
	struct clip_play_params prm;
	struct clip_rig_play play;
	size_t i;

	clip_rig_params(&prm);
	prm.loops = 3;
	prm.seek_ms = 50; /* the first time alone */
	assert_int_equal(clip_rig_play(&play, &rig, &prm,
				       "['http://a.test/','tone:0/10']"),
			 0);
	serve(1, 1000, 1000);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 600 + 80 + 2 * (1000 + 80));
	clip_rig_assert_count(&play, 0, 600, 1400);
	for (i = 0; i < 2; ++i)
		clip_rig_assert_count(&play, 680 + i * 1080, 1000, 1000);
	clip_rig_end(&play);
}

static void endless_ones_are_stopped(void **state)
{
	struct clip_play_params prm;
	struct clip_rig_play play;

	clip_rig_params(&prm);
	prm.loops = 0;
	assert_int_equal(clip_rig_play(&play, &rig, &prm, "['http://a.test/']"),
			 0);
	serve(1, 0, 100);
	clip_rig_hear(&play, 100000);
	clip_rig_assert_count(&play, 99900, 100, 0);
	clip_rig_end(&play);
	assert_int_equal(rig.nreqs, 1);
}

static void an_empty_file_does_not_go_round_for_ever(void **state)
{
	struct clip_play_params prm;
	struct clip_rig_play play;

	clip_rig_params(&prm);
	prm.loops = 0;
	assert_int_equal(clip_rig_play(&play, &rig, &prm, "['http://a.test/']"),
			 0);
	serve(1, 0, 0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 0);
	assert_int_equal(play.err, 0);
	clip_rig_end(&play);
}

static void seeking_past_the_end_goes_to_the_next(void **state)
{
	struct clip_play_params prm;
	struct clip_rig_play play;

	clip_rig_params(&prm);
	prm.seek_ms = 3600000;
	assert_int_equal(clip_rig_play(&play, &rig, &prm,
				       "['http://a.test/1',"
				       "'http://a.test/2']"),
			 0);
	(void)clip_rig_request(&rig, 2);
	serve(1, 0, 1000);
	serve(2, 7000, 500);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 500);
	clip_rig_assert_count(&play, 0, 500, 7000);
	clip_rig_end(&play);
}

static void gain_is_louder_or_softer_and_saturates(void **state)
{
	struct clip_play_params prm;
	struct clip_rig_play play;
	size_t i;

	clip_rig_params(&prm);
	prm.gain_db = 20;
	assert_int_equal(clip_rig_play(&play, &rig, &prm, "['http://a.test/']"),
			 0);
	serve(1, -4000, 8001);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 8001);
	for (i = 0; i < play.n; ++i) {
		const int want = (-4000 + (int)i) * 10;

		assert_int_equal(play.heard[i],
				 CLAMP(want, INT16_MIN, INT16_MAX));
	}
	clip_rig_end(&play);

	prm.gain_db = -20;
	assert_int_equal(clip_rig_play(&play, &rig, &prm, "['http://a.test/']"),
			 0);
	clip_rig_hear_all(&play);
	assert_true(abs(play.heard[0] + 400) <= 1);
	assert_true(abs(play.heard[8000] - 400) <= 1);
	clip_rig_end(&play);
}

/* What came before is heard, then the reason is told, then it ends */
static void a_dead_url_ends_the_list_there(void **state)
{
	const struct clip_rig_answer down = {.err = EHOSTUNREACH,
					     .code = "unreachable"};
	struct clip_rig_play play;

	assert_int_equal(clip_rig_play(&play, &rig, NULL,
				       "['http://a.test/1','http://a.test/2"
				       "?token=secret','tone:400']"),
			 0);
	clip_rig_answer(&rig, clip_rig_request(&rig, 2), &down);
	clip_rig_settle(&rig);
	assert_int_equal(play.nfailed, 0); /* it is not there yet */
	serve(1, 100, 4000);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 4000);
	assert_int_equal(play.err, EHOSTUNREACH);
	assert_int_equal(play.nfailed, 1);
	assert_string_equal(play.code, "unreachable");
	assert_string_equal(play.why, "http://a.test/2: as the test says");
	clip_rig_end(&play);
}

static void a_connection_that_breaks_ends_it_in_the_middle(void **state)
{
	const struct clip_rig_answer broke = {.err = EPROTO,
					      .code = "bad_response"};
	struct clip_rig_play play;
	struct clip_rig_req *req;
	int16_t pcm[1000] = {0};

	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test/']"),
			 0);
	req = clip_rig_request(&rig, 1);
	clip_rig_send(&rig, req, pcm, 1000);
	clip_rig_hear(&play, 1000);
	clip_rig_answer(&rig, req, &broke);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 1000);
	assert_string_equal(play.code, "unreachable");
	assert_int_equal(play.failed_err, EPROTO);
	assert_int_not_equal(play.err, 0);
	clip_rig_end(&play);
	assert_int_equal(clip_rig_files(&rig), 0);
}

static void what_cannot_be_decoded(void **state)
{
	static const int16_t bad[] = {0x4142, 0x0044, 0};
	const int16_t poisoned[] = {1, 2, 3, 4, CLIP_RIG_POISON, 5, 6};
	struct clip_rig_play play;
	struct clip_rig_req *req;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test/']"),
			 0);
	req = clip_rig_request(&rig, 1);
	clip_rig_send(&rig, req, bad, 3);
	clip_rig_wait_canceled(&rig, req); /* no use to fetch the rest */
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 0);
	assert_string_equal(play.code, "undecodable");
	clip_rig_end(&play);

	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://b.test/']"),
			 0);
	clip_rig_send(&rig, clip_rig_request(&rig, 2), poisoned, 7);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 4);
	assert_string_equal(play.code, "undecodable");
	clip_rig_end(&play);
	assert_int_equal(clip_rig_files(&rig), 0);
}

static void no_sound_in_time_is_a_timeout(void **state)
{
	struct clip_rig_play play;
	struct clip_rig_req *req;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test/']"),
			 0);
	req = clip_rig_request(&rig, 1);
	clip_rig_pass(&rig, 20100);
	clip_rig_wait_canceled(&rig, req);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "timeout");
	clip_rig_end(&play);
}

static void what_is_too_busy_says_so(void **state)
{
	struct clip_rig_play play;

	rig.refuse_fetch = EAGAIN;
	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test/']"),
			 0);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "busy");
	clip_rig_end(&play);
	clip_rig_settle(&rig);

	rig.refuse_render = EAGAIN;
	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test/']"),
			 0);
	clip_rig_send(&rig, clip_rig_request(&rig, 1), (int16_t[]){1, 2}, 2);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "busy");
	clip_rig_end(&play);
}

static void other_urls_are_refused(void **state)
{
	static const char *const wrong[] = {
		"[]",
		"['file:///etc/passwd']",
		"['http://a.test/','ftp://a.test/']",
		"['media:']",
		"['recording:']",
		"['tone:x']",
		"['http://user:secret@a.test/']",
		"[1]",
	};
	struct clip_rig_play play;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i)
		assert_int_equal(clip_rig_play(&play, &rig, NULL, wrong[i]),
				 EINVAL);
	assert_int_equal(rig.nreqs, 0);
}

static void the_http_provider_speaks(void **state)
{
	const struct clip_text text = {
		.text = "<speak>Hello &amp; <break/>welcome</speak>",
		.voice = "nova",
		.provider = "http"};
	struct clip_play_params prm;
	struct clip_rig_play play;
	struct clip_rig_req *req;

	clip_rig_params(&prm);
	prm.text = &text;
	assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
	req = clip_rig_request(&rig, 1);
	assert_string_equal(req->url, "http://tts.test/v1/audio/speech");
	assert_string_equal(req->method, "POST");
	assert_string_equal(req->auth, "Authorization: Bearer sesame");
	assert_string_equal(req->body,
			    "{\"model\":\"tts-1\",\"voice\":\"nova\","
			    "\"input\":\" Hello &  welcome \","
			    "\"response_format\":\"wav\"}");
	serve(1, 1, 500);
	clip_rig_hear_all(&play);
	clip_rig_assert_count(&play, 0, 500, 1);
	clip_rig_end(&play);

	clip_rig_pass(&rig, 86400000);
	assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 500);
	clip_rig_end(&play);
	assert_int_equal(rig.nreqs, 1);
}

static void the_provider_fails(void **state)
{
	const struct clip_rig_answer denied = {.status = 401, .max_age_s = -1};
	const struct clip_text texts[] = {
		{.text = "dumb"},
		{.text = "Hello", .provider = "http"},
	};
	struct clip_play_params prm;
	struct clip_rig_play play;

	clip_rig_params(&prm);
	prm.text = &texts[0];
	assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "no_voice");
	clip_rig_end(&play);

	prm.text = &texts[1];
	assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
	clip_rig_answer(&rig, clip_rig_request(&rig, 1), &denied);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "http_status");
	assert_string_equal(play.why, "the speech provider: status 401");
	clip_rig_end(&play);

	clip_rig_close(&rig);
	rig.tts_url = NULL;
	clip_rig_open(&rig);
	assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "no_voice");
	clip_rig_end(&play);
}

static void a_stopped_play_ends_its_stream(void **state)
{
	struct clip_rig_play play;
	struct media_stream *stream;
	int err = 0;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, "['http://a.test/']"),
			 0);
	stream = obj_ref(play.stream);
	(void)clip_rig_request(&rig, 1);
	assert_false(media_stream_is_ended(stream));
	clip_rig_end(&play);
	clip_rig_flush(&rig);
	assert_true(media_stream_is_over(stream, &err));
	assert_int_equal(err, ECANCELED);
	assert_int_equal(play.nfailed, 0);
	obj_unref(stream);
}

static void everything_stops_in_the_middle(void **state)
{
	struct clip_rig_play one, two;
	struct clip_rig_req *req;
	int err = 0;

	rig.hold_renders = true;
	assert_int_equal(clip_rig_play(&one, &rig, NULL, "['http://a.test/']"),
			 0);
	req = clip_rig_request(&rig, 1);
	clip_rig_send(&rig, req, (int16_t[]){1, 2, 3}, 3);
	assert_int_equal(clip_rig_play(&two, &rig, NULL,
				       "['tone:400','http://b.test/',"
				       "'media:x']"),
			 0);
	(void)clip_rig_request(&rig, 2);
	clip_rig_restart(&rig);
	assert_int_equal(one.nfailed, 1);
	assert_string_equal(one.code, "canceled");
	assert_int_equal(two.nfailed, 1);
	clip_rig_hear_all(&two);
	assert_true(media_stream_is_over(two.stream, &err));
	assert_int_equal(err, ECANCELED);
	clip_rig_end(&one);
	clip_rig_end(&two);
	assert_int_equal(clip_rig_files(&rig), 0);
}

/* Each call that ends during a fetch gives back every descriptor */
static unsigned descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		++n;
	closedir(dir);

	return n;
}

static void nothing_leaks_when_plays_go(void **state)
{
	const unsigned before = descriptors();
	struct clip_rig_play play;
	struct clip_rig_req *req;
	unsigned i;

	for (i = 0; i < 8; ++i) {
		assert_int_equal(clip_rig_play(&play, &rig, NULL,
					       "['http://a.test/','media:x',"
					       "'tone:400/10']"),
				 0);
		req = clip_rig_request(&rig, i + 1);
		if (i % 2)
			clip_rig_send(&rig, req, (int16_t[]){1, 2, 3}, 3);
		clip_rig_end(&play);
		clip_rig_pass(&rig, 11000);
		clip_rig_wait_canceled(&rig, req);
		clip_rig_settle(&rig);
	}
	clip_rig_settle(&rig);
	assert_true(descriptors() <= before + 2); /* the database's */
}

static void quiet(enum log_level level, const char *line)
{
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_long_file_plays_while_it_arrives),
		TEST(a_list_is_fetched_at_once_and_heard_in_order),
		TEST(tones_join_files_without_a_gap),
		TEST(lists_are_repeated),
		TEST(endless_ones_are_stopped),
		TEST(an_empty_file_does_not_go_round_for_ever),
		TEST(seeking_past_the_end_goes_to_the_next),
		TEST(gain_is_louder_or_softer_and_saturates),
		TEST(a_dead_url_ends_the_list_there),
		TEST(a_connection_that_breaks_ends_it_in_the_middle),
		TEST(what_cannot_be_decoded),
		TEST(no_sound_in_time_is_a_timeout),
		TEST(what_is_too_busy_says_so),
		TEST(other_urls_are_refused),
		TEST(the_http_provider_speaks),
		TEST(the_provider_fails),
		TEST(a_stopped_play_ends_its_stream),
		TEST(everything_stops_in_the_middle),
		TEST(nothing_leaks_when_plays_go),
	};

	log_set_sink(quiet);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
