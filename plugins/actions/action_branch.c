/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib.h>

#include "actions/actions.h"
#include "common/json.h"

static const struct opt target = {
	.type = OPT_STRING,
	.min = 1,
	.max = 128,
	.format = FLOW_FORMAT_TARGET,
};

static const struct opt opts[] = {
	{.name = "variable",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = FLOW_VAR_NAME_MAX,
	 .def = "\"digits\"",
	 .check = action_check_variable,
	 .doc = "Bare name of the variable that decides."},
	{.name = "target_ids",
	 .type = OPT_MAP,
	 .flags = OPT_REQUIRED,
	 .min = 0,
	 .max = ACTION_TARGETS_MAX,
	 .sub = &target,
	 .format = FLOW_FORMAT_TARGET,
	 .doc = "The value, and the action that it leads to."},
	{.name = "default_target_id",
	 .type = OPT_STRING,
	 .min = 1,
	 .max = 128,
	 .format = FLOW_FORMAT_TARGET,
	 .doc = "The action for any other value; without it the next one."},
	OPT_END,
};

static void branch_check(const json_t *option, const char *pointer,
			 struct opt_faults *faults)
{
	action_need_bare(option, "variable", pointer, faults);
}

static enum act branch_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	char *value = flow_get(run, json_str(option, "variable", "digits"));
	const char *id;

	id = json_str(json_object_get(option, "target_ids"), value ? value : "",
		      json_str(option, "default_target_id", NULL));
	g_free(value);

	return id ? flow_jump(run, id) : ACT_NEXT;
}

const struct action_type action_branch = {
	.name = "branch",
	.opts = opts,
	.check = branch_check,
	.start = branch_start,
	.doc = "Goes where the value of a variable leads. One that is "
	       "not set leads to the default. The variable keeps its value.",
	.example = "{\"type\": \"branch\", \"option\": {\"target_ids\": "
		   "{\"1\": \"sales\", \"2\": \"support\"}, "
		   "\"default_target_id\": \"menu\"}}",
};
