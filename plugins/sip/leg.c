/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A leg's life. It is counted: the call holds it until its unref(), the stack
 * until nua has said its last word about the dialog, the media until it has
 * closed. The call hears closed() when media is gone; a BYE that waits for its
 * answer outlives that. */
#include "host/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sipx_priv.h"

static void leg_destructor(void *obj)
{
	struct sipx_leg *leg = obj;

	timer_cancel(leg->stack->timers, &leg->later_timer);
	timer_cancel(leg->stack->timers, &leg->trying_timer);
	timer_cancel(leg->stack->timers, &leg->hold_timer);
	timer_cancel(leg->stack->timers, &leg->cancel_timer);
	atomic_fetch_sub(&leg->stack->n.legs, 1);
	obj_unref(leg->offer);
	obj_unref((void *)leg->trunk);
	g_free(leg->info);
	g_free(leg->sdp);
	g_free(leg->call_id);
	g_free(leg->name);
	obj_unref(leg->stack);
}

static void add_codec(struct sipx_leg *leg, const struct codec *codec)
{
	size_t i;

	for (i = 0; i < leg->local.ncodecs; ++i)
		if (leg->codecs[i] == codec)
			return;
	if (codec)
		leg->codecs[leg->local.ncodecs++] = codec;
}

static bool is_allowed(char **names, const struct codec *codec)
{
	for (; names && *names; ++names)
		if (codec_by_name(*names) == codec)
			return true;

	return false;
}

/* What the trunk allows, in its order; all of ours when it says nothing */
static void choose_codecs(struct sipx_leg *leg, const char *first)
{
	const struct codec *wish = first ? codec_by_name(first) : NULL;
	char **names = leg->trunk ? leg->trunk->codecs : NULL;
	size_t i;

	if (!names || is_allowed(names, wish))
		add_codec(leg, wish);
	for (i = 0; names && names[i]; ++i)
		add_codec(leg, codec_by_name(names[i]));
	for (i = 0; !names && i < CODEC_NIDS; ++i)
		add_codec(leg, codec_at(i));
}

enum dir_dtmf sipx_leg_dtmf(const struct sipx_leg *leg)
{
	return leg->trunk ? leg->trunk->dtmf : DIR_DTMF_RFC4733;
}

static void init_local(struct sipx_leg *leg, const char *first)
{
	struct sipx_stack *stack = leg->stack;

	leg->local.codecs = leg->codecs;
	choose_codecs(leg, first);
	leg->local.dtmf = sipx_leg_dtmf(leg) == DIR_DTMF_RFC4733;
	leg->local.dir = SDPX_SENDRECV;
	leg->local.rtcp_mux = true;
	leg->local.addr = stack->public_address;
	sdpx_origin_init(
		&leg->origin,
		stack->salt * (uintptr_t)leg ^
			(uint64_t)clock_mono_us(loop_clock(stack->loop)));
}

struct sipx_leg *sipx_leg_new(struct sipx_stack *stack, nua_handle_t *nh,
			      const char *call_id,
			      const struct dir_trunk *trunk, const char *first)
{
	struct sipx_leg *leg = obj_zalloc(sizeof(*leg), leg_destructor);
	char name[SIPX_TEXT_SIZE];

	leg->leg.ops = &sipx_leg_ops;
	leg->stack = obj_ref(stack);
	leg->trunk = obj_ref((void *)trunk);
	leg->state = SIPX_INVITED;
	sipx_budget_init(&leg->requests, SIPX_REQUESTS_PER_S);
	leg->call_id = g_strdup(call_id);
	sipx_clean(name, sizeof(name), call_id, strlen(call_id));
	leg->name = g_strdup_printf("sip %s", name);
	init_local(leg, first);

	leg->nh = nh;
	nua_handle_bind(leg->nh, leg);
	g_hash_table_insert(stack->legs, leg->call_id, obj_ref(leg));
	atomic_fetch_add(&stack->n.legs, 1);

	return leg;
}

struct sipx_leg *sipx_leg_of(const struct leg *leg)
{
	return (struct sipx_leg *)((char *)leg -
				   offsetof(struct sipx_leg, leg));
}

const char *sipx_leg_name(struct sipx_leg *leg)
{
	if (leg->leg.call_id[0] && g_str_has_prefix(leg->name, "sip ")) {
		g_free(leg->name);
		leg->name = g_strdup_printf("call %s", leg->leg.call_id);
	}

	return leg->name;
}

bool sipx_leg_hears(const struct sipx_leg *leg)
{
	return leg->leg.handler && !leg->deaf;
}

void sipx_leg_note(struct sipx_leg *leg, const char *fmt, ...)
{
	char line[2 * SIPX_TEXT_SIZE];
	va_list ap;

	if (!leg->leg.handler || !leg->leg.handler->note || leg->closed)
		return;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	leg->leg.handler->note(leg->leg.arg, line);
}

static void tell_closed(struct sipx_leg *leg)
{
	const struct leg_handler *handler = leg->leg.handler;

	if (leg->closed || leg->media_open)
		return;

	leg->closed = true;
	leg->deaf = true;
	if (handler)
		handler->closed(leg->leg.arg);
}

static void on_later(void *arg)
{
	struct sipx_leg *leg = obj_ref(arg);
	const unsigned what = leg->later;
	const struct leg_handler *handler = leg->leg.handler;

	leg->later = 0;
	if (what & SIPX_LATER_HEARD)
		sipx_tell_heard(leg);
	if (what & SIPX_LATER_EARLY && sipx_leg_hears(leg) &&
	    leg->state == SIPX_INVITED)
		handler->early(leg->leg.arg);
	if (what & SIPX_LATER_ENDED)
		sipx_leg_end(leg, &leg->end);
	if (what & SIPX_LATER_CLOSED)
		tell_closed(leg);
	obj_unref(leg);
}

void sipx_leg_later(struct sipx_leg *leg, unsigned what)
{
	leg->later |= what;
	if (!timer_is_running(&leg->later_timer))
		timer_start(leg->stack->timers, &leg->later_timer, 0,
			    "sip leg later", on_later, leg);
}

void sipx_leg_over(struct sipx_leg *leg)
{
	leg->state = SIPX_OVER;
	leg->deaf = true;
	timer_cancel(leg->stack->timers, &leg->trying_timer);
	timer_cancel(leg->stack->timers, &leg->hold_timer);
	sipx_sound_close(leg);
	sipx_leg_later(leg, SIPX_LATER_CLOSED);
}

void sipx_leg_end(struct sipx_leg *leg, const struct leg_end *end)
{
	if (leg->deaf)
		return;

	leg->state = SIPX_OVER;
	if (leg->leg.handler)
		leg->leg.handler->ended(leg->leg.arg, end);
	sipx_leg_over(leg);
}

void sipx_leg_fail(struct sipx_leg *leg, int err, const char *why, int code)
{
	if (leg->state == SIPX_OVER)
		return;

	log_warn("%s: %s: %s, answered %d", sipx_leg_name(leg), why,
		 strerror(err), code);
	leg->state = SIPX_OVER;
	sipx_leg_note(leg, "%s: %s, %d sent", why, strerror(err), code);
	leg->end = (struct leg_end){
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "no_media",
		.sip_code = code,
		.sip_reason = sipx_phrase(code),
	};
	sipx_leg_later(leg, SIPX_LATER_ENDED);
}

void sipx_leg_forget(struct sipx_leg *leg)
{
	struct sipx_stack *stack = leg->stack;

	if (!leg->nh)
		return;

	timer_cancel(stack->timers, &leg->cancel_timer);
	nua_handle_bind(leg->nh, NULL);
	nua_handle_destroy(leg->nh);
	leg->nh = NULL;
	/* the last reference but the call's may be the table's */
	obj_ref(leg);
	if (g_hash_table_lookup(stack->legs, leg->call_id) == leg)
		g_hash_table_remove(stack->legs, leg->call_id);
	obj_unref(leg);
	sipx_stop_check(stack);
}

static char *leg_describe(const struct leg *leg)
{
	return g_strdup(sipx_leg_of(leg)->info);
}

static const char *leg_remote(const struct leg *leg)
{
	return sipx_leg_of(leg)->remote;
}

static void leg_unref(struct leg *leg)
{
	struct sipx_leg *sip = sipx_leg_of(leg);

	sip->leg.handler = NULL;
	sip->deaf = true;
	obj_unref(sip);
}

const struct leg_ops sipx_leg_ops = {
	.endpoint = "sip",
	.ring = sipx_ring,
	.progress = sipx_progress,
	.answer = sipx_answer,
	.hangup = sipx_hangup,
	.dtmf_by_signalling = sipx_dtmf_by_info,
	.send_dtmf = sipx_send_dtmf,
	.hold = sipx_hold,
	.describe = leg_describe,
	.describe_media = sipx_sound_json,
	.remote = leg_remote,
	.unref = leg_unref,
};
