/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Attempts: a call's legs, and what they tell */

#include <errno.h>

#include "call/call_priv.h"
#include "common/str.h"
#include "host/log.h"

static bool is_won(const struct call_attempt *att)
{
	return att->call->attempt == att;
}

static void on_early(void *arg)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note(call, "early media");
	if (is_won(att))
		call_leg_early(call);
	call_turn_end(call);
}

static void on_ringing(void *arg)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note(call, "ringing");
	if (att->state == CALL_DIALING)
		att->state = CALL_RINGING;
	if (call->state == CALL_DIALING) {
		call_set_state(call, CALL_RINGING);
		call_write(call, EVENT_CALL_RINGING);
	}
	call_turn_end(call);
}

static void on_answered(void *arg)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note(call, "answered");
	if (att->state != CALL_ENDED)
		att->state = CALL_ANSWERED;
	if (is_won(att))
		call_answered(call);
	call_turn_end(call);
}

static void on_failed(void *arg, int err, const char *why)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note(call, why ? why : "the leg failed");
	if (is_won(att))
		call_leg_failed(call, err, why);
	call_turn_end(call);
}

static void on_dtmf(void *arg, char digit, unsigned duration_ms)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	if (is_won(att))
		call_digit(call, digit, duration_ms);
	call_turn_end(call);
}

static void on_played(void *arg, uint32_t play_id, int err)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	if (is_won(att))
		call_play_over(call, play_id, err);
	call_turn_end(call);
}

static void on_silent(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_TIMEOUT,
		.code = "media_timeout",
	};
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note(call, "no media came any more");
	if (is_won(att))
		call_end(call, &end);
	call_turn_end(call);
}

static void on_held(void *arg, bool held)
{
	struct call_attempt *att = arg;

	call_turn_begin(att->call);
	call_note(att->call, held ? "held by the party" : "resumed");
	call_turn_end(att->call);
}

static void on_ended(void *arg, const struct leg_end *end)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	att->state = CALL_ENDED;
	att->sip_code = end->sip_code;
	if (is_won(att))
		call_end(call, end);
	call_turn_end(call);
}

static void on_closed(void *arg)
{
	static const struct leg_end lost = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "leg_lost",
	};
	struct call_attempt *att = arg;
	struct call *call = att->call;
	struct leg *leg = att->leg;

	if (!leg)
		return;

	call_turn_begin(call);
	att->state = CALL_ENDED;
	if (is_won(att) && call->state != CALL_ENDED)
		call_end(call, &lost);
	att->leg = NULL;
	if (call->leg == leg)
		call->leg = NULL;
	leg->ops->unref(leg);
	call_turn_end(call);
}

static void on_note(void *arg, const char *line)
{
	struct call_attempt *att = arg;

	call_note(att->call, line);
}

static const struct leg_handler handler = {
	.early = on_early,
	.ringing = on_ringing,
	.answered = on_answered,
	.failed = on_failed,
	.dtmf = on_dtmf,
	.played = on_played,
	.silent = on_silent,
	.held = on_held,
	.ended = on_ended,
	.closed = on_closed,
	.note = on_note,
};

struct call_attempt *call_attempt_add(struct call *call, struct leg *leg,
				      const char *trunk_id)
{
	struct call_attempt *att = g_new0(struct call_attempt, 1);

	att->call = call;
	att->leg = leg;
	att->state = call->state;
	att->at = call_now(call);
	str_copy(att->trunk_id, ID_SIZE, trunk_id);
	leg->handler = &handler;
	leg->arg = att;
	str_copy(leg->call_id, ID_SIZE, call->id);
	g_ptr_array_add(call->attempts, att);

	return att;
}

void call_attempt_free(void *arg)
{
	struct call_attempt *att = arg;

	/* a leg that is still there at the end of everything */
	if (att->leg)
		att->leg->ops->unref(att->leg);
	g_free(att);
}

int call_attempts_hangup(struct call *call, const struct leg_end *end)
{
	int code = end->sip_code;
	unsigned i;

	for (i = 0; i < call->attempts->len; ++i) {
		struct call_attempt *att = call->attempts->pdata[i];
		int sent;

		if (!att->leg || att->state == CALL_ENDED)
			continue;
		att->state = CALL_ENDED;
		sent = att->leg->ops->hangup(att->leg, end);
		if (sent > 0)
			att->sip_code = sent;
		if (sent > 0 && call->attempt == att)
			code = sent;
	}

	return code;
}

bool call_attempts_are_open(const struct call *call)
{
	unsigned i;

	for (i = 0; i < call->attempts->len; ++i) {
		const struct call_attempt *att = call->attempts->pdata[i];

		if (att->leg)
			return true;
	}

	return false;
}
