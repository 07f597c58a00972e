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
	return action_heard_event(run, ev, "");
}

const struct action_type action_beep = {
	.name = "beep",
	.opts = opts,
	.start = beep_start,
	.event = beep_event,
	.cancel = action_heard_cancel,
	.doc = "Plays half a second of 1,000 Hz; before the answer as early "
	       "media.",
	.example = "{\"type\": \"beep\"}",
};
