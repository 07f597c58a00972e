/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <sys/socket.h>

#include "media/bridge.h"
#include "media/leg_priv.h"
#include "media/rxaudio.h"

void media_rx_drop(struct media_leg *leg, struct media_thread *th)
{
	media_count(&leg->figures.rx_dropped, 1);
	media_count(&th->dropped, 1);
}

void media_rx_digit(struct media_leg *leg, struct media_thread *th, char digit,
		    unsigned duration_ms)
{
	const struct media_event ev = {
		.type = MEDIA_EV_DTMF,
		.digit = digit,
		.duration_ms = duration_ms,
	};

	media_event_add(th, leg, &ev);
}

/* @return true when it went on as it is */
static bool take_digit(struct media_leg *leg, struct media_thread *th,
		       uint8_t *buf, size_t len, const struct rtp_packet *pkt)
{
	struct dtmf_event ev[DTMF_EVENTS_MAX];
	const size_t n = dtmf4733_rx_packet(&leg->digits, pkt, th->now_us, ev);
	size_t i;

	for (i = 0; i < n; ++i) {
		const bool whole = i + 1 < n && ev[i + 1].end;

		if (!ev[i].end)
			media_rx_digit(leg, th, ev[i].digit,
				       whole ? ev[i + 1].duration_ms : 0);
		if (leg->peer)
			media_bridge_digit(leg, th, &ev[i]);
	}

	return leg->peer && media_bridge_event(leg, th, buf, len, pkt);
}

static void count_packet(struct media_leg *leg, struct media_thread *th,
			 const struct rtp_packet *pkt, size_t len)
{
	struct media_figures *fig = &leg->figures;

	media_count(&fig->rx_packets, 1);
	media_count(&fig->rx_bytes, len);
	media_count(&th->rx_packets, 1);

	if (leg->rx_us) {
		const unsigned gap =
			(unsigned)((th->now_us - leg->rx_us) / 1000);

		if (gap > atomic_load_explicit(&fig->rx_gap_max_ms,
					       memory_order_relaxed))
			atomic_store_explicit(&fig->rx_gap_max_ms, gap,
					      memory_order_relaxed);
	}
	leg->rx_us = leg->life_us = th->now_us;
	rtcp_rx_packet(&leg->rx, pkt->ssrc, pkt->seq, pkt->ts, th->now_us);
}

/* From the right source, of a negotiated type */
static void take(struct media_leg *leg, struct media_thread *th, uint8_t *buf,
		 size_t len, const struct rtp_packet *pkt)
{
	if (!leg->budget) {
		media_rx_drop(leg, th);
		return;
	}
	--leg->budget;
	count_packet(leg, th, pkt, len);

	if (pkt->pt == leg->sess.pt && pkt->len) {
		if (leg->rxaudio)
			(void)rxaudio_put(leg->rxaudio, pkt, th->now_us);
		media_route_packet(leg, th, buf, len, pkt);
		return;
	}

	/* a digit, or a packet that only keeps a NAT open: no sound, no loss */
	if (leg->rxaudio)
		(void)rxaudio_skip(leg->rxaudio, pkt, th->now_us);
	if (pkt->pt == leg->sess.pt || !take_digit(leg, th, buf, len, pkt))
		media_rewrite_skip(&leg->rewrite, pkt);
}

static void tell_started(struct media_leg *leg, struct media_thread *th)
{
	const struct media_event ev = {.type = MEDIA_EV_STARTED};

	if (leg->started)
		return;

	leg->started = true;
	media_event_add(th, leg, &ev);
}

/* Keep the packet of a source that may become ours with its next one */
static void hold(struct media_leg *leg, struct media_thread *th,
		 const uint8_t *buf, size_t len)
{
	if (leg->held_len)
		media_rx_drop(leg, th);
	leg->held_len = 0;
	if (len > sizeof(leg->held)) {
		media_rx_drop(leg, th);
		return;
	}
	memcpy(leg->held, buf, len);
	leg->held_len = len;
}

static void latched(struct media_leg *leg, struct media_thread *th)
{
	struct rtp_packet first;

	media_tx_dest(leg, &leg->latch.from);
	leg->rtcp_from = (struct media_addr){0};
	tell_started(leg, th);

	if (leg->held_len && !rtp_parse(&first, leg->held, leg->held_len))
		take(leg, th, leg->held, leg->held_len, &first);
	leg->held_len = 0;
}

/* Length and header checked: is it ours, and from whom? */
static void rx_packet(struct media_leg *leg, struct media_thread *th,
		      size_t len, const union media_sockaddr *sa)
{
	struct rtp_packet pkt;
	struct media_addr from;

	if (rtp_parse(&pkt, th->buf, len) ||
	    (pkt.pt != leg->sess.pt && (int)pkt.pt != leg->sess.dtmf_pt)) {
		media_rx_drop(leg, th);
		return;
	}
	if (!leg->sess.recv)
		return;

	media_addr_set(&from, sa);
	switch (latch_check(&leg->latch, &from, pkt.ssrc, pkt.seq,
			    th->now_us)) {
	case LATCH_NEW:
		latched(leg, th);
		break;
	case LATCH_OK:
		break;
	case LATCH_HOLD:
		hold(leg, th, th->buf, len);
		return;
	case LATCH_DROP:
		media_rx_drop(leg, th);
		return;
	}
	take(leg, th, th->buf, len, &pkt);
}

/* Reports have no sequence to check: the host must be the one of the sound. */
static void rx_report(struct media_leg *leg, struct media_thread *th,
		      size_t len, const union media_sockaddr *sa)
{
	struct media_addr from, said;

	media_addr_set(&from, sa);
	media_addr_of(&said, &leg->sess.rtcp);
	if (!media_addr_same_ip(&from, latch_dest(&leg->latch)) &&
	    !media_addr_same_ip(&from, &said)) {
		media_rx_drop(leg, th);
		return;
	}
	leg->rtcp_from = from;
	media_report_rx(leg, th, th->buf, len);
}

/* Level-triggered, and one packet a wake: a second recvfrom() would nearly
 * always find nothing, and a flood on one socket does not starve the others.
 */
void media_rx_rtp(struct media_watch *watch, struct media_thread *th)
{
	struct media_leg *leg = media_container(watch, struct media_leg, rtp);
	union media_sockaddr sa;
	socklen_t salen = sizeof(sa);
	ssize_t n;

	n = recvfrom(watch->fd, th->buf, sizeof(th->buf), 0, &sa.sa, &salen);
	if (n < 0)
		return;

	if (n < RTP_HEADER_LEN || n > RTP_PACKET_MAX)
		media_rx_drop(leg, th);
	else if (leg->sess.rtcp_mux && rtp_is_rtcp(th->buf, (size_t)n))
		rx_report(leg, th, (size_t)n, &sa);
	else
		rx_packet(leg, th, (size_t)n, &sa);
}

void media_rx_rtcp(struct media_watch *watch, struct media_thread *th)
{
	struct media_leg *leg = media_container(watch, struct media_leg, rtcp);
	union media_sockaddr sa;
	socklen_t salen = sizeof(sa);
	ssize_t n;

	n = recvfrom(watch->fd, th->buf, sizeof(th->buf), 0, &sa.sa, &salen);
	if (n < 0)
		return;

	if (n > RTP_PACKET_MAX || !rtp_is_rtcp(th->buf, (size_t)n))
		media_rx_drop(leg, th);
	else
		rx_report(leg, th, (size_t)n, &sa);
}

void media_rx_input(struct media_leg *leg, struct media_thread *th, bool rtcp,
		    uint8_t *buf, size_t len)
{
	struct rtp_packet pkt;

	if (!leg->open)
		return;

	if (rtcp) {
		media_report_rx(leg, th, buf, len);
		return;
	}
	if (rtp_parse(&pkt, buf, len) ||
	    (pkt.pt != leg->sess.pt && (int)pkt.pt != leg->sess.dtmf_pt)) {
		media_rx_drop(leg, th);
		return;
	}
	if (!leg->sess.recv)
		return;

	tell_started(leg, th);
	take(leg, th, buf, len, &pkt);
}

void media_rx_figures(struct media_leg *leg)
{
	const int64_t lost = rtcp_rx_lost(&leg->rx);
	struct jitter_stats stats;

	atomic_store_explicit(&leg->figures.rx_lost,
			      lost > 0 ? (uint64_t)lost : 0,
			      memory_order_relaxed);
	atomic_store_explicit(&leg->figures.jitter_ms,
			      rtcp_rx_jitter_ms(&leg->rx),
			      memory_order_relaxed);
	if (!leg->rxaudio)
		return;

	rxaudio_stats(leg->rxaudio, &stats);
	atomic_store_explicit(&leg->figures.rx_late, stats.late,
			      memory_order_relaxed);
}
