/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file plan.h  The payload types of an offer of ours; for this folder only
 *
 * Thread: any; nothing is kept.
 */
#ifndef BIFRONS_SDP_PLAN_H
#define BIFRONS_SDP_PLAN_H

#include "sdp/sdpx.h"

enum {
	SDPX_EVENTS_ALL = 0x1ffff,
	SDPX_EVENTS_DTMF = 0xffff
};

struct sdpx_plan {
	size_t n;
	struct {
		const struct codec *codec;
		uint8_t pt;
	} codecs[CODEC_NIDS];
	int dtmf8, dtmf48; /**< telephone-event at 8 and 48 kHz, or -1 */
};

/** Which codec gets which type. What agreed before keeps its type and comes
 * first; the others stay off the types that are taken.
 */
void sdpx_plan_make(struct sdpx_plan *plan, const struct sdpx_local *local);

/** @return NULL if the plan does not have it */
const struct codec *sdpx_plan_codec(const struct sdpx_plan *plan, int pt);

#endif
