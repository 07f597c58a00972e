/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/recordings.h"

#include "call/call.h"
#include "common/json.h"
#include "common/str.h"

static const char *const statuses[] = {"recording", "paused", "finished",
				       "failed", NULL};
static const char *const formats[] = {"wav", "ogg", "mp3", NULL};
static const char *const sides[] = {"mono", "stereo", NULL};
static const char *const reasons[] = {"silence",     "key",     "duration",
				      "hangup",      "stopped", "failed",
				      "interrupted", NULL};

const struct opt api_recording_opts[] = {
	OPT_SHOW("id", OPT_ID, "Its id (UUIDv7)."),
	OPT_SHOW("account_id", OPT_ID, "Whose it is."),
	OPT_SHOW_NULL("call_id", OPT_ID, "The call that was recorded."),
	OPT_SHOW_NULL("conference_id", OPT_ID, "The room that was recorded."),
	OPT_SHOW("node_id", OPT_STRING, "The node that has its file."),
	OPT_SHOW_ENUM("status", statuses,
		      "`finished`: the file is closed and can be read."),
	OPT_SHOW_ENUM("format", formats, "16-bit PCM, Opus in Ogg, or MP3."),
	OPT_SHOW_ENUM("channels", sides,
		      "`stereo`: the party left, what it hears right."),
	OPT_SHOW("rate", OPT_INT, "Samples a second: 8000, 16000 or 48000."),
	OPT_SHOW_NULL("duration_ms", OPT_INT,
		      "How long it plays; null while it runs."),
	OPT_SHOW_NULL("size_bytes", OPT_INT,
		      "Of the file; null while it runs."),
	OPT_SHOW_ENUM_NULL("reason", reasons,
			   "Why it ended; null while it runs."),
	OPT_SHOW_NULL("error", OPT_STRING, "Of a failed one, in words."),
	OPT_SHOW("interrupted", OPT_BOOL,
		 "The process died meanwhile: a second is missing at "
		 "most."),
	OPT_SHOW("created_at", OPT_TIME, "When it began."),
	OPT_SHOW_NULL("ended_at", OPT_TIME, "When its file was closed."),
	OPT_END,
};

static const struct list_filter filters[] = {
	{"call_id", "call_id", FILTER_IS},
	{"status", "status", FILTER_IS},
	{"format", "format", FILTER_IS},
	{"created_from", "created_at", FILTER_FROM},
	{"created_to", "created_at", FILTER_TO},
	{.name = NULL},
};

static const struct opt list_opts[] = {
	LIST_OPTS(res_created_sort_names),
	{
		.name = "call_id",
		.type = OPT_ID,
		.doc = "Of this call.",
	},
	{
		.name = "status",
		.type = OPT_STRING,
		.values = statuses,
		.doc = "Its status.",
	},
	{
		.name = "format",
		.type = OPT_STRING,
		.values = formats,
		.doc = "Its format.",
	},
	{
		.name = "created_from",
		.type = OPT_TIME,
		.doc = "Began then or later.",
	},
	{
		.name = "created_to",
		.type = OPT_TIME,
		.doc = "Began before then.",
	},
	OPT_END,
};

static const struct list list = {
	.table = "recording",
	.filters = filters,
	.sorts = res_created_sorts,
};

static void done(struct job *job)
{
	if (!job->doc)
		recording_remove_later(job->api, job->id);
}

const struct resource api_recordings = {
	.kind = "recording",
	.base = "/v1/recordings",
	.not_found = API_ERR_recording_not_found,
	.opts = api_recording_opts,
	.list = &list,
	.sql_get = "SELECT doc FROM recording"
		   " WHERE id = ?1 AND account_id = ?2",
	.sql_delete = "DELETE FROM recording WHERE id = ?1 AND account_id = ?2"
		      " AND status NOT IN ('recording', 'paused')",
	.done = done,
};

/* One of this instant may not be in the store yet */
static json_t *prepare_get(struct req *req, struct job *job)
{
	json_t *doc = NULL, *reply = res_load(req, &api_recordings, &doc, NULL);

	if (!reply)
		return api_ok(doc);
	if (api_reply_err(reply) != API_ERR_recording_not_found ||
	    !id_is_valid(req->id))
		return reply;
	json_decref(reply);

	return NULL;
}

static void act_get(struct job *job)
{
	const struct call_table *table = job->api->env.calls;
	const struct call *call =
		table ? call_of_recording(table, job->id) : NULL;
	char *text = NULL;

	if (call && str_eq(call_account_id(call), job->account_id))
		text = call_recording_text(call, job->id);
	job_reply(job, text ? api_ok(json_loads(text, 0, NULL))
			    : api_error(API_ERR_recording_not_found, NULL));
	g_free(text);
}

static json_t *prepare_delete(struct req *req, struct job *job)
{
	json_t *doc = NULL, *reply = res_load(req, &api_recordings, &doc, NULL);
	const char *status = json_str(doc, "status", "");

	if (!reply && (str_eq(status, "recording") || str_eq(status, "paused")))
		reply = api_error(API_ERR_wrong_state,
				  "it runs: PATCH {\"status\": \"finished\"} "
				  "first");
	json_decref(doc);

	return reply ? reply : res_delete(req, job);
}

static const enum api_err missing[] = {API_ERR_recording_not_found, API_OK};
static const enum api_err running[] = {API_ERR_recording_not_found,
				       API_ERR_wrong_state, API_OK};

const struct verb api_verb_recordings_list = {
	.summary = "List recordings",
	RES_LISTS(api_recordings, api_recording_opts, "Recording", list_opts),
};

const struct verb api_verb_recordings_get = {
	.summary = "Get a recording",
	.errors = missing,
	.prepare = prepare_get,
	.act = act_get,
	RES_REPLIES(api_recordings, api_recording_opts, "Recording"),
};

const struct verb api_verb_recordings_delete = {
	.summary = "Delete a recording",
	.about = "With its file, and for good. One that runs must be finished "
		 "first.",
	.errors = running,
	.res = &api_recordings,
	.prepare = prepare_delete,
	.act = res_act,
};
