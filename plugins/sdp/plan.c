/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdp/plan.h"

#include <string.h>

enum {
	DYNAMIC_FIRST = 96,
	NTYPES = 128,
	DTMF8_PT = 101, /* what everybody uses */
	DTMF48_PT = 110,
};

struct types {
	bool taken[NTYPES];
};

/* The wish, or the first dynamic type that is free; at most a handful are
 * ever taken */
static uint8_t take(struct types *types, uint8_t wish)
{
	uint8_t pt = wish;

	for (uint8_t i = DYNAMIC_FIRST; types->taken[pt] && i < NTYPES; ++i)
		pt = i;
	types->taken[pt] = true;

	return pt;
}

static bool has_codec(const struct sdpx_plan *plan, const struct codec *codec)
{
	for (size_t i = 0; i < plan->n; ++i)
		if (plan->codecs[i].codec == codec)
			return true;

	return false;
}

static void add(struct sdpx_plan *plan, const struct codec *codec, uint8_t pt)
{
	plan->codecs[plan->n].codec = codec;
	plan->codecs[plan->n++].pt = pt;
}

static bool is_ours(const struct sdpx_local *local, const struct codec *codec)
{
	for (size_t i = 0; i < local->ncodecs; ++i)
		if (local->codecs[i] == codec)
			return true;

	return false;
}

static int take_dtmf(struct types *types, const struct sdpx_session *prev,
		     unsigned clock, uint8_t wish)
{
	if (prev && prev->dtmf_pt >= 0 && prev->dtmf_clock == clock)
		return prev->dtmf_pt;

	return take(types, wish);
}

void sdpx_plan_make(struct sdpx_plan *plan, const struct sdpx_local *local)
{
	const struct sdpx_session *prev = local->prev;
	struct types types = {{false}};
	bool narrow = false, wide = false;

	memset(plan, 0, sizeof(*plan));
	plan->dtmf8 = plan->dtmf48 = -1;

	if (prev && prev->dtmf_pt >= 0)
		types.taken[prev->dtmf_pt] = true;
	if (prev && is_ours(local, prev->codec))
		add(plan, prev->codec, take(&types, prev->pt));

	for (size_t i = 0; i < local->ncodecs; ++i) {
		const struct codec *codec = local->codecs[i];

		if (!has_codec(plan, codec))
			add(plan, codec, take(&types, codec->pt));
	}

	for (size_t i = 0; i < plan->n; ++i) {
		if (plan->codecs[i].codec->clock == 8000)
			narrow = true;
		else
			wide = true;
	}

	if (local->dtmf && wide)
		plan->dtmf48 = take_dtmf(&types, prev, 48000, DTMF48_PT);
	/* with Opus alone too: many know only this one */
	if (local->dtmf && (narrow || wide))
		plan->dtmf8 = take_dtmf(&types, prev, 8000, DTMF8_PT);
}

const struct codec *sdpx_plan_codec(const struct sdpx_plan *plan, int pt)
{
	for (size_t i = 0; i < plan->n; ++i)
		if (plan->codecs[i].pt == pt)
			return plan->codecs[i].codec;

	return NULL;
}

uint8_t sdpx_offer_pt(const struct sdpx_local *local, const struct codec *codec)
{
	struct sdpx_plan plan;

	sdpx_plan_make(&plan, local);
	for (size_t i = 0; i < plan.n; ++i)
		if (plan.codecs[i].codec == codec)
			return plan.codecs[i].pt;

	return codec->pt;
}
