/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"

static const struct opt opts[] = {
	{.name = "target_id",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 128,
	 .format = FLOW_FORMAT_TARGET,
	 .doc = "The action to go to."},
	{.name = "loop_count",
	 .type = OPT_INT,
	 .min = 0,
	 .max = 1000000,
	 .doc = "How often it goes there before it goes on with the next "
		"action, and counts anew; without it, always."},
	OPT_END,
};

static enum act goto_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const int64_t loops = json_int(option, "loop_count", -1);
	unsigned *count = flow_counter(run);

	if (loops >= 0 && *count >= loops) {
		*count = 0; /* an outer loop may come back */
		return ACT_NEXT;
	}
	if (loops >= 0)
		++*count;

	return flow_jump(run, json_str(option, "target_id", ""));
}

const struct action_type action_goto = {
	.name = "goto",
	.opts = opts,
	.start = goto_start,
	.doc = "Goes to another action. A flow that runs 1,000 actions "
	       "without waiting is stopped, and the call with it "
	       "(`flow_loop`).",
	.example = "{\"type\": \"goto\", \"option\": {\"target_id\": "
		   "\"menu\", \"loop_count\": 3}}",
};
