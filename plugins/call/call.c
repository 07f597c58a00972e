/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "call/call_priv.h"

#include <errno.h>
#include <string.h>

#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "media/media.h"

#define TO(state) (1u << (state))

static const unsigned allowed[CALL_NSTATES] = {
	[CALL_QUEUED] = TO(CALL_DIALING) | TO(CALL_ENDED),
	[CALL_DIALING] = TO(CALL_RINGING) | TO(CALL_ANSWERED) | TO(CALL_ENDED),
	[CALL_RINGING] = TO(CALL_ANSWERED) | TO(CALL_ENDED),
	[CALL_ANSWERED] = TO(CALL_ENDED),
	[CALL_ENDED] = 0,
};

static const char *const names[CALL_NSTATES] = {
	[CALL_QUEUED] = "queued",   [CALL_DIALING] = "dialing",
	[CALL_RINGING] = "ringing", [CALL_ANSWERED] = "answered",
	[CALL_ENDED] = "ended",
};

const char *call_state_name(enum call_state state)
{
	return (unsigned)state < CALL_NSTATES ? names[state] : "";
}

struct call_time call_now(const struct call *call)
{
	const struct clock *clk = call->table->env.clock;

	return (struct call_time){.wall_ms = clock_wall_ms(clk),
				  .mono_ms = clock_mono_ms(clk)};
}

int call_set_state(struct call *call, enum call_state next)
{
	struct call_time *at = NULL;

	if (!(allowed[call->state] & TO(next))) {
		log_warn("call %s: refused %s -> %s", call->id,
			 call_state_name(call->state), call_state_name(next));
		return EPROTO;
	}

	call->state = next;
	switch (next) {
	case CALL_RINGING:
		at = &call->ringing;
		break;
	case CALL_ANSWERED:
		at = &call->answered;
		break;
	case CALL_ENDED:
		at = &call->ended;
		break;
	case CALL_QUEUED:
	case CALL_DIALING:
	case CALL_NSTATES:
		break;
	}
	if (at)
		*at = call_now(call);

	return 0;
}

void call_turn_begin(struct call *call)
{
	obj_ref(call);
	++call->turns;
}

void call_turn_end(struct call *call)
{
	if (--call->turns == 0) {
		const bool is_gone = call->state == CALL_ENDED &&
				     !call_attempts_are_open(call);

		if (is_gone)
			call_write_timeline(call);
		call_flush(call, false);
		if (is_gone)
			call_table_remove(call->table, call);
	}
	obj_unref(call);
}

static const int rejections[HANGUP_NREASONS] = {
	[HANGUP_NORMAL] = 480,   [HANGUP_BUSY] = 486,
	[HANGUP_NOANSWER] = 480, [HANGUP_REJECTED] = 603,
	[HANGUP_CANCELED] = 487, [HANGUP_TIMEOUT] = 480,
	[HANGUP_FAILED] = 500,
};

static void note_end(struct call *call, const struct leg_end *end)
{
	struct call_end *own = &call->end;

	own->by = end->by;
	own->reason = end->reason;
	own->code = end->code;
	own->sip_code = end->sip_code;
	str_copy(own->sip_reason, sizeof(own->sip_reason),
		 end->sip_reason ? end->sip_reason : "");
}

static void count_end(struct call *call)
{
	struct call_table *table = call->table;

	call_limits_give(call);
	++table->stats.ended;
	++table->stats.by_reason[call->end.reason];
}

int call_end(struct call *call, const struct leg_end *end)
{
	struct leg_end own = *end;
	const bool answered = call->state == CALL_ANSWERED;
	const bool ours = call->attempt && call->attempt->state != CALL_ENDED;

	if (call->state == CALL_ENDED)
		return EALREADY;

	/* what was never answered is not over but called off */
	if (call->outgoing && !answered && own.by == HANGUP_BY_LOCAL &&
	    own.reason == HANGUP_NORMAL)
		own.reason = HANGUP_CANCELED;

	call_turn_begin(call);
	call_set_state(call, CALL_ENDED);
	call_timers_stop(call);
	call_queue_remove(call);
	call_dial_forget(call);
	call_recordings_end(call);
	if (call->run)
		flow_run_cancel(call->run);
	call_http_forget(call);
	call_connect_cancel(call);
	call_bridge_close(call);
	call_play_forget(call); /* an async one */
	(void)call_quality_look(call);

	/* what the leg ended by itself has its code already */
	if (ours && answered)
		own.sip_code = 0;
	else if (ours && !call->outgoing && !own.sip_code)
		own.sip_code = rejections[own.reason];
	own.sip_code = call_attempts_hangup(call, &own);
	note_end(call, &own);
	log_debug("call %s: ended by %s, %s%s%s", call->id,
		  hangup_by_name(own.by), hangup_reason_name(own.reason),
		  own.code ? ", " : "", own.code ? own.code : "");

	count_end(call);
	call_write(call, EVENT_CALL_ENDED);
	call_connect_callee_ended(call);
	call_children_end(call);
	call_turn_end(call);

	return 0;
}

void call_ringing(struct call *call)
{
	if (call->state != CALL_DIALING)
		return;

	call_set_state(call, CALL_RINGING);
	call_write(call, EVENT_CALL_RINGING);
	if (call->early_execution)
		call_flow_start_soon(call);
}

void call_answered(struct call *call)
{
	const struct flow_event ev = {.type = FLOW_EV_ANSWERED};

	if (call->state == CALL_ENDED || call->state == CALL_ANSWERED)
		return;

	call->answering = false;
	call_set_state(call, CALL_ANSWERED);
	++call->table->stats.answered;
	call_timers_answered(call);
	call_quality_watch(call);
	if (call->leg && call->leg->ops->describe_media) {
		g_free(call->media);
		call->media = call->leg->ops->describe_media(call->leg);
	}
	call_write(call, EVENT_CALL_ANSWERED);
	call_play_ready(call);
	if (call->outgoing && !call->run)
		call_flow_start_soon(call);
	else
		call_flow_event(call, &ev);
	call_connect_caller_answered(call);
	call_connect_callee_answered(call);
}

void call_leg_early(struct call *call)
{
	if (call->state == CALL_ENDED || call->early)
		return;

	call->early = true;
	call_play_ready(call);
	if (call->early_execution)
		call_flow_start_soon(call);
	call_connect_caller_early(call);
	call_connect_callee_early(call);
}

void call_leg_failed(struct call *call, int err, const char *why)
{
	const struct flow_event ev = {
		.type = FLOW_EV_FAILED, .err = err, .why = why};

	if (call->state == CALL_ENDED)
		return;

	call_play_fail(call, err, why);
	if (!call->answering)
		return;
	call->answering = false;
	call_flow_event(call, &ev);
	call_connect_caller_failed(call);
}

static json_t *digit_json(const struct call *call, char digit,
			  unsigned duration_ms)
{
	const bool secret = call->run && flow_run_is_secret(call->run);
	const char text[2] = {digit, '\0'};
	json_t *data = json_object();

	json_object_set_new(data, "digit",
			    secret ? json_null() : json_string(text));
	json_object_set_new(data, "masked", json_boolean(secret));
	json_object_set_new(data, "duration_ms",
			    duration_ms ? json_integer(duration_ms)
					: json_null());

	return data;
}

void call_digit(struct call *call, char digit, unsigned duration_ms,
		bool in_media)
{
	const struct flow_event ev = {.type = FLOW_EV_DIGIT, .digit = digit};

	if (call->state == CALL_ENDED || !digit ||
	    !strchr("0123456789ABCD*#", digit))
		return;

	/* first the event, as the flow may end the call on it */
	call_emit(call, EVENT_CALL_DTMF, digit_json(call, digit, duration_ms));
	if (call_recording_digit(call, digit))
		return;
	if (!call_bridge_peer(call))
		call_flow_event(call, &ev);
	else if (!call_connect_digit(call, digit))
		call_bridge_digit(call, digit, duration_ms, in_media);
}

int call_hangup(struct call *call, const struct leg_end *end,
		const char *request_id)
{
	int err;

	if (call->state == CALL_ENDED)
		return EALREADY;

	call_turn_begin(call);
	g_free(call->request_id);
	call->request_id = g_strdup(request_id);
	err = call_end(call, end);
	call_turn_end(call);

	return err;
}

const char *call_id(const struct call *call)
{
	return call->id;
}

const char *call_account_id(const struct call *call)
{
	return call->account_id;
}
