/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "api/resource.h"
#include "common/json.h"
#include "common/str.h"

static const char *const statuses[] = {"pending", "active", NULL};

static const char *check_name(const char *value)
{
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-")])
		return "must be a host name in lower case";

	return opt_check_host(value);
}

static const struct opt domain_opts[] = {
	RES_OPTS,
	{
		.name = "name",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED | OPT_CREATE,
		.min = 1,
		.max = 253,
		.check = check_name,
		.doc = "Host name in lower case (\"acme.example\"), the realm "
		       "of its extensions' passwords; it cannot change.",
	},
	{
		.name = "outgoing_flow_id",
		.type = OPT_ID,
		.flags = OPT_NULLABLE,
		.def = "null",
		.doc = "The flow that runs when one of its extensions dials; "
		       "null = `/numbers` decide.",
	},
	{
		.name = "status",
		.type = OPT_STRING,
		.flags = OPT_PLATFORM,
		.values = statuses,
		.doc = "The extensions of a pending domain cannot register "
		       "until the platform approves it.",
	},
	OPT_END,
};

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	if (!json_str(doc, "status", NULL))
		json_set_str(doc, "status",
			     old ? json_str(old, "status", "active")
			     : api_is_approved(req) ? "active"
						    : "pending");

	return NULL;
}

static size_t columns(const json_t *doc, struct db_value *values)
{
	const char *flow_id = json_str(doc, "outgoing_flow_id", NULL);

	values[0] = DB_S(json_str(doc, "name", ""));
	values[1] = flow_id ? DB_S(flow_id) : DB_N;

	return 2;
}

/** Say who uses it before the store does, and better */
static json_t *on_loop(struct job *job)
{
	char why[160];

	if (!job->doc && directory_in_use(job->api->env.dir, DIR_DOMAIN,
					  job->id, why, sizeof(why)))
		return api_errorf(API_ERR_in_use, "%s is in it", why);

	return NULL;
}

static const struct list_filter filters[] = {
	{"name", "name", FILTER_IS},
	{.name = NULL},
};

static const struct list_sort sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = "name", .column = "name", .is_text = true},
	{.name = NULL},
};

static const char *const sort_names[] = {"created_at", "name", NULL};

static const struct opt list_opts[] = {
	LIST_OPTS(sort_names),
	{.name = "name", .type = OPT_STRING, .max = 253, .doc = "Its name."},
	OPT_END,
};

static const struct list list = {
	.table = "domain",
	.filters = filters,
	.sorts = sorts,
};

static const struct resource domains = {
	.kind = "domain",
	.base = "/v1/domains",
	.not_found = API_ERR_domain_not_found,
	.opts = domain_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_DOMAIN,
	.sql_get = "SELECT doc FROM domain WHERE id = ?1 AND account_id = ?2",
	.sql_insert = "INSERT INTO domain (id, account_id, created_at, doc,"
		      " name, outgoing_flow_id)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	.sql_update = "UPDATE domain SET doc = ?4, name = ?5,"
		      " outgoing_flow_id = ?6"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM domain WHERE id = ?1 AND account_id = ?2",
	.check = check,
	.columns = columns,
	.on_loop = on_loop,
	.foreign_pointer = "/outgoing_flow_id",
	.foreign_message = "no such flow",
};

static const enum api_err exists[] = {API_ERR_already_exists, API_OK};
static const enum api_err missing[] = {API_ERR_domain_not_found, API_OK};
static const enum api_err in_use[] = {API_ERR_domain_not_found, API_ERR_in_use,
				      API_OK};

const struct verb api_verb_domains_list = {
	.summary = "List domains",
	.query = list_opts,
	.reply = domain_opts,
	.reply_name = "Domain",
	.res = &domains,
	.read = res_list,
};

const struct verb api_verb_domains_create = {
	.summary = "Make a domain",
	.about = "A private SIP domain, in which extensions are. Its name is "
		 "unique over all accounts.",
	.body = domain_opts,
	.reply = domain_opts,
	.reply_name = "Domain",
	.errors = exists,
	.res = &domains,
	.prepare = res_create,
	.act = res_act,
};

const struct verb api_verb_domains_get = {
	.summary = "Get a domain",
	.reply = domain_opts,
	.reply_name = "Domain",
	.errors = missing,
	.res = &domains,
	.read = res_get,
};

const struct verb api_verb_domains_patch = {
	.summary = "Change a domain",
	.body = domain_opts,
	.reply = domain_opts,
	.reply_name = "Domain",
	.errors = missing,
	.res = &domains,
	.prepare = res_patch,
	.act = res_act,
};

const struct verb api_verb_domains_delete = {
	.summary = "Delete a domain",
	.errors = in_use,
	.res = &domains,
	.prepare = res_delete,
	.act = res_act,
};
