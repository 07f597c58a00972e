/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file codec_signal.h  Signals for tests: make them, measure them
 *
 * Thread: any.
 */
#ifndef BIFRONS_TESTS_CODEC_SIGNAL_H
#define BIFRONS_TESTS_CODEC_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

/** n samples of a sine, from sample number `at` on */
void signal_sine(int16_t *pcm, size_t n, unsigned rate, double hz, double level,
		 size_t at);

/** Level of one frequency in the samples: a sine of amplitude A gives A */
double signal_level(const int16_t *pcm, size_t n, unsigned rate, double hz);

double signal_rms(const int16_t *pcm, size_t n);

/** Signal to noise, dB, of `out` against `in`, at the best delay of 0 to
 * max_delay samples
 */
double signal_snr(const int16_t *in, const int16_t *out, size_t n,
		  size_t max_delay);

#endif
