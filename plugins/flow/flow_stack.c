/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Flows that run in each other: fetch_flow, patch, and what comes when a patch
 * fails */

#include <errno.h>

#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_run_priv.h"

static enum act fail_depth(struct flow_run *run)
{
	return flow_fail(run, "flow_too_deep",
			 "%d flows run in each other already", FLOW_DEPTH_MAX);
}

/* The running flow waits for this one; the reference is taken over */
static enum act push(struct flow_run *run, struct flow_doc *doc)
{
	struct flow_frame *frame;

	if (!run->stack)
		run->stack = g_new0(struct flow_frame, FLOW_DEPTH_MAX);
	frame = &run->stack[run->depth++];
	frame->doc = run->doc;
	frame->at = run->at;
	frame->counters = run->counters;
	frame->patched = run->patched;
	str_copy(frame->flow_id, sizeof(frame->flow_id), run->flow_id);

	run->doc = doc;
	run->counters = NULL;
	run->at = FLOW_OVER; /* until the jump: nothing of it runs */
	run->jump = doc->nmain ? 0 : FLOW_OVER;

	return ACT_JUMP;
}

enum act flow_enter(struct flow_run *run, const char *flow_id)
{
	struct flow_doc *doc = NULL;
	int err = ENOENT;

	if (run->depth == FLOW_DEPTH_MAX)
		return fail_depth(run);
	if (run->host->flow)
		err = run->host->flow(run->arg, flow_id, &doc);
	if (err)
		return flow_fail(run, "flow_not_found",
				 "there is no flow \"%.40s\"",
				 run->opts_secret ? FLOW_VAR_MASK : flow_id);

	push(run, doc);
	str_copy(run->flow_id, sizeof(run->flow_id), flow_id);
	run->patched = false;

	return ACT_JUMP;
}

/* Nothing of it is left to run: a server that leads a call from patch to patch
 * may do so for hours */
static bool is_spent(const struct flow_run *run)
{
	return run->doc->actions[run->at].next == FLOW_OVER &&
	       run->doc->nactions == run->doc->nmain;
}

enum act flow_enter_doc(struct flow_run *run, struct flow_doc *doc)
{
	if (is_spent(run)) {
		g_free(run->counters);
		obj_unref(run->doc);
		run->doc = doc;
		run->counters = NULL;
		run->opts = NULL; /* were the document's */
		run->at = FLOW_OVER;
		run->jump = doc->nmain ? 0 : FLOW_OVER;
	} else if (run->depth == FLOW_DEPTH_MAX) {
		obj_unref(doc);
		return fail_depth(run);
	} else {
		push(run, doc);
	}
	str_copy(run->flow_id, sizeof(run->flow_id), "");
	run->patched = true;

	return ACT_JUMP;
}

/* The running flow makes way for the one that waits for it */
static void drop(struct flow_run *run)
{
	const struct flow_frame *frame = &run->stack[--run->depth];

	g_free(run->counters);
	obj_unref(run->doc);
	run->opts = NULL; /* were the document's */
	run->doc = frame->doc;
	run->counters = frame->counters;
	run->patched = frame->patched;
	str_copy(run->flow_id, sizeof(run->flow_id), frame->flow_id);
	run->at = frame->at;
}

static void pop(struct flow_run *run)
{
	drop(run);
	run->at = run->doc->actions[run->at].next;
}

bool flow_run_fall_back(struct flow_run *run)
{
	/* fallback actions that break do not lead to themselves */
	while (run->doc->nactions == run->doc->nmain ||
	       run->at >= run->doc->nmain) {
		if (!run->depth)
			return false;
		drop(run);
	}
	run->at = run->doc->nmain;

	return true;
}

bool flow_run_leave(struct flow_run *run)
{
	while (run->at == FLOW_OVER && run->depth)
		pop(run);

	return run->at != FLOW_OVER;
}

bool flow_run_may_be_sensitive(const struct flow_run *run)
{
	size_t i;

	for (i = 0; i < run->depth; ++i)
		if (run->stack[i].doc->sensitive)
			return true;

	return run->doc->sensitive;
}

void flow_run_drop_flows(struct flow_run *run)
{
	while (run->depth)
		pop(run);
	g_free(run->counters);
	g_free(run->stack);
	obj_unref(run->doc);
}
