/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sys/socket.h>

#include "media/leg_priv.h"
#include "media/mos.h"

enum {
	REPORT_MS = 5000
};

/* As the clock was set at the start: one that is set between a report and
 * its echo is no round trip */
static int64_t wall_us(const struct media_leg *leg)
{
	return leg->engine->wall_us + media_now_us();
}

/* RFC 3550 §6.2: between half and one and a half of the interval, so that
 * many legs do not report at once
 */
static int64_t next_report(struct media_leg *leg, int64_t now_us)
{
	leg->rnd = leg->rnd * 1664525u + 1013904223u;

	return now_us + (REPORT_MS / 2 + (leg->rnd >> 8) % REPORT_MS) * 1000;
}

/* Where reports go: where theirs come from; before that where SDP says,
 * unless the sound comes from elsewhere (NAT): then beside the sound.
 */
static void destination(const struct media_leg *leg, struct media_addr *to)
{
	const struct media_addr *rtp = latch_dest(&leg->latch);

	if (leg->sess.rtcp_mux) {
		*to = *rtp;
		return;
	}
	if (media_addr_is_set(&leg->rtcp_from)) {
		*to = leg->rtcp_from;
		return;
	}
	media_addr_of(to, &leg->sess.rtcp);
	if (media_addr_is_set(to) && media_addr_same_ip(rtp, &leg->latch.sdp))
		return;

	*to = *rtp;
	to->port = htons((uint16_t)(ntohs(rtp->port) + 1));
}

static void send_bytes(struct media_leg *leg, void *buf, size_t len)
{
	union media_sockaddr sa;
	struct media_addr to;
	socklen_t salen;
	int fd;

	if (leg->send) {
		leg->send(leg->send_arg, true, buf, len);
		return;
	}

	destination(leg, &to);
	salen = media_addr_sockaddr(&to, leg->engine->family, &sa);
	fd = leg->sess.rtcp_mux ? leg->rtp.fd : leg->rtcp.fd;
	if (salen) /* a lost report is no loss */
		(void)sendto(fd, buf, len, 0, &sa.sa, salen);
}

static void send_report(struct media_leg *leg, struct media_thread *th,
			bool bye)
{
	const struct media_tx *tx = &leg->tx;
	const int64_t gone_us = th->now_us - tx->ref_us;
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_report rep;
	struct rtcp_out out = {
		.ssrc = tx->ssrc,
		.cname = leg->cname,
		.sr = tx->packets != leg->reported,
		.ntp = rtcp_ntp(wall_us(leg)),
		.rtp_ts = tx->ref_ts +
			  (uint32_t)(gone_us * (int64_t)tx->clock / 1000000),
		.packets = tx->packets,
		.octets = tx->octets,
		.bye = bye,
	};
	size_t len;

	if (rtcp_rx_report(&leg->rx, th->now_us, &rep))
		out.report = &rep;
	len = rtcp_write(buf, sizeof(buf), &out);
	if (!len)
		return;

	send_bytes(leg, buf, len);
	leg->report_sent = true;
	leg->reported = tx->packets;
}

static unsigned mos_hundredths(const struct media_leg *leg, double loss,
			       unsigned jitter_ms, unsigned rtt_ms)
{
	const double mos =
		mos_estimate(leg->sess.codec, loss, jitter_ms, rtt_ms);

	return (unsigned)(mos * 100.0 + 0.5);
}

void media_report_quality(struct media_leg *leg)
{
	struct media_figures *fig = &leg->figures;
	const uint64_t expected = rtcp_rx_expected(&leg->rx);
	const int64_t lost = rtcp_rx_lost(&leg->rx);
	double loss = 0.0;

	if (!expected || !leg->sess.codec)
		return;

	if (lost > 0)
		loss = (double)lost / (double)expected;
	atomic_store_explicit(&fig->in_loss, (unsigned)(loss * 1e6),
			      memory_order_relaxed);
	atomic_store_explicit(
		&fig->in_mos,
		mos_hundredths(leg, loss, rtcp_rx_jitter_ms(&leg->rx),
			       atomic_load_explicit(&fig->rtt_ms,
						    memory_order_relaxed)),
		memory_order_relaxed);
}

/* What they say about what we send */
static void their_report(struct media_leg *leg, const struct rtcp_report *rep)
{
	struct media_figures *fig = &leg->figures;
	const int64_t rtt_us = rtcp_rtt_us(rep, rtcp_ntp(wall_us(leg)));
	const unsigned jitter_ms =
		(unsigned)((uint64_t)rep->jitter * 1000 / leg->tx.clock);
	unsigned rtt_ms;
	double loss = 0.0;

	if (rtt_us >= 0)
		atomic_store_explicit(&fig->rtt_ms,
				      (unsigned)((rtt_us + 500) / 1000),
				      memory_order_relaxed);
	rtt_ms = atomic_load_explicit(&fig->rtt_ms, memory_order_relaxed);

	if (rep->lost > 0 && leg->tx.packets)
		loss = MIN(1.0, (double)rep->lost / (double)leg->tx.packets);
	atomic_store_explicit(&fig->out_loss, (unsigned)(loss * 1e6),
			      memory_order_relaxed);
	atomic_store_explicit(&fig->out_jitter_ms, jitter_ms,
			      memory_order_relaxed);
	atomic_store_explicit(&fig->out_mos,
			      mos_hundredths(leg, loss, jitter_ms, rtt_ms),
			      memory_order_relaxed);
}

void media_report_rx(struct media_leg *leg, struct media_thread *th,
		     const uint8_t *buf, size_t len)
{
	struct rtcp_info info;
	size_t i;

	if (rtcp_parse(&info, buf, len)) {
		media_rx_drop(leg, th);
		return;
	}

	leg->life_us = th->now_us;
	if (info.sr && leg->rx.valid && info.ssrc == leg->rx.ssrc)
		rtcp_rx_sr(&leg->rx, &info, th->now_us);
	for (i = 0; i < info.nreports; ++i)
		if (info.reports[i].ssrc == leg->tx.ssrc)
			their_report(leg, &info.reports[i]);
}

void media_report_house(struct media_leg *leg, struct media_thread *th)
{
	if (!leg->report_us) {
		leg->report_us = next_report(leg, th->now_us);
		return;
	}
	if (th->now_us < leg->report_us)
		return;

	leg->report_us = next_report(leg, th->now_us);
	media_report_quality(leg);
	send_report(leg, th, false);
}

/* RFC 3550 §6.3.7: who never sent anything does not say BYE */
void media_report_bye(struct media_leg *leg, struct media_thread *th)
{
	if (leg->tx.packets || leg->report_sent)
		send_report(leg, th, true);
}
