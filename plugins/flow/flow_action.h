/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_action.h  What an action is made of, and what it may use
 *
 * For the files of actions/ and flow/. Thread: the run's (loop).
 *
 * An action is a struct action_type: a name, an option table, start() and,
 * when it waits, event() and cancel(). Options come checked, with variables
 * put in and defaults filled in. State of its own lies in flow_state(),
 * zeroed before start().
 */
#ifndef BIFRONS_FLOW_FLOW_ACTION_H
#define BIFRONS_FLOW_FLOW_ACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/opt.h"
#include "flow/flow_host.h"
#include "flow/flow_vars.h"

struct flow_run;

/** What start() and event() answer */
enum act {
	ACT_NEXT,   /**< go on with the next action */
	ACT_WAIT,   /**< event() will be called */
	ACT_JUMP,   /**< flow_jump() said where */
	ACT_FAILED, /**< flow_fail() said why */
	ACT_END,    /**< flow_finish() said how */
};

enum {
	ACTION_ANSWERS = 1 << 0,      /**< answers an unanswered call first */
	ACTION_TAKES_DIGITS = 1 << 1, /**< digits go to it as they come */
	ACTION_RUNS_FLOWS = 1 << 2,   /**< what they do is not known before */
	/** An error without an error_id leads to the fallback actions */
	ACTION_FALLS_BACK = 1 << 3,
};

/** Format of an option that names an action: checked when saved */
#define FLOW_FORMAT_TARGET "action-id"
/** Format of an option that holds actions of another run (OPT_ANY): its
 * expressions wait for that run, and it is not among flow_opts(): keep() makes
 * a document of it (flow_doc_keep()) */
#define FLOW_FORMAT_ACTIONS "actions"

struct action_type {
	const char *name;
	const char *alias; /**< other accepted name, or NULL */
	unsigned flags;
	const struct opt *opts;
	/** Further check of checked options, when saved and when run */
	void (*check)(const json_t *option, const char *pointer,
		      struct opt_faults *faults);
	/** What a checked document keeps for the action, so that start() need
	 * not make it; called with checked options when the document is made.
	 * What is wrong with it becomes a fault.
	 * @return flow_kept(), or NULL */
	void *(*keep)(const json_t *option, const char *pointer,
		      struct opt_faults *faults);
	void (*drop)(void *kept);
	enum act (*start)(struct flow_run *run);
	enum act (*event)(struct flow_run *run, const struct flow_event *ev);
	/** The flow is canceled while it waits: give back what it holds */
	void (*cancel)(struct flow_run *run);
	const char *doc;     /**< sentences for docs/actions.md */
	const char *sets;    /**< variables that it leaves, or NULL */
	const char *example; /**< its JSON */
};

/** Every action, NULL-ended; in actions/actions.c, from action_list.h */
extern const struct action_type *const action_types[];

/** By name or alias, or NULL */
const struct action_type *action_type_find(const char *name);

/** The checked options of the running action; borrowed */
const json_t *flow_opts(const struct flow_run *run);

/** Did a secret value go into the options? */
bool flow_opts_secret(const struct flow_run *run);
/** Did one go into this option? */
bool flow_opt_is_secret(struct flow_run *run, const char *name);

const struct flow_host *flow_host(const struct flow_run *run);
void *flow_host_arg(const struct flow_run *run);
int64_t flow_now_ms(const struct flow_run *run);
/** Unix time */
int64_t flow_wall_ms(const struct flow_run *run);

/** What keep() made for the running action */
void *flow_kept(const struct flow_run *run);

/** For keep() and drop(): the option `name`, a list of actions, as a document;
 * NULL when there is none, or after a fault */
void *flow_doc_keep(const json_t *option, const char *name, const char *pointer,
		    struct opt_faults *faults);
void flow_doc_drop(void *kept);

enum {
	FLOW_STATE_SIZE = 160
};
/** FLOW_STATE_SIZE bytes for the running action, aligned for anything */
void *flow_state(struct flow_run *run);

/** TIMER after ms, instead of a running one; < 0 stops it. It stops by itself
 * when the action is over.
 */
void flow_timer(struct flow_run *run, int64_t ms);

/** How often this action was counted in this run; for goto */
unsigned *flow_counter(struct flow_run *run);

/** Go to the action with this id. @return ACT_JUMP or ACT_FAILED */
enum act flow_jump(struct flow_run *run, const char *id);

/** Run a stored flow, and go on with the next action when it is over.
 * @return ACT_JUMP or ACT_FAILED
 */
enum act flow_enter(struct flow_run *run, const char *flow_id);
/** The same with actions that came from elsewhere (patch). @param doc  The
 * reference is taken over, on failure too */
enum act flow_enter_doc(struct flow_run *run, struct flow_doc *doc);

/** Something broke. @param code  Static. @return ACT_FAILED */
enum act flow_fail(struct flow_run *run, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** The flow is over; strings must live as long as the document or be static.
 * @return ACT_END
 */
enum act flow_finish(struct flow_run *run, const struct flow_end *end);

/** Set a variable; NULL unsets.
 * @return 0, or ENOSPC, EINVAL (flow_fail() was called)
 */
int flow_set(struct flow_run *run, const char *name, const char *value,
	     bool secret);

/** Set several, {name: text or null}, all or none; the same errors */
int flow_set_all(struct flow_run *run, const json_t *values, bool secret);
/** Unset every one whose name begins so */
void flow_unset_all(struct flow_run *run, const char *prefix);

/** A variable or a host's name (call.*); g_free() it; NULL when unknown */
char *flow_get(struct flow_run *run, const char *name);

/** All variables, secret ones too, for who may see them (patch); new */
json_t *flow_variables(const struct flow_run *run);
/** Where the run is: {"flow_id", "id", "index"}; new */
json_t *flow_position(const struct flow_run *run);

/* Digits typed ahead, the oldest first */
size_t flow_digits_count(const struct flow_run *run);
/** Is one of these keys among them ("any": any digit)? */
bool flow_digits_have(const struct flow_run *run, const char *keys);
/** Take the oldest; 0 when there is none */
char flow_digits_take(struct flow_run *run);
void flow_digits_clear(struct flow_run *run);
/** Until this action is over digits are not for the flow (a bridge) */
void flow_digits_ignore(struct flow_run *run);

/** Play and remember the id, so that only its end becomes an event; fails
 * with flow_fail(). @return ACT_WAIT or ACT_FAILED
 */
enum act flow_play(struct flow_run *run, const struct flow_play *play);
/** The same with a text */
enum act flow_talk(struct flow_run *run, const struct flow_talk *talk);
/** What PLAYED says: over, stopped, or broken (flow_fail()).
 * @return ACT_NEXT or ACT_FAILED
 */
enum act flow_played(struct flow_run *run, const struct flow_event *ev);
/** Send digits; their end is PLAYED. @return ACT_WAIT or ACT_FAILED */
enum act flow_send_digits(struct flow_run *run,
			  const struct flow_digits *digits);
/** Forget the id: its end is nobody's event (async) */
void flow_play_forget(struct flow_run *run);

#endif
