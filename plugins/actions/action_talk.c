/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"
#include "common/str.h"

static const char *const handles[] = {"", "next", NULL};

static const struct opt opts[] = {
	ACTION_TALK_OPTS,
	{.name = "digits_handle",
	 .type = OPT_STRING,
	 .values = handles,
	 .def = "\"\"",
	 .doc = "`next`: any digit ends it; the digits stay for the "
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
	const char *handle = json_str(flow_opts(run), "digits_handle", "");

	return str_eq(handle, "next") ? "any" : "";
}

static enum act talk_start(struct flow_run *run)
{
	return action_heard_start(run, keys(run));
}

static enum act talk_event(struct flow_run *run, const struct flow_event *ev)
{
	return action_heard_event(run, ev, keys(run));
}

const struct action_type action_talk = {
	.name = "talk",
	.opts = opts,
	.start = talk_start,
	.event = talk_event,
	.cancel = action_heard_cancel,
	.doc = "Says a text, and waits for the end. Before the answer it goes "
	       "out as early media (183), without answering. What played "
	       "before ends. What can break: `no_voice` (the provider lacks "
	       "the language or the voice), `render_failed`, `busy`; with an "
	       "HTTP provider `unreachable`, `http_status`, `timeout`, too.",
	.example = "{\"type\": \"talk\", \"option\": {\"text\": \"Hello "
		   "${call.source_name:-there}, press a key.\", "
		   "\"digits_handle\": \"next\"}}",
};
