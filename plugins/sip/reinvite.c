/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offers inside a call: hold, resume, a moved address, a session refresh.
 * The codec stays where they still offer it; a refused offer changes nothing.
 */
#include "host/log.h"

#include "sipx_priv.h"

void sipx_tell_held(struct sipx_leg *leg)
{
	if (leg->held == leg->sess.held)
		return;

	leg->held = leg->sess.held;
	sipx_leg_note(leg,
		      leg->held ? "held by the party" : "resumed by the party");
	if (sipx_leg_hears(leg) && leg->state == SIPX_UP)
		leg->leg.handler->held(leg->leg.arg, leg->held);
}

static void agree(const struct sipx_event *ev, const char *sdp)
{
	nua_respond(ev->nh, 200, sipx_phrase(200),
		    NUTAG_WITH_THIS(ev->stack->nua),
		    TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
		    TAG_IF(sdp, SIPTAG_PAYLOAD_STR(sdp)), TAG_END());
}

int sipx_take_offer(struct sipx_leg *leg, const sip_t *sip,
		    const char **warningp)
{
	const struct sdpx_session before = leg->sess;
	int code = sipx_sound_offer(leg, sip, warningp);

	if (!code && (sipx_sound_describe(leg) || sipx_sound_start(leg)))
		code = 500;
	if (code)
		leg->sess = before;

	return code;
}

static void handle_offer(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;
	char warning[2 * SIPX_TEXT_SIZE];
	const char *why = NULL;
	const int code = sipx_take_offer(leg, ev->sip, &why);

	if (code) {
		sipx_warning(warning, sizeof(warning), ev->stack,
			     code == 488 ? 305 : 399, why ? why : "");
		sipx_refuse(ev, code, why ? warning : NULL);
		sipx_leg_note(leg, "%d %s sent: %s", code, sipx_phrase(code),
			      why ? why : "unusable body");
		return;
	}

	agree(ev, leg->sdp);
	sipx_tell_held(leg);
}

/* A re-INVITE without SDP asks for our offer; its answer comes in the ACK */
static void offer_again(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (sipx_sound_reoffer(leg)) {
		sipx_refuse(ev, 500, NULL);
		return;
	}
	leg->reoffered = true;
	agree(ev, leg->sdp);
}

void sipx_on_reinvite(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;
	const char *text;
	size_t len;

	if (leg->state != SIPX_UP) {
		sipx_refuse(ev, leg->state == SIPX_OVER ? 481 : 491, NULL);
		return;
	}

	sipx_leg_note(leg, "re-INVITE received");
	if (!sipx_body_sdp(ev->sip, &text, &len) && !text)
		offer_again(ev);
	else
		handle_offer(ev);
}

void sipx_on_reinvite_ack(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg->reoffered)
		return;

	leg->reoffered = false;
	/* a refresh whose sender ignored our offer: nothing changes */
	if (!sipx_sound_accept(leg, ev->sip, true) && !sipx_sound_start(leg))
		sipx_tell_held(leg);
	sipx_hold_go_on(leg);
}

void sipx_on_update(const struct sipx_event *ev)
{
	const char *text;
	size_t len;
	int code;

	if (!ev->leg) {
		sipx_refuse(ev, 481, NULL);
		return;
	}
	sipx_leg_note(ev->leg, "UPDATE received");
	code = sipx_body_sdp(ev->sip, &text, &len);
	if (code)
		sipx_refuse(ev, code, NULL);
	else if (!text)
		agree(ev, NULL);
	else if (ev->leg->state != SIPX_UP || ev->leg->reoffered ||
		 ev->leg->reinviting)
		/* RFC 3311 §5.2: the INVITE's own exchange is not over */
		sipx_refuse(ev, 491, NULL);
	else
		handle_offer(ev);
}
