/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "api/job.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/db.h"
#include "store/store.h"

enum {
	KEEP_MS = 24 * 3600 * 1000,
	KEEP_SECRET_MS = 10 * 60 * 1000,
	HASH_MAX = 128,
};

/* What runs is known in memory, what is done in the store. The answer's row is
 * committed with what it tells of, so a crash leaves both or neither, and a
 * request is only taken off the list after that: a retry always meets one.
 */

static char *running_key(const char *account_id, const char *key)
{
	return g_strconcat(account_id, " ", key, NULL);
}

static json_t *mismatch(void)
{
	return api_error(API_ERR_idempotency_mismatch,
			 "this Idempotency-Key was used with another request");
}

static json_t *in_progress(void)
{
	return api_error(API_ERR_idempotency_in_progress, NULL);
}

/** @return NULL: entered, or what to answer */
static json_t *enter(const struct req *req)
{
	struct api *api = req->api;
	char *name = running_key(req->account_id, req->idem_key);
	char hash[HASH_MAX];
	const char *other;
	bool is_running;

	pthread_mutex_lock(&api->mtx);
	other = g_hash_table_lookup(api->running, name);
	is_running = other != NULL;
	if (is_running)
		str_copy(hash, sizeof(hash), other);
	else
		g_hash_table_insert(api->running, name,
				    g_strdup(req->idem_hash));
	pthread_mutex_unlock(&api->mtx);

	if (!is_running)
		return NULL;

	g_free(name);

	return str_eq(hash, req->idem_hash) ? in_progress() : mismatch();
}

void idem_end(struct api *api, const char *account_id, const char *key)
{
	char *name = running_key(account_id, key);

	pthread_mutex_lock(&api->mtx);
	g_hash_table_remove(api->running, name);
	pthread_mutex_unlock(&api->mtx);

	g_free(name);
}

struct kept {
	bool found;
	char *hash, *answer;
};

static bool kept_row(void *arg, const struct db_row *row)
{
	struct kept *kept = arg;

	kept->found = true;
	kept->hash = g_strdup(db_text(row, 0));
	kept->answer = g_strdup(db_text(row, 1));

	return false;
}

static char *seal_context(const char *account_id, const char *key)
{
	return g_strconcat("idempotency:", account_id, ":", key, NULL);
}

/** The first answer again. @return A reply, or NULL: it cannot be read */
static json_t *replay(const struct req *req, const struct kept *kept)
{
	char *context, *plain = NULL;
	json_t *reply = NULL;

	if (!kept->answer)
		return NULL;

	if (kept->answer[0] == '{') {
		reply = json_loads(kept->answer, 0, NULL);
	} else {
		context = seal_context(req->account_id, req->idem_key);
		if (!secret_open(req->api->env.key, context, kept->answer,
				 &plain))
			reply = json_loads(plain, 0, NULL);
		g_free(context);
		g_free(plain);
	}

	if (reply)
		json_object_set_new(reply, "replayed", json_true());

	return reply;
}

json_t *idem_begin(const struct req *req)
{
	static const char sql[] =
		"SELECT hash, answer FROM idempotency"
		" WHERE account_id = ?1 AND key = ?2 AND expires_at > ?3";
	const struct db_value params[] = {
		DB_S(req->account_id),
		DB_S(req->idem_key),
		DB_I(clock_wall_ms(clock_system())),
	};
	struct kept kept = {0};
	json_t *reply = enter(req);

	if (reply)
		return reply;

	if (db_read(store_db(req->api->env.store), sql, params, 3, kept_row,
		    &kept))
		reply = api_error(API_ERR_unavailable, NULL);
	else if (kept.found && !str_eq(kept.hash, req->idem_hash))
		reply = mismatch();
	else if (kept.found)
		reply = replay(req, &kept);

	if (kept.found && !reply)
		reply = api_error(API_ERR_internal,
				  "the first answer cannot be read");

	g_free(kept.hash);
	g_free(kept.answer);
	if (reply)
		idem_end(req->api, req->account_id, req->idem_key);

	return reply;
}

void idem_store(const struct job *job, struct store_tx *tx, const json_t *reply)
{
	static const char expire[] =
		"DELETE FROM idempotency WHERE expires_at <= ?1";
	static const char insert[] =
		"INSERT INTO idempotency (account_id, key, hash, created_at,"
		" expires_at, state, answer)"
		" VALUES (?1, ?2, ?3, ?4, ?5, 'done', ?6)";
	const int64_t now_ms = clock_wall_ms(clock_system());
	const int64_t keep_ms = job->has_secret ? KEEP_SECRET_MS : KEEP_MS;
	char *text = json_text(reply), *sealed = NULL, *context;

	if (job->has_secret) {
		context = seal_context(job->account_id, job->idem_key);
		sealed = secret_seal(job->api->env.key, context, text);
		g_free(context);
	}

	STORE_ADD(tx, STORE_ANY, expire, DB_I(now_ms));
	STORE_ADD(tx, STORE_ONE_ROW, insert, DB_S(job->account_id),
		  DB_S(job->idem_key), DB_S(job->idem_hash), DB_I(now_ms),
		  DB_I(now_ms + keep_ms), DB_S(sealed ? sealed : text));
	g_free(sealed);
	free(text);
}

void idem_keep(struct job *job)
{
	if (!job->idem_key)
		return;

	idem_store(job, job->tx, job->ready);
	job->answer_is_in_tx = true;
}

bool idem_is_final(const json_t *reply)
{
	const enum api_err err = api_reply_err(reply);
	const int status = api_err_status(err);

	if (err == API_OK)
		return true;
	if (err == API_ERR_idempotency_in_progress ||
	    err == API_ERR_idempotency_mismatch || err == API_ERR_conflict)
		return false;

	return status == 404 || status == 409 || status == 422;
}
