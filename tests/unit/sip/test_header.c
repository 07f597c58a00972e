/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sip/header.h"
#include "sip/multipart.h"

static const char *clean(const char *text)
{
	static char out[64];

	sipx_clean(out, sizeof(out), text, strlen(text));

	return out;
}

static void test_clean_keeps_text(void **state)
{
	assert_string_equal(clean("Søren <x>"), "Søren <x>");
	assert_string_equal(clean("\xe2\x82\xac"), "\xe2\x82\xac");
	assert_string_equal(clean("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
	assert_string_equal(clean(""), "");
}

static void test_clean_breaks_injection(void **state)
{
	assert_string_equal(clean("a\r\nVia: b"), "a??Via: b");
	assert_string_equal(clean("\t\x7f\x1b"), "???");
	assert_string_equal(clean("\xc2\x85x"), "?x"); /* NEL */
}

static void test_clean_mends_utf8(void **state)
{
	assert_string_equal(clean("\xff\xfe"), "??");
	assert_string_equal(clean("\xc0\xaf"), "??");           /* overlong */
	assert_string_equal(clean("\xed\xa0\x80"), "???");      /* surrogate */
	assert_string_equal(clean("\xf4\x90\x80\x80"), "????"); /* too high */
	assert_string_equal(clean("a\xe2\x82"), "a??");
}

static void test_clean_never_splits(void **state)
{
	char out[4];

	sipx_clean(out, sizeof(out), "ab\xe2\x82\xac", 5);
	assert_string_equal(out, "ab");
	sipx_clean(out, sizeof(out), "abcdef", 6);
	assert_string_equal(out, "abc");
	sipx_clean(out, 1, "abc", 3);
	assert_string_equal(out, "");
}

static void test_display(void **state)
{
	char out[32], name[2000];

	sipx_display(out, sizeof(out), "\"Alice \\\"A\\\" B\"");
	assert_string_equal(out, "Alice \"A\" B");
	sipx_display(out, sizeof(out), "  Bob ");
	assert_string_equal(out, "Bob");
	sipx_display(out, sizeof(out), NULL);
	assert_string_equal(out, "");
	sipx_display(out, sizeof(out), "\"");
	assert_string_equal(out, "\"");
	sipx_display(out, sizeof(out), "\"\\\"");
	assert_string_equal(out, "\\");

	/* a long one has its quotes off too */
	memset(name, 'n', sizeof(name));
	name[0] = name[sizeof(name) - 2] = '"';
	name[sizeof(name) - 1] = '\0';
	sipx_display(out, sizeof(out), name);
	assert_string_equal(out, "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
}

static void test_user(void **state)
{
	char out[32];

	sipx_user(out, sizeof(out), "+4520123456;npdi=yes");
	assert_string_equal(out, "+4520123456");
	sipx_user(out, sizeof(out), "%2B45%20x%0d%00y");
	assert_string_equal(out, "+45 x??y");
	sipx_user(out, sizeof(out), "100%");
	assert_string_equal(out, "100%");
	sipx_user(out, sizeof(out), "1%2");
	assert_string_equal(out, "1%2");
	sipx_user(out, sizeof(out), NULL);
	assert_string_equal(out, "");
}

static void test_numbers(void **state)
{
	assert_true(sipx_is_number("+4520123456"));
	assert_true(sipx_is_number("(20) 12-34.56"));
	assert_true(sipx_is_number("*21#"));
	assert_false(sipx_is_number("+"));
	assert_false(sipx_is_number(""));
	assert_false(sipx_is_number("alice"));
	assert_false(sipx_is_number("20+1"));
}

static void dtmf(const char *body, bool relay, int err, char digit, unsigned ms)
{
	char got = 0;
	unsigned got_ms = 99;

	assert_int_equal(
		sipx_dtmf_parse(body, strlen(body), relay, &got, &got_ms), err);
	if (err)
		return;
	assert_int_equal(got, digit);
	assert_int_equal(got_ms, ms);
}

static void test_dtmf(void **state)
{
	dtmf("Signal=5\r\nDuration=160\r\n", true, 0, '5', 160);
	dtmf("Signal= # \nDuration= 60001", true, 0, '#', 0);
	dtmf("duration=100\r\nsignal=d", true, 0, 'D', 100);
	dtmf("Signal=10", true, 0, '*', 0);
	dtmf("Signal=11", true, 0, '#', 0);
	dtmf("Signal=16", true, ENOTSUP, 0, 0);
	dtmf("Signal=flash", true, ENOTSUP, 0, 0);
	dtmf("Signal=", true, EINVAL, 0, 0);
	dtmf("Duration=100", true, EINVAL, 0, 0);
	dtmf("rubbish", true, EINVAL, 0, 0);
	dtmf("7", false, 0, '7', 0);
	dtmf(" * \r\n", false, 0, '*', 0);
	dtmf("x", false, ENOTSUP, 0, 0);
	dtmf("", false, EINVAL, 0, 0);
}

static void test_reason(void **state)
{
	assert_int_equal(sipx_reason_cause("SIP", "486"), 486);
	assert_int_equal(sipx_reason_cause("sip", "200"), 200);
	assert_int_equal(sipx_reason_cause("Q.850", "16"), 0);
	assert_int_equal(sipx_reason_cause("SIP", "99"), 0);
	assert_int_equal(sipx_reason_cause("SIP", "x"), 0);
	assert_int_equal(sipx_reason_cause(NULL, NULL), 0);
}

static void test_private_hosts(void **state)
{
	assert_true(sipx_host_is_private("10.1.2.3"));
	assert_true(sipx_host_is_private("172.31.0.1"));
	assert_true(sipx_host_is_private("192.168.1.1"));
	assert_true(sipx_host_is_private("100.64.0.1"));
	assert_true(sipx_host_is_private("169.254.1.1"));
	assert_true(sipx_host_is_private("127.0.0.1"));
	assert_true(sipx_host_is_private("[fe80::1]"));
	assert_true(sipx_host_is_private("fd00::1"));
	assert_false(sipx_host_is_private("172.32.0.1"));
	assert_false(sipx_host_is_private("100.128.0.1"));
	assert_false(sipx_host_is_private("203.0.113.5"));
	assert_false(sipx_host_is_private("[2001:db8::1]"));
	assert_false(sipx_host_is_private("sip.example.com"));
	assert_false(sipx_host_is_private(NULL));
}

static void test_peer_text(void **state)
{
	struct sipx_peer peer = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&peer.addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&peer.addr;
	char out[SIPX_PEER_SIZE];

	v4->sin_family = AF_INET;
	v4->sin_port = htons(5060);
	inet_pton(AF_INET, "203.0.113.5", &v4->sin_addr);
	sipx_peer_text(out, sizeof(out), &peer);
	assert_string_equal(out, "203.0.113.5:5060");
	v6->sin6_family = AF_INET6;
	inet_pton(AF_INET6, "2001:db8::1", &v6->sin6_addr);
	sipx_peer_text(out, sizeof(out), &peer);
	assert_string_equal(out, "[2001:db8::1]:5060");
}

static void test_value_ok(void **state)
{
	assert_true(sipx_value_ok("203.0.113.5"));
	assert_false(sipx_value_ok("a\r\nb"));
	assert_false(sipx_value_ok(NULL));
}

static void part(const char *body, const char *boundary, int err,
		 const char *want)
{
	const char *text = NULL;
	size_t len = 0;

	assert_int_equal(sipx_part_find(body, strlen(body), boundary,
					"application/sdp", &text, &len),
			 err);
	if (err)
		return;
	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
}

static void test_parts(void **state)
{
	part("--b\r\nContent-Type: text/plain\r\n\r\nno\r\n"
	     "--b\r\nX: y\r\ncontent-type:application/SDP;x=y\r\n\r\n"
	     "v=0\r\n\r\n--b--\r\n",
	     "b", 0, "v=0\r\n");
	part("junk\n--b\nContent-Type: application/sdp\n\nv=0\n--b--", "\"b\"",
	     0, "v=0");
	part("--b\r\nContent-Type: application/sdp\r\n\r\n\r\n--b--", "b", 0,
	     "");
	/* a prefix of a longer type is another type */
	part("--b\r\nContent-Type: application/sdpx\r\n\r\nv\r\n--b--", "b",
	     ENOENT, NULL);
	part("--b\r\n\r\nContent-Type: application/sdp\r\n--b--", "b", ENOENT,
	     NULL);
	part("--b\r\nContent-Type: application/sdp\r\n--b--", "b", ENOENT,
	     NULL);
	part("--b\r\nContent-Type: application/sdp\r\n\r\nv=0", "b", ENOENT,
	     NULL);
	part("--b--", "b", ENOENT, NULL);
	part("", "b", EINVAL, NULL);
	part("--b\r\n", "", EINVAL, NULL);
	part("--b\r\n", NULL, EINVAL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean_keeps_text),
		cmocka_unit_test(test_clean_breaks_injection),
		cmocka_unit_test(test_clean_mends_utf8),
		cmocka_unit_test(test_clean_never_splits),
		cmocka_unit_test(test_display),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_dtmf),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_private_hosts),
		cmocka_unit_test(test_peer_text),
		cmocka_unit_test(test_value_ok),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
