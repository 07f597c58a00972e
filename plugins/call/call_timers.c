/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Every call ends: ring timeout, then maximum duration */

#include "call/call_priv.h"

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

void call_timers_ringing(struct call *call)
{
	int64_t ms = call->table->env.ring_timeout_s * INT64_C(1000);

	if (call->timeout_ms)
		ms = call->timeout_ms;
	start(call, ms, "call_ring_timeout", ring_timeout);
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
}

void call_timers_stop(struct call *call)
{
	struct timers *timers = call->table->env.timers;

	timer_cancel(timers, &call->start_timer);
	timer_cancel(timers, &call->flow_timer);
	timer_cancel(timers, &call->dtmf_timer);
	timer_cancel(timers, &call->limit_timer);
}
