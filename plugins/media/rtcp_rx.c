/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting a source: RFC 3550 A.1 (sequence), A.3 (loss), A.8 (jitter) */
#include <string.h>

#include "media/rtcp.h"

enum {
	MAX_DROPOUT = 3000, /* A.1 */
	MAX_MISORDER = 100,
	SEQ_MOD = 1 << 16,
	NO_BAD_SEQ = SEQ_MOD + 1, /* equals no sequence number */
};

void rtcp_rx_init(struct rtcp_rx *rx, unsigned clock)
{
	memset(rx, 0, sizeof(*rx));
	rx->clock = clock ? clock : 8000;
	rx->bad_seq = NO_BAD_SEQ;
}

static void start_over(struct rtcp_rx *rx, uint32_t ssrc, uint16_t seq)
{
	rtcp_rx_init(rx, rx->clock);
	rx->ssrc = ssrc;
	rx->base_seq = rx->max_seq = seq;
}

/* @return false when the packet is not to be counted (yet) */
static bool count_seq(struct rtcp_rx *rx, uint32_t ssrc, uint16_t seq)
{
	const uint16_t delta = (uint16_t)(seq - rx->max_seq);

	if (delta < MAX_DROPOUT) {
		if (seq < rx->max_seq)
			rx->cycles += SEQ_MOD;
		rx->max_seq = seq;
	} else if (delta <= SEQ_MOD - MAX_MISORDER) {
		/* a jump: believed when a second packet follows it */
		if (seq != rx->bad_seq) {
			rx->bad_seq = (uint16_t)(seq + 1);
			return false;
		}
		start_over(rx, ssrc, seq);
	}

	return true;
}

/* A.8: the mean deviation of transit times. Packets of one timestamp (DTMF)
 * say nothing about the network's spread. */
static void count_jitter(struct rtcp_rx *rx, uint32_t ts, int64_t now_us)
{
	const int64_t arrival = now_us / 1000 * rx->clock / 1000 +
				now_us % 1000 * rx->clock / 1000000;
	/* the difference modulo 2^32: timestamps wrap */
	const int64_t transit = (int32_t)((uint32_t)arrival - ts);
	int32_t d;

	if (rx->received && ts == rx->last_ts)
		return;

	if (rx->received) {
		d = (int32_t)((uint32_t)transit - (uint32_t)rx->transit);
		/* after a timestamp jump the figure would take minutes to
		 * come down */
		if (d > -(int32_t)rx->clock * 8 && d < (int32_t)rx->clock * 8)
			rx->jitter_q4 += (uint32_t)(d < 0 ? -d : d) -
					 ((rx->jitter_q4 + 8) >> 4);
	}
	rx->transit = transit;
	rx->last_ts = ts;
}

void rtcp_rx_packet(struct rtcp_rx *rx, uint32_t ssrc, uint16_t seq,
		    uint32_t ts, int64_t now_us)
{
	if (!rx->valid || rx->ssrc != ssrc)
		start_over(rx, ssrc, seq);
	else if (!count_seq(rx, ssrc, seq))
		return;

	count_jitter(rx, ts, now_us);
	rx->valid = true;
	++rx->received;
}

void rtcp_rx_sr(struct rtcp_rx *rx, const struct rtcp_info *info,
		int64_t now_us)
{
	if (!rx->valid || !info->sr || info->ssrc != rx->ssrc)
		return;

	rx->sr_lsr = rtcp_ntp_mid(info->ntp);
	rx->sr_at_us = now_us;
}

uint64_t rtcp_rx_expected(const struct rtcp_rx *rx)
{
	if (!rx->valid)
		return 0;

	return (uint64_t)rx->cycles + rx->max_seq - rx->base_seq + 1;
}

int64_t rtcp_rx_lost(const struct rtcp_rx *rx)
{
	return (int64_t)rtcp_rx_expected(rx) - (int64_t)rx->received;
}

unsigned rtcp_rx_jitter_ms(const struct rtcp_rx *rx)
{
	return (unsigned)((uint64_t)(rx->jitter_q4 >> 4) * 1000 / rx->clock);
}

static uint8_t interval_loss(struct rtcp_rx *rx)
{
	const uint64_t expected = rtcp_rx_expected(rx);
	const int64_t due = (int64_t)(expected - rx->expected_prior);
	const int64_t lost = due - (int64_t)(rx->received - rx->received_prior);

	rx->expected_prior = expected;
	rx->received_prior = rx->received;

	if (due <= 0 || lost <= 0)
		return 0;

	return (uint8_t)(lost >= due ? 255 : (lost << 8) / due);
}

bool rtcp_rx_report(struct rtcp_rx *rx, int64_t now_us, struct rtcp_report *rep)
{
	int64_t lost = rtcp_rx_lost(rx);

	if (!rx->valid)
		return false;

	if (lost > 0x7fffff)
		lost = 0x7fffff;
	if (lost < -0x800000)
		lost = -0x800000;

	memset(rep, 0, sizeof(*rep));
	rep->ssrc = rx->ssrc;
	rep->fraction = interval_loss(rx);
	rep->lost = (int32_t)lost;
	rep->ext_seq = rx->cycles + rx->max_seq;
	rep->jitter = rx->jitter_q4 >> 4;
	if (rx->sr_at_us) {
		const int64_t delay = now_us - rx->sr_at_us;

		rep->lsr = rx->sr_lsr;
		rep->dlsr =
			delay <= 0
				? 0
				: (uint32_t)((delay / 1000000) * 65536 +
					     delay % 1000000 * 65536 / 1000000);
	}

	return true;
}
