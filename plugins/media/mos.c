/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/mos.h"

/* Equipment impairment and robustness against loss (G.113 appendix I: G.711
 * with concealment; the others measured against it, Opus with its FEC) */
struct impairment {
	double ie, bpl;
};

static struct impairment of_codec(enum codec_id id)
{
	switch (id) {
	case CODEC_PCMU:
	case CODEC_PCMA:
	case CODEC_NIDS:
		break;
	case CODEC_G722:
		return (struct impairment){.ie = 0.0, .bpl = 20.0};
	case CODEC_OPUS:
		return (struct impairment){.ie = 0.0, .bpl = 34.0};
	}

	return (struct impairment){.ie = 0.0, .bpl = 25.1};
}

static double clamp(double v, double min, double max)
{
	if (!(v >= min)) /* NaN too */
		return min;
	return v > max ? max : v;
}

double mos_estimate(const struct codec *codec, double loss, unsigned jitter_ms,
		    unsigned rtt_ms)
{
	const double frames = 25.0; /* packing and one tick */
	const struct impairment im = of_codec(codec ? codec->id : CODEC_NIDS);
	const double percent = clamp(loss, 0.0, 1.0) * 100.0;
	const double delay = rtt_ms / 2.0 + 2.0 * jitter_ms + frames;
	double r, id;

	id = 0.024 * delay;
	if (delay > 177.3)
		id += 0.11 * (delay - 177.3);

	r = 93.2 - id - im.ie - (95.0 - im.ie) * percent / (percent + im.bpl);
	r = clamp(r, 0.0, 100.0);

	/* below 6.5 the cubic of G.107 annex B turns under 1 */
	return clamp(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6, 1.0,
		     4.5);
}
