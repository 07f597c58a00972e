/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_trial_priv.h  The inside of a trial: a world without sound
 *
 * Thread: the trial's.
 */
#ifndef BIFRONS_FLOW_FLOW_TRIAL_PRIV_H
#define BIFRONS_FLOW_FLOW_TRIAL_PRIV_H

#include "flow/flow_run.h"
#include "flow/flow_trial.h"

enum {
	TRIAL_NEVER = -1
};

struct flow_trial {
	const struct flow_trial_params *prm; /**< constant; the same below */
	const json_t *script;
	int64_t start_ms, sound_ms;
	bool scripted_answer; /**< the script says when it is answered */

	struct flow_run *run;
	int64_t now_ms; /**< since the start */
	size_t at;      /**< the script's next entry */
	/* when something is due, or TRIAL_NEVER */
	int64_t timer_ms, answer_ms, played_ms;
	bool answered, answering; /**< it was asked to */
	uint32_t ids, sound_id;   /**< sound_id 0 = nothing sounds */

	size_t nsteps, noted; /**< noted: bytes */
	json_t *steps, *step; /**< step: the last one, borrowed */
	json_t *end;          /**< NULL until it is over */
};

/** What a flow may do to that world; the argument is the trial */
extern const struct flow_host flow_trial_host;

/** Note how it ended, unless it has */
void flow_trial_end(struct flow_trial *trial, const char *how);

#endif
