/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"

static const struct opt opts[] = {OPT_END};

static enum act beep_start(struct flow_run *run)
{
	struct flow_play play = {.loops = 1};
	json_t *urls = json_pack("[s]", "tone:1000/500");
	enum act act;

	play.urls = urls;
	act = flow_play(run, &play);
	json_decref(urls);

	return act;
}

static enum act beep_event(struct flow_run *run, const struct flow_event *ev)
{
	return ev->type == FLOW_EV_PLAYED ? flow_played(run, ev) : ACT_WAIT;
}

static void beep_cancel(struct flow_run *run)
{
	flow_host(run)->stop(flow_host_arg(run));
}

const struct action_type action_beep = {
	.name = "beep",
	.opts = opts,
	.start = beep_start,
	.event = beep_event,
	.cancel = beep_cancel,
	.doc = "Plays half a second of 1,000 Hz; before the answer as early "
	       "media.",
	.example = "{\"type\": \"beep\"}",
};
