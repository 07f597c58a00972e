/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trunk's document: whence its calls come, and how ours go to it */
#include "directory/directory_priv.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/cidr.h"

int dir_limit(const json_t *doc, const char *name)
{
	const int64_t n = json_int(doc, name, 0);

	return n > 0 && n <= INT32_MAX ? (int)n : 0;
}

char **dir_strings(const json_t *array)
{
	GPtrArray *out;
	json_t *item;
	size_t i;

	if (!json_array_size(array))
		return NULL;

	out = g_ptr_array_new();
	json_array_foreach(array, i, item) if (json_is_string(item))
		g_ptr_array_add(out, g_strdup(json_string_value(item)));
	g_ptr_array_add(out, NULL);

	return (char **)g_ptr_array_free(out, FALSE);
}

/** Index of the value in a NULL-ended list; 0, the default, when unknown */
static unsigned choice(const char *value, const char *const *values)
{
	unsigned i;

	for (i = 0; values[i]; ++i)
		if (str_eq(value, values[i]))
			return i;

	return 0;
}

static void trunk_destructor(void *arg)
{
	struct dir_trunk *trunk = arg;
	size_t i;

	for (i = 0; i < trunk->nhosts; ++i)
		g_free(trunk->hosts[i].host);
	g_free(trunk->hosts);
	g_free(trunk->name);
	g_free(trunk->country);
	g_free(trunk->allowed);
	g_strfreev(trunk->codecs);
	g_strfreev(trunk->caller_ids);
	json_decref(trunk->doc);
}

/** allowed_ips, and every host that is written as an address */
static void read_sources(struct dir_trunk *trunk, const json_t *doc)
{
	GArray *nets = g_array_new(FALSE, FALSE, sizeof(struct dir_cidr));
	struct dir_cidr net;
	const char *text;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(doc, "allowed_ips"), i, item)
	{
		text = json_string_value(item);
		if (text && !dir_cidr_parse(&net, text))
			g_array_append_val(nets, net);
	}

	json_array_foreach(json_object_get(doc, "hosts"), i, item)
	{
		text = json_str(item, "host", "");
		if (!strchr(text, '/') && !dir_cidr_parse(&net, text))
			g_array_append_val(nets, net);
	}

	trunk->nallowed = nets->len;
	trunk->allowed = (struct dir_cidr *)g_array_free(nets, FALSE);
}

static unsigned small(const json_t *doc, const char *name, unsigned def)
{
	const int64_t n = json_int(doc, name, def);

	return n >= 0 && n <= UINT16_MAX ? (unsigned)n : def;
}

static int by_priority(const void *a, const void *b)
{
	const struct dir_host *one = a, *two = b;

	if (one->priority != two->priority)
		return one->priority < two->priority ? -1 : 1;

	return one->place < two->place ? -1 : 1;
}

static void read_hosts(struct dir_trunk *trunk, const json_t *doc)
{
	static const char *const transports[] = {"udp", "tcp", "tls", NULL};
	const json_t *list = json_object_get(doc, "hosts");
	struct dir_host *host;
	const char *name;
	json_t *item;
	size_t i;

	trunk->hosts = g_new0(struct dir_host, json_array_size(list) + 1);
	json_array_foreach(list, i, item)
	{
		name = json_str(item, "host", "");
		if (!*name)
			continue;
		host = &trunk->hosts[trunk->nhosts++];
		host->host = g_strdup(name);
		host->port = (uint16_t)small(item, "port", 0);
		host->transport =
			choice(json_str(item, "transport", NULL), transports);
		host->priority = small(item, "priority", 0);
		host->weight = small(item, "weight", 1);
		host->place = (unsigned)i;
	}
	if (trunk->nhosts)
		qsort(trunk->hosts, trunk->nhosts, sizeof(*host), by_priority);
}

static const char *text_of(const struct dir_trunk *trunk, const char *name)
{
	const char *text = json_str(trunk->doc, name, NULL);

	return text && *text ? text : NULL;
}

/** What outgoing calls ask; strings are the document's */
static void read_outgoing(struct dir_trunk *trunk, const char *const *formats)
{
	static const char *const modes[] = {"pass", "trunk", "anonymous", NULL};
	static const char *const headers[] = {"pai", "from", NULL};
	const json_t *doc = trunk->doc;
	const json_t *policy = json_object_get(doc, "caller_id_policy");

	read_hosts(trunk, doc);
	trunk->format_out =
		choice(json_str(doc, "number_format_out", NULL), formats);
	trunk->username = text_of(trunk, "username");
	trunk->realm = text_of(trunk, "realm");
	trunk->from_domain = text_of(trunk, "from_domain");
	trunk->contact_user = text_of(trunk, "contact_user");
	trunk->outbound_proxy = text_of(trunk, "outbound_proxy");
	trunk->caller = choice(json_str(policy, "mode", NULL), modes);
	trunk->asserts = !choice(json_str(policy, "header", NULL), headers);
	trunk->caller_ids = dir_strings(json_object_get(doc, "caller_ids"));
	trunk->headers = json_object_get(doc, "headers");
}

struct dir_trunk *dir_trunk_parse(const json_t *doc, const char *country)
{
	static const char *const dtmf[] = {"rfc4733", "info", "inband", NULL};
	static const char *const format[] = {"e164", "plain", "national", NULL};
	static const char *const did[] = {"request_uri", "to",
					  "p_called_party_id", NULL};
	struct dir_trunk *trunk = obj_zalloc(sizeof(*trunk), trunk_destructor);

	str_copy(trunk->id, sizeof(trunk->id), json_str(doc, "id", ""));
	str_copy(trunk->account_id, sizeof(trunk->account_id),
		 json_str(doc, "account_id", ""));
	trunk->name = g_strdup(json_str(doc, "name", ""));
	read_sources(trunk, doc);
	trunk->dtmf = choice(json_str(doc, "dtmf", NULL), dtmf);
	trunk->did_from = choice(json_str(doc, "did_from", NULL), did);
	trunk->format_in =
		choice(json_str(doc, "number_format_in", NULL), format);
	trunk->country = g_strdup(json_str(doc, "country", country));
	trunk->codecs = dir_strings(json_object_get(doc, "codecs"));
	trunk->max_calls = dir_limit(doc, "max_calls");
	trunk->max_cps = dir_limit(doc, "max_cps");
	trunk->doc = json_deep_copy(doc);
	read_outgoing(trunk, format);

	return trunk;
}
