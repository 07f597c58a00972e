/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One handler per nua event; what has none needs none: the stack answered it
 * by itself (405, 420, 481, PRACK and BYE 200), or it is news about what we
 * sent that changes nothing. */
#include "sipx_priv.h"

#include "host/log.h"

typedef void(event_h)(const struct sipx_event *ev);

struct method {
	nua_event_t event;
	const char *name; /* for the watchdog */
	event_h *handler;
};

static const struct method methods[] = {
	{nua_i_invite, "sip INVITE", sipx_on_invite},
	{nua_i_ack, "sip ACK", sipx_on_ack},
	{nua_i_prack, "sip PRACK", sipx_on_prack},
	{nua_i_cancel, "sip CANCEL", sipx_on_cancel},
	{nua_i_bye, "sip BYE", sipx_on_bye},
	{nua_i_update, "sip UPDATE", sipx_on_update},
	{nua_i_info, "sip INFO", sipx_on_info},
	{nua_i_options, "sip OPTIONS", sipx_on_options},
	{nua_r_invite, "sip INVITE reply", sipx_on_invite_reply},
	{nua_r_bye, "sip BYE reply", sipx_on_bye_reply},
	{nua_r_info, "sip INFO reply", sipx_on_reply},
	{nua_r_update, "sip UPDATE reply", sipx_on_reply},
	{nua_i_error, "sip error", sipx_on_error},
	{nua_i_terminated, "sip terminated", sipx_on_terminated},
	{nua_r_shutdown, "sip shutdown", sipx_on_shutdown},
};

static const struct method *method_of(nua_event_t event)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(methods); ++i)
		if (methods[i].event == event)
			return &methods[i];

	return NULL;
}

/* the shape is nua's */
/* NOLINTNEXTLINE(readability-function-size) */
void sipx_on_event(nua_event_t event, int status, const char *phrase,
		   nua_t *nua, nua_magic_t *magic, nua_handle_t *nh,
		   nua_hmagic_t *hmagic, const sip_t *sip, tagi_t tags[])
{
	const struct method *method = method_of(event);
	const struct sipx_event ev = {
		.stack = magic,
		.nh = nh,
		.leg = obj_ref(hmagic),
		.event = event,
		.status = status,
		.phrase = phrase,
		.sip = sip,
		.tags = tags,
	};
	struct loop *loop = ev.stack->loop;

	if (log_is_on(LOG_AT_DEBUG))
		log_debug("sip: %s %d %s", nua_event_name(event), status,
			  phrase ? phrase : "");
	if (method) {
		loop_enter(loop, method->name);
		method->handler(&ev);
		loop_leave(loop);
	}
	obj_unref(ev.leg);
}
