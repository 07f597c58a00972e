/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file route.h  Pass-through: a received packet goes on as it is
 *
 * Thread: the receiving media thread. A route is immutable and counted; a
 * change swaps the pointer. What is rewritten (SSRC, sequence, timestamp,
 * payload type) is kept beside it by the one thread that forwards. A bridge
 * is a route each way, `echo` one from a leg to itself: no jitter buffer, no
 * decoding, no tick.
 */
#ifndef BIFRONS_MEDIA_ROUTE_H
#define BIFRONS_MEDIA_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct media_leg;
struct media_thread;
struct media_tx;
struct rtp_packet;

struct media_route {
	struct media_leg *target; /**< borrowed: on the same thread */
	uint8_t pt_in, pt_out;
};

/** How incoming numbers become outgoing ones */
struct media_rewrite {
	bool synced;
	uint32_t ssrc;       /**< incoming */
	uint16_t high, base; /**< highest seen; older than base: not mapped */
	uint16_t seq_off;
	uint32_t ts_high, ts_off;
};

/** Numbers of one outgoing packet */
struct media_mapped {
	uint16_t seq;
	uint32_t ts;
	bool marker;
};

/** Swap the leg's route; NULL target = none. The same again changes nothing. */
void media_route_set(struct media_leg *leg, struct media_leg *target,
		     uint8_t pt_in, uint8_t pt_out);

/** Forward a parsed packet in its buffer, when the leg has a route */
void media_route_packet(struct media_leg *leg, struct media_thread *th,
			uint8_t *buf, size_t len, const struct rtp_packet *pkt);

/** Forward a telephone-event that may pass, likewise. @return false when it
 * did not go (a copy of one that did) */
bool media_route_event(struct media_leg *leg, struct media_thread *th,
		       uint8_t *buf, size_t len, const struct rtp_packet *pkt);

/** A packet that is not forwarded (a digit, an empty one): its number is
 * taken out, so that the receiver does not count it as lost
 */
void media_rewrite_skip(struct media_rewrite *rw, const struct rtp_packet *pkt);

/** Map a packet onto what `tx` sends, and advance both.
 * @param owner  Who forwards: when it is not tx's last writer, a spurt begins
 * @return false: a duplicate, or too old to have a number; drop it
 */
bool media_rewrite_map(struct media_rewrite *rw, struct media_tx *tx,
		       const void *owner, const struct rtp_packet *pkt,
		       int64_t now_us, struct media_mapped *out);

#endif
