/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 3323, 3325: a number that is withheld stands in P-Asserted-Identity
 * alone, and only where a trunk takes it from us. */
#include "identity.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/opt.h"
#include "common/str.h"

enum {
	HEADERS_MAX = 32,
	NAME_MAX_LEN = 64,
	VALUE_MAX_LEN = 512
};

static const char anonymous[] = "anonymous";

struct identity {
	char user[SIPX_ESCAPED_SIZE]; /* "" = nobody */
	char domain[SIPX_HOST_SIZE];
	bool withheld, asserted;
};

/* ---- who ---- */

static bool is_listed(char **numbers, const char *number)
{
	for (; numbers && *numbers; ++numbers)
		if (str_eq(*numbers, number))
			return true;

	return false;
}

/* The number that the trunk lets us send */
static const char *caller_of(const struct leg_dial *dial,
			     const struct dir_trunk *trunk)
{
	const char *source = dial->source ? dial->source : "";

	if (trunk && trunk->caller == DIR_CALLER_TRUNK && trunk->caller_ids &&
	    !is_listed(trunk->caller_ids, source))
		return trunk->caller_ids[0];

	return source;
}

/* "+45…", "sip:alice@host", "1001@domain" */
static void split(struct identity *id, const char *caller)
{
	char user[SIPX_TEXT_SIZE], host[SIPX_HOST_SIZE];
	const char *at;

	if (!strncasecmp(caller, "sip:", 4))
		caller += 4;
	at = strchr(caller, '@');
	sipx_clean(user, sizeof(user), caller, strcspn(caller, "@;"));
	sipx_user_write(id->user, sizeof(id->user), user);
	if (!at)
		return;

	sipx_clean(host, sizeof(host), at + 1, strcspn(at + 1, ";:>?"));
	if (*host && !opt_check_host(host))
		str_copy(id->domain, sizeof(id->domain), host);
}

static void find(struct identity *id, const struct sipx_stack *stack,
		 const struct leg_dial *dial, const struct dir_trunk *trunk)
{
	const char *caller = caller_of(dial, trunk);
	char number[SIPX_TEXT_SIZE];
	const bool none = trunk && trunk->caller == DIR_CALLER_ANONYMOUS;

	memset(id, 0, sizeof(*id));
	if (trunk && sipx_is_number(caller)) {
		directory_write_number(number, sizeof(number), caller,
				       trunk->format_out, trunk->country);
		caller = number;
	}
	split(id, caller);
	if (trunk && trunk->from_domain && !opt_check_host(trunk->from_domain))
		str_copy(id->domain, sizeof(id->domain), trunk->from_domain);
	if (!id->domain[0])
		sipx_host_write(id->domain, sizeof(id->domain),
				stack->public_address);

	if (str_eq(id->user, anonymous))
		id->user[0] = '\0';
	id->withheld = dial->anonymous || none || !id->user[0];
	id->asserted = trunk && trunk->asserts && id->user[0] && !none;
}

static void put_display(GString *out, const char *name)
{
	char clean[SIPX_TEXT_SIZE];
	const char *p;

	if (!name || !*name)
		return;
	sipx_clean(clean, sizeof(clean), name, strlen(name));
	g_string_append_c(out, '"');
	for (p = clean; *p; ++p) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
	g_string_append(out, "\" ");
}

static void put_party(GString *out, const struct identity *id, const char *name)
{
	put_display(out, name);
	g_string_append_printf(out, "<sip:%s@%s>", id->user, id->domain);
}

void sipx_identity_from(char *out, size_t size, const struct sipx_stack *stack,
			const struct leg_dial *dial,
			const struct dir_trunk *trunk)
{
	GString *text = g_string_sized_new(SIPX_TEXT_SIZE);
	struct identity id;

	find(&id, stack, dial, trunk);
	if (id.withheld)
		g_string_assign(text, "\"Anonymous\" "
				      "<sip:anonymous@anonymous.invalid>");
	else
		put_party(text, &id, dial->source_name);
	str_copy(out, size, text->str);
	g_string_free(text, TRUE);
}

/* ---- headers ---- */

static bool is_name(const char *name)
{
	const char *p;

	if (strncasecmp(name, "X-", 2) != 0 || strlen(name) > NAME_MAX_LEN)
		return false;
	for (p = name + 2; *p; ++p)
		if (!isalnum((unsigned char)*p) && !strchr("-_.!%*+`'~", *p))
			return false;

	return name[2] != '\0';
}

static bool has_name(const json_t *headers, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)headers, key, value)
	{
		if (!strcasecmp(key, name))
			return true;
	}

	return false;
}

/* What is no X-… header, or could end one, is passed over */
static void put_headers(GString *out, const json_t *headers,
			const json_t *before, unsigned *np)
{
	const char *name, *text;
	json_t *value;

	json_object_foreach((json_t *)headers, name, value)
	{
		text = json_string_value(value);
		if (!text || !is_name(name) || !sipx_value_ok(text) ||
		    strlen(text) > VALUE_MAX_LEN || has_name(before, name) ||
		    *np >= HEADERS_MAX)
			continue;
		g_string_append_printf(out, "%s: %s\r\n", name, text);
		++*np;
	}
}

/* No two makes of phones ask for the same: Snom, Grandstream and Yealink know
 * the one, Polycom and Cisco the other. Who knows neither rings. */
static void put_auto_answer(GString *out, const struct sipx_stack *stack)
{
	char host[SIPX_HOST_SIZE];

	sipx_host_write(host, sizeof(host), stack->public_address);
	g_string_append_printf(out,
			       "Call-Info: <sip:%s>;answer-after=0\r\n"
			       "Alert-Info: <http://www.notused.com>;"
			       "info=alert-autoanswer;delay=0\r\n",
			       host);
}

char *sipx_identity_headers(const struct sipx_stack *stack,
			    const struct leg_dial *dial,
			    const struct dir_trunk *trunk)
{
	GString *out = g_string_new(NULL);
	struct identity id;
	unsigned n = 0;

	find(&id, stack, dial, trunk);
	if (id.asserted) {
		g_string_append(out, "P-Asserted-Identity: ");
		put_party(out, &id, id.withheld ? NULL : dial->source_name);
		g_string_append(out, "\r\n");
	}
	if (id.withheld)
		g_string_append(out, "Privacy: id\r\n");
	if (dial->auto_answer)
		put_auto_answer(out, stack);
	put_headers(out, dial->headers, NULL, &n);
	if (trunk)
		put_headers(out, trunk->headers, dial->headers, &n);

	return g_string_free(out, FALSE);
}
