/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tickets for EventSource, which cannot send a key. Only their hash is kept;
 * they open one route, and end with their key. */

#include <errno.h>
#include <string.h>

#include "api/job.h"
#include "common/clock.h"
#include "common/json.h"
#include "host/db.h"
#include "host/log.h"
#include "store/store.h"

static const struct opt ticket_body[] = {
	{
		.name = "expires_s",
		.type = OPT_INT,
		.min = 60,
		.max = 43200,
		.def = "43200",
		.doc = "Its life in seconds, 12 hours when left out.",
	},
	OPT_END,
};

static const struct opt ticket_reply[] = {
	{
		.name = "ticket",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "`bft_…`, shown now only: the store has its hash.",
	},
	{
		.name = "expires_at",
		.type = OPT_TIME,
		.flags = OPT_READ,
		.doc = "When it ends: with its key at the latest.",
	},
	{
		.name = "url",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "What to open with it, on this server.",
	},
	OPT_END,
};

struct key {
	bool found;
	int64_t expires_ms; /* 0: never */
};

static bool on_key(void *arg, const struct db_row *row)
{
	struct key *key = arg;

	key->found = true;
	key->expires_ms = db_int(row, 0);

	return false;
}

/* What has run out is of no use: it goes when a new one comes. A key that was
 * revoked meanwhile makes none. */
static void add_rows(struct job *job, const char *token, const char *key_id,
		     int64_t expires_ms)
{
	static const char purge[] =
		"DELETE FROM event_ticket WHERE expires_at <= ?1";
	static const char insert[] =
		"INSERT INTO event_ticket (token_hash, account_id, key_id,"
		" expires_at, created_at)"
		" SELECT ?1, ?2, id, ?4, ?5 FROM access_key"
		" WHERE id = ?3 AND revoked_at IS NULL";
	const int64_t now_ms = clock_wall_ms(clock_system());
	char hash[SECRET_SHA256_HEX];

	secret_sha256_hex(hash, token, strlen(token));
	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ANY, purge, DB_I(now_ms));
	STORE_ADD(job->tx, STORE_ONE_ROW, insert, DB_S(hash),
		  DB_S(job->account_id), DB_S(key_id), DB_I(expires_ms),
		  DB_I(now_ms));
}

static json_t *check_input(struct req *req, int64_t *expires_msp)
{
	json_t *none = json_object(), *input = NULL, *reply = NULL;
	struct opt_faults faults = {0};

	if (opt_check(&input, ticket_body, req->body ? req->body : none,
		      OPT_MODE_CREATE, req->platform, "", &faults))
		reply = api_invalid(API_ERR_invalid, &faults);
	else
		*expires_msp = clock_wall_ms(clock_system()) +
			       json_int(input, "expires_s", 0) * 1000;
	json_decref(input);
	json_decref(none);

	return reply;
}

static json_t *prepare(struct req *req, struct job *job)
{
	static const char sql[] = "SELECT expires_at FROM access_key"
				  " WHERE id = ?1 AND revoked_at IS NULL";
	const struct db_value params[] = {DB_S(req->key_id)};
	struct key key = {0};
	int64_t expires_ms = 0;
	char *token, *url;
	json_t *ok, *reply = check_input(req, &expires_ms);

	if (reply)
		return reply;
	if (db_read(store_db(req->api->env.store), sql, params, 1, on_key,
		    &key))
		return api_error(API_ERR_unavailable, NULL);
	if (!key.found)
		return api_error(API_ERR_unauthorized, NULL);

	if (key.expires_ms)
		expires_ms = MIN(expires_ms, key.expires_ms);
	token = secret_token("bft_");
	add_rows(job, token, req->key_id, expires_ms);

	url = g_strconcat("/v1/events?ticket=", token, NULL);
	ok = json_object();
	json_set_str(ok, "ticket", token);
	json_set_time(ok, "expires_at", expires_ms);
	json_set_str(ok, "url", url);
	g_free(url);
	g_free(token);

	job->has_secret = true;
	job->ready = api_ok(ok);
	if (job->idem_key) {
		idem_store(job, job->tx, job->ready);
		job->answer_is_in_tx = true;
	}

	return NULL;
}

static void stored(void *arg, int err, const char *why) /* Thread: loop */
{
	struct job *job = arg;

	if (err) {
		job->answer_is_in_tx = false;
		if (err != ENOENT)
			log_warn("api: a ticket was not stored: %s", why);
		/* the key went meanwhile, or the store cannot write */
		job_reply(job, api_error(err == ENOENT ? API_ERR_unauthorized
						       : api_err_of_store(err),
					 NULL));
		return;
	}
	job_reply(job, g_steal_pointer(&job->ready));
}

static void act(struct job *job)
{
	struct store_tx *tx = job->tx;

	job->tx = NULL;
	store_commit(job->api->env.store, tx, stored, job);
}

const struct verb api_verb_events_ticket = {
	.summary = "Make a ticket for EventSource",
	.about = "A page's `EventSource` cannot send a key: it opens `url` "
		 "instead. A ticket opens `GET /v1/events` and nothing else, "
		 "for the account that the request acts for, and ends with "
		 "its key.",
	.body = ticket_body,
	.body_optional = true,
	.reply = ticket_reply,
	.reply_name = "EventTicket",
	.prepare = prepare,
	.act = act,
};
