/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A browser's call as a leg. It is counted: the call holds it until its
 * unref(), the handle until it is over, the media until it has closed. */
#include <errno.h>
#include <stddef.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/jsonw.h"
#include "host/log.h"
#include "webrtc/request.h"
#include "webrtc/wrtc_priv.h"

enum {
	LIFE_STEP_MS = 250 /* how exactly a loss is noticed */
};

#define TO(state) (1u << (state))

static const unsigned allowed[WRTC_LEG_NSTATES] = {
	[WRTC_LEG_INVITED] = TO(WRTC_LEG_EARLY) | TO(WRTC_LEG_OFFERED) |
			     TO(WRTC_LEG_ANSWERED) | TO(WRTC_LEG_OVER),
	[WRTC_LEG_OFFERED] = TO(WRTC_LEG_ANSWERED) | TO(WRTC_LEG_OVER),
	[WRTC_LEG_EARLY] = TO(WRTC_LEG_ANSWERED) | TO(WRTC_LEG_OVER),
	[WRTC_LEG_ANSWERED] = TO(WRTC_LEG_UP) | TO(WRTC_LEG_OVER),
	[WRTC_LEG_UP] = TO(WRTC_LEG_OVER),
	[WRTC_LEG_OVER] = 0,
};

int wrtc_leg_set(struct wrtc_leg *leg, enum wrtc_leg_state next)
{
	if (!(allowed[leg->state] & TO(next))) {
		log_warn("call %s: its browser's leg refused %d -> %d",
			 leg->leg.call_id, leg->state, next);
		return EPROTO;
	}
	leg->state = next;

	return 0;
}

static void leg_destructor(void *arg)
{
	struct wrtc_leg *leg = arg;
	struct wrtc *gw = leg->h->gw;

	timer_cancel(gw->timers, &leg->timer);
	timer_cancel(gw->timers, &leg->later_timer);
	atomic_fetch_sub(&gw->n.legs, 1);
	obj_unref(leg->offer);
	json_decref(leg->headers);
	g_free(leg->destination);
	obj_unref(leg->h);
}

struct wrtc_leg *wrtc_leg_new(struct wrtc_handle *h)
{
	struct wrtc_leg *leg = obj_zalloc(sizeof(*leg), leg_destructor);
	uint64_t rnd;

	secret_random(&rnd, sizeof(rnd));
	sdpx_origin_init(&leg->origin, rnd);
	leg->leg.ops = &wrtc_leg_ops;
	leg->h = obj_ref(h);
	atomic_fetch_add(&h->gw->n.legs, 1);

	return leg;
}

struct wrtc_leg *wrtc_leg_of(const struct leg *leg)
{
	return (struct wrtc_leg *)((char *)leg -
				   offsetof(struct wrtc_leg, leg));
}

void wrtc_leg_drop(struct wrtc_leg *leg)
{
	leg->quiet = true;
	wrtc_sound_close(leg);
	obj_unref(leg);
}

bool wrtc_leg_hears(const struct wrtc_leg *leg)
{
	return leg->leg.handler && !leg->quiet;
}

void wrtc_leg_note(struct wrtc_leg *leg, const char *line)
{
	if (leg->leg.handler && leg->leg.handler->note && !leg->closed)
		leg->leg.handler->note(leg->leg.arg, line);
}

static const char *status_of(const struct wrtc_leg *leg)
{
	switch (leg->state) {
	case WRTC_LEG_INVITED:
	case WRTC_LEG_EARLY:
	case WRTC_LEG_OFFERED:
		return "ringing";
	case WRTC_LEG_ANSWERED:
	case WRTC_LEG_UP:
		return "answered";
	case WRTC_LEG_OVER:
	case WRTC_LEG_NSTATES:
		break;
	}

	return "ended";
}

json_t *wrtc_leg_json(const struct wrtc_leg *leg)
{
	return json_pack("{s:s, s:s, s:s}", "call_id", leg->leg.call_id,
			 "destination", leg->destination, "status",
			 status_of(leg));
}

/* ---- what the call hears, a moment later ---- */

static void tell_closed(struct wrtc_leg *leg)
{
	if (leg->closed || leg->media_open)
		return;

	leg->closed = true;
	leg->quiet = true;
	if (leg->leg.handler)
		leg->leg.handler->closed(leg->leg.arg);
}

static void tell_failed(struct wrtc_leg *leg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "no_media",
	};

	if (!wrtc_leg_hears(leg))
		return;

	leg->leg.handler->failed(leg->leg.arg, leg->fail_err,
				 "no media for the browser");
	wrtc_leg_end(leg, &end);
}

static void tell_ringing(struct wrtc_leg *leg)
{
	if (wrtc_leg_hears(leg) && leg->leg.handler->heard)
		leg->leg.handler->heard(leg->leg.arg);
	if (wrtc_leg_hears(leg) && leg->state == WRTC_LEG_OFFERED)
		leg->leg.handler->ringing(leg->leg.arg);
}

static void on_later(void *arg)
{
	static const struct leg_end busy = {
		.by = HANGUP_BY_REMOTE,
		.reason = HANGUP_BUSY,
		.sip_code = 486,
	};
	struct wrtc_leg *leg = obj_ref(arg);
	const unsigned what = leg->later;

	leg->later = 0;
	if (what & WRTC_LATER_RINGING)
		tell_ringing(leg);
	if (what & WRTC_LATER_BUSY)
		wrtc_leg_end(leg, &busy);
	if (what & WRTC_LATER_ANSWERED && wrtc_leg_hears(leg))
		leg->leg.handler->answered(leg->leg.arg);
	if (what & WRTC_LATER_EARLY && wrtc_leg_hears(leg) &&
	    leg->state == WRTC_LEG_EARLY)
		leg->leg.handler->early(leg->leg.arg);
	if (what & WRTC_LATER_FAILED)
		tell_failed(leg);
	if (what & WRTC_LATER_CLOSED)
		tell_closed(leg);
	obj_unref(leg);
}

void wrtc_leg_later(struct wrtc_leg *leg, unsigned what)
{
	leg->later |= what;
	if (!timer_is_running(&leg->later_timer))
		timer_start(leg->h->gw->timers, &leg->later_timer, 0,
			    "wrtc_leg_later", on_later, leg);
}

/* ---- the end, from either side ---- */

/* The browser learns how it ended, as the call's record says it */
static void tell_browser(struct wrtc_leg *leg, const char *transaction,
			 const struct leg_end *end)
{
	json_t *event;

	if (leg->state == WRTC_LEG_OFFERED) {
		wrtc_ring_over(leg, end);
		return;
	}
	if (leg->h->state == WRTC_GONE)
		return;

	event = wrtc_event("hangup");
	json_set_str(event, "call_id", leg->leg.call_id);
	json_set_str(event, "by", hangup_by_name(end->by));
	json_set_str(event, "reason", hangup_reason_name(end->reason));
	json_set_str(event, "code", end->code);
	json_object_set_new(event, "sip_code",
			    end->sip_code ? json_integer(end->sip_code)
					  : json_null());
	wrtc_push(leg->h, transaction, event, NULL);
	wrtc_push_close_pc(leg->h);
}

static void go_over(struct wrtc_leg *leg)
{
	struct wrtc_handle *h = leg->h;

	wrtc_leg_set(leg, WRTC_LEG_OVER);
	leg->quiet = true;
	timer_cancel(h->gw->timers, &leg->timer);
	if (h->leg == leg)
		wrtc_picture_close(h);
	wrtc_sound_close(leg);
	wrtc_leg_later(leg, WRTC_LATER_CLOSED);
	if (h->leg == leg)
		wrtc_handle_over(h);
}

static void end_leg(struct wrtc_leg *leg, const char *transaction,
		    const struct leg_end *end)
{
	if (leg->quiet || leg->state == WRTC_LEG_OVER)
		return;

	obj_ref(leg);
	tell_browser(leg, transaction, end);
	leg->quiet = true; /* the call's hangup() finds it over */
	if (leg->leg.handler)
		leg->leg.handler->ended(leg->leg.arg, end);
	go_over(leg);
	obj_unref(leg);
}

void wrtc_leg_end(struct wrtc_leg *leg, const struct leg_end *end)
{
	end_leg(leg, NULL, end);
}

static bool is_answered(const struct wrtc_leg *leg)
{
	return leg->state == WRTC_LEG_ANSWERED || leg->state == WRTC_LEG_UP;
}

/* Did it go while its call still waits for its answer to be good? */
static bool is_half(const struct wrtc_leg *leg)
{
	return leg->outgoing && leg->state == WRTC_LEG_ANSWERED;
}

void wrtc_leg_lost(struct wrtc_leg *leg, const char *line)
{
	struct leg_end end = {
		.by = HANGUP_BY_REMOTE,
		.reason = is_answered(leg) ? HANGUP_NORMAL : HANGUP_CANCELED,
		.code = "browser_lost",
	};

	if (is_half(leg)) {
		end.reason = HANGUP_FAILED;
		end.sip_code = 480;
	}

	atomic_fetch_add(&leg->h->gw->n.lost, 1);
	wrtc_leg_note(leg, line);
	end_leg(leg, NULL, &end);
}

void wrtc_leg_bye(struct wrtc_leg *leg, const char *transaction)
{
	struct leg_end end = {
		.by = HANGUP_BY_REMOTE,
		.reason = is_answered(leg) ? HANGUP_NORMAL : HANGUP_CANCELED,
	};

	if (is_half(leg)) {
		end.reason = HANGUP_REJECTED;
		end.sip_code = 603;
	}
	wrtc_leg_note(leg, "the browser hung up");
	end_leg(leg, transaction, &end);
}

static int leg_hangup(struct leg *arg, const struct leg_end *end)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);
	const int code = is_answered(leg) || leg->outgoing ? 0 : end->sip_code;

	if (leg->quiet || leg->state == WRTC_LEG_OVER)
		return 0;

	tell_browser(leg, NULL, end);
	wrtc_leg_note(leg, "hangup sent");
	go_over(leg);

	return code;
}

/* ---- from ringing to the conversation ---- */

static int leg_ring(struct leg *arg)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);

	if (leg->state == WRTC_LEG_EARLY)
		return EALREADY;
	if (leg->state != WRTC_LEG_INVITED)
		return EPROTO;

	wrtc_push(leg->h, NULL, wrtc_event("ringing"), NULL);
	wrtc_leg_note(leg, "ringing sent");

	return 0;
}

static void on_no_connection(void *arg)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "media_timeout",
	};
	struct wrtc_leg *leg = arg;

	wrtc_leg_note(leg, "the browser did not connect");
	wrtc_leg_end(leg, &end);
}

/* Push an event, the first of them with our answer.
 * @return 0: it went; else failed() follows */
static int send_answer(struct wrtc_leg *leg, const char *name,
		       const char *transaction)
{
	struct wrtc *gw = leg->h->gw;
	char *answer = NULL;
	json_t *event;

	if (!leg->described)
		leg->fail_err = wrtc_sound_open(leg, &answer);
	if (leg->fail_err) {
		log_warn("call %s: no media for its browser: %s",
			 leg->leg.call_id, g_strerror(leg->fail_err));
		wrtc_leg_later(leg, WRTC_LATER_FAILED);
		return leg->fail_err;
	}

	if (answer)
		timer_start(gw->timers, &leg->timer, gw->connect_ms,
			    "wrtc_connect", on_no_connection, leg);
	leg->described = true;
	event = wrtc_event(name);
	json_set_str(event, "call_id", leg->leg.call_id);
	wrtc_push(leg->h, transaction, event, answer);
	g_free(answer);

	return 0;
}

static int leg_progress(struct leg *arg)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);

	if (leg->state == WRTC_LEG_EARLY)
		return EALREADY;
	if (leg->state != WRTC_LEG_INVITED || leg->quiet)
		return EPROTO;
	if (send_answer(leg, "progress", NULL))
		return 0; /* failed() follows */

	wrtc_leg_set(leg, WRTC_LEG_EARLY);
	wrtc_leg_note(leg, "progress sent");

	return 0;
}

static int leg_answer(struct leg *arg)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);

	if (is_answered(leg))
		return EALREADY;
	if (leg->state == WRTC_LEG_OVER || leg->outgoing || leg->quiet)
		return EPROTO;
	if (send_answer(leg, "accepted", NULL))
		return 0; /* failed() follows */

	wrtc_leg_set(leg, WRTC_LEG_ANSWERED);
	wrtc_leg_note(leg, "accepted sent");
	if (leg->connected) {
		wrtc_leg_set(leg, WRTC_LEG_UP);
		wrtc_leg_later(leg, WRTC_LATER_ANSWERED);
	}

	return 0;
}

void wrtc_leg_accept(struct wrtc_leg *leg, const char *transaction)
{
	wrtc_leg_set(leg, WRTC_LEG_ANSWERED);
	if (!send_answer(leg, "accepted", transaction))
		wrtc_leg_note(leg, "accepted sent");
}

/* ---- its life ---- */

static void on_life(void *arg)
{
	struct wrtc_leg *leg = arg;
	struct wrtc *gw = leg->h->gw;
	const bool talks =
		leg->sess.recv || leg->sess.video.dir & SDPX_RECVONLY;
	const unsigned limit_ms = talks ? gw->lost_ms : gw->deaf_ms;
	const int64_t quiet_ms =
		(wrtc_now_us() - atomic_load(&leg->h->io.life_us)) / 1000;

	/* After the machine stood still we are awake before what brings its
	 * packets is: looked at twice */
	leg->quiet_looks = quiet_ms >= limit_ms ? leg->quiet_looks + 1 : 0;
	if (leg->quiet_looks > 1) {
		atomic_fetch_add(&gw->n.lost, 1);
		if (wrtc_leg_hears(leg))
			leg->leg.handler->silent(leg->leg.arg);
		return;
	}
	timer_start(gw->timers, &leg->timer,
		    MAX(limit_ms - quiet_ms, LIFE_STEP_MS), "wrtc_life",
		    on_life, leg);
}

void wrtc_leg_connected(struct wrtc_leg *leg)
{
	struct wrtc *gw = leg->h->gw;

	if (leg->connected || leg->quiet || !leg->described)
		return;

	leg->connected = true;
	atomic_store(&leg->h->io.life_us, wrtc_now_us());
	timer_start(gw->timers, &leg->timer, gw->lost_ms, "wrtc_life", on_life,
		    leg);
	wrtc_leg_note(leg, "the browser is connected");
	if (leg->state == WRTC_LEG_EARLY) {
		leg->leg.handler->early(leg->leg.arg);
	} else if (leg->state == WRTC_LEG_ANSWERED) {
		wrtc_leg_set(leg, WRTC_LEG_UP);
		leg->leg.handler->answered(leg->leg.arg);
	}
}

/* ---- the rest of the ops ---- */

static int leg_send_dtmf(struct leg *leg, char digit, unsigned duration_ms)
{
	return ENOTSUP;
}

static int leg_hold(struct leg *arg, bool on)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);

	if (!is_answered(leg) || leg->quiet)
		return EPROTO;
	if (leg->held == on)
		return 0;

	leg->held = on;
	wrtc_picture_hold(leg);
	wrtc_push(leg->h, NULL, wrtc_event(on ? "held" : "unheld"), NULL);
	wrtc_leg_note(leg, on ? "held sent" : "unheld sent");

	return 0;
}

int wrtc_leg_party_holds(struct wrtc_leg *leg, bool on)
{
	if (leg->state != WRTC_LEG_UP || leg->quiet)
		return EPROTO;
	if (leg->holds == on)
		return 0;

	leg->holds = on;
	atomic_store(&leg->h->io.paused, on);
	wrtc_picture_hold(leg);
	leg->leg.handler->held(leg->leg.arg, on);

	return 0;
}

/* In place of a phone's `sip` */
static char *leg_describe(const struct leg *arg)
{
	const struct wrtc_leg *leg = wrtc_leg_of(arg);
	GString *out = g_string_new(NULL);

	jsonw_open(out, NULL, '{');
	jsonw_null(out, "call_id");
	jsonw_null(out, "remote");
	jsonw_null(out, "user_agent");
	if (leg->headers)
		jsonw_json(out, "headers", leg->headers);
	else
		jsonw_text(out, "headers", "{}");
	jsonw_close(out, '}');

	return g_string_free(out, FALSE);
}

static void leg_unref(struct leg *arg)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);

	leg->leg.handler = NULL;
	leg->quiet = true;
	obj_unref(leg);
}

const struct leg_ops wrtc_leg_ops = {
	.endpoint = "webrtc",
	.ring = leg_ring,
	.progress = leg_progress,
	.answer = leg_answer,
	.hangup = leg_hangup,
	.send_dtmf = leg_send_dtmf,
	.echo = wrtc_picture_echo,
	.hold = leg_hold,
	.bridge = wrtc_picture_bridge,
	.describe = leg_describe,
	.describe_media = wrtc_sound_describe,
	.unref = leg_unref,
};
