/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/trunks.h"

#include "api/resource.h"
#include "common/json.h"
#include "common/str.h"
#include "directory/cidr.h"

enum {
	WIDEST_V4 = 24,
	WIDEST_V6 = 48
}; /* of a customer's sources */

/** What is accepted so far, of members whose other values come later */
struct only {
	const char *member;
	const char *value; /* JSON text */
};

static const struct only supported[] = {
	{"shared", "false"},  {"register", "false"},   {"srtp", "\"off\""},
	{"rel100", "\"no\""}, {"options_ping_s", "0"},
};

static void check_supported(const json_t *doc, struct opt_faults *faults)
{
	char pointer[64];
	json_t *value;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(supported); ++i) {
		value = json_loads(supported[i].value, JSON_DECODE_ANY, NULL);
		if (!json_equal(value,
				json_object_get(doc, supported[i].member))) {
			g_snprintf(pointer, sizeof(pointer), "/%s",
				   supported[i].member);
			opt_fault(faults, pointer, "not supported yet: only %s",
				  supported[i].value);
		}
		json_decref(value);
	}

	if (!str_eq(json_str(json_object_get(doc, "inbound_auth"), "mode",
			     "ip"),
		    "ip"))
		opt_fault(faults, "/inbound_auth/mode",
			  "not supported yet: only \"ip\"");
}

static void check_hosts(const json_t *doc, struct opt_faults *faults)
{
	char pointer[64];
	json_t *host;
	size_t i;

	json_array_foreach(json_object_get(doc, "hosts"), i, host)
	{
		if (!str_eq(json_str(host, "transport", "udp"), "tls"))
			continue;
		g_snprintf(pointer, sizeof(pointer), "/hosts/%zu/transport", i);
		opt_fault(faults, pointer, "not supported yet: udp or tcp");
	}
}

static void check_headers(const json_t *doc, struct opt_faults *faults)
{
	const char *name, *wrong;
	char pointer[128];
	json_t *value;

	json_object_foreach(json_object_get(doc, "headers"), name, value)
	{
		wrong = check_header_name(name);
		if (!wrong)
			continue;
		str_copy(pointer, sizeof(pointer), "/headers");
		json_pointer_add(pointer, sizeof(pointer), name);
		opt_fault(faults, pointer, "%s", wrong);
	}
}

/** Calls fn for each source a trunk names */
typedef void(source_h)(const struct dir_cidr *net, const char *pointer,
		       void *arg);

static void each_source(const json_t *doc, source_h *fn, void *arg)
{
	struct dir_cidr net;
	char pointer[64];
	const char *text;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(doc, "allowed_ips"), i, item)
	{
		text = json_string_value(item);
		g_snprintf(pointer, sizeof(pointer), "/allowed_ips/%zu", i);
		if (text && !dir_cidr_parse(&net, text))
			fn(&net, pointer, arg);
	}

	json_array_foreach(json_object_get(doc, "hosts"), i, item)
	{
		text = json_str(item, "host", "");
		g_snprintf(pointer, sizeof(pointer), "/hosts/%zu/host", i);
		if (!dir_cidr_parse(&net, text))
			fn(&net, pointer, arg);
	}
}

static void check_width(const struct dir_cidr *net, const char *pointer,
			void *arg)
{
	const unsigned widest = net->family == AF_INET ? WIDEST_V4 : WIDEST_V6;

	if (net->bits < widest)
		opt_fault(arg, pointer,
			  "only the platform may allow more than a /%u",
			  widest);
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	const json_t *was = json_object_get(old, "allowed_ips");

	check_supported(doc, faults);
	check_hosts(doc, faults);
	check_headers(doc, faults);

	/* what the platform once allowed may stay */
	if (!req->platform &&
	    !(old && json_equal(was, json_object_get(doc, "allowed_ips"))))
		each_source(doc, check_width, faults);

	return NULL;
}

struct overlap {
	const struct job *job;
	struct opt_faults *faults;
};

static void check_overlap(const struct dir_cidr *net, const char *pointer,
			  void *arg)
{
	struct overlap *run = arg;

	if (directory_source_is_taken(run->job->api->env.dir, net,
				      run->job->account_id))
		opt_fault(run->faults, pointer,
			  "overlaps another account's source: only the "
			  "platform may allow it");
}

static json_t *on_loop(struct job *job)
{
	struct opt_faults faults = {0};
	struct overlap run = {.job = job, .faults = &faults};

	if (!job->doc || job->platform)
		return NULL;

	each_source(job->doc, check_overlap, &run);

	return faults.list ? api_invalid(API_ERR_invalid, &faults) : NULL;
}

static const char *const members[] = {"name", NULL};

static const struct opt list_opts[] = {
	RES_NAME_LIST_OPTS(128),
	OPT_END,
};

static const struct list list = {
	.table = "trunk",
	.filters = res_name_filters,
	.sorts = res_name_sorts,
};

static const struct resource trunks = {
	.kind = "trunk",
	.base = "/v1/trunks",
	.not_found = API_ERR_trunk_not_found,
	.opts = api_trunk_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_TRUNK,
	.sql_get = "SELECT doc FROM trunk WHERE id = ?1 AND account_id = ?2",
	.sql_insert = "INSERT INTO trunk"
		      " (id, account_id, created_at, doc, name)"
		      " VALUES (?1, ?2, ?3, ?4, ?5)",
	.sql_update = "UPDATE trunk SET doc = ?4, name = ?5"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM trunk WHERE id = ?1 AND account_id = ?2",
	.check = check,
	.members = members,
	.on_loop = on_loop,
};

static const enum api_err missing[] = {API_ERR_trunk_not_found, API_OK};

const struct verb api_verb_trunks_list = {
	.summary = "List trunks",
	RES_LISTS(trunks, api_trunk_opts, "Trunk", list_opts),
};

const struct verb api_verb_trunks_create = {
	.summary = "Make a trunk",
	.about = "Where calls may come from. Sources wider than /24 (IPv6 "
		 "/48), or that overlap another account's, need the platform.",
	RES_CREATES(trunks, api_trunk_opts, "Trunk"),
};

const struct verb api_verb_trunks_get = {
	.summary = "Get a trunk",
	.errors = missing,
	RES_GETS(trunks, api_trunk_opts, "Trunk"),
};

const struct verb api_verb_trunks_patch = {
	.summary = "Change a trunk",
	.errors = missing,
	RES_PATCHES(trunks, api_trunk_opts, "Trunk"),
};

const struct verb api_verb_trunks_delete = {
	.summary = "Delete a trunk",
	.about = "Calls that came by it go on.",
	.errors = missing,
	RES_DELETES(trunks),
};
