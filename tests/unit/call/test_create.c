/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "support/call_fake.h"
#include "support/flow_fake.h"

#define ECHO "[{'type':'echo','option':{'duration_ms':5000}}]"

/* One way, one phone: from the wish to the end */
static void test_a_whole_call(void **state)
{
	struct call_fake fake;
	struct call_origin origin;
	json_t *extra = flow_fake_json("{'X-Order':'7'}");
	json_t *vars = flow_fake_json("{'name':'Bo','call.id':'no'}");
	const json_t *data;
	char id[ID_SIZE];

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 4000, "192.0.2.9:5060");
	origin = call_fake_origin(&fake);
	origin.headers = extra;
	origin.variables = vars;
	origin.notes = "for Bo";
	origin.anonymous = true;
	origin.request_id = "req-1";
	assert_int_equal(call_create(fake.table, &origin, id), CALL_TAKEN);
	call_fake_check_story(&fake, "call.created");
	data = call_fake_event(&fake, "call.created");
	assert_string_equal(json_str(data, "id", ""), id);
	assert_string_equal(json_str(data, "status", ""), "queued");
	assert_string_equal(json_str(data, "direction", ""), "outgoing");
	assert_string_equal(json_str(data, "notes", ""), "for Bo");
	assert_string_equal(
		json_str(json_object_get(data, "variables"), "name", ""), "Bo");
	assert_int_equal(json_object_size(json_object_get(data, "variables")),
			 1);
	assert_string_equal(
		json_str(json_array_get(fake.log, 0), "request_id", ""),
		"req-1");
	assert_int_equal(fake.ndialed, 0);

	call_fake_pass(&fake, 0);
	call_fake_check_story(&fake, "call.created call.dialing");
	assert_true(json_is_null(
		json_object_get(json_array_get(fake.log, 1), "request_id")));
	assert_int_equal(fake.ndialed, 1);
	assert_string_equal(fake.source, "+4511111111");
	assert_true(fake.anonymous);
	assert_string_equal(json_str(fake.headers, "X-Order", ""), "7");
	call_fake_ringing(&fake.dialed[0]);
	call_fake_ringing(&fake.dialed[0]);
	call_fake_pass(&fake, 700);
	call_fake_check_story(&fake, "call.created call.dialing call.ringing");
	call_fake_answered(&fake.dialed[0]);
	call_fake_pass(&fake, 0);
	assert_true(fake.echo);
	data = call_fake_event(&fake, "call.answered");
	assert_int_equal(json_int(data, "ring_ms", -1), 700);
	assert_string_equal(json_str(data, "endpoint", ""), "sip");
	assert_string_equal(
		json_str(json_object_get(data, "sip"), "call_id", ""), "abc@1");

	call_fake_pass(&fake, 5000);
	call_fake_check_story(&fake, "call.created call.dialing call.ringing "
				     "call.answered flow.action call.ended");
	call_fake_check_hangup(&fake, "local", "normal", "-", 0);
	assert_string_equal(json_str(call_fake_attempt(&fake, 0), "host", ""),
			    "192.0.2.9:5060");
	assert_string_equal(
		json_str(call_fake_attempt(&fake, 0), "trunk_id", ""),
		CALL_FAKE_TRUNK);
	assert_int_equal(fake.dialed[0].hangups, 1);
	call_fake_closed(&fake.dialed[0]);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
	json_decref(extra);
	json_decref(vars);
}

/* One phone says this */
static void check_result(enum hangup_reason reason, int code, const char *name)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "h");
	call_fake_dial(&fake);
	call_fake_ringing(&fake.dialed[0]);
	call_fake_fails(&fake.dialed[0], reason, code);
	call_fake_check_hangup(&fake, "remote", name, "-", code);
	assert_int_equal(json_int(call_fake_attempt(&fake, 0), "sip_code", 0),
			 code);
	assert_int_equal(fake.dialed[0].hangups, 0);
	assert_int_equal(fake.dialed[0].unrefs, 1);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_results(void **state)
{
	check_result(HANGUP_BUSY, 486, "busy");
	check_result(HANGUP_REJECTED, 603, "rejected");
	check_result(HANGUP_NOANSWER, 480, "noanswer");
	check_result(HANGUP_FAILED, 404, "failed");
	check_result(HANGUP_FAILED, 503, "failed");
}

static void test_no_way(void **state)
{
	static const struct {
		int err;
		const char *code, *expected;
	} cases[] = {
		{ENOENT, NULL, "no_route"},
		{ENOENT, "not_registered", "not_registered"},
		{EHOSTDOWN, "trunk_down", "trunk_down"},
		{EINVAL, NULL, "invalid_destination"},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		struct call_fake fake;
		struct call_origin origin;

		call_fake_setup(&fake, ECHO, NULL, NULL, 0);
		fake.routes_err = cases[i].err;
		fake.routes_code = cases[i].code;
		origin = call_fake_origin(&fake);
		call_fake_create(&fake, &origin);
		call_fake_check_story(&fake,
				      "call.created call.dialing call.ended");
		call_fake_check_hangup(&fake, "system", "failed",
				       cases[i].expected, 0);
		assert_int_equal(fake.idles, 1);
		call_fake_teardown(&fake);
	}
}

static void test_not_allowed(void **state)
{
	struct call_fake fake;
	struct call_origin origin;

	call_fake_setup(&fake, ECHO, "{'country':'SE'}", NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	origin = call_fake_origin(&fake);
	call_fake_create(&fake, &origin);
	call_fake_check_hangup(&fake, "system", "failed",
			       "destination_not_allowed", 0);
	assert_int_equal(fake.ndialed, 0);

	/* nor by the other name of the number */
	origin.destination =
		(struct call_party){"sip", "sip:+4522222222@a.test", NULL};
	call_fake_create(&fake, &origin);
	call_fake_check_hangup(&fake, "system", "failed",
			       "destination_not_allowed", 0);
	assert_int_equal(fake.ndialed, 0);
	call_fake_teardown(&fake);
}

static void test_own_timeout_and_duration(void **state)
{
	struct call_fake fake;
	struct call_origin origin;

	call_fake_setup(&fake,
			"[{'type':'echo','option':{'duration_ms':60000}}]",
			NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	origin = call_fake_origin(&fake);
	origin.timeout_s = 5;
	origin.max_duration_s = 7;
	call_fake_create(&fake, &origin);
	call_fake_pass(&fake, 5000);
	call_fake_check_hangup(&fake, "system", "noanswer", "not_answered", 0);
	call_fake_closed(&fake.dialed[0]);

	call_fake_create(&fake, &origin);
	call_fake_answered(&fake.dialed[1]);
	call_fake_pass(&fake, 6999);
	assert_int_equal(fake.dialed[1].hangups, 0);
	call_fake_pass(&fake, 1);
	call_fake_check_hangup(&fake, "system", "timeout", "max_duration", 0);
	call_fake_closed(&fake.dialed[1]);
	call_fake_teardown(&fake);
}

/* DELETE while it rings, and the 200 crosses the CANCEL */
static void test_called_off_while_answering(void **state)
{
	static const struct leg_end end = {.by = HANGUP_BY_LOCAL};
	struct call_fake fake;
	struct call *call;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	call = call_fake_dial(&fake);
	call_fake_ringing(&fake.dialed[0]);
	assert_int_equal(call_hangup(call, &end, "req"), 0);
	call_fake_answered(&fake.dialed[0]);
	assert_int_equal(call_hangup(call, &end, "req"), EALREADY);
	call_fake_pass(&fake, 1000);
	call_fake_check_story(
		&fake, "call.created call.dialing call.ringing call.ended");
	call_fake_check_hangup(&fake, "local", "canceled", "-", 0);
	call_fake_closed(&fake.dialed[0]);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_called_off_in_the_queue(void **state)
{
	static const struct leg_end end = {.by = HANGUP_BY_LOCAL};
	struct call_fake fake;
	struct call_origin origin;
	char id[ID_SIZE];

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	origin = call_fake_origin(&fake);
	assert_int_equal(call_create(fake.table, &origin, id), CALL_TAKEN);
	assert_int_equal(call_hangup(call_find(fake.table, id), &end, NULL), 0);
	call_fake_pass(&fake, 1000);
	assert_int_equal(fake.ndialed, 0);
	call_fake_check_story(&fake, "call.created call.ended");
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

/* Two a second, in the order in which they were made */
static void test_queue_keeps_the_rate(void **state)
{
	struct call_fake fake;
	struct call_origin origin;
	char ids[7][ID_SIZE];
	size_t i;

	call_fake_setup(&fake, ECHO, "{'max_cps':2}", NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	origin = call_fake_origin(&fake);
	for (i = 0; i < 7; ++i)
		assert_int_equal(call_create(fake.table, &origin, ids[i]),
				 CALL_TAKEN);
	call_fake_pass(&fake, 0);
	assert_int_equal(fake.ndialed, 2);
	call_fake_pass(&fake, 499);
	assert_int_equal(fake.ndialed, 2);
	call_fake_pass(&fake, 2);
	assert_int_equal(fake.ndialed, 3);
	call_fake_pass(&fake, 2500);
	assert_int_equal(fake.ndialed, 7);
	for (i = 0; i < 7; ++i)
		assert_string_equal(fake.dialed[i].leg.call_id, ids[i]);
	for (i = 0; i < 7; ++i)
		call_fake_fails(&fake.dialed[i], HANGUP_BUSY, 486);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_limits(void **state)
{
	static const struct {
		const char *account, *trunk;
		unsigned platform;
		enum call_refusal expected;
	} cases[] = {
		{"{'max_calls':1}", NULL, 0, CALL_REFUSED_LIMIT},
		{"{'max_outgoing':1}", NULL, 0, CALL_REFUSED_LIMIT},
		{"{'max_incoming':1}", NULL, 0, CALL_TAKEN},
		{NULL, "{'max_calls':1}", 0, CALL_REFUSED_LIMIT},
		{NULL, NULL, 1, CALL_REFUSED_PLATFORM},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		struct call_fake fake;
		struct call_origin origin;
		struct call_stats stats;
		char id[ID_SIZE];

		call_fake_setup(&fake, ECHO, cases[i].account, cases[i].trunk,
				cases[i].platform);
		call_fake_route(&fake, 0, 0, "a");
		origin = call_fake_origin(&fake);
		origin.trunk_id = CALL_FAKE_TRUNK;
		call_fake_create(&fake, &origin);
		assert_int_equal(call_create(fake.table, &origin, id),
				 cases[i].expected);
		call_fake_pass(&fake, 0);
		call_table_stats(fake.table, &stats);
		assert_int_equal(stats.outgoing,
				 cases[i].expected == CALL_TAKEN ? 2 : 1);
		call_fake_fails(&fake.dialed[0], HANGUP_BUSY, 486);
		if (cases[i].expected == CALL_TAKEN)
			call_fake_fails(&fake.dialed[1], HANGUP_BUSY, 486);

		/* one has gone: there is room again */
		call_fake_create(&fake, &origin);
		call_fake_fails(&fake.dialed[fake.ndialed - 1], HANGUP_BUSY,
				486);
		call_fake_teardown(&fake);
	}
}

static void test_closed_table(void **state)
{
	struct call_fake fake;
	struct call_origin origin;
	char id[ID_SIZE];

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_table_close(fake.table);
	origin = call_fake_origin(&fake);
	assert_int_equal(call_create(fake.table, &origin, id),
			 CALL_REFUSED_PLATFORM);
	assert_int_equal(json_array_size(fake.log), 0);
	call_fake_teardown(&fake);
}

/* The flow starts as it rings; what it plays waits for the answer */
static void test_early_execution(void **state)
{
	struct call_fake fake;
	struct call_origin origin;

	call_fake_setup(&fake,
			"[{'type':'play','option':{'stream_urls':"
			"['tone:800/100']}},{'type':'echo'}]",
			NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	origin = call_fake_origin(&fake);
	origin.early_execution = true;
	call_fake_create(&fake, &origin);
	call_fake_check_story(&fake, "call.created call.dialing");
	call_fake_ringing(&fake.dialed[0]);
	call_fake_pass(&fake, 100);
	call_fake_check_story(&fake, "call.created call.dialing call.ringing "
				     "flow.action");
	call_fake_early(&fake.dialed[0]);
	assert_int_equal(fake.plays, 0);
	call_fake_answered(&fake.dialed[0]);
	call_fake_pass(&fake, 0);
	assert_int_equal(fake.plays, 1);
	call_fake_played(&fake, &fake.dialed[0], 0);
	assert_true(fake.echo);
	call_fake_pass(&fake, 100);
	call_fake_check_story(&fake, "call.created call.dialing call.ringing "
				     "flow.action call.answered flow.action");
	call_fake_bye(&fake.dialed[0]);
	call_fake_closed(&fake.dialed[0]);
	call_fake_teardown(&fake);
}

static void test_chained_ends_with_its_parent(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	struct call_origin origin;
	struct call *parent, *free_one, *chained;
	const json_t *doc;
	char id[ID_SIZE];

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	parent = call_fake_call(&fake, &leg);
	origin = call_fake_origin(&fake);
	origin.parent_call_id = call_id(parent);
	free_one = call_fake_create(&fake, &origin);
	origin.chained = true;
	chained = call_fake_create(&fake, &origin);
	g_strlcpy(id, call_id(chained), sizeof(id));
	call_fake_answered(&fake.dialed[0]);
	call_fake_answered(&fake.dialed[1]);
	call_fake_pass(&fake, 0);
	call_fake_bye(&leg);
	doc = json_object_get(json_object_get(fake.rows, id), "doc");
	assert_string_equal(json_str(doc, "parent_call_id", ""),
			    call_id(parent));
	assert_string_equal(
		json_str(json_object_get(doc, "hangup"), "code", ""),
		"parent_ended");
	doc = json_object_get(json_object_get(fake.rows, call_id(parent)),
			      "doc");
	doc = json_object_get(doc, "child_call_ids");
	assert_int_equal(json_array_size(doc), 2);
	assert_string_equal(json_string_value(json_array_get(doc, 1)), id);
	assert_int_equal(fake.dialed[0].hangups, 0);
	assert_int_equal(fake.dialed[1].hangups, 1);
	assert_non_null(call_find(fake.table, call_id(free_one)));
	call_fake_closed(&leg);
	call_fake_closed(&fake.dialed[1]);
	call_fake_bye(&fake.dialed[0]);
	call_fake_closed(&fake.dialed[0]);
	call_fake_teardown(&fake);
}

static void test_account_ends_all(void **state)
{
	static const struct leg_end end = {.by = HANGUP_BY_SYSTEM,
					   .reason = HANGUP_REJECTED};
	struct call_fake fake;
	struct call_origin origin;
	char id[ID_SIZE];

	call_fake_setup(&fake, ECHO, "{'max_cps':1}", NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	origin = call_fake_origin(&fake);
	call_fake_create(&fake, &origin);
	assert_int_equal(call_create(fake.table, &origin, id), CALL_TAKEN);
	call_table_hangup_all(fake.table, CALL_FAKE_ACCOUNT, &end);
	call_fake_closed(&fake.dialed[0]);
	assert_int_equal(fake.ndialed, 1);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_call),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_not_allowed),
		cmocka_unit_test(test_own_timeout_and_duration),
		cmocka_unit_test(test_called_off_while_answering),
		cmocka_unit_test(test_called_off_in_the_queue),
		cmocka_unit_test(test_queue_keeps_the_rate),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_closed_table),
		cmocka_unit_test(test_early_execution),
		cmocka_unit_test(test_chained_ends_with_its_parent),
		cmocka_unit_test(test_account_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
