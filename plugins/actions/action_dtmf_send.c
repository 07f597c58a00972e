/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "actions/actions.h"

static const struct opt opts[] = {
	ACTION_DIGITS_OPTS,
	OPT_END,
};

static enum act dtmf_send_start(struct flow_run *run)
{
	struct flow_digits digits;

	action_digits_of(&digits, flow_opts(run));

	return flow_send_digits(run, &digits);
}

static enum act dtmf_send_event(struct flow_run *run,
				const struct flow_event *ev)
{
	if (ev->type != FLOW_EV_PLAYED)
		return ACT_WAIT;
	if (ev->err && ev->err != ECANCELED)
		return flow_fail(run, "send_failed", "%s",
				 ev->why ? ev->why : strerror(ev->err));

	return ACT_NEXT;
}

static void dtmf_send_cancel(struct flow_run *run)
{
	flow_host(run)->stop(flow_host_arg(run));
}

const struct action_type action_dtmf_send = {
	.name = "dtmf_send",
	.alias = "digits_send",
	.flags = ACTION_ANSWERS,
	.opts = opts,
	.start = dtmf_send_start,
	.event = dtmf_send_event,
	.cancel = dtmf_send_cancel,
	.doc = "Sends digits, as the leg negotiated: RFC 4733, SIP INFO or "
	       "tones. It answers by itself.",
	.example = "{\"type\": \"dtmf_send\", \"option\": {\"digits\": "
		   "\"12w34#\"}}",
};
