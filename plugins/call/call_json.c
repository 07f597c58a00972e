/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The call as its GET shows it: as text, since it is written at every step
 * and read now and then */

#include <string.h>

#include "call/call_priv.h"
#include "common/jsonw.h"
#include "host/log.h"
#include "media/media.h"

enum {
	HANGUP_SIZE = 160,
};

const char *call_opt_id(const char *id)
{
	return *id ? id : NULL;
}

static void put_address(GString *out, const char *key,
			const struct call_address *addr)
{
	jsonw_open(out, key, '{');
	jsonw_str(out, "type", addr->type);
	jsonw_str(out, "target", addr->target);
	jsonw_str(out, "name", addr->name);
	jsonw_close(out, '}');
}

static void put_int_or_null(GString *out, const char *key, int64_t n)
{
	if (n)
		jsonw_int(out, key, n);
	else
		jsonw_null(out, key);
}

static void put_hangup(GString *out, const char *key,
		       const struct call_end *end)
{
	jsonw_open(out, key, '{');
	jsonw_str(out, "by", hangup_by_name(end->by));
	jsonw_str(out, "reason", hangup_reason_name(end->reason));
	jsonw_str(out, "code", end->code);
	put_int_or_null(out, "sip_code", end->sip_code);
	jsonw_str(out, "sip_reason", *end->sip_reason ? end->sip_reason : NULL);
	jsonw_close(out, '}');
}

json_t *call_hangup_json(const struct call_end *end)
{
	GString *text = g_string_sized_new(HANGUP_SIZE);
	json_t *out;

	put_hangup(text, NULL, end);
	out = json_loads(text->str, 0, NULL);
	g_string_free(text, TRUE);

	return out;
}

void call_put_step(GString *out, const char *key, const struct flow_step *step)
{
	jsonw_open(out, key, '{');
	jsonw_str(out, "id", step->id);
	jsonw_str(out, "type", step->type);
	jsonw_int(out, "index", (int64_t)step->index);
	if (step->flow_id)
		jsonw_str(out, "flow_id", step->flow_id);
	if (step->patched)
		jsonw_bool(out, "patched", true);
	jsonw_close(out, '}');
}

static void put_action(GString *out, const struct call *call)
{
	struct flow_step step;

	if (call->run && flow_run_step(call->run, &step))
		call_put_step(out, "action", &step);
	else
		jsonw_null(out, "action");
}

static void put_attempts(GString *out, const struct call *call)
{
	unsigned i;

	jsonw_open(out, "attempts", '[');
	for (i = 0; i < call->attempts->len; ++i) {
		const struct call_attempt *att = call->attempts->pdata[i];

		jsonw_open(out, NULL, '{');
		jsonw_str(out, "trunk_id", call_opt_id(att->trunk_id));
		jsonw_str(out, "host",
			  call->outgoing ? att->host : call->remote);
		put_int_or_null(out, "sip_code", att->sip_code);
		jsonw_time(out, "at", att->at.wall_ms);
		jsonw_close(out, '}');
	}
	jsonw_close(out, ']');
}

/* What the leg said of it, and how it was when we last looked */
static void put_media(GString *out, const struct call *call)
{
	jsonw_text(out, "media", call->media);
	if (!call->media || !call->quality)
		return;

	g_string_truncate(out, out->len - 1); /* into that object */
	jsonw_text(out, "quality", call->quality);
	jsonw_close(out, '}');
}

/* Durations come from the clock that never jumps */
static int64_t between(const struct call_time *from, const struct call_time *to)
{
	if (!from->wall_ms || !to->wall_ms)
		return 0;

	return to->mono_ms - from->mono_ms;
}

static void put_times(GString *out, const struct call *call)
{
	const struct call_time *rung =
		call->answered.wall_ms ? &call->answered : &call->ended;

	jsonw_time(out, "created_at", call->created.wall_ms);
	jsonw_time(out, "ringing_at", call->ringing.wall_ms);
	jsonw_time(out, "answered_at", call->answered.wall_ms);
	jsonw_time(out, "ended_at", call->ended.wall_ms);
	jsonw_int(out, "ring_ms", between(&call->ringing, rung));
	jsonw_int(out, "duration_ms", between(&call->answered, &call->ended));
}

static void put_children(GString *out, const struct call *call)
{
	unsigned i;

	jsonw_open(out, "child_call_ids", '[');
	for (i = 0;
	     call->children && i < call->children->len && i < CALL_CHILDREN_MAX;
	     ++i)
		jsonw_str(out, NULL, call->children->pdata[i]);
	jsonw_close(out, ']');
}

/* What other features will fill in is shown from the start, so that the shape
 * of a call does not change */
static void put_relations(GString *out, const struct call *call)
{
	jsonw_str(out, "flow_id", call_opt_id(call->flow_id));
	put_action(out, call);
	jsonw_str(out, "number_id", call_opt_id(call->number_id));
	jsonw_str(out, "trunk_id", call_opt_id(call->trunk_id));
	jsonw_str(out, "parent_call_id", call_opt_id(call->parent_id));
	put_children(out, call);
	jsonw_str(out, "peer_call_id", call_opt_id(call->peer_id));
	jsonw_null(out, "conference_id");
	call_recordings_put(out, "recording_ids", call);
}

static void put_pair(GString *out, const char *key, const char *a, bool is_a,
		     const char *b, bool is_b)
{
	jsonw_open(out, key, '{');
	jsonw_bool(out, a, is_a);
	jsonw_bool(out, b, is_b);
	jsonw_close(out, '}');
}

void call_put(GString *out, const struct call *call)
{
	jsonw_open(out, NULL, '{');
	jsonw_str(out, "id", call->id);
	jsonw_str(out, "account_id", call->account_id);
	jsonw_str(out, "node_id", call->table->env.events->node_id);
	jsonw_str(out, "direction", call->outgoing ? "outgoing" : "incoming");
	jsonw_str(out, "status", call_state_name(call->state));
	put_address(out, "source", &call->source);
	put_address(out, "destination", &call->destination);
	jsonw_str(out, "endpoint", call->endpoint);
	put_relations(out, call);
	jsonw_text(out, "sip", call->sip);
	put_attempts(out, call);
	put_media(out, call);
	put_pair(out, "held", "by_us", call->held_by_us, "by_party",
		 call->held_by_party);
	put_pair(out, "muted", "in", call->muted_in, "out", call->muted_out);
	jsonw_json(out, "notes", call->notes_text);
	if (call->state == CALL_ENDED)
		put_hangup(out, "hangup", &call->end);
	else
		jsonw_null(out, "hangup");
	put_times(out, call);
	jsonw_close(out, '}');
}

void call_put_variables(GString *out, const struct call *call, size_t max)
{
	bool truncated = false;
	json_t *vars;

	g_string_truncate(out, out->len - 1); /* into the call's object */
	if (!flow_vars_bytes(call->vars)) {
		jsonw_text(out, "variables", "{}");
	} else {
		vars = flow_vars_json(call->vars, max, &truncated);
		jsonw_json(out, "variables", vars);
		json_decref(vars);
	}
	if (truncated)
		jsonw_bool(out, "truncated", true);
	jsonw_close(out, '}');
}

json_t *call_json(const struct call *call)
{
	GString *text = g_string_sized_new(CALL_TEXT_SIZE);
	json_t *out;

	call_put(text, call);
	call_put_variables(text, call, FLOW_VARS_MAX_BYTES);
	out = json_loads(text->str, 0, NULL);
	if (!out) {
		log_error("call %s: its document is no JSON", call->id);
		out = json_object();
	}
	g_string_free(text, TRUE);

	return out;
}
