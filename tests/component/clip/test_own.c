/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is heard of an account's own: uploads and recordings */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "host/log.h"
#include "support/clip_rig.h"

#define MEDIA_ID "01890000-0000-7000-8000-0000000000aa"
#define LATER_ID "01890000-0000-7000-8000-0000000000ab"

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

static void uploads_by_id_and_by_name(void **state)
{
	struct clip_rig_play play;

	clip_rig_upload(&rig, CLIP_RIG_ACCOUNT, MEDIA_ID, "greeting", 300,
			5000);
	assert_int_equal(clip_rig_play(&play, &rig, NULL,
				       "['media:greeting','media:" MEDIA_ID
				       "']"),
			 0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.err, 0);
	assert_int_equal(play.n, 10000);
	clip_rig_assert_count(&play, 0, 5000, 300);
	clip_rig_assert_count(&play, 5000, 5000, 300);
	clip_rig_end(&play);
	assert_int_equal(clip_rig_files(&rig), 0); /* they need no cache */
}

static void anothers_upload_is_not_there(void **state)
{
	struct clip_rig_play play;

	clip_rig_upload(&rig, CLIP_RIG_OTHER, MEDIA_ID, "greeting", 300, 5000);
	assert_int_equal(
		clip_rig_play(&play, &rig, NULL, "['media:" MEDIA_ID "']"), 0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 0);
	assert_string_equal(play.code, "media_not_found");
	clip_rig_end(&play);
}

/* Decoded like any file, asked for each time, and kept nowhere */
static void recordings_by_id(void **state)
{
	struct clip_rig_play play;
	int i;

	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, MEDIA_ID, "finished", 300,
			5000);
	for (i = 0; i < 2; ++i) {
		assert_int_equal(
			clip_rig_play(&play, &rig, NULL,
				      "['tone:400/100','recording:" MEDIA_ID
				      "']"),
			0);
		clip_rig_hear_all(&play);
		assert_int_equal(play.err, 0);
		assert_int_equal(play.n, 800 + 5000);
		clip_rig_assert_count(&play, 800, 5000, 300);
		clip_rig_end(&play);
		clip_rig_settle(&rig);
		assert_int_equal(clip_rig_files(&rig), 0);
	}
	assert_int_equal(rig.nrenders, 2);
}

static void expect_no_recording(const char *why)
{
	struct clip_rig_play play;

	assert_int_equal(
		clip_rig_play(&play, &rig, NULL, "['recording:" MEDIA_ID "']"),
		0);
	clip_rig_pass(&rig, 60000); /* it is looked for a moment long */
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 0);
	assert_string_equal(play.code, "media_not_found");
	assert_non_null(strstr(play.why, why));
	clip_rig_end(&play);
}

static void anothers_recording_is_not_there(void **state)
{
	clip_rig_record(&rig, CLIP_RIG_OTHER, MEDIA_ID, "finished", 300, 5000);
	expect_no_recording("no such file");
}

static void a_recording_that_runs_is_not_there(void **state)
{
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, MEDIA_ID, "recording", 300,
			5000);
	expect_no_recording("not over");
}

/* Another is heard to its end meanwhile, so that both were looked for */
static void wait_for_the_look(void)
{
	struct clip_rig_play play;

	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, MEDIA_ID, "finished", 300, 100);
	assert_int_equal(
		clip_rig_play(&play, &rig, NULL, "['recording:" MEDIA_ID "']"),
		0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, 100);
	clip_rig_end(&play);
}

/* It is looked for, and found to be under way */
static void play_what_is_recorded(struct clip_rig_play *play)
{
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, LATER_ID, "recording", 300,
			5000);
	assert_int_equal(
		clip_rig_play(play, &rig, NULL, "['recording:" LATER_ID "']"),
		0);
	wait_for_the_look();
}

/* A flow plays what it has just recorded, before that is written down */
static void a_recording_may_be_over_a_moment_later(void **state)
{
	struct clip_rig_play play;

	play_what_is_recorded(&play);
	clip_rig_record_is(&rig, LATER_ID, "finished");
	clip_rig_hear_all(&play);
	assert_int_equal(play.err, 0);
	assert_int_equal(play.n, 5000);
	clip_rig_end(&play);
}

static void who_waits_for_a_recording_may_leave(void **state)
{
	struct clip_rig_play play;

	play_what_is_recorded(&play);
	clip_rig_end(&play);
}

static void quiet(enum log_level level, const char *line)
{
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(uploads_by_id_and_by_name),
		TEST(anothers_upload_is_not_there),
		TEST(recordings_by_id),
		TEST(anothers_recording_is_not_there),
		TEST(a_recording_that_runs_is_not_there),
		TEST(a_recording_may_be_over_a_moment_later),
		TEST(who_waits_for_a_recording_may_leave),
	};

	log_set_sink(quiet);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
