/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names, and the patterns that endpoints choose events with */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/event_list.h"

static void test_names_lead_back(void **state)
{
	unsigned type;

	for (type = 0; type < EVENT_NTYPES; ++type)
		assert_int_equal(event_type_by_name(event_type_name(type)),
				 type);
	assert_int_equal(event_type_by_name("call"), EVENT_NTYPES);
	assert_int_equal(event_type_by_name(""), EVENT_NTYPES);
	assert_int_equal(event_type_by_name(NULL), EVENT_NTYPES);
	assert_string_equal(event_type_name(EVENT_NTYPES), "");
}

static void test_patterns(void **state)
{
	assert_true(event_pattern_matches("*", "call.ended"));
	assert_true(event_pattern_matches("*", "call.dtmf"));
	assert_true(event_pattern_matches("call.*", "call.ended"));
	assert_true(event_pattern_matches("call.*", "call.dtmf"));
	assert_false(event_pattern_matches("call.*", "callx.ended"));
	assert_false(event_pattern_matches("call.*", "call."));
	assert_false(event_pattern_matches("call.*", "call"));
	assert_true(event_pattern_matches("call.ended", "call.ended"));
	assert_false(event_pattern_matches("call.ended", "call.ende"));
	assert_false(event_pattern_matches("call.ende", "call.ended"));
	assert_false(event_pattern_matches("", "call.ended"));
}

/** A star stands at the end alone, for what is behind a dot */
static void test_what_is_no_pattern(void **state)
{
	static const char *const wrong[] = {
		"",          "**",      ".*",        "c*",
		"call*",     "*.ended", "call.**",   "call",
		"call.end*", "CALL.*",  "nothing.*",
	};
	unsigned i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); ++i)
		assert_false(event_pattern_is_known(wrong[i]));
	assert_true(event_pattern_is_known("*"));
	assert_true(event_pattern_is_known("call.*"));
	assert_true(event_pattern_is_known("webhook.disabled"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_lead_back),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_what_is_no_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
