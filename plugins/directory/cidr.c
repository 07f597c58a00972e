/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "directory/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/str.h"

enum {
	TEXT_MAX = 64
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static unsigned full_bits(int family)
{
	return family == AF_INET ? 32 : 128;
}

/** ::ffff:a.b.c.d/n as IPv4 */
static void unmap(struct dir_cidr *cidr)
{
	if (cidr->family != AF_INET6 || cidr->bits < 96 ||
	    memcmp(cidr->addr, mapped, sizeof(mapped)))
		return;

	cidr->family = AF_INET;
	cidr->bits -= 96;
	memmove(cidr->addr, cidr->addr + 12, 4);
	memset(cidr->addr + 4, 0, 12);
}

void dir_cidr_mask(struct dir_cidr *cidr, unsigned bits)
{
	unsigned i;

	cidr->bits = bits;
	for (i = 0; i < sizeof(cidr->addr); ++i) {
		if (bits >= 8) {
			bits -= 8;
			continue;
		}
		cidr->addr[i] &= (uint8_t)(0xff00 >> bits);
		bits = 0;
	}
}

int dir_cidr_parse(struct dir_cidr *cidr, const char *text)
{
	struct dir_cidr out = {0};
	char buf[TEXT_MAX];
	const char *slash;
	size_t len;
	int64_t bits;

	if (*text == '[')
		++text;
	slash = strchr(text, '/');
	len = slash ? (size_t)(slash - text) : strlen(text);
	if (len && text[len - 1] == ']')
		--len;
	if (!len || len >= sizeof(buf))
		return EINVAL;
	memcpy(buf, text, len);
	buf[len] = '\0';

	out.family = AF_INET;
	if (inet_pton(AF_INET, buf, out.addr) != 1) {
		out.family = AF_INET6;
		if (inet_pton(AF_INET6, buf, out.addr) != 1)
			return EINVAL;
	}

	bits = full_bits(out.family);
	if (slash && str_to_int(slash + 1, 0, bits, &bits))
		return EINVAL;

	dir_cidr_mask(&out, (unsigned)bits);
	unmap(&out);
	*cidr = out;

	return 0;
}

int dir_cidr_of_sockaddr(struct dir_cidr *cidr, const struct sockaddr *sa)
{
	struct dir_cidr out = {0};

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *sin = (const void *)sa;

		memcpy(out.addr, &sin->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *sin6 = (const void *)sa;

		memcpy(out.addr, &sin6->sin6_addr, 16);
	} else {
		return EINVAL;
	}

	out.family = sa->sa_family;
	out.bits = full_bits(out.family);
	unmap(&out);
	*cidr = out;

	return 0;
}

bool dir_cidr_overlaps(const struct dir_cidr *a, const struct dir_cidr *b)
{
	const unsigned bits = a->bits < b->bits ? a->bits : b->bits;
	struct dir_cidr x = *a, y = *b;

	if (a->family != b->family)
		return false;

	dir_cidr_mask(&x, bits);
	dir_cidr_mask(&y, bits);

	return !memcmp(x.addr, y.addr, sizeof(x.addr));
}
