/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/net_guard.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct net4 {
	uint32_t net;
	unsigned bits;
};

#define NET4(a, b, c, d, bits)                                                 \
	{                                                                      \
		(uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d), (bits)       \
	}

static const struct net4 closed4[] = {
	NET4(0, 0, 0, 0, 8),        /* this network: 0.0.0.0 is ourselves */
	NET4(10, 0, 0, 0, 8),       /* private, RFC 1918 */
	NET4(100, 64, 0, 0, 10),    /* shared, RFC 6598 */
	NET4(127, 0, 0, 0, 8),      /* loopback */
	NET4(168, 63, 129, 16, 32), /* Azure's host, from its guests */
	NET4(169, 254, 0, 0, 16),   /* link-local; clouds' metadata */
	NET4(172, 16, 0, 0, 12),    /* private */
	NET4(192, 0, 0, 0, 24),     /* protocol assignments, RFC 6890 */
	NET4(192, 0, 2, 0, 24),     /* documentation, RFC 5737 */
	NET4(192, 31, 196, 0, 24),  /* AS112, RFC 7535 */
	NET4(192, 52, 193, 0, 24),  /* AMT, RFC 7450 */
	NET4(192, 88, 99, 0, 24),   /* 6to4 relays, RFC 7526 */
	NET4(192, 168, 0, 0, 16),   /* private */
	NET4(192, 175, 48, 0, 24),  /* AS112, RFC 7534 */
	NET4(198, 18, 0, 0, 15),    /* benchmarking, RFC 2544 */
	NET4(198, 51, 100, 0, 24),  /* documentation */
	NET4(203, 0, 113, 0, 24),   /* documentation */
	NET4(224, 0, 0, 0, 4),      /* multicast */
	NET4(240, 0, 0, 0, 4),      /* reserved; 255.255.255.255 */
};

static bool is_public4(uint32_t ip)
{
	for (size_t i = 0; i < sizeof(closed4) / sizeof(*closed4); ++i)
		if ((ip ^ closed4[i].net) >> (32 - closed4[i].bits) == 0)
			return false;

	return true;
}

struct net6 {
	uint8_t net[8]; /* none is longer */
	unsigned bits;
};

/* Of 2000::/3; beyond it nothing is public but what holds IPv4 */
static const struct net6 closed6[] = {
	{{0x20, 0x01}, 23},                   /* protocol assignments: Teredo,
					       * benchmarking, ORCHID, AMT */
	{{0x20, 0x01, 0x0d, 0xb8}, 32},       /* documentation, RFC 3849 */
	{{0x20, 0x02}, 16},                   /* 6to4, RFC 3056 */
	{{0x26, 0x20, 0, 0x4f, 0x80, 0}, 48}, /* AS112, RFC 7534 */
	{{0x3f, 0xff}, 20},                   /* documentation, RFC 9637 */
};

static bool has_prefix(const uint8_t *ip, const uint8_t *net, unsigned bits)
{
	const unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(ip, net, bytes) != 0)
		return false;

	return !rest || (ip[bytes] ^ net[bytes]) >> (8 - rest) == 0;
}

static uint32_t last32(const uint8_t *ip)
{
	return (uint32_t)ip[12] << 24 | (uint32_t)ip[13] << 16 |
	       (uint32_t)ip[14] << 8 | ip[15];
}

static bool is_public6(const uint8_t *ip)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
	static const uint8_t unicast[1] = {0x20};

	if (has_prefix(ip, mapped, 96) || has_prefix(ip, nat64, 96))
		return is_public4(last32(ip));
	if (!has_prefix(ip, unicast, 3))
		return false;
	for (size_t i = 0; i < sizeof(closed6) / sizeof(*closed6); ++i)
		if (has_prefix(ip, closed6[i].net, closed6[i].bits))
			return false;

	return true;
}

bool net_guard_is_public(const struct sockaddr *addr)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (!addr)
		return false;

	/* copied: what is given may be aligned for bytes only */
	switch (addr->sa_family) {
	case AF_INET:
		memcpy(&in4, addr, sizeof(in4));
		return is_public4(ntohl(in4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&in6, addr, sizeof(in6));
		return is_public6(in6.sin6_addr.s6_addr);
	default:
		return false;
	}
}
