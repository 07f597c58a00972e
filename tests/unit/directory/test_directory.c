/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What finds a trunk, a number, a flow; what keeps a resource in use */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/cidr.h"
#include "directory/directory.h"

/* ids by number: the last digits */
#define ID(n) "01900000-0000-7000-8000-0000000000" #n
#define ACC ID(01)
#define OTHER ID(02)

static struct directory *dir;

static int setup(void **state)
{
	return directory_alloc(&dir);
}

static int teardown(void **state)
{
	dir = obj_unref(dir);

	return 0;
}

static void apply(enum dir_kind kind, json_t *doc)
{
	directory_apply(dir, kind, doc);
	json_decref(doc);
}

static void put_account(const char *id, const char *country)
{
	apply(DIR_ACCOUNT, json_pack("{s:s, s:s, s:s, s:i, s:s?}", "id", id,
				     "name", "n", "status", "active",
				     "max_calls", 7, "country", country));
}

static void test_the_first_account_is_the_platforms(void **state)
{
	assert_null(directory_first_account(dir));
	put_account(ID(07), "DK");
	put_account(ACC, "DK");
	put_account(OTHER, "DK");
	assert_string_equal(directory_first_account(dir)->id, ACC);
}

static void put_number(const char *id, const char *account, const char *name,
		       const char *value)
{
	apply(DIR_NUMBER,
	      json_pack("{s:s, s:s, s:s, s:s}", "id", id, "account_id", account,
			"flow_id", ID(50), name, value));
}

static void put_trunk(const char *id, json_t *sources)
{
	apply(DIR_TRUNK,
	      json_pack("{s:s, s:s, s:s, s:o}", "id", id, "account_id", ACC,
			"name", "t", "allowed_ips", sources));
}

/** Ids that may call from there, by their last two characters: "11 12" */
static void expect_source(const char *address, const char *want)
{
	const struct dir_trunk *found[8];
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
	const struct sockaddr *sa = (struct sockaddr *)&sin;
	char got[64] = "";
	size_t n, i;

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1) {
		assert_int_equal(inet_pton(AF_INET6, address, &sin6.sin6_addr),
				 1);
		sa = (struct sockaddr *)&sin6;
	}
	n = directory_trunks_by_source(dir, sa, found, 8);
	for (i = 0; i < n; ++i)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
			 i ? " " : "", found[i]->id + 34);
	assert_string_equal(got, want);
}

static void test_longest_source_first(void **state)
{
	put_trunk(ID(11), json_pack("[s]", "192.0.2.0/24"));
	put_trunk(ID(12), json_pack("[s, s]", "192.0.2.7", "10.0.0.0/8"));
	put_trunk(ID(13), json_pack("[s]", "0.0.0.0/0"));
	put_trunk(ID(14), json_pack("[s]", "2001:db8::/32"));

	expect_source("192.0.2.7", "12 11 13");
	expect_source("192.0.2.8", "11 13");
	expect_source("10.9.8.7", "12 13");
	expect_source("198.51.100.1", "13");
	expect_source("2001:db8::5", "14");
	expect_source("2001:db9::5", "");
	/* IPv4 in IPv6, as a dual-stack socket sees it */
	expect_source("::ffff:192.0.2.8", "11 13");
}

static void test_one_trunk_is_named_once(void **state)
{
	put_trunk(ID(11), json_pack("[s, s, s]", "192.0.2.0/24", "192.0.2.7",
				    "192.0.2.7/32"));
	expect_source("192.0.2.7", "11");
}

static void test_hosts_that_are_addresses_are_sources(void **state)
{
	apply(DIR_TRUNK,
	      json_pack("{s:s, s:s, s:[{s:s}, {s:s}, {s:s}]}", "id", ID(11),
			"account_id", ACC, "hosts", "host", "192.0.2.1", "host",
			"sip.example.com", "host", "[2001:db8::1]"));
	expect_source("192.0.2.1", "11");
	expect_source("192.0.2.2", "");
	expect_source("2001:db8::1", "11");
}

static void test_a_changed_trunk_forgets_its_sources(void **state)
{
	const struct dir_trunk *old;

	put_trunk(ID(11), json_pack("[s]", "192.0.2.0/24"));
	old = obj_ref((void *)directory_trunk(dir, ID(11)));
	put_trunk(ID(11), json_pack("[s]", "198.51.100.0/24"));
	expect_source("192.0.2.1", "");
	expect_source("198.51.100.1", "11");

	/* a call keeps the version it came with */
	assert_int_equal(old->allowed[0].addr[0], 192);
	obj_unref((void *)old);

	directory_remove(dir, DIR_TRUNK, ID(11));
	directory_remove(dir, DIR_TRUNK, ID(11));
	expect_source("198.51.100.1", "");
	assert_null(directory_trunk(dir, ID(11)));
}

static void test_trunk_members(void **state)
{
	const struct dir_trunk *trunk;

	apply(DIR_TRUNK,
	      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[s, s], s:i, s:i}",
			"id", ID(11), "account_id", ACC, "dtmf", "info",
			"did_from", "p_called_party_id", "number_format_in",
			"national", "country", "SE", "codecs", "opus", "PCMU",
			"max_calls", 3, "max_cps", 2));
	trunk = directory_trunk(dir, ID(11));
	assert_non_null(trunk);
	assert_int_equal(trunk->dtmf, DIR_DTMF_INFO);
	assert_int_equal(trunk->did_from, DIR_DID_PCPID);
	assert_int_equal(trunk->format_in, DIR_NATIONAL);
	assert_string_equal(trunk->country, "SE");
	assert_string_equal(trunk->codecs[0], "opus");
	assert_string_equal(trunk->codecs[1], "PCMU");
	assert_null(trunk->codecs[2]);
	assert_int_equal(trunk->max_calls, 3);
	assert_int_equal(trunk->max_cps, 2);
}

static void test_trunk_has_the_country_of_its_account(void **state)
{
	put_account(ACC, "DK");
	put_trunk(ID(11), json_array());
	assert_string_equal(directory_trunk(dir, ID(11))->country, "DK");
	put_account(ACC, "NO");
	assert_string_equal(directory_trunk(dir, ID(11))->country, "NO");
	put_account(ACC, NULL);
	assert_null(directory_trunk(dir, ID(11))->country);
	assert_null(directory_trunk(dir, ID(11))->codecs);
}

static void expect_number(const char *destination, const char *account,
			  const char *want)
{
	const struct dir_number *number =
		directory_number(dir, destination, account);

	if (!want)
		assert_null(number);
	else
		assert_string_equal(number ? number->id : "none", want);
}

static void test_exact_before_pattern_longer_before_shorter(void **state)
{
	put_number(ID(21), ACC, "number", "+4520123456");
	put_number(ID(22), ACC, "pattern", "+45*");
	put_number(ID(23), OTHER, "pattern", "+4520*");
	put_number(ID(24), ACC, "number", "demo");

	expect_number("+4520123456", NULL, ID(21));
	expect_number("+4520123457", NULL, ID(23));
	expect_number("+4531000000", NULL, ID(22));
	expect_number("+46", NULL, NULL);
	expect_number("demo", NULL, ID(24));
	expect_number("", NULL, NULL);

	/* one account's: another's longer pattern does not count */
	expect_number("+4520123457", ACC, ID(22));
	expect_number("+4520123456", OTHER, ID(23));
	expect_number("demo", OTHER, NULL);

	put_number(ID(25), OTHER, "pattern", "*");
	expect_number("anything", NULL, ID(25));
	expect_number("", NULL, ID(25));
}

static void test_long_destinations_do_no_harm(void **state)
{
	char text[5000];

	memset(text, '7', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	put_number(ID(22), ACC, "pattern", "777*");
	expect_number(text, NULL, ID(22));
}

static void test_pending_numbers_wait(void **state)
{
	apply(DIR_NUMBER,
	      json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", ID(21), "account_id",
			ACC, "flow_id", ID(50), "number", "+4520123456",
			"status", "pending"));
	expect_number("+4520123456", NULL, NULL);
	put_number(ID(21), ACC, "number", "+4520123456");
	expect_number("+4520123456", NULL, ID(21));
	directory_remove(dir, DIR_NUMBER, ID(21));
	expect_number("+4520123456", NULL, NULL);
}

static void put_flow(const char *id, const char *action)
{
	apply(DIR_FLOW,
	      json_pack("{s:s, s:s, s:[{s:s}]}", "id", id, "account_id", ACC,
			"actions", "type", action));
}

static void test_a_flow_that_is_wrong_leaves_the_old(void **state)
{
	const struct dir_flow *flow;

	put_flow(ID(50), "answer");
	flow = directory_flow(dir, ID(50));
	assert_non_null(flow);
	put_flow(ID(50), "dance");
	assert_ptr_equal(directory_flow(dir, ID(50)), flow);
	put_flow(ID(50), "echo");
	assert_ptr_not_equal(directory_flow(dir, ID(50)), flow);
	assert_null(directory_flow(dir, ID(51)));
	assert_null(directory_flow(dir, NULL));
}

static void test_what_is_in_use(void **state)
{
	char why[100] = "";

	put_account(ACC, "DK");
	assert_int_equal(
		directory_in_use(dir, DIR_ACCOUNT, ACC, why, sizeof(why)), 0);
	put_flow(ID(50), "answer");
	assert_int_equal(
		directory_in_use(dir, DIR_FLOW, ID(50), why, sizeof(why)), 0);
	assert_int_equal(
		directory_in_use(dir, DIR_ACCOUNT, ACC, why, sizeof(why)),
		EBUSY);
	assert_string_equal(why, "flow " ID(50));

	put_number(ID(21), ACC, "pattern", "+45*");
	assert_int_equal(
		directory_in_use(dir, DIR_FLOW, ID(50), why, sizeof(why)),
		EBUSY);
	assert_string_equal(why, "number " ID(21) " (+45*)");
	assert_int_equal(
		directory_in_use(dir, DIR_NUMBER, ID(21), why, sizeof(why)), 0);
}

static void test_accounts(void **state)
{
	const struct dir_account *account;

	put_account(ACC, "DK");
	account = directory_account(dir, ACC);
	assert_non_null(account);
	assert_string_equal(account->country, "DK");
	assert_int_equal(account->max_calls, 7);
	assert_int_equal(account->max_cps, 0);
	assert_false(account->suspended);
	apply(DIR_ACCOUNT,
	      json_pack("{s:s, s:s}", "id", ACC, "status", "suspended"));
	assert_true(directory_account(dir, ACC)->suspended);
}

static void check_may_call(const char *account, const char *number,
			   bool expected)
{
	json_t *doc = json_loads(account, 0, NULL);

	assert_non_null(doc);
	json_object_set_new(doc, "id", json_string(ACC));
	apply(DIR_ACCOUNT, doc);
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

static void test_documents_without_an_id_are_left_out(void **state)
{
	unsigned kind;

	for (kind = 0; kind < DIR_NKINDS; ++kind) {
		apply(kind, json_object());
		apply(kind, json_pack("{s:s}", "id", "x"));
		apply(kind, json_pack("{s:i}", "id", 5));
		apply(kind, json_array());
	}
	assert_null(directory_account(dir, "x"));
}

static void test_source_is_taken(void **state)
{
	struct dir_cidr net;

	put_trunk(ID(11), json_pack("[s]", "192.0.2.0/25"));
	assert_int_equal(dir_cidr_parse(&net, "192.0.2.0/24"), 0);
	assert_true(directory_source_is_taken(dir, &net, OTHER));
	assert_false(directory_source_is_taken(dir, &net, ACC));
	assert_int_equal(dir_cidr_parse(&net, "192.0.2.128/25"), 0);
	assert_false(directory_source_is_taken(dir, &net, OTHER));
}

static void test_cidr_text(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"192.0.2.0/33",
		"192.0.2/24",
		"192.0.2.0/-1",
		"::1/129",
		"192.0.2.0/",
		"[",
		"[]",
	};
	struct dir_cidr net;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
		assert_int_equal(dir_cidr_parse(&net, bad[i]), EINVAL);
	assert_int_equal(dir_cidr_parse(&net, "192.0.2.77/24"), 0);
	assert_int_equal(net.addr[3], 0);
	assert_int_equal(dir_cidr_parse(&net, "::ffff:192.0.2.0/120"), 0);
	assert_int_equal(net.family, AF_INET);
	assert_int_equal(net.bits, 24);
}

struct normal {
	const char *raw, *country, *want;
	enum dir_format format;
};

static const struct normal normals[] = {
	{"+4520123456", NULL, "+4520123456", DIR_E164},
	{"+45 20-12.34 (56)", NULL, "+4520123456", DIR_E164},
	{"004520123456", "DK", "+4520123456", DIR_E164},
	{"20123456", "DK", "20123456", DIR_E164},
	{"4520123456", "DK", "+4520123456", DIR_PLAIN},
	{"004520123456", "DK", "+4520123456", DIR_PLAIN},
	{"20123456", "DK", "+4520123456", DIR_NATIONAL},
	{"0046812345678", "DK", "+46812345678", DIR_NATIONAL},
	{"081234567", "SE", "+4681234567", DIR_NATIONAL},
	{"0061234567", "HU", "+61234567", DIR_NATIONAL},
	{"0612345678", "HU", "+3612345678", DIR_NATIONAL},
	{"2125551234", "US", "+12125551234", DIR_NATIONAL},
	{"12125551234", "US", "+12125551234", DIR_NATIONAL},
	{"0114520123456", "US", "+4520123456", DIR_NATIONAL},
	{"0612345678", "IT", "+390612345678", DIR_NATIONAL},
	{"84951234567", "RU", "+74951234567", DIR_NATIONAL},
	{"20123456", NULL, "20123456", DIR_NATIONAL},
	{"20123456", "XX", "20123456", DIR_NATIONAL},
	{"112", "DK", "112", DIR_NATIONAL},
	{"118118", "GB", "118118", DIR_PLAIN},
	{"demo", "DK", "demo", DIR_NATIONAL},
	{"bob.smith", "DK", "bob.smith", DIR_PLAIN},
	{"+", "DK", "+", DIR_E164},
	{"+1234567890123456", "DK", "+1234567890123456", DIR_E164},
	{"+45;phone-context=x", "DK", "+45;phone-context=x", DIR_E164},
	{"+4520123456;phone-context=x", "DK", "+4520123456", DIR_E164},
	{"", "DK", "", DIR_NATIONAL},
};

static void test_normalise(void **state)
{
	char out[64];
	size_t i;

	for (i = 0; i < sizeof(normals) / sizeof(normals[0]); ++i) {
		directory_normalise(out, sizeof(out), normals[i].raw,
				    normals[i].format, normals[i].country);
		assert_string_equal(out, normals[i].want);
	}
}

static void test_normalise_fits(void **state)
{
	char out[8], text[2000];

	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	directory_normalise(out, sizeof(out), text, DIR_PLAIN, "DK");
	assert_int_equal(strlen(out), 7);
	directory_normalise(out, sizeof(out), "+4520123456", DIR_PLAIN, "DK");
	assert_int_equal(strlen(out), 7);
}

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
	json_t *doc = json_loads(
		"{\"id\":\"" ID(
			09) "\",\"account_id\":\"" ACC "\","
			    "\"name\":\"t\",\"username\":\"u\",\"hosts\":["
			    "{\"host\":\"b.test\",\"port\":5070,\"priority\":2}"
			    ","
			    "{\"host\":\"a.test\",\"transport\":\"tcp\","
			    "\"priority\":1,"
			    "\"weight\":7},"
			    "{\"host\":\"c.test\",\"priority\":2},"
			    "{\"host\":\"\"}],"
			    "\"caller_id_policy\":{\"mode\":\"trunk\","
			    "\"header\":\"from\"},"
			    "\"caller_ids\":[\"+4570112233\"],\"number_format_"
			    "out\":"
			    "\"national\"}",
		0, NULL);

	assert_non_null(doc);
	apply(DIR_TRUNK, doc);
	trunk = directory_trunk(dir, ID(09));
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
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_first_account_is_the_platforms),
		TEST(test_longest_source_first),
		TEST(test_one_trunk_is_named_once),
		TEST(test_hosts_that_are_addresses_are_sources),
		TEST(test_a_changed_trunk_forgets_its_sources),
		TEST(test_trunk_members),
		TEST(test_trunk_has_the_country_of_its_account),
		TEST(test_exact_before_pattern_longer_before_shorter),
		TEST(test_long_destinations_do_no_harm),
		TEST(test_pending_numbers_wait),
		TEST(test_a_flow_that_is_wrong_leaves_the_old),
		TEST(test_what_is_in_use),
		TEST(test_accounts),
		TEST(test_what_may_be_called),
		TEST(test_documents_without_an_id_are_left_out),
		TEST(test_source_is_taken),
		TEST(test_cidr_text),
		TEST(test_normalise),
		TEST(test_normalise_fits),
		TEST(test_numbers_as_a_trunk_wants_them),
		TEST(test_hosts_in_the_order_of_priority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
