/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

#define SLEEP "{'type':'sleep','option':{'duration_ms':1000}}"

static void check(const char *actions, const char *muted)
{
	struct flow_fake fake;

	assert_int_equal(flow_fake_setup(&fake, actions), 0);
	flow_fake_start(&fake);
	assert_string_equal(fake.muted, muted);
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_directions(void **state)
{
	(void)state;
	check("[{'type':'mute'}," SLEEP "]", "in out");
	check("[{'type':'mute','option':{'direction':'in'}}," SLEEP "]", "in");
	check("[{'type':'mute','option':{'direction':'out'}}," SLEEP "]",
	      "out");
	check("[{'type':'mute'},{'type':'unmute','option':{'direction':'in'}}"
	      "," SLEEP "]",
	      "out");
	check("[{'type':'mute'},{'type':'unmute'}," SLEEP "]", "");
}

static void test_without_media(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake, "[{'type':'mute'}," SLEEP "]"),
			 0);
	fake.mute_err = ENOTCONN;
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "mute_failed");
	assert_string_equal(fake.trace->str, "mute sleep");
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'mute','option':{'direction':'up'}}]");

	(void)state;
	assert_string_equal(faults, "/actions/0/option/direction must be one "
				    "of in, out, both\n");
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_without_media),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
