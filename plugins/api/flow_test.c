/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A flow without a call: POST /v1/flows/test */

#include <errno.h>

#include "api/api_priv.h"
#include "api/flows.h"
#include "api/resource.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_doc.h"
#include "flow/flow_trial.h"

enum {
	STORED_MAX = 64 /**< flows that one test may fetch */
};

static const struct opt test_opts[] = {
	{.name = "flow",
	 .type = OPT_OBJECT,
	 .sub = flows_members,
	 .doc = "The flow itself, as `POST /v1/flows` takes it."},
	{.name = "flow_id",
	 .type = OPT_ID,
	 .doc = "Instead of it: a stored one."},
	FLOW_TRIAL_OPTS,
	OPT_END,
};

/** What fetch_flow found: read once, so that a test sees one version and its
 * work is bounded
 */
struct stored {
	struct req *req;
	GHashTable *docs; /**< id -> struct flow_doc */
};

static void unref_doc(gpointer doc)
{
	obj_unref(doc);
}

static int find_stored(void *arg, const char *id, struct flow_doc **docp)
{
	struct stored *stored = arg;
	struct flow_doc *doc = NULL;
	int err;

	if (g_hash_table_lookup_extended(stored->docs, id, NULL,
					 (gpointer *)&doc)) {
		*docp = obj_ref(doc);
		return doc ? 0 : ENOENT;
	}
	if (g_hash_table_size(stored->docs) == STORED_MAX)
		return ENOENT;

	err = flows_load(stored->req, id, &doc);
	g_hash_table_insert(stored->docs, g_strdup(id), doc);
	*docp = obj_ref(doc);

	return err;
}

/* Faults of the flow lie in the body's `flow` */
static json_t *refuse_flow(const struct opt_faults *faults)
{
	struct opt_faults moved = {0};
	json_t *fault, *reply;
	char ptr[512];
	size_t i;

	json_array_foreach(faults->list, i, fault)
	{
		g_snprintf(ptr, sizeof(ptr), "/flow%s",
			   json_str(fault, "pointer", ""));
		opt_fault(&moved, ptr, "%s", json_str(fault, "message", ""));
	}
	reply = api_invalid(API_ERR_flow_invalid, &moved);

	return reply;
}

/* The flow of the body, or the stored one.
 * @return NULL, or the error to answer */
static json_t *take_flow(struct req *req, const json_t *in,
			 struct flow_doc **docp)
{
	const json_t *flow = json_object_get(req->body, "flow");
	const char *id = json_str(in, "flow_id", NULL);
	struct opt_faults faults = {0};
	json_t *reply = NULL;
	int err;

	if (!flow == !id)
		return api_fault("/flow", "either this or flow_id must be "
					  "given");
	if (id) {
		err = flows_load(req, id, docp);
		if (err)
			return api_error(err == ENOENT ? API_ERR_flow_not_found
						       : API_ERR_unavailable,
					 NULL);
		return NULL;
	}

	if (flow_doc_alloc(docp, flow, &faults))
		reply = refuse_flow(&faults);
	json_decref(faults.list);

	return reply;
}

static json_t *try_flow(struct req *req, const json_t *in, struct flow_doc *doc)
{
	struct stored stored = {.req = req};
	const struct flow_trial_params prm = {
		.doc = doc,
		.flow_id = json_str(in, "flow_id", NULL),
		.in = in,
		.now_ms = clock_wall_ms(clock_system()),
		.flow = find_stored,
		.arg = &stored,
	};
	struct opt_faults faults = {0};
	json_t *out = NULL, *reply;

	stored.docs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    unref_doc);
	if (flow_trial_run(&out, &prm, &faults))
		reply = api_invalid(API_ERR_invalid, &faults);
	else
		reply = api_ok(out);
	g_hash_table_destroy(stored.docs);

	return reply;
}

static json_t *test(struct req *req)
{
	struct flow_doc *doc = NULL;
	json_t *in = NULL, *reply;

	reply = res_input(req, &in);
	if (!reply)
		reply = take_flow(req, in, &doc);
	if (!reply)
		reply = try_flow(req, in, doc);
	obj_unref(doc);
	json_decref(in);

	return reply;
}

static const enum api_err errors[] = {API_ERR_flow_invalid,
				      API_ERR_flow_not_found, API_OK};

const struct verb api_verb_flows_test = {
	.summary = "Try a flow without a call",
	.about = "It runs on a clock of its own, in no time: the script says "
		 "what happens and when. The answer has every step, the "
		 "variables and the end.",
	.body = test_opts,
	.reply = flow_trial_reply_opts,
	.reply_name = "FlowTrial",
	.errors = errors,
	.read = test,
};
