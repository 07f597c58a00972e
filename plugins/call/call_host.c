/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a flow may do, done on a call: its leg and its sound */

#include <errno.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/clock.h"
#include "common/jsonw.h"
#include "common/obj.h"
#include "common/str.h"
#include "directory/directory.h"
#include "host/log.h"

int call_answer(struct call *call)
{
	int err;

	if (call->state == CALL_ENDED)
		return ESHUTDOWN;
	if (call->state == CALL_ANSWERED)
		return EALREADY;
	if (call->outgoing || call->answering)
		return 0; /* the other side does it; or it is under way */
	if (!call->leg)
		return ESHUTDOWN;

	err = call->leg->ops->answer(call->leg);
	if (err && err != EALREADY)
		return err;
	call->answering = true; /* answered() or failed() follows */

	return 0;
}

static int host_answer(void *arg)
{
	return call_answer(arg);
}

static int host_play(void *arg, const struct flow_play *play, uint32_t *idp)
{
	return call_play_start(arg, play, idp);
}

static int host_talk(void *arg, const struct flow_talk *talk, uint32_t *idp)
{
	return call_talk_start(arg, talk, idp);
}

static int host_send_digits(void *arg, const struct flow_digits *digits,
			    uint32_t *idp)
{
	return call_dtmf_start(arg, digits, idp);
}

static void host_stop(void *arg)
{
	call_play_stop(arg);
}

static int host_echo(void *arg, bool on)
{
	struct call *call = arg;

	if (call->state == CALL_ENDED || !call->leg || !call->leg->media)
		return ENOTCONN;
	call->table->env.media->echo(call->leg->media, on);
	if (call->leg->ops->echo)
		call->leg->ops->echo(call->leg, on);

	return 0;
}

static int host_http(void *arg, const struct flow_http *http, uint32_t *idp)
{
	return call_http_start(arg, http, idp);
}

static void host_http_cancel(void *arg, uint32_t id)
{
	call_http_cancel(arg, id);
}

/* As GET shows it, with its variables cut where events cut them: patch has
 * them all beside it */
static char *host_describe(void *arg)
{
	const struct call *call = arg;
	GString *out = g_string_sized_new(CALL_TEXT_SIZE);

	call_put(out, call);
	call_put_variables(out, call, CALL_VARIABLES_MAX);

	return g_string_free(out, FALSE);
}

static void on_flow_timer(void *arg)
{
	static const struct flow_event ev = {.type = FLOW_EV_TIMER};
	struct call *call = arg;

	call_turn_begin(call);
	call_flow_event(call, &ev);
	call_turn_end(call);
}

static int host_record(void *arg, const struct flow_record *prm,
		       char id[ID_SIZE], const char **codep)
{
	return call_recording_start(arg, prm, id, codep);
}

static int host_record_verb(void *arg, enum flow_record_verb verb,
			    const char *id)
{
	return call_recording_verb(arg, verb, id);
}

static void host_timer(void *arg, int64_t ms)
{
	struct call *call = arg;
	struct timers *timers = call->table->env.timers;

	if (ms < 0 || call->state == CALL_ENDED)
		timer_cancel(timers, &call->flow_timer);
	else
		timer_start(timers, &call->flow_timer, ms, "call_flow_timer",
			    on_flow_timer, call);
}

static int64_t host_now_ms(void *arg)
{
	const struct call *call = arg;

	return clock_mono_ms(call->table->env.clock);
}

static int64_t host_wall_ms(void *arg)
{
	const struct call *call = arg;

	return clock_wall_ms(call->table->env.clock);
}

static char *time_text(const struct call_time *at)
{
	char buf[CLOCK_RFC3339_SIZE];

	if (!at->wall_ms)
		return NULL;
	clock_rfc3339(buf, sizeof(buf), at->wall_ms);

	return g_strdup(buf);
}

static char *fact(const struct call *call, const char *name)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"id", call->id},
		{"account_id", call->account_id},
		{"direction", call->outgoing ? "outgoing" : "incoming"},
		{"status", call_state_name(call->state)},
		{"endpoint", call->endpoint},
		{"source", call->source.target},
		{"source_type", call->source.type},
		{"source_name", call->source.name},
		{"destination", call->destination.target},
		{"destination_type", call->destination.type},
		{"flow_id", call_opt_id(call->flow_id)},
		{"number_id", call_opt_id(call->number_id)},
		{"trunk_id", call_opt_id(call->trunk_id)},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(texts); ++i)
		if (str_eq(texts[i].name, name))
			return g_strdup(texts[i].value);
	if (str_eq(name, "created_at"))
		return time_text(&call->created);
	if (str_eq(name, "answered_at"))
		return time_text(&call->answered);

	return NULL;
}

/* What is known of another call, or what its flow knows; no secrets */
static char *fact_or_variable(const struct call *call, const char *name)
{
	char *value = fact(call, name);
	const char *text;
	bool secret = false;

	if (value)
		return value;
	text = flow_vars_get(call->vars, name, &secret);

	return text && !secret ? g_strdup(text) : NULL;
}

static char *host_lookup(void *arg, const char *name)
{
	const struct call *call = arg;

	if (str_starts(name, "call."))
		return fact(call, name + strlen("call."));
	if (!str_starts(name, "parent."))
		return NULL;
	call = call_find(call->table, call->parent_id);

	return call ? fact_or_variable(call, name + strlen("parent.")) : NULL;
}

/* What an event says of a step; the object is left open */
static GString *about(const struct call *call, const struct flow_step *step)
{
	const char *flow_id = call_opt_id(call->flow_id);
	GString *data = g_string_sized_new(256);

	if (step->flow_id || step->patched)
		flow_id = step->flow_id;
	jsonw_open(data, NULL, '{');
	jsonw_str(data, "flow_id", flow_id);
	call_put_step(data, "action", step);

	return data;
}

static void emit_about(struct call *call, enum event_type type, GString *data)
{
	jsonw_close(data, '}');
	call_emit_text(call, type, data->str);
	g_string_free(data, TRUE);
}

static int host_mute(void *arg, bool in, bool out, bool on)
{
	return call_mute(arg, in, out, on);
}

static int host_connect(void *arg, const struct flow_connect *prm,
			const char **codep)
{
	return call_connect_start(arg, prm, codep);
}

static void host_connect_cancel(void *arg)
{
	call_connect_cancel(arg);
}

static int host_call(void *arg, const struct flow_call *prm, json_t **idsp,
		     const char **codep)
{
	return call_others(arg, prm, idsp, codep);
}

static int host_flow(void *arg, const char *id, struct flow_doc **docp)
{
	const struct call *call = arg;
	const struct dir_flow *flow = directory_flow(call->table->env.dir, id);

	if (!flow || !str_eq(flow->account_id, call->account_id))
		return ENOENT;
	*docp = obj_ref(flow->doc);

	return 0;
}

static void host_action(void *arg, const struct flow_step *step)
{
	struct call *call = arg;

	log_debug("call %s: action %zu, %s", call->id, step->index, step->type);
	emit_about(call, EVENT_FLOW_ACTION, about(call, step));
}

static void host_error(void *arg, const struct flow_step *step,
		       const char *code, const char *detail)
{
	struct call *call = arg;
	GString *data = about(call, step);

	log_info("call %s: action %zu, %s, failed: %s", call->id, step->index,
		 step->type, code);
	jsonw_str(data, "code", code);
	jsonw_str(data, "detail", detail);
	emit_about(call, EVENT_FLOW_ERROR, data);
}

static void host_ended(void *arg, const struct flow_end *how)
{
	struct call *call = arg;
	struct leg_end end = {
		.by = how->kind == FLOW_END_FAILED ? HANGUP_BY_SYSTEM
						   : HANGUP_BY_LOCAL,
		.reason = HANGUP_NORMAL,
		.code = how->code,
		.sip_code = how->sip_code,
	};

	if (how->kind == FLOW_END_CANCELED)
		return;
	if (how->kind == FLOW_END_DONE && call_connect_callee_confirmed(call))
		return;
	if (how->reason && hangup_reason_by_name(how->reason, &end.reason))
		end.reason = HANGUP_FAILED;
	call_end(call, &end);
}

const struct flow_host call_flow_host = {
	.answer = host_answer,
	.play = host_play,
	.talk = host_talk,
	.send_digits = host_send_digits,
	.stop = host_stop,
	.echo = host_echo,
	.record = host_record,
	.record_verb = host_record_verb,
	.timer = host_timer,
	.now_ms = host_now_ms,
	.wall_ms = host_wall_ms,
	.lookup = host_lookup,
	.describe = host_describe,
	.http = host_http,
	.http_cancel = host_http_cancel,
	.mute = host_mute,
	.connect = host_connect,
	.connect_cancel = host_connect_cancel,
	.call = host_call,
	.flow = host_flow,
	.action = host_action,
	.error = host_error,
	.ended = host_ended,
};

/* A flow that keeps its caller waiting lets it hear that it rings */
static void ring_if_waiting(struct call *call)
{
	if (call->state == CALL_RINGING && !call->outgoing &&
	    !call->answering && !call->early && !call->play.id && call->leg &&
	    call->leg->ops->ring)
		call->leg->ops->ring(call->leg);
}

void call_flow_start(struct call *call)
{
	const struct flow_run_params prm = {
		.doc = call->doc,
		.vars = call->vars,
		.host = &call_flow_host,
		.arg = call,
	};

	if (call->state == CALL_ENDED || call->run)
		return;

	call_turn_begin(call);
	if (flow_run_alloc(&call->run, &prm) == 0) {
		flow_run_start(call->run);
		ring_if_waiting(call);
	}
	call_turn_end(call);
}

static void start_now(void *arg)
{
	call_flow_start(arg);
}

void call_flow_start_soon(struct call *call)
{
	if (call->doc && !call->run && !timer_is_running(&call->start_timer))
		timer_start(call->table->env.timers, &call->start_timer, 0,
			    "call_flow_start", start_now, call);
}

void call_flow_event(struct call *call, const struct flow_event *ev)
{
	if (call->run)
		flow_run_event(call->run, ev);
}
