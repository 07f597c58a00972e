/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "actions/actions.h"
#include "common/json.h"

static const struct opt opts[] = {
	{.name = "duration_ms",
	 .alias = "duration",
	 .type = OPT_INT,
	 .min = 1,
	 .max = ACTION_MS_MAX,
	 .def = "180000",
	 .doc = "How long, in milliseconds."},
	OPT_END,
};

static enum act echo_start(struct flow_run *run)
{
	const int err = flow_host(run)->echo(flow_host_arg(run), true);

	if (err)
		return flow_fail(run, "echo_failed", "%s", strerror(err));
	flow_timer(run, json_int(flow_opts(run), "duration_ms", 0));

	return ACT_WAIT;
}

static void echo_off(struct flow_run *run)
{
	flow_host(run)->echo(flow_host_arg(run), false);
}

static enum act echo_event(struct flow_run *run, const struct flow_event *ev)
{
	if (ev->type != FLOW_EV_TIMER)
		return ACT_WAIT;
	echo_off(run);

	return ACT_NEXT;
}

const struct action_type action_echo = {
	.name = "echo",
	.alias = "stream_echo",
	.flags = ACTION_ANSWERS,
	.opts = opts,
	.start = echo_start,
	.event = echo_event,
	.cancel = echo_off,
	.doc = "Sends back what the party sends, for a while.",
	.example = "{\"type\": \"echo\", \"option\": {\"duration_ms\": "
		   "30000}}",
};
