/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file tx.h  What a leg sends: one SSRC, one sequence, one timeline
 *
 * Thread: the leg's media thread, the only writer. Players, digits, and what
 * is passed through take turns; whoever starts after another one continues
 * the sequence, and moves the timestamp on by the time that went by.
 */
#ifndef BIFRONS_MEDIA_TX_H
#define BIFRONS_MEDIA_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/addr.h"

struct codec;
struct media_leg;
struct media_thread;

struct media_tx {
	uint32_t ssrc;
	uint16_t seq; /**< of the next packet */
	bool any;     /**< something was sent */
	unsigned clock;
	uint32_t frame; /**< timestamp units in 20 ms */

	/** Who sent last; another one begins a spurt. NULL forces one. */
	const void *writer;

	/* the timeline: ref_ts was sent at ref_us and covers span units */
	uint32_t ref_ts, span;
	int64_t ref_us;

	int64_t sent_us;          /**< last packet */
	uint32_t packets, octets; /**< for SR; they wrap */

	/* where to */
	union media_sockaddr to;
	socklen_t tolen; /**< 0 = nowhere yet */
};

/** One packet to send. `buf` begins with RTP_HEADER_LEN bytes of room. */
struct media_out {
	uint8_t *buf;
	size_t len; /**< with the room */
	uint8_t pt;
	bool marker;
	uint32_t ts;
	uint32_t span; /**< units; 0 = the timeline does not move */
	const void *writer;
};

void media_tx_init(struct media_tx *tx);
/** The codec of what follows */
void media_tx_codec(struct media_tx *tx, const struct codec *codec);
/** Send to this address from now on */
void media_tx_dest(struct media_leg *leg, const struct media_addr *to);

/** Timestamp with which a spurt begins now */
uint32_t media_tx_resume(const struct media_tx *tx, int64_t now_us);

/** Write the header and send */
void media_tx_packet(struct media_leg *leg, struct media_thread *th,
		     const struct media_out *out);

/** Note on the timeline that a packet which the caller wrote goes out */
void media_tx_mark(struct media_tx *tx, uint32_t ts, uint32_t span,
		   int64_t now_us);

/** Send bytes as they are, and count them */
void media_tx_raw(struct media_leg *leg, struct media_thread *th, void *packet,
		  size_t len, size_t payload_len);

#endif
