/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_trial_priv.h"

static const char *check_digits(const char *value)
{
	if (value[strspn(value, "0123456789ABCD*#")])
		return "must be made of the keys 0-9, A-D, * and #";

	return NULL;
}

static const char *const statuses[] = {
	"answered", "busy", "noanswer", "rejected", "failed", "canceled", NULL};
static const char *const endings[] = {"silence", "key",    "duration",
				      "stopped", "failed", NULL};

static const struct opt http_opts[] = {
	{.name = "status",
	 .type = OPT_INT,
	 .min = 200,
	 .max = 599,
	 .def = "200",
	 .doc = "HTTP status."},
	{.name = "body",
	 .type = OPT_ANY,
	 .doc = "What it answers: any JSON; a text is sent as it is."},
	{.name = "retry_after_s",
	 .type = OPT_INT,
	 .min = 0,
	 .max = FLOW_TRIAL_MS / 1000,
	 .doc = "Retry-After, in seconds."},
	{.name = "code",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 64,
	 .check = opt_check_no_controls,
	 .doc = "No answer came: the code of an error, such as "
		"`unreachable`."},
	OPT_END,
};

static const struct opt connected_opts[] = {
	{.name = "status",
	 .type = OPT_STRING,
	 .values = statuses,
	 .def = "\"answered\"",
	 .doc = "What it came to; `answered`: they talked, and that is over."},
	{.name = "sip_code",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 699,
	 .doc = "SIP code."},
	OPT_END,
};

static const struct opt entry_opts[] = {
	{.name = "at_ms",
	 .type = OPT_INT,
	 .flags = OPT_REQUIRED,
	 .min = 0,
	 .max = FLOW_TRIAL_MS,
	 .doc = "When, in milliseconds since the start; not before the entry "
		"in front of it."},
	{.name = "digits",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 64,
	 .check = check_digits,
	 .doc = "Keys that the party presses."},
	{.name = "answered",
	 .type = OPT_BOOL,
	 .doc = "The call is answered, or cannot be. When no entry has it, it "
		"is answered at once when the flow asks for it."},
	{.name = "played",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 64,
	 .check = opt_check_no_controls,
	 .doc = "What sounds is over: `finished`, or the code of an error, "
		"such as `unreachable`."},
	{.name = "http",
	 .type = OPT_OBJECT,
	 .sub = http_opts,
	 .doc = "The server that was asked answers. When no entry has it, "
		"every request is answered at once with 204."},
	{.name = "bridged",
	 .type = OPT_BOOL,
	 .doc = "One of those whom `connect` calls answers, and confirms. "
		"When no entry has it or `connected`, one answers at once, "
		"and hangs up after `sound_ms`."},
	{.name = "connected",
	 .type = OPT_OBJECT,
	 .sub = connected_opts,
	 .doc = "`connect` is over."},
	{.name = "recorded",
	 .type = OPT_STRING,
	 .values = endings,
	 .doc = "The recording is over: why. When no entry has it, a "
		"`record` that ends by silence does so after `sound_ms`."},
	{.name = "hangup", .type = OPT_BOOL, .doc = "The party hangs up."},
	OPT_END,
};

const struct opt flow_trial_script_opts[] = {
	{.name = "entry", .type = OPT_OBJECT, .sub = entry_opts},
	OPT_END,
};

static const struct opt step_opts[] = {
	{.name = "at_ms",
	 .type = OPT_INT,
	 .doc = "When it began, in milliseconds since the start."},
	{.name = "flow_id",
	 .type = OPT_ID,
	 .flags = OPT_NULLABLE,
	 .doc = "The flow that runs; null for one that came with the request."},
	{.name = "id",
	 .type = OPT_STRING,
	 .flags = OPT_NULLABLE,
	 .doc = "The action's id."},
	{.name = "type", .type = OPT_STRING, .doc = "Its type."},
	{.name = "index", .type = OPT_INT, .doc = "Where it is in its flow."},
	{.name = "stream_urls", .type = OPT_ANY, .doc = "What it plays."},
	{.name = "text", .type = OPT_STRING, .doc = "What it says."},
	{.name = "digits", .type = OPT_STRING, .doc = "What it sends."},
	{.name = "url", .type = OPT_STRING, .doc = "Which server it asks."},
	{.name = "destinations", .type = OPT_ANY, .doc = "Whom it calls."},
	{.name = "error",
	 .type = OPT_ANY,
	 .doc = "When it broke: `{code, detail}`."},
	OPT_END,
};

static const struct opt item_opts[] = {
	{.name = "step", .type = OPT_OBJECT, .sub = step_opts},
	OPT_END,
};

static const struct opt end_opts[] = {
	{.name = "how",
	 .type = OPT_STRING,
	 .doc = "`done`: after the last action or `stop`; `hangup`: by the "
		"action; `failed`: it was stopped, `code` says why; "
		"`canceled`: the party hung up; `waiting`: nothing more "
		"happens; `time`: after a day; `steps`: after 2,000 of them."},
	{.name = "at_ms",
	 .type = OPT_INT,
	 .doc = "When, in milliseconds since the start."},
	{.name = "reason",
	 .type = OPT_STRING,
	 .flags = OPT_NULLABLE,
	 .doc = "Of `hangup`."},
	{.name = "code",
	 .type = OPT_STRING,
	 .flags = OPT_NULLABLE,
	 .doc = "Of `failed`: `flow_loop`."},
	{.name = "sip_code",
	 .type = OPT_INT,
	 .flags = OPT_NULLABLE,
	 .doc = "Of `hangup`, when it has one."},
	OPT_END,
};

const struct opt flow_trial_reply_opts[] = {
	{.name = "steps",
	 .type = OPT_ARRAY,
	 .sub = item_opts,
	 .doc = "Every action that began, in order."},
	{.name = "variables",
	 .type = OPT_MAP,
	 .doc = "The variables at the end; secret ones are masked."},
	{.name = "end",
	 .type = OPT_OBJECT,
	 .sub = end_opts,
	 .doc = "How it ended."},
	OPT_END,
};

void flow_trial_tell(struct flow_trial *trial, const struct flow_event *ev)
{
	if (!trial->end)
		flow_run_event(trial->run, ev);
}

static void tell_answer(struct flow_trial *trial, bool answered)
{
	struct flow_event ev = {.type = FLOW_EV_ANSWERED};
	const bool asked = trial->answering;

	trial->answer_ms = TRIAL_NEVER;
	trial->answering = false;
	if (answered) {
		trial->answered = true;
	} else {
		ev.type = FLOW_EV_FAILED;
		ev.err = ECONNABORTED;
	}
	if (asked)
		flow_trial_tell(trial, &ev);
}

/* @param code  Why it broke, or NULL */
static void tell_played(struct flow_trial *trial, const char *code)
{
	const struct flow_event ev = {
		.type = FLOW_EV_PLAYED,
		.id = trial->sound_id,
		.err = code ? EIO : 0,
		.code = code,
		.why = code ? "the script says so" : NULL,
	};

	trial->played_ms = TRIAL_NEVER;
	trial->sound_id = 0;
	if (ev.id)
		flow_trial_tell(trial, &ev);
}

static void tell_digits(struct flow_trial *trial, const char *digits)
{
	struct flow_event ev = {.type = FLOW_EV_DIGIT};

	for (; *digits; ++digits) {
		if (flow_trial_world_digit(trial, *digits))
			continue;
		ev.digit = *digits;
		flow_trial_tell(trial, &ev);
	}
}

static void tell_timer(struct flow_trial *trial)
{
	static const struct flow_event ev = {.type = FLOW_EV_TIMER};

	trial->timer_ms = TRIAL_NEVER;
	flow_trial_tell(trial, &ev);
}

static void play_entry(struct flow_trial *trial)
{
	const json_t *entry = json_array_get(trial->script, trial->at++);
	const char *played = json_str(entry, "played", NULL);

	tell_digits(trial, json_str(entry, "digits", ""));
	if (json_object_get(entry, "answered"))
		tell_answer(trial, json_flag(entry, "answered", true));
	if (played)
		tell_played(trial, str_eq(played, "finished") ? NULL : played);
	flow_trial_world_entry(trial, entry);
	if (json_flag(entry, "hangup", false))
		flow_run_cancel(trial->run);
}

static int64_t script_ms(const struct flow_trial *trial)
{
	const json_t *entry = json_array_get(trial->script, trial->at);

	return entry ? json_int(entry, "at_ms", 0) : TRIAL_NEVER;
}

/* The earliest of those that come at all */
static int64_t next_ms(const struct flow_trial *trial)
{
	const int64_t all[] = {trial->answer_ms, trial->played_ms,
			       trial->timer_ms,  script_ms(trial),
			       trial->http_ms,   trial->connect_ms,
			       trial->record_ms};
	int64_t first = TRIAL_NEVER;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(all); ++i)
		if (all[i] != TRIAL_NEVER &&
		    (first == TRIAL_NEVER || all[i] < first))
			first = all[i];

	return first;
}

/* What comes at the same time comes in this order: a key that is pressed when
 * the time is up still counts */
static void advance(struct flow_trial *trial, int64_t ms)
{
	trial->now_ms = ms;
	if (trial->answer_ms == ms)
		tell_answer(trial, true);
	else if (trial->played_ms == ms)
		tell_played(trial, NULL);
	else if (script_ms(trial) == ms)
		play_entry(trial);
	else if (trial->http_ms == ms)
		flow_trial_http_due(trial);
	else if (trial->connect_ms == ms)
		flow_trial_connect_due(trial);
	else if (trial->record_ms == ms)
		flow_trial_record_due(trial);
	else
		tell_timer(trial);
}

static void run(struct flow_trial *trial)
{
	size_t events;
	int64_t ms;

	flow_run_start(trial->run);
	for (events = 0; !trial->end; ++events) {
		ms = next_ms(trial);
		if (ms == TRIAL_NEVER)
			flow_trial_end(trial, "waiting");
		else if (ms > FLOW_TRIAL_MS)
			flow_trial_end(trial, "time");
		else if (events == FLOW_TRIAL_EVENTS)
			flow_trial_end(trial, "steps");
		else
			advance(trial, ms);
	}
	flow_run_cancel(trial->run);
}

static int check_script(struct flow_trial *trial, struct opt_faults *faults)
{
	int64_t last = 0, at;
	json_t *entry;
	char ptr[64];
	size_t i;

	json_array_foreach(trial->script, i, entry)
	{
		at = json_int(entry, "at_ms", 0);
		if (json_object_get(entry, "answered"))
			trial->scripted_answer = true;
		if (at < last) {
			snprintf(ptr, sizeof(ptr), "/script/%zu/at_ms", i);
			opt_fault(faults, ptr,
				  "must not be before the one in front of it");
			return EINVAL;
		}
		last = at;
	}

	return 0;
}

static int set_variables(struct flow_vars *vars, const json_t *in,
			 struct opt_faults *faults)
{
	const char *name;
	json_t *value;
	char ptr[256];
	int err;

	json_object_foreach((json_t *)in, name, value)
	{
		if (!json_string_length(value))
			continue; /* as variable_set: there is none */
		err = flow_var_name_is_reserved(name)
			      ? EINVAL
			      : flow_vars_set(vars, name,
					      json_string_value(value), false);
		if (!err)
			continue;
		str_copy(ptr, sizeof(ptr), "/variables");
		json_pointer_add(ptr, sizeof(ptr), name);
		opt_fault(faults, ptr, "%s",
			  err == ENOSPC ? "variables hold at most 64 KiB in all"
					: "is no name of a variable");
		return err;
	}

	return 0;
}

static void start(struct flow_trial *trial)
{
	const json_t *in = trial->prm->in;
	const char *start_at = json_str(in, "start_at", NULL);

	trial->start_ms = trial->prm->now_ms;
	if (start_at)
		(void)clock_parse_rfc3339(start_at, &trial->start_ms);
	trial->sound_ms = json_int(in, "sound_ms", 1000);
	trial->answered = json_flag(in, "answered", false);
	trial->timer_ms = trial->answer_ms = trial->played_ms = TRIAL_NEVER;
	trial->steps = json_array();
	flow_trial_world_start(trial);
}

int flow_trial_run(json_t **outp, const struct flow_trial_params *prm,
		   struct opt_faults *faults)
{
	struct flow_trial trial = {
		.prm = prm,
		.script = json_object_get(prm->in, "script"),
	};
	struct flow_run_params run_prm = {
		.doc = prm->doc, .host = &flow_trial_host, .arg = &trial};
	int err;

	start(&trial);
	flow_vars_alloc(&run_prm.vars);
	if (check_script(&trial, faults) ||
	    set_variables(run_prm.vars, json_object_get(prm->in, "variables"),
			  faults))
		err = EINVAL;
	else
		err = flow_run_alloc(&trial.run, &run_prm);
	if (err)
		goto out;

	run(&trial);
	*outp = json_pack(
		"{s:O, s:o, s:O}", "steps", trial.steps, "variables",
		flow_vars_json(run_prm.vars, FLOW_VARS_MAX_BYTES, NULL), "end",
		trial.end);
out:
	obj_unref(trial.run);
	obj_unref(run_prm.vars);
	json_decref(trial.steps);
	json_decref(trial.end);

	return err;
}
