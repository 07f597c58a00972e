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

static void test_normal_by_default(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'hangup'},{'type':'beep'}]");
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.end_kind, FLOW_END_HANGUP);
	assert_string_equal(fake.end_reason, "normal");
	assert_int_equal(fake.end_sip_code, 0);
	assert_int_equal(fake.plays, 0);
	flow_fake_teardown(&fake);
}

static void test_reason_and_code(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'hangup','option':{'reason':'${r:-busy}',"
		     "'sip_code':600}}]");
	assert_string_equal(fake.end_reason, "busy");
	assert_int_equal(fake.end_sip_code, 600);
	flow_fake_teardown(&fake);
}

static void test_reason_that_is_none(void **state)
{
	struct flow_fake fake;

	start(&fake, "[{'type':'hangup','option':{'reason':'${r:-bored}'}}]");
	assert_string_equal(fake.error_code, "invalid_value");
	assert_int_equal(fake.end_kind, FLOW_END_DONE);
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults =
		flow_fake_faults("[{'type':'hangup','option':{'reason':'bored',"
				 "'sip_code':200}}]");

	assert_non_null(strstr(faults, "/actions/0/option/reason "));
	assert_non_null(strstr(faults, "/actions/0/option/sip_code "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normal_by_default),
		cmocka_unit_test(test_reason_and_code),
		cmocka_unit_test(test_reason_that_is_none),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
