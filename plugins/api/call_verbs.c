/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What can be done to a call that is up: POST /v1/calls/{id}/VERB */

#include <errno.h>

#include "actions/actions.h"
#include "api/calls.h"
#include "api/recordings.h"
#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/directory.h"
#include "flow/flow_doc.h"
#include "store/store.h"

/** What a verb's check leaves for the loop */
struct live {
	json_t *fault; /**< to be told when the call is there; or NULL */
	struct flow_doc *doc;
};

/** What one verb does. Thread: loop. @return As call.h says */
typedef int(live_h)(struct job *job, struct call *call, const char **whyp);

static void live_free(void *arg)
{
	struct live *live = arg;

	json_decref(live->fault);
	obj_unref(live->doc);
	g_free(live);
}

/* A call of this instant may not be in the store yet: whether it is there is
 * said before what is wrong with the body */
static json_t *prepare(struct req *req, struct job *job)
{
	struct live *live = g_new0(struct live, 1);
	json_t *doc = NULL, *reply;

	job->data = live;
	job->data_free = live_free;

	reply = res_load(req, &api_calls, &doc, NULL);
	if (reply && (api_reply_err(reply) != API_ERR_call_not_found ||
		      !id_is_valid(req->id)))
		return reply;
	job->was_found = !reply;
	json_decref(reply);
	reply = NULL;
	if (str_eq(json_str(doc, "status", NULL), "ended"))
		reply = api_error(API_ERR_call_ended, NULL);
	json_decref(doc);

	if (!reply && req->row->verb->body)
		live->fault = res_input(req, &job->input);

	return reply            ? reply
	       : job->was_found ? g_steal_pointer(&live->fault)
				: NULL;
}

static json_t *refusal(int err, const char *why)
{
	switch (err) {
	case EALREADY:
		return api_error(API_ERR_call_ended, NULL);
	case EAGAIN:
		return api_error(API_ERR_busy, why);
	case EINVAL:
		return api_fault("", why ? why : "is not possible");
	default:
		return api_error(API_ERR_wrong_state, why);
	}
}

static void note(struct call *call, const char *name, const char *why)
{
	char line[128];

	g_snprintf(line, sizeof(line), "POST %s%s%s", name,
		   why ? ": refused, " : "", why ? why : "");
	call_note_request(call, line);
}

static void act(struct job *job, const char *name, live_h *verb)
{
	struct call *call = obj_ref(calls_find(job));
	struct live *live = job->data;
	const char *why = NULL;
	int err;

	if (!call) {
		job_reply(job,
			  api_error(job->was_found ? API_ERR_call_ended
						   : API_ERR_call_not_found,
				    NULL));
		return;
	}
	if (live->fault) {
		job_reply(job, g_steal_pointer(&live->fault));
		obj_unref(call);
		return;
	}

	call_request(call, job->request_id);
	note(call, name, NULL);
	err = verb(job, call, &why);
	if (err)
		note(call, name, why ? why : g_strerror(err));
	call_request(call, NULL);
	if (err)
		job_reply(job, refusal(err, why));
	else if (job->ready)
		job_reply_stored(job);
	else
		job_reply(job, api_ok(calls_shown(call)));
	obj_unref(call);
}

/* ---- hangup ---- */

static const struct opt hangup_body[] = {
	{
		.name = "reason",
		.type = OPT_STRING,
		.values = api_hangup_reasons,
		.def = "\"normal\"",
		.doc = "Why; before an answer it chooses the SIP status.",
	},
	{
		.name = "sip_code",
		.type = OPT_INT,
		.flags = OPT_NULLABLE,
		.min = 400,
		.max = 699,
		.def = "null",
		.doc = "SIP status of a rejection, in place of the reason's.",
	},
	OPT_END,
};

static int hangup(struct job *job, struct call *call, const char **whyp)
{
	struct leg_end end = {
		.by = HANGUP_BY_LOCAL,
		.sip_code = (int)json_int(job->input, "sip_code", 0),
	};

	(void)whyp;
	(void)hangup_reason_by_name(json_str(job->input, "reason", "normal"),
				    &end.reason);

	return call_hangup(call, &end, job->request_id);
}

static void act_hangup(struct job *job)
{
	act(job, "hangup", hangup);
}

/* ---- play, talk, stop_media ---- */

static const char *const listeners[] = {"party", "peer", "both", NULL};

#define TO_OPT                                                                 \
	{                                                                      \
		.name = "to", .type = OPT_STRING, .values = listeners,         \
		.def = "\"party\"",                                            \
		.doc = "Who hears it: the call's own party, whom it is "       \
		       "bridged with, or both."                                \
	}

static enum call_to to_of(const json_t *input)
{
	const char *to = json_str(input, "to", "party");

	if (str_eq(to, "peer"))
		return CALL_TO_PEER;

	return str_eq(to, "both") ? CALL_TO_BOTH : CALL_TO_PARTY;
}

static const struct opt play_body[] = {
	ACTION_PLAY_OPTS,
	TO_OPT,
	OPT_END,
};

static int play(struct job *job, struct call *call, const char **whyp)
{
	struct flow_play play;

	action_play_of(&play, job->input);
	play.async = true;

	return call_verb_play(call, &play, to_of(job->input), whyp);
}

static void act_play(struct job *job)
{
	act(job, "play", play);
}

static const struct opt talk_body[] = {
	ACTION_TALK_OPTS,
	TO_OPT,
	OPT_END,
};

static int talk(struct job *job, struct call *call, const char **whyp)
{
	struct flow_talk talk;

	action_talk_of(&talk, job->input);
	talk.async = true;

	return call_verb_talk(call, &talk, to_of(job->input), whyp);
}

static void act_talk(struct job *job)
{
	act(job, "talk", talk);
}

static const struct opt no_body[] = {OPT_END};

static int stop_media(struct job *job, struct call *call, const char **whyp)
{
	(void)job;

	return call_verb_stop_media(call, whyp);
}

static void act_stop_media(struct job *job)
{
	act(job, "stop_media", stop_media);
}

/* ---- dtmf ---- */

static const struct opt dtmf_body[] = {
	ACTION_DIGITS_OPTS,
	OPT_END,
};

static int dtmf(struct job *job, struct call *call, const char **whyp)
{
	struct flow_digits digits;

	action_digits_of(&digits, job->input);

	return call_verb_dtmf(call, &digits, whyp);
}

static void act_dtmf(struct job *job)
{
	act(job, "dtmf", dtmf);
}

/* ---- mute, hold ---- */

static const char *const directions[] = {"in", "out", "both", NULL};

static const struct opt mute_body[] = {
	{
		.name = "direction",
		.type = OPT_STRING,
		.values = directions,
		.def = "\"both\"",
		.doc = "`in`: what the party says; `out`: what it hears; "
		       "`both`.",
	},
	OPT_END,
};

static int set_mute(struct job *job, struct call *call, bool on,
		    const char **whyp)
{
	const char *direction = json_str(job->input, "direction", "both");

	return call_verb_mute(call, !str_eq(direction, "out"),
			      !str_eq(direction, "in"), on, whyp);
}

static int mute(struct job *job, struct call *call, const char **whyp)
{
	return set_mute(job, call, true, whyp);
}

static void act_mute(struct job *job)
{
	act(job, "mute", mute);
}

static int unmute(struct job *job, struct call *call, const char **whyp)
{
	return set_mute(job, call, false, whyp);
}

static void act_unmute(struct job *job)
{
	act(job, "unmute", unmute);
}

static int hold(struct job *job, struct call *call, const char **whyp)
{
	(void)job;

	return call_verb_hold(call, true, whyp);
}

static void act_hold(struct job *job)
{
	act(job, "hold", hold);
}

static int unhold(struct job *job, struct call *call, const char **whyp)
{
	(void)job;

	return call_verb_hold(call, false, whyp);
}

static void act_unhold(struct job *job)
{
	act(job, "unhold", unhold);
}

/* ---- recordings ---- */

static json_t *prepare_record(struct req *req, struct job *job)
{
	json_t *reply = prepare(req, job);
	struct live *live = job->data;
	struct opt_faults faults = {0};

	if (reply || live->fault)
		return reply;

	action_recording_check(job->input, "", &faults);
	if (!faults.list)
		return NULL;
	live->fault = res_invalid(&faults);

	return job->was_found ? g_steal_pointer(&live->fault) : NULL;
}

static int record(struct job *job, struct call *call, const char **whyp)
{
	struct flow_record prm;
	char id[ID_SIZE], *text, *location;
	int err;

	action_recording_of(&prm, job->input);
	err = call_verb_record(call, &prm, id, whyp);
	if (err)
		return err;

	text = call_recording_text(call, id);
	location = g_strconcat(api_recordings.base, "/", id, NULL);
	job->ready = api_ok(json_loads(text ? text : "{}", 0, NULL));
	json_set_str(job->ready, "location", location);
	g_free(location);
	g_free(text);

	return 0;
}

static void act_record(struct job *job)
{
	act(job, "recordings", record);
}

/* ---- redirect ---- */

static const char *const fates[] = {"hangup", "hold", NULL};

static const struct opt redirect_body[] = {
	CALLS_PROGRAM_OPTS,
	{
		.name = "peer",
		.type = OPT_STRING,
		.values = fates,
		.def = "\"hangup\"",
		.doc = "What becomes of whom it is bridged with: hung up, or "
		       "held until it is bridged again.",
	},
	OPT_END,
};

static json_t *prepare_redirect(struct req *req, struct job *job)
{
	json_t *reply = prepare(req, job);
	struct live *live = job->data;
	struct opt_faults faults = {0};

	if (reply || live->fault)
		return reply;

	calls_check_program(job->input, &live->doc, &faults);
	if (!faults.list)
		return NULL;
	live->fault = res_invalid(&faults);

	return job->was_found ? g_steal_pointer(&live->fault) : NULL;
}

static int redirect(struct job *job, struct call *call, const char **whyp)
{
	const struct live *live = job->data;
	const bool holds =
		str_eq(json_str(job->input, "peer", "hangup"), "hold");

	return call_verb_redirect(
		call, live->doc, json_str(job->input, "flow_id", NULL),
		holds ? CALL_PEER_HOLD : CALL_PEER_HANGUP, whyp);
}

static void act_redirect(struct job *job)
{
	struct live *live = job->data;
	const char *flow_id = json_str(job->input, "flow_id", NULL);

	if (flow_id && !live->fault)
		live->fault = calls_find_flow(job, flow_id, &live->doc);
	act(job, "redirect", redirect);
}

/* ---- what is offered ---- */

static const enum api_err live_errors[] = {API_ERR_call_not_found,
					   API_ERR_call_ended, API_OK};
static const enum api_err state_errors[] = {API_ERR_call_not_found,
					    API_ERR_call_ended,
					    API_ERR_wrong_state, API_OK};
static const enum api_err flow_errors[] = {
	API_ERR_call_not_found, API_ERR_call_ended, API_ERR_wrong_state,
	API_ERR_flow_invalid, API_OK};

#define LIVE_VERB(table, can_lack, errs, fn)                                   \
	.body = (table), .body_optional = (can_lack), .errors = (errs),        \
	.reply = api_call_opts, .reply_name = "Call", .res = &api_calls,       \
	.prepare = prepare, .act = (fn)

const struct verb api_verb_calls_hangup = {
	.summary = "Hang up",
	LIVE_VERB(hangup_body, true, live_errors, act_hangup),
};

const struct verb api_verb_calls_play = {
	.summary = "Play to a call",
	.about = "Beside what runs: while the call is bridged, waits or "
		 "echoes. What the flow itself plays is not interrupted: that "
		 "is 409. The end is the event `call.media_finished`.",
	LIVE_VERB(play_body, false, state_errors, act_play),
};

const struct verb api_verb_calls_talk = {
	.summary = "Say a text to a call",
	.about = "As `play`, with a text.",
	LIVE_VERB(talk_body, false, state_errors, act_talk),
};

const struct verb api_verb_calls_stop_media = {
	.summary = "Stop what plays",
	.about = "Whatever plays to the party; a flow whose sound that was "
		 "goes on with its next action.",
	LIVE_VERB(no_body, true, state_errors, act_stop_media),
};

const struct verb api_verb_calls_dtmf = {
	.summary = "Send digits",
	.about = "To the party, as its leg negotiated: RFC 4733, SIP INFO or "
		 "tones.",
	LIVE_VERB(dtmf_body, false, state_errors, act_dtmf),
};

const struct verb api_verb_calls_mute = {
	.summary = "Mute a call",
	LIVE_VERB(mute_body, true, state_errors, act_mute),
};

const struct verb api_verb_calls_unmute = {
	.summary = "Unmute a call",
	LIVE_VERB(mute_body, true, state_errors, act_unmute),
};

const struct verb api_verb_calls_hold = {
	.summary = "Hold a call",
	.about = "The party is told, and hears hold music.",
	LIVE_VERB(no_body, true, state_errors, act_hold),
};

const struct verb api_verb_calls_unhold = {
	.summary = "Resume a held call",
	LIVE_VERB(no_body, true, state_errors, act_unhold),
};

const struct verb api_verb_calls_record = {
	.summary = "Record a call",
	.about = "Until it ends, or by `PATCH /v1/recordings/{id}`, a key, "
		 "silence or time. Answers with the recording.",
	.body = action_recording_opts,
	.body_optional = true,
	.errors = state_errors,
	.reply = api_recording_opts,
	.reply_name = "Recording",
	.res = &api_calls,
	.prepare = prepare_record,
	.act = act_record,
};

const struct verb api_verb_calls_redirect = {
	.summary = "Run another flow on a call",
	.about = "In place of what runs, from its first action on; the "
		 "variables stay. What the old flow waited for is given up: "
		 "calls that ring are canceled.",
	.body = redirect_body,
	.errors = flow_errors,
	.reply = api_call_opts,
	.reply_name = "Call",
	.res = &api_calls,
	.prepare = prepare_redirect,
	.act = act_redirect,
};
