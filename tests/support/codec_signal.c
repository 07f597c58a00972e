/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/codec_signal.h"

#include <math.h>

void signal_sine(int16_t *pcm, size_t n, unsigned rate, double hz, double level,
		 size_t at)
{
	for (size_t i = 0; i < n; ++i)
		pcm[i] = (int16_t)lrint(
			level * sin(2.0 * M_PI * hz * (double)(at + i) / rate));
}

double signal_level(const int16_t *pcm, size_t n, unsigned rate, double hz)
{
	double re = 0.0, im = 0.0;

	for (size_t i = 0; i < n; ++i) {
		const double at = 2.0 * M_PI * hz * (double)i / rate;

		re += pcm[i] * cos(at);
		im += pcm[i] * sin(at);
	}

	return n ? 2.0 * sqrt(re * re + im * im) / (double)n : 0.0;
}

double signal_rms(const int16_t *pcm, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; ++i)
		sum += (double)pcm[i] * pcm[i];

	return n ? sqrt(sum / (double)n) : 0.0;
}

double signal_snr(const int16_t *in, const int16_t *out, size_t n,
		  size_t max_delay)
{
	double best = -100.0;

	for (size_t delay = 0; delay <= max_delay && delay < n; ++delay) {
		double sig = 1e-9, noise = 1e-9;

		for (size_t i = delay; i < n; ++i) {
			const double diff = (double)out[i] - in[i - delay];

			sig += (double)in[i - delay] * in[i - delay];
			noise += diff * diff;
		}
		best = fmax(best, 10.0 * log10(sig / noise));
	}

	return best;
}
