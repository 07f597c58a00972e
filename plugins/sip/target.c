/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "target.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/opt.h"
#include "common/str.h"

enum {
	SIP_PORT = 5060
};

/* RFC 3261 §25.1: unreserved and user-unreserved, but for '?' and ';' */
static bool is_user_char(char c)
{
	return c && (isalnum((unsigned char)c) || strchr("-_.!~*'()&=+$,/", c));
}

static bool is_param_char(char c)
{
	return c &&
	       (isalnum((unsigned char)c) || strchr("-_.!~*'()[]/:&+$", c));
}

void sipx_user_write(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 4 < size; ++text)
		if (is_user_char(*text))
			out[n++] = *text;
		else
			n += (size_t)snprintf(out + n, size - n, "%%%02X",
					      (unsigned char)*text);
	out[n] = '\0';
}

void sipx_host_write(char *out, size_t size, const char *host)
{
	snprintf(out, size, strchr(host, ':') && *host != '[' ? "[%s]" : "%s",
		 host);
}

/* What has been escaped stays so; a '#' of a dialled code is escaped here */
static int take_user(char *out, size_t size, const char *text, size_t len)
{
	char raw[SIPX_TEXT_SIZE];
	size_t i, n = 0;

	if (!len || len >= sizeof(raw))
		return EINVAL;
	for (i = 0; i < len; ++i) {
		if (text[i] == '%' && len - i > 2 &&
		    isxdigit((unsigned char)text[i + 1]) &&
		    isxdigit((unsigned char)text[i + 2])) {
			raw[n++] = '%';
		} else if (is_user_char(text[i]) || text[i] == '#') {
			raw[n++] = text[i];
		} else {
			return EINVAL;
		}
	}
	raw[n] = '\0';

	for (i = 0, n = 0; raw[i]; ++i)
		n += (size_t)snprintf(out + n, size - n,
				      raw[i] == '#' ? "%%23" : "%c", raw[i]);

	return 0;
}

static const char *skip_scheme(const char *text)
{
	return !strncasecmp(text, "sip:", 4) ? text + 4 : text;
}

int sipx_target_user(char *out, size_t size, const char *text)
{
	text = skip_scheme(text);

	return take_user(out, size, text, strcspn(text, "@;?"));
}

/* "host", "host:port", "[v6]:port" of this length */
static int take_host(struct sipx_target *target, const char *text, size_t len)
{
	const char *end = text + len, *port = memchr(text, ':', len);
	char bare[SIPX_HOST_SIZE];
	char digits[8];
	int64_t n;

	if (!len || len >= sizeof(bare))
		return EINVAL;
	if (*text == '[') {
		port = memchr(text, ']', len);
		if (!port)
			return EINVAL;
		snprintf(bare, sizeof(bare), "%.*s", (int)(port - text - 1),
			 text + 1);
		port = ++port < end ? port : NULL;
		if ((port && *port != ':') || !strchr(bare, ':'))
			return EINVAL;
	} else {
		snprintf(bare, sizeof(bare), "%.*s",
			 (int)(port ? port - text : (long)len), text);
	}
	if (!*bare || opt_check_host(bare))
		return EINVAL;
	sipx_host_write(target->host, sizeof(target->host), bare);
	if (!port)
		return 0;

	snprintf(digits, sizeof(digits), "%.*s", (int)(end - port - 1),
		 port + 1);
	if (end - port > 6 || str_to_int(digits, 1, UINT16_MAX, &n))
		return EINVAL;
	target->port = (uint16_t)n;

	return 0;
}

static bool param_is(const char *param, size_t len, const char *name)
{
	return len == strlen(name) && !strncasecmp(param, name, len);
}

/* One "name" or "name=value" */
static int check_param(const char *param, size_t len)
{
	static const char *const refused[] = {"maddr", "ttl", "method", "lr"};
	const char *eq = memchr(param, '=', len);
	const size_t name = eq ? (size_t)(eq - param) : len;
	size_t i;

	if (!name || (eq && name + 1 == len))
		return EINVAL;
	for (i = 0; i < len; ++i)
		if (param + i != eq && !is_param_char(param[i]))
			return EINVAL;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); ++i)
		if (param_is(param, name, refused[i]))
			return EINVAL;
	if (param_is(param, name, "transport") &&
	    !param_is(param, len, "transport=udp") &&
	    !param_is(param, len, "transport=tcp"))
		return EINVAL;

	return 0;
}

/* From the first ';' to the end */
static int take_params(struct sipx_target *target, const char *text)
{
	const char *p = text;
	size_t len;

	if (str_copy(target->params, sizeof(target->params), text))
		return EINVAL;
	while (*p == ';') {
		len = strcspn(++p, ";");
		if (check_param(p, len))
			return EINVAL;
		p += len;
	}

	return 0;
}

int sipx_target_parse(struct sipx_target *target, const char *text)
{
	const char *at;
	int err;

	memset(target, 0, sizeof(*target));
	text = skip_scheme(text);
	at = strchr(text, '@');
	if (at) {
		err = take_user(target->user, sizeof(target->user), text,
				(size_t)(at - text));
		if (err)
			return err;
		text = at + 1;
	}
	err = take_host(target, text, strcspn(text, ";"));
	if (err)
		return err;

	return take_params(target, text + strcspn(text, ";"));
}

void sipx_target_host(char *out, size_t size, const struct sipx_target *target)
{
	if (target->port)
		snprintf(out, size, "%s:%u", target->host,
			 (unsigned)target->port);
	else
		snprintf(out, size, "%s", target->host);
}

void sipx_target_uri(char *out, size_t size, const struct sipx_target *target)
{
	char host[SIPX_HOST_SIZE + 8];

	sipx_target_host(host, sizeof(host), target);
	snprintf(out, size, "sip:%s%s%s%s", target->user,
		 target->user[0] ? "@" : "", host, target->params);
}

/* An address in one form: IPv4 in IPv6 is IPv4 */
static bool numeric(struct in6_addr *addr, const char *text)
{
	char bare[INET6_ADDRSTRLEN + 2];
	char mapped[INET6_ADDRSTRLEN + 8];
	size_t len;

	if (str_copy(bare, sizeof(bare), *text == '[' ? text + 1 : text))
		return false;
	len = strlen(bare);
	if (len && bare[len - 1] == ']')
		bare[len - 1] = '\0';
	snprintf(mapped, sizeof(mapped), strchr(bare, ':') ? "%s" : "::ffff:%s",
		 bare);

	return inet_pton(AF_INET6, mapped, addr) == 1;
}

bool sipx_target_is(const struct sipx_target *target, const char *address,
		    uint16_t port)
{
	struct in6_addr a, b;

	if ((target->port ? target->port : SIP_PORT) != port)
		return false;
	if (numeric(&a, target->host) && numeric(&b, address))
		return !memcmp(&a, &b, sizeof(a));

	return !strcasecmp(target->host, address);
}
