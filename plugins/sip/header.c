/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "header.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

uint16_t sipx_peer_port(const struct sipx_peer *peer)
{
	if (peer->addr.ss_family == AF_INET6)
		return ntohs(
			((const struct sockaddr_in6 *)&peer->addr)->sin6_port);

	return ntohs(((const struct sockaddr_in *)&peer->addr)->sin_port);
}

void sipx_peer_host(char *out, size_t size, const struct sipx_peer *peer)
{
	const void *addr = &((const struct sockaddr_in *)&peer->addr)->sin_addr;

	if (peer->addr.ss_family == AF_INET6)
		addr = &((const struct sockaddr_in6 *)&peer->addr)->sin6_addr;

	if (!inet_ntop(peer->addr.ss_family, addr, out, (socklen_t)size))
		str_copy(out, size, "unknown");
}

void sipx_peer_text(char *out, size_t size, const struct sipx_peer *peer)
{
	const bool v6 = peer->addr.ss_family == AF_INET6;
	char host[INET6_ADDRSTRLEN];

	sipx_peer_host(host, sizeof(host), peer);
	snprintf(out, size, v6 ? "[%s]:%u" : "%s:%u", host,
		 (unsigned)sipx_peer_port(peer));
}

/* Length of the well-formed UTF-8 character at p, 0 when it is broken */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n, i;
	uint32_t c;

	if (p[0] < 0x80)
		return 1;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
		return 0;

	c = p[0] & (0xffu >> (n + 1));
	for (i = 1; i < n; ++i) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;

	return n;
}

void sipx_clean(char *out, size_t size, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t o = 0, i = 0, n;

	if (!size)
		return;

	while (i < len) {
		n = utf8_len(p + i, len - i);
		if (o + (n ? n : 1) >= size)
			break;
		/* U+0080 to U+009F are control characters too */
		if (!n || p[i] < 0x20 || p[i] == 0x7f ||
		    (p[i] == 0xc2 && p[i + 1] < 0xa0)) {
			out[o++] = '?';
			i += n ? n : 1;
			continue;
		}
		memcpy(out + o, p + i, n);
		o += n;
		i += n;
	}
	out[o] = '\0';
}

void sipx_display(char *out, size_t size, const char *display)
{
	char raw[2 * SIPX_TEXT_SIZE];
	size_t n = 0, len;

	out[0] = '\0';
	if (!display)
		return;

	len = strlen(display);
	while (len && isspace((unsigned char)*display))
		++display, --len;
	while (len && isspace((unsigned char)display[len - 1]))
		--len;
	if (len >= 2 && display[0] == '"' && display[len - 1] == '"')
		++display, len -= 2;
	if (len > sizeof(raw))
		len = sizeof(raw);

	for (; len; ++display, --len) {
		if (*display == '\\' && len > 1)
			++display, --len;
		raw[n++] = *display;
	}
	sipx_clean(out, size, raw, n);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);

	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void sipx_user(char *out, size_t size, const char *user)
{
	char raw[SIPX_TEXT_SIZE] = "";
	size_t n = 0;
	int hi, lo;

	out[0] = '\0';
	if (!user)
		return;

	for (; *user && *user != ';' && n < sizeof(raw); ++user) {
		hi = *user == '%' ? hex_digit(user[1]) : -1;
		lo = hi >= 0 ? hex_digit(user[2]) : -1;
		if (lo >= 0) {
			raw[n++] = (char)(hi << 4 | lo);
			user += 2;
		} else {
			raw[n++] = *user;
		}
	}
	sipx_clean(out, size, raw, n);
}

bool sipx_is_number(const char *user)
{
	bool digit = false;

	if (*user == '+')
		++user;
	for (; *user; ++user) {
		if (isdigit((unsigned char)*user))
			digit = true;
		else if (!strchr("-.() *#", *user))
			return false;
	}

	return digit;
}

static bool is_digit_char(char c)
{
	return c && strchr("0123456789*#ABCD", c);
}

/* Signals are characters, or the event numbers 10 and 11 for * and # */
static int dtmf_signal(const char *val, size_t len, char *digitp)
{
	char c;

	if (len == 2 && val[0] == '1' && (val[1] == '0' || val[1] == '1')) {
		*digitp = val[1] == '0' ? '*' : '#';
		return 0;
	}
	if (len != 1)
		return len ? ENOTSUP : EINVAL;

	c = (char)toupper((unsigned char)val[0]);
	if (!is_digit_char(c))
		return ENOTSUP;
	*digitp = c;

	return 0;
}

static void dtmf_duration(const char *val, size_t len, unsigned *msp)
{
	char text[8];
	int64_t n;

	if (len >= sizeof(text))
		return;
	memcpy(text, val, len);
	text[len] = '\0';
	if (!str_to_int(text, 1, 60000, &n))
		*msp = (unsigned)n;
}

static void trim(const char **textp, size_t *lenp)
{
	while (*lenp && isspace((unsigned char)**textp))
		++*textp, --*lenp;
	while (*lenp && isspace((unsigned char)(*textp)[*lenp - 1]))
		--*lenp;
}

static bool key_is(const char *key, size_t len, const char *want)
{
	return len == strlen(want) && !strncasecmp(key, want, len);
}

static int dtmf_relay(const char *body, size_t len, char *digitp, unsigned *msp)
{
	int err = EINVAL;

	while (len) {
		const char *eol = memchr(body, '\n', len);
		size_t line = eol ? (size_t)(eol - body) : len;
		const char *eq = memchr(body, '=', line);

		if (eq) {
			const char *key = body, *val = eq + 1;
			size_t klen = (size_t)(eq - body);
			size_t vlen = line - klen - 1;

			trim(&key, &klen);
			trim(&val, &vlen);
			if (key_is(key, klen, "Signal"))
				err = dtmf_signal(val, vlen, digitp);
			else if (key_is(key, klen, "Duration"))
				dtmf_duration(val, vlen, msp);
		}
		if (!eol)
			break;
		body += line + 1;
		len -= line + 1;
	}

	return err;
}

int sipx_dtmf_parse(const char *body, size_t len, bool relay, char *digitp,
		    unsigned *msp)
{
	*msp = 0;
	if (!body || !len || len > 512)
		return EINVAL;
	if (relay)
		return dtmf_relay(body, len, digitp, msp);

	trim(&body, &len);

	return dtmf_signal(body, len, digitp);
}

int sipx_reason_cause(const char *protocol, const char *cause)
{
	int64_t n;

	if (!protocol || !cause || strcasecmp(protocol, "SIP") ||
	    str_to_int(cause, 100, 699, &n))
		return 0;

	return (int)n;
}

static bool v4_is_private(uint32_t a)
{
	return a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 ||
	       a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe || a >> 22 == 0x191 ||
	       a >> 24 == 0;
}

bool sipx_host_is_private(const char *host)
{
	char text[INET6_ADDRSTRLEN + 2];
	struct in6_addr v6;
	struct in_addr v4;
	size_t len;

	if (!host || str_copy(text, sizeof(text), host))
		return false;
	if (inet_pton(AF_INET, text, &v4) == 1)
		return v4_is_private(ntohl(v4.s_addr));

	len = strlen(text);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		text[len - 1] = '\0';
		memmove(text, text + 1, len - 1);
	}
	if (inet_pton(AF_INET6, text, &v6) != 1)
		return false;

	return (v6.s6_addr[0] & 0xfe) == 0xfc || IN6_IS_ADDR_LINKLOCAL(&v6) ||
	       IN6_IS_ADDR_LOOPBACK(&v6);
}

bool sipx_value_ok(const char *value)
{
	return value && str_is_clean(value, strlen(value), false);
}
