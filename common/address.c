/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "common/address.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"

enum {
	SHORT_CODE_MIN = 2,
	SHORT_CODE_MAX = 6,
	EXTENSION_MAX = 64,
	USER_MAX = 128,
};

static const char *const types[] = {"tel", "sip", "extension", NULL};
/* documented, not built yet */
static const char *const planned[] = {"agent", "conference", "queue", NULL};

static const char not_yet[] = "calls to conferences, agents and queues are "
			      "not available yet";
static const char wrong_text[] = "must be tel:NUMBER, sip:USER@HOST or "
				 "extension:NAME@DOMAIN";

const struct opt address_opts[] = {
	{.name = "type",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .values = types,
	 .doc = "`tel`, `sip` or `extension`."},
	{.name = "target",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = ADDRESS_TARGET_SIZE - 1,
	 .doc = "A number in E.164 or a short code, a SIP URI, or "
		"`NAME@DOMAIN`."},
	{.name = "name",
	 .type = OPT_STRING,
	 .flags = OPT_NULLABLE,
	 .max = ADDRESS_NAME_SIZE - 1,
	 .check = opt_check_no_controls,
	 .doc = "Name to be shown."},
	{.name = "trunk_id",
	 .type = OPT_ID,
	 .flags = OPT_NULLABLE,
	 .doc = "The trunk by which it is reached, for `tel` and `sip`."},
	OPT_END,
};

static const char *find(const char *const *names, const char *text, size_t len)
{
	for (; *names; ++names)
		if (strlen(*names) == len && !strncmp(*names, text, len))
			return *names;

	return NULL;
}

/* A number as people write it: visual separators (RFC 3966) are left out */
static const char *read_tel(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text; ++text) {
		if (n && strchr("-.() ", *text))
			continue;
		if (n + 1 == size)
			return opt_check_e164("");
		out[n++] = *text;
	}
	out[n] = '\0';
	if (*out == '+')
		return opt_check_e164(out);
	if (n < SHORT_CODE_MIN || n > SHORT_CODE_MAX ||
	    out[strspn(out, "0123456789*#")])
		return "must be a number such as \"+4520123456\" (E.164), or a "
		       "short code of 2 to 6 keys";

	return NULL;
}

const char *address_check_extension(const char *value)
{
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return "letters, digits, '.', '_' and '-' only";

	return NULL;
}

static const char *read_extension(char *out, size_t size, const char *text)
{
	static const char wrong[] = "must be an extension such as "
				    "\"1001@acme.test\"";
	const char *at = strchr(text, '@');
	char name[EXTENSION_MAX + 1];
	char *domain;
	const char *why = wrong;

	if (!at || at == text || at - text > EXTENSION_MAX)
		return wrong;
	g_strlcpy(name, text, (gsize)(at - text) + 1);
	domain = g_ascii_strdown(at + 1, -1);
	if (!address_check_extension(name) && !opt_check_host(domain) &&
	    !strpbrk(domain, "[:") &&
	    g_snprintf(out, size, "%s@%s", name, domain) < (int)size)
		why = NULL;
	g_free(domain);

	return why;
}

/* A user as RFC 3261 has it, with no password; escapes of what would break a
 * line or end a text are not let in */
static bool is_user(const char *text, size_t len)
{
	size_t i;

	if (!len || len > USER_MAX)
		return false;
	for (i = 0; i < len; ++i) {
		int hi, lo;

		if (text[i] != '%') {
			if (!g_ascii_isalnum(text[i]) &&
			    !strchr("-_.!~*'()&=+$,/", text[i]))
				return false;
			continue;
		}
		hi = i + 2 < len ? g_ascii_xdigit_value(text[i + 1]) : -1;
		lo = hi >= 0 ? g_ascii_xdigit_value(text[i + 2]) : -1;
		if (lo < 0 || hi < 2 || (hi == 7 && lo == 15))
			return false;
		i += 2;
	}

	return true;
}

/* "host", "host:5060", "[2001:db8::1]:5060" */
static bool is_host_port(const char *text, size_t len)
{
	char host[ADDRESS_TARGET_SIZE];
	size_t host_len;
	int64_t port;

	g_strlcpy(host, text, MIN(len + 1, sizeof(host)));
	host_len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (host_len > strlen(host))
		return false;
	if (host[host_len] == ':') {
		if (!g_ascii_isdigit(host[host_len + 1]) ||
		    str_to_int(host + host_len + 1, 1, 65535, &port))
			return false;
	} else if (host[host_len]) {
		return false;
	}
	host[host_len] = '\0';
	/* a bare IPv6 address cannot be told from a port */
	return (*host == '[' || !strchr(host, ':')) && !opt_check_host(host);
}

/* Others could lead a call elsewhere than the host says (maddr, lr, method) */
static bool are_params(const char *text)
{
	static const char *const allowed[] = {"transport=udp", "transport=tcp",
					      "transport=tls", "user=phone",
					      "user=ip",       NULL};
	size_t len;

	while (*text == ';') {
		len = strcspn(++text, ";");
		if (!find(allowed, text, len))
			return false;
		text += len;
	}

	return !*text;
}

static const char *read_sip(char *out, size_t size, const char *text)
{
	static const char wrong[] = "must be a SIP URI such as "
				    "\"sip:bob@example.com\"";
	const char *rest = str_starts(text, "sip:") ? text + 4 : text;
	const char *at = strchr(rest, '@'), *host = at ? at + 1 : rest;
	const size_t host_len = strcspn(host, ";");

	if (at && !is_user(rest, (size_t)(at - rest)))
		return wrong;
	if (strchr(host, '?'))
		return "must not hold headers";
	if (!is_host_port(host, host_len))
		return wrong;
	if (!are_params(host + host_len))
		return "may have the parameters transport and user, no others";
	if (g_snprintf(out, size, "sip:%s", rest) >= (int)size)
		return "is too long";

	return NULL;
}

static const char *read_target(struct address *addr, const char *text)
{
	char *out = addr->target;
	const size_t size = sizeof(addr->target);

	if (!str_is_clean(text, strlen(text), false))
		return "must not hold control characters";
	if (str_eq(addr->type, "tel"))
		return read_tel(out, size, text);
	if (str_eq(addr->type, "sip"))
		return read_sip(out, size, text);

	return read_extension(out, size, text);
}

const char *address_parse(struct address *addr, const char *text)
{
	const size_t len = strcspn(text, ":");

	memset(addr, 0, sizeof(*addr));
	if (*text == '+') {
		addr->type = types[0];
		return read_target(addr, text);
	}
	if (text[len] != ':')
		return wrong_text;
	if (find(planned, text, len))
		return not_yet;
	addr->type = find(types, text, len);
	if (!addr->type)
		return wrong_text;

	return read_target(addr, text + len + 1);
}

static void fault(struct opt_faults *faults, const char *pointer,
		  const char *member, const char *why)
{
	char ptr[512];

	str_copy(ptr, sizeof(ptr), pointer);
	if (member)
		json_pointer_add(ptr, sizeof(ptr), member);
	opt_fault(faults, ptr, "%s", why);
}

static int read_object(struct address *addr, const json_t *in,
		       const char *pointer, struct opt_faults *faults)
{
	const char *type = json_str(in, "type", ""), *trunk, *why;

	memset(addr, 0, sizeof(*addr));
	if (find(planned, type, strlen(type))) {
		fault(faults, pointer, "type", not_yet);
		return EINVAL;
	}
	if (opt_check(NULL, address_opts, in, OPT_MODE_CREATE, false, pointer,
		      faults))
		return EINVAL;

	addr->type = find(types, type, strlen(type));
	why = read_target(addr, json_str(in, "target", ""));
	if (why) {
		fault(faults, pointer, "target", why);
		return EINVAL;
	}
	str_copy(addr->name, sizeof(addr->name), json_str(in, "name", ""));
	trunk = json_str(in, "trunk_id", "");
	if (*trunk && str_eq(addr->type, "extension")) {
		fault(faults, pointer, "trunk_id",
		      "an extension is not reached by a trunk");
		return EINVAL;
	}
	str_copy(addr->trunk_id, sizeof(addr->trunk_id), trunk);

	return 0;
}

int address_read(struct address *addr, const json_t *in, const char *pointer,
		 struct opt_faults *faults)
{
	const char *why;

	if (json_is_object(in))
		return read_object(addr, in, pointer, faults);

	if (json_is_string(in))
		why = address_parse(addr, json_string_value(in));
	else
		why = "must be a text such as \"tel:+4520123456\", or an "
		      "object {type, target}";
	if (!why)
		return 0;
	fault(faults, pointer, NULL, why);

	return EINVAL;
}

json_t *address_json(const struct address *addr)
{
	json_t *out = json_object();

	json_set_str(out, "type", addr->type);
	json_set_str(out, "target", addr->target);
	json_set_str(out, "name", *addr->name ? addr->name : NULL);
	json_set_str(out, "trunk_id", *addr->trunk_id ? addr->trunk_id : NULL);

	return out;
}

const char *address_check(const char *value)
{
	struct address addr;

	return address_parse(&addr, value);
}
