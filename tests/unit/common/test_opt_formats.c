/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/opt.h"

struct samples {
	const char *(*check)(const char *value);
	const char *right[14];
	const char *wrong[22];
};

static const struct samples all[] = {
	{opt_check_cidr,
	 {"192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "10.0.0.1/32",
	  "2001:db8::/32", "::1", "::/0", "2001:db8::1/128"},
	 {"", "/", "/24", "192.0.2", "192.0.2.256", "192.0.2.0/33",
	  "192.0.2.0/", "192.0.2.0/-0", "192.0.2.0/+8", "192.0.2.0/ 8",
	  "10.0.0.1/8", "2001:db8::1/64", "::/129", "a/8", "192.0.2.0/24/1",
	  " 192.0.2.7", "192.0.2.7\n"}},
	{opt_check_host,
	 {"example.com", "a", "a-b.example.com.", "x1.2y", "192.0.2.7",
	  "2001:db8::1", "[2001:db8::1]", "_sip._tcp.example.com"},
	 {"", ".", "a..b", "-a.com", "a-.com", "a b", "a/b", "a:5060", "1.2.3",
	  "256.1.1.1", "[192.0.2.7]", "[::1", "::1]", "a\n", "\xc3\xa6.dk",
	  "a@b",
	  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg"}},
	{opt_check_e164,
	 {"+4520123456", "+12", "+123456789012345"},
	 {"", "+", "+1", "4520123456", "+0123", "+45 20123456",
	  "+1234567890123456", "+45x", "++45", "+45\n"}},
	{opt_check_number_pattern,
	 {"+45*", "*", "+*", "45*", "0045*", "1*"},
	 {"", "+45", "*45", "+45**", "+45*1", "+045*", "4 5*", "x*",
	  "1234567890123456*"}},
	{opt_check_country,
	 {"DK", "US"},
	 {"", "D", "dk", "DNK", "D1", "\xc3\x86"}},
	{opt_check_http_url,
	 {"http://a", "https://example.com", "HTTPS://Example.com/x?y=z#f",
	  "https://example.com:8443/hook", "http://192.0.2.7/",
	  "http://[::1]:80/x", "https://a.dk?x", "http://a.dk/%20@x"},
	 {"",
	  "a",
	  "ftp://a.dk",
	  "http:/a.dk",
	  "http://",
	  "https:///x",
	  "http://a b",
	  "http://a.dk/a b",
	  "http://a.dk/\r\nX: y",
	  "http://u:p@a.dk/",
	  "http://u@a.dk",
	  "http://a.dk:0/",
	  "http://a.dk:65536/",
	  "http://a.dk:/",
	  "http://a.dk:x/",
	  "http://[::1/",
	  "http://[::1]x/",
	  "http://a.dk\\@b.dk/",
	  "http://a.dk:-1/",
	  "http://a.dk/{x}",
	  "http://a..dk/"}},
	{opt_check_no_controls,
	 {"", "a\tb", "\xc3\xa6"},
	 {"a\nb", "a\r", "\x7f", "\x1b[0m", "\xff"}},
};

static void test_samples(void **state)
{
	size_t i;
	const char *const *v;

	for (i = 0; i < G_N_ELEMENTS(all); ++i) {
		for (v = all[i].right; *v; ++v)
			if (all[i].check(*v))
				fail_msg("%s: %s", *v, all[i].check(*v));
		for (v = all[i].wrong; *v; ++v)
			if (!all[i].check(*v))
				fail_msg("table %zu takes: %s", i, *v);
	}
}

/* each with what is wrong, not with what is right */
static void test_a_url_is_told_what_is_wrong_with_it(void **state)
{
	static const char *const pairs[][2] = {
		{"ftp://a.dk", "http://"},        {"http://", "host"},
		{"http://127.1/", "host"},        {"http://0/", "host"},
		{"http://\xc3\xa6.dk/", "host"},  {"http://[::1/", "host"},
		{"http://a.dk:65536/x", "65535"}, {"http://a.dk:/", "65535"},
		{"http://a b/", "escape"},        {"http://u@a.dk", "user"},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(pairs); ++i) {
		const char *why = opt_check_http_url(pairs[i][0]);

		if (!why || !strstr(why, pairs[i][1]))
			fail_msg("%s: %s", pairs[i][0], why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_a_url_is_told_what_is_wrong_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
