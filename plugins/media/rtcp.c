/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/rtcp.h"

#include <errno.h>
#include <string.h>

#include "media/bytes.h"

enum {
	VERSION = 2,
	PT_SR = 200,
	PT_RR = 201,
	PT_SDES = 202,
	PT_BYE = 203,
	PT_PSFB = 206,
	FMT_PLI = 1,
	FMT_FIR = 4,
	SDES_CNAME = 1,

	HEADER_LEN = 4,
	SSRC_LEN = 4,
	SENDER_LEN = 20,
	REPORT_LEN = 24,
	PACKET_MAX = 1500,
};

/* 1900 to 1970 */
static const uint64_t ntp_epoch_s = 2208988800ULL;

static void read_report(struct rtcp_report *rep, const uint8_t *p)
{
	uint32_t lost = get32(p + 4) & 0xffffff;

	if (lost & 0x800000) /* 24 bits with sign */
		lost |= 0xff000000;

	rep->ssrc = get32(p);
	rep->fraction = p[4];
	rep->lost = (int32_t)lost;
	rep->ext_seq = get32(p + 8);
	rep->jitter = get32(p + 12);
	rep->lsr = get32(p + 16);
	rep->dlsr = get32(p + 20);
}

/* @return false when the blocks do not fit into the packet */
static bool read_reports(struct rtcp_info *info, const uint8_t *p, size_t len,
			 unsigned count)
{
	if (len < (size_t)count * REPORT_LEN)
		return false;

	for (unsigned i = 0; i < count; ++i, p += REPORT_LEN)
		if (info->nreports < RTCP_REPORTS_MAX)
			read_report(&info->reports[info->nreports++], p);

	return true;
}

static bool read_sr(struct rtcp_info *info, const uint8_t *p, size_t len,
		    unsigned count)
{
	if (len < SSRC_LEN + SENDER_LEN)
		return false;

	info->sr = true;
	info->ssrc = get32(p);
	info->ntp = (uint64_t)get32(p + 4) << 32 | get32(p + 8);
	info->rtp_ts = get32(p + 12);
	info->packets = get32(p + 16);
	info->octets = get32(p + 20);

	return read_reports(info, p + SSRC_LEN + SENDER_LEN,
			    len - SSRC_LEN - SENDER_LEN, count);
}

static bool read_rr(struct rtcp_info *info, const uint8_t *p, size_t len,
		    unsigned count)
{
	if (len < SSRC_LEN)
		return false;

	info->rr = true;
	info->ssrc = get32(p);

	return read_reports(info, p + SSRC_LEN, len - SSRC_LEN, count);
}

static bool read_feedback(struct rtcp_info *info, const uint8_t *p, size_t len,
			  unsigned fmt)
{
	if (len < 2 * SSRC_LEN)
		return false;

	info->ssrc = get32(p);
	if (fmt == FMT_PLI)
		info->pli = true;
	else if (fmt == FMT_FIR)
		info->fir = true;

	return true;
}

/* One packet of the compound; p and len: behind its header */
static bool read_one(struct rtcp_info *info, const uint8_t *header,
		     const uint8_t *p, size_t len)
{
	const unsigned count = header[0] & 0x1f;

	switch (header[1]) {
	case PT_SR:
		return read_sr(info, p, len, count);
	case PT_RR:
		return read_rr(info, p, len, count);
	case PT_BYE:
		if (len < (size_t)count * SSRC_LEN)
			return false;
		info->bye = true;
		return true;
	case PT_PSFB:
		return read_feedback(info, p, len, count);
	default:
		return true;
	}
}

int rtcp_parse(struct rtcp_info *info, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	memset(info, 0, sizeof(*info));
	if (len < HEADER_LEN + SSRC_LEN || len > PACKET_MAX)
		return EBADMSG;

	while (len) {
		size_t size, pad = 0;

		if (len < HEADER_LEN || p[0] >> 6 != VERSION)
			return EBADMSG;
		size = ((size_t)get16(p + 2) + 1) * 4;
		if (size > len)
			return EBADMSG;
		if (p[0] & 0x20) { /* only in the last one */
			pad = p[size - 1];
			if (!pad || pad % 4 || pad > size - HEADER_LEN ||
			    size != len)
				return EBADMSG;
		}
		if (!read_one(info, p, p + HEADER_LEN, size - HEADER_LEN - pad))
			return EBADMSG;
		p += size;
		len -= size;
	}

	return 0;
}

uint64_t rtcp_ntp(int64_t wall_us)
{
	const uint64_t us = wall_us < 0 ? 0 : (uint64_t)wall_us;

	return (us / 1000000 + ntp_epoch_s) << 32 |
	       ((us % 1000000) << 32) / 1000000;
}

int64_t rtcp_rtt_us(const struct rtcp_report *rep, uint64_t ntp_now)
{
	enum {
		ABSURD_S = 60
	};
	uint32_t rtt;

	if (!rep->lsr)
		return -1;

	/* their delay is subtracted; rounding may bring it below zero */
	rtt = rtcp_ntp_mid(ntp_now) - rep->lsr - rep->dlsr;
	if (rtt > UINT32_MAX - 65536 / 100)
		rtt = 0;
	if (rtt > ABSURD_S * 65536)
		return -1;

	return (int64_t)((uint64_t)rtt * 1000000 >> 16);
}

/* ---- write ---- */

static size_t put_header(uint8_t *p, unsigned count, uint8_t pt, size_t len)
{
	p[0] = (uint8_t)(VERSION << 6 | count);
	p[1] = pt;
	put16(p + 2, (uint16_t)(len / 4 - 1));

	return len;
}

static void put_report(uint8_t *p, const struct rtcp_report *rep)
{
	int32_t lost = rep->lost;

	if (lost > 0x7fffff)
		lost = 0x7fffff;
	if (lost < -0x800000)
		lost = -0x800000;

	put32(p, rep->ssrc);
	put32(p + 4,
	      (uint32_t)rep->fraction << 24 | ((uint32_t)lost & 0xffffff));
	put32(p + 8, rep->ext_seq);
	put32(p + 12, rep->jitter);
	put32(p + 16, rep->lsr);
	put32(p + 20, rep->dlsr);
}

static size_t put_sr_or_rr(uint8_t *p, const struct rtcp_out *out)
{
	size_t len = HEADER_LEN;

	put32(p + len, out->ssrc);
	len += SSRC_LEN;

	if (out->sr) {
		put32(p + len, (uint32_t)(out->ntp >> 32));
		put32(p + len + 4, (uint32_t)out->ntp);
		put32(p + len + 8, out->rtp_ts);
		put32(p + len + 12, out->packets);
		put32(p + len + 16, out->octets);
		len += SENDER_LEN;
	}
	if (out->report) {
		put_report(p + len, out->report);
		len += REPORT_LEN;
	}

	return put_header(p, out->report ? 1 : 0, out->sr ? PT_SR : PT_RR, len);
}

static size_t put_sdes(uint8_t *p, uint32_t ssrc, const char *cname)
{
	const size_t n = strnlen(cname, RTCP_CNAME_MAX);
	size_t len = HEADER_LEN + SSRC_LEN + 2 + n;

	put32(p + HEADER_LEN, ssrc);
	p[HEADER_LEN + SSRC_LEN] = SDES_CNAME;
	p[HEADER_LEN + SSRC_LEN + 1] = (uint8_t)n;
	memcpy(p + HEADER_LEN + SSRC_LEN + 2, cname, n);
	/* a zero ends the list, more fill the word */
	do {
		p[len++] = 0;
	} while (len % 4);

	return put_header(p, 1, PT_SDES, len);
}

static size_t put_bye(uint8_t *p, uint32_t ssrc)
{
	put32(p + HEADER_LEN, ssrc);

	return put_header(p, 1, PT_BYE, HEADER_LEN + SSRC_LEN);
}

size_t rtcp_write(uint8_t *buf, size_t size, const struct rtcp_out *out)
{
	size_t len;

	if (size < RTCP_WRITE_MAX)
		return 0;

	len = put_sr_or_rr(buf, out);
	len += put_sdes(buf + len, out->ssrc, out->cname ? out->cname : "");
	if (out->bye)
		len += put_bye(buf + len, out->ssrc);

	return len;
}

size_t rtcp_write_pli(uint8_t *buf, size_t size, uint32_t ssrc,
		      uint32_t media_ssrc)
{
	const struct rtcp_out out = {.ssrc = ssrc};
	size_t len;

	if (size < RTCP_WRITE_MAX)
		return 0;

	len = put_sr_or_rr(buf, &out);
	put32(buf + len + HEADER_LEN, ssrc);
	put32(buf + len + HEADER_LEN + SSRC_LEN, media_ssrc);

	return len + put_header(buf + len, FMT_PLI, PT_PSFB,
				HEADER_LEN + 2 * SSRC_LEN);
}
