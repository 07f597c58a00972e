/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PATCH of a call, live or ended; DELETE of one that has ended, with all that
 * belongs to it */

#include <errno.h>
#include <stdlib.h>

#include "api/calls.h"
#include "api/recordings.h"
#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "store/store.h"

/* ---- PATCH ---- */

static const struct opt patch_body[] = {
	{
		.name = "variables",
		.type = OPT_MAP,
		.min = 0,
		.max = CALLS_VARIABLES_MAX,
		.doc = "Variables to be set; null unsets. The flow that runs "
		       "sees them from its next action on.",
	},
	CALLS_NOTES_OPT,
	CALLS_DURATION_OPT,
	OPT_END,
};

static bool has(const json_t *input, const char *name)
{
	return json_object_get(input, name) != NULL;
}

/* Of an ended call only the notes change: its row, if it is still as it was
 * read.
 * @return NULL, or the error to answer */
static json_t *change_record(struct job *job, json_t *doc, const char *old)
{
	static const char sql[] =
		"UPDATE call SET doc = ?4 WHERE id = ?1 AND account_id = ?2"
		" AND doc = ?3 AND status = 'ended'";
	const json_t *notes = json_object_get(job->input, "notes");
	char *text;

	if (has(job->input, "variables") || has(job->input, "max_duration_s"))
		return api_error(API_ERR_call_ended,
				 "the call has ended: only its notes can be "
				 "changed");
	if (notes)
		json_object_set(doc, "notes", (json_t *)notes);

	text = json_text(doc);
	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ONE_ROW, sql, DB_S(job->id),
		  DB_S(job->account_id), DB_S(old), DB_S(text));
	free(text);
	job->ready = api_ok(json_deep_copy(doc));
	job->doc = json_incref(doc);

	return NULL;
}

static json_t *prepare_patch(struct req *req, struct job *job)
{
	struct opt_faults faults = {0};
	json_t *doc = NULL, *reply, *none = json_object();
	char *text = NULL;

	reply = res_load(req, &api_calls, &doc, &text);
	if (reply && (api_reply_err(reply) != API_ERR_call_not_found ||
		      !id_is_valid(req->id)))
		goto out;

	job->was_found = !reply;
	(void)opt_check(&job->input, patch_body, req->body ? req->body : none,
			OPT_MODE_PATCH, req->platform, "", &faults);
	calls_check_variables(json_object_get(req->body, "variables"), &faults);
	if (faults.list && job->was_found) {
		reply = res_invalid(&faults);
		goto out;
	}
	json_decref(reply);
	reply = NULL;
	if (faults.list) /* told when the call is there */
		job->data = res_invalid(&faults);
	else if (str_eq(json_str(doc, "status", NULL), "ended"))
		reply = change_record(job, doc, text);
out:
	json_decref(none);
	json_decref(doc);
	g_free(text);

	return reply;
}

static void free_json(void *json)
{
	json_decref(json);
}

static json_t *prepare_change(struct req *req, struct job *job)
{
	job->data_free = free_json;

	return prepare_patch(req, job);
}

static json_t *change(struct job *job, struct call *call)
{
	const json_t *variables = json_object_get(job->input, "variables");
	const char *why = NULL;
	int err;

	call_request(call, job->request_id);
	call_note_request(call, "PATCH");
	err = call_verb_patch(
		call, json_is_object(variables) ? variables : NULL,
		json_object_get(job->input, "notes"),
		(unsigned)json_int(job->input, "max_duration_s", 0), &why);
	call_request(call, NULL);

	if (err == EALREADY)
		return api_error(API_ERR_call_ended, NULL);
	if (err == ENOSPC || err == EINVAL)
		return api_fault("/variables",
				 why ? why
				     : "variables hold at most 64 KiB in all");
	if (err)
		return api_error(API_ERR_wrong_state, why);

	return api_ok(calls_shown(call));
}

static void act_change(struct job *job)
{
	struct call *call;

	if (job->tx) {
		res_act(job);
		return;
	}

	call = obj_ref(calls_find(job));
	if (!call && job->was_found)
		calls_settle(job); /* it has just ended */
	else if (!call)
		job_reply(job, api_error(API_ERR_call_not_found, NULL));
	else if (job->data)
		job_reply(job, g_steal_pointer(&job->data));
	else
		job_reply(job, change(job, call));
	obj_unref(call);
}

/* ---- DELETE ---- */

static void erase_files(struct job *job) /* Thread: loop */
{
	recordings_erased(job);
}

/* In this order: the first says whether it is there and over */
static const char *const erasing[] = {
	("DELETE FROM call"
	 " WHERE id = ?1 AND account_id = ?2 AND status = 'ended'"),
	"DELETE FROM delivery WHERE call_id = ?1 AND account_id = ?2",
	"DELETE FROM event WHERE call_id = ?1 AND account_id = ?2",
	"DELETE FROM webhook WHERE call_id = ?1 AND account_id = ?2",
};

static json_t *prepare_erase(struct req *req, struct job *job)
{
	json_t *doc = NULL, *reply;
	size_t i;

	reply = res_load(req, &api_calls, &doc, NULL);
	if (!reply && !str_eq(json_str(doc, "status", NULL), "ended"))
		reply = api_error(API_ERR_wrong_state,
				  "the call is up: hang up first");
	json_decref(doc);
	if (reply)
		return reply;

	job->ready = api_ok(json_object());
	job->tx = store_tx_new();
	for (i = 0; i < G_N_ELEMENTS(erasing); ++i)
		STORE_ADD(job->tx, i ? STORE_ANY : STORE_ONE_ROW, erasing[i],
			  DB_S(job->id), DB_S(job->account_id));

	return recordings_erase(req, job);
}

/** As api_calls, and the files of its recordings go, too */
static const struct resource erased_calls = {
	.kind = "call",
	.not_found = API_ERR_call_not_found,
	.done = erase_files,
};

static const enum api_err changed[] = {API_ERR_call_not_found,
				       API_ERR_call_ended, API_ERR_wrong_state,
				       API_OK};
static const enum api_err erased[] = {API_ERR_call_not_found,
				      API_ERR_wrong_state, API_OK};

const struct verb api_verb_calls_patch = {
	.summary = "Change a call",
	.about = "Of a call that has ended only the notes.",
	.body = patch_body,
	.reply = api_call_opts,
	.reply_name = "Call",
	.errors = changed,
	.res = &api_calls,
	.prepare = prepare_change,
	.act = act_change,
};

const struct verb api_verb_calls_delete = {
	.summary = "Erase a call",
	.about = "One that has ended, with its recordings, events, timeline, "
		 "its own webhook and what was or would have been sent of it. "
		 "There is no way back.",
	.errors = erased,
	.res = &erased_calls,
	.prepare = prepare_erase,
	.act = res_act,
};
