/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file tap.h  What a leg says and hears, for someone who writes it down
 *
 * A counted ring of 16-bit frames, one sample a side: the media thread puts
 * 20 ms at each tick, one reader takes. Both sides are aligned to the sample
 * and nothing is left out: what is missing (loss, a hold, a slow reader) is
 * silence, so that the n-th frame is n / rate seconds after the first.
 *
 * Thread: media_tap_put() media; media_tap_read() the reader's; pause and the
 * questions any.
 */
#ifndef BIFRONS_MEDIA_TAP_H
#define BIFRONS_MEDIA_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct media_tap;

enum {
	LEG_TAPS_MAX = 4,
};

/** Why it ended by itself */
enum media_tap_end {
	MEDIA_TAP_SILENCE, /**< the party said nothing for silence_ms */
	MEDIA_TAP_FULL,    /**< max_frames */
};

struct media_tap_params {
	unsigned rate;       /**< 8000, 16000 or 48000 */
	unsigned channels;   /**< 1: both mixed; 2: the party left, what it
				hears right */
	unsigned silence_ms; /**< of the party, from the first frame: ends it;
				0 = never */
	uint64_t max_frames; /**< ends it; 0 = never */
	unsigned ring_ms;    /**< 0 = 4000 */
};

/** @return 0 or EINVAL. Freed with obj_unref(). */
int media_tap_alloc(struct media_tap **tapp,
		    const struct media_tap_params *prm);

/** 20 ms of each side, rate / 50 samples; NULL = silence. What the party says
 * counts as silence when it does not stand out of the noise behind it.
 * @return false when it is over by that: endp says why, media_tap_finish() was
 *         called. Every further one says the same.
 */
bool media_tap_put(struct media_tap *tap, const int16_t *said,
		   const int16_t *heard, enum media_tap_end *endp);
/** Nothing comes any more */
void media_tap_finish(struct media_tap *tap);

unsigned media_tap_rate(const struct media_tap *tap);
/** Take up to n frames (channels samples each). @return How many */
size_t media_tap_read(struct media_tap *tap, int16_t *pcm, size_t n);
/** Was finish() called, and everything read? */
bool media_tap_is_over(const struct media_tap *tap);
/** Did it end by itself? To be asked once media_tap_is_over(); the reader's */
bool media_tap_ended(const struct media_tap *tap, enum media_tap_end *whyp);
/** Leave out what comes from now on, time included, or not */
void media_tap_pause(struct media_tap *tap, bool on);
/** Frames that found no room and became silence */
uint64_t media_tap_lost(const struct media_tap *tap);

#endif
