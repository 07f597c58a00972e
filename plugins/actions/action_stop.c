/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"

static const struct opt opts[] = {OPT_END};

static enum act stop_start(struct flow_run *run)
{
	const struct flow_end end = {.kind = FLOW_END_DONE};

	return flow_finish(run, &end);
}

const struct action_type action_stop = {
	.name = "stop",
	.opts = opts,
	.start = stop_start,
	.doc = "Ends the flow as after its last action: the call is hung up "
	       "(`normal`; before the answer with 480).",
	.example = "{\"type\": \"stop\"}",
};
