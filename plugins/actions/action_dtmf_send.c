/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "actions/actions.h"
#include "common/json.h"

enum {
	DIGITS_MAX = 100,
	DURATION_MS = 160,
	INTERVAL_MS = 80,
};

static const char *check_digits(const char *value)
{
	if (value[strspn(value, "0123456789ABCD*#w")])
		return "must be made of 0-9, A-D, *, # and w (a pause of "
		       "500 ms)";

	return NULL;
}

static const struct opt opts[] = {
	{
		.name = "digits",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = DIGITS_MAX,
		.check = check_digits,
		.doc = "What is sent: 0-9, A-D, `*`, `#`; `w` is a pause of "
		       "500 ms.",
	},
	{
		.name = "duration_ms",
		.alias = "duration",
		.type = OPT_INT,
		.min = 40,
		.max = 5000,
		.def = "160",
		.doc = "How long each digit lasts.",
	},
	{
		.name = "interval_ms",
		.alias = "interval",
		.type = OPT_INT,
		.min = 20,
		.max = 5000,
		.def = "80",
		.doc = "The pause after each digit.",
	},
	OPT_END,
};

static enum act dtmf_send_start(struct flow_run *run)
{
	const json_t *o = flow_opts(run);
	const struct flow_digits digits = {
		.digits = json_str(o, "digits", ""),
		.duration_ms =
			(unsigned)json_int(o, "duration_ms", DURATION_MS),
		.interval_ms =
			(unsigned)json_int(o, "interval_ms", INTERVAL_MS),
	};

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
