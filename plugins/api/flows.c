/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/flows.h"

#include <errno.h>

#include "api/resource.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_doc.h"
#include "host/log.h"
#include "store/store.h"

/* Actions pass through the table: flow/ checks them, with every fault. The
 * schemas of OpenAPI put the actions' own in their place (by the names).
 */
#define FLOW_MEMBERS(name_flags)                                               \
	{                                                                      \
		.name = "name",                                                \
		.type = OPT_STRING,                                            \
		.flags = (name_flags),                                         \
		.min = 1,                                                      \
		.max = 128,                                                    \
		.check = opt_check_no_controls,                                \
		.doc = "Its name.",                                            \
	},                                                                     \
		{                                                              \
			.name = "description",                                 \
			.type = OPT_STRING,                                    \
			.min = 0,                                              \
			.max = 4096,                                           \
			.def = "\"\"",                                         \
			.doc = "What it is for.",                              \
		},                                                             \
		{                                                              \
			.name = "actions",                                     \
			.type = OPT_ARRAY,                                     \
			.flags = OPT_REQUIRED,                                 \
			.min = 0,                                              \
			.max = FLOW_MAX_ACTIONS,                               \
			.doc = "What is done, in order.",                      \
		},                                                             \
	{                                                                      \
		.name = "fallback_actions", .type = OPT_ARRAY, .min = 0,       \
		.max = FLOW_MAX_ACTIONS, .def = "[]",                          \
		.doc = "What is done when a `patch` fails and has no "         \
		       "`error_id`.",                                          \
	}

static const struct opt flow_opts[] = {
	RES_OPTS,
	FLOW_MEMBERS(OPT_REQUIRED),
	OPT_END,
};

const struct opt flows_members[] = {FLOW_MEMBERS(0), OPT_END};

static const struct opt valid_opts[] = {
	{
		.name = "valid",
		.type = OPT_BOOL,
		.flags = OPT_READ,
		.doc = "Always true: faults are answered with 422.",
	},
	OPT_END,
};

/** Actions are checked even when other members are wrong, so that all faults
 * are listed; a member that is no array is the table's to tell.
 */
static void check_body(const struct req *req, struct opt_faults *faults)
{
	json_t *actions = json_object_get(req->body, "actions");
	json_t *fallback = json_object_get(req->body, "fallback_actions");
	json_t *doc;

	if (!json_is_array(actions) && !json_is_array(fallback))
		return;

	doc = json_object();
	if (json_is_array(actions))
		json_object_set(doc, "actions", actions);
	else
		json_object_set_new(doc, "actions", json_array());
	if (json_is_array(fallback))
		json_object_set(doc, "fallback_actions", fallback);

	flow_doc_alloc(NULL, doc, faults);
	json_decref(doc);
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	struct flow_doc *flow = NULL;
	json_t *actions;

	if (flow_doc_alloc(&flow, doc, faults))
		return NULL;

	actions = flow_doc_json(flow);
	json_object_update_existing(doc, actions);
	json_decref(actions);
	obj_unref(flow);

	return NULL;
}

/** What it counts, found out where nobody waits for it */
static void count(struct job *job)
{
	struct opt_faults faults = {0};
	struct flow_doc *flow = NULL;

	if (!job->doc || flow_doc_alloc(&flow, job->doc, &faults)) {
		json_decref(faults.list);
		return;
	}
	job->data = GSIZE_TO_POINTER(flow_doc_bytes(flow));
	obj_unref(flow);
}

/** All flows are kept in memory: an account has its share of it */
static json_t *check_quota(struct job *job)
{
	const struct directory *dir = job->api->env.dir;
	const uint64_t quota = (uint64_t)job->api->env.flow_quota_bytes;
	const struct dir_flow *old = directory_flow(dir, job->id);
	const uint64_t bytes = GPOINTER_TO_SIZE(job->data);
	uint64_t used;

	if (!job->doc)
		return NULL;

	used = directory_flow_bytes(dir, job->account_id);
	if (old)
		used -= flow_doc_bytes(old->doc);
	/* one that gets no larger may always be changed */
	if (used + bytes <= quota || (old && bytes <= flow_doc_bytes(old->doc)))
		return NULL;

	return api_errorf(API_ERR_flow_quota,
			  "%llu of %llu bytes are used by other flows of the "
			  "account; this one takes %llu.",
			  (unsigned long long)used, (unsigned long long)quota,
			  (unsigned long long)bytes);
}

static const char *const members[] = {"name", NULL};

static const struct opt list_opts[] = {
	RES_NAME_LIST_OPTS(128),
	OPT_END,
};

static const struct list list = {
	.table = "flow",
	.filters = res_name_filters,
	.sorts = res_name_sorts,
};

static const struct resource flows = {
	.kind = "flow",
	.base = "/v1/flows",
	.not_found = API_ERR_flow_not_found,
	.opts = flow_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_FLOW,
	.in_use = "uses it",
	.sql_get = "SELECT doc FROM flow WHERE id = ?1 AND account_id = ?2",
	.sql_insert = "INSERT INTO flow (id, account_id, created_at, doc, name)"
		      " VALUES (?1, ?2, ?3, ?4, ?5)",
	.sql_update = "UPDATE flow SET doc = ?4, name = ?5"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM flow WHERE id = ?1 AND account_id = ?2",
	.check_body = check_body,
	.check = check,
	.members = members,
	.writing = count,
	.on_loop = check_quota,
};

static bool on_flow(void *arg, const struct db_row *row)
{
	json_t **docp = arg;

	*docp = json_loads(db_text(row, 0), 0, NULL);

	return false;
}

int flows_load(struct req *req, const char *id, struct flow_doc **docp)
{
	const struct db_value params[] = {DB_S(id), DB_S(req->account_id)};
	struct opt_faults faults = {0};
	json_t *doc = NULL;
	int err;

	if (db_read(store_db(req->api->env.store), flows.sql_get, params, 2,
		    on_flow, &doc)) {
		json_decref(doc);
		return EIO;
	}
	if (!doc)
		return ENOENT;

	err = flow_doc_alloc(docp, doc, &faults) ? EIO : 0;
	json_decref(faults.list);
	json_decref(doc);

	return err;
}

static json_t *validate(struct req *req)
{
	struct opt_faults faults = {0};

	check_body(req, &faults);
	opt_check(NULL, flows_members, req->body, OPT_MODE_CREATE,
		  req->platform, "", &faults);
	if (faults.list)
		return res_invalid(&faults);

	return api_ok(json_pack("{s:b}", "valid", 1));
}

static const enum api_err invalid[] = {API_ERR_flow_invalid, API_OK};
static const enum api_err created[] = {API_ERR_flow_invalid, API_ERR_flow_quota,
				       API_OK};
static const enum api_err missing[] = {API_ERR_flow_not_found, API_OK};
static const enum api_err changed[] = {API_ERR_flow_not_found,
				       API_ERR_flow_invalid, API_ERR_flow_quota,
				       API_OK};
static const enum api_err in_use[] = {API_ERR_flow_not_found, API_ERR_in_use,
				      API_OK};

const struct verb api_verb_flows_list = {
	.summary = "List flows",
	RES_LISTS(flows, flow_opts, "Flow", list_opts),
};

const struct verb api_verb_flows_create = {
	.summary = "Make a flow",
	.about = "It is checked as a whole; every fault is listed.",
	.errors = created,
	RES_CREATES(flows, flow_opts, "Flow"),
};

const struct verb api_verb_flows_validate = {
	.summary = "Check a flow without keeping it",
	.body = flows_members,
	.reply = valid_opts,
	.reply_name = "FlowValidity",
	.errors = invalid,
	.read = validate,
};

const struct verb api_verb_flows_get = {
	.summary = "Get a flow",
	.errors = missing,
	RES_GETS(flows, flow_opts, "Flow"),
};

const struct verb api_verb_flows_patch = {
	.summary = "Change a flow",
	.about = "Calls that run it keep the version they started with.",
	.errors = changed,
	RES_PATCHES(flows, flow_opts, "Flow"),
};

const struct verb api_verb_flows_delete = {
	.summary = "Delete a flow",
	.errors = in_use,
	RES_DELETES(flows),
};
