/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file conceal.h  Concealment by waveform repetition, for 8 and 16 kHz
 *
 * In the manner of G.711 Appendix I without its delay: what is lost repeats
 * the last pitch period, full for 10 ms, then fading until silence at 60 ms.
 *
 * Thread: one at a time; a plain struct.
 */
#ifndef BIFRONS_CODEC_CONCEAL_H
#define BIFRONS_CODEC_CONCEAL_H

#include <stddef.h>
#include <stdint.h>

enum {
	CONCEAL_RATE_MAX = 16000,
	CONCEAL_LAG_MAX = 15 * CONCEAL_RATE_MAX / 1000,
	CONCEAL_HIST_MAX = 40 * CONCEAL_RATE_MAX / 1000,
};

struct conceal {
	unsigned rate;
	size_t hist_len; /**< 40 ms */
	size_t lost;     /**< samples concealed since the last good one */
	size_t lag, pos; /**< of the period that is repeated */
	int16_t hist[CONCEAL_HIST_MAX]; /**< the last sound, newest at the end
					 */
	int16_t period[CONCEAL_LAG_MAX];
};

/** @param rate  8000 or 16000 */
void conceal_init(struct conceal *cc, unsigned rate);

/** Good sound arrived: smooth its start after a loss, remember it */
void conceal_good(struct conceal *cc, int16_t *pcm, size_t n);

/** Make n samples in place of lost ones */
void conceal_lost(struct conceal *cc, int16_t *pcm, size_t n);

#endif
