/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/patch_answer.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_doc.h"

enum {
	WHY_SIZE = 160,
	VARIABLES_MAX = 1000, /**< of an answer */
};

/* A value as a variable has it; NULL when it can be none */
static json_t *text_of(const json_t *value)
{
	char num[48];

	if (json_is_string(value) || json_is_null(value))
		return json_incref((json_t *)value);
	if (json_is_boolean(value))
		return json_string(json_is_true(value) ? "true" : "false");
	if (json_is_integer(value))
		g_snprintf(num, sizeof(num), "%lld",
			   (long long)json_integer_value(value));
	else if (json_is_real(value))
		g_ascii_formatd(num, sizeof(num), "%.15g",
				json_real_value(value));
	else
		return NULL;

	return json_string(num);
}

static void check_variable(json_t *out, const char *name, const json_t *value,
			   struct opt_faults *faults)
{
	json_t *text = text_of(value);
	const char *why = NULL;
	char ptr[256];

	if (!flow_var_name_is_valid(name))
		why = "is no name of a variable";
	else if (flow_var_name_is_reserved(name))
		why = "cannot be set";
	else if (!text)
		why = "must be a text, a number or a switch";
	if (!why) {
		json_object_set_new(out, name, text);
		return;
	}
	json_decref(text);
	str_copy(ptr, sizeof(ptr), "/variables");
	json_pointer_add(ptr, sizeof(ptr), name);
	opt_fault(faults, ptr, "%s", why);
}

static json_t *read_variables(const json_t *answer, struct opt_faults *faults)
{
	const json_t *in = json_object_get(answer, "variables");
	json_t *out = json_object(), *value;
	const char *name;

	if (in && !json_is_object(in) && !json_is_null(in))
		opt_fault(faults, "/variables", "must be an object");
	if (json_object_size(in) > VARIABLES_MAX) {
		opt_fault(faults, "/variables",
			  "an answer has at most %d variables", VARIABLES_MAX);
		return out;
	}
	json_object_foreach((json_t *)in, name, value)
		check_variable(out, name, value, faults);

	return out;
}

/* @return NULL when there is nothing to run, or after a fault */
static struct flow_doc *read_actions(json_t *answer, struct opt_faults *faults)
{
	json_t *list = json_object_get(answer, "actions");
	struct flow_doc *doc = NULL;
	json_t *in = json_object();

	if (json_is_array(answer))
		list = answer;
	if (list && !json_is_null(list)) {
		json_object_set(in, "actions", list);
		json_object_set(in, "fallback_actions",
				json_object_get(answer, "fallback_actions"));
		(void)flow_doc_alloc(&doc, in, faults);
	}
	json_decref(in);
	if (doc && !json_array_size(list))
		doc = obj_unref(doc);

	return doc;
}

static enum patch_result fail_invalid(struct flow_run *run,
				      const json_t *answer,
				      const struct opt_faults *faults)
{
	const json_t *first = json_array_get(faults->list, 0);
	const char *ptr = json_str(first, "pointer", "");
	const size_t n = json_array_size(faults->list);
	char count[32] = "";

	/* a list alone has no member "actions" */
	if (json_is_array(answer) && str_starts(ptr, "/actions"))
		ptr += strlen("/actions");
	if (n > 1)
		g_snprintf(count, sizeof(count), "%zu faults, ", n);
	flow_fail(run, "flow_invalid", "%s%s: %s", count, ptr,
		  json_str(first, "message", "not valid"));

	return PATCH_WRONG;
}

static enum patch_result take(struct flow_run *run, json_t *answer)
{
	struct opt_faults faults = {0};
	json_t *variables = read_variables(answer, &faults);
	struct flow_doc *doc = read_actions(answer, &faults);
	enum patch_result result = PATCH_EMPTY;

	if (json_array_size(faults.list)) {
		result = fail_invalid(run, answer, &faults);
	} else if (flow_set_all(run, variables, false)) {
		result = PATCH_FAILED;
	} else if (doc) {
		result = flow_enter_doc(run, doc) == ACT_JUMP ? PATCH_ENTERED
							      : PATCH_FAILED;
		doc = NULL;
	}
	obj_unref(doc);
	json_decref(variables);
	json_decref(faults.list);

	return result;
}

static bool is_gzip(const struct flow_http_reply *reply)
{
	return reply->body_len >= 2 && !memcmp(reply->body, "\x1f\x8b", 2);
}

enum patch_result patch_answer(struct flow_run *run,
			       const struct flow_http_reply *reply)
{
	char why[WHY_SIZE];
	json_t *answer = NULL;
	enum patch_result result;

	if (json_parse(&answer, reply->body, reply->body_len, why,
		       sizeof(why))) {
		flow_fail(run, "bad_response", "not JSON: %s",
			  is_gzip(reply) ? "it is compressed, which nobody "
					   "asked for"
					 : why);
		return PATCH_WRONG;
	}
	if (json_is_object(answer) || json_is_array(answer)) {
		result = take(run, answer);
	} else {
		flow_fail(run, "flow_invalid", "neither an object nor a list");
		result = PATCH_WRONG;
	}
	json_decref(answer);

	return result;
}
