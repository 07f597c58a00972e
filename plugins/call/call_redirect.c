/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Changes of what a call is about: another flow, other facts */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/obj.h"
#include "common/str.h"

/* What its flow holds is given back, and the flow is gone */
static void stop_flow(struct call *call)
{
	timer_cancel(call->table->env.timers, &call->start_timer);
	if (call->run)
		flow_run_cancel(call->run);
	call_connect_cancel(call);
	if (call->play.id && call->play.by == CALL_PLAY_FLOW)
		call_play_stop(call);
	call->run = obj_unref(call->run);
}

/* Whom it talks with stays behind */
static void leave_peer(struct call *call, enum call_peer_fate fate)
{
	static const struct leg_end end = {.by = HANGUP_BY_LOCAL,
					   .reason = HANGUP_NORMAL};
	struct call *peer = call_bridge_peer(call);
	char line[CALL_NOTE_SIZE];

	if (peer)
		call_turn_begin(peer);
	call_bridge_close(call);
	call_connect_leave(call);
	if (!peer)
		return;

	call_connect_leave(peer);
	g_snprintf(line, sizeof(line), "call %s: was redirected", call->id);
	call_note_as(peer, CALL_NOTE_CONNECT, line);
	if (fate == CALL_PEER_HANGUP) {
		call_end(peer, &end);
	} else {
		stop_flow(peer);
		(void)call_hold(peer, true);
	}
	call_turn_end(peer);
}

int call_verb_redirect(struct call *call, struct flow_doc *doc,
		       const char *flow_id, enum call_peer_fate peer,
		       const char **whyp)
{
	if (call->state == CALL_ENDED)
		return EALREADY;
	if (call->wanted_by && call->state != CALL_ANSWERED) {
		*whyp = "the call rings for another one";
		return EPROTO;
	}

	call_turn_begin(call);
	leave_peer(call, peer);
	stop_flow(call);
	obj_unref(call->doc);
	call->doc = obj_ref(doc);
	str_copy(call->flow_id, ID_SIZE, flow_id ? flow_id : "");
	/* whoever waits on hold is taken back */
	if (call->held_by_us)
		(void)call_hold(call, false);
	call_save(call);
	if (!call->outgoing || call->state == CALL_ANSWERED ||
	    (call->early_execution && call->state == CALL_RINGING))
		call_flow_start_soon(call);
	call_turn_end(call);

	return 0;
}

/* Would all of them have room? */
static bool fits(const struct call *call, const json_t *variables)
{
	size_t bytes = flow_vars_bytes(call->vars);
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)variables, name, value)
	{
		const char *old = flow_vars_get(call->vars, name, NULL);

		if (old)
			bytes -= strlen(name) + strlen(old);
		if (json_is_string(value))
			bytes += strlen(name) + json_string_length(value);
	}

	return bytes <= FLOW_VARS_MAX_BYTES;
}

static void set_variables(struct call *call, const json_t *variables)
{
	const char *name;
	json_t *value;

	/* what is taken away makes room */
	json_object_foreach((json_t *)variables, name, value)
	{
		if (json_is_null(value))
			flow_vars_unset(call->vars, name);
	}
	json_object_foreach((json_t *)variables, name, value)
	{
		if (json_is_string(value))
			(void)flow_vars_set(call->vars, name,
					    json_string_value(value), false);
	}
}

int call_verb_patch(struct call *call, const json_t *variables,
		    const json_t *notes, unsigned max_duration_s,
		    const char **whyp)
{
	if (call->state == CALL_ENDED)
		return EALREADY;
	if (!fits(call, variables)) {
		*whyp = "variables hold at most 64 KiB in all";
		return EINVAL;
	}

	call_turn_begin(call);
	set_variables(call, variables);
	if (notes) {
		json_decref(call->notes_text);
		call->notes_text =
			json_is_null(notes) ? NULL : json_deep_copy(notes);
	}
	if (max_duration_s) {
		call->max_duration_s = max_duration_s;
		if (call->state == CALL_ANSWERED)
			call_timers_answered(call);
	}
	call_save(call);
	call_turn_end(call);

	return 0;
}
