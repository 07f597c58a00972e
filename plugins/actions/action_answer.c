/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "actions/actions.h"

static const struct opt opts[] = {OPT_END};

static enum act answer_start(struct flow_run *run)
{
	const int err = flow_host(run)->answer(flow_host_arg(run));

	if (err == EALREADY)
		return ACT_NEXT;
	if (err)
		return flow_fail(run, "answer_failed", "%s", strerror(err));

	return ACT_WAIT;
}

static enum act answer_event(struct flow_run *run, const struct flow_event *ev)
{
	if (ev->type == FLOW_EV_ANSWERED)
		return ACT_NEXT;
	if (ev->type == FLOW_EV_FAILED)
		return flow_fail(run, "answer_failed", "%s",
				 ev->why ? ev->why : strerror(ev->err));

	return ACT_WAIT;
}

const struct action_type action_answer = {
	.name = "answer",
	.opts = opts,
	.start = answer_start,
	.event = answer_event,
	.doc = "Answers an incoming call. When it is answered already, the "
	       "next action runs at once.",
	.example = "{\"type\": \"answer\"}",
};
