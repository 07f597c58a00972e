/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of an INVITE, or of the response to ours, is kept as data: never
 * trusted, bounded, clean text */
#include <sofia-sip/sip_extra.h>
#include <sofia-sip/sip_parser.h>

#include <string.h>
#include <strings.h>

#include "common/jsonw.h"
#include "common/str.h"

#include "sipx_priv.h"

enum {
	HEADERS_MAX = 24,
	NAME_SIZE = 48,
	VALUE_SIZE = 512,
	INFO_SIZE = 256, /* of it all, mostly */
};

static bool is_kept(const char *name)
{
	static const char *const names[] = {
		"P-Asserted-Identity",
		"Diversion",
		"History-Info",
		"P-Called-Party-ID",
		"Alert-Info",
		"User-to-User",
		"Identity",
	};
	size_t i;

	if (!strncasecmp(name, "X-", 2))
		return true;
	for (i = 0; i < G_N_ELEMENTS(names); ++i)
		if (!strcasecmp(name, names[i]))
			return true;

	return false;
}

/* As it is kept already: names know no case. NULL: not yet */
static const char *known_name(json_t *headers, const char *key)
{
	const char *name;
	json_t *value;

	json_object_foreach(headers, name,
			    value) if (!strcasecmp(name, key)) return name;

	return NULL;
}

/* A header that came more than once is one list (RFC 3261 §7.3.1) */
static void add_header(json_t *headers, const char *name, const char *value)
{
	char key[NAME_SIZE], text[VALUE_SIZE], both[VALUE_SIZE];
	const char *old;

	sipx_clean(key, sizeof(key), name, strlen(name));
	old = known_name(headers, key);
	if (old)
		str_copy(key, sizeof(key), old);
	old = json_string_value(json_object_get(headers, key));
	if (!old && json_object_size(headers) >= HEADERS_MAX)
		return;

	sipx_clean(text, sizeof(text), value, strlen(value));
	if (old) {
		g_snprintf(both, sizeof(both), "%s, %s", old, text);
		sipx_clean(text, sizeof(text), both, strlen(both));
	}
	json_object_set_new(headers, key, json_string(text));
}

static bool is_withheld(const sip_t *sip, const char *name)
{
	return !strcasecmp(name, "P-Asserted-Identity") &&
	       sipx_is_withheld(sip);
}

static void add_known(json_t *headers, const sip_t *sip)
{
	const sip_p_asserted_identity_t *pai = sip_p_asserted_identity(sip);
	char value[VALUE_SIZE];

	if (pai && sipx_is_withheld(sip))
		return;
	for (; pai; pai = pai->paid_next) {
		if (sip_header_field_e(value, sizeof(value),
				       (const sip_header_t *)pai, 0) > 0) {
			value[sizeof(value) - 1] = '\0';
			add_header(headers, "P-Asserted-Identity", value);
		}
	}
}

/* NULL when there are none, as mostly */
static json_t *headers_of(const sip_t *sip)
{
	const sip_unknown_t *un = sip ? sip->sip_unknown : NULL;
	json_t *headers;

	if (!sip || (!un && !sip_p_asserted_identity(sip)))
		return NULL;

	headers = json_object();
	add_known(headers, sip);
	for (; un; un = un->un_next)
		if (un->un_name && un->un_value && is_kept(un->un_name) &&
		    !is_withheld(sip, un->un_name))
			add_header(headers, un->un_name, un->un_value);

	return headers;
}

static void put_clean(GString *out, const char *key, const char *value)
{
	char text[VALUE_SIZE];

	sipx_clean(text, sizeof(text), value, strlen(value));
	jsonw_str(out, key, text);
}

static const char *agent_of(const sip_t *sip)
{
	if (sip && sip->sip_user_agent)
		return sip->sip_user_agent->g_string;

	return sip && sip->sip_server ? sip->sip_server->g_string : NULL;
}

char *sipx_describe(const char *call_id, const sip_t *sip, const char *remote)
{
	GString *info = g_string_sized_new(INFO_SIZE);
	json_t *headers = headers_of(sip);

	jsonw_open(info, NULL, '{');
	put_clean(info, "call_id", call_id);
	jsonw_str(info, "remote", remote);
	if (agent_of(sip))
		put_clean(info, "user_agent", agent_of(sip));
	if (headers)
		jsonw_json(info, "headers", headers);
	else
		jsonw_text(info, "headers", "{}");
	jsonw_close(info, '}');
	json_decref(headers);

	return g_string_free(info, FALSE);
}
