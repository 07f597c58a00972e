/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media_pair.h  Two legs that can be bridged, and who stands behind them
 *
 * Thread: the test's. The legs begin on two media threads. Each far end can
 * speak a sine in real time; what both hear is decoded, and must be one stream
 * (support/media_ear.h).
 */
#ifndef BIFRONS_TESTS_MEDIA_PAIR_H
#define BIFRONS_TESTS_MEDIA_PAIR_H

#include "support/media_ear.h"

enum {
	PAIR_LEVEL = 8000, /**< of the sines */
	PAIR_PT_MOVED = 97 /**< of the second leg, where codecs are the same */
};

struct media_pair {
	struct rig rig;
	struct rig_far far[2];
	struct rig_leg leg[2];
	struct media_session sess[2];
	struct media_ear ear[2];
	struct codec_enc *enc[2]; /**< made at first use */
	size_t said[2];           /**< samples */
};

void pair_open(struct media_pair *p, enum codec_id a, enum codec_id b);
/** The same with the sessions as they stand in it */
void pair_start(struct media_pair *p);
/** Legs alone, not started: codecs and far ends stand in sess[] */
void pair_prepare(struct media_pair *p, enum codec_id a, enum codec_id b);
void pair_close(struct media_pair *p);

/** Both are latched; nothing is left to be read */
void pair_latch(struct media_pair *p);

/** Both far ends speak a sine for ms (0 Hz: nothing is sent) and listen */
void pair_talk(struct media_pair *p, unsigned ms, double hz0, double hz1);
/** What an end speaks is encoded anew: its session has another codec */
void pair_drop_voice(struct media_pair *p, unsigned end);
/** Begin to listen anew */
void pair_listen(struct media_pair *p);
/** Strength in the last ms that an end heard (a second is kept);
 * 1.0 = PAIR_LEVEL; 0 before there is so much */
double pair_heard(const struct media_pair *p, unsigned end, unsigned ms,
		  double hz);

/* ---- verbs; each returns when media has done it ---- */

int pair_bridge(struct media_pair *p);
void rig_leg_unbridge(struct rig_leg *leg);
void rig_leg_mute(struct rig_leg *leg, bool in, bool out);
void rig_leg_hold(struct rig_leg *leg, bool on);
uint32_t rig_leg_tap(struct rig_leg *leg, struct media_tap *tap);
void rig_leg_untap(struct rig_leg *leg, uint32_t id);

/** What continuity means: the next number, later in time */
struct rig_follow {
	bool any;
	uint32_t ssrc, ts;
	uint16_t seq;
};

/** @param step  Of the timestamp; 0 = any forward */
void rig_follows(struct rig_follow *f, const struct rtp_packet *pkt,
		 uint32_t step);

#endif
