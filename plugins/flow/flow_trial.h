/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_trial.h  A flow run without a call, on a clock of its own
 *
 * A script says what the world does and when; what comes out is every step
 * with its time, the variables and how it ended. Nothing waits: hours pass in
 * microseconds. Thread: any, one trial at a time. Pure.
 *
 * What the script does not say goes well: the call is answered at once, a
 * sound is over after sound_ms (one that is played until it is stopped never
 * is), servers have nothing to say, who is called answers at once and talks
 * for sound_ms, and nobody presses a key. What `refuse` names cannot begin, as
 * on a call whose host refuses it.
 */
#ifndef BIFRONS_FLOW_FLOW_TRIAL_H
#define BIFRONS_FLOW_FLOW_TRIAL_H

#include "common/opt.h"
#include "flow/flow_doc.h"

enum {
	FLOW_TRIAL_STEPS = 2000,       /**< then it is stopped: "steps" */
	FLOW_TRIAL_EVENTS = 20000,     /**< the same, of timers and the like */
	FLOW_TRIAL_MS = 86400000,      /**< a day: "time" */
	FLOW_TRIAL_NOTES = 128 * 1024, /**< bytes of what steps play and say */
	FLOW_TRIAL_SCRIPT = 1000,      /**< entries of a script */
	FLOW_TRIAL_VARIABLES = 10000,  /**< that it begins with */
};

/** An entry of the script */
extern const struct opt flow_trial_script_opts[];
/** What is refused */
extern const struct opt flow_trial_refuse_opts[];
/** The members that flow_trial_run() reads, for option tables */
#define FLOW_TRIAL_OPTS                                                        \
	{.name = "variables",                                                  \
	 .type = OPT_MAP,                                                      \
	 .min = 0,                                                             \
	 .max = FLOW_TRIAL_VARIABLES,                                          \
	 .def = "{}",                                                          \
	 .doc = "Variables that it begins with."},                             \
		{.name = "call",                                               \
		 .type = OPT_MAP,                                              \
		 .min = 0,                                                     \
		 .max = 64,                                                    \
		 .def = "{}",                                                  \
		 .doc = "What `call.*` says: `{\"source\": "                   \
			"\"+4520123456\"}` is `${call.source}`."},             \
		{.name = "answered",                                           \
		 .type = OPT_BOOL,                                             \
		 .def = "false",                                               \
		 .doc = "Is the call answered when the flow starts?"},         \
		{.name = "start_at",                                           \
		 .type = OPT_TIME,                                             \
		 .doc = "The time of day when it starts; now when left out."}, \
		{.name = "sound_ms",                                           \
		 .type = OPT_INT,                                              \
		 .min = 0,                                                     \
		 .max = FLOW_TRIAL_MS,                                         \
		 .def = "1000",                                                \
		 .doc = "How long each sound, speech, recording and bridge "   \
			"lasts, in milliseconds; a sound with `loop` 0 never " \
			"ends."},                                              \
		{.name = "refuse",                                             \
		 .type = OPT_OBJECT,                                           \
		 .sub = flow_trial_refuse_opts,                                \
		 .doc = "What cannot even begin, each time."},                 \
	{                                                                      \
		.name = "script", .type = OPT_ARRAY, .min = 0,                 \
		.max = FLOW_TRIAL_SCRIPT, .sub = flow_trial_script_opts,       \
		.def = "[]", .doc = "What happens, in the order of time."      \
	}

/** What flow_trial_run() gives */
extern const struct opt flow_trial_reply_opts[];

struct flow_trial_params {
	struct flow_doc *doc; /**< borrowed */
	const char *flow_id;  /**< its id, or NULL */
	const json_t *in;     /**< as checked with FLOW_TRIAL_OPTS; borrowed */
	int64_t now_ms;       /**< Unix time, without start_at */
	/** What fetch_flow finds, as in flow_host.h; or NULL */
	int (*flow)(void *arg, const char *id, struct flow_doc **docp);
	void *arg;
};

/** Run it to its end.
 * @param outp    {steps, variables, end}; on success only
 * @param faults  Of variables and script
 * @return 0 or EINVAL
 */
int flow_trial_run(json_t **outp, const struct flow_trial_params *prm,
		   struct opt_faults *faults);

#endif
