/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Sending again all that an endpoint missed in a while */

#include "api/webhooks.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/db.h"
#include "store/store.h"

enum {
	REPLAY_MAX = 1000, /* in one transaction: others write too */
};

static const char *const statuses[] = {"failed", "delivered", "canceled", NULL};

static const struct opt body[] = {
	{
		.name = "from",
		.type = OPT_TIME,
		.flags = OPT_REQUIRED,
		.doc = "Deliveries made then or later.",
	},
	{
		.name = "to",
		.type = OPT_TIME,
		.flags = OPT_NULLABLE,
		.def = "null",
		.doc = "Those made before then; null = until now.",
	},
	{
		.name = "status",
		.type = OPT_STRING,
		.values = statuses,
		.def = "\"failed\"",
		.doc = "What became of them.",
	},
	OPT_END,
};

static const struct opt reply_opts[] = {
	{
		.name = "count",
		.type = OPT_INT,
		.flags = OPT_READ,
		.doc = "How many wait again, 1000 at the most.",
	},
	{
		.name = "next_from",
		.type = OPT_TIME,
		.flags = OPT_READ | OPT_NULLABLE,
		.doc = "There are more: ask again with this `from`; null: "
		       "that was all.",
	},
	OPT_END,
};

struct gather {
	struct job *job;
	int64_t now_ms;
	unsigned count;
	int64_t next_ms; /* of the first one that found no room */
};

static bool on_row(void *arg, const struct db_row *row)
{
	static const char again[] = DELIVERY_AGAIN " AND status = ?4";
	struct gather *g = arg;

	if (g->count == REPLAY_MAX) {
		g->next_ms = db_int(row, 2);
		return false;
	}
	++g->count;

	STORE_ADD(g->job->tx, STORE_ANY, again, DB_S(db_text(row, 0)),
		  DB_S(g->job->id), DB_I(g->now_ms), DB_S(db_text(row, 1)));

	return true;
}

/** @return NULL, or the error to answer */
static json_t *read_span(const json_t *input, int64_t now_ms, int64_t *from_ms,
			 int64_t *to_ms)
{
	const char *to = json_str(input, "to", NULL);

	/* the option table has checked them */
	*from_ms = 0;
	*to_ms = now_ms + 1;
	(void)clock_parse_rfc3339(json_str(input, "from", ""), from_ms);
	if (to)
		(void)clock_parse_rfc3339(to, to_ms);

	return *from_ms < *to_ms
		       ? NULL
		       : api_fault("/from", "must be earlier than \"to\" and "
					    "than now");
}

/** The oldest first, and none whose event is gone */
static json_t *gather(struct req *req, const json_t *input, struct gather *g)
{
	static const char sql[] =
		"SELECT id, status, created_at FROM delivery"
		" WHERE webhook_id = ?1 AND account_id = ?2 AND status = ?3"
		" AND created_at >= ?4 AND created_at < ?5"
		" AND EXISTS (SELECT 1 FROM event e"
		" WHERE e.row = delivery.event_row)"
		" ORDER BY created_at, id LIMIT ?6";
	struct db_value params[] = {
		DB_S(req->id),
		DB_S(req->account_id),
		DB_S(json_str(input, "status", "failed")),
		DB_I(0),
		DB_I(0),
		DB_I(REPLAY_MAX + 1),
	};
	json_t *reply = read_span(input, g->now_ms, &params[3].i, &params[4].i);

	if (reply)
		return reply;

	g->job->tx = store_tx_new();
	store_tx_has_event(g->job->tx);
	if (db_read(store_db(req->api->env.store), sql, params,
		    G_N_ELEMENTS(params), on_row, g))
		return api_error(API_ERR_unavailable, NULL);

	return NULL;
}

static json_t *prepare(struct req *req, struct job *job)
{
	struct gather g = {
		.job = job,
		.now_ms = clock_wall_ms(clock_system()),
	};
	json_t *doc = NULL, *input = NULL, *reply;

	reply = webhook_load_enabled(req, &api_endpoints, &doc);
	if (!reply)
		reply = res_input(req, &input);
	if (!reply)
		reply = gather(req, input, &g);
	json_decref(input);
	json_decref(doc);
	if (reply)
		return reply;

	doc = json_pack("{s:i}", "count", (int)g.count);
	json_set_time(doc, "next_from", g.next_ms);
	job->ready = api_ok(doc);
	idem_keep(job);

	return NULL;
}

static const enum api_err unsendable[] = {API_ERR_webhook_not_found,
					  API_ERR_wrong_state, API_OK};

const struct verb api_verb_webhooks_replay = {
	.summary = "Send again what was missed",
	.about = "Deliveries made in a while, the oldest first, that failed "
		 "(or were delivered, or canceled). Each waits anew and is due "
		 "now; what was tried stays in `attempts`. 1000 in a call: "
		 "go on from `next_from`.",
	.body = body,
	RES_REPLIES(api_endpoints, reply_opts, "Replay"),
	.errors = unsendable,
	.prepare = prepare,
	.act = res_act,
};
