/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib.h>

#include "api/calls.h"
#include "api/recordings.h"
#include "call/call.h"
#include "common/json.h"
#include "common/str.h"

static const char *const statuses[] = {"queued",   "dialing", "ringing",
				       "answered", "ended",   NULL};
static const char *const directions[] = {"incoming", "outgoing", NULL};
const char *const api_hangup_reasons[] = {
	"normal",   "busy",    "noanswer", "rejected",
	"canceled", "timeout", "failed",   NULL,
};

static const struct opt address_opts[] = {
	OPT_SHOW_NULL("type", OPT_STRING, "`tel`, `sip` or `extension`."),
	OPT_SHOW_NULL("target", OPT_STRING, "Number, URI or user name."),
	OPT_SHOW_NULL("name", OPT_STRING, "Display name."),
	OPT_END,
};

static const char *const sides[] = {"remote", "local", "system", NULL};

static const struct opt hangup_opts[] = {
	OPT_SHOW_ENUM_NULL("by", sides, "Who ended it."),
	OPT_SHOW_ENUM_NULL("reason", api_hangup_reasons, "Why."),
	OPT_SHOW_NULL("code", OPT_STRING,
		      "What the platform decided, when it did."),
	OPT_SHOW_NULL("sip_code", OPT_INT, "SIP status sent or received."),
	OPT_SHOW_NULL("sip_reason", OPT_STRING, "Its phrase."),
	OPT_END,
};

static const struct opt id_item[] = {{.type = OPT_ID}};

static const struct opt attempt_opts[] = {
	OPT_SHOW_NULL("trunk_id", OPT_ID, "The trunk, if it is one's."),
	OPT_SHOW_NULL("host", OPT_STRING,
		      "Who was asked; of an incoming call, who asks."),
	OPT_SHOW_NULL("sip_code", OPT_INT, "What it came to."),
	OPT_SHOW_NULL("at", OPT_TIME, "When."),
	OPT_END,
};

static const struct opt attempt_item[] = {
	{.type = OPT_OBJECT, .sub = attempt_opts},
};

#define READ_IDS(member, text)                                                 \
	{                                                                      \
		.name = member, .type = OPT_ARRAY, .flags = OPT_READ,          \
		.sub = id_item, .doc = text,                                   \
	}

const struct opt api_call_opts[] = {
	OPT_SHOW_NULL("id", OPT_ID, "Its id (UUIDv7)."),
	OPT_SHOW_NULL("account_id", OPT_ID, "Whose it is."),
	OPT_SHOW_NULL("node_id", OPT_STRING, "The node it runs on."),
	OPT_SHOW_ENUM_NULL("direction", directions, "Who called."),
	OPT_SHOW_ENUM_NULL("status", statuses, "Goes forward only."),
	{
		.name = "source",
		.type = OPT_OBJECT,
		.flags = OPT_READ,
		.sub = address_opts,
		.doc = "Who calls.",
	},
	{
		.name = "destination",
		.type = OPT_OBJECT,
		.flags = OPT_READ,
		.sub = address_opts,
		.doc = "Who is called.",
	},
	OPT_SHOW_NULL("endpoint", OPT_STRING, "`sip` or `webrtc`."),
	OPT_SHOW_NULL("flow_id", OPT_ID, "The flow that runs."),
	OPT_SHOW_NULL("action", OPT_ANY, "The action that runs now."),
	OPT_SHOW_NULL("parent_call_id", OPT_ID, "The call that made it."),
	READ_IDS("child_call_ids", "Calls it made."),
	OPT_SHOW_NULL("peer_call_id", OPT_ID, "The call it is bridged with."),
	OPT_SHOW_NULL("conference_id", OPT_ID, "The room it is in."),
	READ_IDS("recording_ids", "Its recordings."),
	OPT_SHOW_NULL("number_id", OPT_ID, "The number that was called."),
	OPT_SHOW_NULL("trunk_id", OPT_ID, "The trunk it came by."),
	OPT_SHOW_NULL("sip", OPT_ANY,
		      "Call-ID, remote address, user agent, headers."),
	{
		.name = "attempts",
		.type = OPT_ARRAY,
		.flags = OPT_READ,
		.sub = attempt_item,
		.doc = "The ways that were tried.",
	},
	OPT_SHOW_NULL("media", OPT_ANY, "Codec, direction and quality."),
	OPT_SHOW_NULL("variables", OPT_ANY, "Of its flow."),
	OPT_SHOW("truncated", OPT_BOOL,
		 "Of events alone: true when some variables were left out."),
	OPT_SHOW_NULL("held", OPT_ANY, "On hold: `by_us`, `by_party`."),
	OPT_SHOW_NULL("muted", OPT_ANY,
		      "Silence in place of what the party says (`in`) or "
		      "hears (`out`)."),
	OPT_SHOW_NULL("notes", OPT_STRING, "Free text."),
	{
		.name = "hangup",
		.type = OPT_OBJECT,
		.flags = OPT_READ | OPT_NULLABLE,
		.sub = hangup_opts,
		.doc = "How it ended; null while it is up.",
	},
	OPT_SHOW_NULL("created_at", OPT_TIME, "When it came."),
	OPT_SHOW_NULL("ringing_at", OPT_TIME, "When it rang."),
	OPT_SHOW_NULL("answered_at", OPT_TIME, "When it was answered."),
	OPT_SHOW_NULL("ended_at", OPT_TIME, "When it ended."),
	OPT_SHOW_NULL("ring_ms", OPT_INT, "How long it rang."),
	OPT_SHOW_NULL("duration_ms", OPT_INT, "From the answer to the end."),
	OPT_END,
};

static const struct list_filter filters[] = {
	{"status", "status", FILTER_IS},
	{"direction", "direction", FILTER_IS},
	{"source", "source", FILTER_IS},
	{"destination", "destination", FILTER_IS},
	{"trunk_id", "trunk_id", FILTER_IS},
	{"flow_id", "flow_id", FILTER_IS},
	{"parent_call_id", "parent_call_id", FILTER_IS},
	{"conference_id", "conference_id", FILTER_IS},
	{"hangup_reason", "hangup_reason", FILTER_IS},
	{"created_from", "created_at", FILTER_FROM},
	{"created_to", "created_at", FILTER_TO},
	{"ended_from", "ended_at", FILTER_FROM},
	{"ended_to", "ended_at", FILTER_TO},
	{.name = NULL},
};

static const struct list_sort sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = "ended_at", .column = "ended_at", .is_nullable = true},
	{.name = NULL},
};

static const char *const sort_names[] = {"created_at", "ended_at", NULL};

#define QUERY_STR(member, text)                                                \
	{                                                                      \
		.name = member, .type = OPT_STRING, .max = 256, .doc = text    \
	}
#define QUERY_ENUM(member, of, text)                                           \
	{                                                                      \
		.name = member, .type = OPT_STRING, .values = (of),            \
		.doc = text                                                    \
	}
#define QUERY_ID(member, text)                                                 \
	{                                                                      \
		.name = member, .type = OPT_ID, .doc = text                    \
	}
#define QUERY_TIME(member, text)                                               \
	{                                                                      \
		.name = member, .type = OPT_TIME, .doc = text                  \
	}

static const struct opt list_opts[] = {
	LIST_OPTS(sort_names),
	QUERY_ENUM("status", statuses, "Its status."),
	QUERY_ENUM("direction", directions, "Its direction."),
	QUERY_STR("source", "Target of its source, exactly."),
	QUERY_STR("destination", "Target of its destination, exactly."),
	QUERY_ID("trunk_id", "The trunk it came by."),
	QUERY_ID("flow_id", "The flow that ran."),
	QUERY_ID("parent_call_id", "The call that made it."),
	QUERY_ID("conference_id", "The room it was in."),
	QUERY_ENUM("hangup_reason", api_hangup_reasons, "Why it ended."),
	QUERY_TIME("created_from", "Came then or later."),
	QUERY_TIME("created_to", "Came before then."),
	QUERY_TIME("ended_from", "Ended then or later."),
	QUERY_TIME("ended_to", "Ended before then."),
	OPT_END,
};

static const struct list list = {
	.table = "call",
	.filters = filters,
	.sorts = sorts,
};

/* It was erased: what is written by res_act() is nothing else */
static void erased(struct job *job)
{
	recordings_erased(job);
}

const struct resource api_calls = {
	.kind = "call",
	.base = "/v1/calls",
	.not_found = API_ERR_call_not_found,
	.opts = api_call_opts,
	.list = &list,
	.sql_get = "SELECT doc FROM call WHERE id = ?1 AND account_id = ?2",
	.done = erased,
};

/* What runs now is only on the loop: the record is as of its last event */
static json_t *prepare_get(struct req *req, struct job *job)
{
	json_t *reply = res_load(req, &api_calls, &job->input, NULL);

	if (reply && api_reply_err(reply) == API_ERR_call_not_found &&
	    id_is_valid(req->id)) {
		/* a call of this instant may not be in the store yet */
		json_decref(reply);
		return NULL;
	}
	if (!reply && str_eq(json_str(job->input, "status", NULL), "ended"))
		return api_ok(g_steal_pointer(&job->input));

	return reply;
}

static void act_get(struct job *job)
{
	const struct call *call = calls_find(job);

	if (call)
		job_reply(job, api_ok(calls_shown(call)));
	else if (job->input)
		job_reply(job, api_ok(g_steal_pointer(&job->input)));
	else
		job_reply(job, api_error(API_ERR_call_not_found, NULL));
}

static const enum api_err missing[] = {API_ERR_call_not_found, API_OK};

const struct verb api_verb_calls_list = {
	.summary = "List calls",
	.about = "Live ones and records. Sorted by `ended_at`, only those "
		 "that have ended.",
	.query = list_opts,
	.reply = api_call_opts,
	.reply_name = "Call",
	.res = &api_calls,
	.read = res_list,
};

const struct verb api_verb_calls_get = {
	.summary = "Get a call",
	.reply = api_call_opts,
	.reply_name = "Call",
	.errors = missing,
	.res = &api_calls,
	.prepare = prepare_get,
	.act = act_get,
};
