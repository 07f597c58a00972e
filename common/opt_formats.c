/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/opt.h"
#include "common/str.h"

enum {
	HOST_MAX = 253,
	LABEL_MAX = 63,
	ADDR_MAX = 63,
	E164_MAX = 15,
};

/* Is a bit beyond the first `bits` set? */
static bool has_host_bits(const uint8_t *addr, unsigned len, unsigned bits)
{
	unsigned i;

	for (i = bits; i < len * 8; ++i)
		if (addr[i / 8] & (0x80 >> i % 8))
			return true;

	return false;
}

const char *opt_check_cidr(const char *value)
{
	static const char wrong[] =
		"must be an IP address or network such as \"192.0.2.0/24\"";
	const char *slash = strchr(value, '/');
	const size_t len = slash ? (size_t)(slash - value) : strlen(value);
	char text[ADDR_MAX + 1];
	uint8_t addr[16];
	unsigned size = 4;
	int64_t bits;

	if (!len || len > ADDR_MAX)
		return wrong;
	memcpy(text, value, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, addr) != 1) {
		size = 16;
		if (inet_pton(AF_INET6, text, addr) != 1)
			return wrong;
	}
	if (!slash)
		return NULL;
	if (str_to_int(slash + 1, 0, size * 8, &bits) || slash[1] == '-')
		return wrong;
	/* "10.0.0.1/8" is more likely a slip than meant for 16 million hosts */
	if (has_host_bits(addr, size, (unsigned)bits))
		return "has bits set beyond the length of its prefix";

	return NULL;
}

static bool is_ip(const char *text, size_t len, int family)
{
	char copy[ADDR_MAX + 1];
	uint8_t addr[16];

	if (len > ADDR_MAX)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';

	return inet_pton(family, copy, addr) == 1;
}

static bool is_label(const char *text, size_t len)
{
	size_t i;

	if (!len || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (i = 0; i < len; ++i)
		if (!g_ascii_isalnum(text[i]) && text[i] != '-' &&
		    text[i] != '_')
			return false;

	return true;
}

/* A DNS name; one made of digits alone is an address written wrongly */
static bool is_name(const char *text, size_t len)
{
	size_t label = 0;
	bool digits = true;

	if (len && text[len - 1] == '.')
		--len;
	if (!len || len > HOST_MAX)
		return false;
	for (;;) {
		const char *end = memchr(text, '.', len);

		label = end ? (size_t)(end - text) : len;
		if (!is_label(text, label))
			return false;
		if (!end)
			break;
		text += label + 1;
		len -= label + 1;
	}
	while (label--)
		digits = digits && g_ascii_isdigit(text[label]);

	return !digits;
}

static bool is_host(const char *text, size_t len)
{
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
		return is_ip(text + 1, len - 2, AF_INET6);

	return is_ip(text, len, AF_INET) || is_name(text, len);
}

const char *opt_check_host(const char *value)
{
	const size_t len = strlen(value);

	if (is_host(value, len) || is_ip(value, len, AF_INET6))
		return NULL;

	return "must be a host name or an IP address";
}

const char *opt_check_e164(const char *value)
{
	const size_t digits =
		*value == '+' ? strspn(value + 1, "0123456789") : 0;

	if (digits < 2 || digits > E164_MAX || value[1] == '0' ||
	    value[1 + digits])
		return "must be a number such as \"+4520123456\" (E.164)";

	return NULL;
}

const char *opt_check_number_pattern(const char *value)
{
	const char *p = value + (*value == '+');
	const size_t digits = strspn(p, "0123456789");

	if (digits > E164_MAX || (*value == '+' && *p == '0') ||
	    !str_eq(p + digits, "*"))
		return "must be leading digits and a star, such as \"+45*\"";

	return NULL;
}

const char *opt_check_country(const char *value)
{
	if (strlen(value) != 2 || !g_ascii_isupper(value[0]) ||
	    !g_ascii_isupper(value[1]))
		return "must be a country such as \"DK\" (ISO 3166-1)";

	return NULL;
}

/* ":8080" or nothing */
static bool is_port(const char *text, size_t len)
{
	char digits[8];
	int64_t port;

	if (!len)
		return true;
	if (*text != ':' || len < 2 || len > 6)
		return false;
	memcpy(digits, text + 1, len - 1);
	digits[len - 1] = '\0';

	return str_to_int(digits, 1, 65535, &port) == 0;
}

const char *opt_check_http_url(const char *value)
{
	const char *host;
	size_t len, host_len;

	if (g_ascii_strncasecmp(value, "http://", 7) == 0)
		host = value + 7;
	else if (g_ascii_strncasecmp(value, "https://", 8) == 0)
		host = value + 8;
	else
		return "must be a URL that starts with http:// or https://";

	if (!str_is_clean(value, strlen(value), false) ||
	    value[strcspn(value, " \t\"<>\\^`{|}")])
		return "holds a character that a URL must escape";

	len = strcspn(host, "/?#");
	if (memchr(host, '@', len))
		return "must not hold a user name or password";
	host_len =
		*host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	if (host_len > len || !is_host(host, host_len))
		return "must name a host: in ASCII (xn--…), an IPv4 address as "
		       "1.2.3.4, an IPv6 address as [2001:db8::1]";
	if (!is_port(host + host_len, len - host_len))
		return "must have a port from 1 to 65535, if any";

	return NULL;
}

const char *opt_check_no_controls(const char *value)
{
	if (!str_is_clean(value, strlen(value), false))
		return "must not hold control characters";

	return NULL;
}
