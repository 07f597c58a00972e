/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file leg_priv.h  struct media_leg, as the files of media/ see it
 *
 * Two threads meet here: the loop, which calls media.h, and one media thread,
 * which owns the sound and may change (move.c). The loop posts commands and
 * never looks at the thread's part. The loop's reference goes with closed();
 * events under way hold their own.
 */
#ifndef BIFRONS_MEDIA_LEG_PRIV_H
#define BIFRONS_MEDIA_LEG_PRIV_H

#include <glib.h>
#include <stdatomic.h>

#include "codec/codec.h"
#include "media/dtmf4733.h"
#include "media/engine.h"
#include "media/latch.h"
#include "media/media.h"
#include "media/ports.h"
#include "media/route.h"
#include "media/rtcp.h"
#include "media/tick.h"
#include "media/tx.h"

struct media_conv;
struct media_frames;
struct media_play;
struct media_ring;
struct media_sound;
struct media_taps;
struct rxaudio;

/* Packets of a leg that are taken in 100 ms. Phones send ten at most; the rest
 * is for a burst after a stall. Two legs that echo each other would else pass
 * a packet to and fro as fast as they can.
 */
enum {
	LEG_BUDGET = 128
};

enum {
	LEG_NAME_SIZE = 48,
	LEG_HELD_MAX = 512,
	LEG_CNAME_SIZE = 20
};

/** Counted by the media thread, read by any */
struct media_figures {
	atomic_ullong rx_packets, rx_bytes, rx_lost, rx_late, rx_dropped;
	atomic_ullong tx_packets, tx_bytes, tx_underruns;
	atomic_uint rx_gap_max_ms, jitter_ms, rtt_ms, out_jitter_ms;
	atomic_uint in_mos, out_mos;   /**< hundredths */
	atomic_uint in_loss, out_loss; /**< millionths */
};

/** How the sound of another comes to a leg: its peer's, or its own in echo */
enum media_flow {
	MEDIA_FLOW_NONE,
	MEDIA_FLOW_RELAY,   /**< packets as they are */
	MEDIA_FLOW_FRAMES,  /**< decoded and encoded, at the tick */
	MEDIA_FLOW_SILENCE, /**< muted */
};

struct media_leg {
	/* set by alloc, then read-only */
	struct media_engine *engine; /**< a reference */
	const struct media_handler *handler;
	void *arg;
	void (*send)(void *send_arg, bool rtcp, void *packet, size_t len);
	void *send_arg;
	uint16_t port; /**< 0 = no socket */
	char name[LEG_NAME_SIZE];

	/* thread: loop */
	struct media_thread *th;   /**< where to post */
	struct media_leg *partner; /**< bridged with; NULL = none */
	uint32_t last_tap_id, tap_ids[LEG_TAPS_MAX]; /**< 0 = free */
	bool closing;
	uint32_t last_play_id;
	int dtmf_pt;   /**< of the last session */
	unsigned rate; /**< of its sound, Hz; 0 = none yet */

	/* thread: media, from start to close; first what each packet touches */
	struct media_watch rtp;
	struct latch latch;
	struct media_rewrite rewrite;
	struct media_tx tx;
	struct rtcp_rx rx;
	unsigned budget; /**< packets to be taken until the next housekeeping */
	int64_t rx_us;   /**< last packet taken; 0 = none */
	int64_t life_us; /**< last packet or report, or start */
	struct media_play *play;             /**< what plays, or NULL */
	struct media_play *sending;          /**< digits, in their order */
	struct rxaudio *rxaudio;             /**< NULL: nothing is decoded */
	_Atomic(struct media_route *) route; /**< read by any thread */
	struct media_figures figures;        /**< read by any thread */
	struct media_session sess;

	/* thread: media; now and then */
	struct media_watch rtcp;
	bool open;    /**< started, not closed */
	bool started; /**< the loop was told of the first packet */
	bool silent;  /**< the loop was told of silence */
	bool echo;
	struct dtmf4733_rx digits;
	unsigned slot; /**< in th->legs */
	struct tick_member tick;
	struct media_sound *sound; /**< encoder; NULL until needed */

	struct media_leg *peer; /**< bridged with, on this thread; or NULL */
	enum media_flow flow;   /**< how this leg hears */
	bool hold, mute_in, mute_out;
	bool pass_digit; /**< the digit that is pressed goes by the route */
	bool stale;      /**< a tap ended: housekeeping looks what is needed */
	struct media_frames *frames; /**< with rxaudio */
	struct media_conv *conv;     /**< of the peer's sound; NULL = none */
	struct media_taps *taps;     /**< NULL = none */

	int64_t report_us; /**< next RTCP */
	bool report_sent;  /**< one went out: BYE is due at the end */
	uint32_t reported; /**< tx.packets at the last SR */
	struct media_addr rtcp_from;
	uint32_t rnd; /**< spreads the reports */
	char cname[LEG_CNAME_SIZE];

	size_t held_len; /**< a candidate's first packet */
	uint8_t held[LEG_HELD_MAX];

	/* any thread */
	_Atomic(struct media_thread *) owner; /**< NULL: on its way */
	struct media_ring *ring; /**< packets handed in; NULL with sockets */
	_Atomic(struct media_thread *) inbox; /**< who is to take them */
	atomic_bool input_queued;
	struct media_leg *input_next; /**< who set input_queued owns it */
};

/* ---- leg.c, thread: loop ---- */

/** Tell the handler, unless the leg was closed */
void media_leg_event(struct media_leg *leg, const struct media_event *ev);

/* ---- leg_bridge.c, thread: loop ---- */

/** A tap is gone. @return false when it was already */
bool media_leg_forget_tap(struct media_leg *leg, uint32_t tap_id);

/* ---- move.c, thread: loop ---- */

/** Let another media thread have it; what is posted from now on waits there */
void media_leg_move(struct media_leg *leg, struct media_thread *to);

/* ---- leg_media.c, thread: media ---- */

struct media_leg_session {
	struct media_leg *leg;
	struct media_session sess; /**< sources: owned */
};

/** Start or change; owns the struct media_leg_session */
void media_leg_cmd_start(struct media_thread *th, void *arg);
void media_leg_cmd_echo_on(struct media_thread *th, void *leg);
void media_leg_cmd_echo_off(struct media_thread *th, void *leg);
void media_leg_cmd_close(struct media_thread *th, void *leg);

/** 20 ms. @param resync  Some were missed: what is sent now begins a spurt */
void media_leg_tick(struct media_leg *leg, struct media_thread *th,
		    bool resync);
/** Among the thread's legs, in its epoll and its tick, or out of them */
void media_leg_attach(struct media_leg *leg, struct media_thread *th);
void media_leg_detach(struct media_leg *leg, struct media_thread *th);
/** In the tick or not, as what it does demands */
void media_leg_update_tick(struct media_leg *leg, struct media_thread *th);
/** About every 100 ms */
void media_leg_house(struct media_leg *leg, struct media_thread *th);

/** Sound or digits of our own go out: nothing is passed through meanwhile */
static inline bool media_leg_is_playing(const struct media_leg *leg)
{
	return leg->play || leg->sending;
}

/* ---- rx.c, thread: media ---- */

void media_rx_rtp(struct media_watch *watch, struct media_thread *th);
void media_rx_rtcp(struct media_watch *watch, struct media_thread *th);
/** A packet without a socket: its source is known (the browser's session) */
void media_rx_input(struct media_leg *leg, struct media_thread *th, bool rtcp,
		    uint8_t *buf, size_t len);
/** Count a packet that was of no use */
void media_rx_drop(struct media_leg *leg, struct media_thread *th);
/** Figures that are not counted per packet */
void media_rx_figures(struct media_leg *leg);
/** A digit began, as media tells */
void media_rx_digit(struct media_leg *leg, struct media_thread *th, char digit,
		    unsigned duration_ms);

/* ---- report.c, thread: media ---- */

void media_report_house(struct media_leg *leg, struct media_thread *th);
void media_report_rx(struct media_leg *leg, struct media_thread *th,
		     const uint8_t *buf, size_t len);
void media_report_bye(struct media_leg *leg, struct media_thread *th);
/** Quality of what we hear, into the figures */
void media_report_quality(struct media_leg *leg);

#endif
