/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"

static const struct opt opts[] = {
	{.name = "duration_ms",
	 .alias = "duration",
	 .type = OPT_INT,
	 .flags = OPT_REQUIRED,
	 .min = 0,
	 .max = ACTION_MS_MAX,
	 .doc = "How long, in milliseconds."},
	OPT_END,
};

static enum act sleep_start(struct flow_run *run)
{
	const int64_t ms = json_int(flow_opts(run), "duration_ms", 0);

	if (ms == 0)
		return ACT_NEXT;
	flow_timer(run, ms);

	return ACT_WAIT;
}

static enum act sleep_event(struct flow_run *run, const struct flow_event *ev)
{
	return ev->type == FLOW_EV_TIMER ? ACT_NEXT : ACT_WAIT;
}

const struct action_type action_sleep = {
	.name = "sleep",
	.opts = opts,
	.start = sleep_start,
	.event = sleep_event,
	.doc = "Waits. Does not answer; what plays goes on (`play` with "
	       "`async`).",
	.example = "{\"type\": \"sleep\", \"option\": {\"duration_ms\": "
		   "1000}}",
};
