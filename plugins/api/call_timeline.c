/* SPDX-License-Identifier: GPL-3.0-or-later */

/* GET /v1/calls/{id}/timeline: the store has the events and what became of
 * them; what a call noted besides is with the call while it is up, and in its
 * row when it has ended */

#include "api/calls.h"
#include "api/timeline.h"
#include "call/call.h"
#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

static bool event_row(void *arg, const struct db_row *row)
{
	json_t *event = json_loads(db_text(row, 0), 0, NULL);

	timeline_add_event(arg, event);
	json_decref(event);

	return true;
}

static bool delivery_row(void *arg, const struct db_row *row)
{
	const struct timeline_delivery delivery = {
		.id = db_text(row, 0),
		.webhook_id = db_text(row, 1),
		.event_id = db_text(row, 2),
		.event_type = db_text(row, 3),
		.status = db_text(row, 4),
		.log = db_text(row, 5),
		.created_at = db_int(row, 6),
	};

	timeline_add_delivery(arg, &delivery);

	return true;
}

static bool notes_row(void *arg, const struct db_row *row)
{
	const char *text = db_text(row, 0);
	json_t *notes = text ? json_loads(text, 0, NULL) : NULL;

	timeline_add_notes(arg, notes);
	json_decref(notes);

	return false;
}

struct part {
	const char *sql;
	db_row_h *row;
};

/* What caused something stands before it, when both are of one millisecond */
static const struct part parts[] = {
	{"SELECT timeline FROM call WHERE id = ?1 AND account_id = ?2"
	 " AND ?3 > 0",
	 notes_row},
	{"SELECT doc FROM event WHERE call_id = ?1 AND account_id = ?2"
	 " ORDER BY sequence LIMIT ?3",
	 event_row},
	{"SELECT id, webhook_id, event_id, event_type, status, log,"
	 " created_at FROM delivery"
	 " WHERE call_id = ?1 AND account_id = ?2"
	 " ORDER BY created_at, id LIMIT ?3",
	 delivery_row},
};

static json_t *read_parts(struct req *req, struct timeline *tl)
{
	const struct db_value params[] = {DB_S(req->id), DB_S(req->account_id),
					  DB_I(TIMELINE_EVENTS)};
	struct db *db = store_db(req->api->env.store);
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(parts); ++i)
		if (db_read(db, parts[i].sql, params, 3, parts[i].row, tl))
			return api_error(API_ERR_unavailable, NULL);

	return NULL;
}

static void free_timeline(void *arg)
{
	timeline_free(arg);
}

static json_t *prepare(struct req *req, struct job *job)
{
	struct timeline *tl = timeline_new();
	json_t *doc = NULL, *reply;

	job->data = tl;
	job->data_free = free_timeline;

	reply = res_load(req, &api_calls, &doc, NULL);
	if (reply && (api_reply_err(reply) != API_ERR_call_not_found ||
		      !id_is_valid(req->id)))
		return reply;
	job->was_found = !reply;
	json_decref(reply);
	if (!job->was_found)
		return NULL; /* a call of this instant */

	if (str_eq(json_str(doc, "direction", ""), "outgoing"))
		timeline_add_attempts(tl, json_object_get(doc, "attempts"));
	reply = read_parts(req, tl);
	if (!reply && str_eq(json_str(doc, "status", NULL), "ended"))
		reply = api_ok(timeline_json(tl));
	json_decref(doc);

	return reply;
}

static void act(struct job *job)
{
	struct timeline *tl = job->data;
	const struct call *call = calls_find(job);
	json_t *notes, *copy;

	if (!call && job->was_found) {
		calls_settle(job); /* it has just ended */
		return;
	}
	if (!call) {
		job_reply(job, api_error(API_ERR_call_not_found, NULL));
		return;
	}

	/* a copy: what the call holds stays on this thread */
	notes = call_timeline(call);
	copy = json_deep_copy(notes);
	json_decref(notes);
	timeline_add_notes(tl, copy);
	json_decref(copy);
	job_reply(job, api_ok(timeline_json(tl)));
}

static const enum api_err missing[] = {API_ERR_call_not_found, API_OK};

const struct verb api_verb_calls_timeline = {
	.summary = "The story of a call",
	.about = "Every state, attempt, action, digit, request of this API, "
		 "SIP message, HTTP exchange and webhook of it, in the order "
		 "of time. Digits of a `sensitive` action are masked.",
	.reply = timeline_opts,
	.reply_name = "CallTimeline",
	.errors = missing,
	.res = &api_calls,
	.prepare = prepare,
	.act = act,
};
