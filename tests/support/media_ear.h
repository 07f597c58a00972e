/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file media_ear.h  What the far end of a leg hears, decoded
 *
 * Thread: the test's. Each packet must follow the last in sequence and time,
 * unless the machine was late.
 */
#ifndef BIFRONS_TESTS_MEDIA_EAR_H
#define BIFRONS_TESTS_MEDIA_EAR_H

#include "support/media_rig.h"

enum {
	MEDIA_EAR_MAX = 48000 * 4 /* samples */
};

struct media_ear {
	struct rig_leg *leg;
	struct rig_far *far;
	struct codec_dec *dec;
	unsigned rate, packets, markers;
	size_t n;
	uint16_t seq;
	uint32_t ts;
	int16_t pcm[MEDIA_EAR_MAX + CODEC_DECODE_MAX];
};

/** Begin to listen, with the codec of the leg's session */
void media_ear_open(struct media_ear *ear, struct rig_leg *leg,
		    struct rig_far *far);
/** Take one packet. @return false when none came in time */
bool media_ear_packet(struct media_ear *ear, int ms);
/** Take packets until n samples were heard in all */
void media_ear_until(struct media_ear *ear, size_t n);
/** Take every packet until the end of n plays was told and nothing more
 * comes; the decoder is freed */
void media_ear_until_played(struct media_ear *ear, unsigned n);
void media_ear_close(struct media_ear *ear);

/** The next packet, however long it takes.
 * @return false when the end of n plays was told and nothing more comes */
bool rig_far_recv_play(struct rig_far *far, struct rig_packet *pkt,
		       struct rig_leg *leg, unsigned n);

/** Strength of a frequency in a part of what was heard: 1.0 = full scale */
double media_ear_level(const struct media_ear *ear, unsigned from_ms,
		       unsigned to_ms, double hz);
/** The largest step from a sample to the next in a part */
int media_ear_jump(const struct media_ear *ear, size_t from, size_t to);

#endif
