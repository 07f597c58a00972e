/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib.h>
#include <string.h>

#include "actions/actions.h"
#include "common/json.h"
#include "common/str.h"

enum {
	LENGTH_MAX = 64
};

struct receive {
	bool prompting;
	int64_t until_ms;       /**< in all; 0 = no such limit */
	int64_t digit_until_ms; /**< the next one; 0 = no such limit */
	size_t n;
	char digits[LENGTH_MAX + 1];
};

_Static_assert(sizeof(struct receive) <= FLOW_STATE_SIZE, "state too large");

static const struct opt url = {
	.type = OPT_STRING,
	.min = 1,
	.max = ACTION_TEXT_MAX,
	.check = action_check_url,
};

static const struct opt prompt_opts[] = {
	{.name = "text",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = ACTION_TEXT_MAX,
	 .doc = "What to say, as in `talk`; or"},
	{.name = "language",
	 .type = OPT_STRING,
	 .min = 2,
	 .max = 35,
	 .check = action_check_language,
	 .doc = "Language of the text; `en-US` when left out."},
	{.name = "voice_id",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 64,
	 .check = action_check_voice,
	 .doc = "Voice of the text."},
	{.name = "provider",
	 .type = OPT_STRING,
	 .values = action_providers,
	 .doc = "Who speaks the text."},
	{.name = "stream_urls",
	 .type = OPT_ARRAY,
	 .min = 1,
	 .max = ACTION_URLS_MAX,
	 .sub = &url,
	 .doc = "What to play, as in `play`."},
	{.name = "gain_db",
	 .type = OPT_NUM,
	 .min = -40,
	 .max = 20,
	 .doc = "Louder or softer, in dB, for `stream_urls`."},
	OPT_END,
};

static const struct opt opts[] = {
	{.name = "duration_ms",
	 .alias = "duration",
	 .type = OPT_INT,
	 .min = 0,
	 .max = ACTION_MS_MAX,
	 .def = "10000",
	 .doc = "Time in all from the end of the prompt, in milliseconds; "
		"0 = no limit."},
	{.name = "inter_digit_ms",
	 .type = OPT_INT,
	 .min = 0,
	 .max = ACTION_MS_MAX,
	 .def = "3000",
	 .doc = "Time for each digit after the first, in milliseconds; 0 = "
		"no limit."},
	{.name = "length",
	 .type = OPT_INT,
	 .min = 0,
	 .max = LENGTH_MAX,
	 .def = "0",
	 .doc = "How many digits end it; 0 = any number (64 end it anyway)."},
	{.name = "key",
	 .type = OPT_STRING,
	 .max = 16,
	 .def = "\"#\"",
	 .check = action_check_keys,
	 .doc = "Keys that end it and are not kept; \"\" = none."},
	{.name = "prompt",
	 .type = OPT_OBJECT,
	 .sub = prompt_opts,
	 .doc = "Played first, and stopped by the first digit; not played "
		"when digits were typed ahead."},
	{.name = "clear",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "Forget what was typed ahead."},
	{.name = "sensitive",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "The digits are masked in events and records."},
	OPT_END,
};

static enum act finish(struct flow_run *run, const char *reason, char key)
{
	const struct receive *rcv = flow_state(run);
	const bool secret = json_flag(flow_opts(run), "sensitive", false);
	const char keys[2] = {key, '\0'};

	if (flow_set(run, "digits", rcv->digits, secret) ||
	    flow_set(run, "digits.key", keys, false) ||
	    flow_set(run, "digits.reason", reason, false))
		return ACT_FAILED;

	return ACT_NEXT;
}

/* The timer is for whichever limit comes first */
static void arm(struct flow_run *run)
{
	const struct receive *rcv = flow_state(run);
	int64_t until = rcv->until_ms;

	if (rcv->digit_until_ms && (!until || rcv->digit_until_ms < until))
		until = rcv->digit_until_ms;
	flow_timer(run, until ? until - flow_now_ms(run) : -1);
}

/* The prompt is over: the time in all begins */
static void listen(struct flow_run *run)
{
	const int64_t ms = json_int(flow_opts(run), "duration_ms", 0);
	struct receive *rcv = flow_state(run);

	rcv->prompting = false;
	rcv->until_ms = ms ? flow_now_ms(run) + ms : 0;
	arm(run);
}

static void stop_prompt(struct flow_run *run)
{
	const struct receive *rcv = flow_state(run);

	if (!rcv->prompting)
		return;
	flow_play_forget(run);
	flow_host(run)->stop(flow_host_arg(run));
	listen(run);
}

/* Take what was typed, until one of the ends is reached */
static enum act take(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const char *key = json_str(option, "key", "");
	const int64_t length = json_int(option, "length", 0);
	const size_t max = length ? (size_t)length : LENGTH_MAX;
	struct receive *rcv = flow_state(run);
	int64_t ms;
	char digit;

	while ((digit = flow_digits_take(run))) {
		if (strchr(key, digit))
			return finish(run, "key", digit);
		rcv->digits[rcv->n++] = digit;
		if (rcv->n == max)
			return finish(run, "length", '\0');
	}

	ms = json_int(option, "inter_digit_ms", 0);
	if (rcv->n && ms)
		rcv->digit_until_ms = flow_now_ms(run) + ms;
	arm(run);

	return ACT_WAIT;
}

/* One of the two, and the options of the other are none */
static void receive_check(const json_t *option, const char *pointer,
			  struct opt_faults *faults)
{
	static const char *const of_text[] = {"language", "voice_id",
					      "provider"};
	const json_t *prompt = json_object_get(option, "prompt");
	const bool text = json_object_get(prompt, "text");
	const bool urls = json_object_get(prompt, "stream_urls");
	char ptr[256];
	size_t i;

	if (!prompt)
		return;
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), "prompt");
	if (text == urls)
		opt_fault(faults, ptr,
			  "must have either `text` or `stream_urls`");
	if (text && json_object_get(prompt, "gain_db"))
		opt_fault(faults, ptr, "`gain_db` is for `stream_urls`");
	for (i = 0; !text && i < G_N_ELEMENTS(of_text); ++i)
		if (json_object_get(prompt, of_text[i]))
			opt_fault(faults, ptr, "`%s` is for `text`",
				  of_text[i]);
}

static enum act prompt(struct flow_run *run, const json_t *what)
{
	struct receive *rcv = flow_state(run);

	rcv->prompting = true;

	return action_sound(run, what, false);
}

static enum act receive_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const json_t *what = json_object_get(option, "prompt");

	if (json_flag(option, "clear", false))
		flow_digits_clear(run);
	if (what && !flow_digits_count(run))
		return prompt(run, what);
	listen(run);

	return take(run);
}

static enum act prompt_over(struct flow_run *run, const struct flow_event *ev)
{
	const enum act act = flow_played(run, ev);

	if (act != ACT_NEXT)
		return act;
	listen(run);

	return ACT_WAIT;
}

static enum act receive_event(struct flow_run *run, const struct flow_event *ev)
{
	switch (ev->type) {
	case FLOW_EV_DIGIT:
		stop_prompt(run);
		return take(run);
	case FLOW_EV_PLAYED:
		return prompt_over(run, ev);
	case FLOW_EV_TIMER:
		return finish(run, "timeout", '\0');
	case FLOW_EV_ANSWERED:
	case FLOW_EV_FAILED:
	case FLOW_EV_HTTP:
	case FLOW_EV_BRIDGED:
	case FLOW_EV_CONNECT:
	case FLOW_EV_RECORDED:
	case FLOW_EV_NTYPES:
		break;
	}

	return ACT_WAIT;
}

static void receive_cancel(struct flow_run *run)
{
	const struct receive *rcv = flow_state(run);

	if (rcv->prompting)
		flow_host(run)->stop(flow_host_arg(run));
}

const struct action_type action_dtmf_receive = {
	.name = "dtmf_receive",
	.alias = "digits_receive",
	.flags = ACTION_ANSWERS | ACTION_TAKES_DIGITS,
	.opts = opts,
	.check = receive_check,
	.start = receive_start,
	.event = receive_event,
	.cancel = receive_cancel,
	.doc = "Waits for digits, taking what was typed ahead first. It ends "
	       "at `length`, at any key of `key`, or in time. A prompt that "
	       "cannot be played or said breaks as in `play` and `talk`.",
	.sets = "`digits`; `digits.key`, the key that ended it, or \"\"; "
		"`digits.reason`: `length`, `key` or `timeout`",
	.example = "{\"type\": \"dtmf_receive\", \"option\": {\"length\": 1, "
		   "\"prompt\": {\"text\": \"Press one or two.\"}}}",
};
