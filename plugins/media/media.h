/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media.h  A leg's sound, as signalling and calls drive it
 *
 * Thread: loop only, unless said. Each media thread owns its legs' sockets,
 * jitter buffers and players; what stands here posts to that thread and
 * returns at once. What happens in media comes back to the loop through
 * struct media_handler. Frames inside are 20 ms of mono 16-bit samples.
 *
 * A leg receives either by a socket pair of its own (SIP) or by packets that
 * its signalling hands in (a browser; media_leg_input()), and sends
 * accordingly.
 */
#ifndef BIFRONS_MEDIA_MEDIA_H
#define BIFRONS_MEDIA_MEDIA_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/tap.h"

struct loop;
struct codec; /* codec/codec.h */
struct media_engine;
struct media_leg;
struct media_stream; /* media/stream.h */
struct tone_list;    /* media/tone.h */

struct media_engine_params {
	struct loop *loop;
	unsigned threads;            /**< 0 = one per core */
	const char *bind;            /**< address of the sockets */
	uint16_t port_min, port_max; /**< even RTP, odd RTCP ports */
	unsigned silence_timeout_ms; /**< no RTP nor RTCP: 60000 */
};

/** Start the threads. @return 0, EINVAL, or errno of the sockets */
int media_engine_start(struct media_engine **enginep,
		       const struct media_engine_params *prm);
/** All legs must be closed. Not from the loop. @return NULL */
struct media_engine *media_engine_stop(struct media_engine *engine);

struct media_quality {
	double mos;  /**< E-model, 1.0-4.5; 0 = unknown */
	double loss; /**< share of packets, 0-1 */
	unsigned jitter_ms, rtt_ms;
};

struct media_stats {
	uint64_t rx_packets, rx_bytes, rx_lost, rx_late, rx_dropped;
	uint64_t tx_packets, tx_bytes;
	uint64_t tx_underruns; /**< a stream's writer was late */
	unsigned rx_gap_max_ms;
	struct media_quality in, out; /**< out: as their reports say */
};

/** Told on the loop. `arg` is the leg_alloc's. */
struct media_handler {
	/** A digit began to be pressed and is known; once per press.
	 * @param duration_ms  0 when it is still held */
	void (*dtmf)(void *arg, char digit, unsigned duration_ms);
	/** What was played came to its end, or was stopped by another play.
	 * @param err  0, ECANCELED, or why it could not be played */
	void (*played)(void *arg, uint32_t play_id, int err);
	/** Nothing came for silence_timeout_ms; once */
	void (*silent)(void *arg);
	/** The first packet that we accepted arrived */
	void (*started)(void *arg);
	/** A tap came to its end by itself (media/tap.h); once each. May be
	 * NULL */
	void (*tapped)(void *arg, uint32_t tap_id, enum media_tap_end why);
	/** media_leg_close() is done; the last call */
	void (*closed)(void *arg, const struct media_stats *stats);
};

/** How digits come, and go */
enum media_dtmf {
	MEDIA_DTMF_RFC4733,
	MEDIA_DTMF_INFO,
	MEDIA_DTMF_INBAND
};

struct media_leg_params {
	const struct media_handler *handler;
	void *arg;
	const char *name; /**< the call's id, for the log; copied */
	/** NULL: a socket pair from the port pool. Else packets go out through
	 * this function. Thread: media or whichever thread forwards. */
	void (*send)(void *send_arg, bool rtcp, void *packet, size_t len);
	void *send_arg;
};

/** Make a leg: ports are taken and bound, nothing is sent or read yet.
 * @return 0, or EAGAIN when no port is left
 */
int media_leg_alloc(struct media_leg **legp, struct media_engine *engine,
		    const struct media_leg_params *prm);

/** RTP port that the SDP names (RTCP is the next); 0 without a socket */
uint16_t media_leg_port(const struct media_leg *leg);

/** What offer and answer agreed on */
struct media_session {
	const struct codec *codec;
	uint8_t pt;           /**< both ways (the answer repeats the offer's) */
	int dtmf_pt;          /**< telephone-event, or -1 */
	unsigned dtmf_clock;  /**< its clock rate, Hz */
	enum media_dtmf dtmf; /**< INBAND: listen for tones */
	unsigned ptime_ms;    /**< what we send: 10-60 */
	bool send, recv;      /**< direction as seen from us */
	struct sockaddr_storage rtp, rtcp; /**< theirs; family 0 = none */
	/** Sources allowed besides rtp's address (a trunk's networks); NULL =
	 * any (latching then takes the first) */
	const struct media_source *sources;
	size_t nsources;
	bool rtcp_mux;
};

/** An address range from which media is accepted */
struct media_source {
	int family;
	uint8_t addr[16];
	unsigned bits;
};

/** Start, or change after a re-INVITE: everything is copied; sequence numbers
 * and timestamps go on. @return 0 or EINVAL
 */
int media_leg_start(struct media_leg *leg, const struct media_session *sess);

/** Play tones instead of what plays now; played() tells the end.
 * @param list  Taken (media/tone.h)
 * @return The play's id, never 0
 */
uint32_t media_leg_play_tones(struct media_leg *leg, struct tone_list *list,
			      unsigned loops);

/** Play a stream instead of what plays now; a reference is taken. Nothing is
 * sent before the first samples are there; when the writer is late silence is,
 * and that is counted. A stream of another rate than the leg's is resampled.
 * played() tells its end, with what media_stream_end() said, when all of it was
 * heard.
 * @return The play's id, never 0
 */
uint32_t media_leg_play_stream(struct media_leg *leg,
			       struct media_stream *stream);

/** The rate in which the leg's sound is made, Hz; 0 before the start. A
 * re-INVITE may change it. */
unsigned media_leg_rate(const struct media_leg *leg);

/** Stop what plays; played(ECANCELED) follows when something did */
void media_leg_stop(struct media_leg *leg);

/** Send back what comes, untouched where that is possible */
void media_leg_echo(struct media_leg *leg, bool on);

/** Let two parties hear each other, from now on and whatever plays to them
 * (that goes first; afterwards they hear each other again). Packets pass
 * untouched where codec and packet time agree and nobody listens in; else
 * they are decoded, mixed or converted, and encoded. Going from one to the
 * other neither clicks, drops nor renumbers. Digits (RFC 4733) pass, and are
 * told. The legs move to one media thread. Either may start, stop, re-INVITE
 * or be closed at any time. echo() of both is off meanwhile.
 * @return 0, EBUSY when one is bridged already, or EINVAL when one is closing
 */
int media_leg_bridge(struct media_leg *a, struct media_leg *b);
/** End it on both sides; nothing when there is none */
void media_leg_unbridge(struct media_leg *leg);

/** Silence in place of what the party says (in), or of all that it hears (out);
 * digits pass. Stays beyond the bridge. */
void media_leg_mute(struct media_leg *leg, bool in, bool out);

/** Nothing passes the bridge (nor echo), and silence does not end the call;
 * what plays is heard. Stays beyond the bridge. */
void media_leg_hold(struct media_leg *leg, bool on);

/** Give what the party says and hears to a tap, which is this leg's alone; a
 * reference is taken. Taps may come and go at any time, LEG_TAPS_MAX at once;
 * before media_leg_start() nothing is put.
 * @return Its id, or 0 when there are too many or the leg is closing: then the
 *         tap is not finished
 */
uint32_t media_leg_tap(struct media_leg *leg, struct media_tap *tap);
/** No more; the tap sees media_tap_is_over() when the media thread is done.
 * One that ended by itself, or an unknown id: nothing */
void media_leg_untap(struct media_leg *leg, uint32_t tap_id);

/** Send digits one after the other (RFC 4733, or tones in-band): 0-9 A-D * #,
 * w = 500 ms. played() tells the end. @return The play's id
 */
uint32_t media_leg_send_dtmf(struct media_leg *leg, const char *digits,
			     unsigned duration_ms, unsigned interval_ms);

/** A packet for a leg without a socket. Thread: any; the packet is copied or
 * forwarded before it returns.
 */
void media_leg_input(struct media_leg *leg, bool rtcp, const void *packet,
		     size_t len);

/** Figures now. Thread: any (atomics) */
void media_leg_stats(const struct media_leg *leg, struct media_stats *stats);

/** Two steps: no callback but closed() follows. The pointer is dead then. */
void media_leg_close(struct media_leg *leg);

struct media_engine_stats {
	unsigned legs;
	uint64_t rx_packets, tx_packets, dropped; /**< all legs */
	uint64_t underruns; /**< streams whose writer was late */
	uint64_t late_ticks, tick_late_max_us;
	unsigned ports_free;
};
void media_engine_stats(struct media_engine *engine,
			struct media_engine_stats *stats);

#endif
