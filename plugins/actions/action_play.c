/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"
#include "common/str.h"

static const char *check_barge_in(const char *value)
{
	return str_eq(value, "any") ? NULL : action_check_keys(value);
}

static const struct opt opts[] = {
	ACTION_PLAY_OPTS,
	{.name = "barge_in",
	 .type = OPT_STRING,
	 .max = 16,
	 .def = "\"\"",
	 .check = check_barge_in,
	 .doc = "Keys that end it, or `any`; the digit stays for the "
		"`dtmf_receive` that follows."},
	{.name = "async",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Go on with the next action at once; the end is the event "
		"`call.media_finished`."},
	OPT_END,
};

static const char *keys(const struct flow_run *run)
{
	return json_str(flow_opts(run), "barge_in", "");
}

static enum act play_start(struct flow_run *run)
{
	return action_heard_start(run, keys(run));
}

static enum act play_event(struct flow_run *run, const struct flow_event *ev)
{
	return action_heard_event(run, ev, keys(run));
}

const struct action_type action_play = {
	.name = "play",
	.opts = opts,
	.start = play_start,
	.event = play_event,
	.cancel = action_heard_cancel,
	.doc = "Plays to the party, and waits for the end. Before the answer "
	       "it goes out as early media (183), without answering. What "
	       "played before ends. A long file plays while it arrives. When "
	       "one of the list cannot be played, those before it are heard, "
	       "and then it breaks: `unreachable`, `http_status`, `timeout`, "
	       "`forbidden_address`, `too_large`, `undecodable`, "
	       "`media_not_found`, `busy`.",
	.example = "{\"type\": \"play\", \"option\": {\"stream_urls\": "
		   "[\"https://example.com/welcome.mp3\", "
		   "\"tone:440/300,0/100,660/300\"], \"barge_in\": "
		   "\"any\"}}",
};
