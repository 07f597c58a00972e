/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file calls.h  What the files of calls share
 *
 * Thread: as each function says. A live call is the loop's: verbs check their
 * input on the pool and find the call by its id on the loop. One of this
 * instant may not be in the store yet, one that just ended may still be live
 * there.
 */
#ifndef BIFRONS_API_CALLS_H
#define BIFRONS_API_CALLS_H

#include "api/resource.h"

struct call;
struct flow_doc;

enum {
	CALLS_NOTES_MAX = 4096,     /**< bytes of `notes` */
	CALLS_VARIABLES_MAX = 1000, /**< given at once */
	CALLS_DURATION_MAX_S = 86400,
};

extern const struct opt api_call_opts[];
/** List, get: the table `call` */
extern const struct resource api_calls;
/** NULL-ended */
extern const char *const api_hangup_reasons[];

#define CALLS_NOTES_OPT                                                        \
	{                                                                      \
		.name = "notes", .type = OPT_STRING, .flags = OPT_NULLABLE,    \
		.max = CALLS_NOTES_MAX,                                        \
		.doc = "Free text, kept with the call."                        \
	}
#define CALLS_DURATION_OPT                                                     \
	{                                                                      \
		.name = "max_duration_s", .type = OPT_INT, .min = 1,           \
		.max = CALLS_DURATION_MAX_S,                                   \
		.doc = "How long it may last from its answer on, in seconds; " \
		       "the platform's limit (4 h) when left out."             \
	}
/** What shall run: one of the two; calls_check_program() */
#define CALLS_PROGRAM_OPTS                                                     \
	{                                                                      \
		.name = "flow_id",                                             \
		.type = OPT_ID,                                                \
		.doc = "A stored flow.",                                       \
	},                                                                     \
	{                                                                      \
		.name = "actions", .type = OPT_ARRAY, .min = 1,                \
		.max = FLOW_MAX_ACTIONS,                                       \
		.doc = "Instead of it: the actions themselves.",               \
	}

/* ---- thread: pool ---- */

/** Exactly one of flow_id and actions? Actions are checked.
 * @param docp  Of actions, when there is no fault: a reference, or NULL */
void calls_check_program(const json_t *body, struct flow_doc **docp,
			 struct opt_faults *faults);
/** Names and sizes of {name: text or null} */
void calls_check_variables(const json_t *variables, struct opt_faults *faults);

/* ---- thread: loop ---- */

/** The live call of the path, of this account; borrowed, or NULL */
struct call *calls_find(const struct job *job);
/** As its GET shows it: a copy that may leave the loop */
json_t *calls_shown(const struct call *call);
/** The stored flow that a body names.
 * @param docp  A reference
 * @return NULL, or the error to answer */
json_t *calls_find_flow(const struct job *job, const char *flow_id,
			struct flow_doc **docp);
/** Prepare the job anew when all that was written up to now is committed */
void calls_settle(struct job *job);

#endif
