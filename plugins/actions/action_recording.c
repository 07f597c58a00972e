/* SPDX-License-Identifier: GPL-3.0-or-later */

/* recording_stop, recording_pause and recording_resume */

#include <errno.h>
#include <string.h>

#include "actions/actions.h"
#include "common/json.h"

static const struct opt opts[] = {
	{.name = "recording_id",
	 .type = OPT_ID,
	 .doc = "Which recording of this call; the last when left out."},
	OPT_END,
};

static const char *why_of(int err, enum flow_record_verb verb)
{
	if (err != EPROTO)
		return strerror(err);
	if (verb == FLOW_RECORD_PAUSE)
		return "it does not record now";

	return verb == FLOW_RECORD_RESUME ? "it is not paused" : "it is over";
}

static enum act act_on(struct flow_run *run, enum flow_record_verb verb)
{
	const char *id = json_str(flow_opts(run), "recording_id", NULL);
	int err = ENOENT;

	if (flow_host(run)->record_verb)
		err = flow_host(run)->record_verb(flow_host_arg(run), verb, id);
	if (err == ENOENT)
		return flow_fail(run, "recording_not_found",
				 "the call has no such recording that runs");
	if (err)
		return flow_fail(run, "wrong_state", "%s", why_of(err, verb));

	return ACT_NEXT;
}

static enum act stop_start(struct flow_run *run)
{
	return act_on(run, FLOW_RECORD_STOP);
}

static enum act pause_start(struct flow_run *run)
{
	return act_on(run, FLOW_RECORD_PAUSE);
}

static enum act resume_start(struct flow_run *run)
{
	return act_on(run, FLOW_RECORD_RESUME);
}

const struct action_type action_recording_stop = {
	.name = "recording_stop",
	.opts = opts,
	.start = stop_start,
	.doc = "Ends a recording of this call. What can break: "
	       "`recording_not_found` (the call has none that runs, or none "
	       "of this id), `wrong_state` (that one is over).",
	.example = "{\"type\": \"recording_stop\"}",
};

const struct action_type action_recording_pause = {
	.name = "recording_pause",
	.opts = opts,
	.start = pause_start,
	.doc = "Leaves out what follows, until `recording_resume`: for what "
	       "must not be recorded. It breaks as `recording_stop` does, "
	       "with `wrong_state` when it is paused.",
	.example = "{\"type\": \"recording_pause\"}",
};

const struct action_type action_recording_resume = {
	.name = "recording_resume",
	.opts = opts,
	.start = resume_start,
	.doc = "Goes on with a recording that was paused. It breaks as "
	       "`recording_stop` does, with `wrong_state` when it is not "
	       "paused.",
	.example = "{\"type\": \"recording_resume\"}",
};
