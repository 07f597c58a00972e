/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

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
	 .doc = "What to play, in order: `tone:440+480/2000,0/4000` is "
		"frequencies in Hz, and milliseconds; `tone:800` sounds until "
		"it is stopped."},
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
	 .doc = "Louder or softer, in dB; only 0 yet."},
	{.name = "async",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Go on with the next action at once."},
	OPT_END,
};

static void play_check(const json_t *option, const char *pointer,
		       struct opt_faults *faults)
{
	const json_t *gain = json_object_get(option, "gain_db");
	char ptr[256];

	if (!json_is_number(gain) || json_number_value(gain) == 0)
		return;
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), "gain_db");
	opt_fault(faults, ptr, "not supported yet: only 0");
}

static bool is_barged(const struct flow_run *run)
{
	return flow_digits_have(run, json_str(flow_opts(run), "barge_in", ""));
}

static enum act play_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const struct flow_play play = {
		.urls = json_object_get(option, "stream_urls"),
		.loops = (unsigned)json_int(option, "loop", 1),
		.seek_ms = (uint32_t)json_int(option, "seek_ms", 0),
	};
	enum act act;

	/* typed ahead: who knows the menu need not hear it */
	if (is_barged(run))
		return ACT_NEXT;

	act = flow_play(run, &play);
	if (act != ACT_WAIT || !json_flag(option, "async", false))
		return act;
	flow_play_forget(run);

	return ACT_NEXT;
}

static void play_cancel(struct flow_run *run)
{
	flow_host(run)->stop(flow_host_arg(run));
}

static enum act play_event(struct flow_run *run, const struct flow_event *ev)
{
	if (ev->type == FLOW_EV_DIGIT && is_barged(run)) {
		play_cancel(run);
		return ACT_NEXT;
	}
	if (ev->type != FLOW_EV_PLAYED)
		return ACT_WAIT;
	if (ev->err && ev->err != ECANCELED)
		return flow_fail(run, "play_failed", "%s",
				 ev->why ? ev->why : strerror(ev->err));

	return ACT_NEXT;
}

const struct action_type action_play = {
	.name = "play",
	.opts = opts,
	.check = play_check,
	.start = play_start,
	.event = play_event,
	.cancel = play_cancel,
	.doc = "Plays to the party, and waits for the end. Before the answer "
	       "it goes out as early media (183), without answering. What "
	       "played before ends.",
	.example = "{\"type\": \"play\", \"option\": {\"stream_urls\": "
		   "[\"tone:440/300,0/100,660/300\"], \"barge_in\": "
		   "\"any\"}}",
};
