/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making tones: each frequency is a complex number that turns by a fixed
 * angle per sample, so its phase runs on over frames; its length is brought
 * back to 1 after each run. */
#include <math.h>
#include <string.h>

#include "media/tone.h"

enum {
	RAMP_MS = 3
};

/* -13 dBFS of a full-scale sine, as telephone networks send tones */
static const double level = 32767.0 * 0.22387;

static void start_step(struct tone_source *src)
{
	const struct tone_step *step = &src->list->steps[src->step];

	src->pos = 0;
	src->len = (uint64_t)step->ms * src->rate / 1000;

	for (unsigned i = 0; i < step->nfreqs; ++i) {
		const double turn = 2.0 * M_PI * step->freqs[i] / src->rate;

		src->osc[i] = (struct tone_osc){
			.re = 1.0,
			.rot_re = cos(turn),
			.rot_im = sin(turn),
		};
	}
}

void tone_source_init(struct tone_source *src, const struct tone_list *list,
		      unsigned rate, unsigned loops)
{
	memset(src, 0, sizeof(*src));
	src->list = list;
	src->rate = rate;
	src->ramp = rate * RAMP_MS / 1000;
	src->loops = loops;
	src->done = !list->nsteps;
	if (!src->done)
		start_step(src);
}

static void next_step(struct tone_source *src)
{
	if (++src->step == src->list->nsteps) {
		src->step = 0;
		if (src->loops == 1)
			src->done = true;
		else if (src->loops)
			--src->loops;
	}
	if (!src->done)
		start_step(src);
}

/* Soft edges against clicks: 0 to 1 over the first and the last ms */
static double edge(const struct tone_source *src, uint64_t pos)
{
	uint64_t near = pos;

	if (src->len && src->len - 1 - pos < near)
		near = src->len - 1 - pos;
	if (near >= src->ramp)
		return 1.0;

	return (double)near / src->ramp;
}

static double turn(struct tone_osc *osc)
{
	const double out = osc->im;
	const double re = osc->re * osc->rot_re - osc->im * osc->rot_im;

	osc->im = osc->re * osc->rot_im + osc->im * osc->rot_re;
	osc->re = re;

	return out;
}

static void renormalise(struct tone_osc *osc)
{
	const double len = sqrt(osc->re * osc->re + osc->im * osc->im);

	osc->re /= len;
	osc->im /= len;
}

/* n samples of one step */
static void make(struct tone_source *src, int16_t *pcm, size_t n)
{
	const struct tone_step *step = &src->list->steps[src->step];
	double each;

	if (!step->nfreqs) {
		memset(pcm, 0, n * sizeof(*pcm));
		return;
	}

	each = level / sqrt(step->nfreqs);
	for (size_t i = 0; i < n; ++i) {
		double sum = 0.0;

		for (unsigned f = 0; f < step->nfreqs; ++f)
			sum += turn(&src->osc[f]);
		pcm[i] = (int16_t)lrint(sum * each * edge(src, src->pos + i));
	}
	for (unsigned f = 0; f < step->nfreqs; ++f)
		renormalise(&src->osc[f]);
}

size_t tone_source_run(struct tone_source *src, int16_t *pcm, size_t n)
{
	size_t made = 0;

	while (made < n && !src->done) {
		size_t part = n - made;

		if (src->len && src->len - src->pos < part)
			part = (size_t)(src->len - src->pos);
		make(src, pcm + made, part);
		made += part;
		src->pos += part;
		if (src->len && src->pos == src->len)
			next_step(src);
	}
	memset(pcm + made, 0, (n - made) * sizeof(*pcm));

	return made;
}
