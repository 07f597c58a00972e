/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "support/flow_fake.h"

#define SLEEP "{'type':'sleep','option':{'duration_ms':1000}}"
#define CONNECT(rest)                                                          \
	"[{'type':'connect','option':{'destinations':['tel:+4520123456']" rest \
	"}}," SLEEP "]"
#define TEL                                                                    \
	"{\"type\":\"tel\",\"target\":\"+4520123456\",\"name\":null,"          \
	"\"trunk_id\":null}"

static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

static void test_defaults(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, CONNECT(""));
	assert_string_equal(fake.asked,
			    "{\"destinations\":[" TEL "],\"timeout_ms\":60000,"
			    "\"anonymous\":\"auto\"}");
	assert_null(fake.asked_doc);
	assert_int_equal(fake.answers, 0); /* a callee's answer answers */
	flow_fake_teardown(&fake);
}

static void test_its_options(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake,
	      "[{'type':'connect','option':{'source':{'type':'tel','target':"
	      "'+4570101010','name':'Acme'},'destinations':["
	      "'extension:1001@ACME.test',{'type':'sip','target':"
	      "'bob@a.test'}],'strategy':'sequence','timeout':30,"
	      "'destination_timeout_s':10,'early_media':true,'ring_tone':'dk',"
	      "'anonymous':'yes','max_duration_s':600,'record':{'format':"
	      "'ogg'},'headers':{'X-A':'${call.source}'},'hangup_on_star':"
	      "true}}]");
	assert_string_equal(
		fake.asked,
		"{\"source\":{\"type\":\"tel\",\"target\":\"+4570101010\","
		"\"name\":\"Acme\",\"trunk_id\":null},\"destinations\":["
		"{\"type\":\"extension\",\"target\":\"1001@acme.test\","
		"\"name\":null,\"trunk_id\":null},{\"type\":\"sip\","
		"\"target\":\"sip:bob@a.test\",\"name\":null,"
		"\"trunk_id\":null}],\"sequence\":true,\"timeout_ms\":30000,"
		"\"each_ms\":10000,\"early_media\":true,\"ring_tone\":\"dk\","
		"\"anonymous\":\"yes\",\"max_ms\":600000,\"record\":"
		"{\"format\":\"ogg\",\"channels\":\"stereo\"},\"headers\":"
		"{\"X-A\":\"+4520123456\"},\"star\":true}");
	flow_fake_teardown(&fake);
}

static void test_outcomes(void **state)
{
	static const char *const statuses[] = {"answered", "busy",
					       "noanswer", "rejected",
					       "failed",   "canceled"};
	struct flow_fake fake;
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(statuses); ++i) {
		start(&fake, CONNECT(""));
		flow_fake_connected(&fake, statuses[i], i ? 0 : 5000,
				    i ? 486 : 0);
		assert_string_equal(flow_fake_var(&fake, "connect.status"),
				    statuses[i]);
		assert_string_equal(flow_fake_var(&fake, "connect.call_id"),
				    "callee");
		assert_string_equal(flow_fake_var(&fake, "connect.duration_ms"),
				    i ? "0" : "5000");
		assert_string_equal(flow_fake_var(&fake, "connect.sip_code"),
				    i ? "486" : "");
		assert_string_equal(fake.trace->str, "connect sleep");
		assert_int_equal(fake.errors, 0);
		flow_fake_teardown(&fake);
	}
}

static void test_relays_the_reason(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, CONNECT(",'relay_reason':true"));
	flow_fake_connected(&fake, "busy", 0, 486);
	assert_int_equal(fake.end_kind, FLOW_END_HANGUP);
	assert_string_equal(fake.end_reason, "busy");
	assert_int_equal(fake.end_sip_code, 486);
	assert_string_equal(fake.trace->str, "connect");
	flow_fake_teardown(&fake);

	/* who was answered has nothing to relay */
	start(&fake, CONNECT(",'relay_reason':true"));
	flow_fake_connected(&fake, "answered", 10, 0);
	assert_string_equal(fake.trace->str, "connect sleep");
	flow_fake_teardown(&fake);
}

/* Typed ahead while it rings, not while they talk, and again afterwards */
static void test_digits(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake,
					 "[{'type':'connect','option':"
					 "{'destinations':['tel:112']}},"
					 "{'type':'dtmf_receive','option':"
					 "{'length':2}}]"),
			 0);
	fake.answered = true;
	flow_fake_start(&fake);
	flow_fake_digits(&fake, "1");
	flow_fake_bridged(&fake);
	flow_fake_digits(&fake, "555");
	flow_fake_connected(&fake, "answered", 100, 0);
	flow_fake_digits(&fake, "2");
	assert_string_equal(flow_fake_var(&fake, "digits"), "12");
	flow_fake_teardown(&fake);
}

static void test_old_outcomes_go(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake,
					 "[{'type':'variable_set','option':{"
					 "'key':'connect.status','value':"
					 "'answered'}},{'type':'connect',"
					 "'option':{'destinations':["
					 "'tel:112']}}," SLEEP "]"),
			 0);
	fake.connect_err = EPERM;
	fake.start_code = "source_not_allowed";
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "source_not_allowed");
	assert_string_equal(flow_fake_var(&fake, "connect.status"), "");
	assert_string_equal(fake.trace->str, "variable_set connect sleep");
	flow_fake_teardown(&fake);
}

/* ---- confirm_actions ---- */

static void test_confirm_actions_wait_for_their_own_run(void **state)
{
	struct flow_fake fake;
	json_t *doc;
	char *text;

	(void)state;
	/* the rest is dynamic, so the options are made anew when it runs */
	start(&fake,
	      CONNECT(",'timeout_s':'${t:-9}','confirm_actions':[{'type':"
		      "'talk','option':{'text':'From ${parent.source}'}}]"));
	assert_non_null(strstr(fake.asked, "\"timeout_ms\":9000"));
	assert_non_null(fake.asked_doc);
	doc = flow_doc_json(fake.asked_doc);
	text = json_text(doc);
	assert_non_null(strstr(text, "From ${parent.source}"));
	free(text);
	json_decref(doc);
	flow_fake_teardown(&fake);
}

static void test_confirm_actions_are_checked(void **state)
{
	char *faults = flow_fake_faults(
		CONNECT(",'confirm_actions':[{'type':'sleep','option':"
			"{'duration_ms':-1}},{'type':'goto','option':"
			"{'target_id':'no'}},{'type':'connect','option':"
			"{'destinations':['tel:112']}}]"));

	(void)state;
	assert_non_null(strstr(faults,
			       "/actions/0/option/confirm_actions/2/type "
			       "cannot be among confirm_actions"));
	g_free(faults);

	faults = flow_fake_faults(
		CONNECT(",'confirm_actions':[{'type':'sleep','option':"
			"{'duration_ms':-1}},{'type':'goto','option':"
			"{'target_id':'no'}}]"));
	assert_non_null(strstr(faults, "/actions/0/option/confirm_actions/0/"
				       "option/duration_ms must be from"));
	assert_non_null(strstr(faults, "/actions/0/option/confirm_actions/1/"
				       "option/target_id no action has"));
	g_free(faults);

	faults = flow_fake_faults(CONNECT(",'confirm_actions':5"));
	assert_string_equal(faults, "/actions/0/option/confirm_actions must be "
				    "an array\n");
	g_free(faults);
}

/* A list within a list within a list */
static char *nested(int depth)
{
	GString *text = g_string_new(SLEEP);
	char *faults;
	int i;

	for (i = 0; i < depth; ++i) {
		g_string_prepend(text, "{'type':'call','option':{"
				       "'destinations':['tel:112'],"
				       "'actions':[");
		g_string_append(text, "]}}");
	}
	g_string_prepend(text, "[");
	g_string_append(text, "]");
	faults = flow_fake_faults(text->str);
	g_string_free(text, TRUE);

	return faults;
}

/* Each is a document of its own, with all that lies in it: not without end */
static void test_deep_nesting(void **state)
{
	static const int deep[] = {5, 12};
	char *faults;
	size_t i;

	(void)state;
	faults = nested(4);
	assert_string_equal(faults, "");
	g_free(faults);
	for (i = 0; i < G_N_ELEMENTS(deep); ++i) {
		faults = nested(deep[i]);
		assert_string_equal(faults,
				    "/actions/0/option/actions actions in "
				    "actions are at most 4 deep\n");
		g_free(faults);
	}
}

/* ---- the caller ---- */

static void test_caller_leaves(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, CONNECT(""));
	flow_run_cancel(fake.run);
	assert_int_equal(fake.connect_cancels, 1);
	flow_fake_connected(&fake, "answered", 1, 0); /* late */
	assert_string_equal(flow_fake_var(&fake, "connect.status"), "");
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);

	assert_int_equal(flow_fake_setup(&fake, CONNECT("")), 0);
	fake.cancel_inside = true;
	flow_fake_start(&fake);
	assert_int_equal(fake.connect_cancels, 1);
	assert_int_equal(fake.ends, 1);
	flow_fake_teardown(&fake);
}

static void test_addresses_of_variables(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, "[{'type':'connect','option':{'destinations':["
		     "'tel:${call.source}',{'type':'tel','target':"
		     "'${n:-112}'}]}}]");
	assert_non_null(strstr(fake.asked, "\"+4520123456\""));
	assert_non_null(strstr(fake.asked, "\"112\""));
	flow_fake_teardown(&fake);

	start(&fake, "[{'type':'connect','option':{'destinations':["
		     "'${n:-nonsense}']}}]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_non_null(strstr(fake.error_detail, "/option/destinations/0: "));
	assert_int_equal(fake.connects, 0);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'connect'},{'type':'connect','option':"
		"{'destinations':[]}},{'type':'connect','option':{"
		"'source':'x','destinations':['tel:1',{'type':'agent',"
		"'target':'a'},{'type':'tel','target':'${x}','y':1}],"
		"'headers':{'Via':'x'}}},{'type':'connect','option':{"
		"'destinations':['tel:112'],'strategy':'random','timeout_s':0,"
		"'ring_tone':'Denmark','anonymous':true,'record':{'format':"
		"'webm'}}}]");

	(void)state;
	assert_non_null(strstr(faults, "/actions/0/option/destinations is"));
	assert_non_null(strstr(faults, "/actions/1/option/destinations must"));
	assert_non_null(strstr(faults, "/actions/2/option/source must be"));
	assert_non_null(strstr(faults, "/actions/2/option/destinations/0 "));
	assert_non_null(strstr(faults, "/actions/2/option/destinations/1/type "
				       "calls to conferences, agents and"));
	assert_non_null(strstr(faults, "/actions/2/option/destinations/2/y "));
	assert_non_null(strstr(faults, "/actions/2/option/headers/Via must"));
	assert_non_null(strstr(faults, "/actions/3/option/strategy "));
	assert_non_null(strstr(faults, "/actions/3/option/timeout_s "));
	assert_non_null(strstr(faults, "/actions/3/option/ring_tone must be"));
	assert_non_null(strstr(faults, "/actions/3/option/anonymous "));
	assert_non_null(strstr(faults, "/actions/3/option/record/format "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_its_options),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_relays_the_reason),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_old_outcomes_go),
		cmocka_unit_test(test_confirm_actions_wait_for_their_own_run),
		cmocka_unit_test(test_confirm_actions_are_checked),
		cmocka_unit_test(test_deep_nesting),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_addresses_of_variables),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
