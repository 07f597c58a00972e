/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"

static const struct opt opts[] = {
	{.name = "flow_id",
	 .type = OPT_ID,
	 .flags = OPT_REQUIRED,
	 .doc = "The flow to run, one of the same account."},
	OPT_END,
};

static enum act fetch_flow_start(struct flow_run *run)
{
	return flow_enter(run, json_str(flow_opts(run), "flow_id", ""));
}

const struct action_type action_fetch_flow = {
	.name = "fetch_flow",
	.flags = ACTION_RUNS_FLOWS,
	.opts = opts,
	.start = fetch_flow_start,
	.doc = "Runs a stored flow, as it is at that moment, and goes on with "
	       "the next action when that one is over. Variables and digits "
	       "are shared; targets are found in the flow that names them. "
	       "`stop` and `hangup` end everything. Without such a flow it "
	       "breaks with `flow_not_found`, and with `flow_too_deep` when "
	       "16 flows run in each other already.",
	.example = "{\"type\": \"fetch_flow\", \"option\": {\"flow_id\": "
		   "\"01890000-0000-7000-8000-000000000001\"}}",
};
