/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first INVITE of a call: who is it, is there room, can we talk, and then
 * a leg. What can be refused is refused in that order, the cheapest first. */
#include <string.h>

#include "sipx_priv.h"
#include "source.h"

/* How requests of ours reach them in the dialog. Before the first response. */
static void learn_peer(const struct sipx_event *ev,
		       const struct sipx_peer *peer)
{
	char url[SIPX_URL_SIZE];
	const bool nat = sipx_source_url(url, sizeof(url), ev->sip, peer);
	const bool update = sipx_takes_update(ev->sip);

	if (nat || !update)
		nua_set_hparams(ev->nh, TAG_IF(nat, NUTAG_PROXY(url)),
				TAG_IF(!update, NUTAG_UPDATE_REFRESH(0)),
				TAG_END());
}

static int refusal_code(enum call_refusal refusal)
{
	switch (refusal) {
	case CALL_TAKEN:
		return 0;
	case CALL_REFUSED_ACCOUNT:
		return 403;
	case CALL_REFUSED_LIMIT:
		return 486;
	case CALL_REFUSED_PLATFORM:
		return 503;
	case CALL_REFUSED_FLOW:
		return 404;
	}

	return 500;
}

/* Our requests in the dialog go to their Contact (RFC 3261 §8.1.1.8) */
static bool is_sip(const url_t *url)
{
	return url->url_type == url_sip || url->url_type == url_sips;
}

/* What can be told without looking at SDP or asking anyone */
static int first_look(const struct sipx_event *ev)
{
	const sip_t *sip = ev->sip;

	if (sipx_overloaded(ev->stack)) { /* TCP; UDP was told by the guard */
		atomic_fetch_add(&ev->stack->n.shed, 1);
		return 503;
	}
	if (sip->sip_max_forwards && !sip->sip_max_forwards->mf_count)
		return 483;
	if (strlen(sip->sip_call_id->i_id) > SIPX_CALL_ID_MAX ||
	    !sip->sip_contact || !is_sip(sip->sip_contact->m_url))
		return 400;
	/* a second dialog of one Call-ID: nta answers 482 to a true merge */
	if (g_hash_table_contains(ev->stack->legs, sip->sip_call_id->i_id))
		return 482;

	return 0;
}

static bool has_100rel(const sip_t *sip)
{
	return sip_has_feature(sip->sip_supported, "100rel") ||
	       sip_has_feature(sip->sip_require, "100rel");
}

/* The call exists but cannot be: it is told so by its own leg */
static void reject_offer(const struct sipx_event *ev, struct sipx_leg *leg,
			 int code, const char *why)
{
	char warning[2 * SIPX_TEXT_SIZE];
	const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.sip_code = code,
		.sip_reason = sipx_phrase(code),
	};
	struct sipx_event mine = *ev;

	mine.leg = leg;
	sipx_warning(warning, sizeof(warning), ev->stack,
		     code == 488 ? 305 : 399, why ? why : "");
	sipx_refuse(&mine, code, why ? warning : NULL);
	sipx_leg_note(leg, "%d %s sent: %s", code, sipx_phrase(code),
		      why ? why : "unusable body");
	sipx_leg_end(leg, &end);
}

static void offer_leg(const struct sipx_event *ev, struct sipx_leg *leg,
		      const struct sipx_source *src)
{
	const struct leg_incoming in = {
		.leg = &leg->leg,
		.account_id = src->trunk->account_id,
		.trunk_id = src->trunk->id,
		.number_id = src->number->id,
		.flow_id = src->number->flow_id,
		.source = src->source,
		.source_name = src->name[0] ? src->name : NULL,
		.source_type = src->source_type,
		.destination = src->destination,
		.destination_type = src->destination_type,
	};
	const char *warning;
	const int bad = sipx_sound_offer(leg, ev->sip, &warning);
	const enum call_refusal refusal =
		ev->stack->incoming(ev->stack->arg, &in);

	if (refusal != CALL_TAKEN) {
		leg->deaf = true;
		leg->state = SIPX_OVER;
		sipx_refuse(ev, refusal_code(refusal), NULL);
		leg->nh = NULL; /* went with the refusal */
		g_hash_table_remove(ev->stack->legs, leg->call_id);
		obj_unref(leg);
		return;
	}

	atomic_fetch_add(&ev->stack->n.taken, 1);
	sipx_leg_note(leg, "INVITE received%s",
		      leg->offer || bad ? "" : " without SDP");
	if (bad)
		reject_offer(ev, leg, bad, warning);
	else if (leg->state == SIPX_INVITED)
		sipx_trying(leg);
}

void sipx_on_invite(const struct sipx_event *ev)
{
	struct sipx_source src;
	struct sipx_peer peer;
	struct sipx_leg *leg;
	int code;

	if (ev->leg) {
		sipx_on_reinvite(ev);
		return;
	}

	atomic_fetch_add(&ev->stack->n.invites, 1);
	code = first_look(ev);
	if (code) {
		sipx_refuse(ev, code, NULL);
		return;
	}

	sipx_source_peer(ev->stack, &peer);
	code = sipx_source_find(ev->stack, &peer, ev->sip, &src);
	if (code) {
		if (src.trunk)
			sipx_log_no_number(ev->stack, &peer, &src);
		sipx_refuse(ev, code, NULL);
		return;
	}

	learn_peer(ev, &peer);
	leg = sipx_leg_new(ev->stack, ev->nh, ev->sip->sip_call_id->i_id,
			   src.trunk, NULL);
	sipx_peer_remote(leg->remote, sizeof(leg->remote), &peer);
	leg->info = sipx_describe(leg->call_id, ev->sip, leg->remote);
	leg->can_100rel = has_100rel(ev->sip);
	offer_leg(ev, leg, &src);
}
