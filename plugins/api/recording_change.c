/* SPDX-License-Identifier: GPL-3.0-or-later */

/* PATCH of a recording: it acts on the call that is recorded */

#include <errno.h>

#include "api/recordings.h"
#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "loop/loop.h"
#include "store/store.h"

static const char *const wanted[] = {"paused", "recording", "finished", NULL};

static const struct opt patch_body[] = {
	{
		.name = "status",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.values = wanted,
		.doc = "`paused`: what is said from now on is left out, time "
		       "included; `recording`: go on; `finished`: end it.",
	},
	OPT_END,
};

static json_t *not_now(const char *why)
{
	return api_error(API_ERR_wrong_state, why);
}

static json_t *prepare(struct req *req, struct job *job)
{
	json_t *doc = NULL, *reply = res_load(req, &api_recordings, &doc, NULL);
	const char *status = json_str(doc, "status", "");

	if (reply && api_reply_err(reply) != API_ERR_recording_not_found)
		return reply;
	if (reply && !id_is_valid(req->id))
		return reply;
	job->was_found = !reply;
	json_decref(reply);

	reply = res_input(req, &job->input);
	if (reply && !job->was_found) {
		json_decref(reply);
		reply = api_error(API_ERR_recording_not_found, NULL);
	}
	/* a patch may leave out what is required */
	if (!reply && !json_str(job->input, "status", NULL))
		reply = api_fault("/status", "is required");
	if (reply && !job->was_found) {
		json_decref(reply);
		reply = api_error(API_ERR_recording_not_found, NULL);
	}
	if (!reply && (str_eq(status, "finished") || str_eq(status, "failed")))
		reply = not_now("it has ended");
	json_decref(doc);

	return reply;
}

static void on_settled(void *arg, int err, const char *why)
{
	struct job *job = arg;

	job_reply(job, g_steal_pointer(&job->ready));
	obj_unref(job);
}

/* Nothing of its own: it is answered behind all that was written before */
static void settle(void *arg)
{
	struct job *job = arg;

	store_commit(job->api->env.store, store_tx_new(), on_settled, job);
}

/* What others read then is what the answer says. A reference of the job is
 * taken */
static void answer(struct job *job, const char *text)
{
	job->ready = api_ok(json_loads(text, 0, NULL));
	if (loop_post(job->api->env.loop, "recording_patched", settle, job))
		obj_unref(job);
}

static void on_closed(void *arg, const char *text)
{
	answer(arg, text);
}

static enum flow_record_verb verb_of(const struct job *job)
{
	const char *status = json_str(job->input, "status", "");

	if (str_eq(status, "paused"))
		return FLOW_RECORD_PAUSE;

	return str_eq(status, "recording") ? FLOW_RECORD_RESUME
					   : FLOW_RECORD_STOP;
}

static void change(struct job *job, struct call *call)
{
	const enum flow_record_verb verb = verb_of(job);
	const char *why = NULL;
	char *text;

	obj_ref(call);
	if (call_recording_request(call, verb, job->id, job->request_id,
				   &why)) {
		job_reply(job, not_now(why ? why : "the call has ended"));
		goto out;
	}

	obj_ref(job);
	/* the answer comes when the file is closed */
	if (verb == FLOW_RECORD_STOP &&
	    !call_recording_watch(call, job->id, on_closed, job))
		goto out;
	text = call_recording_text(call, job->id);
	answer(job, text);
	g_free(text);
out:
	obj_unref(call);
}

static void act(struct job *job)
{
	struct call_table *table = job->api->env.calls;
	struct call *call = table ? call_of_recording(table, job->id) : NULL;

	if (call && !str_eq(call_account_id(call), job->account_id))
		call = NULL;
	if (call)
		change(job, call);
	else if (job->was_found)
		job_reply(job, not_now("it is ending"));
	else
		job_reply(job, api_error(API_ERR_recording_not_found, NULL));
}

static const enum api_err changed[] = {API_ERR_recording_not_found,
				       API_ERR_wrong_state, API_OK};

const struct verb api_verb_recordings_patch = {
	.summary = "Pause, resume or finish a recording",
	.about = "The answer to `finished` comes when its file can be read.",
	.body = patch_body,
	.errors = changed,
	.prepare = prepare,
	.act = act,
	RES_REPLIES(api_recordings, api_recording_opts, "Recording"),
};
