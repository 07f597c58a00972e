/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What can be done to an endpoint: a new secret, a test event */

#include <stdlib.h>

#include "api/webhooks.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/seal.h"
#include "common/webhook_sign.h"
#include "event/event.h"
#include "host/db.h"
#include "store/store.h"

static const char kind[] = "webhook";

/* ---- rotate-secret ---- */

static const struct opt rotate_body[] = {
	{
		.name = "overlap_s",
		.type = OPT_INT,
		.min = 0,
		.max = 30 * 86400,
		.def = "86400",
		.doc = "Seconds in which the old secret signs too; 0: it "
		       "stops at once.",
	},
	{
		.name = "secret",
		.type = OPT_STRING,
		.min = 1,
		.max = WEBHOOK_SECRET_CHARS,
		.check = webhook_check_secret,
		.doc = "The new one; made when left out.",
	},
	OPT_END,
};

/** The secrets of doc change places; the one before goes */
static void rotate(const struct api *api, json_t *doc, const char *secret,
		   int64_t overlap_s)
{
	const struct seal_owner owner = {kind, json_str(doc, "id", ""),
					 "secret"};
	const int64_t now_ms = clock_wall_ms(clock_system());
	char *old = NULL;
	bool both;

	/* one that was sealed with another key file signs nothing any more */
	if (seal_open(api->env.key, &owner, doc, &old))
		old = NULL;
	both = old && overlap_s;

	seal_set(api, kind, doc, "previous_secret", both ? old : NULL);
	seal_set(api, kind, doc, "secret", secret);
	json_set_time(doc, "previous_until",
		      both ? now_ms + overlap_s * 1000 : 0);
	json_set_time(doc, "updated_at", now_ms);
	g_free(old);
}

static void add_update(struct job *job, const char *old_text)
{
	static const char sql[] =
		"UPDATE webhook SET doc = ?4"
		" WHERE id = ?1 AND account_id = ?2 AND doc = ?3";
	char *text = json_text(job->doc);

	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ONE_ROW, sql, DB_S(job->id),
		  DB_S(job->account_id), DB_S(old_text), DB_S(text));
	webhooks_changed(job->tx);
	free(text);
}

static json_t *prepare_rotate(struct req *req, struct job *job)
{
	json_t *input = NULL, *shown, *reply;
	char *old_text = NULL, *secret;

	reply = res_load(req, &api_webhooks, &job->doc, &old_text);
	if (!reply)
		reply = res_input(req, &input);
	if (reply)
		goto out;

	secret = g_strdup(json_str(input, "secret", NULL));
	if (!secret)
		secret = webhook_secret_new();
	rotate(req->api, job->doc, secret, json_int(input, "overlap_s", 0));
	add_update(job, old_text);

	/* a copy: the two part on different threads */
	shown = json_deep_copy(job->doc);
	json_object_del(shown, "_sealed");
	json_set_str(shown, "secret", secret);
	job->has_secret = true;
	job->ready = api_ok(shown);
	idem_keep(job);
	g_free(secret);
out:
	json_decref(input);
	g_free(old_text);

	return reply;
}

/* ---- test ---- */

static const struct opt test_reply[] = {
	{
		.name = "event_id",
		.type = OPT_ID,
		.flags = OPT_READ,
		.doc = "The event's id: `webhook-id` of what will arrive.",
	},
	OPT_END,
};

static bool sequence_row(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

/** One event more of this endpoint; holds while nobody else had one */
static json_t *next_sequence(struct req *req, struct job *job, int64_t *np)
{
	static const char sql[] = "SELECT sequence FROM webhook WHERE id = ?1";
	static const char update[] =
		"UPDATE webhook SET sequence = ?3"
		" WHERE id = ?1 AND account_id = ?2 AND sequence = ?3 - 1";
	const struct db_value params[] = {DB_S(req->id)};
	int64_t n = 0;

	if (db_read(store_db(req->api->env.store), sql, params, 1, sequence_row,
		    &n))
		return api_error(API_ERR_unavailable, NULL);

	*np = n + 1;
	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ONE_ROW, update, DB_S(job->id),
		  DB_S(job->account_id), DB_I(*np));

	return NULL;
}

static json_t *prepare_test(struct req *req, struct job *job)
{
	const struct event_source source = {
		.node_id = req->api->env.node_id,
		.clock = clock_system(),
	};
	struct event ev = {
		.type = EVENT_WEBHOOK_TEST,
		.account_id = job->account_id,
		.resource_id = job->id,
		.request_id = req->request_id,
	};
	json_t *doc = NULL, *reply;
	char id[ID_SIZE];

	reply = webhook_load_enabled(req, &api_webhooks, &doc);
	if (!reply)
		reply = next_sequence(req, job, &ev.sequence);
	if (reply) {
		json_decref(doc);
		return reply;
	}

	json_object_del(doc, "_sealed");
	ev.data = doc;
	event_emit(&source, job->tx, &ev, id);
	job->ready = api_ok(json_pack("{s:s}", "event_id", id));
	idem_keep(job);

	return NULL;
}

static const enum api_err missing[] = {API_ERR_webhook_not_found, API_OK};
static const enum api_err untestable[] = {API_ERR_webhook_not_found,
					  API_ERR_wrong_state, API_OK};

const struct verb api_verb_webhooks_rotate_secret = {
	.summary = "Give a webhook a new secret",
	.about = "The answer holds it, this once. For `overlap_s` seconds "
		 "both sign: `webhook-signature` then lists two.",
	.body = rotate_body,
	.body_optional = true,
	RES_REPLIES(api_webhooks, api_webhook_opts, "Webhook"),
	.reply_extra = api_webhook_secret_shown,
	.errors = missing,
	.prepare = prepare_rotate,
	.act = res_act,
};

const struct verb api_verb_webhooks_test = {
	.summary = "Send a test event",
	.about = "`webhook.test`, to this webhook alone, whatever its "
		 "`events`.",
	RES_REPLIES(api_webhooks, test_reply, "WebhookTest"),
	.errors = untestable,
	.prepare = prepare_test,
	.act = res_act,
};
