/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file playout.h  From packets to frames of 20 ms: jitter buffer, decoder,
 * concealment and rate conversion in one
 *
 * Thread: one at a time. Nothing is allocated after playout_alloc().
 */
#ifndef BIFRONS_MEDIA_PLAYOUT_H
#define BIFRONS_MEDIA_PLAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/codec.h"
#include "media/jitter.h"
#include "media/rtp.h"

struct playout;

/** @param rate  Of the frames: 8000, 16000 or 48000
 * @param min_ms,max_ms  Delay of the jitter buffer; 0 = 20 and 200
 * @return 0, EINVAL, EIO. Freed with obj_unref().
 */
int playout_alloc(struct playout **pop, const struct codec *codec,
		  unsigned rate, unsigned min_ms, unsigned max_ms);

/** A packet of the codec's payload type. @return as jitter_put() */
int playout_put(struct playout *po, const struct rtp_packet *pkt,
		int64_t now_us);

/** A packet of the same stream that is no sound (telephone-event) */
int playout_skip(struct playout *po, const struct rtp_packet *pkt,
		 int64_t now_us);

/** The next 20 ms: rate / 50 samples, whatever happened.
 * @return false when they are silence because nothing came
 */
bool playout_frame(struct playout *po, int64_t now_us, int16_t *frame);

void playout_reset(struct playout *po);
void playout_stats(const struct playout *po, struct jitter_stats *stats);

#endif
