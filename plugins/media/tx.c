/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/tx.h"

#include <sys/random.h>
#include <sys/socket.h>

#include "media/leg_priv.h"

void media_tx_init(struct media_tx *tx)
{
	uint32_t rnd[3] = {0};

	/* RFC 3550 §5.1: all three start where nobody can guess */
	if (getrandom(rnd, sizeof(rnd), 0) != sizeof(rnd))
		rnd[0] = g_random_int();
	tx->ssrc = rnd[0];
	tx->seq = (uint16_t)rnd[1];
	tx->ref_ts = rnd[2];
}

void media_tx_codec(struct media_tx *tx, const struct codec *codec)
{
	tx->clock = codec->clock;
	tx->frame = codec_ts_units(codec, CODEC_FRAME_MS);
	tx->writer = NULL;
}

void media_tx_dest(struct media_leg *leg, const struct media_addr *to)
{
	leg->tx.tolen =
		media_addr_sockaddr(to, leg->engine->family, &leg->tx.to);
}

uint32_t media_tx_resume(const struct media_tx *tx, int64_t now_us)
{
	const int64_t gone = (now_us - tx->ref_us + TICK_US / 2) / TICK_US;
	const uint32_t units = (uint32_t)gone * tx->frame;

	if (!tx->any)
		return tx->ref_ts;

	return tx->ref_ts + (units > tx->span ? units : tx->span);
}

void media_tx_mark(struct media_tx *tx, uint32_t ts, uint32_t span,
		   int64_t now_us)
{
	tx->any = true;
	tx->ref_ts = ts;
	tx->ref_us = now_us;
	tx->span = span;
}

void media_tx_raw(struct media_leg *leg, struct media_thread *th, void *packet,
		  size_t len, size_t payload_len)
{
	struct media_tx *tx = &leg->tx;

	tx->sent_us = th->now_us;
	if (leg->send)
		leg->send(leg->send_arg, false, packet, len);
	else if (!tx->tolen ||
		 sendto(leg->rtp.fd, packet, len, 0, &tx->to.sa, tx->tolen) < 0)
		return; /* as if the network had lost it */

	++tx->packets;
	tx->octets += (uint32_t)payload_len;
	media_count(&leg->figures.tx_packets, 1);
	media_count(&leg->figures.tx_bytes, len);
	media_count(&th->tx_packets, 1);
}

void media_tx_packet(struct media_leg *leg, struct media_thread *th,
		     const struct media_out *out)
{
	struct media_tx *tx = &leg->tx;
	const struct rtp_packet pkt = {
		.marker = out->marker,
		.pt = out->pt,
		.seq = tx->seq,
		.ts = out->ts,
		.ssrc = tx->ssrc,
	};

	tx->writer = out->writer;
	if (out->span)
		media_tx_mark(tx, out->ts, out->span, th->now_us);
	if (!leg->sess.send)
		return; /* on hold: time goes on, sound does not */

	++tx->seq;
	rtp_write(out->buf, &pkt);
	media_tx_raw(leg, th, out->buf, out->len, out->len - RTP_HEADER_LEN);
}
