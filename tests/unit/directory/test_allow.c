/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/obj.h"
#include "directory/directory.h"

#define ACC "01890000-0000-7000-8000-000000000001"
#define TRUNK "01890000-0000-7000-8000-000000000002"

static void check_may_call(const char *account, const char *number,
			   bool expected)
{
	struct directory *dir = NULL;
	json_t *doc = json_loads(account, 0, NULL);

	assert_non_null(doc);
	json_object_set_new(doc, "id", json_string(ACC));
	assert_int_equal(directory_alloc(&dir), 0);
	directory_apply(dir, DIR_ACCOUNT, doc);
	assert_int_equal(
		directory_may_call(directory_account(dir, ACC), number),
		expected);
	obj_unref(dir);
	json_decref(doc);
}

static void test_what_may_be_called(void **state)
{
	static const char free_one[] = "{}";
	static const char danish[] = "{\"country\":\"DK\","
				     "\"emergency_numbers\":[\"112\"]}";
	static const char listed[] =
		"{\"country\":\"DK\",\"emergency_numbers\":[\"112\"],"
		"\"allowed_destinations\":[\"+46\",\"+4520\"]}";
	static const char unknown[] = "{\"country\":\"ZZ\"}";

	check_may_call(free_one, "+8821612345678", true);
	check_may_call(danish, "+4520123456", true);
	check_may_call(danish, "+8821612345678", false);
	check_may_call(danish, "1813", true);
	check_may_call(listed, "+46701234567", true);
	check_may_call(listed, "+4520123456", true);
	check_may_call(listed, "+4530123456", false);
	check_may_call(listed, "1813", false);
	check_may_call(listed, "112", true);
	check_may_call(unknown, "+4520123456", false);
	check_may_call(unknown, "1813", true);
}

static void check_may_call_uri(const char *account, const char *trunk,
			       const char *uri, bool expected)
{
	struct directory *dir = NULL;
	json_t *doc = json_loads(account, 0, NULL);
	json_t *by = trunk ? json_loads(trunk, 0, NULL) : NULL;

	assert_non_null(doc);
	json_object_set_new(doc, "id", json_string(ACC));
	assert_int_equal(directory_alloc(&dir), 0);
	directory_apply(dir, DIR_ACCOUNT, doc);
	if (by) {
		json_object_set_new(by, "id", json_string(TRUNK));
		json_object_set_new(by, "account_id", json_string(ACC));
		directory_apply(dir, DIR_TRUNK, by);
	}
	assert_int_equal(directory_may_call_uri(directory_account(dir, ACC),
						uri,
						directory_trunk(dir, TRUNK)),
			 expected);
	obj_unref(dir);
	json_decref(by);
	json_decref(doc);
}

/* A SIP address is no way around the list */
static void test_what_uris_may_be_called(void **state)
{
	static const char danish[] = "{\"country\":\"DK\"}";
	static const char e164[] = "{\"country\":\"DK\"}";
	static const char national[] =
		"{\"country\":\"DK\",\"number_format_out\":\"national\"}";
	static const char plain[] = "{\"number_format_out\":\"plain\"}";

	check_may_call_uri(danish, e164, "sip:+4520123456@x.test", true);
	check_may_call_uri(danish, e164, "sip:+8821612345678@x.test", false);
	check_may_call_uri(danish, e164, "sip:%2B88216%312345678@x.test",
			   false);
	check_may_call_uri(danish, e164, "sip:+882-16.1234(5678)@x.test",
			   false);
	check_may_call_uri(danish, e164, "sip:008821612345678@x.test", false);
	check_may_call_uri(danish, e164, "sip:008821612345678", false);
	check_may_call_uri(danish, e164,
			   "sip:00882161234567800000000000000@x.test", false);
	check_may_call_uri(danish, e164, "sip:8821612345678@x.test", false);
	check_may_call_uri(danish, e164, "sip:alice@x.test", true);
	check_may_call_uri(danish, e164, "sip:1001@x.test", true);
	check_may_call_uri(danish, plain, "sip:4520123456@x.test", true);
	check_may_call_uri(danish, plain, "sip:8821612345678@x.test", false);
	check_may_call_uri(danish, national, "sip:20123456@x.test", true);
	check_may_call_uri("{}", e164, "sip:8821612345678@x.test", true);

	check_may_call_uri(danish, NULL, "sip:+8821612345678@x.test", false);
	check_may_call_uri(danish, NULL, "sip:008821612345678@x.test", false);
	check_may_call_uri(danish, NULL, "sip:+4520123456@x.test", true);
	check_may_call_uri(danish, NULL, "sip:20123456@x.test", true);
	check_may_call_uri(danish, NULL, "sip:alice7654321@x.test", true);
	check_may_call_uri(danish, NULL, "sip:203.0.113.255", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_called),
		cmocka_unit_test(test_what_uris_may_be_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
