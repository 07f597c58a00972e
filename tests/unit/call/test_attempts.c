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

#define ECHO "[{'type':'echo','option':{'duration_ms':5000}}]"

static void test_two_devices_one_answers(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "desk");
	call_fake_route(&fake, 0, 0, "soft");
	call_fake_dial(&fake);
	assert_int_equal(fake.ndialed, 2);
	call_fake_ringing(&fake.dialed[0]);
	call_fake_ringing(&fake.dialed[1]);
	call_fake_answered(&fake.dialed[1]);
	assert_int_equal(fake.dialed[0].hangups, 1);
	assert_int_equal(fake.dialed[0].end.reason, HANGUP_CANCELED);
	assert_string_equal(fake.dialed[0].end.code, "answered_elsewhere");
	/* its 200 crossed our CANCEL: its leg takes it down */
	call_fake_answered(&fake.dialed[0]);
	call_fake_digits(&fake.dialed[0], "1");
	call_fake_pass(&fake, 100);
	call_fake_check_story(&fake, "call.created call.dialing call.ringing "
				     "call.answered flow.action");
	call_fake_closed(&fake.dialed[0]);
	call_fake_bye(&fake.dialed[1]);
	call_fake_check_hangup(&fake, "remote", "normal", "-", 0);
	call_fake_closed(&fake.dialed[1]);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_busiest_result_wins(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	call_fake_route(&fake, 0, 0, "b");
	call_fake_route(&fake, 0, 0, "c");
	call_fake_route(&fake, 1, 0, "never");
	call_fake_dial(&fake);
	call_fake_fails(&fake.dialed[0], HANGUP_FAILED, 503);
	call_fake_fails(&fake.dialed[1], HANGUP_BUSY, 486);
	assert_int_equal(fake.dialed[2].hangups, 0); /* it rings on */
	call_fake_fails(&fake.dialed[2], HANGUP_NOANSWER, 480);
	call_fake_check_hangup(&fake, "remote", "busy", "-", 486);
	assert_int_equal(fake.ndialed, 3);
	call_fake_teardown(&fake);
}

static void test_declined_for_all(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	call_fake_route(&fake, 0, 0, "b");
	call_fake_dial(&fake);
	call_fake_fails(&fake.dialed[0], HANGUP_REJECTED, 603);
	call_fake_check_hangup(&fake, "remote", "rejected", "-", 603);
	assert_int_equal(fake.dialed[1].hangups, 1);
	call_fake_closed(&fake.dialed[1]);
	call_fake_teardown(&fake);
}

/* A host that is down, one that cannot be dialed, one that is silent */
static void test_next_order(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 3, 0, "last"); /* in any order */
	call_fake_route(&fake, 0, 4000, "down");
	call_fake_route(&fake, 1, 4000, "bad");
	call_fake_route(&fake, 2, 4000, "silent");
	fake.bad_host = "bad";
	call_fake_dial(&fake);
	assert_int_equal(fake.ndialed, 1);
	call_fake_fails(&fake.dialed[0], HANGUP_FAILED, 503);
	assert_int_equal(fake.ndialed, 2); /* the silent one */
	call_fake_pass(&fake, 3999);
	assert_int_equal(fake.ndialed, 2);
	call_fake_pass(&fake, 1);
	assert_int_equal(fake.ndialed, 3);
	assert_int_equal(fake.dialed[1].hangups, 1);
	call_fake_answered(&fake.dialed[1]); /* too late */
	call_fake_closed(&fake.dialed[1]);
	call_fake_answered(&fake.dialed[2]);
	call_fake_pass(&fake, 5000);
	call_fake_check_story(&fake, "call.created call.dialing call.answered "
				     "flow.action call.ended");
	assert_string_equal(json_str(call_fake_attempt(&fake, 0), "host", ""),
			    "down");
	assert_int_equal(json_int(call_fake_attempt(&fake, 0), "sip_code", 0),
			 503);
	assert_string_equal(json_str(call_fake_attempt(&fake, 1), "host", ""),
			    "bad");
	assert_string_equal(json_str(call_fake_attempt(&fake, 2), "host", ""),
			    "silent");
	assert_string_equal(json_str(call_fake_attempt(&fake, 3), "host", ""),
			    "last");
	call_fake_closed(&fake.dialed[2]);
	call_fake_teardown(&fake);
}

/* 100 Trying is life: the host has its time */
static void test_heard_is_waited_for(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 4000, "slow");
	call_fake_route(&fake, 1, 4000, "other");
	call_fake_dial(&fake);
	fake.dialed[0].leg.handler->heard(fake.dialed[0].leg.arg);
	call_fake_pass(&fake, 59999);
	assert_int_equal(fake.ndialed, 1);
	assert_int_equal(fake.dialed[0].hangups, 0);
	call_fake_pass(&fake, 1);
	call_fake_check_hangup(&fake, "system", "noanswer", "not_answered", 0);
	assert_int_equal(fake.dialed[0].hangups, 1);
	call_fake_closed(&fake.dialed[0]);
	call_fake_teardown(&fake);
}

static void test_nobody_is_reached(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 4000, "a");
	call_fake_route(&fake, 1, 4000, "b");
	call_fake_dial(&fake);
	call_fake_pass(&fake, 8000);
	call_fake_check_hangup(&fake, "system", "failed", "unreachable", 0);
	call_fake_closed(&fake.dialed[0]);
	call_fake_closed(&fake.dialed[1]);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

/* Early media of one, and another answers */
static void test_early_media_of_another(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	call_fake_route(&fake, 0, 0, "b");
	call_fake_dial(&fake);
	call_fake_early(&fake.dialed[0]);
	call_fake_answered(&fake.dialed[1]);
	call_fake_pass(&fake, 0);
	assert_true(fake.echo);
	call_fake_closed(&fake.dialed[0]);
	call_fake_bye(&fake.dialed[1]);
	call_fake_check_hangup(&fake, "remote", "normal", "-", 0);
	call_fake_closed(&fake.dialed[1]);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

static void test_leg_that_is_just_gone(void **state)
{
	struct call_fake fake;

	call_fake_setup(&fake, ECHO, NULL, NULL, 0);
	call_fake_route(&fake, 0, 0, "a");
	call_fake_dial(&fake);
	call_fake_closed(&fake.dialed[0]);
	call_fake_check_hangup(&fake, "system", "failed", "leg_lost", 0);
	assert_int_equal(fake.idles, 1);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_devices_one_answers),
		cmocka_unit_test(test_busiest_result_wins),
		cmocka_unit_test(test_declined_for_all),
		cmocka_unit_test(test_next_order),
		cmocka_unit_test(test_heard_is_waited_for),
		cmocka_unit_test(test_nobody_is_reached),
		cmocka_unit_test(test_early_media_of_another),
		cmocka_unit_test(test_leg_that_is_just_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
