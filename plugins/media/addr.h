/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file addr.h  Address and port, small enough to compare per packet
 *
 * Thread: any; plain values. An IPv4 address mapped into IPv6 is kept as
 * IPv4, so a socket of either family compares equal.
 */
#ifndef BIFRONS_MEDIA_ADDR_H
#define BIFRONS_MEDIA_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct media_source;

/** No padding: compared as bytes. Zeroed = no address. */
struct media_addr {
	uint16_t family; /**< AF_INET, AF_INET6, or 0 */
	uint16_t port;   /**< network order */
	uint8_t ip[16];  /**< IPv4: the first four, then zeros */
};

/** What the kernel takes and gives; without struct sockaddr_storage, whose 128
 * bytes would be read and written for nothing
 */
union media_sockaddr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/** From what recvfrom(2) said; other families give none */
void media_addr_set(struct media_addr *addr, const union media_sockaddr *sa);
/** From what a session says */
void media_addr_of(struct media_addr *addr, const struct sockaddr_storage *ss);

/** For sendto(2) on a socket of `family`.
 * @return Length; 0 when the socket cannot reach it
 */
socklen_t media_addr_sockaddr(const struct media_addr *addr, int family,
			      union media_sockaddr *sa);

/** Is its address in the range? Ports do not matter. */
bool media_addr_in(const struct media_addr *addr,
		   const struct media_source *src);

static inline bool media_addr_is_set(const struct media_addr *addr)
{
	return addr->family != 0;
}

static inline bool media_addr_eq(const struct media_addr *a,
				 const struct media_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static inline bool media_addr_same_ip(const struct media_addr *a,
				      const struct media_addr *b)
{
	return a->family == b->family && !memcmp(a->ip, b->ip, sizeof(a->ip));
}

#endif
