/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our offers inside a call: hold and resume by re-INVITE, one at a time; what
 * is asked for meanwhile is offered when the answer is here. And refreshes of
 * the session that nua sends by itself, to who takes no UPDATE: they have no
 * SDP, so the 200 has an offer and the ACK our answer. */
#include <errno.h>

#include "host/log.h"

#include "sipx_priv.h"

enum {
	/* RFC 3261 §14.1: who made the Call-ID waits longer */
	GLARE_OWN_MS = 2100,
	GLARE_SPAN_MS = 1900,
	GLARE_STEP_MS = 10,
	REQUEST_PENDING = 491
};

static void try(struct sipx_leg *leg)
{
	if (leg->state != SIPX_UP || !leg->nh || leg->reinviting ||
	    leg->reoffered || leg->hold_want == leg->hold_is ||
	    timer_is_running(&leg->hold_timer))
		return;

	leg->local.dir = leg->hold_want ? SDPX_SENDONLY : SDPX_SENDRECV;
	if (sipx_sound_reoffer(leg))
		return;
	leg->reinviting = true;
	leg->hold_asked = leg->hold_want;
	nua_invite(leg->nh, SIPTAG_CONTENT_TYPE_STR("application/sdp"),
		   SIPTAG_PAYLOAD_STR(leg->sdp), TAG_END());
	sipx_leg_note(leg, "re-INVITE sent: %s",
		      leg->hold_want ? "hold" : "resume");
}

void sipx_hold_go_on(struct sipx_leg *leg)
{
	try(leg);
}

int sipx_hold(struct leg *arg, bool on)
{
	struct sipx_leg *leg = sipx_leg_of(arg);

	if (leg->state != SIPX_UP || !leg->nh)
		return EPROTO;
	leg->hold_want = on;
	try(leg);

	return 0;
}

static void on_glare_over(void *arg)
{
	try(arg);
}

static void wait_and_offer(struct sipx_leg *leg)
{
	struct sipx_stack *stack = leg->stack;
	const bool own = leg->outgoing;
	int64_t ms = GLARE_STEP_MS *
		     (int64_t)(sipx_random(stack) %
			       ((own ? GLARE_SPAN_MS : GLARE_OWN_MS) /
				GLARE_STEP_MS));

	if (own)
		ms += GLARE_OWN_MS;
	if (stack->glare_ms)
		ms = stack->glare_ms;
	timer_start(stack->timers, &leg->hold_timer, ms, "sip glare",
		    on_glare_over, leg);
}

static void on_accepted(const struct sipx_event *ev, struct sipx_leg *leg)
{
	sipx_ack(ev, NULL);
	if (leg->state != SIPX_UP)
		return;
	leg->hold_is = leg->hold_asked;
	/* an answer that is none leaves what flows as it is */
	if (sipx_sound_accept(leg, ev->sip, true) || sipx_sound_start(leg)) {
		sipx_leg_note(leg, "re-INVITE: no usable answer");
		return;
	}
	sipx_leg_note(leg, "re-INVITE: 200 OK received");
	sipx_tell_held(leg);
}

/* nua's refresh: their offer is in the 200 */
static void on_refreshed(const struct sipx_event *ev, struct sipx_leg *leg)
{
	const char *why;
	const bool agreed = leg->state == SIPX_UP &&
			    !sipx_take_offer(leg, ev->sip, &why) && leg->sdp;

	sipx_ack(ev, agreed ? leg->sdp : NULL);
	if (agreed)
		sipx_tell_held(leg);
}

/* 408 and 481 say that the dialog is gone (RFC 5057); nua ends it too */
static bool is_dead(int status)
{
	return status == 408 || status == 481;
}

static void on_refused(const struct sipx_event *ev, struct sipx_leg *leg)
{
	sipx_leg_note(leg, "re-INVITE: %d", ev->status);
	if (leg->deaf)
		return;
	if (is_dead(ev->status)) {
		leg->end = (struct leg_end){
			.by = HANGUP_BY_SYSTEM,
			.reason = HANGUP_FAILED,
			.code = "dialog_lost",
			.sip_code = ev->status,
			.sip_reason = sipx_phrase(ev->status),
		};
		sipx_bye(leg);
		sipx_leg_end(leg, &leg->end);
		return;
	}
	if (leg->reinviting && ev->status == REQUEST_PENDING)
		wait_and_offer(leg);
	else if (leg->reinviting && leg->hold_want == leg->hold_asked)
		leg->hold_want = leg->hold_is; /* they will not have it */
}

void sipx_on_reinvite_reply(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;
	const bool ours = leg->reinviting;

	if (ev->status < 200)
		return;
	if (sipx_is_challenge(ev) && !leg->deaf && !leg->hold_challenged &&
	    sipx_authenticate(leg, ev->sip)) {
		leg->hold_challenged = true;
		return;
	}

	leg->hold_challenged = false;
	if (ev->status >= 300)
		on_refused(ev, leg);
	else if (ours)
		on_accepted(ev, leg);
	else
		on_refreshed(ev, leg);
	leg->reinviting = false;
	leg->local.dir = leg->hold_is ? SDPX_SENDONLY : SDPX_SENDRECV;
	try(leg);
}
