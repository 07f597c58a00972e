/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "actions/actions.h"
#include "common/json.h"

static const char *check_key(const char *value)
{
	if (flow_var_name_is_reserved(value))
		return "call.* and parent.* can only be read";

	return action_check_variable(value);
}

static const struct opt opts[] = {
	{.name = "key",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = FLOW_VAR_NAME_MAX,
	 .check = check_key,
	 .doc = "Name of the variable: letters, digits, `_`, `-` and `.`."},
	{.name = "value",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 0,
	 .max = FLOW_VARS_MAX_BYTES,
	 .doc = "Its value; \"\" removes it."},
	OPT_END,
};

static enum act variable_set_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const char *value = json_str(option, "value", "");

	/* names are shown where values are masked */
	if (flow_opt_is_secret(run, "key"))
		return flow_fail(run, "invalid_value",
				 "/option/key: holds a secret, and names of "
				 "variables are shown");

	if (flow_set(run, json_str(option, "key", ""), *value ? value : NULL,
		     flow_opts_secret(run)))
		return ACT_FAILED;

	return ACT_NEXT;
}

const struct action_type action_variable_set = {
	.name = "variable_set",
	.opts = opts,
	.start = variable_set_start,
	.doc = "Sets a variable. All variables together, names and values, "
	       "hold 64 KiB; more is the error `variables_full` and changes "
	       "nothing.",
	.example = "{\"type\": \"variable_set\", \"option\": {\"key\": "
		   "\"greeting\", \"value\": \"Hello ${call.source_name}\"}}",
};
