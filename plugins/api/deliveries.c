/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Deliveries: one event for one endpoint. The webhook module writes them; here
 * they are shown, and made to wait again. */

#include "api/webhooks.h"
#include "common/clock.h"
#include "common/event_list.h"
#include "common/json.h"
#include "common/str.h"
#include "host/db.h"
#include "store/store.h"

static const char *const statuses[] = {"pending", "delivered", "failed",
				       "canceled", NULL};

static const struct opt attempt_opts[] = {
	OPT_SHOW("at", OPT_TIME, "When it began."),
	OPT_SHOW_NULL("status_code", OPT_INT, "What the endpoint answered."),
	OPT_SHOW_NULL("latency_ms", OPT_INT, "Until it had."),
	OPT_SHOW_NULL("error", OPT_STRING, "Why there was no answer."),
	OPT_END,
};

static const struct opt attempt_item[] = {
	{.type = OPT_OBJECT, .sub = attempt_opts},
};

static const struct opt delivery_opts[] = {
	OPT_SHOW("id", OPT_ID, "Its id (UUIDv7)."),
	OPT_SHOW("webhook_id", OPT_ID, "The endpoint."),
	OPT_SHOW("event_id", OPT_ID,
		 "The event: `webhook-id` of each attempt."),
	OPT_SHOW("event_type", OPT_STRING, "The event's type."),
	OPT_SHOW_NULL("call_id", OPT_ID, "The call that the event is of."),
	{
		.name = "status",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.values = statuses,
		.doc = "`failed`: no attempt is left; `canceled`: the "
		       "endpoint was disabled.",
	},
	{
		.name = "attempts",
		.type = OPT_ARRAY,
		.flags = OPT_READ,
		.sub = attempt_item,
		.doc = "What was tried, those before a replay too.",
	},
	OPT_SHOW("attempt_count", OPT_INT, "Attempts since it began to wait."),
	OPT_SHOW_NULL("next_attempt_at", OPT_TIME,
		      "Of a pending one: not before."),
	OPT_SHOW("created_at", OPT_TIME, "When the event was matched."),
	OPT_SHOW_NULL("ended_at", OPT_TIME, "When its status became final."),
	OPT_END,
};

json_t *delivery_json(const struct db_row *row, unsigned first)
{
	const char *log = db_text(row, first + 6);
	json_t *out = json_object(), *attempts;

	attempts = json_loads(log ? log : "", 0, NULL);
	if (!json_is_array(attempts)) {
		json_decref(attempts);
		attempts = json_array();
	}

	json_set_str(out, "id", db_text(row, first));
	json_set_str(out, "webhook_id", db_text(row, first + 1));
	json_set_str(out, "event_id", db_text(row, first + 2));
	json_set_str(out, "event_type", db_text(row, first + 3));
	json_set_str(out, "call_id", db_text(row, first + 4));
	json_set_str(out, "status", db_text(row, first + 5));
	json_object_set_new(out, "attempts", attempts);
	json_object_set_new(out, "attempt_count",
			    json_integer(db_int(row, first + 7)));
	json_set_time(out, "next_attempt_at", db_int(row, first + 8));
	json_set_time(out, "created_at", db_int(row, first + 9));
	json_set_time(out, "ended_at", db_int(row, first + 10));

	return out;
}

static json_t *list_item(const struct db_row *row)
{
	return delivery_json(row, LIST_COLUMN);
}

static const struct list_filter filters[] = {
	{"status", "status", FILTER_IS},
	{"event_type", "event_type", FILTER_IS},
	{"event_id", "event_id", FILTER_IS},
	{"call_id", "call_id", FILTER_IS},
	{"created_from", "created_at", FILTER_FROM},
	{"created_to", "created_at", FILTER_TO},
	{.name = NULL},
};

static const char *check_event_type(const char *value)
{
	if (event_type_by_name(value) == EVENT_NTYPES)
		return "must be an event type, such as `call.ended`";

	return NULL;
}

static const struct opt list_opts[] = {
	LIST_OPTS(res_created_sort_names),
	{
		.name = "status",
		.type = OPT_STRING,
		.values = statuses,
		.doc = "Its status.",
	},
	{
		.name = "event_type",
		.type = OPT_STRING,
		.max = 64,
		.check = check_event_type,
		.doc = "The event's type.",
	},
	{.name = "event_id", .type = OPT_ID, .doc = "The event."},
	{.name = "call_id", .type = OPT_ID, .doc = "The event's call."},
	{
		.name = "created_from",
		.type = OPT_TIME,
		.doc = "Made then or later.",
	},
	{.name = "created_to", .type = OPT_TIME, .doc = "Made before then."},
	OPT_END,
};

static const struct list list = {
	.table = "delivery",
	.parent = "webhook_id",
	.filters = filters,
	.sorts = res_created_sorts,
	.select = DELIVERY_COLUMNS,
	.item = list_item,
};

static json_t *read_list(struct req *req)
{
	json_t *doc = NULL, *reply = res_load(req, &api_endpoints, &doc, NULL);

	json_decref(doc);

	return reply ? reply : res_list_of(req, &list);
}

/** A delivery, and whether its event is still there */
struct found {
	json_t *doc;
	bool has_event;
};

static bool found_row(void *arg, const struct db_row *row)
{
	struct found *found = arg;

	found->has_event = db_int(row, 0) != 0;
	found->doc = delivery_json(row, 1);

	return false;
}

/** The delivery of the path, of an endpoint that is this account's.
 * @return NULL, or the error to answer */
static json_t *load(struct req *req, struct found *found)
{
	static const char sql[] =
		"SELECT EXISTS (SELECT 1 FROM event e"
		" WHERE e.row = delivery.event_row), " DELIVERY_COLUMNS
		" FROM delivery"
		" WHERE id = ?1 AND webhook_id = ?2 AND account_id = ?3";
	const struct db_value params[] = {DB_S(req->delivery_id), DB_S(req->id),
					  DB_S(req->account_id)};

	if (!id_is_valid(req->delivery_id))
		return api_error(API_ERR_delivery_not_found, NULL);
	if (db_read(store_db(req->api->env.store), sql, params, 3, found_row,
		    found))
		return api_error(API_ERR_unavailable, NULL);

	return found->doc ? NULL : api_error(API_ERR_delivery_not_found, NULL);
}

static json_t *read_get(struct req *req)
{
	struct found found = {0};
	json_t *doc = NULL, *reply = res_load(req, &api_endpoints, &doc, NULL);

	json_decref(doc);
	if (!reply)
		reply = load(req, &found);

	return reply ? reply : api_ok(found.doc);
}

static json_t *prepare_replay(struct req *req, struct job *job)
{
	static const char again[] = DELIVERY_AGAIN;
	const int64_t now_ms = clock_wall_ms(clock_system());
	struct found found = {0};
	json_t *doc = NULL, *reply;

	reply = webhook_load_enabled(req, &api_endpoints, &doc);
	json_decref(doc);
	if (!reply)
		reply = load(req, &found);
	if (!reply && !found.has_event)
		reply = api_error(API_ERR_wrong_state,
				  "its event is not kept any more");
	if (reply) {
		json_decref(found.doc);
		return reply;
	}

	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ONE_ROW, again, DB_S(req->delivery_id),
		  DB_S(job->id), DB_I(now_ms));
	store_tx_has_event(job->tx);

	json_set_str(found.doc, "status", "pending");
	json_object_set_new(found.doc, "attempt_count", json_integer(0));
	json_set_time(found.doc, "next_attempt_at", now_ms);
	json_set_time(found.doc, "ended_at", 0);
	job->ready = api_ok(found.doc);
	idem_keep(job);

	return NULL;
}

static const enum api_err unknown[] = {API_ERR_webhook_not_found, API_OK};
static const enum api_err missing[] = {API_ERR_webhook_not_found,
				       API_ERR_delivery_not_found, API_OK};
static const enum api_err unsendable[] = {API_ERR_webhook_not_found,
					  API_ERR_delivery_not_found,
					  API_ERR_wrong_state, API_OK};

const struct verb api_verb_deliveries_list = {
	.summary = "List deliveries",
	.about = "What was sent to a webhook, and what waits. They are kept "
		 "as long as the account's `retention` keeps events.",
	.query = list_opts,
	RES_REPLIES(api_endpoints, delivery_opts, "Delivery"),
	.errors = unknown,
	.read = read_list,
};

const struct verb api_verb_deliveries_get = {
	.summary = "Get a delivery",
	RES_REPLIES(api_endpoints, delivery_opts, "Delivery"),
	.errors = missing,
	.read = read_get,
};

const struct verb api_verb_deliveries_replay = {
	.summary = "Send an event again",
	.about = "Whatever became of it: it waits anew, from the first "
		 "attempt on, and is due now. One that is pending is due now.",
	RES_REPLIES(api_endpoints, delivery_opts, "Delivery"),
	.errors = unsendable,
	.prepare = prepare_replay,
	.act = res_act,
};
