/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A handle's life on the loop, and its requests */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "webrtc/request.h"
#include "webrtc/wrtc_priv.h"

#define TO(state) (1u << (state))

static const unsigned allowed[WRTC_NSTATES] = {
	[WRTC_NEW] = TO(WRTC_CHECKING) | TO(WRTC_DEVICE) | TO(WRTC_CALLING) |
		     TO(WRTC_OVER) | TO(WRTC_GONE),
	[WRTC_CHECKING] = TO(WRTC_NEW) | TO(WRTC_DEVICE) | TO(WRTC_CALLING) |
			  TO(WRTC_OVER) | TO(WRTC_GONE),
	[WRTC_DEVICE] = TO(WRTC_OVER) | TO(WRTC_GONE),
	[WRTC_CALLING] = TO(WRTC_OVER) | TO(WRTC_GONE),
	[WRTC_OVER] = TO(WRTC_GONE),
	[WRTC_GONE] = 0,
};

static const char *const names[WRTC_NSTATES] = {
	[WRTC_NEW] = "new",       [WRTC_CHECKING] = "checking",
	[WRTC_DEVICE] = "device", [WRTC_CALLING] = "calling",
	[WRTC_OVER] = "over",     [WRTC_GONE] = "gone",
};

const char *wrtc_state_name(enum wrtc_state state)
{
	return (unsigned)state < WRTC_NSTATES ? names[state] : "";
}

int wrtc_handle_set(struct wrtc_handle *h, enum wrtc_state next)
{
	if (!(allowed[h->state] & TO(next))) {
		log_warn("%s: refused %s -> %s", h->name,
			 wrtc_state_name(h->state), wrtc_state_name(next));
		return EPROTO;
	}
	h->state = next;

	return 0;
}

static void on_no_auth(void *arg)
{
	struct wrtc_handle *h = arg;

	log_info("%s: nobody said who it is", h->name);
	wrtc_push_error(h, NULL, "unauthorized",
			"not authenticated in time; the handle is ended", NULL);
	wrtc_handle_end(h);
}

void wrtc_handle_begin(void *arg)
{
	struct wrtc_handle *h = arg; /* the reference is the table's now */
	struct wrtc *gw = h->gw;

	g_hash_table_add(gw->handles, h);
	if (atomic_load(&gw->stopping)) {
		struct wrtc_handle *slot = wrtc_slot_clear(gw, h->slot);

		if (slot)
			wrtc_handle_gone(slot);
		return;
	}
	timer_start(gw->timers, &h->timer, gw->auth_ms, "wrtc_auth", on_no_auth,
		    h);
}

void wrtc_handle_end(struct wrtc_handle *h)
{
	if (h->ending || h->state == WRTC_GONE)
		return;

	h->ending = true;
	timer_cancel(h->gw->timers, &h->timer);
	wrtc_unregister(h);
	if (h->state != WRTC_OVER)
		wrtc_handle_set(h, WRTC_OVER);
	wrtc_push_end(h);
}

static void on_over(void *arg)
{
	wrtc_handle_end(arg);
}

void wrtc_handle_over(struct wrtc_handle *h)
{
	struct wrtc_leg *leg = h->leg;

	h->leg = NULL;
	if (h->state != WRTC_GONE && h->state != WRTC_OVER) {
		wrtc_handle_set(h, WRTC_OVER);
		timer_start(h->gw->timers, &h->timer, WRTC_OVER_MS, "wrtc_over",
			    on_over, h);
	}
	obj_unref(leg);
}

void wrtc_handle_gone(void *arg)
{
	struct wrtc_handle *h = arg;
	struct wrtc *gw = h->gw;

	if (h->state != WRTC_GONE) {
		timer_cancel(gw->timers, &h->timer);
		wrtc_unregister(h);
		wrtc_request_free(h->waiting);
		h->waiting = NULL;
		wrtc_handle_set(h, WRTC_GONE);
		if (h->leg)
			wrtc_leg_lost(h->leg, "the browser's handle went");
		g_hash_table_remove(gw->handles, h);
	}
	obj_unref(h);
}

void wrtc_handle_up(void *arg)
{
	struct wrtc_handle *h = arg;

	if (h->leg)
		wrtc_leg_connected(h->leg);
	obj_unref(h);
}

void wrtc_handle_down(void *arg)
{
	struct wrtc_handle *h = arg;

	if (h->leg)
		wrtc_leg_lost(h->leg, "the browser closed its connection");
	obj_unref(h);
}

/* ---- requests ---- */

static void refuse(struct wrtc_handle *h, const struct wrtc_request *req,
		   const char *code, const char *detail)
{
	wrtc_push_error(h, req->transaction, code, detail, NULL);
}

static void do_register(struct wrtc_handle *h, struct wrtc_request *req)
{
	const char *code = wrtc_register(h, req->transaction);

	if (code)
		refuse(h, req, code, NULL);
}

static void do_call(struct wrtc_handle *h, struct wrtc_request *req)
{
	const char *detail = NULL;
	const char *code = wrtc_call(h, req, &detail);

	if (code)
		refuse(h, req, code, detail);
}

static void do_accept(struct wrtc_handle *h, struct wrtc_request *req)
{
	const char *detail = NULL;
	const char *code = wrtc_ring_accept(h, req, &detail);

	if (code)
		refuse(h, req, code, detail);
}

static void do_decline(struct wrtc_handle *h, struct wrtc_request *req)
{
	const char *code = wrtc_ring_decline(h, req);

	if (code)
		refuse(h, req, code, NULL);
}

static void do_hangup(struct wrtc_handle *h, struct wrtc_request *req)
{
	wrtc_leg_bye(h->leg, req->transaction);
}

static void do_dtmf(struct wrtc_handle *h, struct wrtc_request *req)
{
	const char *digits = json_str(req->body, "digits", "");
	const unsigned ms = (unsigned)json_int(req->body, "duration_ms", 160);
	struct wrtc_leg *leg = obj_ref(h->leg);
	json_t *event = wrtc_event("dtmf_received");
	size_t i;

	/* the digits are nobody's business but the flow's */
	json_object_set_new(event, "count",
			    json_integer((json_int_t)strlen(digits)));
	wrtc_push(h, req->transaction, event, NULL);
	for (i = 0; digits[i] && wrtc_leg_hears(leg); ++i)
		leg->leg.handler->dtmf(leg->leg.arg, g_ascii_toupper(digits[i]),
				       ms, false);
	obj_unref(leg);
}

static void do_mute(struct wrtc_handle *h, struct wrtc_request *req)
{
	const char *dir = json_str(req->body, "direction", "in");
	const bool mute = req->verb == WRTC_MUTE;
	json_t *event = wrtc_event(mute ? "muted" : "unmuted");

	wrtc_sound_mute(h->leg, !str_eq(dir, "out"), !str_eq(dir, "in"), mute);
	json_set_str(event, "direction", dir);
	wrtc_push(h, req->transaction, event, NULL);
}

static void do_hold(struct wrtc_handle *h, struct wrtc_request *req)
{
	const bool on = req->verb == WRTC_HOLD;

	if (wrtc_leg_party_holds(h->leg, on))
		refuse(h, req, "wrong_state", "the call is not answered");
	else
		wrtc_push(h, req->transaction,
			  wrtc_event(on ? "holding" : "resumed"), NULL);
}

/* Which states a request may come in, and who does it */
static const struct {
	unsigned states;
	bool leg; /* needs a call that is not over */
	void (*run)(struct wrtc_handle *h, struct wrtc_request *req);
} handlers[WRTC_NVERBS] = {
	[WRTC_REGISTER] = {TO(WRTC_NEW) | TO(WRTC_DEVICE), false, do_register},
	[WRTC_CALL] = {TO(WRTC_NEW), false, do_call},
	[WRTC_ACCEPT] = {TO(WRTC_NEW), false, do_accept},
	[WRTC_DECLINE] = {TO(WRTC_NEW) | TO(WRTC_DEVICE), false, do_decline},
	[WRTC_HANGUP] = {TO(WRTC_CALLING), true, do_hangup},
	[WRTC_DTMF] = {TO(WRTC_CALLING), true, do_dtmf},
	[WRTC_MUTE] = {TO(WRTC_CALLING), true, do_mute},
	[WRTC_UNMUTE] = {TO(WRTC_CALLING), true, do_mute},
	[WRTC_HOLD] = {TO(WRTC_CALLING), true, do_hold},
	[WRTC_UNHOLD] = {TO(WRTC_CALLING), true, do_hold},
};

static void wrong_token(struct wrtc_handle *h, const struct wrtc_request *req,
			int err)
{
	if (err == EAGAIN) {
		refuse(h, req, "busy", "too many look-ups; try again");
		return;
	}

	refuse(h, req, err == ETIME ? "token_expired" : "unauthorized",
	       err == ETIME ? "the token has expired"
			    : "a valid token or ticket is required");
	if (++h->attempts >= WRTC_ATTEMPTS_MAX)
		wrtc_handle_end(h);
}

/* Who is it? @return true: go on with the request */
static bool identify(struct wrtc_handle *h, struct wrtc_request **reqp)
{
	struct wrtc_request *req = *reqp;
	int err;

	/* a device renews itself with nothing, or proves itself anew */
	if (h->state == WRTC_DEVICE && !*req->token)
		return true;

	if (*req->ticket && req->verb != WRTC_REGISTER) {
		err = wrtc_auth_ticket(h, req);
		if (!err)
			return true;
	} else if (*req->token) {
		err = wrtc_auth_token(h, req);
		if (!err) {
			if (h->state == WRTC_NEW)
				wrtc_handle_set(h, WRTC_CHECKING);
			h->waiting = req;
			*reqp = NULL;
			return false;
		}
	} else {
		err = EACCES;
	}
	wrong_token(h, req, err);

	return false;
}

static void run(struct wrtc_handle *h, struct wrtc_request *req)
{
	const struct dir_extension *ext = wrtc_extension(h);

	if (!ext) {
		refuse(h, req, "unauthorized", "the extension is gone");
		return;
	}
	handlers[req->verb].run(h, req);
}

void wrtc_handle_known(struct wrtc_handle *h, int err)
{
	struct wrtc_request *req = h->waiting;

	h->waiting = NULL;
	if (!req)
		return; /* it went meanwhile */

	if (h->state == WRTC_CHECKING)
		wrtc_handle_set(h, WRTC_NEW);
	if (h->state == WRTC_OVER)
		refuse(h, req, "wrong_state", "the handle is ended");
	else if (err)
		wrong_token(h, req, err);
	else
		run(h, req);
	wrtc_request_free(req);
}

static const char *why_not(const struct wrtc_handle *h)
{
	switch (h->state) {
	case WRTC_NEW:
		return "there is no call on this handle";
	case WRTC_CHECKING:
		return "the token is still being looked up";
	case WRTC_DEVICE:
		return "this handle is a device; each call has its own";
	case WRTC_CALLING:
		return "this handle has a call; each call has its own";
	case WRTC_OVER:
	case WRTC_GONE:
	case WRTC_NSTATES:
		break;
	}

	return "the handle's call is over; take a new one";
}

void wrtc_handle_request(void *arg)
{
	struct wrtc_request *req = arg;
	struct wrtc_handle *h = req->handle;

	atomic_fetch_sub(&h->queued, 1);
	if (h->state == WRTC_GONE || h->ending)
		goto out;

	if (req->code) {
		wrtc_push_error(h, req->transaction, req->code, req->detail,
				req->faults);
		req->faults = NULL;
		goto out;
	}
	/* who has not said who it is learns nothing of states */
	if (h->state == WRTC_NEW && !*req->token && !*req->ticket) {
		wrong_token(h, req, EACCES);
		goto out;
	}
	if (!(handlers[req->verb].states & TO(h->state)) || h->waiting ||
	    (handlers[req->verb].leg && !h->leg)) {
		refuse(h, req, "wrong_state", why_not(h));
		goto out;
	}

	if (handlers[req->verb].leg)
		handlers[req->verb].run(h, req);
	else if (identify(h, &req))
		run(h, req);
out:
	wrtc_request_free(req);
}
