/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which events a stream is for */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/event_query.h"
#include "common/json.h"
#include "rest/sse_filter.h"

static struct sse_filter filter;

static void read_types(const char *types)
{
	json_t *query = json_object();
	struct opt_faults faults = {0};
	const char *id;

	if (types)
		json_set_str(query, "types", types);
	assert_int_equal(sse_filter_read(&filter, query, &id, &faults), 0);
	assert_null(id);
	json_decref(query);
}

static bool takes(const char *type)
{
	return sse_filter_takes(&filter, event_type_by_name(type), "");
}

static void test_types(void **state)
{
	read_types(NULL);
	assert_true(takes("call.created"));
	assert_true(takes("flow.error"));
	assert_false(takes("call.dtmf"));
	assert_false(takes("flow.action"));

	read_types("*");
	assert_true(takes("call.dtmf"));
	assert_true(takes("node.stopped"));

	read_types("call.dtmf,flow.error");
	assert_true(takes("call.dtmf"));
	assert_true(takes("flow.error"));
	assert_false(takes("call.created"));
	assert_false(takes("flow.action"));
	assert_false(takes("no.such"));

	read_types("flow.*");
	assert_true(takes("flow.error"));
	assert_false(takes("call.ended"));
}

static void test_call(void **state)
{
	static const char a[] = "01900000-0000-7000-8000-00000000000a";
	static const char b[] = "01900000-0000-7000-8000-00000000000b";
	json_t *query =
		json_pack("{s:s, s:s}", "call_id", a, "last_event_id", "seen");
	struct opt_faults faults = {0};
	const char *id;

	assert_int_equal(sse_filter_read(&filter, query, &id, &faults), 0);
	assert_string_equal(id, "seen");
	assert_true(sse_filter_takes(&filter, EVENT_CALL_ENDED, a));
	assert_false(sse_filter_takes(&filter, EVENT_CALL_ENDED, b));
	assert_false(sse_filter_takes(&filter, EVENT_CALL_ENDED, ""));
	assert_false(sse_filter_takes(&filter, EVENT_CALL_DTMF, a));
	assert_false(sse_filter_takes(&filter, EVENT_NTYPES, a));
	json_decref(query);
}

static void test_lists_of_types(void **state)
{
	assert_null(event_query_check_types("*"));
	assert_null(event_query_check_types("call.*,flow.error"));
	assert_non_null(event_query_check_types(""));
	assert_non_null(event_query_check_types(","));
	assert_non_null(event_query_check_types("call.*,"));
	assert_non_null(event_query_check_types(",call.*"));
	assert_non_null(event_query_check_types("call.* "));
	assert_non_null(event_query_check_types("**"));
	assert_non_null(event_query_check_types("call.nothing"));
	assert_non_null(event_query_check_types(
		"call.created-and-then-so-much-more-that-it-cannot-be-"
		"a-type-of-any-event"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_lists_of_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
