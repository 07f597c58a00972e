/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The action connect: callees are calls of their own whose parent is the
 * caller. They ring together or in turn; the first to answer, or the first
 * that reaches the end of its confirm_actions, is bridged with the caller and
 * the others are canceled. What the flow hears of the end comes from a timer:
 * never from inside what it asked for.
 */

#include <errno.h>
#include <string.h>

#include "call/call_connect.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"

#define TO(state) (1u << (state))

static const unsigned allowed[CONNECT_NSTATES] = {
	[CONNECT_RINGING] = TO(CONNECT_ANSWERING) | TO(CONNECT_OVER),
	[CONNECT_ANSWERING] = TO(CONNECT_BRIDGED) | TO(CONNECT_OVER),
	[CONNECT_BRIDGED] = TO(CONNECT_OVER),
	[CONNECT_OVER] = 0,
};

static bool set_state(struct call_connect *con, enum connect_state next)
{
	if (!(allowed[con->state] & TO(next)))
		return false;
	con->state = next;

	return true;
}

void call_connect_free(struct call *call)
{
	call->connect = obj_unref(call->connect);
}

/* It is nobody's callee any more */
static void let_go(struct call_connect *con, struct call *callee)
{
	g_ptr_array_remove(con->callees, callee);
	callee->wanted_by = NULL;
	if (con->winner == callee)
		con->winner = NULL;
}

static void note(struct call *call, const struct call *other, const char *what)
{
	char line[CALL_NOTE_SIZE];

	g_snprintf(line, sizeof(line), "call %s: %s", other->id, what);
	call_note_as(call, CALL_NOTE_CONNECT, line);
}

static void note_rings(const struct call_connect *con,
		       const struct call *callee)
{
	char *what = g_strdup_printf("rings %s", callee->destination.target);

	note(con->caller, callee, what);
	g_free(what);
}

static void note_out(const struct call_connect *con, const struct call *callee,
		     enum hangup_reason reason)
{
	const struct call_end *end = &callee->end;
	char code[16] = "", *what;

	if (end->sip_code)
		g_snprintf(code, sizeof(code), ", SIP %d", end->sip_code);
	what = g_strdup_printf("%s%s%s%s", hangup_reason_name(reason),
			       end->code ? ", " : "",
			       end->code ? end->code : "", code);
	note(con->caller, callee, what);
	g_free(what);
}

/* Why one that did nothing itself is hung up */
static void note_dropped(const struct call_connect *con, struct call *callee)
{
	note(callee, con->caller,
	     con->caller->state == CALL_ENDED
		     ? "has ended, and this one with it"
		     : "goes on without this one");
}

/* All but one are hung up */
static void drop_callees(struct call_connect *con, const struct call *but,
			 const char *code)
{
	unsigned i = con->callees->len;

	while (i-- > 0) {
		struct call *callee = con->callees->pdata[i];
		const bool answered = callee->state == CALL_ANSWERED;
		const struct leg_end end = {
			.by = code ? HANGUP_BY_SYSTEM : HANGUP_BY_LOCAL,
			.reason = answered && !code ? HANGUP_NORMAL
						    : HANGUP_CANCELED,
			.code = code,
		};

		if (callee == but)
			continue;
		let_go(con, callee);
		if (!code)
			note_dropped(con, callee);
		call_end(callee, &end);
	}
}

static void note_result(const struct call_connect *con)
{
	char line[CALL_NOTE_SIZE];

	g_snprintf(line, sizeof(line),
		   "connect: %s, %d, after %" G_GINT64_FORMAT " ms together",
		   con->status ? con->status : "failed", con->sip_code,
		   con->duration_ms);
	call_note_as(con->caller, CALL_NOTE_CONNECT, line);
}

static void on_over(void *arg)
{
	struct call_connect *con = arg;
	struct call *caller = con->caller;
	const struct flow_connected result = {
		.status = con->status ? con->status : "failed",
		.call_id = call_opt_id(con->call_id),
		.duration_ms = con->duration_ms,
		.sip_code = con->sip_code,
	};
	const struct flow_event ev = {.type = FLOW_EV_CONNECT,
				      .connect = &result};

	call_turn_begin(caller);
	note_result(con);
	obj_ref(con); /* the flow may connect again at once */
	call_connect_free(caller);
	call_flow_event(caller, &ev);
	obj_unref(con);
	call_turn_end(caller);
}

/* What was recorded for its sake; what the caller says next is not asked for.
 * One that has ended is passed over */
static void end_recording(struct call_connect *con)
{
	if (*con->recording_id)
		(void)call_recording_verb(con->caller, FLOW_RECORD_STOP,
					  con->recording_id);
	con->recording_id[0] = '\0';
}

/* The flow is told, a moment later */
static void finish(struct call_connect *con)
{
	struct call *caller = con->caller;
	struct timers *timers = caller->table->env.timers;

	if (!set_state(con, CONNECT_OVER))
		return;

	call_turn_begin(caller);
	timer_cancel(timers, &con->timer);
	call_connect_silence(con);
	end_recording(con);
	drop_callees(con, NULL, NULL);
	call_timers_wait(caller, 0);
	timer_start(timers, &con->over_timer, 0, "call_connect_over", on_over,
		    con);
	call_turn_end(caller);
}

static void fail(struct call_connect *con)
{
	con->status = "failed";
	finish(con);
}

void call_connect_cancel(struct call *call)
{
	struct call_connect *con = call->connect;

	if (!con)
		return;

	call->connect = NULL;
	(void)set_state(con, CONNECT_OVER);
	call_connect_silence(con);
	end_recording(con);
	drop_callees(con, NULL, NULL);
	call_bridge_close(call);
	obj_unref(con);
}

/* ---- results ---- */

static const char *const statuses[HANGUP_NREASONS] = {
	[HANGUP_NORMAL] = "rejected",   [HANGUP_BUSY] = "busy",
	[HANGUP_NOANSWER] = "noanswer", [HANGUP_REJECTED] = "rejected",
	[HANGUP_CANCELED] = "canceled", [HANGUP_TIMEOUT] = "noanswer",
	[HANGUP_FAILED] = "failed",
};

/* The busiest result is the one that is told */
static void take_result(struct call_connect *con, const struct call *callee)
{
	enum hangup_reason reason = callee->end.reason;
	unsigned rank;

	/* it answered, and went before it was bridged: it did not want to */
	if (callee->answered.wall_ms && reason == HANGUP_NORMAL)
		reason = HANGUP_REJECTED;
	note_out(con, callee, reason);
	rank = call_reason_rank(reason);
	if (con->status && rank <= con->rank)
		return;

	con->rank = rank;
	con->status = statuses[reason];
	con->sip_code = callee->end.sip_code;
	memcpy(con->call_id, callee->id, ID_SIZE);
}

/* ---- callees ---- */

/* @return CALL_TAKEN, or why there is no such call */
static enum call_refusal ring_one(struct call_connect *con,
				  const struct address *to)
{
	struct call *caller = con->caller, *callee = NULL;
	const struct call_origin origin = {
		.account_id = caller->account_id,
		.source = {.type = con->source.type,
			   .target = con->source.target,
			   .name = *con->source.name ? con->source.name : NULL},
		.destination = {.type = to->type,
				.target = to->target,
				.name = *to->name ? to->name : NULL},
		.trunk_id = call_opt_id(to->trunk_id),
		.doc = con->confirm,
		.anonymous = con->anonymous,
		.headers = con->headers,
		.parent_call_id = caller->id,
	};
	const enum call_refusal refusal =
		call_create_call(caller->table, &origin, &callee);

	if (refusal != CALL_TAKEN)
		return refusal;
	callee->wanted_by = con;
	callee->codec_hint = g_strdup(con->codec);
	/* the whole has a timer of its own, which may be longer than the
	 * platform's of a call */
	callee->timeout_ms = con->destination_timeout_ms
				     ? con->destination_timeout_ms
				     : con->timeout_ms;
	g_ptr_array_add(con->callees, callee);
	note_rings(con, callee);

	return CALL_TAKEN;
}

/* All, or the next that can be. @return CALL_TAKEN when one is on its way */
static enum call_refusal ring_next(struct call_connect *con)
{
	enum call_refusal refusal = CALL_REFUSED_LIMIT, now;
	bool any = false;

	while (con->next < con->ndestinations) {
		now = ring_one(con, &con->destinations[con->next++]);
		if (now == CALL_TAKEN)
			any = true;
		else
			refusal = now;
		if (any && con->is_sequence)
			break;
	}

	return any ? CALL_TAKEN : refusal;
}

static void on_timeout(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NOANSWER,
		.code = "not_answered",
	};
	struct call_connect *con = arg;
	struct call *caller = con->caller;

	call_turn_begin(caller);
	obj_ref(con);
	con->next = con->ndestinations;
	/* the last one's end is the connect's */
	while (con->state == CONNECT_RINGING && con->callees->len)
		call_end(con->callees->pdata[0], &end);
	obj_unref(con);
	call_turn_end(caller);
}

static void on_max_duration(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_TIMEOUT,
		.code = "max_duration",
	};
	struct call_connect *con = arg;

	if (con->winner)
		call_end(con->winner, &end);
}

/* ---- the bridge ---- */

static void record(struct call_connect *con)
{
	const struct flow_record prm = {
		.format = json_str(con->record, "format", "wav"),
		.stereo = str_eq(json_str(con->record, "channels", "stereo"),
				 "stereo"),
		.end_of_key = "",
	};
	const char *code = NULL;
	char line[CALL_NOTE_SIZE];

	if (!con->record ||
	    !call_recording_start(con->caller, &prm, con->recording_id, &code))
		return;

	g_snprintf(line, sizeof(line), "the bridge is not recorded: %s",
		   code ? code : "failed");
	call_note_as(con->caller, CALL_NOTE_RECORDING, line);
}

static void join(struct call_connect *con)
{
	static const struct flow_event bridged = {.type = FLOW_EV_BRIDGED};
	struct call *caller = con->caller, *callee = con->winner;
	struct timers *timers = caller->table->env.timers;

	call_connect_silence(con);
	if (!call_bridge_is_early_with(caller, callee))
		call_bridge_close(caller);
	if (call_bridge_open(caller, callee, false)) {
		log_warn("call %s: cannot be bridged with %s", caller->id,
			 callee->id);
		fail(con);
		return;
	}
	set_state(con, CONNECT_BRIDGED);
	con->bridged = call_now(caller);
	memcpy(con->call_id, callee->id, ID_SIZE);
	timer_cancel(timers, &con->timer);
	if (con->max_duration_ms)
		timer_start(timers, &con->timer, con->max_duration_ms,
			    "call_connect_max", on_max_duration, con);
	record(con);
	call_flow_event(caller, &bridged);
}

/* It is the one: the caller is answered if it was not, and both are joined */
static void win(struct call_connect *con, struct call *callee)
{
	struct call *caller = con->caller;

	if (!set_state(con, CONNECT_ANSWERING))
		return;

	call_turn_begin(caller);
	obj_ref(con);
	con->winner = callee;
	con->next = con->ndestinations;
	drop_callees(con, callee, "answered_elsewhere");
	if (caller->state == CALL_ANSWERED)
		join(con);
	else if (call_answer(caller))
		fail(con);
	obj_unref(con);
	call_turn_end(caller);
}

void call_connect_caller_answered(struct call *call)
{
	struct call_connect *con = call->connect;

	if (con && con->state == CONNECT_ANSWERING)
		join(con);
}

void call_connect_caller_failed(struct call *call)
{
	struct call_connect *con = call->connect;

	if (con && con->state == CONNECT_ANSWERING)
		fail(con);
}

void call_connect_callee_answered(struct call *callee)
{
	struct call_connect *con = callee->wanted_by;

	if (!con)
		return;
	if (!con->confirm) {
		win(con, callee);
		return;
	}

	/* whoever is asked to confirm talks with nobody yet */
	call_turn_begin(con->caller);
	note(con->caller, callee, "answered, and is asked to confirm");
	if (call_bridge_is_early_with(con->caller, callee))
		call_bridge_close(callee);
	call_connect_ring(con);
	call_turn_end(con->caller);
}

bool call_connect_callee_confirmed(struct call *callee)
{
	struct call_connect *con = callee->wanted_by;

	if (!con || !con->confirm || callee->state != CALL_ANSWERED)
		return false;
	if (con->state == CONNECT_RINGING)
		win(con, callee);

	return true;
}

/* One that rang, or was asked to confirm, is out */
static void lose(struct call_connect *con, const struct call *callee)
{
	take_result(con, callee);
	if (con->callees->len)
		return;
	if (ring_next(con) != CALL_TAKEN)
		finish(con);
}

void call_connect_callee_ended(struct call *callee)
{
	struct call_connect *con = callee->wanted_by;
	struct call *caller;
	bool won;

	if (!con)
		return;

	caller = con->caller;
	won = con->winner == callee;
	call_turn_begin(caller);
	obj_ref(con);
	let_go(con, callee);
	switch (con->state) {
	case CONNECT_RINGING:
		lose(con, callee);
		call_connect_ring(con); /* unless that sounds already */
		break;
	case CONNECT_ANSWERING:
		if (won) {
			take_result(con, callee);
			finish(con);
		}
		break;
	case CONNECT_BRIDGED:
		con->status = "answered";
		con->duration_ms =
			call_now(caller).mono_ms - con->bridged.mono_ms;
		con->sip_code = callee->end.sip_code;
		finish(con);
		break;
	case CONNECT_OVER:
	case CONNECT_NSTATES:
		break;
	}
	obj_unref(con);
	call_turn_end(caller);
}

void call_connect_leave(struct call *callee)
{
	struct call_connect *con = callee->wanted_by;
	struct call *caller;

	if (!con)
		return;

	caller = con->caller;
	call_turn_begin(caller);
	obj_ref(con);
	let_go(con, callee);
	if (con->state != CONNECT_BRIDGED && !con->status) {
		con->status = "rejected";
		con->rank = call_reason_rank(HANGUP_REJECTED);
		memcpy(con->call_id, callee->id, ID_SIZE);
	}
	if (con->state == CONNECT_ANSWERING ||
	    (con->state == CONNECT_RINGING && !con->callees->len &&
	     ring_next(con) != CALL_TAKEN))
		finish(con);
	obj_unref(con);
	call_turn_end(caller);
}

bool call_connect_digit(struct call *call, char digit)
{
	static const struct leg_end end = {.by = HANGUP_BY_LOCAL,
					   .reason = HANGUP_NORMAL};
	struct call_connect *con = call->connect;

	if (!con || con->state != CONNECT_BRIDGED || !con->hangup_on_star ||
	    digit != '*')
		return false;
	call_end(con->winner, &end);

	return true;
}

/* ---- the beginning ---- */

int call_connect_start(struct call *call, const struct flow_connect *prm,
		       const char **codep)
{
	struct call_connect *con;
	enum call_refusal refusal;

	if (call->state == CALL_ENDED)
		return ESHUTDOWN;
	/* a callee that still confirms calls nobody itself, by whatever flow */
	if (call->connect || call->bridge || call->wanted_by)
		return EBUSY;

	con = call_connect_new(call, prm);
	if (!con) {
		*codep = "invalid_value";
		return EINVAL;
	}
	refusal = ring_next(con);
	if (refusal != CALL_TAKEN) {
		*codep = refusal == CALL_REFUSED_ACCOUNT ? "account_suspended"
							 : "limit";
		obj_unref(con);
		return EAGAIN;
	}
	call->connect = con;
	call_timers_wait(call, prm->timeout_ms);
	timer_start(call->table->env.timers, &con->timer, prm->timeout_ms,
		    "call_connect_timeout", on_timeout, con);
	call_connect_ring(con);

	return 0;
}
