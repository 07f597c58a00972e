/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Outgoing calls, from the wish to the queue; and calls that are refused */

#include "call/call_priv.h"

#include <string.h>

#include "common/obj.h"
#include "host/log.h"

static const struct leg_end refusals[] = {
	[CALL_TAKEN] = {.reason = HANGUP_NORMAL},
	[CALL_REFUSED_ACCOUNT] = {.reason = HANGUP_REJECTED,
				  .code = "account_suspended",
				  .sip_code = 403},
	[CALL_REFUSED_LIMIT] = {.reason = HANGUP_BUSY,
				.code = "limit",
				.sip_code = 486},
	[CALL_REFUSED_PLATFORM] = {.reason = HANGUP_FAILED,
				   .code = "limit",
				   .sip_code = 503},
	[CALL_REFUSED_FLOW] = {.reason = HANGUP_FAILED,
			       .code = "no_flow",
			       .sip_code = 404},
};

/* Which limit it was no other field says */
static void note_limit(struct call *call)
{
	char line[CALL_NOTE_SIZE];

	g_snprintf(line, sizeof(line), "refused: %s is reached", call->over);
	call_note_as(call, CALL_NOTE_STATE, line);
}

void call_refuse(struct call *call, enum call_refusal refusal)
{
	struct leg_end end = refusals[refusal];

	++call->table->stats.refused;
	if (!call_limits_may_record(call))
		return;

	end.by = HANGUP_BY_SYSTEM;
	log_info("call %s: refused, %s%s%s", call->id, end.code,
		 call->over ? ": " : "", call->over ? call->over : "");
	if (call->over)
		note_limit(call);
	call_turn_begin(call);
	call_write(call, EVENT_CALL_CREATED);
	call_end(call, &end);
	call_turn_end(call);
}

/* Both know each other */
static void add_child(struct call *call)
{
	struct call *parent = NULL;

	if (*call->parent_id)
		parent = call_find(call->table, call->parent_id);
	if (!parent)
		return;
	if (!parent->children)
		parent->children = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(parent->children, g_strdup(call->id));
}

enum call_refusal call_create_call(struct call_table *table,
				   const struct call_origin *origin,
				   struct call **callp)
{
	struct call *call = call_new_outgoing(table, origin);
	const enum call_refusal refusal = call_limits_take(call);

	/* whoever asked is told: it is no record */
	if (refusal != CALL_TAKEN) {
		++table->stats.refused;
		obj_unref(call);
		return refusal;
	}

	call_turn_begin(call);
	call_table_add(table, call);
	add_child(call);
	++table->stats.created;
	log_debug("call %s: outgoing, %s:%s -> %s:%s, trunk %s, flow %s",
		  call->id, call->source.type, call->source.target,
		  call->destination.type, call->destination.target,
		  *call->trunk_id ? call->trunk_id : "-",
		  *call->flow_id ? call->flow_id : "-");
	call_write(call, EVENT_CALL_CREATED);
	g_free(call->request_id); /* what comes is not caused by it alone */
	call->request_id = NULL;
	call_queue_add(call);
	call_turn_end(call);
	*callp = call;

	return CALL_TAKEN;
}

enum call_refusal call_create(struct call_table *table,
			      const struct call_origin *origin,
			      char id[ID_SIZE])
{
	struct call *call = NULL;
	const enum call_refusal refusal =
		call_create_call(table, origin, &call);

	if (refusal == CALL_TAKEN)
		memcpy(id, call->id, ID_SIZE);

	return refusal;
}

void call_children_end(struct call *call)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_NORMAL,
		.code = "parent_ended",
	};
	unsigned i;

	for (i = 0; call->children && i < call->children->len; ++i) {
		struct call *child =
			call_find(call->table, call->children->pdata[i]);

		if (child && child->chained)
			call_end(child, &end);
	}
}
