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
	res_default_status(req, old, doc);

	return NULL;
}

static const char *const members[] = {"name", "outgoing_flow_id", NULL};

static const struct opt list_opts[] = {
	RES_NAME_LIST_OPTS(253),
	OPT_END,
};

static const struct list list = {
	.table = "domain",
	.filters = res_name_filters,
	.sorts = res_name_sorts,
};

static const struct resource domains = {
	.kind = "domain",
	.base = "/v1/domains",
	.not_found = API_ERR_domain_not_found,
	.opts = domain_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_DOMAIN,
	.in_use = "is in it",
	.sql_get = "SELECT doc FROM domain WHERE id = ?1 AND account_id = ?2",
	.sql_insert = "INSERT INTO domain (id, account_id, created_at, doc,"
		      " name, outgoing_flow_id)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	.sql_update = "UPDATE domain SET doc = ?4, name = ?5,"
		      " outgoing_flow_id = ?6"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM domain WHERE id = ?1 AND account_id = ?2",
	.check = check,
	.members = members,
	.foreign_pointer = "/outgoing_flow_id",
	.foreign_message = "no such flow",
};

static const enum api_err exists[] = {API_ERR_already_exists, API_OK};
static const enum api_err missing[] = {API_ERR_domain_not_found, API_OK};
static const enum api_err in_use[] = {API_ERR_domain_not_found, API_ERR_in_use,
				      API_OK};

const struct verb api_verb_domains_list = {
	.summary = "List domains",
	RES_LISTS(domains, domain_opts, "Domain", list_opts),
};

const struct verb api_verb_domains_create = {
	.summary = "Make a domain",
	.about = "A private SIP domain, in which extensions are. Its name is "
		 "unique over all accounts.",
	.errors = exists,
	RES_CREATES(domains, domain_opts, "Domain"),
};

const struct verb api_verb_domains_get = {
	.summary = "Get a domain",
	.errors = missing,
	RES_GETS(domains, domain_opts, "Domain"),
};

const struct verb api_verb_domains_patch = {
	.summary = "Change a domain",
	.errors = missing,
	RES_PATCHES(domains, domain_opts, "Domain"),
};

const struct verb api_verb_domains_delete = {
	.summary = "Delete a domain",
	.errors = in_use,
	RES_DELETES(domains),
};
