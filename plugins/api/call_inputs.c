/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What several verbs of calls take, checked */

#include <errno.h>

#include "api/calls.h"
#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/directory.h"
#include "flow/flow_doc.h"
#include "flow/flow_vars.h"
#include "store/store.h"

void calls_check_program(const json_t *body, struct flow_doc **docp,
			 struct opt_faults *faults)
{
	json_t *actions = json_object_get(body, "actions");
	json_t *doc;

	if (!actions == !json_object_get(body, "flow_id"))
		opt_fault(faults, "/flow_id",
			  "either this or \"actions\" must be given");
	/* what is no array is the table's to tell */
	if (!json_is_array(actions))
		return;

	doc = json_object();
	json_object_set(doc, "actions", actions);
	(void)flow_doc_alloc(docp, doc, faults);
	json_decref(doc);
}

static const char *wrong_variable(struct flow_vars *vars, const char *name,
				  const json_t *value)
{
	const char *text = json_string_value(value);
	const char *why = leg_variable_fault(name);

	if (why)
		return why;

	return text && flow_vars_set(vars, name, text, false)
		       ? "variables hold at most 64 KiB in all"
		       : NULL;
}

void calls_check_variables(const json_t *variables, struct opt_faults *faults)
{
	struct flow_vars *vars = NULL;
	const char *name, *why;
	json_t *value;
	char ptr[256];

	flow_vars_alloc(&vars);
	json_object_foreach((json_t *)variables, name, value)
	{
		why = wrong_variable(vars, name, value);
		if (!why)
			continue;
		str_copy(ptr, sizeof(ptr), "/variables");
		json_pointer_add(ptr, sizeof(ptr), name);
		opt_fault(faults, ptr, "%s", why);
	}
	obj_unref(vars);
}

struct call *calls_find(const struct job *job)
{
	struct call_table *table = job->api->env.calls;
	struct call *call = table ? call_find(table, job->id) : NULL;

	return call && str_eq(call_account_id(call), job->account_id) ? call
								      : NULL;
}

json_t *calls_shown(const struct call *call)
{
	json_t *doc = call_json(call), *copy = json_deep_copy(doc);

	json_decref(doc);

	return copy;
}

json_t *calls_find_flow(const struct job *job, const char *flow_id,
			struct flow_doc **docp)
{
	const struct dir_flow *flow =
		directory_flow(job->api->env.dir, flow_id);

	if (!flow || !flow->doc || !str_eq(flow->account_id, job->account_id))
		return api_fault("/flow_id", "no such flow");
	*docp = obj_ref(flow->doc);

	return NULL;
}

static void settled(void *arg, int err, const char *why) /* Thread: loop */
{
	(void)err;
	(void)why;
	job_again(arg);
}

void calls_settle(struct job *job)
{
	store_commit(job->api->env.store, store_tx_new(), settled, job);
}
