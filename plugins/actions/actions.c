/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"

#include <glib.h>
#include <string.h>

#include "common/id.h"
#include "common/json.h"
#include "common/str.h"
#include "media/tone.h"

#define ACTION(name) &action_##name,
const struct action_type *const action_types[] = {
#include "actions/action_list.h"
	NULL,
};
#undef ACTION

const char *action_check_keys(const char *value)
{
	if (value[strspn(value, "0123456789ABCD*#")])
		return "must be made of the keys 0-9, A-D, * and #";

	return NULL;
}

const char *action_check_url(const char *value)
{
	const char *why = "not a tone";

	if (str_starts(value, "tone:"))
		return tone_parse(NULL, value, &why) ? why : NULL;
	if (g_ascii_strncasecmp(value, "http://", 7) == 0 ||
	    g_ascii_strncasecmp(value, "https://", 8) == 0)
		return opt_check_http_url(value);
	if (str_starts(value, "recording:"))
		return id_is_valid(value + strlen("recording:"))
			       ? NULL
			       : "names no recording: recording:ID";
	if (!str_starts(value, "media:"))
		return "must be http://…, https://…, media:ID, media:NAME, "
		       "recording:ID or tone:… (such as "
		       "\"tone:440+480/2000,0/4000\")";
	if (!value[strlen("media:")])
		return "names no file: media:ID or media:NAME";

	return opt_check_no_controls(value);
}

const char *action_check_language(const char *value)
{
	if (!g_ascii_isalpha(value[0]) ||
	    value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")])
		return "must be a language such as \"en-US\"";

	return NULL;
}

const char *action_check_voice(const char *value)
{
	if (value[strspn(value, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				"_-.:+/")])
		return "must be the name of a voice";

	return NULL;
}

const char *const action_providers[] = {"flite", "espeak-ng", "http", NULL};

const char *action_check_digits(const char *value)
{
	if (value[strspn(value, "0123456789ABCD*#w")])
		return "must be made of 0-9, A-D, *, # and w (a pause of "
		       "500 ms)";

	return NULL;
}

const struct opt action_url = {
	.type = OPT_STRING,
	.min = 1,
	.max = ACTION_TEXT_MAX,
	.check = action_check_url,
};

void action_play_of(struct flow_play *play, const json_t *option)
{
	*play = (struct flow_play){
		.urls = json_object_get(option, "stream_urls"),
		.loops = (unsigned)json_int(option, "loop", 1),
		.seek_ms = (uint32_t)json_int(option, "seek_ms", 0),
		.gain_db =
			json_number_value(json_object_get(option, "gain_db")),
	};
}

void action_talk_of(struct flow_talk *talk, const json_t *option)
{
	*talk = (struct flow_talk){
		.text = json_str(option, "text", NULL),
		.language = json_str(option, "language", NULL),
		.voice_id = json_str(option, "voice_id", NULL),
		.provider = json_str(option, "provider", NULL),
	};
}

void action_digits_of(struct flow_digits *digits, const json_t *option)
{
	*digits = (struct flow_digits){
		.digits = json_str(option, "digits", ""),
		.duration_ms = (unsigned)json_int(option, "duration_ms", 160),
		.interval_ms = (unsigned)json_int(option, "interval_ms", 80),
	};
}

enum act action_sound(struct flow_run *run, const json_t *option, bool async)
{
	struct flow_play play;
	struct flow_talk talk;

	action_play_of(&play, option);
	action_talk_of(&talk, option);
	play.async = talk.async = async;

	return talk.text ? flow_talk(run, &talk) : flow_play(run, &play);
}

enum act action_heard_start(struct flow_run *run, const char *keys)
{
	const bool async = json_flag(flow_opts(run), "async", false);
	enum act act;

	/* typed ahead: who knows the menu need not hear it */
	if (flow_digits_have(run, keys))
		return ACT_NEXT;

	act = action_sound(run, flow_opts(run), async);
	if (act != ACT_WAIT || !async)
		return act;
	flow_play_forget(run);

	return ACT_NEXT;
}

void action_heard_cancel(struct flow_run *run)
{
	flow_host(run)->stop(flow_host_arg(run));
}

enum act action_heard_event(struct flow_run *run, const struct flow_event *ev,
			    const char *keys)
{
	if (ev->type == FLOW_EV_DIGIT && flow_digits_have(run, keys)) {
		action_heard_cancel(run);
		return ACT_NEXT;
	}

	return ev->type == FLOW_EV_PLAYED ? flow_played(run, ev) : ACT_WAIT;
}

const char *action_check_variable(const char *value)
{
	if (!flow_var_name_is_valid(value))
		return "must be a name of letters, digits, '_', '-' and '.'";

	return NULL;
}

void action_need_bare(const json_t *option, const char *name,
		      const char *pointer, struct opt_faults *faults)
{
	char ptr[256];

	if (!strstr(json_str(option, name, ""), "${"))
		return;
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), name);
	opt_fault(faults, ptr, "must be the bare name, without \"${\"");
}
