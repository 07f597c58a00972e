/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file mos.h  Quality of a call as one number (E-model, ITU-T G.107)
 *
 * Thread: any.
 */
#ifndef BIFRONS_MEDIA_MOS_H
#define BIFRONS_MEDIA_MOS_H

#include "codec/codec.h"

/** MOS from what RTCP tells.
 * @param loss       Share of packets, 0-1
 * @param jitter_ms  Mean deviation; the buffer is taken to add twice that
 * @param rtt_ms     Round trip
 * @return 1.0-4.5
 */
double mos_estimate(const struct codec *codec, double loss, unsigned jitter_ms,
		    unsigned rtt_ms);

#endif
