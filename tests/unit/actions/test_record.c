/* SPDX-License-Identifier: GPL-3.0-or-later */

/* record, recording_start and what acts on recordings */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

#define ID "01890000-0000-7000-8000-000000000001"
#define SLEEP "{'type':'sleep','option':{'duration_ms':1000}}"

/* On an answered call */
static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	fake->answered = true;
	flow_fake_start(fake);
}

static void test_waits(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'record'}," SLEEP "]");
	assert_string_equal(fake.asked,
			    "{\"format\":\"wav\",\"stereo\":true,"
			    "\"max_ms\":120000,\"silence_ms\":5000,"
			    "\"keys\":\"#\",\"beep\":true,\"wait\":true}");
	assert_string_equal(flow_fake_var(&fake, "recording.id"), "r1");
	flow_fake_digits(&fake, "5");
	flow_fake_pass(&fake, 7000);
	assert_string_equal(fake.trace->str, "record");
	flow_fake_recorded(&fake, "silence", 6800);
	assert_string_equal(flow_fake_var(&fake, "recording.reason"),
			    "silence");
	assert_string_equal(flow_fake_var(&fake, "recording.duration_ms"),
			    "6800");
	assert_string_equal(fake.trace->str, "record sleep");
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_answers_first(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake, "[{'type':'recording_start'},"
						"{'type':'record'}]"),
			 0);
	flow_fake_start(&fake);
	assert_int_equal(fake.records, 0);
	flow_fake_answered(&fake);
	assert_int_equal(fake.records, 2);
	flow_fake_teardown(&fake);
}

static void test_its_options(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'record','option':{'format':'mp3','channels':"
		     "'mono','duration':30,'end_of_silence':0,'end_of_key':"
		     "'any','beep_start':false}}]");
	assert_string_equal(fake.asked,
			    "{\"format\":\"mp3\",\"max_ms\":30000,\"keys\":"
			    "\"0123456789ABCD*#\",\"wait\":true}");
	flow_fake_teardown(&fake);

	start(&fake, "[{'type':'record','option':{'end_of_key':'none'}}]");
	assert_non_null(strstr(fake.asked, "\"keys\":\"\""));
	flow_fake_teardown(&fake);
}

static void test_starts_and_goes_on(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'recording_start'}," SLEEP "]");
	assert_string_equal(fake.asked, "{\"format\":\"wav\",\"stereo\":true,"
					"\"keys\":\"\"}");
	assert_string_equal(flow_fake_var(&fake, "recording.id"), "r1");
	assert_string_equal(fake.trace->str, "recording_start sleep");
	flow_run_cancel(fake.run);
	assert_null(fake.verbs); /* it is the call's, not the flow's */
	flow_fake_teardown(&fake);
}

static void test_the_end_of_another_is_not_its_own(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake,
	      "[{'type':'recording_start'},{'type':'record'}," SLEEP "]");
	fake.records = 1;
	flow_fake_recorded(&fake, "duration", 1);
	assert_string_equal(fake.trace->str, "recording_start record");
	fake.records = 2;
	flow_fake_recorded(&fake, "key", 2);
	assert_string_equal(fake.trace->str, "recording_start record sleep");
	flow_fake_teardown(&fake);
}

static void test_what_breaks(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(
		flow_fake_setup(&fake, "[{'type':'record'}," SLEEP "]"), 0);
	fake.answered = true;
	fake.record_err = EAGAIN;
	fake.start_code = "busy";
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "busy");
	assert_string_equal(flow_fake_var(&fake, "recording.id"), "");
	flow_fake_teardown(&fake);

	/* a full disk ends the recording, not the call */
	start(&fake, "[{'type':'record'}," SLEEP "]");
	flow_fake_recorded(&fake, "failed", 700);
	assert_string_equal(fake.error_code, "recording_failed");
	assert_string_equal(flow_fake_var(&fake, "recording.reason"), "failed");
	assert_string_equal(fake.trace->str, "record sleep");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'record'}," SLEEP "]");
	flow_run_cancel(fake.run);
	assert_string_equal(fake.verbs, "stop r1");
	flow_fake_recorded(&fake, "hangup", 1); /* late */
	assert_string_equal(fake.trace->str, "record");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);

	assert_int_equal(flow_fake_setup(&fake, "[{'type':'record'}]"), 0);
	fake.answered = true;
	fake.cancel_inside = true; /* the answer, then nothing */
	flow_fake_start(&fake);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_verbs(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'recording_pause'},{'type':'recording_resume',"
		     "'option':{'recording_id':'" ID
		     "'}},{'type':'recording_stop'}," SLEEP "]");
	assert_string_equal(fake.verbs, "pause resume " ID " stop");
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);

	assert_int_equal(
		flow_fake_setup(&fake, "[{'type':'recording_stop'}," SLEEP "]"),
		0);
	fake.verb_err = ENOENT;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "recording_not_found");
	flow_fake_teardown(&fake);

	assert_int_equal(flow_fake_setup(&fake,
					 "[{'type':'recording_resume'}," SLEEP
					 "]"),
			 0);
	fake.verb_err = EPROTO;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "wrong_state");
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'record','option':{'format':'webm','channels':'5.1',"
		"'max_duration_s':99999,'end_of_key':'x','end_of_silence_s':-1"
		"}},{'type':'recording_start','option':{'video':true}},"
		"{'type':'record','option':{'format':'flac'}},"
		"{'type':'recording_stop','option':{'recording_id':'x'}}]");

	(void)state;
	assert_non_null(strstr(faults, "/actions/0/option/format pictures "
				       "cannot be recorded yet"));
	assert_non_null(strstr(faults, "/actions/0/option/channels "));
	assert_non_null(strstr(faults, "/actions/0/option/max_duration_s "));
	assert_non_null(strstr(faults, "/actions/0/option/end_of_key "));
	assert_non_null(strstr(faults, "/actions/0/option/end_of_silence_s "));
	assert_non_null(strstr(faults, "/actions/1/option/video pictures "
				       "cannot be recorded yet"));
	assert_non_null(strstr(faults, "/actions/2/option/format must be one "
				       "of wav, ogg, mp3"));
	assert_non_null(strstr(faults, "/actions/3/option/recording_id "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_answers_first),
		cmocka_unit_test(test_its_options),
		cmocka_unit_test(test_starts_and_goes_on),
		cmocka_unit_test(test_the_end_of_another_is_not_its_own),
		cmocka_unit_test(test_what_breaks),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
