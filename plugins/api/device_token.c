/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Tokens with which an extension's browsers log in. Only their hash is kept;
 * they go with their extension. */

#include <errno.h>
#include <string.h>

#include "api/extensions.h"
#include "common/clock.h"
#include "common/json.h"
#include "host/log.h"
#include "store/store.h"

enum {
	DAY_S = 86400,
};

static const struct opt token_body[] = {
	{
		.name = "expires_s",
		.type = OPT_INT,
		.min = 60,
		.max = 365 * DAY_S,
		.def = "2592000",
		.doc = "Its life in seconds, 30 days when left out.",
	},
	OPT_END,
};

static const struct opt token_reply[] = {
	{
		.name = "token",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "`bfd_…`, shown now only: the store has its hash.",
	},
	{
		.name = "expires_at",
		.type = OPT_TIME,
		.flags = OPT_READ,
		.doc = "When it ends.",
	},
	OPT_END,
};

/** What has run out is of no use: it goes when a new one comes */
static void add_rows(struct job *job, const char *token, int64_t expires_ms)
{
	static const char purge[] =
		"DELETE FROM device_token WHERE expires_at < ?1";
	static const char insert[] =
		"INSERT INTO device_token (id, account_id, extension_id,"
		" token_hash, expires_at, created_at)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
	const int64_t now_ms = clock_wall_ms(clock_system());
	char hash[SECRET_SHA256_HEX], id[ID_SIZE];

	id_new(id);
	secret_sha256_hex(hash, token, strlen(token));
	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ANY, purge, DB_I(now_ms));
	STORE_ADD(job->tx, STORE_ONE_ROW, insert, DB_S(id),
		  DB_S(job->account_id), DB_S(job->id), DB_S(hash),
		  DB_I(expires_ms), DB_I(now_ms));
}

static json_t *prepare(struct req *req, struct job *job)
{
	const struct resource *res = req->row->verb->res;
	json_t *ext = NULL, *input = NULL, *ok;
	json_t *reply = res_load(req, res, &ext, NULL);
	int64_t expires_ms;
	char *token;

	json_decref(ext);
	if (!reply)
		reply = res_input(req, &input);
	if (reply)
		return reply;

	expires_ms = clock_wall_ms(clock_system()) +
		     json_int(input, "expires_s", 0) * 1000;
	json_decref(input);
	token = secret_token("bfd_");
	add_rows(job, token, expires_ms);
	ok = json_object();
	json_set_str(ok, "token", token);
	json_set_time(ok, "expires_at", expires_ms);
	g_free(token);

	job->has_secret = true;
	job->ready = api_ok(ok);
	idem_keep(job);

	return NULL;
}

static void stored(void *arg, int err, const char *why) /* Thread: loop */
{
	struct job *job = arg;

	if (err) {
		job->answer_is_in_tx = false;
		/* the extension went meanwhile, or the store cannot write */
		log_warn("api: a device token was not stored: %s", why);
		job_reply(job,
			  err == EBUSY
				  ? api_error(API_ERR_extension_not_found, NULL)
				  : api_error(api_err_of_store(err), NULL));
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

static const enum api_err missing[] = {API_ERR_extension_not_found, API_OK};

const struct verb api_verb_extensions_device_token = {
	.summary = "Make a device token",
	.about = "A browser logs in with it as this extension; it also opens "
		 "`GET /v1/webrtc/config`. It ends with the extension.",
	.body = token_body,
	.body_optional = true,
	.reply = token_reply,
	.reply_name = "DeviceToken",
	.errors = missing,
	.res = &api_extensions,
	.prepare = prepare,
	.act = act,
};
