/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_run.h  A flow as it runs over a host
 *
 * Thread: the host's (loop). Counted; the host owns it and may drop it from
 * inside ended(). Events that come late, after the end or for what nobody
 * waits for any more, are ignored.
 */
#ifndef BIFRONS_FLOW_FLOW_RUN_H
#define BIFRONS_FLOW_FLOW_RUN_H

#include <stdbool.h>

#include "flow/flow_doc.h"
#include "flow/flow_host.h"
#include "flow/flow_vars.h"

struct flow_run;

enum {
	FLOW_STEPS_MAX = 1000, /**< without waiting: flow_loop */
	FLOW_WAIT_MIN_MS = 20, /**< a shorter wait is none, for that limit */
	FLOW_STEPS_TURN = 25,  /**< then the others' turn comes */
	FLOW_DIGITS_MAX = 64,  /**< typed ahead; later ones are dropped */
	FLOW_DEPTH_MAX = 16,   /**< flows that fetch_flow runs in each other */
};

struct flow_run_params {
	struct flow_doc *doc;   /**< a reference is taken */
	struct flow_vars *vars; /**< a reference is taken */
	const struct flow_host *host;
	void *arg;
};

int flow_run_alloc(struct flow_run **runp, const struct flow_run_params *prm);

/** Run the first action; host functions are called before it returns */
void flow_run_start(struct flow_run *run);

/** Tell what happened */
void flow_run_event(struct flow_run *run, const struct flow_event *ev);

/** The party has gone, or something else takes over: the running action gives
 * back what it holds, ended(CANCELED) is called. Nothing when it has ended.
 */
void flow_run_cancel(struct flow_run *run);

bool flow_run_has_ended(const struct flow_run *run);

/** Must a digit that comes now not be shown? True while a sensitive
 * dtmf_receive waits, and for digits that one may take from the buffer later
 */
bool flow_run_is_secret(const struct flow_run *run);

/** What runs now. @return false before the start and after the end */
bool flow_run_step(const struct flow_run *run, struct flow_step *step);

#endif
