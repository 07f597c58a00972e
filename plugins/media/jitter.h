/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file jitter.h  Adaptive jitter buffer
 *
 * Packets come in as the network brings them, and go out in their order and
 * time. Time is an argument: tests move it. The delay follows the spread of
 * the packets' transit times (97th percentile of about ten seconds); it grows
 * at once and by waiting, it shrinks by leaving out a frame, in silence where
 * possible. Clock drift is absorbed the same way.
 *
 * Thread: one at a time. Nothing is allocated after jitter_alloc().
 * Use rxaudio.h for decoded frames.
 */
#ifndef BIFRONS_MEDIA_JITTER_H
#define BIFRONS_MEDIA_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jitter;

struct jitter_params {
	unsigned clock;  /**< of timestamps, Hz */
	unsigned min_ms; /**< 0 = 20 */
	unsigned max_ms; /**< 0 = 200 */
};

struct jitter_stats {
	uint64_t put, played;
	uint64_t lost; /**< holes that were concealed */
	uint64_t late; /**< came after their time */
	uint64_t duplicate;
	uint64_t overflow;  /**< no room */
	uint64_t cut;       /**< left out to shorten the delay */
	uint64_t stretched; /**< 20 ms put in to lengthen the delay */
	uint64_t underrun;  /**< times that it ran dry */
	uint64_t restarts;  /**< SSRC, sequence or timestamp jumped */
	unsigned target_ms, delay_ms;
};

/** @return 0 or EINVAL. Freed with obj_unref(). */
int jitter_alloc(struct jitter **jbp, const struct jitter_params *prm);

struct jitter_packet {
	uint32_t ssrc, ts;
	uint16_t seq;
	/** NULL: a packet that is no sound (telephone-event) but has a
	 * sequence number: it is no loss */
	const uint8_t *payload;
	size_t len;     /**< RTP_PACKET_MAX at most */
	uint32_t units; /**< timestamp units that it covers */
};

/** Put a packet; it is copied.
 * @return 0, EALREADY (duplicate), ETIME (late), ENOBUFS, or EINVAL
 */
int jitter_put(struct jitter *jb, const struct jitter_packet *pkt,
	       int64_t now_us);

enum jitter_kind {
	JITTER_PACKET,  /**< decode this */
	JITTER_LOST,    /**< conceal `units`; with `payload` by its FEC */
	JITTER_SILENCE, /**< a gap of the sender's, or nothing yet: `units` */
};

struct jitter_out {
	enum jitter_kind kind;
	/** PACKET: it. LOST: the packet after the hole, or NULL. Valid until
	 * the next call with this buffer. */
	const uint8_t *payload;
	size_t len;
	uint32_t units;
	bool restart; /**< another stream begins: reset the decoder */
};

/** Take what comes next. To be called until 20 ms are together, every 20 ms.
 * @param quiet  What was played last was (nearly) silent, so that a frame can
 *               be left out or put in unheard
 */
void jitter_get(struct jitter *jb, int64_t now_us, bool quiet,
		struct jitter_out *out);

/** Forget everything but the statistics and the learned delay */
void jitter_reset(struct jitter *jb);

void jitter_stats(const struct jitter *jb, struct jitter_stats *stats);

#endif
