/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTP and RTCP packets: what is read lies within the packet; a report made of
 * what was read can be read again */
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "media/rtcp.h"
#include "media/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static unsigned touch(const uint8_t *p, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; ++i)
		sum += p[i];

	return sum;
}

static void try_rtp(const uint8_t *data, size_t size)
{
	uint8_t copy[RTP_PACKET_MAX];
	struct rtp_packet pkt, again;

	if (rtp_parse(&pkt, data, size))
		return;

	require(pkt.header_len + pkt.len <= size);
	(void)touch(pkt.payload, pkt.len);
	(void)touch(pkt.ext, pkt.ext_len);
	for (size_t i = 0; i < CODEC_NIDS; ++i)
		require(codec_payload_units(codec_at(i), pkt.payload,
					    pkt.len) <= RTP_PACKET_MAX * 4);

	memcpy(copy, data, size);
	rtp_rewrite(copy, 5, 6, 7, 8);
	require(!rtp_parse(&again, copy, size));
	require(again.pt == 5 && again.seq == 6 && again.ts == 7 &&
		again.ssrc == 8 && again.len == pkt.len);
}

static void try_rtcp(const uint8_t *data, size_t size)
{
	uint8_t buf[RTCP_WRITE_MAX];
	struct rtcp_info info, again;
	struct rtcp_out out = {.cname = "fuzz", .sr = true, .bye = true};
	size_t len;

	if (rtcp_parse(&info, data, size))
		return;

	require(info.nreports <= RTCP_REPORTS_MAX);
	for (size_t i = 0; i < info.nreports; ++i) {
		require(rtcp_rtt_us(&info.reports[i], info.ntp) >= -1);
		out.report = &info.reports[i];
		len = rtcp_write(buf, sizeof(buf), &out);
		require(len && !rtcp_parse(&again, buf, len));
		require(again.nreports == 1 &&
			again.reports[0].lost == info.reports[i].lost);
	}
}

/* The bytes as numbers of packets received */
static void try_counting(const uint8_t *data, size_t size)
{
	struct rtcp_report rep;
	struct rtcp_info info = {.sr = true};
	struct rtcp_rx rx;
	int64_t now = 0;

	rtcp_rx_init(&rx, 48000);
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint32_t ts;
		uint16_t seq;

		memcpy(&seq, data + i, 2);
		memcpy(&ts, data + i + 2, 4);
		now += data[i + 6] * 1000;
		rtcp_rx_packet(&rx, data[i + 7] & 1, seq, ts, now);
		info.ntp = ts;
		info.ssrc = data[i + 7] & 1;
		rtcp_rx_sr(&rx, &info, now);
		if (data[i + 7] & 2)
			require(rtcp_rx_report(&rx, now, &rep));
		(void)rtcp_rx_jitter_ms(&rx);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_rtp(data, size);
	try_rtcp(data, size);
	try_counting(data, size);
	if (rtp_is_rtcp(data, size))
		require(size >= 8);

	return 0;
}
