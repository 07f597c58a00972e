/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bridges, mute, hold and taps as the loop asks for them: media.h */
#include <errno.h>

#include "common/obj.h"
#include "loop/loop.h"
#include "media/bridge.h"
#include "media/leg_priv.h"
#include "media/taps.h"

static void post(struct media_leg *leg, media_cmd_h *fn,
		 const struct media_bridge_change *change)
{
	void *copy = g_memdup2(change, sizeof(*change));

	if (media_post_legs(leg->th, leg, change->peer, fn, copy))
		g_free(copy);
}

int media_leg_bridge(struct media_leg *a, struct media_leg *b)
{
	const struct media_bridge_change change = {.leg = a, .peer = b};

	if (!a || !b || a == b || a->engine != b->engine || a->closing ||
	    b->closing)
		return EINVAL;
	loop_assert(a->engine->loop);
	if (a->partner || b->partner)
		return EBUSY;

	a->partner = b;
	b->partner = a;
	media_leg_move(b, a->th);
	post(a, media_bridge_cmd_on, &change);

	return 0;
}

void media_leg_unbridge(struct media_leg *leg)
{
	struct media_bridge_change change = {.leg = leg};

	loop_assert(leg->engine->loop);
	if (!leg->partner)
		return;

	change.peer = leg->partner;
	leg->partner->partner = NULL;
	leg->partner = NULL;
	post(leg, media_bridge_cmd_off, &change);
}

void media_leg_mute(struct media_leg *leg, bool in, bool out)
{
	const struct media_bridge_change change = {
		.leg = leg, .in = in, .out = out};

	loop_assert(leg->engine->loop);
	if (!leg->closing)
		post(leg, media_bridge_cmd_mute, &change);
}

void media_leg_hold(struct media_leg *leg, bool on)
{
	const struct media_bridge_change change = {.leg = leg, .in = on};

	loop_assert(leg->engine->loop);
	if (!leg->closing)
		post(leg, media_bridge_cmd_hold, &change);
}

static void post_tap(struct media_leg *leg, uint32_t id, struct media_tap *tap)
{
	struct media_tap_change *change = g_new0(struct media_tap_change, 1);

	change->leg = leg;
	change->id = id;
	change->tap = obj_ref(tap);
	if (media_post_legs(leg->th, leg, NULL, media_taps_cmd_change,
			    change)) {
		obj_unref(tap);
		g_free(change);
	}
}

static uint32_t *find_tap(struct media_leg *leg, uint32_t id)
{
	unsigned i;

	for (i = 0; i < LEG_TAPS_MAX; ++i)
		if (leg->tap_ids[i] == id)
			return &leg->tap_ids[i];

	return NULL;
}

uint32_t media_leg_tap(struct media_leg *leg, struct media_tap *tap)
{
	uint32_t *place;

	loop_assert(leg->engine->loop);
	place = find_tap(leg, 0);
	if (leg->closing || !tap || !place)
		return 0;

	*place = ++leg->last_tap_id ? leg->last_tap_id : ++leg->last_tap_id;
	post_tap(leg, *place, tap);

	return *place;
}

bool media_leg_forget_tap(struct media_leg *leg, uint32_t tap_id)
{
	uint32_t *place = tap_id ? find_tap(leg, tap_id) : NULL;

	if (!place)
		return false;
	*place = 0;

	return true;
}

void media_leg_untap(struct media_leg *leg, uint32_t tap_id)
{
	loop_assert(leg->engine->loop);
	if (!leg->closing && media_leg_forget_tap(leg, tap_id))
		post_tap(leg, tap_id, NULL);
}
