/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/addr.h"

#include "media/media.h"

void media_addr_set(struct media_addr *addr, const union media_sockaddr *sa)
{
	*addr = (struct media_addr){0};

	if (sa->sa.sa_family == AF_INET) {
		addr->family = AF_INET;
		addr->port = sa->in.sin_port;
		memcpy(addr->ip, &sa->in.sin_addr, 4);
	} else if (sa->sa.sa_family == AF_INET6) {
		const struct in6_addr *ip = &sa->in6.sin6_addr;

		addr->port = sa->in6.sin6_port;
		if (IN6_IS_ADDR_V4MAPPED(ip)) {
			addr->family = AF_INET;
			memcpy(addr->ip, ip->s6_addr + 12, 4);
		} else {
			addr->family = AF_INET6;
			memcpy(addr->ip, ip, 16);
		}
	}
}

void media_addr_of(struct media_addr *addr, const struct sockaddr_storage *ss)
{
	union media_sockaddr sa;

	memcpy(&sa, ss, sizeof(sa));
	media_addr_set(addr, &sa);
}

socklen_t media_addr_sockaddr(const struct media_addr *addr, int family,
			      union media_sockaddr *sa)
{
	static const uint8_t any[16];

	memset(sa, 0, sizeof(*sa));

	/* sending to 0.0.0.0 would reach this host */
	if (!addr->family || !addr->port || !memcmp(addr->ip, any, sizeof(any)))
		return 0;

	if (family == AF_INET) {
		if (addr->family != AF_INET)
			return 0;
		sa->in.sin_family = AF_INET;
		sa->in.sin_port = addr->port;
		memcpy(&sa->in.sin_addr, addr->ip, 4);
		return sizeof(sa->in);
	}

	sa->in6.sin6_family = AF_INET6;
	sa->in6.sin6_port = addr->port;
	if (addr->family == AF_INET) {
		sa->in6.sin6_addr.s6_addr[10] = 0xff;
		sa->in6.sin6_addr.s6_addr[11] = 0xff;
		memcpy(sa->in6.sin6_addr.s6_addr + 12, addr->ip, 4);
	} else {
		memcpy(&sa->in6.sin6_addr, addr->ip, 16);
	}

	return sizeof(sa->in6);
}

bool media_addr_in(const struct media_addr *addr,
		   const struct media_source *src)
{
	const unsigned max = src->family == AF_INET ? 32 : 128;
	const unsigned bits = src->bits < max ? src->bits : max;
	const unsigned bytes = bits / 8, rest = bits % 8;

	if (addr->family != src->family)
		return false;
	if (memcmp(addr->ip, src->addr, bytes) != 0)
		return false;
	if (!rest)
		return true;

	return ((addr->ip[bytes] ^ src->addr[bytes]) >> (8 - rest)) == 0;
}
