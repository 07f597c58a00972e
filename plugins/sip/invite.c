/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comes back to the INVITE of a call that goes out. Several may answer
 * where a proxy forks: the first SDP of a provisional response is heard, the
 * 200 that comes first is the call, and its SDP counts. nta says ACK and BYE
 * to any later 200 of another branch by itself, and ACKs repeated ones. */
#include <sofia-sip/nta.h>

#include <string.h>

#include "common/str.h"
#include "host/log.h"

#include "outcome.h"
#include "sipx_priv.h"
#include "source.h"

enum {
	RINGING = 180,
	SESSION_PROGRESS = 183,
	UNREACHABLE = 503,
	TIMED_OUT = 408,
	NOT_ACCEPTABLE = 488,
	BAD_EARLY_MAX = 8 /* looked at, and logged */
};

static bool has_sdp(const sip_t *sip)
{
	const char *text;
	size_t len;

	return !sipx_body_sdp(sip, &text, &len) && text;
}

/* From the wire, and not sofia's own word? */
static bool is_theirs(const sip_t *sip)
{
	return sip && sip->sip_status && !nta_sip_is_internal(sip);
}

/* ---- ACK ---- */

void sipx_ack(const struct sipx_event *ev, const char *sdp)
{
	struct sipx_peer peer;
	char url[SIPX_URL_SIZE];
	const bool proxied =
		ev->leg && ev->leg->trunk && ev->leg->trunk->outbound_proxy;
	bool nat;

	sipx_source_peer(ev->stack, &peer);
	nat = !proxied && sipx_source_url(url, sizeof(url), ev->sip, &peer);
	nua_ack(ev->nh, TAG_IF(nat, NUTAG_PROXY(url)),
		TAG_IF(ev->sip->sip_allow,
		       NUTAG_UPDATE_REFRESH(sipx_takes_update(ev->sip))),
		TAG_IF(sdp, SIPTAG_CONTENT_TYPE_STR("application/sdp")),
		TAG_IF(sdp, SIPTAG_PAYLOAD_STR(sdp)), TAG_END());
}

/* ---- anything at all ---- */

static void learn(const struct sipx_event *ev, struct sipx_leg *leg)
{
	struct sipx_peer peer;

	leg->met = true;
	sipx_source_peer(ev->stack, &peer);
	sipx_peer_remote(leg->remote, sizeof(leg->remote), &peer);
	g_free(leg->info);
	leg->info = sipx_describe(leg->call_id, ev->sip, leg->remote);
}

void sipx_tell_heard(struct sipx_leg *leg)
{
	if (leg->heard)
		return;
	leg->heard = true;
	if (sipx_leg_hears(leg) && leg->leg.handler->heard)
		leg->leg.handler->heard(leg->leg.arg);
}

/* nua does not tell of 100, and when it is made to (NTATAG_PASS_100) it loses
 * the memory of each. This is asked while sofia parses: from outside, later. */
void sipx_response_seen(struct sipx_stack *stack, const sip_t *sip)
{
	struct sipx_leg *leg;

	if (!sip->sip_status || !sip->sip_call_id || !sip->sip_cseq ||
	    sip->sip_cseq->cs_method != sip_method_invite)
		return;
	leg = g_hash_table_lookup(stack->legs, sip->sip_call_id->i_id);
	if (leg && leg->state == SIPX_CALLING && !leg->heard)
		sipx_leg_later(leg, SIPX_LATER_HEARD);
}

static void hear(const struct sipx_event *ev, struct sipx_leg *leg)
{
	if (!leg->met || ev->sip->sip_user_agent || ev->sip->sip_server)
		learn(ev, leg);
	sipx_tell_heard(leg);
}

/* ---- provisional ---- */

static const char *tag_of(const sip_t *sip)
{
	return sip->sip_to && sip->sip_to->a_tag ? sip->sip_to->a_tag : "";
}

/* @return Is there early media by this response? */
static bool take_early(const struct sipx_event *ev, struct sipx_leg *leg)
{
	if (leg->agreed || leg->bad_early == BAD_EARLY_MAX)
		return false; /* the first one's stays */
	if (sipx_sound_accept(leg, ev->sip, false)) {
		++leg->bad_early;
		sipx_leg_note(leg, "%d with unusable SDP", ev->status);
		return false;
	}
	if (sipx_sound_start(leg)) {
		leg->agreed = false;
		return false;
	}
	leg->early = true;
	str_copy(leg->early_tag, sizeof(leg->early_tag), tag_of(ev->sip));

	return true;
}

static void on_provisional(const struct sipx_event *ev, struct sipx_leg *leg)
{
	const bool sdp = has_sdp(ev->sip);
	const bool early = sdp && take_early(ev, leg);
	const bool rings =
		ev->status == RINGING ||
		(ev->status == SESSION_PROGRESS && !sdp && !leg->early);

	sipx_leg_note(leg, "%d %s received%s", ev->status,
		      sipx_phrase(ev->status), sdp ? " with SDP" : "");
	if (rings && !leg->rang) {
		leg->rang = true;
		leg->leg.handler->ringing(leg->leg.arg);
	}
	/* the call may have hung up meanwhile */
	if (early && sipx_leg_hears(leg))
		leg->leg.handler->early(leg->leg.arg);
}

/* ---- the end ---- */

static void end(struct sipx_leg *leg, enum hangup_by by,
		enum hangup_reason reason, int sip_code, const char *code)
{
	leg->end.by = by;
	leg->end.reason = reason;
	leg->end.code = code;
	leg->end.sip_code = sip_code;
	if (!leg->end.sip_reason)
		leg->end.sip_reason = sipx_phrase(sip_code);
	sipx_leg_end(leg, &leg->end);
}

/* Theirs, as it was received */
static void refused(const struct sipx_event *ev, struct sipx_leg *leg, int code)
{
	const char *phrase = ev->sip->sip_status->st_phrase;

	if (phrase && *phrase) {
		sipx_clean(leg->end_text, sizeof(leg->end_text), phrase,
			   strlen(phrase));
		leg->end.sip_reason = leg->end_text;
	}
	sipx_leg_note(leg, "%d %s received", code,
		      leg->end.sip_reason ? leg->end.sip_reason
					  : sipx_phrase(code));
	end(leg, HANGUP_BY_REMOTE, sipx_outcome(code), code, NULL);
}

/* sofia's own word: nobody answered, or it could not be sent */
static void unreachable(const struct sipx_event *ev, struct sipx_leg *leg)
{
	const bool late = ev->status == TIMED_OUT;

	log_info("%s: %s: %s", sipx_leg_name(leg), leg->remote,
		 ev->phrase ? ev->phrase : "not sent");
	if (late)
		sipx_leg_note(leg, "no answer to INVITE");
	else
		sipx_leg_note(leg, "INVITE could not be sent%s",
			      str_eq(ev->phrase, "DNS Error")
				      ? ": the name was not found"
				      : "");
	end(leg, HANGUP_BY_SYSTEM, HANGUP_FAILED,
	    late ? TIMED_OUT : UNREACHABLE, "unreachable");
}

static void on_failure(const struct sipx_event *ev, struct sipx_leg *leg)
{
	leg->dialling = false;
	if (!leg->deaf && is_theirs(ev->sip))
		refused(ev, leg, ev->sip->sip_status->st_status);
	else if (!leg->deaf)
		unreachable(ev, leg);
	sipx_leg_forget(leg);
}

/* ---- answered ---- */

/* Their answer, or the one of their 183 where the 200 has none.
 * @return 0 or errno */
static int agree(const struct sipx_event *ev, struct sipx_leg *leg)
{
	int err;

	if (!has_sdp(ev->sip) && !ev->sip->sip_payload && leg->early &&
	    str_eq(leg->early_tag, tag_of(ev->sip)))
		return 0;
	err = sipx_sound_accept(leg, ev->sip, false);

	return err ? err : sipx_sound_start(leg);
}

static void note_answer(struct sipx_leg *leg, const char *how)
{
	sipx_leg_note(leg, "200 OK received%s", how);
	sipx_leg_note(leg, "ACK sent");
}

static void on_answer(const struct sipx_event *ev, struct sipx_leg *leg)
{
	leg->dialling = false;
	timer_cancel(leg->stack->timers, &leg->cancel_timer);
	sipx_ack(ev, NULL);
	if (leg->state == SIPX_OVER) {
		/* our CANCEL came too late */
		note_answer(leg, "");
		sipx_bye(leg);
		return;
	}
	if (agree(ev, leg)) {
		note_answer(leg, " without usable SDP");
		leg->end.reason = HANGUP_FAILED;
		sipx_bye(leg);
		end(leg, HANGUP_BY_SYSTEM, HANGUP_FAILED, NOT_ACCEPTABLE, NULL);
		return;
	}

	leg->state = SIPX_UP;
	leg->held = leg->sess.held;
	note_answer(leg, "");
	if (sipx_leg_hears(leg))
		leg->leg.handler->answered(leg->leg.arg);
}

void sipx_on_invite_reply(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;

	if (!leg)
		return;
	if (!leg->dialling) {
		sipx_on_reinvite_reply(ev);
		return;
	}

	if (is_theirs(ev->sip))
		hear(ev, leg);
	if (ev->status < 200) {
		/* 100 may be nua's own, and mean that it asks again */
		if (ev->status > 100 && sipx_leg_hears(leg))
			on_provisional(ev, leg);
	} else if (ev->status < 300) {
		on_answer(ev, leg);
	} else if (!sipx_is_challenge(ev) || leg->deaf ||
		   leg->answered_challenge ||
		   !sipx_authenticate(leg, ev->sip)) {
		on_failure(ev, leg);
	} else {
		leg->answered_challenge = true;
		sipx_leg_note(leg, "%d received, credentials sent", ev->status);
	}
}

/* ---- CANCEL ---- */

static void on_cancel_lost(void *arg)
{
	struct sipx_leg *leg = arg;

	log_info("%s: no answer to our CANCEL", sipx_leg_name(leg));
	sipx_leg_forget(leg);
}

void sipx_cancel(struct sipx_leg *leg)
{
	const bool elsewhere = str_eq(leg->end.code, "answered_elsewhere");

	/* nta keeps it back until anything has come (RFC 3261 §9.1) */
	nua_cancel(
		leg->nh,
		TAG_IF(elsewhere, SIPTAG_REASON_STR("SIP;cause=200;text=\"Call "
						    "completed elsewhere\"")),
		TAG_END());
	sipx_leg_note(leg, "CANCEL sent");
	timer_start(leg->stack->timers, &leg->cancel_timer,
		    2 * (int64_t)leg->stack->linger_ms, "sip cancel",
		    on_cancel_lost, leg);
}
