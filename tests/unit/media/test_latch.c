/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose sound is taken: the rules, without sockets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "media/latch.h"
#include "media/media.h"

enum {
	MS = 1000
};

static struct media_addr addr(const char *ip, unsigned port)
{
	union media_sockaddr sa = {.in = {.sin_family = AF_INET}};
	struct media_addr a;

	inet_pton(AF_INET, ip, &sa.in.sin_addr);
	sa.in.sin_port = htons((uint16_t)port);
	media_addr_set(&a, &sa);

	return a;
}

static struct latch fresh(const struct media_addr *sdp)
{
	struct latch latch = {0};

	latch_session(&latch, sdp, NULL, 0);

	return latch;
}

/* Latched to `from` with SSRC 7, last heard at now_us */
static struct latch latched(const struct media_addr *sdp,
			    const struct media_addr *from, int64_t now_us)
{
	struct latch l = fresh(sdp);

	assert_int_equal(latch_check(&l, from, 7, 1, now_us), LATCH_HOLD);
	assert_int_equal(latch_check(&l, from, 7, 2, now_us), LATCH_NEW);

	return l;
}

static void two_in_sequence_latch(void **state)
{
	const struct media_addr sdp = addr("10.0.0.1", 4000);
	const struct media_addr nat = addr("192.0.2.9", 61000);
	struct latch l = fresh(&sdp);

	assert_true(media_addr_eq(latch_dest(&l), &sdp));
	assert_int_equal(latch_check(&l, &nat, 7, 65535, 0), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &nat, 7, 0, 0), LATCH_NEW);
	assert_true(media_addr_eq(latch_dest(&l), &nat));
	assert_int_equal(latch_check(&l, &nat, 7, 9, 0), LATCH_OK);
}

static void others_do_not_help_a_candidate(void **state)
{
	const struct media_addr sdp = addr("10.0.0.1", 4000);
	const struct media_addr a = addr("10.0.0.1", 4000);
	const struct media_addr b = addr("10.0.0.2", 4000);
	struct latch l = fresh(&sdp);

	assert_int_equal(latch_check(&l, &a, 7, 1, 0), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &b, 7, 2, 0), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &a, 7, 3, 0), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &a, 8, 4, 0), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &a, 8, 6, 0), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &a, 8, 6, 0), LATCH_HOLD);
	assert_false(l.latched);
	assert_int_equal(latch_check(&l, &a, 8, 7, 0), LATCH_NEW);
}

static void nobody_takes_over_what_is_heard(void **state)
{
	const struct media_addr a = addr("10.0.0.1", 4000);
	const struct media_addr b = addr("10.0.0.2", 4000);
	struct latch l = latched(&a, &a, 0);
	unsigned i;

	for (i = 1; i < 200; ++i) {
		const int64_t now_us = i * 20 * MS;

		assert_int_equal(latch_check(&l, &a, 7, (uint16_t)i, now_us),
				 LATCH_OK);
		assert_int_equal(latch_check(&l, &b, 7, (uint16_t)i, now_us),
				 LATCH_DROP);
		assert_int_equal(latch_check(&l, &b, 9, (uint16_t)i, now_us),
				 LATCH_DROP);
		assert_int_equal(latch_check(&l, &a, 9, (uint16_t)i, now_us),
				 LATCH_DROP);
	}
}

static void after_two_seconds_ssrc_or_address_must_be_known(void **state)
{
	const struct media_addr a = addr("10.0.0.1", 4000);
	const struct media_addr a2 = addr("10.0.0.1", 4002);
	const struct media_addr b = addr("10.0.0.2", 4000);
	struct latch l = latched(&a, &a, 0);

	/* too early for anyone */
	assert_int_equal(latch_check(&l, &b, 7, 5, 1999 * MS), LATCH_DROP);
	/* a stranger never */
	assert_int_equal(latch_check(&l, &b, 9, 5, 2000 * MS), LATCH_DROP);
	assert_int_equal(latch_check(&l, &b, 9, 6, 9000 * MS), LATCH_DROP);
	/* the same SSRC from elsewhere: a NAT has moved it */
	assert_int_equal(latch_check(&l, &b, 7, 5, 2000 * MS), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &b, 7, 6, 2020 * MS), LATCH_NEW);
	/* the same host with another SSRC */
	l = latched(&a, &a, 0);
	assert_int_equal(latch_check(&l, &a2, 9, 5, 2000 * MS), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &a2, 9, 6, 2020 * MS), LATCH_NEW);
	assert_int_equal(l.ssrc, 9);
}

/* A gateway goes on with another source in the middle of a call */
static void another_ssrc_of_the_same_port_is_taken_soon(void **state)
{
	const struct media_addr a = addr("10.0.0.1", 4000);
	const struct media_addr a2 = addr("10.0.0.1", 4002);
	struct latch l = latched(&a, &a, 0);

	/* the old one may still be there */
	assert_int_equal(latch_check(&l, &a, 9, 5, 99 * MS), LATCH_DROP);
	/* another port of the host is another source */
	assert_int_equal(latch_check(&l, &a2, 9, 5, 1000 * MS), LATCH_DROP);
	assert_int_equal(latch_check(&l, &a, 9, 6, 100 * MS), LATCH_HOLD);
	/* it comes back: a lost packet or two, no other source */
	assert_int_equal(latch_check(&l, &a, 7, 3, 110 * MS), LATCH_OK);
	assert_int_equal(latch_check(&l, &a, 9, 7, 120 * MS), LATCH_DROP);

	assert_int_equal(latch_check(&l, &a, 9, 8, 210 * MS), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &a, 9, 9, 230 * MS), LATCH_NEW);
	assert_int_equal(l.ssrc, 9);
	assert_int_equal(latch_check(&l, &a, 7, 4, 240 * MS), LATCH_DROP);
}

static void a_new_session_opens_it(void **state)
{
	const struct media_addr a = addr("10.0.0.1", 4000);
	const struct media_addr b = addr("10.0.0.2", 4000);
	struct latch l = latched(&a, &a, 0);

	/* the same address, and the old source still speaks: it stays */
	latch_session(&l, &a, NULL, 0);
	assert_true(media_addr_eq(latch_dest(&l), &a));
	assert_int_equal(latch_check(&l, &a, 7, 3, 20 * MS), LATCH_OK);
	assert_int_equal(latch_check(&l, &b, 9, 5, 20 * MS), LATCH_DROP);

	/* the same address, but another one speaks now */
	latch_session(&l, &a, NULL, 0);
	assert_int_equal(latch_check(&l, &b, 9, 5, 40 * MS), LATCH_HOLD);
	assert_int_equal(latch_check(&l, &b, 9, 6, 40 * MS), LATCH_NEW);

	/* another address: begin anew, send there at once */
	latch_session(&l, &a, NULL, 0);
	latch_session(&l, &b, NULL, 0);
	assert_false(l.latched);
	assert_true(media_addr_eq(latch_dest(&l), &b));
}

static void a_trunk_is_heard_from_its_ranges_only(void **state)
{
	const struct media_source sources[] = {
		{.family = AF_INET, .addr = {192, 0, 2, 0}, .bits = 25},
		{.family = AF_INET, .addr = {198, 51, 100, 7}, .bits = 32},
	};
	const struct media_addr sdp = addr("203.0.113.5", 4000);
	struct latch l = {0};
	unsigned i;
	const struct {
		const char *ip;
		bool allowed;
	} cases[] = {
		{"203.0.113.5", true},   {"203.0.113.6", false},
		{"192.0.2.0", true},     {"192.0.2.127", true},
		{"192.0.2.128", false},  {"198.51.100.7", true},
		{"198.51.100.6", false},
	};

	latch_session(&l, &sdp, sources, 2);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
		const struct media_addr a = addr(cases[i].ip, 9);

		assert_int_equal(latch_is_allowed(&l, &a), cases[i].allowed);
		assert_int_equal(latch_check(&l, &a, 7, 1, 0),
				 cases[i].allowed ? LATCH_HOLD : LATCH_DROP);
	}
}

static void mapped_addresses_compare_as_ipv4(void **state)
{
	union media_sockaddr sa = {.in6 = {.sin6_family = AF_INET6}};
	const struct media_addr v4 = addr("192.0.2.1", 4000);
	struct media_addr a;

	inet_pton(AF_INET6, "::ffff:192.0.2.1", &sa.in6.sin6_addr);
	sa.in6.sin6_port = htons(4000);
	media_addr_set(&a, &sa);
	assert_true(media_addr_eq(&a, &v4));

	assert_int_equal(media_addr_sockaddr(&v4, AF_INET6, &sa),
			 sizeof(sa.in6));
	assert_true(IN6_IS_ADDR_V4MAPPED(&sa.in6.sin6_addr));
	assert_int_equal(media_addr_sockaddr(&v4, AF_INET, &sa), sizeof(sa.in));

	inet_pton(AF_INET6, "2001:db8::1", &sa.in6.sin6_addr);
	sa.in6.sin6_family = AF_INET6;
	sa.in6.sin6_port = htons(4000);
	media_addr_set(&a, &sa);
	assert_int_equal(media_addr_sockaddr(&a, AF_INET, &sa), 0);
	a = addr("0.0.0.0", 4000);
	assert_int_equal(media_addr_sockaddr(&a, AF_INET, &sa), 0);
	a = (struct media_addr){0};
	assert_int_equal(media_addr_sockaddr(&a, AF_INET, &sa), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_in_sequence_latch),
		cmocka_unit_test(others_do_not_help_a_candidate),
		cmocka_unit_test(nobody_takes_over_what_is_heard),
		cmocka_unit_test(
			after_two_seconds_ssrc_or_address_must_be_known),
		cmocka_unit_test(another_ssrc_of_the_same_port_is_taken_soon),
		cmocka_unit_test(a_new_session_opens_it),
		cmocka_unit_test(a_trunk_is_heard_from_its_ranges_only),
		cmocka_unit_test(mapped_addresses_compare_as_ipv4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
