/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings that are played: their own account's, when they are over, and
 * nothing of them stays */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "host/log.h"
#include "support/clip_rig.h"

#define ID "01890000-0000-7000-8000-0000000000bb"
#define URL "['recording:" ID "']"

static struct clip_rig rig;

static int setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	clip_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clip_rig_close(&rig);

	return 0;
}

static void hear(const char *urls, size_t n, const char *code)
{
	struct clip_rig_play play;

	assert_int_equal(clip_rig_play(&play, &rig, NULL, urls), 0);
	clip_rig_hear_all(&play);
	assert_int_equal(play.n, n);
	assert_string_equal(play.code, code);
	if (n)
		clip_rig_assert_count(&play, 0, n, 700);
	clip_rig_end(&play);
}

static void test_it_is_heard_and_not_kept(void **state)
{
	(void)state;
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, ID, "finished", 700, 5000);
	hear(URL, 5000, "");
	clip_rig_settle(&rig);
	assert_int_equal(clip_rig_files(&rig), 0);
	hear(URL, 5000, ""); /* anew */
	clip_rig_erase(&rig, ID);
	hear(URL, 0, "recording_not_found");
}

static void test_what_broke_off_can_be_heard(void **state)
{
	(void)state;
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, ID, "failed", 700, 300);
	hear(URL, 300, "");
}

static void test_one_that_runs_is_not_there(void **state)
{
	(void)state;
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, ID, "recording", 700, 5000);
	hear(URL, 0, "recording_not_found");
}

static void test_anothers_is_not_there(void **state)
{
	(void)state;
	clip_rig_record(&rig, CLIP_RIG_OTHER, ID, "finished", 700, 5000);
	hear(URL, 0, "recording_not_found");
}

static void test_its_file_is_gone(void **state)
{
	(void)state;
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, ID, "finished", 700, 0);
	hear(URL, 0, "recording_not_found");
}

static void test_twice_at_once(void **state)
{
	struct clip_rig_play a, b;

	(void)state;
	clip_rig_record(&rig, CLIP_RIG_ACCOUNT, ID, "finished", 700, 5000);
	assert_int_equal(clip_rig_play(&a, &rig, NULL, URL), 0);
	assert_int_equal(clip_rig_play(&b, &rig, NULL,
				       "['recording:" ID "','recording:" ID
				       "']"),
			 0);
	clip_rig_hear_all(&a);
	clip_rig_hear_all(&b);
	assert_int_equal(a.n, 5000);
	assert_int_equal(b.n, 10000);
	clip_rig_end(&a);
	clip_rig_end(&b);
	clip_rig_settle(&rig);
	assert_int_equal(clip_rig_files(&rig), 0);
}

static void quiet(enum log_level level, const char *line)
{
	(void)level;
	(void)line;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_it_is_heard_and_not_kept),
		TEST(test_what_broke_off_can_be_heard),
		TEST(test_one_that_runs_is_not_there),
		TEST(test_anothers_is_not_there),
		TEST(test_its_file_is_gone),
		TEST(test_twice_at_once),
	};

	log_set_sink(quiet);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
