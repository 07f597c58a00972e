/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits by SIP INFO: application/dtmf-relay and application/dtmf */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sipx_priv.h"

static const char relay_type[] = "application/dtmf-relay";

/* Does this leg's party press its digits here? One that has telephone-event
 * sends them there too, and each would count twice. */
static bool takes_info(const struct sipx_leg *leg)
{
	return sipx_leg_dtmf(leg) == DIR_DTMF_INFO || leg->sess.dtmf_pt < 0;
}

static int digit_of(const sip_t *sip, char *digitp, unsigned *msp)
{
	const sip_content_type_t *ct = sip->sip_content_type;
	const sip_payload_t *pl = sip->sip_payload;
	bool relay;

	if (!ct || !ct->c_type || !pl)
		return ENOTSUP;
	relay = !strcasecmp(ct->c_type, relay_type);
	if (!relay && strcasecmp(ct->c_type, "application/dtmf"))
		return ENOTSUP;

	return sipx_dtmf_parse(pl->pl_data, pl->pl_len, relay, digitp, msp);
}

void sipx_on_info(const struct sipx_event *ev)
{
	struct sipx_leg *leg = ev->leg;
	unsigned ms = 0;
	char digit = 0;
	int err;

	if (!leg) {
		sipx_refuse(ev, 481, NULL);
		return;
	}

	err = ev->sip->sip_payload ? digit_of(ev->sip, &digit, &ms) : 0;
	if (err) {
		sipx_refuse(ev, err == EINVAL ? 400 : 415, NULL);
		return;
	}

	/* a digit may be secret: which one is not said */
	sipx_leg_note(leg, "INFO received");
	nua_respond(ev->nh, 200, sipx_phrase(200),
		    NUTAG_WITH_THIS(ev->stack->nua), TAG_END());
	if (digit && takes_info(leg) && sipx_leg_hears(leg))
		leg->leg.handler->dtmf(leg->leg.arg, digit, ms, false);
}

bool sipx_dtmf_by_info(const struct leg *arg)
{
	return sipx_leg_dtmf((const struct sipx_leg *)arg) == DIR_DTMF_INFO;
}

int sipx_send_dtmf(struct leg *arg, char digit, unsigned duration_ms)
{
	struct sipx_leg *leg = sipx_leg_of(arg);
	char body[64];

	if (sipx_leg_dtmf(leg) != DIR_DTMF_INFO)
		return ENOTSUP;
	if (leg->state != SIPX_UP || !leg->nh)
		return EPROTO;
	if (!digit || !strchr("0123456789*#ABCD", digit))
		return EINVAL;

	snprintf(body, sizeof(body), "Signal=%c\r\nDuration=%u\r\n", digit,
		 duration_ms);
	nua_info(leg->nh, SIPTAG_CONTENT_TYPE_STR(relay_type),
		 SIPTAG_PAYLOAD_STR(body), TAG_END());
	sipx_leg_note(leg, "INFO sent");

	return 0;
}
