/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "api/webhooks.h"
#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

static const char *const statuses[] = {"pending", "active", NULL};

static const struct opt number_opts[] = {
	RES_OPTS,
	{
		.name = "number",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE | OPT_CREATE,
		.min = 1,
		.max = 64,
		.check = check_number,
		.def = "null",
		.doc = "E.164 (\"+4520123456\"), a short code of 3 to 6 "
		       "digits, or a SIP user name. Either this or `pattern`.",
	},
	{
		.name = "pattern",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE | OPT_CREATE,
		.min = 1,
		.max = 17,
		.check = opt_check_number_pattern,
		.def = "null",
		.doc = "Leading digits and a star (\"+45*\"). A number goes "
		       "before a pattern, a longer one before a shorter.",
	},
	{
		.name = "flow_id",
		.type = OPT_ID,
		.flags = OPT_REQUIRED,
		.doc = "The flow that answers.",
	},
	{
		.name = "name",
		.type = OPT_STRING,
		.min = 0,
		.max = 128,
		.check = opt_check_no_controls,
		.def = "\"\"",
		.doc = "What it is for.",
	},
	{
		.name = "status",
		.type = OPT_STRING,
		.flags = OPT_PLATFORM,
		.values = statuses,
		.doc = "A pending number does not answer until the platform "
		       "approves it.",
	},
	{
		.name = "webhook",
		.type = OPT_OBJECT,
		.flags = OPT_NULLABLE,
		.sub = api_webhook_target,
		.def = "null",
		.doc = "An endpoint for each of its calls alone, signed with "
		       "the account's `signing_secret`; null: none.",
	},
	OPT_END,
};

static bool approve_row(void *arg, const struct db_row *row)
{
	json_t *doc = json_loads(db_text(row, 0), 0, NULL);

	*(bool *)arg = json_flag(doc, "auto_approve", false);
	json_decref(doc);

	return false;
}

bool api_is_approved(const struct req *req)
{
	static const char sql[] = "SELECT doc FROM account WHERE id = ?1";
	const struct db_value params[] = {DB_S(req->account_id)};
	bool approved = false;

	if (req->platform)
		return true;
	if (db_read(store_db(req->api->env.store), sql, params, 1, approve_row,
		    &approved))
		return false;

	return approved;
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	const bool number = json_str(doc, "number", NULL) != NULL;
	const bool pattern = json_str(doc, "pattern", NULL) != NULL;

	if (number == pattern)
		opt_fault(faults, "/number",
			  "give either \"number\" or \"pattern\"");

	res_default_status(req, old, doc);

	return NULL;
}

static size_t columns(const json_t *doc, struct db_value *values)
{
	const char *pattern = json_str(doc, "pattern", "");

	values[0] = DB_S(json_str(doc, "number", pattern));
	values[1] = DB_S(json_str(doc, "flow_id", ""));
	values[2] = DB_S(json_str(doc, "status", ""));

	return 3;
}

static const struct list_filter filters[] = {
	{"number", "number", FILTER_IS},
	{"flow_id", "flow_id", FILTER_IS},
	{"status", "status", FILTER_IS},
	{.name = NULL},
};

static const struct list_sort sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = "number", .column = "number", .is_text = true},
	{.name = NULL},
};

static const char *const sort_names[] = {"created_at", "number", NULL};

static const struct opt list_opts[] = {
	LIST_OPTS(sort_names),
	{
		.name = "number",
		.type = OPT_STRING,
		.max = 64,
		.doc = "The number or pattern.",
	},
	{.name = "flow_id", .type = OPT_ID, .doc = "The flow that answers."},
	{
		.name = "status",
		.type = OPT_STRING,
		.values = statuses,
		.doc = "Its status.",
	},
	OPT_END,
};

static const struct list list = {
	.table = "number",
	.filters = filters,
	.sorts = sorts,
};

static const struct resource numbers = {
	.kind = "number",
	.base = "/v1/numbers",
	.not_found = API_ERR_number_not_found,
	.opts = number_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_NUMBER,
	.sql_get = "SELECT doc FROM number WHERE id = ?1 AND account_id = ?2",
	.sql_insert = "INSERT INTO number (id, account_id, created_at, doc,"
		      " number, flow_id, status)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	.sql_update = "UPDATE number SET doc = ?4, number = ?5, flow_id = ?6,"
		      " status = ?7"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM number WHERE id = ?1 AND account_id = ?2",
	.check = check,
	.columns = columns,
	.foreign_pointer = "/flow_id",
	.foreign_message = "no such flow",
};

static const enum api_err exists[] = {API_ERR_already_exists, API_OK};
static const enum api_err missing[] = {API_ERR_number_not_found, API_OK};

const struct verb api_verb_numbers_list = {
	.summary = "List numbers",
	RES_LISTS(numbers, number_opts, "Number", list_opts),
};

const struct verb api_verb_numbers_create = {
	.summary = "Let a flow answer a number",
	.about = "A number is unique over all accounts.",
	.errors = exists,
	RES_CREATES(numbers, number_opts, "Number"),
};

const struct verb api_verb_numbers_get = {
	.summary = "Get a number",
	.errors = missing,
	RES_GETS(numbers, number_opts, "Number"),
};

const struct verb api_verb_numbers_patch = {
	.summary = "Change a number",
	.errors = missing,
	RES_PATCHES(numbers, number_opts, "Number"),
};

const struct verb api_verb_numbers_delete = {
	.summary = "Delete a number",
	.errors = missing,
	RES_DELETES(numbers),
};
