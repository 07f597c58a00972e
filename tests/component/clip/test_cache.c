/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is fetched and kept: sharing, freshness, the bound, restarts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/log.h"
#include "support/clip_rig.h"

#define URL "['http://media.test/a.wav']"

static struct clip_rig rig;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	clip_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	clip_rig_close(&rig);

	return 0;
}

/* Play it to its end: n samples from `from` on */
static void play_all(const char *urls, int from, size_t n)
{
	struct clip_rig_play play;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, urls), 0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.err, 0);
	assert_int_equal(play.nfailed, 0);
	assert_int_equal(play.n, n);
	clip_rig_assert_count(&play, 0, n, from);
	clip_rig_end(&play);
	clip_rig_flush(&rig);
}

/* The first play of the URL, answered */
static void fetch_once(int from, size_t n, const struct clip_rig_answer *answer)
{
	const unsigned next = rig.nreqs + 1;
	struct clip_rig_play play;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	clip_rig_serve(&rig, clip_rig_request(&rig, next), from, n, answer);
	clip_rig_hear_all(&play);
	assert_int_equal(play.err, 0);
	assert_int_equal(play.n, n);
	clip_rig_assert_count(&play, 0, n, from);
	clip_rig_end(&play);
	clip_rig_flush(&rig);
}

static void two_plays_share_what_is_on_its_way(void **state)
{
	struct clip_rig_play one, two;
	struct clip_rig_req *req;

	assert_int_equal(clip_rig_play(&one, &rig, NULL, URL), 0);
	req = clip_rig_request(&rig, 1);
	assert_int_equal(clip_rig_play(&two, &rig, NULL, URL), 0);
	clip_rig_serve(&rig, req, 1, 4000, NULL);
	clip_rig_hear_all(&one);
	clip_rig_hear_all(&two);
	clip_rig_assert_count(&one, 0, 4000, 1);
	clip_rig_assert_count(&two, 0, 4000, 1);
	clip_rig_end(&one);
	clip_rig_end(&two);
	assert_int_equal(rig.nreqs, 1);
	assert_int_equal(rig.nrenders, 1);
}

static void what_is_kept_is_not_fetched_again(void **state)
{
	fetch_once(5, 4000,
		   &(struct clip_rig_answer){.status = 200, .max_age_s = 60});
	assert_int_equal(clip_rig_files(&rig), 1);
	play_all(URL, 5, 4000);
	clip_rig_pass(&rig, 40000); /* and some time of our own */
	play_all(URL, 5, 4000);
	assert_int_equal(rig.nreqs, 1);
	assert_int_equal(rig.nrenders, 1);
}

static void rates_are_clips_of_their_own(void **state)
{
	struct clip_play_params prm;
	struct clip_rig_play play;

	fetch_once(5, 400, NULL);
	clip_rig_params(&prm);
	prm.rate = 16000;
	assert_int_equal(clip_rig_play(&play, &rig, &prm, URL), 0);
	clip_rig_serve(&rig, clip_rig_request(&rig, 2), 9, 800, NULL);
	clip_rig_hear_all(&play);
	clip_rig_assert_count(&play, 0, 800, 9);
	clip_rig_end(&play);
	assert_int_equal(clip_rig_files(&rig), 2);
}

static void a_stale_one_is_asked_for_with_its_etag(void **state)
{
	const struct clip_rig_answer first = {
		.status = 200, .etag = "\"v1\"", .max_age_s = 10};
	const struct clip_rig_answer same = {.status = 304, .max_age_s = 30};
	struct clip_rig_play play;
	struct clip_rig_req *req;

	fetch_once(5, 4000, &first);
	assert_string_equal(rig.reqs[0].etag, "");
	assert_string_equal(rig.reqs[0].owner, CLIP_RIG_ACCOUNT);
	clip_rig_pass(&rig, 11000);

	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	req = clip_rig_request(&rig, 2);
	assert_string_equal(req->etag, "\"v1\"");
	clip_rig_answer(&rig, req, &same);
	clip_rig_hear_all(&play);
	clip_rig_assert_count(&play, 0, 4000, 5);
	clip_rig_end(&play);
	assert_int_equal(rig.nrenders, 1);

	clip_rig_pass(&rig, 15000); /* it is fresh again */
	play_all(URL, 5, 4000);
	assert_int_equal(rig.nreqs, 2);
}

static void a_changed_one_is_heard_anew(void **state)
{
	const struct clip_rig_answer first = {
		.status = 200, .etag = "\"v1\"", .max_age_s = 0};
	const struct clip_rig_answer second = {
		.status = 200, .etag = "\"v2\"", .max_age_s = 60};

	fetch_once(5, 4000, &first);
	fetch_once(9, 3000, &second); /* no-cache: asked each time */
	assert_string_equal(rig.reqs[1].etag, "\"v1\"");
	play_all(URL, 9, 3000);
	assert_int_equal(clip_rig_files(&rig), 1);
}

static void without_a_word_it_is_fresh_for_a_moment(void **state)
{
	fetch_once(5, 4000, NULL);
	clip_rig_pass(&rig, 1000);
	play_all(URL, 5, 4000);
	clip_rig_pass(&rig, 5000);
	fetch_once(7, 4000, NULL);
	assert_int_equal(rig.nreqs, 2);
}

static void no_store_is_not_kept(void **state)
{
	const struct clip_rig_answer answer = {
		.status = 200, .etag = "\"v1\"", .no_store = true};

	fetch_once(5, 4000, &answer);
	assert_int_equal(clip_rig_files(&rig), 0);
	fetch_once(6, 4000, &answer);
	assert_string_equal(rig.reqs[1].etag, "");
}

static void a_stale_one_serves_while_the_server_is_down(void **state)
{
	const struct clip_rig_answer down = {.err = EHOSTUNREACH,
					     .code = "unreachable"};
	const struct clip_rig_answer busy = {.status = 503, .max_age_s = -1};
	struct clip_rig_play play;

	fetch_once(5, 4000, NULL);
	clip_rig_pass(&rig, 60000);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	clip_rig_answer(&rig, clip_rig_request(&rig, 2), &down);
	clip_rig_hear_all(&play);
	assert_int_equal(play.err, 0);
	clip_rig_assert_count(&play, 0, 4000, 5);
	clip_rig_end(&play);
	play_all(URL, 5, 4000); /* and the server is left alone for 5 s */
	assert_int_equal(rig.nreqs, 2);

	clip_rig_pass(&rig, 3600000); /* longer than is kind */
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	clip_rig_answer(&rig, clip_rig_request(&rig, 3), &busy);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 0);
	assert_string_equal(play.code, "http_status");
	clip_rig_end(&play);
}

static void a_slow_server_is_not_waited_for_with_a_stale_one(void **state)
{
	struct clip_rig_play play;
	struct clip_rig_req *req;

	fetch_once(5, 4000, NULL);
	clip_rig_pass(&rig, 60000);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	req = clip_rig_request(&rig, 2);
	clip_rig_pass(&rig, 2100);
	clip_rig_hear_all(&play);
	clip_rig_assert_count(&play, 0, 4000, 5);
	clip_rig_end(&play);

	clip_rig_serve(&rig, req, 9, 3000, NULL); /* it comes after all */
	clip_rig_settle(&rig);
	play_all(URL, 9, 3000);
	assert_int_equal(rig.nreqs, 2);
}

static void what_is_gone_is_not_played(void **state)
{
	const struct clip_rig_answer gone = {.status = 404, .max_age_s = -1};
	struct clip_rig_play play;

	fetch_once(5, 4000, NULL);
	clip_rig_pass(&rig, 10000);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	clip_rig_answer(&rig, clip_rig_request(&rig, 2), &gone);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 0);
	assert_string_equal(play.code, "http_status");
	assert_string_equal(play.why, "http://media.test/a.wav: status 404");
	clip_rig_end(&play);
	assert_int_equal(clip_rig_files(&rig), 0);
}

static void a_restart_finds_what_was_kept(void **state)
{
	const struct clip_rig_answer answer = {
		.status = 200, .etag = "\"v1\"", .max_age_s = 60};
	struct clip_rig_play play;

	fetch_once(5, 4000, &answer);
	clip_rig_restart(&rig);
	play_all(URL, 5, 4000);
	assert_int_equal(rig.nreqs, 1);

	clip_rig_pass(&rig, 61000);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	assert_string_equal(clip_rig_request(&rig, 2)->etag, "\"v1\"");
	clip_rig_end(&play);
}

static char *only_file(void)
{
	char *dir = g_build_filename(rig.dir, "cache", NULL);
	GDir *list = g_dir_open(dir, 0, NULL);
	char *path = g_build_filename(dir, g_dir_read_name(list), NULL);

	g_dir_close(list);
	g_free(dir);

	return path;
}

static void broken_files_are_thrown_away(void **state)
{
	char *path, *stray;

	fetch_once(5, 4000, NULL);
	clip_rig_flush(&rig);
	path = only_file();
	stray = g_strconcat(path, ".tmp", NULL);
	assert_true(g_file_set_contents(stray, "x", 1, NULL));
	clip_rig_restart(&rig);
	assert_int_equal(clip_rig_files(&rig), 1);

	assert_int_equal(truncate(path, 6000), 0); /* a torn write */
	clip_rig_restart(&rig);
	assert_int_equal(clip_rig_files(&rig), 0);
	fetch_once(5, 4000, NULL);

	/* and what vanishes under our feet is fetched again */
	assert_int_equal(g_unlink(path), 0);
	fetch_once(8, 4000, NULL);
	g_free(stray);
	g_free(path);
}

static void the_longest_unused_makes_room(void **state)
{
	const struct clip_rig_answer answer = {.status = 200, .max_age_s = 600};
	static const char *const urls[] = {"['http://a/']", "['http://b/']",
					   "['http://c/']"};
	struct clip_rig_play play;
	unsigned i;

	clip_rig_close(&rig);
	rig.cache_max = 20000;
	clip_rig_open(&rig);
	for (i = 0; i < 3; ++i) {
		assert_int_equal(clip_rig_play(&play, &rig, NULL, urls[i]), 0);
		clip_rig_serve(&rig, clip_rig_request(&rig, i + 1),
			       100 * (int)i, 4000, &answer);
		clip_rig_hear_all(&play);
		clip_rig_end(&play);
		clip_rig_flush(&rig);
		if (i == 1)
			play_all(urls[0], 0, 4000); /* b is the oldest now */
	}
	assert_int_equal(clip_rig_files(&rig), 2);
	play_all(urls[0], 0, 4000);
	play_all(urls[2], 200, 4000);
	assert_int_equal(rig.nreqs, 3);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, urls[1]), 0);
	(void)clip_rig_request(&rig, 4);
	clip_rig_end(&play);
}

static void what_never_fits_is_refused(void **state)
{
	struct clip_rig_play play;
	struct clip_rig_req *req;

	clip_rig_close(&rig);
	rig.cache_max = 20000;
	clip_rig_open(&rig);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	req = clip_rig_request(&rig, 1);
	clip_rig_serve(&rig, req, 0, 16000, NULL);
	clip_rig_hear_all(&play);
	assert_string_equal(play.code, "busy");
	clip_rig_end(&play);
	assert_int_equal(clip_rig_files(&rig), 0);
}

static void speech_is_kept_for_good(void **state)
{
	const struct clip_text text = {.text = "Hello."};
	struct clip_play_params prm;
	struct clip_rig_play play;
	unsigned i;

	clip_rig_params(&prm);
	prm.text = &text;
	for (i = 0; i < 3; ++i) {
		assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
		clip_rig_hear_all(&play);
		assert_int_equal(play.err, 0);
		clip_rig_assert_count(&play, 0, CLIP_RIG_SPEECH, 0);
		clip_rig_end(&play);
		clip_rig_pass(&rig, 86400000);
		if (i == 1)
			clip_rig_restart(&rig);
	}
	assert_int_equal(rig.nrenders, 1);
	assert_int_equal(rig.nreqs, 0);
}

static void voices_are_clips_of_their_own(void **state)
{
	const struct clip_text texts[] = {
		{.text = "Hello."},
		{.text = "Hello.", .voice = "slt"},
		{.text = "Hello.", .language = "da-DK"},
		{.text = "Hello.", .provider = "espeak-ng"},
		{.text = "Hello.", .language = "en-US", .provider = "flite"},
	};
	struct clip_play_params prm;
	struct clip_rig_play play;
	unsigned i;

	clip_rig_params(&prm);
	for (i = 0; i < G_N_ELEMENTS(texts); ++i) {
		prm.text = &texts[i];
		assert_int_equal(clip_rig_play(&play, &rig, &prm, NULL), 0);
		clip_rig_hear_all(&play);
		clip_rig_end(&play);
		clip_rig_flush(&rig);
	}
	assert_int_equal(rig.nrenders, 4); /* the last is the first */
}

static void who_leaves_soon_does_not_undo_the_work(void **state)
{
	struct clip_rig_play play;
	struct clip_rig_req *req;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	req = clip_rig_request(&rig, 1);
	clip_rig_end(&play);
	clip_rig_serve(&rig, req, 5, 4000, NULL);
	clip_rig_settle(&rig);
	play_all(URL, 5, 4000);
	assert_int_equal(rig.nreqs, 1);

	clip_rig_pass(&rig, 6000);
	assert_int_equal(clip_rig_play(&play, &rig, NULL, URL), 0);
	req = clip_rig_request(&rig, 2);
	clip_rig_end(&play);
	clip_rig_pass(&rig, 11000); /* nobody came back */
	clip_rig_wait_canceled(&rig, req);
}

static void quiet(enum log_level level, const char *line)
{
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_plays_share_what_is_on_its_way),
		TEST(what_is_kept_is_not_fetched_again),
		TEST(rates_are_clips_of_their_own),
		TEST(a_stale_one_is_asked_for_with_its_etag),
		TEST(a_changed_one_is_heard_anew),
		TEST(without_a_word_it_is_fresh_for_a_moment),
		TEST(no_store_is_not_kept),
		TEST(a_stale_one_serves_while_the_server_is_down),
		TEST(a_slow_server_is_not_waited_for_with_a_stale_one),
		TEST(what_is_gone_is_not_played),
		TEST(a_restart_finds_what_was_kept),
		TEST(broken_files_are_thrown_away),
		TEST(the_longest_unused_makes_room),
		TEST(what_never_fits_is_refused),
		TEST(speech_is_kept_for_good),
		TEST(voices_are_clips_of_their_own),
		TEST(who_leaves_soon_does_not_undo_the_work),
	};

	log_set_sink(quiet);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
