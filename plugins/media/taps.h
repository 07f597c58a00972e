/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file taps.h  The taps of a leg (media/tap.h), and what they are given
 *
 * Thread: the leg's media thread. A leg with taps is in the tick.
 */
#ifndef BIFRONS_MEDIA_TAPS_H
#define BIFRONS_MEDIA_TAPS_H

#include <stdint.h>

struct media_leg;
struct media_tap;
struct media_thread;

/** What the loop asks for */
struct media_tap_change {
	struct media_leg *leg; /**< borrowed */
	struct media_tap *tap; /**< a reference; NULL = end it */
	uint32_t id;
};

/** Owns its struct media_tap_change */
void media_taps_cmd_change(struct media_thread *th, void *change);
/** Forget what it took for those that ended by themselves */
void media_taps_tidy(struct media_leg *leg);
/** End all of them: the leg closes */
void media_taps_finish(struct media_leg *leg);

/** 20 ms that the leg sends: what its party hears in this tick */
void media_taps_heard(struct media_leg *leg, const int16_t *pcm, unsigned rate);
/** The tick is done: put what was said and heard in it */
void media_taps_put(struct media_leg *leg, struct media_thread *th);

#endif
