/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "host/net_guard.h"

static bool is_public(const char *text)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} addr = {0};

	if (inet_pton(AF_INET, text, &addr.in4.sin_addr) == 1)
		addr.in4.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &addr.in6.sin6_addr) == 1)
		addr.in6.sin6_family = AF_INET6;
	else
		fail_msg("%s is no address", text);

	return net_guard_is_public(&addr.any);
}

static void expect(const char *const *list, bool wanted)
{
	for (; *list; ++list)
		if (is_public(*list) != wanted)
			fail_msg("%s should%s be public", *list,
				 wanted ? "" : " not");
}

/* The first and the last address of every block, and their neighbours */
static void test_ipv4(void **state)
{
	static const char *const closed[] = {
		"0.0.0.0",         "0.0.0.1",
		"0.255.255.255",   "10.0.0.0",
		"10.1.2.3",        "10.255.255.255",
		"100.64.0.0",      "100.100.100.200",
		"100.127.255.255", "127.0.0.0",
		"127.0.0.1",       "127.255.255.255",
		"168.63.129.16",   "169.254.0.0",
		"169.254.169.254", "169.254.255.255",
		"172.16.0.0",      "172.31.255.255",
		"192.0.0.0",       "192.0.0.8",
		"192.0.0.9",       "192.0.0.170",
		"192.0.0.192",     "192.0.0.255",
		"192.0.2.0",       "192.0.2.255",
		"192.31.196.0",    "192.31.196.255",
		"192.52.193.0",    "192.52.193.255",
		"192.88.99.0",     "192.88.99.255",
		"192.168.0.0",     "192.168.255.255",
		"192.175.48.0",    "192.175.48.255",
		"198.18.0.0",      "198.19.255.255",
		"198.51.100.0",    "198.51.100.255",
		"203.0.113.0",     "203.0.113.255",
		"224.0.0.0",       "224.0.0.251",
		"239.255.255.255", "240.0.0.0",
		"254.255.255.255", "255.255.255.254",
		"255.255.255.255", NULL,
	};
	static const char *const open[] = {
		"1.0.0.0",
		"1.1.1.1",
		"8.8.8.8",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.255.255",
		"100.128.0.0",
		"126.255.255.255",
		"128.0.0.0",
		"168.63.129.15",
		"168.63.129.17",
		"169.253.255.255",
		"169.255.0.0",
		"172.15.255.255",
		"172.32.0.0",
		"191.255.255.255",
		"192.0.1.0",
		"192.0.1.255",
		"192.0.3.0",
		"192.31.195.255",
		"192.31.197.0",
		"192.52.192.255",
		"192.52.194.0",
		"192.88.98.255",
		"192.88.100.0",
		"192.167.255.255",
		"192.169.0.0",
		"192.175.47.255",
		"192.175.49.0",
		"198.17.255.255",
		"198.20.0.0",
		"198.51.99.255",
		"198.51.101.0",
		"203.0.112.255",
		"203.0.114.0",
		"223.255.255.255",
		NULL,
	};

	(void)state;
	expect(closed, false);
	expect(open, true);
}

static void test_ipv6(void **state)
{
	static const char *const closed[] = {
		"::",
		"::1",
		"::2",
		"100::",
		"100::ffff",
		"100:0:0:1::",
		"1fff:ffff::",
		"2001::",
		"2001::1",
		"2001:1::1",
		"2001:1::2",
		"2001:2::",
		"2001:3::",
		"2001:4:112::",
		"2001:10::",
		"2001:20::",
		"2001:30::",
		"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db8::",
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"2002::",
		"2002:808:808::1",
		"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2620:4f:8000::",
		"2620:4f:8000:ffff:ffff:ffff:ffff:ffff",
		"3fff::",
		"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
		"4000::",
		"5f00::",
		"8000::",
		"fbff::1",
		"fc00::",
		"fd00:ec2::254",
		"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"fe80::",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"feff::1",
		"ff00::",
		"ff02::1",
		"ff0e::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		NULL,
	};
	static const char *const open[] = {
		"2000::",
		"2000:ffff::1",
		"2001:200::",
		"2001:4860:4860::8888",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db9::",
		"2003::",
		"2606:4700:4700::1111",
		"2620:4f:7fff:ffff::1",
		"2620:4f:8001::",
		"2a00:1450:4001:81b::200e",
		"3ffe:ffff::",
		"3fff:1000::",
		NULL,
	};

	(void)state;
	expect(closed, false);
	expect(open, true);
}

static void test_ipv4_inside_ipv6(void **state)
{
	static const char *const closed[] = {
		"::ffff:0.0.0.0",
		"::ffff:127.0.0.1",
		"::ffff:7f00:1",
		"::ffff:10.0.0.1",
		"::ffff:169.254.169.254",
		"::ffff:192.168.1.1",
		"::ffff:255.255.255.255",
		"::127.0.0.1", /* compatible, RFC 4291: gone */
		"::8.8.8.8",
		"::ffff:0:127.0.0.1", /* translated, RFC 2765 */
		"::ffff:0:8.8.8.8",
		"::1:ffff:8.8.8.8",
		"64:ff9b::127.0.0.1",
		"64:ff9b::a00:1",
		"64:ff9b::169.254.169.254",
		"64:ff9b:0:0:0:1:808:808", /* not the /96 */
		"64:ff9b:1::",
		"64:ff9b:1::808:808",
		"64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
		"64:ff9a::808:808",
		"2002:7f00:1::",
		"2002:a00:1::1",
		"2001:0:7f00:1::",
		NULL,
	};
	static const char *const open[] = {
		"::ffff:8.8.8.8",
		"::ffff:172.15.255.255",
		"64:ff9b::8.8.8.8",
		NULL,
	};

	(void)state;
	expect(closed, false);
	expect(open, true);
}

static void test_what_is_no_address(void **state)
{
	const struct sockaddr_un un = {.sun_family = AF_UNIX,
				       .sun_path = "/run/x"};
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)state;
	assert_false(net_guard_is_public(NULL));
	assert_false(net_guard_is_public(&none));
	assert_false(net_guard_is_public((const struct sockaddr *)&un));
}

/* As it comes out of a packed structure */
static void test_any_alignment(void **state)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	_Alignas(8) char raw[sizeof(in6) + 2];

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "2606:4700::1", &in6.sin6_addr),
			 1);
	memcpy(raw + 2, &in6, sizeof(in6));
	assert_true(net_guard_is_public((const void *)(raw + 2)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_ipv4_inside_ipv6),
		cmocka_unit_test(test_what_is_no_address),
		cmocka_unit_test(test_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
