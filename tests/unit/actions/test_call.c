/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "support/flow_fake.h"

#define FLOW "01890000-0000-7000-8000-000000000001"
#define SLEEP "{'type':'sleep','option':{'duration_ms':1000}}"
#define CALL(rest)                                                             \
	"[{'type':'call','option':{'destinations':['tel:112']" rest            \
	"}}," SLEEP "]"

static void start(struct flow_fake *fake, const char *text)
{
	assert_int_equal(flow_fake_setup(fake, text), 0);
	flow_fake_start(fake);
}

static void test_a_stored_flow(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, CALL(",'flow_id':'" FLOW "','chained':true,'source':"
			  "'tel:+4570101010'"));
	assert_string_equal(fake.asked,
			    "{\"source\":{\"type\":\"tel\",\"target\":"
			    "\"+4570101010\",\"name\":null,\"trunk_id\":null},"
			    "\"destinations\":[{\"type\":\"tel\",\"target\":"
			    "\"112\",\"name\":null,\"trunk_id\":null}],"
			    "\"flow_id\":\"" FLOW "\",\"chained\":true}");
	assert_null(fake.asked_doc);
	assert_string_equal(flow_fake_var(&fake, "calls.ids"), "c1,c2");
	assert_string_equal(fake.trace->str, "call sleep");
	flow_fake_teardown(&fake);
}

static void test_actions(void **state)
{
	struct flow_fake fake;

	(void)state;
	start(&fake, CALL(",'actions':[{'type':'talk','option':{'text':"
			  "'${parent.source}'}}]"));
	assert_non_null(fake.asked_doc);
	assert_int_equal(fake.errors, 0);
	flow_fake_teardown(&fake);
}

static void test_what_breaks(void **state)
{
	struct flow_fake fake;

	(void)state;
	assert_int_equal(flow_fake_setup(&fake, CALL(",'flow_id':'" FLOW "'")),
			 0);
	fake.call_err = ENOENT;
	fake.start_code = "flow_not_found";
	flow_fake_start(&fake);
	assert_string_equal(fake.error_code, "flow_not_found");
	assert_string_equal(fake.trace->str, "call sleep");
	flow_fake_teardown(&fake);
}

static void test_refused_when_saved(void **state)
{
	char *faults = flow_fake_faults(
		"[{'type':'call','option':{'destinations':['tel:112']}},"
		"{'type':'call','option':{'destinations':['tel:112'],"
		"'flow_id':'" FLOW "','actions':[]}},{'type':'call','option':"
		"{'destinations':['tel:112'],'actions':[{'type':'sing'}]}},"
		"{'type':'call','option':{'destinations':['fax:1'],'flow_id':"
		"'" FLOW "'}}]");

	(void)state;
	assert_non_null(strstr(faults, "/actions/0/option must have either"));
	assert_non_null(strstr(faults, "/actions/1/option must have either"));
	assert_non_null(strstr(faults, "/actions/2/option/actions/0/type is "
				       "not a type of action"));
	assert_non_null(strstr(faults, "/actions/3/option/destinations/0 "));
	g_free(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stored_flow),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_what_breaks),
		cmocka_unit_test(test_refused_when_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
