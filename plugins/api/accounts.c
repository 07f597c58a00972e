/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/keys.h"
#include "api/recordings.h"
#include "api/resource.h"
#include "api/webhooks.h"
#include "call/call.h"
#include "common/json.h"
#include "common/str.h"
#include "common/webhook_sign.h"
#include "store/store.h"

static const char *const statuses[] = {"active", "suspended", NULL};

static const struct opt prefix_item[] = {
	{.type = OPT_STRING, .min = 2, .max = 16, .check = check_prefix},
};
static const struct opt emergency_item[] = {
	{.type = OPT_STRING, .min = 3, .max = 6, .check = check_short_code},
};
static const struct opt origin_item[] = {
	{.type = OPT_STRING, .min = 8, .max = 256, .check = check_origin},
};

#define DAYS(member, days, what)                                               \
	{                                                                      \
		.name = member, .type = OPT_INT, .flags = OPT_NULLABLE,        \
		.min = 1, .max = 36500, .def = days,                           \
		.doc = "Days that " what " are kept; null = for ever."         \
	}

static const struct opt retention_opts[] = {
	DAYS("calls_days", "null", "records of calls"),
	DAYS("recordings_days", "null", "recordings"),
	DAYS("events_days", "30", "events and their deliveries"),
	OPT_END,
};

#define LIMIT(member, what)                                                    \
	{                                                                      \
		.name = member, .type = OPT_INT, .flags = OPT_PLATFORM,        \
		.min = 0, .max = 1000000, .def = "0",                          \
		.doc = what "; 0 = no limit."                                  \
	}

const struct opt api_account_opts[] = {
	{
		.name = "id",
		.type = OPT_ID,
		.flags = OPT_READ,
		.doc = "Its id (UUIDv7).",
	},
	{
		.name = "created_at",
		.type = OPT_TIME,
		.flags = OPT_READ,
		.doc = "When it was made.",
	},
	{
		.name = "updated_at",
		.type = OPT_TIME,
		.flags = OPT_READ,
		.doc = "When it was last changed.",
	},
	{
		.name = "name",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = 128,
		.check = opt_check_no_controls,
		.doc = "Its name.",
	},
	{
		.name = "status",
		.type = OPT_STRING,
		.flags = OPT_PLATFORM,
		.values = statuses,
		.def = "\"active\"",
		.doc = "Suspending ends its calls and refuses its keys.",
	},
	{
		.name = "country",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.min = 2,
		.max = 2,
		.check = opt_check_country,
		.def = "null",
		.doc = "Where its national numbers belong (ISO 3166-1).",
	},
	{
		.name = "timezone",
		.type = OPT_STRING,
		.min = 1,
		.max = 64,
		.check = check_timezone,
		.def = "\"UTC\"",
		.doc = "IANA name of its time zone.",
	},
	LIMIT("max_calls", "Calls (legs) at once"),
	LIMIT("max_incoming", "Incoming calls at once"),
	LIMIT("max_outgoing", "Outgoing calls at once"),
	LIMIT("max_cps", "New calls per second"),
	{
		.name = "allowed_destinations",
		.type = OPT_ARRAY,
		.flags = OPT_PLATFORM,
		.min = 0,
		.max = 1000,
		.sub = prefix_item,
		.def = "[]",
		.doc = "E.164 prefixes that may be dialled; empty = its own "
		       "country only.",
	},
	{
		.name = "emergency_numbers",
		.type = OPT_ARRAY,
		.flags = OPT_PLATFORM,
		.min = 0,
		.max = 32,
		.sub = emergency_item,
		.def = "[]",
		.doc = "Exact numbers, 3 to 6 digits, that pass every limit.",
	},
	{
		.name = "default_source",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.max = 16,
		.check = opt_check_e164,
		.def = "null",
		.doc = "Caller id of outgoing calls that name none.",
	},
	{
		.name = "hold_media",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.max = 1024,
		.check = opt_check_no_controls,
		.def = "null",
		.doc = "What a held party hears: a URL, or `media:NAME`.",
	},
	{
		.name = "signing_secret",
		.type = OPT_STRING,
		.flags = OPT_WRITE,
		.min = 16,
		.max = 256,
		.check = opt_check_no_controls,
		.doc = "Signs what is sent in its name; made when left out, "
		       "and shown at creation only.",
	},
	{
		.name = "allowed_origins",
		.type = OPT_ARRAY,
		.min = 0,
		.max = 100,
		.sub = origin_item,
		.def = "[]",
		.doc = "Web origins whose pages may use the API.",
	},
	{
		.name = "retention",
		.type = OPT_OBJECT,
		.sub = retention_opts,
		.def = "{}",
		.doc = "How long things are kept.",
	},
	{
		.name = "auto_approve",
		.type = OPT_BOOL,
		.flags = OPT_PLATFORM,
		.def = "false",
		.doc = "Its numbers and domains need no approval.",
	},
	OPT_END,
};

/** Creation answers two secrets more */
static const struct opt created_extra[] = {
	{
		.name = "signing_secret",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "Shown once.",
	},
	{
		.name = "access_key",
		.type = OPT_OBJECT,
		.flags = OPT_READ,
		.sub = api_key_opts,
		.doc = "Its first key, with its `value`: shown once.",
	},
	OPT_END,
};

static const char *const members[] = {"name", "status", NULL};

/** Its first key; both secrets are shown this once */
static void creating(struct req *req, struct job *job, json_t *shown)
{
	json_t *fields = json_pack("{s:s, s:[s]}", "name", "first key",
				   "scopes", "admin");
	json_t *key = key_add(job->tx, job->id, NULL, fields, NULL);

	job->has_secret = true;
	json_object_set(shown, "signing_secret",
			json_object_get(req->body, "signing_secret"));
	json_object_set_new(shown, "access_key", key);
	json_decref(fields);
}

/** Its endpoints go with it; its calls' ones are signed with its secret */
static void writing(struct job *job)
{
	webhooks_changed(job->tx);
}

static void done(struct job *job)
{
	const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NORMAL,
		.code = "account_suspended",
	};

	if (!job->doc)
		recordings_erased(job);
	if (!job->doc || !job->api->env.calls ||
	    !str_eq(json_str(job->doc, "status", ""), "suspended"))
		return;

	call_table_hangup_all(job->api->env.calls, job->id, &end);
}

static const struct list_filter filters[] = {
	{"name", "name", FILTER_IS},
	{"status", "status", FILTER_IS},
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
	{.name = "name", .type = OPT_STRING, .max = 128, .doc = "Its name."},
	{
		.name = "status",
		.type = OPT_STRING,
		.values = statuses,
		.doc = "Its status.",
	},
	OPT_END,
};

static const struct list list = {
	.table = "account",
	.filters = filters,
	.sorts = sorts,
	.is_global = true,
};

#define OWN " AND (?2 = '' OR id = ?2)"

static const struct resource accounts = {
	.kind = "account",
	.base = "/v1/accounts",
	.not_found = API_ERR_account_not_found,
	.opts = api_account_opts,
	.list = &list,
	.is_in_dir = true,
	.dir_kind = DIR_ACCOUNT,
	.in_use = "belongs to it",
	.is_account = true,
	.sql_get = "SELECT doc FROM account WHERE id = ?1" OWN,
	.sql_insert = "INSERT INTO account"
		      " (id, created_at, doc, name, status)"
		      " SELECT ?1, ?3, ?4, ?5, ?6 WHERE ?2 = ''",
	.sql_update = "UPDATE account SET doc = ?4, name = ?5, status = ?6"
		      " WHERE id = ?1 AND doc = ?3" OWN,
	.sql_delete = "DELETE FROM account WHERE id = ?1" OWN,
	.members = members,
	.creating = creating,
	.writing = writing,
	.done = done,
};

static json_t *prepare_create(struct req *req, struct job *job)
{
	struct req with = *req;
	json_t *body, *reply;
	char *secret;

	if (json_object_get(req->body, "signing_secret"))
		return res_create(req, job);

	body = json_copy((json_t *)req->body);
	secret = webhook_secret_new();
	json_set_str(body, "signing_secret", secret);
	with.body = body;

	reply = res_create(&with, job);
	g_free(secret);
	json_decref(body);

	return reply;
}

static bool live_row(void *arg, const struct db_row *row)
{
	str_copy(arg, ID_SIZE, db_text(row, 0));

	return false;
}

/** Its flows, numbers and trunks keep it; keys and records go with it */
static json_t *prepare_delete(struct req *req, struct job *job)
{
	static const char live[] = "SELECT id FROM call WHERE account_id = ?1"
				   " AND status <> 'ended' LIMIT 1";
	const struct db_value params[] = {DB_S(req->id)};
	char call[ID_SIZE] = "";
	json_t *reply;

	if (str_eq(req->id, req->account_id))
		return api_error(API_ERR_in_use,
				 "the key that asks belongs to it");

	reply = res_delete(req, job);
	if (reply)
		return reply;

	if (db_read(store_db(req->api->env.store), live, params, 1, live_row,
		    call))
		return api_error(API_ERR_unavailable, NULL);
	if (*call)
		return api_errorf(API_ERR_in_use, "call %s is up", call);

	STORE_ADD(job->tx, STORE_ANY, "DELETE FROM call WHERE account_id = ?1",
		  DB_S(job->id));
	STORE_ADD(job->tx, STORE_ANY,
		  "DELETE FROM idempotency WHERE account_id = ?1",
		  DB_S(job->id));

	return recordings_erase_account(req, job);
}

static const enum api_err missing[] = {API_ERR_account_not_found, API_OK};
static const enum api_err in_use[] = {API_ERR_account_not_found, API_ERR_in_use,
				      API_OK};

const struct verb api_verb_accounts_list = {
	.summary = "List accounts",
	RES_LISTS(accounts, api_account_opts, "Account", list_opts),
};

const struct verb api_verb_accounts_create = {
	.summary = "Make an account",
	.about = "The answer holds `signing_secret` and, in `access_key`, its "
		 "first key with the scope `admin`. Both are shown this once.",
	.body = api_account_opts,
	.reply = api_account_opts,
	.reply_extra = created_extra,
	.reply_name = "Account",
	.res = &accounts,
	.prepare = prepare_create,
	.act = res_act,
};

const struct verb api_verb_accounts_get = {
	.summary = "Get an account",
	.about = "A key sees its own account; the platform's see all.",
	.errors = missing,
	RES_GETS(accounts, api_account_opts, "Account"),
};

const struct verb api_verb_accounts_patch = {
	.summary = "Change an account",
	.about = "Suspending it ends its calls.",
	.errors = missing,
	RES_PATCHES(accounts, api_account_opts, "Account"),
};

const struct verb api_verb_accounts_delete = {
	.summary = "Delete an account",
	.about = "With its keys, webhooks, recordings and the records of its "
		 "calls. Flows, numbers and trunks must go first.",
	.errors = in_use,
	.res = &accounts,
	.prepare = prepare_delete,
	.act = res_act,
};
