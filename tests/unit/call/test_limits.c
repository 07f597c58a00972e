/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "support/call_fake.h"

#define ANSWER_ECHO "[{'type':'answer'},{'type':'echo'}]"

static void end_all(struct call_fake_leg *legs, size_t n)
{
	size_t i;

	for (i = 0; i < n; ++i) {
		if (!legs[i].leg.handler)
			continue;
		call_fake_bye(&legs[i]);
		call_fake_closed(&legs[i]);
	}
}

static void check_refused(struct call_fake *fake, enum call_refusal refusal,
			  const char *reason, const char *code, int sip_code)
{
	struct call_fake_leg leg;
	const json_t *data, *hangup;

	assert_int_equal(call_fake_invite(fake, &leg), refusal);
	assert_null(leg.leg.handler); /* the leg stays the caller's */
	assert_int_equal(leg.hangups + leg.unrefs, 0);
	data = call_fake_event(fake, "call.ended");
	hangup = json_object_get(data, "hangup");
	assert_string_equal(json_str(hangup, "by", ""), "system");
	assert_string_equal(json_str(hangup, "reason", ""), reason);
	assert_string_equal(json_str(hangup, "code", ""), code);
	assert_int_equal(json_int(hangup, "sip_code", 0), sip_code);
}

/* The timeline of a refused call says which limit it was */
static void check_told(const struct call_fake *fake, const char *limit)
{
	char line[128];
	const char *id;
	json_t *row, *note;
	unsigned n = 0;

	snprintf(line, sizeof(line), "refused: %s is reached", limit);
	json_object_foreach(fake->rows, id, row)
	{
		note = json_array_get(json_object_get(row, "timeline"), 0);
		if (str_eq(json_str(note, "text", ""), line))
			++n;
	}
	assert_int_equal(n, 1);
}

static void test_limits_of_the_account(void **state)
{
	struct call_fake fake;
	struct call_fake_leg legs[2];

	call_fake_setup(&fake, ANSWER_ECHO, "{'max_calls':2}", NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[1]), CALL_TAKEN);
	check_refused(&fake, CALL_REFUSED_LIMIT, "busy", "limit", 486);
	check_told(&fake, "the account's max_calls");
	assert_int_equal(call_table_count(fake.table), 2);

	/* it counts what is up, not what is closing */
	call_fake_bye(&legs[0]);
	assert_int_equal(call_table_count(fake.table), 2);
	call_fake_closed(&legs[0]);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	end_all(legs, 2);
	call_fake_teardown(&fake);

	call_fake_setup(&fake, ANSWER_ECHO, "{'max_incoming':1}", NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	check_refused(&fake, CALL_REFUSED_LIMIT, "busy", "limit", 486);
	end_all(legs, 1);
	call_fake_teardown(&fake);

	call_fake_setup(&fake, ANSWER_ECHO, "{'max_outgoing':1}", NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[1]), CALL_TAKEN);
	end_all(legs, 2);
	call_fake_teardown(&fake);
}

static void test_limits_of_the_trunk(void **state)
{
	struct call_fake fake;
	struct call_fake_leg legs[1];

	call_fake_setup(&fake, ANSWER_ECHO, NULL, "{'max_calls':1}", 0);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	check_refused(&fake, CALL_REFUSED_LIMIT, "busy", "limit", 486);
	check_told(&fake, "the trunk's max_calls");
	end_all(legs, 1);
	call_fake_teardown(&fake);
}

static void test_limit_of_the_platform(void **state)
{
	struct call_fake fake;
	struct call_fake_leg legs[1];

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 1);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	check_refused(&fake, CALL_REFUSED_PLATFORM, "failed", "limit", 503);
	end_all(legs, 1);
	call_fake_teardown(&fake);
}

static void test_suspended_account(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ANSWER_ECHO, "{'status':'suspended'}", NULL, 0);
	check_refused(&fake, CALL_REFUSED_ACCOUNT, "rejected",
		      "account_suspended", 403);
	call_fake_check_story(&fake, "call.created call.ended");
	assert_int_equal(fake.commits, 1);
	call_fake_teardown(&fake);
}

static void test_draining(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	call_table_close(fake.table);
	check_refused(&fake, CALL_REFUSED_PLATFORM, "failed", "limit", 503);
	call_fake_teardown(&fake);
}

static void test_no_such_flow(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, "[{'type':'nonsense'}]", NULL, NULL, 0);
	check_refused(&fake, CALL_REFUSED_FLOW, "failed", "no_flow", 404);
	call_fake_teardown(&fake);
}

static void test_calls_a_second(void **state)
{
	struct call_fake fake;
	struct call_fake_leg legs[8];

	memset(legs, 0, sizeof(legs));
	call_fake_setup(&fake, ANSWER_ECHO, "{'max_cps':2}", NULL, 0);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[1]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[2]), CALL_REFUSED_LIMIT);
	call_fake_pass(&fake, 500);
	assert_int_equal(call_fake_invite(&fake, &legs[3]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[4]), CALL_REFUSED_LIMIT);
	call_fake_pass(&fake, 60000); /* a pause saves up one second's worth */
	assert_int_equal(call_fake_invite(&fake, &legs[5]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[6]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[7]), CALL_REFUSED_LIMIT);
	end_all(legs, 8);
	call_fake_teardown(&fake);
}

static void test_calls_a_second_of_a_trunk(void **state)
{
	struct call_fake fake;
	struct call_fake_leg legs[2];

	memset(legs, 0, sizeof(legs));
	call_fake_setup(&fake, ANSWER_ECHO, "{'max_cps':100}", "{'max_cps':1}",
			0);
	assert_int_equal(call_fake_invite(&fake, &legs[0]), CALL_TAKEN);
	assert_int_equal(call_fake_invite(&fake, &legs[1]), CALL_REFUSED_LIMIT);
	end_all(legs, 2);
	call_fake_teardown(&fake);
}

static void test_a_flood_fills_no_disk(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;
	struct call_stats st;
	int i;

	call_fake_setup(&fake, ANSWER_ECHO, "{'status':'suspended'}", NULL, 0);
	for (i = 0; i < 1000; ++i)
		call_fake_invite(&fake, &leg);
	assert_int_equal(json_object_size(fake.rows), 10);
	assert_int_equal(fake.commits, 10);
	call_table_stats(fake.table, &st);
	assert_int_equal(st.refused, 1000);
	assert_int_equal(st.created, 0);
	call_fake_pass(&fake, 1000);
	for (i = 0; i < 1000; ++i)
		call_fake_invite(&fake, &leg);
	assert_int_equal(json_object_size(fake.rows), 20);
	call_fake_teardown(&fake);
}

static void test_stopping_ends_all(void **state)
{
	static const struct leg_end end = {.by = HANGUP_BY_SYSTEM,
					   .code = "stopping"};
	struct call_fake fake;
	struct call_fake_leg legs[3];
	struct call_stats st;
	int i;

	call_fake_setup(&fake, ANSWER_ECHO, NULL, NULL, 0);
	for (i = 0; i < 3; ++i)
		assert_int_equal(call_fake_invite(&fake, &legs[i]), CALL_TAKEN);
	call_fake_pass(&fake, 0);
	call_fake_answered(&legs[0]);
	call_table_close(fake.table);
	call_table_stats(fake.table, &st);
	assert_int_equal(st.live, 3);
	assert_int_equal(st.incoming, 3);

	call_table_hangup_all(fake.table, "someone else", &end);
	assert_int_equal(legs[0].hangups, 0);
	call_table_hangup_all(fake.table, NULL, &end);
	call_table_hangup_all(fake.table, CALL_FAKE_ACCOUNT, &end);
	for (i = 0; i < 3; ++i)
		assert_int_equal(legs[i].hangups, 1);
	call_table_stats(fake.table, &st);
	assert_int_equal(st.live, 0);
	assert_int_equal(st.answered, 1);
	assert_int_equal(st.ended, 3);
	assert_int_equal(st.by_reason[HANGUP_NORMAL], 3);
	for (i = 0; i < 3; ++i) {
		assert_int_equal(fake.idles, 0);
		call_fake_closed(&legs[i]);
	}
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits_of_the_account),
		cmocka_unit_test(test_limits_of_the_trunk),
		cmocka_unit_test(test_limit_of_the_platform),
		cmocka_unit_test(test_suspended_account),
		cmocka_unit_test(test_draining),
		cmocka_unit_test(test_no_such_flow),
		cmocka_unit_test(test_calls_a_second),
		cmocka_unit_test(test_calls_a_second_of_a_trunk),
		cmocka_unit_test(test_a_flood_fills_no_disk),
		cmocka_unit_test(test_stopping_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
