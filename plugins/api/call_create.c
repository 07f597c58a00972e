/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Calls that go out: POST /v1/calls */

#include <stdio.h>

#include "api/calls.h"
#include "api/webhooks.h"
#include "call/call.h"
#include "common/address.h"
#include "common/header_map.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/directory.h"
#include "flow/flow_doc.h"
#include "host/log.h"
#include "store/store.h"

enum {
	DESTINATIONS_MAX = 100,
	DISPLAY_MAX = ADDRESS_NAME_SIZE - 1,
	TIMEOUT_MAX_S = 600,
	POINTER_SIZE = 64,
};

static const struct opt destination_item[] = {
	{.type = OPT_ANY, .sub = address_opts},
};

/* nothing is put in for "${" here: every value is checked at once */
static const struct opt header_value[] = {
	{
		.type = OPT_STRING,
		.max = HEADER_VALUE_MAX,
		.check = opt_check_no_controls,
	},
};

static const struct opt create_body[] = {
	{
		.name = "source",
		.type = OPT_ANY,
		.flags = OPT_NULLABLE,
		.sub = address_opts,
		.doc = "Who calls: `tel:+4520123456`, `sip:bob@example.com`, "
		       "`extension:1001@acme.test`, or an object; the "
		       "account's `default_source` when left out.",
	},
	{
		.name = "destinations",
		.type = OPT_ARRAY,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = DESTINATIONS_MAX,
		.sub = destination_item,
		.doc = "Who is called, written the same way: one call each. A "
		       "number (`tel`) needs a `trunk_id`.",
	},
	CALLS_PROGRAM_OPTS,
	{
		.name = "variables",
		.type = OPT_MAP,
		.min = 0,
		.max = CALLS_VARIABLES_MAX,
		.def = "{}",
		.doc = "Variables that the flow begins with.",
	},
	{
		.name = "timeout_s",
		.type = OPT_INT,
		.min = 1,
		.max = TIMEOUT_MAX_S,
		.def = "60",
		.doc = "How long it may ring, in seconds.",
	},
	CALLS_DURATION_OPT,
	{
		.name = "early_execution",
		.type = OPT_BOOL,
		.def = "false",
		.doc = "The flow starts when it rings, not when it is "
		       "answered.",
	},
	{
		.name = "headers",
		.type = OPT_MAP,
		.min = 0,
		.max = HEADER_MAP_MAX,
		.sub = header_value,
		.def = "{}",
		.doc = "SIP headers that go out with the INVITE; their names "
		       "begin with `X-`.",
	},
	{
		.name = "auto_answer",
		.type = OPT_BOOL,
		.def = "false",
		.doc = "Ask the phone to answer by itself: SIP phones by "
		       "`Call-Info` and `Alert-Info`, browsers by the "
		       "`auto_answer` of their `incoming_call`. Those that do "
		       "not know it, or may not, ring.",
	},
	{
		.name = "display",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.max = DISPLAY_MAX,
		.check = opt_check_no_controls,
		.doc = "Name shown to who is called, when `source` has none.",
	},
	{
		.name = "webhook",
		.type = OPT_OBJECT,
		.flags = OPT_NULLABLE,
		.sub = api_webhook_target,
		.doc = "An endpoint for these calls alone, signed with the "
		       "account's `signing_secret`.",
	},
	CALLS_NOTES_OPT,
	{
		.name = "trunk_id",
		.type = OPT_ID,
		.flags = OPT_NULLABLE,
		.doc = "The trunk by which numbers and SIP addresses are "
		       "called, for those that name none.",
	},
	OPT_END,
};

static const struct opt call_item[] = {
	{.type = OPT_OBJECT, .sub = api_call_opts},
};

static const struct opt created_opts[] = {
	{
		.name = "result",
		.type = OPT_ARRAY,
		.flags = OPT_READ,
		.sub = call_item,
		.doc = "The calls, in the order of `destinations`.",
	},
	OPT_END,
};

/** A checked request on its way to the loop */
struct order {
	struct flow_doc *doc; /**< what runs; of a stored flow on the loop */
	struct address source;
	struct address *destinations;
	size_t n;
};

static void order_free(void *arg)
{
	struct order *order = arg;

	obj_unref(order->doc);
	g_free(order->destinations);
	g_free(order);
}

static bool source_row(void *arg, const struct db_row *row)
{
	json_t *doc = json_loads(db_text(row, 0), 0, NULL);

	*(char **)arg = g_strdup(json_str(doc, "default_source", NULL));
	json_decref(doc);

	return false;
}

/** The account's, when the body has none.
 * @return NULL, or an error that is none of the input's */
static json_t *read_source(struct req *req, struct order *order,
			   struct opt_faults *faults)
{
	static const char sql[] = "SELECT doc FROM account WHERE id = ?1";
	const struct db_value params[] = {DB_S(req->account_id)};
	const json_t *in = json_object_get(req->body, "source");
	char *text = NULL;

	if (in && !json_is_null(in)) {
		(void)address_read(&order->source, in, "/source", faults);
		return NULL;
	}

	if (db_read(store_db(req->api->env.store), sql, params, 1, source_row,
		    &text))
		return api_error(API_ERR_unavailable, NULL);
	if (!text || address_parse(&order->source, text))
		opt_fault(faults, "/source",
			  "is required: the account has no default_source");
	g_free(text);

	return NULL;
}

static void read_destinations(const struct req *req, struct order *order,
			      struct opt_faults *faults)
{
	const json_t *list = json_object_get(req->body, "destinations");
	const char *trunk_id = json_str(req->body, "trunk_id", "");
	json_t *item;
	char ptr[POINTER_SIZE];
	size_t i;

	/* what is no array, or too long, is the table's to tell */
	if (!json_is_array(list) || json_array_size(list) > DESTINATIONS_MAX)
		return;

	order->destinations = g_new0(struct address, json_array_size(list) + 1);
	json_array_foreach(list, i, item)
	{
		struct address *addr = &order->destinations[order->n++];

		snprintf(ptr, sizeof(ptr), "/destinations/%zu", i);
		if (address_read(addr, item, ptr, faults))
			continue;
		if (!*addr->trunk_id && !str_eq(addr->type, "extension"))
			str_copy(addr->trunk_id, ID_SIZE, trunk_id);
		if (!*addr->trunk_id && str_eq(addr->type, "tel"))
			opt_fault(faults, "/trunk_id",
				  "is required: %s is a number, and there are "
				  "no routes yet",
				  addr->target);
	}
}

/* Everything is checked, whatever else is wrong: all faults are listed */
static json_t *check(struct req *req, struct job *job, struct order *order)
{
	struct opt_faults faults = {0};
	json_t *reply;

	(void)opt_check(&job->input, create_body, req->body, OPT_MODE_CREATE,
			req->platform, "", &faults);
	calls_check_program(req->body, &order->doc, &faults);
	calls_check_variables(json_object_get(req->body, "variables"), &faults);
	header_map_check(json_object_get(req->body, "headers"), HEADER_SIP,
			 "/headers", &faults);
	read_destinations(req, order, &faults);
	reply = read_source(req, order, &faults);
	if (reply)
		json_decref(faults.list);

	return reply || !faults.list ? reply : res_invalid(&faults);
}

static json_t *prepare(struct req *req, struct job *job)
{
	job->data = g_new0(struct order, 1);
	job->data_free = order_free;

	return check(req, job, job->data);
}

/* ---- thread: loop ---- */

static json_t *unknown_trunk(const struct job *job, size_t i)
{
	const json_t *item =
		json_array_get(json_object_get(job->input, "destinations"), i);
	char ptr[POINTER_SIZE];

	snprintf(ptr, sizeof(ptr), "/destinations/%zu/trunk_id", i);

	return api_fault(json_str(item, "trunk_id", NULL) ? ptr : "/trunk_id",
			 "no such trunk");
}

static json_t *check_trunks(const struct job *job, const struct order *order)
{
	const struct dir_trunk *trunk;
	size_t i;

	for (i = 0; i < order->n; ++i) {
		if (!*order->destinations[i].trunk_id)
			continue;
		trunk = directory_trunk(job->api->env.dir,
					order->destinations[i].trunk_id);
		if (!trunk || !str_eq(trunk->account_id, job->account_id))
			return unknown_trunk(job, i);
	}

	return NULL;
}

static json_t *refusal(enum call_refusal why)
{
	switch (why) {
	case CALL_REFUSED_ACCOUNT:
		return api_error(API_ERR_account_suspended, NULL);
	case CALL_REFUSED_PLATFORM:
		return api_error(API_ERR_call_limit,
				 "the platform has as many calls as it takes");
	case CALL_REFUSED_FLOW:
		return api_fault("/flow_id", "no such flow");
	case CALL_REFUSED_LIMIT:
	case CALL_TAKEN:
		break;
	}

	return api_error(API_ERR_call_limit,
			 "the account or a trunk has as many calls as it may");
}

static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static const json_t *members_or_null(const json_t *object)
{
	return json_object_size(object) ? object : NULL;
}

static void origin_of(struct call_origin *origin, const struct job *job,
		      const struct order *order)
{
	const json_t *in = job->input;
	const char *name = text_or_null(order->source.name);
	const json_t *webhook = json_object_get(in, "webhook");

	*origin = (struct call_origin){
		.account_id = job->account_id,
		.source = {.type = order->source.type,
			   .target = order->source.target,
			   .name = name ? name
					: text_or_null(
						  json_str(in, "display", ""))},
		.flow_id = json_str(in, "flow_id", NULL),
		.doc = order->doc,
		.early_execution = json_flag(in, "early_execution", false),
		.auto_answer = json_flag(in, "auto_answer", false),
		.timeout_s = (unsigned)json_int(in, "timeout_s", 0),
		.max_duration_s = (unsigned)json_int(in, "max_duration_s", 0),
		.headers = members_or_null(json_object_get(in, "headers")),
		.variables = members_or_null(json_object_get(in, "variables")),
		.webhook = json_is_object(webhook) ? webhook : NULL,
		.notes = json_str(in, "notes", NULL),
		.request_id = job->request_id,
	};
}

/* One and the same answer is for all: those that were made go again */
static void take_back(struct call_table *table, const json_t *made)
{
	const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_CANCELED,
		.code = "limit",
	};
	struct call *call;
	json_t *doc;
	size_t i;

	json_array_foreach(made, i, doc)
	{
		call = call_find(table, json_str(doc, "id", ""));
		if (call)
			(void)call_hangup(call, &end, NULL);
	}
}

/** @return What becomes of all of them; shown is filled */
static enum call_refusal make_all(struct job *job, struct call_origin *origin,
				  json_t *shown)
{
	struct call_table *table = job->api->env.calls;
	const struct order *order = job->data;
	enum call_refusal refused = CALL_TAKEN;
	const struct address *addr;
	char id[ID_SIZE];
	size_t i;

	for (i = 0; i < order->n && refused == CALL_TAKEN; ++i) {
		addr = &order->destinations[i];
		origin->destination = (struct call_party){
			.type = addr->type,
			.target = addr->target,
			.name = text_or_null(addr->name),
		};
		origin->trunk_id = text_or_null(addr->trunk_id);
		refused = call_create(table, origin, id);
		if (refused == CALL_TAKEN)
			json_array_append_new(
				shown, calls_shown(call_find(table, id)));
	}
	if (refused != CALL_TAKEN)
		take_back(table, shown);

	return refused;
}

static void answer(struct job *job, json_t *shown)
{
	const char *id = json_str(json_array_get(shown, 0), "id", "");
	char *location = g_strconcat(api_calls.base, "/", id, NULL);

	job->ready = api_ok(json_pack("{s:O}", "result", shown));
	json_set_str(job->ready, "location", location);
	g_free(location);
	job_reply_stored(job); /* lists show it; a retry calls nobody twice */
}

static void act(struct job *job)
{
	struct order *order = job->data;
	const char *flow_id = json_str(job->input, "flow_id", NULL);
	json_t *reply = NULL, *shown;
	struct call_origin origin;
	enum call_refusal refused;

	if (!job->api->env.calls || call_table_is_closed(job->api->env.calls))
		reply = api_error(API_ERR_unavailable, "shutting down");
	if (!reply && flow_id)
		reply = calls_find_flow(job, flow_id, &order->doc);
	if (!reply)
		reply = check_trunks(job, order);
	if (reply) {
		job_reply(job, reply);
		return;
	}

	origin_of(&origin, job, order);
	shown = json_array();
	refused = make_all(job, &origin, shown);
	if (refused == CALL_TAKEN)
		answer(job, shown);
	else
		job_reply(job, refusal(refused));
	json_decref(shown);
}

static const enum api_err errors[] = {API_ERR_flow_invalid, API_ERR_call_limit,
				      API_OK};

const struct verb api_verb_calls_create = {
	.summary = "Call out",
	.about = "One call for each destination; when one of them may not be "
		 "made nobody is called. The flow starts when one is answered. "
		 "What becomes of them is "
		 "told by events, by `GET /v1/calls/{id}` and its `hangup`: "
		 "`busy`, `noanswer`, `rejected`, `failed` with a code. Over "
		 "the account's `max_cps` a call waits as `queued`.",
	.body = create_body,
	.reply = created_opts,
	.reply_name = "CallsMade",
	.errors = errors,
	.res = &api_calls,
	.prepare = prepare,
	.act = act,
};
