/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media_rig.h  A media engine, its legs, and a far end on loopback
 *
 * Thread: the test's. Callbacks arrive on the loop and are counted under a
 * lock; rig_wait() waits for a count. The far end is a pair of plain sockets
 * that the test drives by hand.
 */
#ifndef BIFRONS_TESTS_MEDIA_RIG_H
#define BIFRONS_TESTS_MEDIA_RIG_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/codec.h"
#include "loop/loop.h"
#include "media/media.h"
#include "media/rtp.h"
#include "media/tone.h"

enum {
	RIG_WAIT_MS = 10000,
	RIG_PT_EVENT = 101,
	RIG_DIGITS_MAX = 64
};

struct rig {
	struct loop *loop;
	struct media_engine *engine;
};

struct rig_params {
	unsigned silence_ms;
	uint16_t port_min, port_max; /**< 0 = plenty */
	unsigned threads;
};

void rig_open(struct rig *rig, const struct rig_params *prm);
void rig_close(struct rig *rig);

/* ---- the far end ---- */

struct rig_far {
	int rtp, rtcp;
	uint16_t port;    /**< of rtp; rtcp has any */
	uint16_t to_port; /**< the leg's */
	uint8_t pt;
	uint16_t seq;
	uint32_t ts, ssrc;
	uint32_t step; /**< timestamp units a packet */
};

struct rig_packet {
	uint8_t buf[2048];
	size_t len;
	struct rtp_packet rtp; /**< points into buf */
	int64_t at_us;
};

/** @param ip  "127.0.0.1" or another of 127/8 */
void rig_far_open(struct rig_far *far, const char *ip,
		  const struct codec *codec);
void rig_far_close(struct rig_far *far);
/** Send one packet and step on */
void rig_far_send(struct rig_far *far, const void *payload, size_t len,
		  bool marker);
/** Send bytes as they are */
void rig_far_send_raw(struct rig_far *far, const void *buf, size_t len);
/** Send a telephone-event with the present sequence number */
void rig_far_send_event(struct rig_far *far, unsigned code, bool end,
			unsigned units, uint32_t ts);
/** @return false when nothing came in time */
bool rig_far_recv(struct rig_far *far, struct rig_packet *pkt, int ms);
bool rig_far_recv_rtcp(struct rig_far *far, struct rig_packet *pkt, int ms);
/** Payload of n bytes that can be told from others by `tag` */
void rig_payload(uint8_t *buf, size_t n, unsigned tag);

/* ---- a leg ---- */

struct rig_leg {
	struct rig *rig;
	struct media_leg *leg;
	struct media_session sess;
	uint16_t port;
	bool closing; /**< the pointer may be dead */

	pthread_mutex_t mtx;
	pthread_cond_t cond;

	/* guarded by mtx */
	char digits[RIG_DIGITS_MAX + 1];
	uint32_t played_id;
	int played_err;
	uint32_t tapped_id;
	enum media_tap_end tapped_why;
	struct media_stats last; /**< of closed() */

	/* counted under mtx, read at any time */
	atomic_uint ndigits, nplayed, nstarted, nsilent, ntapped, nclosed,
		nlate, nbarriers;
};

/** What a call with this codec agreed on with the far end */
void rig_session(struct media_session *sess, const struct codec *codec,
		 const struct rig_far *far);
/** Alloc and start with leg->sess; the far end is told the port */
void rig_leg_open(struct rig_leg *leg, struct rig *rig,
		  const struct media_session *sess, struct rig_far *far);
int rig_leg_alloc(struct rig_leg *leg, struct rig *rig,
		  const struct media_leg_params *prm);
int rig_leg_start(struct rig_leg *leg, const struct media_session *sess);
/** Close and wait for closed() */
void rig_leg_close(struct rig_leg *leg);
void rig_leg_close_post(struct rig_leg *leg);
void rig_leg_echo(struct rig_leg *leg, bool on);
uint32_t rig_leg_tones(struct rig_leg *leg, const char *text, unsigned loops);
uint32_t rig_leg_stream(struct rig_leg *leg, struct media_stream *stream);
uint32_t rig_leg_dtmf(struct rig_leg *leg, const char *digits,
		      unsigned duration_ms, unsigned interval_ms);
void rig_leg_stop(struct rig_leg *leg);

/** Wait until media has done what the loop asked for this leg */
void rig_settle(struct rig_leg *leg);
/** Wait until a count of the leg reaches n */
bool rig_wait(struct rig_leg *leg, const atomic_uint *count, unsigned n);
/** Wait until the engine took n packets in all */
bool rig_wait_rx(struct rig_leg *leg, uint64_t n);
bool rig_wait_dropped(struct rig_leg *leg, uint64_t n);

/** What was pressed so far */
void rig_assert_digits(struct rig_leg *leg, const char *digits);

/** Latch: two packets. The echo of them, if any, is read away. */
void rig_latch(struct rig_leg *leg, struct rig_far *far);

/** Strength of a frequency in pcm: 1.0 = a full-scale sine */
double rig_goertzel(const int16_t *pcm, size_t n, unsigned rate, double hz);

/** Did the machine delay a tick so much that frames were given up? */
bool rig_was_late(const struct rig *rig);

int64_t rig_now_us(void);
void rig_sleep_ms(unsigned ms);

#endif
