/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/taps.h"

#include "common/obj.h"
#include "media/bridge.h"
#include "media/frames.h"
#include "media/leg_priv.h"

enum {
	LATE_MAX = 5 /* ticks; more were missed, and become silence */
};

struct tap_slot {
	struct media_tap *tap; /* a reference; NULL = free */
	uint32_t id;
	int64_t begin_us; /* of its first frame */
	int64_t count;    /* frames put */
	struct media_conv *said, *heard;
};

struct media_taps {
	struct tap_slot slots[LEG_TAPS_MAX];

	/* of this tick; rate 0 = nothing was sent */
	unsigned rate;
	int16_t heard[CODEC_FRAME_MAX];
};

/* A side of this tick */
struct side {
	const int16_t *pcm; /* NULL = silence */
	unsigned rate;
};

static void slot_clear(struct tap_slot *slot)
{
	if (slot->tap)
		media_tap_finish(slot->tap);
	obj_unref(slot->tap);
	obj_unref(slot->said);
	obj_unref(slot->heard);
	*slot = (struct tap_slot){0};
}

static void taps_destructor(void *arg)
{
	struct media_taps *taps = arg;
	unsigned i;

	for (i = 0; i < LEG_TAPS_MAX; ++i)
		slot_clear(&taps->slots[i]);
}

static struct tap_slot *find(struct media_taps *taps, uint32_t id)
{
	unsigned i;

	for (i = 0; taps && i < LEG_TAPS_MAX; ++i)
		if (taps->slots[i].id == id)
			return &taps->slots[i];

	return NULL;
}

void media_taps_tidy(struct media_leg *leg)
{
	unsigned i;

	if (!leg->taps)
		return;
	for (i = 0; i < LEG_TAPS_MAX; ++i)
		if (leg->taps->slots[i].tap)
			return;

	leg->taps = obj_unref(leg->taps);
}

static void add(struct media_leg *leg, struct media_thread *th,
		struct media_tap_change *change)
{
	struct tap_slot *slot;

	if (!leg->taps)
		leg->taps = obj_zalloc(sizeof(*leg->taps), taps_destructor);
	slot = find(leg->taps, 0);
	if (!slot) { /* cannot be: the loop counts them */
		media_tap_finish(change->tap);
		obj_unref(change->tap);
		return;
	}
	slot->tap = change->tap;
	slot->id = change->id;
}

void media_taps_cmd_change(struct media_thread *th, void *arg)
{
	struct media_tap_change *change = arg;
	struct media_leg *leg = change->leg;
	struct tap_slot *slot;

	if (change->tap) {
		add(leg, th, change);
	} else {
		slot = find(leg->taps, change->id);
		if (slot) {
			slot_clear(slot);
			media_taps_tidy(leg);
		}
	}
	media_bridge_update(leg, th);
	g_free(change);
}

void media_taps_finish(struct media_leg *leg)
{
	leg->taps = obj_unref(leg->taps);
}

void media_taps_heard(struct media_leg *leg, const int16_t *pcm, unsigned rate)
{
	struct media_taps *taps = leg->taps;

	taps->rate = rate;
	memcpy(taps->heard, pcm, rate / 1000 * CODEC_FRAME_MS * sizeof(*pcm));
}

/* Are they those that go by the route, without a tick of their own? */
static struct side relayed(struct media_leg *leg, struct media_thread *th)
{
	struct media_leg *from = media_bridge_other(leg);
	struct side side = {0};

	if (leg->flow != MEDIA_FLOW_RELAY || media_leg_is_playing(leg))
		return side;

	side.pcm = media_frames_said(from, th);
	side.rate = media_frames_rate(from);

	return side;
}

static const int16_t *convert(struct media_conv **convp,
			      const struct side *side, unsigned rate,
			      int16_t *out)
{
	if (!side->pcm)
		return NULL;

	return media_conv_run(convp, side->pcm, side->rate, rate, out);
}

/* Ticks that never came are silence, so that its time stays true; one that
 * came too early (the leg changed its phase) is left out.
 */
static bool is_due(struct tap_slot *slot, int64_t now_us, bool *overp,
		   enum media_tap_end *endp)
{
	int64_t due;

	if (!slot->count)
		slot->begin_us = now_us;
	due = (now_us - slot->begin_us) / TICK_US + 1;
	if (slot->count > due)
		return false;
	if (due - slot->count <= LATE_MAX)
		return true;
	for (; !*overp && slot->count + 1 < due; ++slot->count)
		*overp = !media_tap_put(slot->tap, NULL, NULL, endp);

	return true;
}

static void tell_over(struct media_leg *leg, struct media_thread *th,
		      uint32_t id, enum media_tap_end why)
{
	const struct media_event ev = {
		.type = MEDIA_EV_TAPPED,
		.tap_id = id,
		.tap_end = why,
	};

	leg->stale = true;
	media_event_add(th, leg, &ev);
}

static void put(struct media_leg *leg, struct media_thread *th,
		struct tap_slot *slot, const struct side *said,
		const struct side *heard)
{
	const unsigned rate = media_tap_rate(slot->tap);
	int16_t left[CODEC_FRAME_MAX], right[CODEC_FRAME_MAX];
	enum media_tap_end why = MEDIA_TAP_FULL;
	bool over = false;

	if (!is_due(slot, th->now_us, &over, &why))
		return;
	if (!over) {
		++slot->count;
		over = !media_tap_put(
			slot->tap, convert(&slot->said, said, rate, left),
			convert(&slot->heard, heard, rate, right), &why);
	}
	if (over) {
		tell_over(leg, th, slot->id, why);
		slot_clear(slot);
	}
}

void media_taps_put(struct media_leg *leg, struct media_thread *th)
{
	struct media_taps *taps = leg->taps;
	struct side said = {0}, heard = {0};
	unsigned i;

	if (!leg->mute_in && !leg->hold) {
		said.pcm = media_frames_said(leg, th);
		said.rate = media_frames_rate(leg);
	}
	if (taps->rate) {
		heard.pcm = taps->heard;
		heard.rate = taps->rate;
	} else {
		heard = relayed(leg, th);
	}
	for (i = 0; i < LEG_TAPS_MAX; ++i)
		if (taps->slots[i].tap)
			put(leg, th, &taps->slots[i], &said, &heard);
	taps->rate = 0;
}
