/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file actions.h  What the files of actions/ share
 *
 * Thread: loop (checks: any).
 */
#ifndef BIFRONS_ACTIONS_ACTIONS_H
#define BIFRONS_ACTIONS_ACTIONS_H

#include "flow/flow_action.h"

#define ACTION(name) extern const struct action_type action_##name;
#include "actions/action_list.h"
#undef ACTION

enum {
	ACTION_MS_MAX = 86400000, /**< a day: the longest that any waits */
	ACTION_TEXT_MAX = 4096,   /**< a text in an option */
	ACTION_URLS_MAX = 32,
	ACTION_TARGETS_MAX = 256,
	ACTION_DIGITS_MAX = 100, /**< sent at once */
};

/** opt.check: a set of keys, "" for none */
const char *action_check_keys(const char *value);
/** opt.check: what can be played: http, https, media:, tone: */
const char *action_check_url(const char *value);
/** opt.check: a language tag ("en-US") */
const char *action_check_language(const char *value);
/** opt.check: the name of a voice */
const char *action_check_voice(const char *value);
/** opt.values: who speaks */
extern const char *const action_providers[];

/** opt.check: what is sent as digits, with pauses */
const char *action_check_digits(const char *value);
/** An item of stream_urls */
extern const struct opt action_url;

/* Options that a verb of the API takes too, and what they ask for; borrowed
 * from the option object */

/** stream_urls, loop, seek_ms, gain_db */
#define ACTION_PLAY_OPTS                                                       \
	{.name = "stream_urls",                                                \
	 .type = OPT_ARRAY,                                                    \
	 .flags = OPT_REQUIRED,                                                \
	 .min = 1,                                                             \
	 .max = ACTION_URLS_MAX,                                               \
	 .sub = &action_url,                                                   \
	 .doc = "What to play, in order, without a gap: a file by http or "    \
		"https, in any format that libavformat reads; `media:ID` or "  \
		"`media:NAME`, one that was uploaded; `recording:ID`, one "    \
		"that is over; "                                               \
		"`tone:440+480/2000,0/4000`, frequencies in Hz and "           \
		"milliseconds; `tone:800` sounds until it is stopped."},       \
		{.name = "loop",                                               \
		 .type = OPT_INT,                                              \
		 .min = 0,                                                     \
		 .max = 1000,                                                  \
		 .def = "1",                                                   \
		 .doc = "How often the whole list; 0 = until stopped."},       \
		{.name = "seek_ms",                                            \
		 .type = OPT_INT,                                              \
		 .min = 0,                                                     \
		 .max = ACTION_MS_MAX,                                         \
		 .def = "0",                                                   \
		 .doc = "Where in the first one to begin, the first time, in " \
			"milliseconds."},                                      \
	{                                                                      \
		.name = "gain_db", .type = OPT_NUM, .min = -40, .max = 20,     \
		.def = "0", .doc = "Louder or softer, in dB; it saturates."    \
	}

/** text, language, voice_id, provider */
#define ACTION_TALK_OPTS                                                       \
	{.name = "text",                                                       \
	 .type = OPT_STRING,                                                   \
	 .flags = OPT_REQUIRED,                                                \
	 .min = 1,                                                             \
	 .max = ACTION_TEXT_MAX,                                               \
	 .doc = "What to say: plain text, or SSML when it begins with "        \
		"`<speak`. A variable in SSML is written `${name|ssml}`."},    \
		{.name = "language",                                           \
		 .type = OPT_STRING,                                           \
		 .min = 2,                                                     \
		 .max = 35,                                                    \
		 .def = "\"en-US\"",                                           \
		 .check = action_check_language,                               \
		 .doc = "Language of the text."},                              \
		{.name = "voice_id",                                           \
		 .type = OPT_STRING,                                           \
		 .min = 1,                                                     \
		 .max = 64,                                                    \
		 .check = action_check_voice,                                  \
		 .doc = "Voice of the provider; the language's when left "     \
			"out."},                                               \
	{                                                                      \
		.name = "provider", .type = OPT_STRING,                        \
		.values = action_providers,                                    \
		.doc = "Who speaks; the platform's choice when left out."      \
	}

/** digits, duration_ms, interval_ms */
#define ACTION_DIGITS_OPTS                                                     \
	{                                                                      \
		.name = "digits",                                              \
		.type = OPT_STRING,                                            \
		.flags = OPT_REQUIRED,                                         \
		.min = 1,                                                      \
		.max = ACTION_DIGITS_MAX,                                      \
		.check = action_check_digits,                                  \
		.doc = "What is sent: 0-9, A-D, `*`, `#`; `w` is a pause of "  \
		       "500 ms.",                                              \
	},                                                                     \
		{                                                              \
			.name = "duration_ms",                                 \
			.alias = "duration",                                   \
			.type = OPT_INT,                                       \
			.min = 40,                                             \
			.max = 5000,                                           \
			.def = "160",                                          \
			.doc = "How long each digit lasts.",                   \
		},                                                             \
	{                                                                      \
		.name = "interval_ms", .alias = "interval", .type = OPT_INT,   \
		.min = 20, .max = 5000, .def = "80",                           \
		.doc = "The pause after each digit.",                          \
	}

void action_play_of(struct flow_play *play, const json_t *option);
void action_talk_of(struct flow_talk *talk, const json_t *option);
void action_digits_of(struct flow_digits *digits, const json_t *option);
/** Those of recording_start: all have defaults */
extern const struct opt action_recording_opts[];
/** Further check of them: .check of an action */
void action_recording_check(const json_t *option, const char *pointer,
			    struct opt_faults *faults);
void action_recording_of(struct flow_record *prm, const json_t *option);

/** Play an option object's `stream_urls` (with loop, seek_ms, gain_db) or say
 * its `text` (language, voice_id, provider). @return As flow_play() */
enum act action_sound(struct flow_run *run, const json_t *option, bool async);

/* What play, talk and beep share: a sound that keys end */

/** action_sound() with the running action's options, which have `async`;
 * nothing when one of the keys ("any": any) was typed ahead */
enum act action_heard_start(struct flow_run *run, const char *keys);
enum act action_heard_event(struct flow_run *run, const struct flow_event *ev,
			    const char *keys);
void action_heard_cancel(struct flow_run *run);

/** opt.check: the name of a variable, bare */
const char *action_check_variable(const char *value);

/** Add a fault for an option that must be a bare name, but is an expression;
 * for action_type.check (opt.check does not see those)
 */
void action_need_bare(const json_t *option, const char *name,
		      const char *pointer, struct opt_faults *faults);

#endif
