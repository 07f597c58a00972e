/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/bridge.h"

#include "common/obj.h"
#include "media/frames.h"
#include "media/leg_priv.h"
#include "media/play.h"
#include "media/sound.h"
#include "media/taps.h"

enum {
	DIGIT_MS_MIN = 50, /* shorter ones are not heard by everyone */
	DIGIT_MS_MAX = 10000,
	DIGIT_PAUSE_MS = 50,
};

struct media_leg *media_bridge_other(struct media_leg *leg)
{
	if (leg->peer)
		return leg->peer;

	return leg->echo ? leg : NULL;
}

/* How does `to` hear `from`? */
static enum media_flow flow_between(const struct media_leg *from,
				    const struct media_leg *to)
{
	if (!from || !from->open || !to->open || from->hold || to->hold ||
	    !from->sess.recv || !to->sess.send)
		return MEDIA_FLOW_NONE;
	if (from->mute_in || to->mute_out)
		return MEDIA_FLOW_SILENCE;
	if (from->sess.codec == to->sess.codec &&
	    from->sess.ptime_ms == to->sess.ptime_ms)
		return MEDIA_FLOW_RELAY;

	return MEDIA_FLOW_FRAMES;
}

/* Does anybody need what it says as samples? */
static bool is_listened_to(const struct media_leg *leg,
			   const struct media_leg *other)
{
	const enum media_flow flow =
		other ? flow_between(leg, other) : MEDIA_FLOW_NONE;

	if (leg->taps || flow == MEDIA_FLOW_FRAMES)
		return true;

	return other && other->taps && flow == MEDIA_FLOW_RELAY;
}

static void set_flow(struct media_leg *leg, struct media_thread *th,
		     enum media_flow flow)
{
	if (flow == leg->flow)
		return;

	leg->flow = flow;
	if (leg->sound && !media_leg_is_playing(leg))
		media_sound_flush(leg, th); /* half a packet of before */
}

static void update(struct media_leg *leg, struct media_thread *th)
{
	struct media_leg *other = media_bridge_other(leg);
	const bool can_hear = leg->open && leg->sess.recv;
	const bool inband = can_hear && leg->sess.dtmf == MEDIA_DTMF_INBAND;
	const bool relayed =
		other && flow_between(leg, other) == MEDIA_FLOW_RELAY;

	set_flow(leg, th, flow_between(other, leg));
	if (relayed)
		media_route_set(leg, other, leg->sess.pt, other->sess.pt);
	else
		media_route_set(leg, NULL, 0, 0);
	media_frames_want(leg, can_hear && is_listened_to(leg, other), inband);
	media_leg_update_tick(leg, th);
}

void media_bridge_update(struct media_leg *leg, struct media_thread *th)
{
	if (leg->stale)
		media_taps_tidy(leg);
	leg->stale = false;
	update(leg, th);
	if (leg->peer)
		update(leg->peer, th);
}

void media_bridge_anew(struct media_leg *leg)
{
	leg->rewrite.synced = false;
	if (leg->peer)
		leg->peer->rewrite.synced = false;
}

/* ---- commands ---- */

void media_bridge_end(struct media_leg *leg, struct media_thread *th)
{
	struct media_leg *peer = leg->peer;

	if (!peer)
		return;

	leg->peer = peer->peer = NULL;
	leg->pass_digit = peer->pass_digit = false;
	media_play_forget_passed(leg);
	media_play_forget_passed(peer);
	update(leg, th);
	update(peer, th);
}

void media_bridge_cmd_on(struct media_thread *th, void *arg)
{
	struct media_bridge_change *change = arg;
	struct media_leg *leg = change->leg, *peer = change->peer;

	media_bridge_end(leg, th);
	media_bridge_end(peer, th);
	leg->peer = peer;
	peer->peer = leg;
	if (leg->tick.phase && leg->tick.phase != peer->tick.phase)
		tick_leave(&th->tick, peer); /* it joins its peer's */
	media_bridge_update(leg, th);
	g_free(change);
}

void media_bridge_cmd_off(struct media_thread *th, void *arg)
{
	struct media_bridge_change *change = arg;

	media_bridge_end(change->leg, th);
	g_free(change);
}

void media_bridge_cmd_mute(struct media_thread *th, void *arg)
{
	struct media_bridge_change *change = arg;

	change->leg->mute_in = change->in;
	change->leg->mute_out = change->out;
	media_bridge_update(change->leg, th);
	g_free(change);
}

void media_bridge_cmd_hold(struct media_thread *th, void *arg)
{
	struct media_bridge_change *change = arg;
	struct media_leg *leg = change->leg;

	leg->hold = change->in;
	leg->life_us = th->now_us; /* silence counts anew */
	leg->rx_us = 0;
	media_bridge_update(leg, th);
	g_free(change);
}

/* ---- the tick ---- */

void media_bridge_step(struct media_leg *leg, struct media_thread *th)
{
	static const int16_t silence[CODEC_FRAME_MAX];
	struct media_leg *from = media_bridge_other(leg);
	int16_t buf[CODEC_FRAME_MAX];
	const int16_t *pcm = NULL;
	unsigned rate;

	if (leg->flow != MEDIA_FLOW_FRAMES && leg->flow != MEDIA_FLOW_SILENCE)
		return;
	/* nothing was ever said: nothing is sent */
	if (!from || !from->started || media_sound_need(leg))
		return;

	rate = media_sound_rate(leg->sound);
	if (leg->flow == MEDIA_FLOW_FRAMES)
		pcm = media_frames_said(from, th);
	if (pcm) {
		const unsigned said = media_frames_rate(from);

		/* what has no more in it needs no wider encoder */
		if (said < rate && codec_has_rate(leg->sess.codec, said))
			rate = said;
		pcm = media_conv_run(&leg->conv, pcm, said, rate, buf);
	} else {
		rate = media_sound_last_rate(leg->sound);
	}
	media_sound_put_at(leg, th, pcm ? pcm : silence, rate);
}

/* ---- digits ---- */

/* Can events go on as they are? */
static bool has_route(const struct media_leg *leg)
{
	const struct media_leg *peer = leg->peer;

	return peer &&
	       atomic_load_explicit(&leg->route, memory_order_relaxed) &&
	       peer->sess.dtmf == MEDIA_DTMF_RFC4733 &&
	       peer->sess.dtmf_pt >= 0 &&
	       peer->sess.dtmf_clock == leg->sess.dtmf_clock &&
	       !media_leg_is_playing(peer);
}

static void inject(struct media_leg *leg, struct media_thread *th, char digit,
		   unsigned duration_ms)
{
	const unsigned ms = CLAMP(duration_ms, DIGIT_MS_MIN, DIGIT_MS_MAX);
	const char digits[] = {digit, '\0'};
	struct media_play *play;

	if (leg->sess.dtmf == MEDIA_DTMF_RFC4733 && leg->sess.dtmf_pt >= 0)
		play = media_play_events(digits, ms, DIGIT_PAUSE_MS);
	else
		play = media_play_inband(digits, ms, DIGIT_PAUSE_MS);
	play->leg = leg; /* without an id: nobody waits for its end */
	media_play_cmd_send(th, play);
}

void media_bridge_digit(struct media_leg *leg, struct media_thread *th,
			const struct dtmf_event *ev)
{
	struct media_leg *peer = leg->peer;

	if (!ev->end) {
		leg->pass_digit = has_route(leg);
		return;
	}
	/* by SIP INFO signalling sends it, which is told of it */
	if (!leg->pass_digit && peer && peer->flow != MEDIA_FLOW_NONE &&
	    peer->sess.dtmf != MEDIA_DTMF_INFO)
		inject(peer, th, ev->digit, ev->duration_ms);
}

bool media_bridge_event(struct media_leg *leg, struct media_thread *th,
			uint8_t *buf, size_t len, const struct rtp_packet *pkt)
{
	if (!leg->pass_digit || !has_route(leg))
		return false;

	return media_route_event(leg, th, buf, len, pkt);
}
