/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom a URI names, which URIs are turned down, and what failures mean */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "sip/outcome.h"
#include "sip/target.h"

static void test_taken(void **state)
{
	static const struct {
		const char *text, *uri, *host;
	} good[] = {
		{"sip:bob@example.com", "sip:bob@example.com", "example.com"},
		{"SIP:bob@example.com:5070", "sip:bob@example.com:5070",
		 "example.com:5070"},
		{"bob@example.com", "sip:bob@example.com", "example.com"},
		{"sip:example.com", "sip:example.com", "example.com"},
		{"sip:+45%2320@192.0.2.1;transport=tcp",
		 "sip:+45%2320@192.0.2.1;transport=tcp", "192.0.2.1"},
		{"sip:*21#@192.0.2.1;user=phone;x-a",
		 "sip:*21%23@192.0.2.1;user=phone;x-a", "192.0.2.1"},
		{"sip:b@[2001:db8::1]:5062", "sip:b@[2001:db8::1]:5062",
		 "[2001:db8::1]:5062"},
		{"sip:b@[::1]", "sip:b@[::1]", "[::1]"},
	};
	struct sipx_target target;
	char out[SIPX_URI_SIZE];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); ++i) {
		assert_int_equal(sipx_target_parse(&target, good[i].text), 0);
		sipx_target_uri(out, sizeof(out), &target);
		assert_string_equal(out, good[i].uri);
		sipx_target_host(out, sizeof(out), &target);
		assert_string_equal(out, good[i].host);
	}
}

static void test_turned_down(void **state)
{
	static const char *const bad[] = {
		"",
		"sip:",
		"sip:@example.com",
		"sip:bob@",
		"sips:bob@example.com",
		"tel:+45",
		"sip:bob:secret@example.com",
		"sip:bob@example.com?Route=x",
		"sip:bob@example.com;maddr=10.0.0.1",
		"sip:bob@example.com;Method=BYE",
		"sip:bob@example.com;lr",
		"sip:bob@example.com;ttl=1",
		"sip:bob@example.com;transport=tls",
		"sip:bob@example.com;transport=",
		"sip:bob@example.com;;",
		"sip:bob@example.com;=x",
		"sip:bob@example.com;a=b=c",
		"sip:bob@example.com;a=\"b\"",
		"sip:bob@example.com:0",
		"sip:bob@example.com:65536",
		"sip:bob@example.com:x",
		"sip:bob@example.com:5060:1",
		"sip:bob@exa mple.com",
		"sip:bob@example.com\r\nVia: x",
		"sip:bo\r\nb@example.com",
		"sip:bob>@example.com",
		"sip:bob@[::1",
		"sip:bob@[1.2.3.4]",
		"sip:bob@[::1]x",
		"sip:bob@-x-",
		"sip:a@b@c",
		"sip:b\xc3\xb8@example.com",
		"sip:%zz@example.com",
		"sip:b@%65xample.com",
	};
	struct sipx_target target;
	char text[4096];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); ++i)
		assert_int_equal(sipx_target_parse(&target, bad[i]), EINVAL);

	memset(text, '#', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 300, "@example.com", 13);
	assert_int_equal(sipx_target_parse(&target, text), EINVAL);
	memset(text, 'a', sizeof(text) - 1);
	memcpy(text, "bob@", 4);
	assert_int_equal(sipx_target_parse(&target, text), EINVAL);
	memcpy(text, "bob@a.test;", 11);
	assert_int_equal(sipx_target_parse(&target, text), EINVAL);
}

static void test_users(void **state)
{
	char out[SIPX_ESCAPED_SIZE];

	assert_int_equal(sipx_target_user(out, sizeof(out), "bob"), 0);
	assert_string_equal(out, "bob");
	assert_int_equal(sipx_target_user(out, sizeof(out), "sip:+45@x;y"), 0);
	assert_string_equal(out, "+45");
	assert_int_equal(sipx_target_user(out, sizeof(out), "sip:@x"), EINVAL);
	assert_int_equal(sipx_target_user(out, sizeof(out), "a b"), EINVAL);

	sipx_user_write(out, sizeof(out), "a b@c\r\n\"#\xc3\xb8");
	assert_string_equal(out, "a%20b%40c%0D%0A%22%23%C3%B8");
	sipx_user_write(out, 8, "aaaaaaaaaaaa");
	assert_string_equal(out, "aaaa");
}

static void test_ourselves(void **state)
{
	struct sipx_target target;

	assert_int_equal(sipx_target_parse(&target, "sip:x@127.0.0.1"), 0);
	assert_true(sipx_target_is(&target, "127.0.0.1", 5060));
	assert_false(sipx_target_is(&target, "127.0.0.1", 5061));
	assert_false(sipx_target_is(&target, "127.0.0.2", 5060));
	assert_int_equal(
		sipx_target_parse(&target, "sip:x@[::ffff:127.0.0.1]:70"), 0);
	assert_true(sipx_target_is(&target, "127.0.0.1", 70));
	assert_int_equal(sipx_target_parse(&target, "sip:x@[0:0::1]:70"), 0);
	assert_true(sipx_target_is(&target, "::1", 70));
	assert_int_equal(sipx_target_parse(&target, "x@SIP.test:70"), 0);
	assert_true(sipx_target_is(&target, "sip.test", 70));
	assert_false(sipx_target_is(&target, "127.0.0.1", 70));
}

static void test_outcomes(void **state)
{
	int code;

	for (code = -1; code < 1000; ++code)
		assert_in_range(sipx_outcome(code), HANGUP_NORMAL,
				HANGUP_FAILED);
	assert_int_equal(sipx_outcome(486), HANGUP_BUSY);
	assert_int_equal(sipx_outcome(480), HANGUP_NOANSWER);
	assert_int_equal(sipx_outcome(603), HANGUP_REJECTED);
	assert_int_equal(sipx_outcome(404), HANGUP_FAILED);
	assert_int_equal(sipx_outcome(500), HANGUP_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_turned_down),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_ourselves),
		cmocka_unit_test(test_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
