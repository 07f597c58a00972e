/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/route.h"

#include "common/obj.h"
#include "media/leg_priv.h"

enum {
	DROPOUT_MAX = 3000, /* RFC 3550 A.1: more is another stream */
	MISORDER_MAX = 100,
	TS_JUMP_S = 60,
};

void media_route_set(struct media_leg *leg, struct media_leg *target,
		     uint8_t pt_in, uint8_t pt_out)
{
	const struct media_route *old =
		atomic_load_explicit(&leg->route, memory_order_relaxed);
	struct media_route *route = NULL;

	if (!old && !target)
		return;
	if (old && old->target == target && old->pt_in == pt_in &&
	    old->pt_out == pt_out)
		return;

	if (target) {
		route = obj_zalloc(sizeof(*route), NULL);
		route->target = target;
		route->pt_in = pt_in;
		route->pt_out = pt_out;
	}
	obj_unref(atomic_exchange_explicit(&leg->route, route,
					   memory_order_acq_rel));
	leg->rewrite.synced = false;
}

static void begin_spurt(struct media_rewrite *rw, const struct media_tx *tx,
			const struct rtp_packet *pkt, int64_t now_us)
{
	rw->synced = true;
	rw->ssrc = pkt->ssrc;
	rw->high = rw->base = pkt->seq;
	rw->ts_high = pkt->ts;
	rw->seq_off = (uint16_t)(tx->seq - pkt->seq);
	rw->ts_off = media_tx_resume(tx, now_us) - pkt->ts;
}

/* Does it continue what was mapped before? */
static bool continues(const struct media_rewrite *rw, const struct media_tx *tx,
		      const struct rtp_packet *pkt)
{
	const int dseq = rtp_seq_diff(rw->high, pkt->seq);
	const int64_t dts = rtp_ts_diff(rw->ts_high, pkt->ts);

	if (dseq <= 0)
		return dseq > -MISORDER_MAX;

	return dseq < DROPOUT_MAX && dts >= 0 &&
	       dts < (int64_t)tx->clock * TS_JUMP_S;
}

bool media_rewrite_map(struct media_rewrite *rw, struct media_tx *tx,
		       const void *owner, const struct rtp_packet *pkt,
		       int64_t now_us, struct media_mapped *out)
{
	uint32_t span = tx->frame;
	int dseq;

	out->marker = pkt->marker;
	if (tx->writer != owner || !rw->synced || rw->ssrc != pkt->ssrc ||
	    !continues(rw, tx, pkt)) {
		begin_spurt(rw, tx, pkt, now_us);
		tx->writer = owner;
		out->marker = true;
	} else {
		dseq = rtp_seq_diff(rw->high, pkt->seq);
		if (dseq == 0 || rtp_seq_diff(rw->base, pkt->seq) < 0)
			return false;
		if (dseq < 0)
			goto late;
		if (dseq == 1 && pkt->ts != rw->ts_high &&
		    pkt->ts - rw->ts_high < 6 * tx->frame)
			span = pkt->ts - rw->ts_high;
	}

	rw->high = pkt->seq;
	rw->ts_high = pkt->ts;
	tx->seq = (uint16_t)(pkt->seq + rw->seq_off + 1);
	media_tx_mark(tx, pkt->ts + rw->ts_off, span, now_us);
late:
	out->seq = (uint16_t)(pkt->seq + rw->seq_off);
	out->ts = pkt->ts + rw->ts_off;

	return true;
}

/* An event keeps its timestamp while it lasts, and sound may come between its
 * packets: it moves the timeline only forward.
 */
static bool map_event(struct media_rewrite *rw, struct media_tx *tx,
		      const void *owner, const struct rtp_packet *pkt,
		      int64_t now_us, struct media_mapped *out)
{
	const int dseq = rtp_seq_diff(rw->high, pkt->seq);
	const int64_t dts = rtp_ts_diff(rw->ts_high, pkt->ts);
	const int64_t most = (int64_t)tx->clock * TS_JUMP_S;
	bool later = dts > 0;

	out->marker = pkt->marker;
	if (tx->writer != owner || !rw->synced || rw->ssrc != pkt->ssrc ||
	    dseq >= DROPOUT_MAX || dseq <= -MISORDER_MAX || dts >= most ||
	    dts <= -most) {
		begin_spurt(rw, tx, pkt, now_us);
		tx->writer = owner;
		tx->seq = (uint16_t)(pkt->seq + rw->seq_off + 1);
		later = true;
	} else if (dseq == 0 || rtp_seq_diff(rw->base, pkt->seq) < 0) {
		return false;
	} else if (dseq > 0) {
		rw->high = pkt->seq;
		tx->seq = (uint16_t)(pkt->seq + rw->seq_off + 1);
	}
	if (later) {
		rw->ts_high = pkt->ts;
		media_tx_mark(tx, pkt->ts + rw->ts_off, tx->frame, now_us);
	}
	out->seq = (uint16_t)(pkt->seq + rw->seq_off);
	out->ts = pkt->ts + rw->ts_off;

	return true;
}

void media_rewrite_skip(struct media_rewrite *rw, const struct rtp_packet *pkt)
{
	if (!rw->synced || rw->ssrc != pkt->ssrc ||
	    rtp_seq_diff(rw->high, pkt->seq) <= 0)
		return;

	rw->high = pkt->seq;
	rw->base = (uint16_t)(pkt->seq + 1);
	--rw->seq_off;
}

static void renumber(uint8_t *buf, const struct media_mapped *out, uint8_t pt,
		     uint32_t ssrc)
{
	rtp_rewrite(buf, pt, out->seq, out->ts, ssrc);
	if (out->marker)
		buf[1] |= 0x80;
}

bool media_route_event(struct media_leg *leg, struct media_thread *th,
		       uint8_t *buf, size_t len, const struct rtp_packet *pkt)
{
	const struct media_route *route =
		atomic_load_explicit(&leg->route, memory_order_acquire);
	struct media_leg *target = route->target;
	struct media_mapped out;

	if (!map_event(&leg->rewrite, &target->tx, leg, pkt, th->now_us, &out))
		return false;

	renumber(buf, &out, (uint8_t)target->sess.dtmf_pt, target->tx.ssrc);
	media_tx_raw(target, th, buf, len, pkt->len);

	return true;
}

void media_route_packet(struct media_leg *leg, struct media_thread *th,
			uint8_t *buf, size_t len, const struct rtp_packet *pkt)
{
	const struct media_route *route =
		atomic_load_explicit(&leg->route, memory_order_acquire);
	struct media_mapped out;
	struct media_leg *target;

	if (!route || pkt->pt != route->pt_in)
		return;

	target = route->target;
	if (!target->sess.send || media_leg_is_playing(target))
		return;

	if (!media_rewrite_map(&leg->rewrite, &target->tx, leg, pkt, th->now_us,
			       &out))
		return;

	renumber(buf, &out, route->pt_out, target->tx.ssrc);
	media_tx_raw(target, th, buf, len, pkt->len);
}
