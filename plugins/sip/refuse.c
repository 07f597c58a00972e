/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sofia-sip/sip_status.h>

#include <stdio.h>

#include "sipx_priv.h"

const char *sipx_phrase(int code)
{
	const char *phrase = sip_status_phrase(code);

	return phrase ? phrase : "Refused";
}

void sipx_count_sent(struct sipx_stack *stack, int code)
{
	if (code >= 100 && code < 100 * SIPX_NCLASSES)
		atomic_fetch_add(&stack->n.sent[code / 100], 1);
}

void sipx_warning(char *out, size_t size, const struct sipx_stack *stack,
		  int code, const char *text)
{
	const bool v6 = strchr(stack->public_address, ':') &&
			stack->public_address[0] != '[';

	snprintf(out, size, v6 ? "%d [%s] \"%s\"" : "%d %s \"%s\"", code,
		 stack->public_address, text);
}

/* With 415: what it could have been */
static const char *accepted(const struct sipx_event *ev)
{
	return ev->event == nua_i_info
		       ? "application/dtmf-relay, application/dtmf"
		       : "application/sdp";
}

void sipx_refuse(const struct sipx_event *ev, int code, const char *warning)
{
	const bool invite = ev->event == nua_i_invite;
	char retry[16];

	snprintf(retry, sizeof(retry), "%d", SIPX_RETRY_AFTER_S);
	nua_respond(ev->nh, code, sipx_phrase(code),
		    NUTAG_WITH_THIS(ev->stack->nua),
		    TAG_IF(warning, SIPTAG_WARNING_STR(warning)),
		    TAG_IF(code == 503, SIPTAG_RETRY_AFTER_STR(retry)),
		    TAG_IF(code == 415, SIPTAG_ACCEPT_STR(accepted(ev))),
		    TAG_END());
	if (invite)
		sipx_count_sent(ev->stack, code);
	if (!ev->leg)
		nua_handle_destroy(ev->nh);
}
