/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file fake_dns.h  A getaddrinfo() of which a test says what it answers
 *
 * It stands in front of the C library's for everything in the program, curl
 * included: names that were set are answered from here, others as ever.
 * Thread: any.
 */
#ifndef BIFRONS_TESTS_FAKE_DNS_H
#define BIFRONS_TESTS_FAKE_DNS_H

/** @param addresses  Separated by blanks, tried in this order; "" = there is
 *                    no such name; NULL = known no longer */
void fake_dns_set(const char *name, const char *addresses);

/** From now on lookups of names that were set wait; and until now */
void fake_dns_hold(void);
void fake_dns_release(void);
/** Wait until so many lookups wait */
void fake_dns_wait_held(unsigned n);
/** Lookups of such names since the start */
unsigned fake_dns_lookups(void);

#endif
