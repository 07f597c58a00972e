/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "webhook/filter.h"

static void expect(const char *events, const char *type, bool takes)
{
	json_t *list =
		events ? json_loads(events, JSON_DECODE_ANY, NULL) : NULL;
	struct filter *filter = filter_new(list);

	json_decref(list);
	if (filter_takes(filter, type) != takes)
		fail_msg("%s: %s", events ? events : "none", type);
	assert_null(filter_free(filter));
}

static void test_all_but_the_noisy_ones(void **state)
{
	static const char *const lists[] = {NULL, "null", "\"*\"", "{}"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); ++i) {
		expect(lists[i], "call.ended", true);
		expect(lists[i], "flow.error", true);
		expect(lists[i], "call.dtmf", false);
		expect(lists[i], "flow.action", false);
		/* of a version to come: better too much than too little */
		expect(lists[i], "room.opened", true);
	}
}

static void test_patterns(void **state)
{
	(void)state;
	expect("[\"*\"]", "call.dtmf", true);
	expect("[\"*\"]", "room.opened", true);
	expect("[\"call.*\"]", "call.dtmf", true);
	expect("[\"call.*\"]", "flow.error", false);
	expect("[\"flow.error\", \"call.ended\"]", "call.ended", true);
	expect("[\"flow.error\", \"call.ended\"]", "call.created", false);
}

/* The API refuses them; whatever the row holds, nothing breaks */
static void test_what_is_no_list_of_patterns(void **state)
{
	(void)state;
	expect("[]", "call.ended", false);
	expect("[1, null, {}, [\"*\"]]", "call.ended", false);
	expect("[1, \"call.ended\"]", "call.ended", true);
	expect("[\"\", \".*\", \"call.**\"]", "call.ended", false);
	assert_null(filter_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_but_the_noisy_ones),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_what_is_no_list_of_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
