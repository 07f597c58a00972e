/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"
#include "common/json.h"

static const char *const reasons[] = {"normal", "busy", "rejected", "failed",
				      NULL};

static const struct opt opts[] = {
	{.name = "reason",
	 .type = OPT_STRING,
	 .values = reasons,
	 .def = "\"normal\"",
	 .doc = "What the call's record says; before the answer it is a "
		"rejection: normal 480, busy 486, rejected 603, failed 500."},
	{.name = "sip_code",
	 .type = OPT_INT,
	 .min = 400,
	 .max = 699,
	 .doc = "Another code for the rejection; of no effect after the "
		"answer."},
	OPT_END,
};

static enum act hangup_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const struct flow_end end = {
		.kind = FLOW_END_HANGUP,
		.reason = json_str(option, "reason", "normal"),
		.sip_code = (int)json_int(option, "sip_code", 0),
	};

	return flow_finish(run, &end);
}

const struct action_type action_hangup = {
	.name = "hangup",
	.opts = opts,
	.start = hangup_start,
	.doc = "Ends the call.",
	.example = "{\"type\": \"hangup\", \"option\": {\"reason\": "
		   "\"busy\"}}",
};
