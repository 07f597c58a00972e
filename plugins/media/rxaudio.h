/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rxaudio.h  From packets to frames of 20 ms: jitter buffer, decoder,
 * concealment and rate conversion in one
 *
 * Thread: one at a time. Nothing is allocated after rxaudio_alloc().
 */
#ifndef BIFRONS_MEDIA_RXAUDIO_H
#define BIFRONS_MEDIA_RXAUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "codec/codec.h"
#include "media/jitter.h"
#include "media/rtp.h"

struct rxaudio;

/** @param rate  Of the frames: 8000, 16000 or 48000
 * @param min_ms,max_ms  Delay of the jitter buffer; 0 = 20 and 200
 * @return 0, EINVAL, EIO. Freed with obj_unref().
 */
int rxaudio_alloc(struct rxaudio **pop, const struct codec *codec,
		  unsigned rate, unsigned min_ms, unsigned max_ms);

/** A packet of the codec's payload type. @return as jitter_put() */
int rxaudio_put(struct rxaudio *po, const struct rtp_packet *pkt,
		int64_t now_us);

/** A packet of the same stream that is no sound (telephone-event) */
int rxaudio_skip(struct rxaudio *po, const struct rtp_packet *pkt,
		 int64_t now_us);

/** The next 20 ms: rate / 50 samples, whatever happened.
 * @return false when they are silence because nothing came
 */
bool rxaudio_frame(struct rxaudio *po, int64_t now_us, int16_t *frame);

void rxaudio_reset(struct rxaudio *po);
void rxaudio_stats(const struct rxaudio *po, struct jitter_stats *stats);

#endif
