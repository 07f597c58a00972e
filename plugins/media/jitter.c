/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The buffer itself: what is put where, and what is played when. The cursor is
 * the next sequence number and the timestamp of the next sample; when the
 * buffer runs dry the cursor stands still, so a packet that was only slow is
 * played and the delay has grown; when a later packet is there, the cursor
 * goes on over the hole. */
#include "media/jitter.h"

#include <errno.h>
#include <string.h>

#include "common/obj.h"
#include "media/jitter_priv.h"
#include "media/rtp.h"

enum {
	MIN_MS = 20,
	MAX_MS = 200,
	TICK_MS = 20,
	DRY_MS = 60,  /* conceal so long, then wait for packets again */
	SNAP_MS = 10, /* timestamps this near are the same */
	UNITS_MAX_MS = 120,
	CUT_MS = 80,      /* excess that is cut also in speech */
	CUT_EVERY = 5,    /* ticks between such cuts */
	EXCESS_MS = 100,  /* over the largest delay: cut at once */
	SLACK_US = 10000, /* half a tick: playing begins at a tick */
	STRETCH_US = 15000,
};

struct jitter {
	unsigned clock;
	struct jitter_store store;
	struct jitter_delay delay;
	struct jitter_stats stats;

	bool valid;        /* a stream is known */
	bool playing;      /* the cursor is valid */
	bool dry_is_quiet; /* the last packet was no sound */
	bool restarted;
	uint32_t ssrc;
	int64_t high_seq, next_seq;
	int64_t last_ts, play_ts; /* extended timestamps */
	uint32_t dry;             /* units concealed without moving */
	uint32_t last_units;
	uint64_t played; /* bit n: next_seq - 1 - n was played */
	int32_t bad_seq; /* jump that waits for its successor, or -1 */
	unsigned since_cut;

	uint8_t flat[RTP_PACKET_MAX];
};

int jitter_alloc(struct jitter **jbp, const struct jitter_params *prm)
{
	const unsigned min = prm->min_ms ? prm->min_ms : MIN_MS;
	const unsigned max = prm->max_ms ? prm->max_ms : MAX_MS;
	struct jitter *jb;

	if (!jbp || prm->clock < 8000 || prm->clock > 192000 || min > max ||
	    max > 1000)
		return EINVAL;

	jb = obj_zalloc(sizeof(*jb), NULL);
	jb->clock = prm->clock;
	jb->bad_seq = -1;
	jitter_store_clear(&jb->store);
	jitter_delay_init(&jb->delay, min, max);
	*jbp = jb;

	return 0;
}

static int64_t units_to_us(const struct jitter *jb, int64_t units)
{
	return units / jb->clock * 1000000 +
	       units % jb->clock * 1000000 / jb->clock;
}

static uint32_t units_of(const struct jitter *jb, unsigned ms)
{
	return jb->clock / 1000 * ms;
}

static void forget_stream(struct jitter *jb)
{
	jitter_store_clear(&jb->store);
	jitter_delay_restart(&jb->delay);
	jb->valid = jb->playing = jb->dry_is_quiet = false;
	jb->dry = 0;
	jb->played = 0;
	jb->bad_seq = -1;
}

void jitter_reset(struct jitter *jb)
{
	forget_stream(jb);
	jb->restarted = true;
}

static void start_stream(struct jitter *jb, const struct jitter_packet *pkt)
{
	if (jb->valid)
		++jb->stats.restarts;
	forget_stream(jb);
	jb->valid = jb->restarted = true;
	jb->ssrc = pkt->ssrc;
	/* away from zero, so that what came before has a number too */
	jb->high_seq = jb->next_seq = pkt->seq + (1 << 20);
	jb->last_ts = jb->play_ts = (int64_t)pkt->ts + ((int64_t)1 << 40);
	jb->last_units = units_of(jb, TICK_MS);
}

/* Forget the oldest until there is room for seq */
static void make_room(struct jitter *jb, int64_t seq)
{
	struct jitter_slot *slot;

	if (seq - jb->next_seq < JITTER_SLOTS)
		return;

	for (; seq - jb->next_seq >= JITTER_SLOTS; ++jb->next_seq) {
		slot = jitter_store_at(&jb->store, jb->next_seq);
		if (slot) {
			jitter_store_drop(&jb->store, slot);
			++jb->stats.overflow;
		}
	}
	jb->played = 0;

	slot = jitter_store_first(&jb->store, jb->next_seq);
	if (slot && slot->sound && jb->playing && slot->ts > jb->play_ts)
		jb->play_ts = slot->ts;
}

/* Jumps of the sequence are believed when a second packet confirms them
 * (RFC 3550 A.1). @return false while it does not */
static bool believe_jump(struct jitter *jb, uint16_t seq)
{
	const bool sure = jb->bad_seq == seq;

	jb->bad_seq = (uint16_t)(seq + 1);

	return sure;
}

/* Transit time of a packet, from its extended timestamp */
static int64_t transit_us(const struct jitter *jb, int64_t ts, int64_t now_us)
{
	return now_us - units_to_us(jb, ts);
}

/* @return 0 with *seqp set, or what is wrong with the packet's number */
static int place(struct jitter *jb, const struct jitter_packet *pkt,
		 int64_t *seqp)
{
	const int16_t ahead = rtp_seq_diff((uint16_t)jb->high_seq, pkt->seq);
	const int64_t seq = jb->high_seq + ahead;

	if (ahead >= JITTER_SLOTS || ahead <= -JITTER_SLOTS) {
		if (!believe_jump(jb, pkt->seq)) {
			++jb->stats.late;
			return ETIME;
		}
		start_stream(jb, pkt);
		*seqp = jb->next_seq;
		return 0;
	}

	jb->bad_seq = -1;
	if (!jb->playing && seq < jb->next_seq && !jb->played &&
	    jb->high_seq - seq < JITTER_SLOTS)
		jb->next_seq = seq; /* out of order before the start */

	if (seq < jb->next_seq) {
		const int64_t back = jb->next_seq - 1 - seq;

		if (back < 64 && jb->played >> back & 1) {
			++jb->stats.duplicate;
			return EALREADY;
		}
		++jb->stats.late;
		*seqp = seq;
		return ETIME;
	}
	if (jitter_store_at(&jb->store, seq)) {
		++jb->stats.duplicate;
		return EALREADY;
	}
	*seqp = seq;

	return 0;
}

static uint32_t units_checked(const struct jitter *jb, uint32_t units)
{
	const uint32_t max = units_of(jb, UNITS_MAX_MS);

	if (!units)
		return units_of(jb, TICK_MS);

	return units > max ? max : units;
}

static void count_late(struct jitter *jb, int64_t transit)
{
	if (jitter_delay_is_jump(&jb->delay, transit))
		return;

	jitter_delay_add(&jb->delay, transit);
	jitter_delay_late(&jb->delay, transit);
}

int jitter_put(struct jitter *jb, const struct jitter_packet *pkt,
	       int64_t now_us)
{
	const bool sound = pkt->payload != NULL;
	struct jitter_slot *slot;
	int64_t seq = 0, ts, transit;
	int err;

	if (pkt->len > RTP_PACKET_MAX || (sound && !pkt->len))
		return EINVAL;

	++jb->stats.put;
	if (!jb->valid || jb->ssrc != pkt->ssrc)
		start_stream(jb, pkt);

	err = place(jb, pkt, &seq);
	if (err == EALREADY)
		return err;

	ts = jb->last_ts + rtp_ts_diff((uint32_t)jb->last_ts, pkt->ts);
	transit = transit_us(jb, ts, now_us);

	if (sound && !err && jitter_delay_is_jump(&jb->delay, transit)) {
		start_stream(jb, pkt);
		seq = jb->next_seq;
		ts = jb->last_ts;
		transit = transit_us(jb, ts, now_us);
	}
	if (err) {
		if (sound && seq)
			count_late(jb, transit);
		return err;
	}

	make_room(jb, seq);
	slot = jitter_store_add(&jb->store, seq, pkt->payload,
				sound ? pkt->len : 0);
	if (!slot) {
		++jb->stats.overflow;
		return ENOBUFS;
	}
	slot->sound = sound;
	slot->ts = ts;
	slot->units = units_checked(jb, pkt->units);
	if (seq > jb->high_seq)
		jb->high_seq = seq;
	if (sound) {
		if (ts > jb->last_ts)
			jb->last_ts = ts;
		jitter_delay_add(&jb->delay, transit);
	}

	return 0;
}

/* ---- out ---- */

/* How long the sample at the cursor will have waited, measured from the
 * fastest packets */
static int64_t delay_us(const struct jitter *jb, int64_t ts, int64_t now_us)
{
	return transit_us(jb, ts, now_us) - jb->delay.floor_us;
}

static void step_over(struct jitter *jb, struct jitter_slot *slot)
{
	jb->dry_is_quiet = !slot->sound;
	jitter_store_drop(&jb->store, slot);
	++jb->next_seq;
	jb->played = jb->played << 1 | 1;
}

static void give_silence(struct jitter_out *out, uint32_t units)
{
	out->kind = JITTER_SILENCE;
	out->units = units;
}

static void give_packet(struct jitter *jb, struct jitter_slot *slot,
			struct jitter_out *out)
{
	jitter_store_copy(&jb->store, slot, jb->flat);
	out->kind = JITTER_PACKET;
	out->payload = jb->flat;
	out->len = slot->len;
	out->units = slot->units;
	out->restart = jb->restarted;

	jb->restarted = false;
	jb->play_ts = slot->ts + slot->units;
	/* a hole is filled, and a gap cut, in steps of this: not of a crumb */
	jb->last_units = slot->units;
	if (jb->last_units < units_of(jb, SNAP_MS))
		jb->last_units = units_of(jb, SNAP_MS);
	jb->dry = 0;
	++jb->stats.played;
	step_over(jb, slot);
}

/* Lost packets between the cursor and seq */
static void skip_to(struct jitter *jb, int64_t seq)
{
	const int64_t missing = seq - jb->next_seq;

	jb->stats.lost += (uint64_t)missing;
	jb->played = missing < 64 ? jb->played << missing : 0;
	jb->next_seq = seq;
}

/* Packets without sound have no time of their own. @return the first sound */
static struct jitter_slot *first_sound(struct jitter *jb)
{
	struct jitter_slot *slot;

	for (;;) {
		slot = jitter_store_first(&jb->store, jb->next_seq);
		if (!slot || slot->sound)
			return slot;
		if (jb->playing && slot->seq > jb->next_seq)
			skip_to(jb, slot->seq);
		jb->next_seq = slot->seq;
		step_over(jb, slot);
	}
}

/* Wait until the delay is there. @return whether playing begins */
static bool try_start(struct jitter *jb, int64_t now_us)
{
	const struct jitter_slot *slot = first_sound(jb);

	if (!slot ||
	    delay_us(jb, slot->ts, now_us) < jb->delay.target_us - SLACK_US)
		return false;

	if (jb->played && slot->seq > jb->next_seq)
		skip_to(jb, slot->seq); /* lost while it was dry */
	jb->next_seq = slot->seq;
	jb->play_ts = slot->ts;
	jb->playing = true;
	jb->dry = 0;

	return true;
}

/* What can be left out now without anybody minding, in units; 0 = nothing */
static uint32_t cuttable(struct jitter *jb, struct jitter_slot *slot)
{
	const int64_t gap = slot->ts - jb->play_ts;

	if (gap >= units_of(jb, SNAP_MS)) /* the sender's own silence */
		return gap < jb->last_units ? (uint32_t)gap : jb->last_units;
	/* the last packet stays: nothing to play would be worse */
	if (jb->store.count < 2)
		return 0;

	return slot->units;
}

static void cut(struct jitter *jb, struct jitter_slot *slot, uint32_t units)
{
	if (slot->ts - jb->play_ts >= units_of(jb, SNAP_MS)) {
		jb->play_ts += units;
	} else {
		jb->play_ts = slot->ts + units;
		step_over(jb, slot);
	}
	++jb->stats.cut;
	jb->since_cut = 0;
}

/* Leave packets out when the delay is longer than needed: in silence, or when
 * it is much too long */
static void shorten(struct jitter *jb, int64_t now_us, bool quiet)
{
	const int64_t all = jb->delay.max_us + EXCESS_MS * 1000;
	const bool flood = delay_us(jb, jb->play_ts, now_us) > all;

	++jb->since_cut;

	do {
		struct jitter_slot *slot =
			jitter_store_at(&jb->store, jb->next_seq);
		const uint32_t units =
			slot && slot->sound ? cuttable(jb, slot) : 0;
		int64_t need = units_to_us(jb, units) * 3 / 4;

		if (!units)
			return;
		if (!flood && !quiet) {
			need = CUT_MS * 1000;
			if (jb->since_cut < CUT_EVERY)
				return;
		}
		if (delay_us(jb, jb->play_ts, now_us) - jb->delay.target_us <=
		    need)
			return;
		cut(jb, slot, units);
	} while (flood);
}

/* Nothing there: conceal for a while without moving on, then start over */
static void run_dry(struct jitter *jb, struct jitter_out *out)
{
	const uint32_t tick = units_of(jb, TICK_MS);

	if (!jb->dry && !jb->dry_is_quiet)
		++jb->stats.underrun;
	jb->dry += tick;
	give_silence(out, tick);
	if (jb->dry > units_of(jb, DRY_MS) || jb->dry_is_quiet)
		jb->playing = false;
	else
		out->kind = JITTER_LOST;
}

/* Packets are missing before slot: fill their time, less what was already
 * filled when the buffer was dry */
static void fill_hole(struct jitter *jb, const struct jitter_slot *slot,
		      struct jitter_out *out)
{
	const int64_t missing = slot->seq - jb->next_seq;
	const int64_t gap = slot->ts - jb->play_ts;
	uint32_t units = jb->last_units;

	if (gap < units || missing == 1)
		units = gap < units_of(jb, DRY_MS) ? (uint32_t)gap
						   : units_of(jb, DRY_MS);

	out->kind = JITTER_LOST;
	out->units = units;
	if (missing == 1) { /* only its neighbour knows of it */
		jitter_store_copy(&jb->store, slot, jb->flat);
		out->payload = jb->flat;
		out->len = slot->len;
	}
	jb->play_ts += units;
	skip_to(jb, jb->next_seq + 1);
}

static void play(struct jitter *jb, struct jitter_out *out)
{
	const int64_t snap = units_of(jb, SNAP_MS);
	struct jitter_slot *slot = first_sound(jb);
	int64_t gap;

	if (!slot) {
		run_dry(jb, out);
		return;
	}

	gap = slot->ts - jb->play_ts;
	if (jb->dry && gap > 0) { /* that time was filled already */
		const int64_t filled = gap < jb->dry ? gap : jb->dry;

		jb->play_ts += filled;
		gap -= filled;
	}
	jb->dry = 0;

	if (gap < snap || gap > units_of(jb, MAX_MS)) {
		if (slot->seq > jb->next_seq)
			skip_to(jb, slot->seq);
		give_packet(jb, slot, out);
	} else if (slot->seq > jb->next_seq) {
		fill_hole(jb, slot, out);
	} else { /* the sender was silent: DTX */
		const uint32_t tick = units_of(jb, TICK_MS);

		give_silence(out, gap < tick ? (uint32_t)gap : tick);
		jb->play_ts += out->units;
	}
}

void jitter_get(struct jitter *jb, int64_t now_us, bool quiet,
		struct jitter_out *out)
{
	int64_t delay;

	memset(out, 0, sizeof(*out));

	if (!jb->playing && !try_start(jb, now_us)) {
		give_silence(out, units_of(jb, TICK_MS));
		return;
	}

	if (quiet && !jb->dry && jb->store.count &&
	    delay_us(jb, jb->play_ts, now_us) <
		    jb->delay.target_us - STRETCH_US) {
		++jb->stats.stretched;
		give_silence(out, units_of(jb, TICK_MS));
		return;
	}

	shorten(jb, now_us, quiet);
	delay = delay_us(jb, jb->play_ts, now_us);
	play(jb, out);
	if (out->kind == JITTER_PACKET)
		jb->stats.delay_ms = delay > 0 ? (unsigned)(delay / 1000) : 0;
}

void jitter_stats(const struct jitter *jb, struct jitter_stats *stats)
{
	*stats = jb->stats;
	stats->target_ms = (unsigned)(jb->delay.target_us / 1000);
}
