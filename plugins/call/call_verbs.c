/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What can be done to a call from outside while its flow runs. Each looks
 * first whether it can be, and changes nothing when it cannot.
 */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/obj.h"
#include "common/str.h"

static const char no_answer[] = "the call is not answered";
static const char no_peer[] = "the call is bridged with nobody";

void call_request(struct call *call, const char *request_id)
{
	g_free(call->request_id);
	call->request_id = g_strdup(request_id);
}

static int refuse(const char **whyp, const char *why)
{
	*whyp = why;

	return EPROTO;
}

/* As the header says them */
static int error_of(int err, const char **whyp)
{
	switch (err) {
	case 0:
	case EINVAL:
	case EAGAIN:
		return err;
	case ESHUTDOWN:
		return EALREADY;
	case ENOTCONN:
	case EPROTO:
		return refuse(whyp, no_answer);
	case ENOTSUP:
		return refuse(whyp, "the call's media cannot do that");
	default:
		return EAGAIN;
	}
}

/* ---- sounds ---- */

struct sound {
	bool is_talk;
	struct flow_play play;
	struct flow_talk talk;
};

static bool is_flows(const struct call_play *play)
{
	return play->id &&
	       (play->by == CALL_PLAY_FLOW || play->by == CALL_PLAY_RING);
}

/* @return NULL, or why nothing of a request can sound there now */
static const char *why_not(const struct call *call)
{
	if (!call_is_running(call))
		return no_answer;

	return is_flows(&call->play) ? "the flow plays now" : NULL;
}

/* Whom it is for. @return How many of two */
static unsigned listeners(struct call *call, enum call_to to,
			  struct call *out[2])
{
	struct call *peer = call_bridge_peer(call);
	unsigned n = 0;

	if (to != CALL_TO_PEER)
		out[n++] = call;
	if (to != CALL_TO_PARTY && peer)
		out[n++] = peer;

	return n;
}

static int sound_one(struct call *call, const struct sound *sound)
{
	uint32_t id = 0;
	int err;

	call_turn_begin(call);
	err = sound->is_talk ? call_talk_start(call, &sound->talk, &id)
			     : call_play_start(call, &sound->play, &id);
	if (!err)
		call->play.by = CALL_PLAY_REQUEST;
	else
		call_hold_music_again(call);
	call_turn_end(call);

	return err;
}

static int sound(struct call *call, const struct sound *what, enum call_to to,
		 const char **whyp)
{
	struct call *who[2];
	const unsigned n = listeners(call, to, who);
	unsigned i;
	int err = 0;

	if (call->state == CALL_ENDED)
		return EALREADY;
	if (to != CALL_TO_PARTY && !call_bridge_peer(call))
		return refuse(whyp, no_peer);
	for (i = 0; i < n; ++i) {
		const char *why = why_not(who[i]);

		if (why)
			return refuse(whyp, why);
	}

	for (i = 0; i < n && !err; ++i)
		err = sound_one(who[i], what);

	return error_of(err, whyp);
}

int call_verb_play(struct call *call, const struct flow_play *play,
		   enum call_to to, const char **whyp)
{
	struct sound what = {.play = *play};

	what.play.async = true; /* its end is an event */

	return sound(call, &what, to, whyp);
}

int call_verb_talk(struct call *call, const struct flow_talk *talk,
		   enum call_to to, const char **whyp)
{
	struct sound what = {.is_talk = true, .talk = *talk};

	what.talk.async = true;

	return sound(call, &what, to, whyp);
}

int call_verb_stop_media(struct call *call, const char **whyp)
{
	struct call_play *play = &call->play;

	if (call->state == CALL_ENDED)
		return EALREADY;
	if (!play->id)
		return refuse(whyp, "nothing plays");

	call_turn_begin(call);
	if ((play->media_id || play->digits) && call->leg && call->leg->media)
		call->table->env.media->stop(call->leg->media);
	call_play_finish(call, ECANCELED, NULL, NULL);
	call_turn_end(call);

	return 0;
}

int call_verb_dtmf(struct call *call, const struct flow_digits *digits,
		   const char **whyp)
{
	uint32_t id;
	int err;

	if (call->state == CALL_ENDED)
		return EALREADY;
	if (call->state != CALL_ANSWERED)
		return refuse(whyp, no_answer);
	if (is_flows(&call->play))
		return refuse(whyp, "the flow plays now");

	call_turn_begin(call);
	err = call_dtmf_start(call, digits, &id);
	if (!err)
		call->play.by = CALL_PLAY_REQUEST;
	call_turn_end(call);

	return error_of(err, whyp);
}

/* ---- mute and hold ---- */

int call_verb_mute(struct call *call, bool in, bool out, bool on,
		   const char **whyp)
{
	int err;

	if (call->state == CALL_ENDED)
		return EALREADY;

	call_turn_begin(call);
	err = call_mute(call, in, out, on);
	call_turn_end(call);

	return error_of(err, whyp);
}

int call_verb_hold(struct call *call, bool on, const char **whyp)
{
	int err;

	if (call->state == CALL_ENDED)
		return EALREADY;
	if (call->state == CALL_ANSWERED && call->held_by_us == on)
		return refuse(whyp, on ? "the call is on hold"
				       : "the call is not on hold");

	call_turn_begin(call);
	err = call_hold(call, on);
	call_turn_end(call);

	return error_of(err, whyp);
}

/* ---- recordings ---- */

int call_verb_record(struct call *call, const struct flow_record *prm,
		     char id[ID_SIZE], const char **whyp)
{
	const char *code = NULL;
	int err;

	if (call->state == CALL_ENDED)
		return EALREADY;
	if (call->state != CALL_ANSWERED)
		return refuse(whyp, no_answer);

	call_turn_begin(call);
	err = call_recording_start(call, prm, id, &code);
	call_turn_end(call);
	if (err == EPROTO)
		return refuse(whyp, "the flow plays now: no beep can be heard");
	if (err == EBUSY)
		return refuse(whyp, "four recordings run already");
	if (err == EDQUOT)
		return refuse(whyp, "a call has 100 recordings at most");

	return error_of(err, whyp);
}

int call_verb_recording(struct call *call, enum flow_record_verb verb,
			const char *id, const char **whyp)
{
	int err;

	if (call->state == CALL_ENDED)
		return EALREADY;

	call_turn_begin(call);
	err = call_recording_verb(call, verb, id);
	call_turn_end(call);
	if (err == ENOENT)
		return refuse(whyp, "no such recording is under way");
	if (err == EPROTO)
		return refuse(whyp, "the recording is in another state");

	return error_of(err, whyp);
}
