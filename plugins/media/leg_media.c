/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of a leg's life that its media thread runs */
#include <errno.h>
#include <unistd.h>

#include "common/obj.h"
#include "host/log.h"
#include "media/bridge.h"
#include "media/frames.h"
#include "media/leg_priv.h"
#include "media/play.h"
#include "media/sound.h"
#include "media/taps.h"

enum {
	KEEPALIVE_US = 15000000 /* RFC 6263 §5 */
};

void media_leg_update_tick(struct media_leg *leg, struct media_thread *th)
{
	const bool needed = leg->open && (leg->rxaudio || leg->taps ||
					  media_leg_is_playing(leg) ||
					  leg->flow == MEDIA_FLOW_FRAMES ||
					  leg->flow == MEDIA_FLOW_SILENCE);

	if (needed)
		tick_join(&th->tick, leg, th->now_us);
	else
		tick_leave(&th->tick, leg);
}

void media_leg_tick(struct media_leg *leg, struct media_thread *th, bool resync)
{
	/* what passes as it is has the time of who sent it */
	if (resync &&
	    (media_leg_is_playing(leg) || leg->flow != MEDIA_FLOW_RELAY))
		leg->tx.writer = NULL;

	(void)media_frames_said(leg, th); /* whether it is needed or not */
	if (media_leg_is_playing(leg))
		media_play_step(leg, th);
	else
		media_bridge_step(leg, th);
	if (leg->taps)
		media_taps_put(leg, th);
	media_leg_update_tick(leg, th);
}

void media_leg_attach(struct media_leg *leg, struct media_thread *th)
{
	int err = 0;

	leg->slot = th->legs->len;
	g_ptr_array_add(th->legs, leg);
	media_frames_moved(leg);
	media_leg_update_tick(leg, th);
	if (!leg->port)
		return;

	err = media_watch_add(th, &leg->rtp);
	if (!err)
		err = media_watch_add(th, &leg->rtcp);
	if (err) /* silence will end the call */
		log_error("call %s: its sockets cannot be watched: %s",
			  leg->name, g_strerror(err));
}

void media_leg_detach(struct media_leg *leg, struct media_thread *th)
{
	const unsigned slot = leg->slot;

	media_bridge_end(leg, th);
	tick_leave(&th->tick, leg);
	g_ptr_array_remove_index_fast(th->legs, slot);
	if (slot < th->legs->len) {
		struct media_leg *moved = g_ptr_array_index(th->legs, slot);

		moved->slot = slot;
	}
	if (leg->port) {
		media_watch_del(th, &leg->rtp);
		media_watch_del(th, &leg->rtcp);
	}
}

static void open_leg(struct media_leg *leg, struct media_thread *th)
{
	leg->open = true;
	leg->budget = LEG_BUDGET;
	leg->tx.sent_us = th->now_us;
	media_leg_attach(leg, th);
}

/* Another codec or packet time: what depends on it begins anew */
static void change_codec(struct media_leg *leg)
{
	leg->sound = obj_unref(leg->sound);
	media_frames_forget(leg);
	media_play_restart(leg);
	media_tx_codec(&leg->tx, leg->sess.codec);
	if (leg->rx.clock != leg->sess.codec->clock)
		rtcp_rx_init(&leg->rx, leg->sess.codec->clock);
}

void media_leg_cmd_start(struct media_thread *th, void *arg)
{
	struct media_leg_session *change = arg;
	struct media_leg *leg = change->leg;
	const struct media_session old = leg->sess, *sess = &leg->sess;
	struct media_addr sdp;
	bool fresh;

	leg->sess = change->sess;
	g_free(change);
	fresh = !leg->open || old.codec != sess->codec || old.pt != sess->pt ||
		old.ptime_ms != sess->ptime_ms;

	media_addr_of(&sdp, &sess->rtp);
	latch_session(&leg->latch, &sdp, sess->sources, sess->nsources);
	media_tx_dest(leg, latch_dest(&leg->latch));
	leg->rtcp_from = (struct media_addr){0};
	g_free((void *)old.sources);

	if (fresh)
		change_codec(leg);
	if (!leg->open || old.dtmf_clock != sess->dtmf_clock)
		dtmf4733_rx_begin(&leg->digits, sess->dtmf_clock);
	leg->life_us = th->now_us;
	leg->rx_us = 0; /* a hold is no gap */
	leg->held_len = 0;
	if (!leg->open)
		open_leg(leg, th);
	media_bridge_anew(leg);
	media_bridge_update(leg, th);
}

void media_leg_cmd_echo_on(struct media_thread *th, void *arg)
{
	struct media_leg *leg = arg;

	leg->echo = true;
	media_bridge_update(leg, th);
}

void media_leg_cmd_echo_off(struct media_thread *th, void *arg)
{
	struct media_leg *leg = arg;

	leg->echo = false;
	media_bridge_update(leg, th);
}

static void tell_silence(struct media_leg *leg, struct media_thread *th)
{
	const struct media_event ev = {.type = MEDIA_EV_SILENT};

	if (leg->silent || !leg->sess.recv || leg->hold ||
	    th->now_us - leg->life_us < leg->engine->silence_us)
		return;

	leg->silent = true;
	media_event_add(th, leg, &ev);
}

/* A NAT on the way forgets who says nothing: a little silence keeps it open.
 * A play that sends nothing for so long is a stream that has not begun. */
static void keep_alive(struct media_leg *leg, struct media_thread *th)
{
	static const int16_t silence[CODEC_FRAME_MAX];

	if (leg->send || !leg->sess.send || !leg->tx.tolen ||
	    th->now_us - leg->tx.sent_us < KEEPALIVE_US ||
	    media_sound_need(leg))
		return;

	media_sound_put(leg, th, silence);
	media_sound_flush(leg, th);
	leg->tx.writer = NULL;
}

void media_leg_house(struct media_leg *leg, struct media_thread *th)
{
	struct dtmf_event ev;

	leg->budget = LEG_BUDGET;
	if (leg->digits.held && dtmf4733_rx_poll(&leg->digits, th->now_us, &ev))
		media_bridge_digit(leg, th, &ev);
	if (leg->stale)
		media_bridge_update(leg, th);
	tell_silence(leg, th);
	keep_alive(leg, th);
	media_rx_figures(leg);
	media_report_house(leg, th);
}

static void close_sockets(struct media_leg *leg)
{
	if (!leg->port)
		return;

	close(leg->rtp.fd);
	close(leg->rtcp.fd);
	leg->rtp.fd = leg->rtcp.fd = -1;
}

void media_leg_cmd_close(struct media_thread *th, void *arg)
{
	const struct media_event ev = {.type = MEDIA_EV_CLOSED};
	struct media_leg *leg = arg;

	if (leg->open) {
		media_report_bye(leg, th);
		media_rx_figures(leg);
		media_report_quality(leg);
		media_leg_detach(leg, th);
	}
	media_bridge_end(leg, th);
	close_sockets(leg);
	leg->open = false;
	media_play_drop(leg);
	media_taps_finish(leg);
	media_route_set(leg, NULL, 0, 0);
	media_event_add(th, leg, &ev);
}
