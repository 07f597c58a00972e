/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"
#include "common/str.h"

static const char *check_barge_in(const char *value)
{
	return str_eq(value, "any") ? NULL : action_check_keys(value);
}

static const struct opt url = {
	.type = OPT_STRING,
	.min = 1,
	.max = ACTION_TEXT_MAX,
	.check = action_check_url,
};

static const struct opt opts[] = {
	{.name = "stream_urls",
	 .type = OPT_ARRAY,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = ACTION_URLS_MAX,
	 .sub = &url,
	 .doc = "What to play, in order, without a gap: a file by http or "
		"https, in any format that libavformat reads; `media:ID` or "
		"`media:NAME`, one that was uploaded; "
		"`tone:440+480/2000,0/4000`, frequencies in Hz and "
		"milliseconds; `tone:800` sounds until it is stopped."},
	{.name = "loop",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 1000,
	 .def = "1",
	 .doc = "How often the whole list; 0 = until stopped."},
	{.name = "barge_in",
	 .type = OPT_STRING,
	 .max = 16,
	 .def = "\"\"",
	 .check = check_barge_in,
	 .doc = "Keys that end it, or `any`; the digit stays for the "
		"`dtmf_receive` that follows."},
	{.name = "seek_ms",
	 .type = OPT_INT,
	 .min = 0,
	 .max = ACTION_MS_MAX,
	 .def = "0",
	 .doc = "Where in the first one to begin, the first time, in "
		"milliseconds."},
	{.name = "gain_db",
	 .type = OPT_NUM,
	 .min = -40,
	 .max = 20,
	 .def = "0",
	 .doc = "Louder or softer, in dB; it saturates."},
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
