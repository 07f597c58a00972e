/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The end, from either side: rejections, CANCEL, BYE, and dialogs that die */
#include <stdio.h>
#include <string.h>

#include "host/log.h"

#include "sipx_priv.h"

int sipx_code_for(enum hangup_reason reason)
{
	switch (reason) {
	case HANGUP_NORMAL:
	case HANGUP_NOANSWER:
	case HANGUP_TIMEOUT:
		return 480;
	case HANGUP_BUSY:
		return 486;
	case HANGUP_REJECTED:
		return 603;
	case HANGUP_CANCELED:
		return 487;
	case HANGUP_FAILED:
	case HANGUP_NREASONS:
		break;
	}

	return 500;
}

/* Q.850 has the words that gateways pass on */
static const char *bye_reason(enum hangup_reason reason)
{
	switch (reason) {
	case HANGUP_NORMAL:
	case HANGUP_NREASONS:
		break;
	case HANGUP_BUSY:
		return "Q.850;cause=17;text=\"User busy\"";
	case HANGUP_NOANSWER:
		return "Q.850;cause=19;text=\"No answer\"";
	case HANGUP_REJECTED:
		return "Q.850;cause=21;text=\"Call rejected\"";
	case HANGUP_CANCELED:
		return "Q.850;cause=31;text=\"Normal, unspecified\"";
	case HANGUP_TIMEOUT:
		return "Q.850;cause=102;text=\"Recovery on timer expiry\"";
	case HANGUP_FAILED:
		return "Q.850;cause=41;text=\"Temporary failure\"";
	}

	return "Q.850;cause=16;text=\"Normal call clearing\"";
}

void sipx_bye(struct sipx_leg *leg)
{
	if (!leg->nh)
		return;
	/* nua sends nothing while a request before it waits for credentials:
	 * there are none, so give that one up */
	if (leg->is_stuck)
		nua_authenticate(leg->nh, TAG_END());
	nua_bye(leg->nh, SIPTAG_REASON_STR(bye_reason(leg->end.reason)),
		TAG_END());
	sipx_leg_note(leg, "BYE sent");
}

static int reject(struct sipx_leg *leg, const struct leg_end *end)
{
	int code = end->sip_code;

	if (code < 300 || code > 699)
		code = sipx_code_for(end->reason);
	nua_respond(leg->nh, code, sipx_phrase(code),
		    TAG_IF(code == 503, SIPTAG_RETRY_AFTER_STR("2")),
		    TAG_END());
	sipx_count_sent(leg->stack, code);
	sipx_leg_note(leg, "%d %s sent", code, sipx_phrase(code));

	return code;
}

int sipx_hangup(struct leg *arg, const struct leg_end *end)
{
	struct sipx_leg *leg = sipx_leg_of(arg);
	int code = 0;

	if (leg->state == SIPX_OVER || leg->deaf || !leg->nh)
		return 0;

	leg->end = *end;
	leg->end.sip_reason = NULL;
	if (leg->state == SIPX_CALLING) {
		sipx_cancel(leg);
	} else if (leg->state == SIPX_INVITED) {
		code = reject(leg, end);
	} else if (leg->state == SIPX_ANSWERED) {
		/* RFC 3261 §15: no BYE by the called before the ACK */
		leg->bye_waits = true;
	} else {
		sipx_bye(leg);
	}
	sipx_leg_over(leg);

	return code;
}

/* "Q.850;cause=16;text=…": as they said it */
static void read_reason(struct sipx_leg *leg, const sip_t *sip)
{
	const sip_reason_t *re = sip ? sip->sip_reason : NULL;
	char raw[2 * SIPX_TEXT_SIZE];

	for (; re; re = re->re_next) {
		const int cause =
			sipx_reason_cause(re->re_protocol, re->re_cause);

		if (cause)
			leg->end.sip_code = cause;
		if (leg->end.sip_reason || !re->re_protocol)
			continue;
		g_snprintf(raw, sizeof(raw), "%s%s%s%s%s", re->re_protocol,
			   re->re_cause ? ";cause=" : "",
			   re->re_cause ? re->re_cause : "",
			   re->re_text ? ";text=" : "",
			   re->re_text ? re->re_text : "");
		sipx_clean(leg->end_text, sizeof(leg->end_text), raw,
			   strlen(raw));
		leg->end.sip_reason = leg->end_text;
	}
}

static void end_leg(struct sipx_leg *leg, enum hangup_by by,
		    enum hangup_reason reason, int sip_code, const char *code)
{
	leg->end.by = by;
	leg->end.reason = reason;
	leg->end.code = code;
	if (!leg->end.sip_code)
		leg->end.sip_code = sip_code;
	if (!leg->end.sip_reason && leg->end.sip_code)
		leg->end.sip_reason = sipx_phrase(leg->end.sip_code);
	sipx_leg_end(leg, &leg->end);
}

void sipx_on_cancel(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg || leg->deaf)
		return;

	sipx_count_sent(leg->stack, 487);
	sipx_leg_note(leg, "CANCEL received");
	read_reason(leg, ev->sip);
	leg->end.sip_code = 487; /* what nua has sent; theirs is in the text */
	end_leg(leg, HANGUP_BY_REMOTE, HANGUP_CANCELED, 487, NULL);
}

void sipx_on_bye(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg)
		return;
	leg->bye_waits = false; /* theirs came first */
	if (leg->deaf)
		return;

	sipx_leg_note(leg, "BYE received");
	read_reason(leg, ev->sip);
	if (leg->state == SIPX_INVITED) { /* in place of CANCEL */
		sipx_count_sent(leg->stack, 487);
		leg->end.sip_code = 487; /* what nua has sent */
		end_leg(leg, HANGUP_BY_REMOTE, HANGUP_CANCELED, 487, NULL);
	} else {
		end_leg(leg, HANGUP_BY_REMOTE, HANGUP_NORMAL, 0, NULL);
	}
}

void sipx_on_reply(const struct sipx_event *ev)
{
	if (ev->leg && sipx_is_challenge(ev) &&
	    !sipx_authenticate(ev->leg, ev->sip))
		ev->leg->is_stuck = true;
}

/* Ours is handled by then; nua's own means that a refresh never came */
void sipx_on_bye_reply(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;
	const bool challenge = sipx_is_challenge(ev);

	if (!leg || ev->status < 200 ||
	    (challenge && sipx_authenticate(leg, ev->sip)))
		return;

	if (!leg->deaf) {
		sipx_leg_note(leg, "session expired");
		end_leg(leg, HANGUP_BY_SYSTEM, HANGUP_TIMEOUT, 0,
			"session_timer");
	}
	/* nua would wait for credentials for ever, and not say that it is
	 * over */
	if (challenge)
		sipx_leg_forget(leg);
}

void sipx_on_error(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	/* 408: "ACK Timeout"; 504: a reliable 183 without PRACK. nua says BYE
	 * or 504 itself. */
	if (!leg || leg->deaf || (ev->status != 408 && ev->status != 504))
		return;

	log_info("%s: %s", sipx_leg_name(leg), ev->phrase);
	sipx_leg_note(leg, "%s", ev->phrase);
	end_leg(leg, HANGUP_BY_SYSTEM, HANGUP_FAILED, ev->status,
		ev->status == 408 ? "no_ack" : "no_prack");
}

void sipx_on_terminated(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg)
		return;
	if (!leg->deaf && leg->state != SIPX_OVER)
		end_leg(leg, HANGUP_BY_SYSTEM, HANGUP_FAILED, ev->status,
			"dialog_lost");
	sipx_leg_forget(leg);
}
