/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sound.h  From frames of 20 ms to packets: encode, pack, send
 *
 * Thread: the leg's media thread.
 */
#ifndef BIFRONS_MEDIA_SOUND_H
#define BIFRONS_MEDIA_SOUND_H

#include <stdint.h>

struct codec;
struct media_leg;
struct media_sound;
struct media_thread;

/** The leg's encoder, made at its first use.
 * @return 0, or errno of codec_enc_alloc()
 */
int media_sound_need(struct media_leg *leg);

/** Rate of the sound that is made for a codec, Hz. Thread: any */
unsigned media_sound_rate_of(const struct codec *codec);

/** Samples in a frame of 20 ms that media_sound_put() takes */
unsigned media_sound_frame(const struct media_sound *sound);
unsigned media_sound_rate(const struct media_sound *sound);

/** Of the frame that was put last */
unsigned media_sound_last_rate(const struct media_sound *sound);

/** Send a frame; packets go out as their time is full */
void media_sound_put(struct media_leg *leg, struct media_thread *th,
		     const int16_t *pcm);
/** The same with a frame of another rate that the codec has: telephone sound
 * needs no wider encoder */
void media_sound_put_at(struct media_leg *leg, struct media_thread *th,
			const int16_t *pcm, unsigned rate);
/** Send what is left, filled up with silence */
void media_sound_flush(struct media_leg *leg, struct media_thread *th);
/** Forget what is left: another one plays now */
void media_sound_clear(struct media_sound *sound);

#endif
