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
	atomic_fetch_sub(&leg->stack->n.legs, 1);
	obj_unref(leg->offer);
	obj_unref((void *)leg->trunk);
	g_free(leg->info);
	g_free(leg->sdp);
	g_free(leg->call_id);
	g_free(leg->name);
	obj_unref(leg->stack);
}

/* What the trunk allows, in its order; all of ours when it says nothing */
static void choose_codecs(struct sipx_leg *leg)
{
	char **names = leg->trunk->codecs;
	const struct codec *codec;
	size_t n = 0, i;

	for (i = 0; names && names[i] && n < CODEC_NIDS; ++i) {
		codec = codec_by_name(names[i]);
		if (codec)
			leg->codecs[n++] = codec;
	}
	for (i = 0; !names && i < CODEC_NIDS; ++i)
		leg->codecs[n++] = codec_at(i);

	leg->local.codecs = leg->codecs;
	leg->local.ncodecs = n;
	leg->local.dtmf = leg->trunk->dtmf == DIR_DTMF_RFC4733;
	leg->local.dir = SDPX_SENDRECV;
	leg->local.rtcp_mux = true;
	leg->local.addr = leg->stack->public_address;
}

struct sipx_leg *sipx_leg_new(const struct sipx_event *ev,
			      const struct dir_trunk *trunk)
{
	struct sipx_leg *leg = obj_zalloc(sizeof(*leg), leg_destructor);
	const char *call_id = ev->sip->sip_call_id->i_id;
	char name[SIPX_TEXT_SIZE];

	leg->leg.ops = &sipx_leg_ops;
	leg->stack = obj_ref(ev->stack);
	leg->trunk = obj_ref((void *)trunk);
	leg->call_id = g_strdup(call_id);
	sipx_clean(name, sizeof(name), call_id, strlen(call_id));
	leg->name = g_strdup_printf("sip %s", name);
	choose_codecs(leg);
	sdpx_origin_init(
		&leg->origin,
		ev->stack->salt * (uintptr_t)leg ^
			(uint64_t)clock_mono_us(loop_clock(ev->stack->loop)));

	leg->nh = ev->nh;
	nua_handle_bind(leg->nh, leg);
	g_hash_table_insert(leg->stack->legs, leg->call_id, obj_ref(leg));
	atomic_fetch_add(&leg->stack->n.legs, 1);

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
	.describe = leg_describe,
	.describe_media = sipx_sound_json,
	.remote = leg_remote,
	.unref = leg_unref,
};
