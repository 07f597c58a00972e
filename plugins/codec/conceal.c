/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/conceal.h"

#include <stdlib.h>
#include <string.h>

enum {
	LAG_MIN_MS = 5,
	LAG_MAX_MS = 15,
	MATCH_MS = 10, /* window that is compared to find the pitch */
	HIST_MS = 40,
	FULL_MS = 10,   /* repeated at full level */
	SILENT_MS = 60, /* silent from here on */
	BLEND_MS = 4,   /* from the made sound back to the real one */
};

static size_t samples(const struct conceal *cc, unsigned ms)
{
	return (size_t)ms * cc->rate / 1000;
}

static int16_t clip(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	if (v < INT16_MIN)
		return INT16_MIN;
	return (int16_t)v;
}

void conceal_init(struct conceal *cc, unsigned rate)
{
	memset(cc, 0, sizeof(*cc));
	cc->rate = rate > CONCEAL_RATE_MAX ? CONCEAL_RATE_MAX : rate;
	cc->hist_len = samples(cc, HIST_MS);
}

static void remember(struct conceal *cc, const int16_t *pcm, size_t n)
{
	const size_t len = cc->hist_len;

	if (n >= len) {
		memcpy(cc->hist, pcm + n - len, len * sizeof(*pcm));
		return;
	}

	memmove(cc->hist, cc->hist + n, (len - n) * sizeof(*pcm));
	memcpy(cc->hist + len - n, pcm, n * sizeof(*pcm));
}

/* Likeness of the newest window to the one `lag` earlier: correlation over
 * energy, so that loud stretches do not win for being loud */
static double likeness(const struct conceal *cc, size_t lag)
{
	const size_t window = samples(cc, MATCH_MS);
	const int16_t *a = cc->hist + cc->hist_len - window;
	const int16_t *b = a - lag;
	int64_t cross = 0, energy = 1;

	for (size_t i = 0; i < window; ++i) {
		cross += (int32_t)a[i] * b[i];
		energy += (int32_t)b[i] * b[i];
	}

	if (cross <= 0)
		return 0.0;

	return (double)cross * (double)cross / (double)energy;
}

static size_t find_lag(const struct conceal *cc)
{
	const size_t max = samples(cc, LAG_MAX_MS);
	const size_t step = cc->rate > 8000 ? 2 : 1;
	size_t best = max;
	double most = 0.0;

	for (size_t lag = samples(cc, LAG_MIN_MS); lag <= max; lag += step) {
		const double like = likeness(cc, lag);

		if (like > most) {
			most = like;
			best = lag;
		}
	}

	for (size_t lag = best - 1; step > 1 && lag <= best + 1; lag += 2) {
		if (lag > max || likeness(cc, lag) <= most)
			continue;
		return lag;
	}

	return best;
}

/* The last period, its tail blended with the tail of the period before, so
 * that its end runs smoothly into its own start */
static void take_period(struct conceal *cc)
{
	const size_t lag = find_lag(cc), quarter = lag / 4;
	const int16_t *last = cc->hist + cc->hist_len - lag;
	const int16_t *prev = last - lag;

	memcpy(cc->period, last, lag * sizeof(*last));

	for (size_t i = 0; i < quarter; ++i) {
		const size_t at = lag - quarter + i;
		const int32_t w = (int32_t)i + 1, all = (int32_t)quarter;

		cc->period[at] =
			clip((last[at] * (all - w) + prev[at] * w) / all);
	}

	cc->lag = lag;
	cc->pos = 0;
}

/* Level in 1/4096 after `lost` samples */
static int32_t level(const struct conceal *cc, size_t lost)
{
	const size_t full = samples(cc, FULL_MS);
	const size_t silent = samples(cc, SILENT_MS);

	if (lost < full)
		return 4096;
	if (lost >= silent)
		return 0;

	return (int32_t)(4096 * (silent - lost) / (silent - full));
}

void conceal_lost(struct conceal *cc, int16_t *pcm, size_t n)
{
	if (!cc->lost)
		take_period(cc);

	for (size_t i = 0; i < n; ++i) {
		const int32_t gain = level(cc, cc->lost + i);

		pcm[i] = (int16_t)(cc->period[cc->pos] * gain / 4096);
		if (++cc->pos == cc->lag)
			cc->pos = 0;
	}

	cc->lost += n;
}

void conceal_good(struct conceal *cc, int16_t *pcm, size_t n)
{
	size_t blend = samples(cc, BLEND_MS);

	if (cc->lost) {
		int16_t made[CONCEAL_RATE_MAX * BLEND_MS / 1000];

		if (blend > n)
			blend = n;
		conceal_lost(cc, made, blend);
		for (size_t i = 0; i < blend; ++i) {
			const int32_t w = (int32_t)i + 1;
			const int32_t all = (int32_t)blend + 1;

			pcm[i] = clip((made[i] * (all - w) + pcm[i] * w) / all);
		}
		cc->lost = 0;
	}

	remember(cc, pcm, n);
}
