/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "actions/actions.h"
#include "actions/addresses.h"
#include "common/json.h"
#include "common/str.h"
#include "flow/flow_doc.h"

static const struct opt opts[] = {
	ADDRESSES_OPT_SOURCE,
	ADDRESSES_OPT_DESTINATIONS("Whom to call, each by a call of its own"),
	{.name = "flow_id",
	 .type = OPT_ID,
	 .doc = "The flow that runs when one answers; or"},
	{.name = "actions",
	 .type = OPT_ANY,
	 .format = FLOW_FORMAT_ACTIONS,
	 .doc = "the actions themselves. In them `call.*` is the new call, "
		"`parent.*` this one."},
	{.name = "chained",
	 .type = OPT_BOOL,
	 .def = "false",
	 .doc = "They end when this call does."},
	OPT_END,
};

static void call_check(const json_t *option, const char *pointer,
		       struct opt_faults *faults)
{
	addresses_check(option, pointer, faults);
}

/* Here and not in call_check(): when it runs, `actions` are not among the
 * options any more */
static void *call_keep(const json_t *option, const char *pointer,
		       struct opt_faults *faults)
{
	const bool flow = json_object_get(option, "flow_id");
	const bool actions = json_object_get(option, "actions");

	if (flow == actions)
		opt_fault(faults, pointer,
			  "must have either `flow_id` or `actions`");

	return flow_doc_keep(option, "actions", pointer, faults);
}

/* "id,id" */
static char *join(const json_t *ids)
{
	GString *out = g_string_new(NULL);
	json_t *id;
	size_t i;

	json_array_foreach(ids, i, id) g_string_append_printf(
		out, "%s%s", i ? "," : "", json_string_value(id));

	return g_string_free(out, FALSE);
}

static enum act call_start(struct flow_run *run)
{
	const json_t *o = flow_opts(run);
	json_t *source = addresses_source(o);
	json_t *destinations = addresses_destinations(o), *ids = NULL;
	const struct flow_call prm = {
		.source = source,
		.destinations = destinations,
		.flow_id = json_str(o, "flow_id", NULL),
		.doc = flow_kept(run),
		.chained = json_flag(o, "chained", false),
	};
	const char *code = NULL;
	char *text;
	int err = ENOTSUP;

	if (flow_host(run)->call)
		err = flow_host(run)->call(flow_host_arg(run), &prm, &ids,
					   &code);
	json_decref(source);
	json_decref(destinations);
	if (err)
		return flow_fail(run, code ? code : "call_failed", "%s",
				 strerror(err));

	text = join(ids);
	err = flow_set(run, "calls.ids", text, false);
	g_free(text);
	json_decref(ids);

	return err ? ACT_FAILED : ACT_NEXT;
}

const struct action_type action_call = {
	.name = "call",
	.opts = opts,
	.check = call_check,
	.keep = call_keep,
	.drop = flow_doc_drop,
	.start = call_start,
	.doc = "Starts calls that go their own way, and goes on with the next "
	       "action at once. What can break: `flow_not_found`, "
	       "`call_failed`, or a code that says more.",
	.sets = "`calls.ids`, the new calls' ids, separated by commas",
	.example = "{\"type\": \"call\", \"option\": {\"destinations\": "
		   "[\"extension:1001@acme.test\"], \"actions\": [{\"type\": "
		   "\"talk\", "
		   "\"option\": {\"text\": \"Somebody rang: "
		   "${parent.source}\"}}]}}",
};
