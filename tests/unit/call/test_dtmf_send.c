/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "common/json.h"
#include "support/call_fake.h"

#define SEND                                                                   \
	"[{'type':'answer'},{'type':'dtmf_send','option':{'digits':'1w#',"     \
	"'duration_ms':100,'interval_ms':50}},"                                \
	"{'type':'echo','option':{'duration_ms':1000}}]"

static struct call *start(struct call_fake *fake, struct call_fake_leg *leg)
{
	struct call *call;

	call_fake_setup(fake, SEND, NULL, NULL, 0);
	call = call_fake_call(fake, leg);

	return call;
}

static void end(struct call_fake *fake, struct call_fake_leg *leg)
{
	call_fake_bye(leg);
	call_fake_closed(leg);
	call_fake_teardown(fake);
}

static void test_media_sends_them(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	start(&fake, &leg);
	call_fake_answered(&leg);
	assert_string_equal(fake.digits_sent, "1w#");
	assert_string_equal(leg.info, "");
	assert_false(fake.echo);
	call_fake_played(&fake, &leg, 0);
	assert_true(fake.echo); /* the next action */
	end(&fake, &leg);
}

static void test_signalling_sends_one_after_the_other(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	start(&fake, &leg);
	leg.by_info = true;
	call_fake_answered(&leg);
	call_fake_pass(&fake, 0);
	assert_string_equal(leg.info, "1");
	call_fake_pass(&fake, 150); /* w */
	call_fake_pass(&fake, 499);
	assert_string_equal(leg.info, "1");
	call_fake_pass(&fake, 1);
	assert_string_equal(leg.info, "1#");
	assert_false(fake.echo);
	call_fake_pass(&fake, 150);
	assert_true(fake.echo);
	assert_string_equal(fake.digits_sent, "");
	end(&fake, &leg);
}

static void test_signalling_that_fails_is_an_error(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	start(&fake, &leg);
	leg.by_info = true;
	leg.send_err = EPROTO;
	call_fake_answered(&leg);
	call_fake_pass(&fake, 200);
	assert_string_equal(
		json_str(call_fake_event(&fake, "flow.error"), "code", ""),
		"send_failed");
	assert_true(fake.echo);
	end(&fake, &leg);
}

static void test_party_leaves_between_two(void **state)
{
	struct call_fake fake;
	struct call_fake_leg leg;

	start(&fake, &leg);
	leg.by_info = true;
	call_fake_answered(&leg);
	call_fake_pass(&fake, 0);
	call_fake_bye(&leg);
	call_fake_pass(&fake, 2000);
	assert_string_equal(leg.info, "1");
	call_fake_closed(&leg);
	call_fake_teardown(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_media_sends_them),
		cmocka_unit_test(test_signalling_sends_one_after_the_other),
		cmocka_unit_test(test_signalling_that_fails_is_an_error),
		cmocka_unit_test(test_party_leaves_between_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
