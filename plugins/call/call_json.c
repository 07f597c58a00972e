/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The call as its GET shows it */

#include "call/call_priv.h"
#include "common/json.h"
#include "media/media.h"

const char *call_opt_id(const char *id)
{
	return *id ? id : NULL;
}

static json_t *address_json(const struct call_address *addr)
{
	json_t *out = json_object();

	json_set_str(out, "type", addr->type);
	json_set_str(out, "target", addr->target);
	json_set_str(out, "name", addr->name);

	return out;
}

static json_t *int_or_null(int64_t n)
{
	return n ? json_integer(n) : json_null();
}

json_t *call_hangup_json(const struct call_end *end)
{
	json_t *out = json_object();

	json_set_str(out, "by", hangup_by_name(end->by));
	json_set_str(out, "reason", hangup_reason_name(end->reason));
	json_set_str(out, "code", end->code);
	json_object_set_new(out, "sip_code", int_or_null(end->sip_code));
	json_set_str(out, "sip_reason",
		     *end->sip_reason ? end->sip_reason : NULL);

	return out;
}

json_t *call_step_json(const struct flow_step *step)
{
	json_t *out = json_object();

	json_set_str(out, "id", step->id);
	json_set_str(out, "type", step->type);
	json_object_set_new(out, "index", json_integer((int64_t)step->index));

	return out;
}

static json_t *action_json(const struct call *call)
{
	struct flow_step step;

	if (!call->run || !flow_run_step(call->run, &step))
		return json_null();

	return call_step_json(&step);
}

/* A number with so many digits behind the point as people read */
static json_t *rounded(double x, double steps)
{
	return json_real((double)(int64_t)(x * steps + 0.5) / steps);
}

static json_t *direction_json(const struct media_quality *quality)
{
	json_t *out = json_object();

	json_object_set_new(out, "mos",
			    quality->mos > 0 ? rounded(quality->mos, 100)
					     : json_null());
	json_object_set_new(out, "loss", rounded(quality->loss, 10000));
	json_object_set_new(out, "jitter_ms", json_integer(quality->jitter_ms));
	json_object_set_new(out, "rtt_ms", json_integer(quality->rtt_ms));

	return out;
}

json_t *call_quality_json(const struct media_stats *stats)
{
	json_t *out = json_object();

	json_object_set_new(out, "in", direction_json(&stats->in));
	json_object_set_new(out, "out", direction_json(&stats->out));
	json_object_set_new(out, "rx_packets",
			    json_integer((int64_t)stats->rx_packets));
	json_object_set_new(out, "rx_lost",
			    json_integer((int64_t)stats->rx_lost));
	json_object_set_new(out, "tx_packets",
			    json_integer((int64_t)stats->tx_packets));

	return out;
}

static json_t *attempts_json(const struct call *call)
{
	json_t *out = json_array();
	const char *remote = json_str(call->sip, "remote", NULL);
	unsigned i;

	for (i = 0; i < call->attempts->len; ++i) {
		const struct call_attempt *att = call->attempts->pdata[i];
		json_t *item = json_object();

		json_set_str(item, "trunk_id", call_opt_id(att->trunk_id));
		json_set_str(item, "host", remote);
		json_object_set_new(item, "sip_code",
				    int_or_null(att->sip_code));
		json_set_time(item, "at", att->at.wall_ms);
		json_array_append_new(out, item);
	}

	return out;
}

/* Durations come from the clock that never jumps */
static json_t *between(const struct call_time *from, const struct call_time *to)
{
	if (!from->wall_ms || !to->wall_ms)
		return json_integer(0);

	return json_integer(to->mono_ms - from->mono_ms);
}

static void add_times(const struct call *call, json_t *out)
{
	const struct call_time *rung =
		call->answered.wall_ms ? &call->answered : &call->ended;

	json_set_time(out, "created_at", call->created.wall_ms);
	json_set_time(out, "ringing_at", call->ringing.wall_ms);
	json_set_time(out, "answered_at", call->answered.wall_ms);
	json_set_time(out, "ended_at", call->ended.wall_ms);
	json_object_set_new(out, "ring_ms", between(&call->ringing, rung));
	json_object_set_new(out, "duration_ms",
			    between(&call->answered, &call->ended));
}

/* What other features will fill in; shown from the start, so that the shape
 * of a call does not change */
static void add_relations(const struct call *call, json_t *out)
{
	json_set_str(out, "flow_id", call_opt_id(call->flow_id));
	json_object_set_new(out, "action", action_json(call));
	json_set_str(out, "number_id", call_opt_id(call->number_id));
	json_set_str(out, "trunk_id", call_opt_id(call->trunk_id));
	json_set_str(out, "parent_call_id", NULL);
	json_object_set_new(out, "child_call_ids", json_array());
	json_set_str(out, "peer_call_id", NULL);
	json_set_str(out, "conference_id", NULL);
	json_object_set_new(out, "recording_ids", json_array());
}

/* The leg's own object may be shared between documents: nobody changes it */
static json_t *shared(json_t *j)
{
	return j ? json_incref(j) : json_null();
}

json_t *call_json_bare(const struct call *call)
{
	json_t *out = json_object();

	json_set_str(out, "id", call->id);
	json_set_str(out, "account_id", call->account_id);
	json_set_str(out, "node_id", call->table->env.events->node_id);
	json_set_str(out, "direction",
		     call->outgoing ? "outgoing" : "incoming");
	json_set_str(out, "status", call_state_name(call->state));
	json_object_set_new(out, "source", address_json(&call->source));
	json_object_set_new(out, "destination",
			    address_json(&call->destination));
	json_set_str(out, "endpoint", call->endpoint);
	add_relations(call, out);
	json_object_set_new(out, "sip", shared(call->sip));
	json_object_set_new(out, "attempts", attempts_json(call));
	json_object_set_new(out, "media", shared(call->media));
	json_object_set_new(out, "notes", json_null());
	json_object_set_new(out, "hangup",
			    call->state == CALL_ENDED
				    ? call_hangup_json(&call->end)
				    : json_null());
	add_times(call, out);

	return out;
}

json_t *call_json(const struct call *call)
{
	json_t *out = call_json_bare(call);

	json_object_set_new(
		out, "variables",
		flow_vars_json(call->vars, FLOW_VARS_MAX_BYTES, NULL));

	return out;
}
