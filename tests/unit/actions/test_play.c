/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

/* A flow that has started; the document with ' for " */
static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

#define ONE(rest)                                                              \
	"[{'type':'play','option':{'stream_urls':['tone:800/200']" rest        \
	"}},{'type':'sleep','option':{'duration_ms':10000}}]"

static void test_plays_and_goes_on(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'play','option':{'stream_urls':["
		     "'tone:440+480/2000,0/4000','tone:800/100'],'loop':3,"
		     "'seek_ms':500}}]");
	assert_string_equal(fake.urls, "tone:440+480/2000,0/4000 tone:800/100");
	assert_int_equal(fake.loops, 3);
	assert_int_equal(fake.seek_ms, 500);
	assert_int_equal(fake.answers, 0); /* early media */
	flow_fake_pass(&fake, 60000);
	assert_int_equal(fake.ends, 0);
	flow_fake_played(&fake, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_played(&fake, 0); /* late */
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_files_and_their_options(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'play','option':{'stream_urls':["
		     "'https://example.com/a.mp3?x=1','media:greeting',"
		     "'tone:800/100'],'gain_db':-6.5}}]");
	assert_string_equal(fake.urls, "https://example.com/a.mp3?x=1 "
				       "media:greeting tone:800/100");
	assert_true(fake.gain_db == -6.5);
	assert_false(fake.async);
	flow_fake_teardown(&fake);
}

static void test_what_broke_is_the_code(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'play','option':{'stream_urls':"
		     "['http://a.test/']},'error_id':'e'},{'type':'stop'},"
		     "{'id':'e','type':'sleep','option':{'duration_ms':1}}]");
	flow_fake_broke(&fake, "http_status", "http://a.test/: status 404");
	assert_string_equal(flow_fake_var(&fake, "error.code"), "http_status");
	assert_string_equal(flow_fake_var(&fake, "error.detail"),
			    "http://a.test/: status 404");
	assert_string_equal(fake.trace->str, "play sleep");
	flow_fake_teardown(&fake);
}

/* What a caller typed in secret may be in a URL, and in what is said of it */
static void test_secret_urls_stay_so(void **state)
{
	struct flow_fake fake;

	assert_int_equal(
		flow_fake_setup(&fake,
				"[{'type':'dtmf_receive','option':{'length':4,"
				"'sensitive':true}},{'type':'play','option':"
				"{'stream_urls':['http://a.test/${digits}']}}"
				"]"),
		0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "1234");
	assert_string_equal(fake.urls, "http://a.test/1234");
	flow_fake_broke(&fake, "http_status", "http://a.test/1234: status 404");
	assert_string_equal(fake.error_code, "http_status");
	assert_null(strstr(fake.error_detail, "1234"));
	flow_fake_teardown(&fake);
}

static void test_once_by_default(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	assert_int_equal(fake.loops, 1);
	flow_fake_teardown(&fake);

	start(&fake, ONE(",'loop':0"));
	assert_int_equal(fake.loops, 0); /* until stopped */
	flow_fake_teardown(&fake);
}

static void test_any_key_ends_it_and_stays(void **state)
{
	struct flow_fake fake;

	assert_int_equal(
		flow_fake_setup(&fake,
				"[{'type':'play','option':{'stream_urls':"
				"['tone:800'],'barge_in':'any'}},"
				"{'type':'dtmf_receive','option':"
				"{'length':2}}]"),
		0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "4");
	assert_int_equal(fake.stops, 1);
	flow_fake_played(&fake, ECANCELED);
	flow_fake_digits(&fake, "2");
	assert_string_equal(flow_fake_var(&fake, "digits"), "42");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_only_its_keys_end_it(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(",'barge_in':'#*'"));
	flow_fake_digits(&fake, "12");
	assert_int_equal(fake.stops, 0);
	flow_fake_digits(&fake, "*");
	assert_int_equal(fake.stops, 1);
	assert_string_equal(fake.trace->str, "play sleep");
	flow_fake_teardown(&fake);
}

static void test_no_key_ends_it_by_default(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_fake_digits(&fake, "0123456789*#ABCD");
	assert_int_equal(fake.stops, 0);
	flow_fake_teardown(&fake);
}

static void test_typed_ahead_is_not_played_to(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'sleep','option':{'duration_ms':50}},"
		     "{'type':'play','option':{'stream_urls':['tone:800'],"
		     "'barge_in':'any'}}]");
	flow_fake_digits(&fake, "1");
	flow_fake_pass(&fake, 50);
	assert_int_equal(fake.plays, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_async_goes_on_at_once(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(",'async':true"));
	assert_string_equal(fake.trace->str, "play sleep");
	assert_int_equal(fake.stops, 0);
	flow_fake_played(&fake, EIO); /* nobody waits for it */
	assert_int_equal(fake.errors, 0);
	flow_fake_pass(&fake, 10000);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_end_of_an_async_one_is_not_the_next_ones(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'play','option':{'stream_urls':['tone:800'],"
		     "'async':true}},{'type':'play','option':{'stream_urls':"
		     "['tone:400/100']}}]");
	--fake.play_id;
	flow_fake_played(&fake, ECANCELED); /* the first one's */
	assert_int_equal(fake.ends, 0);
	++fake.play_id;
	flow_fake_played(&fake, 0);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_failure_is_an_error(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_fake_played(&fake, EIO);
	assert_string_equal(fake.error_code, "play_failed");
	assert_string_equal(fake.trace->str, "play sleep");
	flow_fake_teardown(&fake);

	assert_int_equal(flow_fake_setup(&fake, ONE("")), 0);
	fake.play_err = EPROTO;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "play_failed");
	flow_fake_teardown(&fake);
}

static void test_stopped_by_another_is_none(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_fake_played(&fake, ECANCELED);
	assert_int_equal(fake.errors, 0);
	assert_string_equal(fake.trace->str, "play sleep");
	flow_fake_teardown(&fake);
}

static void test_url_of_a_variable_is_checked(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'play','option':{'stream_urls':"
		     "['${x:-ftp://example.com/a.wav}']}}]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_non_null(strstr(fake.error_detail, "/option/stream_urls/0"));
	assert_int_equal(fake.plays, 0);
	flow_fake_teardown(&fake);

	start(&fake, "[{'type':'play','option':{'stream_urls':"
		     "['tone:${x:-500}/100']}}]");
	assert_string_equal(fake.urls, "tone:500/100");
	flow_fake_teardown(&fake);
}

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	start(&fake, ONE(""));
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_CANCELED);
	flow_fake_played(&fake, ECANCELED); /* late */
	flow_run_cancel(fake.run);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'play','option':{'stream_urls':['tone:9/1',"
		"'ftp://example.com/a.wav','media:','recording:x',"
		"'http://user:pw@example.com/','/etc/passwd'],"
		"'barge_in':'all','gain_db':99,'loop':-1}},"
		"{'type':'play','option':{'stream_urls':[]}}]");

	assert_non_null(strstr(faults, "/actions/0/option/stream_urls/0 "));
	assert_non_null(strstr(faults, "/actions/0/option/stream_urls/1 must "
				       "be http://"));
	assert_non_null(strstr(faults, "/actions/0/option/stream_urls/2 names "
				       "no file"));
	assert_non_null(strstr(faults, "/actions/0/option/stream_urls/3 "));
	assert_non_null(strstr(faults, "/actions/0/option/stream_urls/4 must "
				       "not hold a user name"));
	assert_non_null(strstr(faults, "/actions/0/option/stream_urls/5 must "
				       "be http://"));
	assert_non_null(strstr(faults, "/actions/0/option/barge_in "));
	assert_non_null(strstr(faults, "/actions/0/option/gain_db "));
	assert_non_null(strstr(faults, "/actions/0/option/loop "));
	assert_non_null(strstr(faults, "/actions/1/option/stream_urls "));
	g_free(faults);

	/* a scheme may be written in capitals */
	faults = flow_fake_faults("[{'type':'play','option':{'stream_urls':"
				  "['HTTP://a.test/x']}}]");
	assert_string_equal(faults, "");
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plays_and_goes_on),
		cmocka_unit_test(test_files_and_their_options),
		cmocka_unit_test(test_what_broke_is_the_code),
		cmocka_unit_test(test_secret_urls_stay_so),
		cmocka_unit_test(test_once_by_default),
		cmocka_unit_test(test_any_key_ends_it_and_stays),
		cmocka_unit_test(test_only_its_keys_end_it),
		cmocka_unit_test(test_no_key_ends_it_by_default),
		cmocka_unit_test(test_typed_ahead_is_not_played_to),
		cmocka_unit_test(test_async_goes_on_at_once),
		cmocka_unit_test(test_end_of_an_async_one_is_not_the_next_ones),
		cmocka_unit_test(test_failure_is_an_error),
		cmocka_unit_test(test_stopped_by_another_is_none),
		cmocka_unit_test(test_url_of_a_variable_is_checked),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
