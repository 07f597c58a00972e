/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "api/keys.h"
#include "api/resource.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

enum {
	HINT_LEN = 8
};

/* a platform key besides ?1 that goes on to work: without one nobody could
 * make accounts any more, so one that expires does not count */
#define OTHER_PLATFORM_KEY                                                     \
	" SELECT 1 FROM access_key o WHERE o.id <> ?1"                         \
	" AND o.revoked_at IS NULL AND o.expires_at IS NULL"                   \
	" AND ' ' || o.scopes || ' ' LIKE '% platform %'"

static const struct opt scope_item[] = {
	{.type = OPT_STRING, .values = api_scopes},
};

const struct opt api_key_opts[] = {
	RES_OPTS,
	{
		.name = "name",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = 128,
		.check = opt_check_no_controls,
		.doc = "What it is for.",
	},
	{
		.name = "scopes",
		.type = OPT_ARRAY,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = 32,
		.sub = scope_item,
		.doc = "What it may do; none that its maker lacks. `admin` "
		       "covers all but `platform`.",
	},
	{
		.name = "expires_at",
		.type = OPT_TIME,
		.flags = OPT_NULLABLE,
		.def = "null",
		.doc = "From when on it is refused; null = never.",
	},
	{
		.name = "hint",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "How its value begins, to tell keys apart.",
	},
	{
		.name = "value",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "The key itself, in the answer to its creation only.",
	},
	OPT_END,
};

static char *scopes_text(const json_t *scopes)
{
	GString *out = g_string_new(NULL);
	json_t *item;
	size_t i;

	json_array_foreach(scopes, i, item) g_string_append_printf(
		out, "%s%s", i ? " " : "", json_string_value(item));

	return g_string_free(out, FALSE);
}

static struct db_value time_value(const json_t *doc, const char *name)
{
	const char *text = json_str(doc, name, NULL);
	int64_t ms;

	if (!text || clock_parse_rfc3339(text, &ms))
		return DB_N;

	return DB_I(ms);
}

json_t *key_add(struct store_tx *tx, const char *account_id, const char *id,
		const json_t *fields, const char *value)
{
	static const char insert[] =
		"INSERT INTO access_key (id, account_id, name, token_hash,"
		" scopes, expires_at, created_at, doc)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
	const int64_t now_ms = clock_wall_ms(clock_system());
	char hash[SECRET_SHA256_HEX], own[ID_SIZE], hint[HINT_LEN + 1];
	char *token = value ? g_strdup(value) : secret_token("bfk_");
	char *scopes, *text;
	json_t *doc;

	if (!id) {
		id_new(own);
		id = own;
	}
	secret_sha256_hex(hash, token, strlen(token));
	str_copy(hint, sizeof(hint), token);

	doc = json_object();
	json_set_str(doc, "id", id);
	json_set_str(doc, "account_id", account_id);
	json_set_time(doc, "created_at", now_ms);
	json_set_time(doc, "updated_at", now_ms);
	json_set_str(doc, "name", json_str(fields, "name", ""));
	json_object_set_new(doc, "scopes",
			    json_deep_copy(json_object_get(fields, "scopes")));
	json_set_str(doc, "expires_at", json_str(fields, "expires_at", NULL));
	json_set_str(doc, "hint", hint);

	text = json_text(doc);
	scopes = scopes_text(json_object_get(doc, "scopes"));
	STORE_ADD(tx, STORE_ONE_ROW, insert, DB_S(id), DB_S(account_id),
		  DB_S(json_str(doc, "name", "")), DB_S(hash), DB_S(scopes),
		  time_value(doc, "expires_at"), DB_I(now_ms), DB_S(text));
	json_set_str(doc, "value", token);

	g_free(scopes);
	free(text);
	g_free(token);

	return doc;
}

static void creating(struct req *req, struct job *job, json_t *shown)
{
	json_t *key;

	job->tx = store_tx_new();
	job->has_secret = true;
	key = key_add(job->tx, job->account_id, job->id, shown, NULL);
	json_object_update(shown, key);
	json_decref(key);
}

static bool has_platform(const json_t *doc)
{
	return api_scope_covers(json_object_get(doc, "scopes"), "platform");
}

static bool one_row(void *arg, const struct db_row *row)
{
	*(bool *)arg = true;

	return false;
}

static bool is_last_platform_key(struct req *req)
{
	static const char sql[] = OTHER_PLATFORM_KEY;
	const struct db_value params[] = {DB_S(req->id)};
	bool other = false;

	/* unreadable: the statement itself decides */
	if (db_read(store_db(req->api->env.store), sql, params, 1, one_row,
		    &other))
		return false;

	return !other;
}

static json_t *last_key(void)
{
	return api_error(API_ERR_conflict,
			 "it is the last key with the scope \"platform\"; make "
			 "another one first");
}

/** Does it stop being a platform key, now or when it is to expire? */
static bool loses_platform(const json_t *old, const json_t *doc)
{
	const struct db_value before = time_value(old, "expires_at");
	const struct db_value expires = time_value(doc, "expires_at");

	if (!has_platform(old))
		return false;

	return !has_platform(doc) ||
	       (expires.type == DB_INT &&
		(before.type != DB_INT ||
		 expires.i <= clock_wall_ms(clock_system())));
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	const json_t *scopes = json_object_get(doc, "scopes");
	char pointer[32];
	json_t *item;
	size_t i;

	if (old && has_platform(old) && !req->platform)
		return api_error(API_ERR_forbidden,
				 "only the platform may change its keys");
	if (old && loses_platform(old, doc) && is_last_platform_key(req))
		return last_key();
	if (old && json_equal(scopes, json_object_get(old, "scopes")))
		return NULL;

	json_array_foreach(scopes, i, item)
	{
		if (api_scope_covers(req->scopes, json_string_value(item)))
			continue;
		g_snprintf(pointer, sizeof(pointer), "/scopes/%zu", i);
		opt_fault(faults, pointer, "your own key does not have it");
	}

	return NULL;
}

static size_t columns(const json_t *doc, struct db_value *values)
{
	/* scopes follow from the document: the statement reads them there */
	values[0] = DB_S(json_str(doc, "name", ""));
	values[1] = time_value(doc, "expires_at");

	return 2;
}

static const struct opt list_opts[] = {
	RES_NAME_LIST_OPTS(128),
	OPT_END,
};

static const struct list list = {
	.table = "access_key",
	.where = "revoked_at IS NULL",
	.filters = res_name_filters,
	.sorts = res_name_sorts,
};

static const struct resource keys = {
	.kind = "access_key",
	.base = "/v1/access-keys",
	.not_found = API_ERR_access_key_not_found,
	.opts = api_key_opts,
	.list = &list,
	.sql_get = "SELECT doc FROM access_key"
		   " WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL",
	.check = check,
	.columns = columns,
	.creating = creating,
};

/** A patch is written by hand: scopes become one column of words */
static json_t *prepare_patch(struct req *req, struct job *job)
{
	static const char update[] =
		"UPDATE access_key SET doc = ?4, name = ?5, expires_at = ?6,"
		" scopes = ?7"
		" WHERE id = ?1 AND account_id = ?2 AND doc = ?3"
		" AND revoked_at IS NULL"
		" AND (?8 = 0 OR EXISTS (" OTHER_PLATFORM_KEY "))";
	json_t *old = NULL, *reply;
	char *old_text = NULL, *text, *scopes;

	reply = res_load(req, &keys, &old, &old_text);
	if (reply)
		return reply;

	reply = res_patch(req, job);
	if (!reply) {
		text = json_text(job->doc);
		scopes = scopes_text(json_object_get(job->doc, "scopes"));
		job->tx = store_tx_new();
		STORE_ADD(job->tx, STORE_ONE_ROW, update, DB_S(job->id),
			  DB_S(job->account_id), DB_S(old_text), DB_S(text),
			  DB_S(json_str(job->doc, "name", "")),
			  time_value(job->doc, "expires_at"), DB_S(scopes),
			  DB_I(loses_platform(old, job->doc)));
		g_free(scopes);
		free(text);
	}
	g_free(old_text);
	json_decref(old);

	return reply;
}

static json_t *prepare_delete(struct req *req, struct job *job)
{
	static const char revoke[] =
		"UPDATE access_key SET revoked_at = ?3"
		" WHERE id = ?1 AND account_id = ?2 AND revoked_at IS NULL"
		" AND (?4 = 0 OR EXISTS (" OTHER_PLATFORM_KEY "))";
	json_t *old = NULL, *reply;
	bool is_platform;

	reply = res_load(req, &keys, &old, NULL);
	if (reply)
		return reply;

	is_platform = has_platform(old);
	json_decref(old);
	if (is_platform && !req->platform)
		return api_error(API_ERR_forbidden,
				 "only the platform may delete its keys");
	if (is_platform && is_last_platform_key(req))
		return last_key();

	job->ready = api_ok(json_object());
	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ONE_ROW, revoke, DB_S(job->id),
		  DB_S(job->account_id), DB_I(clock_wall_ms(clock_system())),
		  DB_I(is_platform));

	return NULL;
}

static const enum api_err missing[] = {API_ERR_access_key_not_found, API_OK};
static const enum api_err guarded[] = {API_ERR_access_key_not_found,
				       API_ERR_conflict, API_OK};

const struct verb api_verb_access_keys_list = {
	.summary = "List access keys",
	.about = "Keys that were revoked are not listed.",
	RES_LISTS(keys, api_key_opts, "AccessKey", list_opts),
};

const struct verb api_verb_access_keys_create = {
	.summary = "Make an access key",
	.about = "Its value is in this answer only: the store has its hash.",
	RES_CREATES(keys, api_key_opts, "AccessKey"),
};

const struct verb api_verb_access_keys_get = {
	.summary = "Get an access key",
	.errors = missing,
	RES_GETS(keys, api_key_opts, "AccessKey"),
};

const struct verb api_verb_access_keys_patch = {
	.summary = "Change an access key",
	.body = api_key_opts,
	.reply = api_key_opts,
	.reply_name = "AccessKey",
	.errors = guarded,
	.res = &keys,
	.prepare = prepare_patch,
	.act = res_act,
};

const struct verb api_verb_access_keys_delete = {
	.summary = "Revoke an access key",
	.errors = guarded,
	.res = &keys,
	.prepare = prepare_delete,
	.act = res_act,
};
