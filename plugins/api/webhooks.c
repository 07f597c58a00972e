/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/webhooks.h"

#include <stdlib.h>
#include <string.h>

#include "common/event_list.h"
#include "common/json.h"
#include "common/str.h"
#include "common/webhook_sign.h"
#include "host/db.h"
#include "store/store.h"

const char *webhook_check_secret(const char *value)
{
	static const char wrong[] =
		"must be \"whsec_\" and the base64 of 24 to 64 bytes";
	uint8_t *bytes = NULL;
	size_t len = 0;

	if (!str_starts(value, WEBHOOK_SECRET_PREFIX) ||
	    str_base64_decode(value + strlen(WEBHOOK_SECRET_PREFIX), &bytes,
			      &len))
		return wrong;
	g_free(bytes);

	return len < WEBHOOK_SECRET_MIN || len > WEBHOOK_SECRET_MAX ? wrong
								    : NULL;
}

static const char *check_pattern(const char *value)
{
	return event_pattern_is_known(value)
		       ? NULL
		       : "must be an event type (`call.ended`), a group "
			 "(`call.*`) or `*`";
}

const struct opt api_event_pattern[] = {
	{.type = OPT_STRING, .min = 1, .max = 64, .check = check_pattern},
};

const struct opt api_webhook_target[] = {
	WEBHOOK_TARGET_OPTS,
	OPT_END,
};

const struct opt api_webhook_opts[] = {
	RES_OPTS,
	WEBHOOK_TARGET_OPTS,
	{
		.name = "secret",
		.type = OPT_STRING,
		.flags = OPT_WRITE | OPT_CREATE,
		.min = 1,
		.max = WEBHOOK_SECRET_CHARS,
		.check = webhook_check_secret,
		.doc = "Signs what is sent (Standard Webhooks): `whsec_` and "
		       "the base64 of 24 to 64 bytes. Made when left out, "
		       "shown at creation only.",
	},
	{
		.name = "enabled",
		.type = OPT_BOOL,
		.def = "true",
		.doc = "Are events sent to it?",
	},
	{
		.name = "description",
		.type = OPT_STRING,
		.min = 0,
		.max = 1024,
		.def = "\"\"",
		.doc = "What it is for.",
	},
	{
		.name = "call_id",
		.type = OPT_ID,
		.flags = OPT_READ | OPT_NULLABLE,
		.doc = "Of an endpoint that was made with a call, for that "
		       "call alone.",
	},
	{
		.name = "disabled_reason",
		.type = OPT_STRING,
		.flags = OPT_READ | OPT_NULLABLE,
		.doc = "Why the platform disabled it (it answered 410); null "
		       "again with `enabled: true`.",
	},
	{
		.name = "disabled_at",
		.type = OPT_TIME,
		.flags = OPT_READ | OPT_NULLABLE,
		.doc = "When it did.",
	},
	{
		.name = "previous_until",
		.type = OPT_TIME,
		.flags = OPT_READ | OPT_NULLABLE,
		.doc = "Until when the secret before the last rotation signs "
		       "too.",
	},
	OPT_END,
};

const struct opt api_webhook_secret_shown[] = {
	{
		.name = "secret",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "Shown once.",
	},
	OPT_END,
};

void webhooks_changed(struct store_tx *tx)
{
	static const char sql[] =
		"INSERT INTO meta (key, value)"
		" VALUES ('webhook_generation', ?1)"
		" ON CONFLICT (key) DO UPDATE SET value = excluded.value";
	char id[ID_SIZE];

	id_new(id);
	STORE_ADD(tx, STORE_ONE_ROW, sql, DB_S(id));
}

static void writing(struct job *job)
{
	webhooks_changed(job->tx);
}

static bool count_row(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

/* what a creation's statement counts again, when two race (its "< 100") */
G_STATIC_ASSERT(WEBHOOKS_MAX == 100);
#define COUNT_OF(account)                                                      \
	"SELECT count(*) FROM webhook WHERE account_id = " account             \
	" AND call_id IS NULL"

static json_t *check_limit(const struct req *req)
{
	const struct db_value params[] = {DB_S(req->account_id)};
	int64_t n = 0;

	if (db_read(store_db(req->api->env.store), COUNT_OF("?1"), params, 1,
		    count_row, &n))
		return api_error(API_ERR_unavailable, NULL);

	return n < WEBHOOKS_MAX
		       ? NULL
		       : api_errorf(API_ERR_webhook_limit,
				    "an account has %d webhooks at the most",
				    WEBHOOKS_MAX);
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	if (!old) {
		json_set_str(doc, "call_id", NULL);
		json_set_str(doc, "previous_until", NULL);
	}
	if (!old || json_flag(doc, "enabled", false)) {
		json_set_str(doc, "disabled_reason", NULL);
		json_set_str(doc, "disabled_at", NULL);
	}

	return old ? NULL : check_limit(req);
}

static size_t columns(const json_t *doc, struct db_value *values)
{
	values[0] = DB_I(json_flag(doc, "enabled", true));

	return 1;
}

/** Shown this once */
static void creating(struct req *req, struct job *job, json_t *shown)
{
	job->has_secret = true;
	json_object_set(shown, "secret", json_object_get(req->body, "secret"));
}

static const struct list_filter filters[] = {
	{"call_id", "call_id", FILTER_IS},
	{.name = NULL},
};

static const struct opt list_opts[] = {
	LIST_OPTS(res_created_sort_names),
	{
		.name = "call_id",
		.type = OPT_ID,
		.doc = "The endpoint that was made with this call; without it "
		       "only those that belong to none.",
	},
	OPT_END,
};

static const struct list list = {
	.table = "webhook",
	.where = "call_id IS NULL",
	.sorts = res_created_sorts,
};

static const struct list list_of_call = {
	.table = "webhook",
	.filters = filters,
	.sorts = res_created_sorts,
};

const struct resource api_webhooks = {
	.kind = "webhook",
	.base = "/v1/webhooks",
	.not_found = API_ERR_webhook_not_found,
	.opts = api_webhook_opts,
	.list = &list,
	.sql_get = "SELECT doc FROM webhook"
		   " WHERE id = ?1 AND account_id = ?2 AND call_id IS NULL",
	.sql_insert = "INSERT INTO webhook"
		      " (id, account_id, created_at, doc, enabled)"
		      " SELECT ?1, ?2, ?3, ?4, ?5"
		      " WHERE (" COUNT_OF("?2") ") < 100",
	.sql_update = "UPDATE webhook SET doc = ?4, enabled = ?5"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM webhook"
		      " WHERE id = ?1 AND account_id = ?2 AND call_id IS NULL",
	.check = check,
	.columns = columns,
	.creating = creating,
	.writing = writing,
};

const struct resource api_endpoints = {
	.kind = "webhook",
	.not_found = API_ERR_webhook_not_found,
	.opts = api_webhook_opts,
	.sql_get = "SELECT doc FROM webhook WHERE id = ?1 AND account_id = ?2",
};

static json_t *read_list(struct req *req)
{
	const bool of_call = json_object_get(req->query, "call_id") != NULL;

	return res_list_of(req, of_call ? &list_of_call : &list);
}

static json_t *prepare_create(struct req *req, struct job *job)
{
	struct req with = *req;
	json_t *body, *reply;
	char *secret;

	if (json_object_get(req->body, "secret"))
		return res_create(req, job);

	secret = webhook_secret_new();
	body = json_copy((json_t *)req->body);
	json_set_str(body, "secret", secret);
	with.body = body;
	reply = res_create(&with, job);
	json_decref(body);
	g_free(secret);

	return reply;
}

json_t *webhook_load_enabled(struct req *req, const struct resource *res,
			     json_t **docp)
{
	json_t *reply = res_load(req, res, docp, NULL);

	if (reply || json_flag(*docp, "enabled", false))
		return reply;

	json_decref(*docp);
	*docp = NULL;

	return api_error(API_ERR_wrong_state,
			 "the webhook is disabled; enable it first");
}

static const enum api_err limited[] = {API_ERR_webhook_limit, API_OK};
static const enum api_err missing[] = {API_ERR_webhook_not_found, API_OK};

const struct verb api_verb_webhooks_list = {
	.summary = "List webhooks",
	.query = list_opts,
	RES_REPLIES(api_webhooks, api_webhook_opts, "Webhook"),
	.read = read_list,
};

const struct verb api_verb_webhooks_create = {
	.summary = "Make a webhook",
	.about = "An endpoint to which events are posted, signed as Standard "
		 "Webhooks has it (docs/events.md). The answer holds its "
		 "`secret`, this once. An account has 100 at the most.",
	.body = api_webhook_opts,
	RES_REPLIES(api_webhooks, api_webhook_opts, "Webhook"),
	.reply_extra = api_webhook_secret_shown,
	.errors = limited,
	.prepare = prepare_create,
	.act = res_act,
};

const struct verb api_verb_webhooks_get = {
	.summary = "Get a webhook",
	.about = "Also one that was made with a call.",
	.errors = missing,
	RES_GETS(api_endpoints, api_webhook_opts, "Webhook"),
};

const struct verb api_verb_webhooks_patch = {
	.summary = "Change a webhook",
	.about = "What waits already goes to the new URL. `enabled: true` "
		 "also takes back that the platform disabled it.",
	.errors = missing,
	RES_PATCHES(api_webhooks, api_webhook_opts, "Webhook"),
};

const struct verb api_verb_webhooks_delete = {
	.summary = "Delete a webhook",
	.about = "What waits for it is not sent any more.",
	.errors = missing,
	RES_DELETES(api_webhooks),
};
