/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/obj.h"
#include "directory/directory.h"

#define ACC "01890000-0000-7000-8000-000000000001"

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

static void check_uri(const char *account, const char *uri, bool by_trunk,
		      bool expected)
{
	static char country[] = "DK";
	const struct dir_trunk trunk = {.country = country};
	struct directory *dir = NULL;
	json_t *doc = json_loads(account, 0, NULL);

	assert_non_null(doc);
	json_object_set_new(doc, "id", json_string(ACC));
	assert_int_equal(directory_alloc(&dir), 0);
	directory_apply(dir, DIR_ACCOUNT, doc);
	assert_int_equal(directory_may_call_uri(directory_account(dir, ACC),
						uri, by_trunk ? &trunk : NULL),
			 expected);
	json_decref(doc);
	obj_unref(dir);
}

/* A number is one in a SIP address, too */
static void test_what_uris_may_be_called(void **state)
{
	static const char free_one[] = "{}";
	static const char danish[] = "{\"country\":\"DK\"}";
	static const char swedish[] = "{\"country\":\"DK\","
				      "\"allowed_destinations\":[\"+46\"]}";

	check_uri(free_one, "sip:+8821612345678@a.test", true, true);
	check_uri(danish, "sip:bob@a.test", true, true);
	check_uri(danish, "sip:a.test", true, true);
	check_uri(danish, "sip:+4520123456@a.test", true, true);
	check_uri(danish, "sip:20123456@a.test", true, true);
	check_uri(danish, "sip:+8821612345678@a.test", true, false);
	check_uri(danish, "sip:+8821612345678@a.test", false, false);
	check_uri(danish, "sip:%2b882-1612345678@a.test", true, false);
	check_uri(danish, "sip:+8821612345678,1@a.test", true, false);
	check_uri(danish, "sip:008821612345678@a.test", true, false);
	check_uri(danish, "sip:99*008821612345678@a.test", true, false);
	check_uri(swedish, "sip:1001@pbx.test", false, true);
	check_uri(swedish, "sip:1001@pbx.test", true, false);
	check_uri(swedish, "sip:20123456@a.test", true, false);
	check_uri(swedish, "sip:0046701234567@a.test", true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_may_be_called),
		cmocka_unit_test(test_what_uris_may_be_called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
