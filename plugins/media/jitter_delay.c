/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long packets must wait so that 97 of 100 are there in time: the spread
 * of the transit times over the last ten seconds, from the fastest packet */
#include <string.h>

#include "media/jitter_priv.h"

enum {
	BIN_US = 2500,
	NBINS = 128, /* 320 ms; what is beyond counts in the last */
	PERCENTILE = 97,
	EVERY = 25,   /* packets between estimates */
	AT_FIRST = 5, /* the window fills: sooner */
	JUMP_US = 1500 * 1000,
	SPAN_US = 1000 * 1000 * 1000, /* from the base; the window is 32 bits */
};

void jitter_delay_init(struct jitter_delay *d, unsigned min_ms, unsigned max_ms)
{
	memset(d, 0, sizeof(*d));
	d->min_us = (int64_t)min_ms * 1000;
	d->max_us = (int64_t)max_ms * 1000;
	d->target_us = d->min_us;
}

void jitter_delay_restart(struct jitter_delay *d)
{
	d->n = d->at = d->fresh = 0;
}

bool jitter_delay_is_jump(const struct jitter_delay *d, int64_t transit_us)
{
	const int64_t off = transit_us - d->floor_us;

	return d->n && (off > JUMP_US || off < -JUMP_US);
}

static int64_t clamp(const struct jitter_delay *d, int64_t us)
{
	if (us < d->min_us)
		return d->min_us;
	return us > d->max_us ? d->max_us : us;
}

static void estimate(struct jitter_delay *d)
{
	unsigned bins[NBINS] = {0}, seen = 0;
	int32_t min = d->window[0];
	int64_t us = 0;

	for (unsigned i = 1; i < d->n; ++i)
		if (d->window[i] < min)
			min = d->window[i];

	for (unsigned i = 0; i < d->n; ++i) {
		const unsigned bin = (unsigned)(d->window[i] - min) / BIN_US;

		++bins[bin < NBINS ? bin : NBINS - 1];
	}

	for (unsigned bin = 0; bin < NBINS; ++bin) {
		seen += bins[bin];
		if (seen * 100 >= d->n * PERCENTILE) {
			us = (int64_t)(bin + 1) * BIN_US;
			break;
		}
	}

	d->floor_us = d->base_us + min;
	d->target_us = clamp(d, us);
	d->fresh = 0;
}

void jitter_delay_add(struct jitter_delay *d, int64_t transit_us)
{
	const unsigned every = d->n < EVERY ? AT_FIRST : EVERY;

	if (transit_us - d->base_us > SPAN_US ||
	    transit_us - d->base_us < -SPAN_US)
		jitter_delay_restart(d);
	if (!d->n)
		d->base_us = d->floor_us = transit_us;
	if (transit_us < d->floor_us)
		d->floor_us = transit_us;

	d->window[d->at] = (int32_t)(transit_us - d->base_us);
	d->at = (d->at + 1) % JITTER_WINDOW;
	if (d->n < JITTER_WINDOW)
		++d->n;

	if (++d->fresh >= every)
		estimate(d);
}

void jitter_delay_late(struct jitter_delay *d, int64_t transit_us)
{
	const int64_t us = clamp(d, transit_us - d->floor_us + BIN_US);

	if (us > d->target_us)
		d->target_us = us;
}
