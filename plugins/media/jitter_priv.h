/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file jitter_priv.h  Parts of the jitter buffer: packet store, delay
 *
 * Thread: as jitter.h. For jitter*.c only.
 */
#ifndef BIFRONS_MEDIA_JITTER_PRIV_H
#define BIFRONS_MEDIA_JITTER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

/* ---- packets by sequence number, their bytes in small chunks ---- */

enum {
	JITTER_SLOTS = 64, /**< a power of two */
	JITTER_CHUNKS = 128,
	JITTER_CHUNK_LEN = 160, /**< 20 ms of G.711 */
	JITTER_NO_CHUNK = 255,
};

struct jitter_slot {
	bool used, sound;
	uint8_t chunk; /**< the first */
	uint16_t len;
	uint32_t units;
	int64_t seq, ts; /**< extended */
};

struct jitter_store {
	struct jitter_slot slots[JITTER_SLOTS];
	unsigned count;
	unsigned nfree;
	uint8_t free[JITTER_CHUNKS], next[JITTER_CHUNKS];
	uint8_t bytes[JITTER_CHUNKS][JITTER_CHUNK_LEN];
};

void jitter_store_clear(struct jitter_store *st);
struct jitter_slot *jitter_store_at(struct jitter_store *st, int64_t seq);
/** The first packet from seq on, or NULL */
struct jitter_slot *jitter_store_first(struct jitter_store *st, int64_t seq);
/** Copy a packet in; its slot must be empty.
 * @return NULL when no chunk is left
 */
struct jitter_slot *jitter_store_add(struct jitter_store *st, int64_t seq,
				     const uint8_t *payload, size_t len);
/** Copy its bytes out. @param buf  RTP_PACKET_MAX bytes */
void jitter_store_copy(const struct jitter_store *st,
		       const struct jitter_slot *slot, uint8_t *buf);
void jitter_store_drop(struct jitter_store *st, struct jitter_slot *slot);

/* ---- what delay the network needs ---- */

enum {
	JITTER_WINDOW = 512
}; /* about ten seconds */

/** Transit time = arrival minus timestamp: only differences mean anything */
struct jitter_delay {
	int64_t min_us, max_us;        /**< bounds of the target */
	int64_t base_us;               /**< transit of the first packet */
	int32_t window[JITTER_WINDOW]; /**< transits less base_us */
	unsigned n, at;
	unsigned fresh;   /**< packets since the last estimate */
	int64_t floor_us; /**< the fastest packet's transit */
	int64_t target_us;
};

void jitter_delay_init(struct jitter_delay *d, unsigned min_ms,
		       unsigned max_ms);
/** Forget the transits, keep the target */
void jitter_delay_restart(struct jitter_delay *d);
/** Is it so far from what is known that the timestamps must have jumped? */
bool jitter_delay_is_jump(const struct jitter_delay *d, int64_t transit_us);
void jitter_delay_add(struct jitter_delay *d, int64_t transit_us);
/** A packet came this much too late: grow at once */
void jitter_delay_late(struct jitter_delay *d, int64_t transit_us);

#endif
