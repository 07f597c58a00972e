/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/rtp.h"

#include <errno.h>
#include <string.h>

#include "media/bytes.h"

enum {
	VERSION = 2,
	EXT_HEADER_LEN = 4,
	RTCP_PT_FIRST = 192, /* RFC 5761 §4 */
	RTCP_PT_LAST = 223,
	RTCP_HEADER_LEN = 8,
};

/* The extension behind the CSRCs. @return its end, or 0 if it is broken */
static size_t read_ext(struct rtp_packet *pkt, const uint8_t *p, size_t pos,
		       size_t len)
{
	size_t ext_len;

	if (len - pos < EXT_HEADER_LEN)
		return 0;

	ext_len = (size_t)get16(p + pos + 2) * 4;
	if (len - pos - EXT_HEADER_LEN < ext_len)
		return 0;

	pkt->ext_profile = get16(p + pos);
	pkt->ext = p + pos + EXT_HEADER_LEN;
	pkt->ext_len = ext_len;

	return pos + EXT_HEADER_LEN + ext_len;
}

int rtp_parse(struct rtp_packet *pkt, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	size_t pos, end = len;

	if (len < RTP_HEADER_LEN || len > RTP_PACKET_MAX ||
	    p[0] >> 6 != VERSION)
		return EBADMSG;

	pos = RTP_HEADER_LEN + (size_t)(p[0] & 0x0f) * 4;
	if (pos > len)
		return EBADMSG;

	memset(pkt, 0, sizeof(*pkt));
	if (p[0] & 0x10) {
		pos = read_ext(pkt, p, pos, len);
		if (!pos)
			return EBADMSG;
	}

	if (p[0] & 0x20) { /* the last byte counts itself */
		const size_t pad = p[len - 1];

		if (!pad || pad > len - pos)
			return EBADMSG;
		end -= pad;
	}

	pkt->marker = (p[1] & 0x80) != 0;
	pkt->pt = p[1] & 0x7f;
	pkt->seq = get16(p + 2);
	pkt->ts = get32(p + 4);
	pkt->ssrc = get32(p + 8);
	pkt->header_len = pos;
	pkt->payload = p + pos;
	pkt->len = end - pos;

	return 0;
}

void rtp_write(uint8_t *buf, const struct rtp_packet *pkt)
{
	buf[0] = VERSION << 6;
	buf[1] = (uint8_t)((pkt->marker ? 0x80u : 0u) | (pkt->pt & 0x7fu));
	put16(buf + 2, pkt->seq);
	put32(buf + 4, pkt->ts);
	put32(buf + 8, pkt->ssrc);
}

void rtp_rewrite(uint8_t *buf, uint8_t pt, uint16_t seq, uint32_t ts,
		 uint32_t ssrc)
{
	buf[1] = (uint8_t)((buf[1] & 0x80u) | (pt & 0x7fu));
	put16(buf + 2, seq);
	put32(buf + 4, ts);
	put32(buf + 8, ssrc);
}

bool rtp_is_rtcp(const void *buf, size_t len)
{
	const uint8_t *p = buf;

	return len >= RTCP_HEADER_LEN && p[0] >> 6 == VERSION &&
	       p[1] >= RTCP_PT_FIRST && p[1] <= RTCP_PT_LAST;
}
