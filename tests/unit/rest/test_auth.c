/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scopes, tokens, and the budget of failures */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "common/clock.h"
#include "rest/auth.h"
#include "rest/limit.h"

static bool allows(const char *scopes, const char *scope)
{
	json_t *list = rest_scopes_parse(scopes);
	const bool ok = rest_scope_allows(list, scope);

	json_decref(list);

	return ok;
}

static void test_scopes(void **state)
{
	assert_true(allows("flows:read", "flows:read"));
	assert_false(allows("flows:read", "flows:write"));
	assert_false(allows("flows:readx", "flows:read"));
	assert_false(allows("", "flows:read"));
	assert_true(allows("", ""));
	assert_true(allows("admin", "flows:write"));
	assert_true(allows("admin", "admin"));
	assert_false(allows("admin", "platform"));
	assert_false(allows("flows:read", "admin"));
	assert_true(allows("platform", "platform"));
	assert_true(allows("platform", "admin"));
	assert_true(allows("platform", "metrics"));
}

static void test_stored_forms(void **state)
{
	assert_true(allows("[\"a\",\"b\"]", "b"));
	assert_true(allows("a b", "b"));
	assert_true(allows("  a   b ", "b"));
	assert_false(allows("[\"a\"", "a"));
	assert_false(allows("[1,null,{}]", "a"));
	assert_false(allows(NULL, "a"));
}

static void test_bearer(void **state)
{
	char token[300];

	assert_string_equal(rest_bearer_token("Bearer bfk_x"), "bfk_x");
	assert_string_equal(rest_bearer_token("bearer  x-._~+/="), "x-._~+/=");
	assert_null(rest_bearer_token(NULL));
	assert_null(rest_bearer_token(""));
	assert_null(rest_bearer_token("Bearer"));
	assert_null(rest_bearer_token("Bearer "));
	assert_null(rest_bearer_token("Basic bfk_x"));
	assert_null(rest_bearer_token("Bearer a b"));
	assert_null(rest_bearer_token("Bearer a\x80"));
	memset(token, 'a', sizeof(token));
	memcpy(token, "Bearer ", 7);
	token[299] = '\0';
	assert_null(rest_bearer_token(token));
}

static struct sockaddr_in6 address(const char *text)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6};

	if (!strchr(text, ':')) {
		struct sockaddr_in *in = (void *)&a;

		in->sin_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
	}

	return a;
}

static bool loopback(const char *text)
{
	const struct sockaddr_in6 a = address(text);

	return rest_is_loopback((const void *)&a);
}

static void test_loopback(void **state)
{
	assert_true(loopback("127.0.0.1"));
	assert_true(loopback("127.9.9.9"));
	assert_true(loopback("::1"));
	assert_true(loopback("::ffff:127.0.0.1"));
	assert_false(loopback("128.0.0.1"));
	assert_false(loopback("::ffff:10.0.0.1"));
	assert_false(loopback("::2"));
	assert_false(rest_is_loopback(NULL));
}

static unsigned miss(struct rest_limit *limit, const char *text)
{
	const struct sockaddr_in6 a = address(text);

	return rest_limit_fail(limit, (const void *)&a);
}

static void test_limit(void **state)
{
	struct rest_limit *limit;
	struct clock_fake clk;
	unsigned i;

	clock_fake_init(&clk, 0);
	limit = rest_limit_new(6, &clk.clock);
	for (i = 0; i < 6; ++i)
		assert_int_equal(miss(limit, "192.0.2.1"), 0);
	assert_int_equal(miss(limit, "192.0.2.1"), 10);
	assert_int_equal(miss(limit, "192.0.2.2"), 0);

	clock_fake_advance_ms(&clk, 9999);
	assert_int_equal(miss(limit, "192.0.2.1"), 1);
	clock_fake_advance_ms(&clk, 1);
	assert_int_equal(miss(limit, "192.0.2.1"), 0);
	assert_true(miss(limit, "192.0.2.1") > 0);

	clock_fake_advance_ms(&clk, 3600 * 1000);
	for (i = 0; i < 6; ++i)
		assert_int_equal(miss(limit, "192.0.2.1"), 0);
	assert_true(miss(limit, "192.0.2.1") > 0);
	rest_limit_free(limit);
}

/* Who has one IPv6 address has 2^64 */
static void test_limit_by_network(void **state)
{
	struct rest_limit *limit;
	struct clock_fake clk;

	clock_fake_init(&clk, 0);
	limit = rest_limit_new(2, &clk.clock);
	assert_int_equal(miss(limit, "2001:db8::1"), 0);
	assert_int_equal(miss(limit, "2001:db8::2"), 0);
	assert_true(miss(limit, "2001:db8::3") > 0);
	assert_int_equal(miss(limit, "2001:db8:0:1::1"), 0);
	assert_int_equal(rest_limit_fail(limit, NULL), 0);
	rest_limit_free(limit);
}

/* More sources than places: nobody is refused without reason, memory stays */
static void test_limit_of_many(void **state)
{
	struct rest_limit *limit;
	struct clock_fake clk;
	unsigned i;

	clock_fake_init(&clk, 0);
	limit = rest_limit_new(1, &clk.clock);
	for (i = 0; i < 20000; ++i) {
		struct sockaddr_in a = {.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(i)};

		assert_int_equal(rest_limit_fail(limit, (const void *)&a), 0);
		clock_fake_advance_ms(&clk, 1);
	}
	rest_limit_free(limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_stored_forms),
		cmocka_unit_test(test_bearer),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_limit_by_network),
		cmocka_unit_test(test_limit_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
