/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From ringing to the conversation: 180, 183, 200, and what acknowledges them
 */
#include <errno.h>

#include "host/log.h"

#include "sipx_priv.h"

static void respond(struct sipx_leg *leg, int code, bool with_sdp)
{
	timer_cancel(leg->stack->timers, &leg->trying_timer);
	nua_respond(
		leg->nh, code, sipx_phrase(code),
		TAG_IF(with_sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
		TAG_IF(with_sdp, SIPTAG_PAYLOAD_STR(leg->sdp)),
		TAG_IF(code == 503, SIPTAG_RETRY_AFTER_STR("2")), TAG_END());
	if (code >= 200)
		sipx_count_sent(leg->stack, code);
}

static void on_trying(void *arg)
{
	struct sipx_leg *leg = arg;

	if (leg->state == SIPX_INVITED && leg->nh)
		respond(leg, 100, false);
}

/* Most calls are answered at once: a 100 of the stack's for each costs a tenth
 * of a set-up */
void sipx_trying(struct sipx_leg *leg)
{
	timer_start(leg->stack->timers, &leg->trying_timer, SIPX_TRYING_MS,
		    "sip 100", on_trying, leg);
}

int sipx_ring(struct leg *arg)
{
	struct sipx_leg *leg = sipx_leg_of(arg);

	if (leg->state != SIPX_INVITED || !leg->nh)
		return EPROTO;
	if (leg->early)
		return EALREADY;

	respond(leg, 180, false);
	sipx_leg_note(leg, "180 Ringing sent");

	return 0;
}

/* Refuse the INVITE because our side cannot do it */
static int give_up(struct sipx_leg *leg, int err, const char *why)
{
	respond(leg, 503, false);
	sipx_leg_fail(leg, err, why, 503);

	return 0;
}

/* Our SDP, made once, and media as far as both have spoken */
static int prepare(struct sipx_leg *leg)
{
	int err = leg->sdp ? 0 : sipx_sound_describe(leg);

	if (!err && leg->agreed && !leg->early)
		err = sipx_sound_start(leg);

	return err;
}

int sipx_progress(struct leg *arg)
{
	struct sipx_leg *leg = sipx_leg_of(arg);
	int err;

	if (leg->state != SIPX_INVITED || !leg->nh)
		return EPROTO;
	if (leg->early)
		return EALREADY;
	/* an offer in a 183 gets its answer in PRACK, or never */
	if (!leg->offer && !leg->can_100rel)
		return ENOTSUP;

	err = prepare(leg);
	if (err)
		return give_up(leg, err, "no media for early sound");

	leg->early = true;
	respond(leg, 183, true);
	sipx_leg_note(leg, "183 Session Progress sent");
	if (leg->agreed)
		sipx_leg_later(leg, SIPX_LATER_EARLY);

	return 0;
}

int sipx_answer(struct leg *arg)
{
	struct sipx_leg *leg = sipx_leg_of(arg);
	int err;

	if (leg->state == SIPX_ANSWERED || leg->state == SIPX_UP)
		return EALREADY;
	if (leg->state != SIPX_INVITED || !leg->nh)
		return EPROTO;

	err = prepare(leg);
	if (err)
		return give_up(leg, err, "no media");

	leg->state = SIPX_ANSWERED;
	respond(leg, 200, !leg->sdp_done);
	sipx_leg_note(leg, "200 OK sent");

	return 0;
}

/* They answered our offer with nothing that we can use */
static void bad_answer(struct sipx_leg *leg)
{
	const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.sip_code = 488,
		.sip_reason = sipx_phrase(488),
	};

	if (sipx_leg_hears(leg))
		leg->leg.handler->failed(leg->leg.arg, EPROTO,
					 "no usable answer to our offer");
	if (leg->state == SIPX_OVER)
		return; /* the call hung up meanwhile */
	leg->end = end;
	sipx_bye(leg);
	sipx_leg_end(leg, &end);
}

void sipx_on_ack(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg)
		return;
	if (leg->bye_waits) {
		leg->bye_waits = false;
		sipx_bye(leg);
		return;
	}
	if (leg->state == SIPX_UP) {
		sipx_on_reinvite_ack(ev);
		return;
	}
	if (leg->state != SIPX_ANSWERED)
		return;

	leg->state = SIPX_UP;
	if (!leg->agreed &&
	    (sipx_sound_accept(leg, ev->sip, false) || sipx_sound_start(leg))) {
		bad_answer(leg);
		return;
	}
	sipx_leg_note(leg, "ACK received");
	leg->held = leg->sess.held;
	if (sipx_leg_hears(leg))
		leg->leg.handler->answered(leg->leg.arg);
}

/* nua has answered it; it matters when it answers an offer in our 183 */
void sipx_on_prack(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg || leg->agreed || !leg->early ||
	    (leg->state != SIPX_INVITED && leg->state != SIPX_ANSWERED))
		return;
	if (sipx_sound_accept(leg, ev->sip, false) || sipx_sound_start(leg)) {
		/* the 200 offers once more */
		leg->early = false;
		return;
	}

	leg->sdp_done = true;
	if (leg->state == SIPX_INVITED && sipx_leg_hears(leg))
		leg->leg.handler->early(leg->leg.arg);
}
