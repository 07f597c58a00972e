/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_run_priv.h  The inside of a run, for the files of flow/
 *
 * Thread: the host's (loop).
 */
#ifndef BIFRONS_FLOW_FLOW_RUN_PRIV_H
#define BIFRONS_FLOW_FLOW_RUN_PRIV_H

#include <stdalign.h>
#include <stddef.h>

#include "common/id.h"
#include "flow/flow_doc_priv.h"
#include "flow/flow_run.h"

enum run_state {
	RUN_IDLE,      /**< not started */
	RUN_STEPPING,  /**< choosing and starting actions */
	RUN_ANSWERING, /**< an action that needs an answered call waits for it
			*/
	RUN_WAITING,   /**< an action waits for an event */
	RUN_PAUSED,    /**< many steps in one turn: goes on at the timer */
	RUN_ENDED,
	RUN_NSTATES,
};

enum {
	FLOW_DETAIL_SIZE = 256
};

/** A flow that waits until the one that it runs is over */
struct flow_frame {
	struct flow_doc *doc;
	char flow_id[ID_SIZE];
	bool patched;
	size_t at; /**< its fetch_flow or patch */
	unsigned *counters;
};

struct flow_run {
	/* set at the start, then read-only */
	struct flow_vars *vars;
	const struct flow_host *host;
	void *arg;

	/* the running flow, and those that wait for it (flow_stack.c) */
	struct flow_doc *doc;
	char flow_id[ID_SIZE]; /**< "" = the host's own, or a patch's: */
	bool patched;
	struct flow_frame *stack; /**< FLOW_DEPTH_MAX, made with the first */
	size_t depth;

	enum run_state state;
	size_t at;          /**< the running action, or FLOW_OVER */
	size_t jump;        /**< where flow_jump() goes */
	unsigned steps;     /**< without a wait */
	int64_t waiting_ms; /**< since when */
	bool busy;          /**< inside a function of the action */
	bool canceled;      /**< meanwhile: to be done behind it */
	bool timer_on;
	struct flow_end end; /**< of flow_finish() */

	/* the running action */
	json_t *own;        /**< its options with variables put in, or NULL */
	const json_t *opts; /**< own, or the document's */
	bool opts_secret;
	bool deaf;        /**< digits are not kept: flow_digits_ignore() */
	uint32_t play_id; /**< whose end is an event; 0 = nobody's */
	const char *error_code;
	char error_detail[FLOW_DETAIL_SIZE];
	alignas(max_align_t) unsigned char action_state[FLOW_STATE_SIZE];

	unsigned *counters; /**< of this flow's actions, made with the first */
	size_t ndigits;
	char digits[FLOW_DIGITS_MAX]; /**< typed ahead, the oldest first */
};

/** (Re)start the timer; < 0 stops it. Also for actions: flow_timer() */
void flow_run_timer(struct flow_run *run, int64_t ms);

/** An action broke that its flow has fallback actions for: go to them, or to
 * those of the flow that runs it.
 * @return false when there are none, or when they broke themselves
 */
bool flow_run_fall_back(struct flow_run *run);

/** The running flow is over: go on behind what began it.
 * @return false when there is none
 */
bool flow_run_leave(struct flow_run *run);

/** May any flow on the stack take sensitive digits? */
bool flow_run_may_be_sensitive(const struct flow_run *run);

/** Drop all flows; for the destructor */
void flow_run_drop_flows(struct flow_run *run);

/** For flow_expr: variables, then the host's names */
bool flow_run_lookup(void *arg, const char *name, GString *out, bool *secretp);

/** Keep a digit for whoever takes it; dropped when the buffer is full */
void flow_run_push_digit(struct flow_run *run, char digit);

#endif
