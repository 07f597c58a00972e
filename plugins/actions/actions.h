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
