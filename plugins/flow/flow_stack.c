/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Flows that run in each other: fetch_flow */

#include <errno.h>

#include "common/obj.h"
#include "common/str.h"
#include "flow/flow_run_priv.h"

enum act flow_enter(struct flow_run *run, const char *flow_id)
{
	struct flow_doc *doc = NULL;
	struct flow_frame *frame;
	int err = ENOENT;

	if (run->depth == FLOW_DEPTH_MAX)
		return flow_fail(run, "flow_too_deep",
				 "%d flows run in each other already",
				 FLOW_DEPTH_MAX);
	if (run->host->flow)
		err = run->host->flow(run->arg, flow_id, &doc);
	if (err)
		return flow_fail(run, "flow_not_found",
				 "there is no flow \"%.40s\"",
				 run->opts_secret ? FLOW_VAR_MASK : flow_id);

	if (!run->stack)
		run->stack = g_new0(struct flow_frame, FLOW_DEPTH_MAX);
	frame = &run->stack[run->depth++];
	frame->doc = run->doc;
	frame->at = run->at;
	frame->counters = run->counters;
	str_copy(frame->flow_id, sizeof(frame->flow_id), run->flow_id);

	run->doc = doc;
	run->counters = NULL;
	str_copy(run->flow_id, sizeof(run->flow_id), flow_id);
	run->at = FLOW_OVER; /* until the jump: nothing of it runs */
	run->jump = doc->nmain ? 0 : FLOW_OVER;

	return ACT_JUMP;
}

/* The running flow makes way for the one that waits for it */
static void pop(struct flow_run *run)
{
	const struct flow_frame *frame = &run->stack[--run->depth];

	g_free(run->counters);
	obj_unref(run->doc);
	run->opts = NULL; /* were the document's */
	run->doc = frame->doc;
	run->counters = frame->counters;
	str_copy(run->flow_id, sizeof(run->flow_id), frame->flow_id);
	run->at = run->doc->actions[frame->at].next;
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
