/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How calls go to a trunk: its hosts, and numbers as it wants them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/obj.h"
#include "directory/directory.h"

#define ACC "01900000-0000-7000-8000-000000000001"
#define TRUNK "01900000-0000-7000-8000-000000000009"

static const struct {
	const char *number, *country, *want;
	enum dir_format format;
} written[] = {
	{"+4520123456", "DK", "+4520123456", DIR_E164},
	{"+4520123456", "DK", "4520123456", DIR_PLAIN},
	{"+4520123456", "DK", "20123456", DIR_NATIONAL},
	{"+493012345678", "DE", "03012345678", DIR_NATIONAL},
	{"+4520123456", "DE", "004520123456", DIR_NATIONAL},
	{"+4520123456", "US", "0114520123456", DIR_NATIONAL},
	{"+4520123456", NULL, "004520123456", DIR_NATIONAL},
	{"112", "DK", "112", DIR_NATIONAL},
	{"112", "DK", "112", DIR_PLAIN},
	{"bob", "DK", "bob", DIR_PLAIN},
	{"", "DK", "", DIR_NATIONAL},
};

static void test_numbers_as_a_trunk_wants_them(void **state)
{
	char out[64], small[8];
	size_t i;

	for (i = 0; i < sizeof(written) / sizeof(written[0]); ++i) {
		directory_write_number(out, sizeof(out), written[i].number,
				       written[i].format, written[i].country);
		assert_string_equal(out, written[i].want);
	}
	directory_write_number(small, sizeof(small), "+4520123456", DIR_PLAIN,
			       "DK");
	assert_string_equal(small, "4520123");
}

static void test_hosts_in_the_order_of_priority(void **state)
{
	const struct dir_trunk *trunk;
	struct directory *dir = NULL;
	json_t *doc = json_loads(
		"{\"id\":\"" TRUNK "\",\"account_id\":\"" ACC "\","
		"\"name\":\"t\",\"username\":\"u\",\"hosts\":["
		"{\"host\":\"b.test\",\"port\":5070,\"priority\":2},"
		"{\"host\":\"a.test\",\"transport\":\"tcp\",\"priority\":1,"
		"\"weight\":7},"
		"{\"host\":\"c.test\",\"priority\":2},"
		"{\"host\":\"\"}],"
		"\"caller_id_policy\":{\"mode\":\"trunk\",\"header\":\"from\"},"
		"\"caller_ids\":[\"+4570112233\"],\"number_format_out\":"
		"\"national\"}",
		0, NULL);

	assert_non_null(doc);
	assert_int_equal(directory_alloc(&dir), 0);
	directory_apply(dir, DIR_TRUNK, doc);
	json_decref(doc);
	trunk = directory_trunk(dir, TRUNK);
	assert_non_null(trunk);
	assert_int_equal(trunk->nhosts, 3);
	assert_string_equal(trunk->hosts[0].host, "a.test");
	assert_int_equal(trunk->hosts[0].transport, DIR_TCP);
	assert_int_equal(trunk->hosts[0].weight, 7);
	assert_int_equal(trunk->hosts[0].port, 0);
	assert_string_equal(trunk->hosts[1].host, "b.test");
	assert_int_equal(trunk->hosts[1].port, 5070);
	assert_int_equal(trunk->hosts[1].weight, 1);
	assert_string_equal(trunk->hosts[2].host, "c.test");
	assert_int_equal(trunk->caller, DIR_CALLER_TRUNK);
	assert_false(trunk->asserts);
	assert_string_equal(trunk->caller_ids[0], "+4570112233");
	assert_string_equal(trunk->username, "u");
	assert_null(trunk->realm);
	assert_int_equal(trunk->format_out, DIR_NATIONAL);
	obj_unref(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_as_a_trunk_wants_them),
		cmocka_unit_test(test_hosts_in_the_order_of_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
