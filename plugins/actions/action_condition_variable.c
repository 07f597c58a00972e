/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <glib.h>
#include <string.h>

#include "actions/actions.h"
#include "common/json.h"
#include "common/str.h"

/* A pattern comes from a customer and runs on the loop: its work is bounded.
 * The lower limit counts when the pattern names one too. */
#define MATCH_LIMIT "(*LIMIT_MATCH=20000)(*LIMIT_DEPTH=2000)"

static const char *const conditions[] = {"==", "!=",      "<",      "<=", ">",
					 ">=", "matches", "exists", NULL};

static const struct opt opts[] = {
	{.name = "variable",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = FLOW_VAR_NAME_MAX,
	 .check = action_check_variable,
	 .doc = "Bare name of the variable."},
	{.name = "condition",
	 .type = OPT_STRING,
	 .values = conditions,
	 .def = "\"==\"",
	 .doc = "How it is compared; `matches` a regular expression (Perl's) "
		"anywhere in the value, `exists` looks at no value."},
	{.name = "value",
	 .type = OPT_STRING,
	 .min = 0,
	 .max = ACTION_TEXT_MAX,
	 .def = "\"\"",
	 .doc = "With what."},
	{.name = "false_target_id",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 128,
	 .format = FLOW_FORMAT_TARGET,
	 .doc = "The action to go to when it is not so."},
	OPT_END,
};

static GRegex *compile(const char *pattern, GError **errorp)
{
	char *bounded = g_strconcat(MATCH_LIMIT, pattern, NULL);
	GRegex *regex = g_regex_new(bounded, 0, 0, errorp);

	g_free(bounded);

	return regex;
}

static void condition_check(const json_t *option, const char *pointer,
			    struct opt_faults *faults)
{
	const char *value = json_str(option, "value", "");
	GError *error = NULL;
	GRegex *regex;
	char ptr[256];

	action_need_bare(option, "variable", pointer, faults);
	if (!str_eq(json_str(option, "condition", ""), "matches") ||
	    strstr(value, "${"))
		return;

	regex = compile(value, &error);
	if (regex) {
		g_regex_unref(regex);
		return;
	}
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), "value");
	opt_fault(faults, ptr, "not a regular expression");
	g_error_free(error);
}

/* Numbers compare as numbers when both sides are, else texts by bytes */
static int compare(const char *a, const char *b)
{
	double x, y;

	if (str_to_num(a, &x) || str_to_num(b, &y))
		return strcmp(a, b);

	return (x > y) - (x < y);
}

static bool is_true(const char *condition, int order)
{
	if (str_eq(condition, "=="))
		return order == 0;
	if (str_eq(condition, "!="))
		return order != 0;
	if (str_eq(condition, "<"))
		return order < 0;
	if (str_eq(condition, "<="))
		return order <= 0;
	if (str_eq(condition, ">"))
		return order > 0;

	return order >= 0;
}

/* @return 0 or 1, or -1: flow_fail() was called */
static int matches(struct flow_run *run, const char *text, const char *pattern)
{
	GRegex *regex = compile(pattern, NULL);
	GError *error = NULL;
	bool found = false;

	if (regex)
		found = g_regex_match_full(regex, text, -1, 0, 0, NULL, &error);
	if (!regex || error)
		flow_fail(run, "invalid_value",
			  regex ? "/option/value: too much work to match"
				: "/option/value: not a regular expression");
	if (regex)
		g_regex_unref(regex);
	if (!regex || error) {
		g_clear_error(&error);
		return -1;
	}

	return found;
}

static enum act condition_start(struct flow_run *run)
{
	const json_t *option = flow_opts(run);
	const char *condition = json_str(option, "condition", "==");
	const char *value = json_str(option, "value", "");
	char *own = flow_get(run, json_str(option, "variable", ""));
	int truth;

	if (str_eq(condition, "exists"))
		truth = own != NULL;
	else if (str_eq(condition, "matches"))
		truth = matches(run, own ? own : "", value);
	else
		truth = is_true(condition, compare(own ? own : "", value));
	g_free(own);

	if (truth < 0)
		return ACT_FAILED;
	if (truth)
		return ACT_NEXT;

	return flow_jump(run, json_str(option, "false_target_id", ""));
}

const struct action_type action_condition_variable = {
	.name = "condition_variable",
	.opts = opts,
	.check = condition_check,
	.start = condition_start,
	.doc = "Goes on with the next action when the condition holds, else "
	       "to another. Numbers compare as numbers when both sides are. "
	       "A variable that is not set counts as \"\".",
	.example = "{\"type\": \"condition_variable\", \"option\": "
		   "{\"variable\": \"digits\", \"condition\": \">=\", "
		   "\"value\": \"100\", \"false_target_id\": \"again\"}}",
};
