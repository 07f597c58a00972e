/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every call ends: ring timeout, then maximum duration */

#include "call/call_priv.h"
#include "media/media.h"

static void ring_timeout(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_TIMEOUT,
		.code = "not_answered",
		.sip_code = 480,
	};

	struct call *call = arg;

	if (call->outgoing)
		call_dial_timeout(call);
	else
		call_end(call, &end);
}

static void max_duration(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_TIMEOUT,
		.code = "max_duration",
	};

	call_end(arg, &end);
}

static void start(struct call *call, int64_t ms, const char *name, timer_h *fn)
{
	struct timers *timers = call->table->env.timers;

	if (ms)
		timer_start(timers, &call->limit_timer, ms, name, fn, call);
	else
		timer_cancel(timers, &call->limit_timer);
}

/* The media told of silence while it rang, and does so once alone */
static void check_quiet(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_TIMEOUT,
		.code = "media_timeout",
	};
	struct call *call = arg;
	struct media_stats stats = {0};
	const bool held = call->held_by_us || call->held_by_party;

	if (call->leg && call->leg->media)
		call->table->env.media->stats(call->leg->media, &stats);
	if (stats.rx_packets == call->quiet_packets && !held) {
		call_end(call, &end);
		return;
	}
	call->quiet_packets = stats.rx_packets;
	timer_start(call->table->env.timers, &call->quiet_timer, CALL_QUIET_MS,
		    "call_quiet", check_quiet, call);
}

void call_timers_ringing(struct call *call)
{
	int64_t ms = call->table->env.ring_timeout_s * INT64_C(1000);

	if (call->timeout_ms)
		ms = call->timeout_ms;
	start(call, ms, "call_ring_timeout", ring_timeout);
}

void call_timers_wait(struct call *call, int64_t ms)
{
	const struct call_env *env = &call->table->env;
	const int64_t up_ms = call_now(call).mono_ms - call->created.mono_ms;
	int64_t left = env->ring_timeout_s * INT64_C(1000) + ms;

	if (call->outgoing || call->state != CALL_RINGING ||
	    !env->ring_timeout_s)
		return;

	/* a flow that connects for ever ends, too */
	if (env->max_duration_s)
		left = MIN(left, env->max_duration_s * INT64_C(1000) - up_ms);
	start(call, MAX(1, left), "call_ring_timeout", ring_timeout);
}

void call_timers_answered(struct call *call)
{
	const unsigned s = call->max_duration_s
				   ? call->max_duration_s
				   : call->table->env.max_duration_s;
	const int64_t up_ms = call_now(call).mono_ms - call->answered.mono_ms;

	/* it may be changed while the call is up */
	start(call, s ? MAX(1, s * INT64_C(1000) - up_ms) : 0,
	      "call_max_duration", max_duration);
	if (call->was_quiet && !timer_is_running(&call->quiet_timer))
		timer_start(call->table->env.timers, &call->quiet_timer,
			    CALL_QUIET_MS, "call_quiet", check_quiet, call);
}

void call_timers_stop(struct call *call)
{
	struct timers *timers = call->table->env.timers;

	timer_cancel(timers, &call->start_timer);
	timer_cancel(timers, &call->flow_timer);
	timer_cancel(timers, &call->dtmf_timer);
	timer_cancel(timers, &call->limit_timer);
	timer_cancel(timers, &call->quiet_timer);
	timer_cancel(timers, &call->quality_timer);
}
