/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file frames.h  What a party says, decoded: one frame at each tick
 *
 * Thread: the leg's media thread. For whoever needs sound instead of packets:
 * a peer with another codec, a tap, digits in the sound. The rate is that in
 * which the leg's own sound is made (media_sound_rate_of()), so that nothing
 * begins anew when a listener comes or goes.
 */
#ifndef BIFRONS_MEDIA_FRAMES_H
#define BIFRONS_MEDIA_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

struct media_conv;
struct media_leg;
struct media_thread;

/** Decode (and listen for tones) from now on, or not */
void media_frames_want(struct media_leg *leg, bool decode, bool inband);
/** Another codec: what there is of the old one is forgotten */
void media_frames_forget(struct media_leg *leg);
/** The leg is on another thread now */
void media_frames_moved(struct media_leg *leg);

/** The frame of this tick, however often it is asked for.
 * @return NULL: silence
 */
const int16_t *media_frames_said(struct media_leg *leg,
				 struct media_thread *th);
/** Of the frames; 0 when nothing is decoded */
unsigned media_frames_rate(const struct media_leg *leg);

/** Convert a frame of 20 ms between rates; the converter is made at the first
 * use and again when the rates change.
 * @param out  CODEC_FRAME_MAX samples of room
 * @return Where it is: `pcm` at equal rates; NULL when it cannot be
 */
const int16_t *media_conv_run(struct media_conv **convp, const int16_t *pcm,
			      unsigned rate_in, unsigned rate_out,
			      int16_t *out);

#endif
