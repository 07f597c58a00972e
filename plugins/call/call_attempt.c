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

static bool is_over(const struct call_attempt *att)
{
	return att->state == CALL_ENDED || att->call->state == CALL_ENDED;
}

/* Its leg is the call's from now on */
static void take_leg(struct call_attempt *att)
{
	struct call *call = att->call;
	const struct leg_ops *ops = att->leg->ops;

	call->attempt = att;
	call->leg = att->leg;
	call->endpoint = ops->endpoint;
	g_free(call->sip);
	call->sip = ops->describe ? ops->describe(att->leg) : NULL;
	g_free(call->remote);
	call->remote = ops->remote ? g_strdup(ops->remote(att->leg)) : NULL;
}

static void note_heard(struct call_attempt *att)
{
	att->heard = true;
	timer_cancel(att->call->table->env.timers, &att->give_up_timer);
}

static void on_heard(void *arg)
{
	note_heard(arg);
}

static void on_early(void *arg)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	if (is_over(att))
		return;

	call_turn_begin(call);
	call_note_as(call, CALL_NOTE_ATTEMPT, "early media");
	note_heard(att);
	att->early = true;
	/* of several the first is listened to, until one answers */
	if (call->outgoing && !call->attempt)
		take_leg(att);
	if (is_won(att))
		call_leg_early(call);
	call_turn_end(call);
}

static void on_ringing(void *arg)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	if (is_over(att))
		return;

	call_turn_begin(call);
	call_note_as(call, CALL_NOTE_ATTEMPT, "ringing");
	note_heard(att);
	if (att->state == CALL_DIALING)
		att->state = CALL_RINGING;
	call_ringing(call);
	call_turn_end(call);
}

/* The first one to answer has the call, the others go. A later answer finds
 * its attempt ended; it is its leg's to take down. */
static void win(struct call_attempt *att)
{
	static const struct leg_end elsewhere = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_CANCELED,
		.code = "answered_elsewhere",
	};
	struct call *call = att->call;

	call_attempts_cancel(call, att, &elsewhere);
	take_leg(att);
	call_dial_forget(call);
}

static void on_answered(void *arg)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	if (!is_over(att)) {
		call_note_as(call, CALL_NOTE_ATTEMPT, "answered");
		note_heard(att);
		att->state = CALL_ANSWERED;
		if (call->outgoing && call->state != CALL_ANSWERED)
			win(att);
		if (is_won(att))
			call_answered(call);
	}
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

static void on_dtmf(void *arg, char digit, unsigned duration_ms, bool in_media)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	if (is_won(att))
		call_digit(call, digit, duration_ms, in_media);
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

static void on_tapped(void *arg, uint32_t tap_id, enum media_tap_end why)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	if (is_won(att))
		call_recording_tapped(call, tap_id, why);
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
	call_note_as(call, CALL_NOTE_MEDIA, "no media came any more");
	/* who rings need not send yet */
	if (is_won(att) && call->state != CALL_ANSWERED)
		call->was_quiet = true;
	else if (is_won(att))
		call_end(call, &end);
	call_turn_end(call);
}

static void on_held(void *arg, bool held)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	call_turn_begin(call);
	call_note_as(call, CALL_NOTE_MEDIA,
		     held ? "held by the party" : "resumed");
	if (is_won(att))
		call_party_held(call, held);
	call_turn_end(call);
}

static bool is_dialing(const struct call *call)
{
	return call->outgoing && call->state != CALL_ANSWERED &&
	       call->state != CALL_ENDED;
}

/* It is over; what the leg knows of it is kept, if nothing better is */
static void end_attempt(struct call_attempt *att, int sip_code)
{
	struct call *call = att->call;

	att->state = CALL_ENDED;
	if (sip_code)
		att->sip_code = sip_code;
	timer_cancel(call->table->env.timers, &att->give_up_timer);
	if (call->outgoing && !call->sip && att->leg && att->leg->ops->describe)
		call->sip = att->leg->ops->describe(att->leg);
	if (is_won(att) && is_dialing(call)) {
		call_bridge_close(call); /* its early media */
		call->attempt = NULL;
		call->leg = NULL;
		call->early = false;
	}
}

static void on_ended(void *arg, const struct leg_end *end)
{
	struct call_attempt *att = arg;
	struct call *call = att->call;

	if (att->state == CALL_ENDED)
		return;

	call_turn_begin(call);
	end_attempt(att, end->sip_code);
	if (is_dialing(call))
		call_dial_failed(att, end);
	else if (is_won(att))
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
	if (att->state != CALL_ENDED)
		on_ended(att, &lost);
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

const struct leg_handler call_attempt_handler = {
	.heard = on_heard,
	.early = on_early,
	.ringing = on_ringing,
	.answered = on_answered,
	.failed = on_failed,
	.dtmf = on_dtmf,
	.played = on_played,
	.silent = on_silent,
	.tapped = on_tapped,
	.held = on_held,
	.ended = on_ended,
	.closed = on_closed,
	.note = on_note,
};

struct call_attempt *call_attempt_new(struct call *call, const char *trunk_id,
				      const char *host)
{
	struct call_attempt *att = g_new0(struct call_attempt, 1);

	att->call = call;
	att->state = CALL_DIALING;
	att->at = call_now(call);
	str_copy(att->trunk_id, ID_SIZE, trunk_id);
	if (host && *host)
		att->host = g_utf8_make_valid(host, -1);
	g_ptr_array_add(call->attempts, att);

	return att;
}

struct call_attempt *call_attempt_add(struct call *call, struct leg *leg,
				      const char *trunk_id)
{
	struct call_attempt *att = call_attempt_new(call, trunk_id, NULL);

	att->leg = leg;
	att->state = call->state;
	leg->handler = &call_attempt_handler;
	leg->arg = att;
	str_copy(leg->call_id, ID_SIZE, call->id);

	return att;
}

void call_attempt_free(void *arg)
{
	struct call_attempt *att = arg;

	/* a leg that is still there at the end of everything */
	timer_cancel(att->call->table->env.timers, &att->give_up_timer);
	if (att->leg)
		att->leg->ops->unref(att->leg);
	g_free(att->host);
	g_free(att);
}

void call_attempt_hangup(struct call_attempt *att, const struct leg_end *end)
{
	if (att->state == CALL_ENDED)
		return;
	end_attempt(att, 0);
	if (att->leg)
		att->leg->ops->hangup(att->leg, end);
}

void call_attempts_cancel(struct call *call, const struct call_attempt *but,
			  const struct leg_end *end)
{
	unsigned i;

	for (i = 0; i < call->attempts->len; ++i) {
		struct call_attempt *att = call->attempts->pdata[i];

		if (att != but)
			call_attempt_hangup(att, end);
	}
}

bool call_attempts_are_pending(const struct call *call)
{
	unsigned i;

	for (i = 0; i < call->attempts->len; ++i) {
		const struct call_attempt *att = call->attempts->pdata[i];

		if (att->state != CALL_ENDED)
			return true;
	}

	return false;
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
		end_attempt(att, 0);
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
