/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "flow/flow_action.h"
#include "flow/flow_trial_priv.h"

static int trial_answer(void *arg)
{
	struct flow_trial *trial = arg;

	if (trial->answered)
		return EALREADY;
	trial->answering = true;
	if (!trial->scripted_answer)
		trial->answer_ms = trial->now_ms;

	return 0;
}

static void sound(struct flow_trial *trial, int64_t ms, uint32_t *idp)
{
	trial->sound_id = *idp = ++trial->ids;
	trial->played_ms = ms < 0 ? TRIAL_NEVER : trial->now_ms + ms;
}

void flow_trial_note(struct flow_trial *trial, const char *key,
		     const json_t *value)
{
	json_t *shown;

	trial->noted += json_dumpb(value, NULL, 0, JSON_ENCODE_ANY);
	if (trial->noted > FLOW_TRIAL_NOTES)
		return;
	if (flow_opts_secret(trial->run))
		shown = json_string(FLOW_VAR_MASK);
	else
		shown = json_deep_copy(value);
	json_object_set_new(trial->step, key, shown);
}

void flow_trial_note_text(struct flow_trial *trial, const char *key,
			  const char *text)
{
	json_t *value = json_string(text);

	flow_trial_note(trial, key, value);
	json_decref(value);
}

static int trial_play(void *arg, const struct flow_play *play, uint32_t *idp)
{
	struct flow_trial *trial = arg;

	flow_trial_note(trial, "stream_urls", play->urls);
	sound(trial, play->loops ? trial->sound_ms : TRIAL_NEVER, idp);

	return 0;
}

static int trial_talk(void *arg, const struct flow_talk *talk, uint32_t *idp)
{
	struct flow_trial *trial = arg;

	flow_trial_note_text(trial, "text", talk->text);
	sound(trial, trial->sound_ms, idp);

	return 0;
}

static int trial_send_digits(void *arg, const struct flow_digits *digits,
			     uint32_t *idp)
{
	struct flow_trial *trial = arg;
	const char *key;
	int64_t ms = 0;

	flow_trial_note_text(trial, "digits", digits->digits);
	for (key = digits->digits; *key; ++key)
		ms += *key == 'w' ? 500
				  : digits->duration_ms + digits->interval_ms;
	sound(trial, ms, idp);

	return 0;
}

static void trial_stop(void *arg)
{
	struct flow_trial *trial = arg;

	trial->sound_id = 0;
	trial->played_ms = TRIAL_NEVER;
}

static int trial_echo(void *arg, bool on)
{
	return on ? flow_trial_without_media(arg, "echo") : 0;
}

static int trial_mute(void *arg, bool in, bool out, bool on)
{
	(void)in;
	(void)out;
	(void)on;

	return flow_trial_without_media(arg, "mute");
}

static void trial_timer(void *arg, int64_t ms)
{
	struct flow_trial *trial = arg;

	trial->timer_ms = ms < 0 ? TRIAL_NEVER : trial->now_ms + ms;
}

static int64_t trial_now_ms(void *arg)
{
	return ((const struct flow_trial *)arg)->now_ms;
}

static int64_t trial_wall_ms(void *arg)
{
	const struct flow_trial *trial = arg;

	return trial->start_ms + trial->now_ms;
}

static char *trial_lookup(void *arg, const char *name)
{
	const struct flow_trial *trial = arg;
	const json_t *call = json_object_get(trial->prm->in, "call");
	const char *value;

	if (!str_starts(name, "call."))
		return NULL;
	name += strlen("call.");
	value = json_str(call, name, NULL);
	if (!value && str_eq(name, "status"))
		value = trial->answered ? "answered" : "ringing";
	if (!value && str_eq(name, "direction"))
		value = "incoming";

	return g_strdup(value);
}

static int trial_flow(void *arg, const char *id, struct flow_doc **docp)
{
	struct flow_trial *trial = arg;

	if (!trial->prm->flow)
		return ENOENT;

	return trial->prm->flow(trial->prm->arg, id, docp);
}

static void trial_action(void *arg, const struct flow_step *step)
{
	struct flow_trial *trial = arg;
	json_t *out = json_object();

	json_object_set_new(out, "at_ms", json_integer(trial->now_ms));
	if (step->flow_id || step->patched)
		json_set_str(out, "flow_id", step->flow_id);
	else
		json_set_str(out, "flow_id", trial->prm->flow_id);
	json_set_str(out, "id", step->id);
	json_set_str(out, "type", step->type);
	json_object_set_new(out, "index",
			    json_integer((json_int_t)step->index));
	json_array_append_new(trial->steps, out);
	trial->step = out;
	if (++trial->nsteps == FLOW_TRIAL_STEPS) {
		flow_trial_end(trial, "steps");
		flow_run_cancel(trial->run);
	}
}

static void trial_error(void *arg, const struct flow_step *step,
			const char *code, const char *detail)
{
	struct flow_trial *trial = arg;
	char *valid = g_utf8_make_valid(detail, -1); /* may have been cut */

	(void)step;
	json_object_set_new(
		trial->step, "error",
		json_pack("{s:s, s:s}", "code", code, "detail", valid));
	g_free(valid);
}

void flow_trial_end(struct flow_trial *trial, const char *how)
{
	if (trial->end)
		return;
	trial->end = json_pack("{s:s, s:I, s:n, s:n, s:n}", "how", how, "at_ms",
			       (json_int_t)trial->now_ms, "reason", "code",
			       "sip_code");
}

static void trial_ended(void *arg, const struct flow_end *end)
{
	static const char *const names[] = {
		[FLOW_END_DONE] = "done",
		[FLOW_END_HANGUP] = "hangup",
		[FLOW_END_FAILED] = "failed",
		[FLOW_END_CANCELED] = "canceled",
	};
	struct flow_trial *trial = arg;

	if (trial->end)
		return;
	flow_trial_end(trial, names[end->kind]);
	json_set_str(trial->end, "reason", end->reason);
	json_set_str(trial->end, "code", end->code);
	if (end->sip_code)
		json_object_set_new(trial->end, "sip_code",
				    json_integer(end->sip_code));
}

const struct flow_host flow_trial_host = {
	.answer = trial_answer,
	.play = trial_play,
	.talk = trial_talk,
	.send_digits = trial_send_digits,
	.stop = trial_stop,
	.echo = trial_echo,
	.http = flow_trial_http,
	.http_cancel = flow_trial_http_cancel,
	.mute = trial_mute,
	.connect = flow_trial_connect,
	.connect_cancel = flow_trial_connect_cancel,
	.record = flow_trial_record,
	.record_verb = flow_trial_record_verb,
	.call = flow_trial_call,
	.timer = trial_timer,
	.now_ms = trial_now_ms,
	.wall_ms = trial_wall_ms,
	.lookup = trial_lookup,
	.flow = trial_flow,
	.action = trial_action,
	.error = trial_error,
	.ended = trial_ended,
};
