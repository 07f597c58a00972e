/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rtcp.h  RTCP: read compounds, write SR, RR and BYE, count a source
 *
 * RFC 3550 §6, A.1, A.3, A.8; RFC 4585 PLI, RFC 5104 FIR.
 * Thread: any; a struct rtcp_rx belongs to one. Nothing is allocated.
 */
#ifndef BIFRONS_MEDIA_RTCP_H
#define BIFRONS_MEDIA_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RTCP_REPORTS_MAX = 8, /**< kept of a compound; more are passed over */
	RTCP_CNAME_MAX = 64,
	RTCP_WRITE_MAX = 160, /**< always enough for rtcp_write() */
};

/** A report block: what its sender hears of `ssrc` */
struct rtcp_report {
	uint32_t ssrc;
	uint8_t fraction;         /**< lost since the last report, /256 */
	int32_t lost;             /**< in all; 24 bits, may be negative */
	uint32_t ext_seq, jitter; /**< jitter in timestamp units */
	uint32_t lsr, dlsr;       /**< 1/65536 s */
};

struct rtcp_info {
	uint32_t ssrc; /**< of the (last) SR, RR or feedback's sender */
	bool sr, rr, bye, pli, fir;
	uint64_t ntp; /**< with sr */
	uint32_t rtp_ts, packets, octets;
	size_t nreports;
	struct rtcp_report reports[RTCP_REPORTS_MAX];
};

/** Read a compound packet; unknown kinds are passed over.
 * @return 0, or EBADMSG: then nothing of it is to be used
 */
int rtcp_parse(struct rtcp_info *info, const void *buf, size_t len);

/** NTP time of a Unix time in microseconds; its middle 32 bits for LSR */
uint64_t rtcp_ntp(int64_t wall_us);
static inline uint32_t rtcp_ntp_mid(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

/** Round trip from a report on what we send, now in the same clock as our
 * SR's. @return Microseconds, or -1 when unknown or absurd (over 60 s)
 */
int64_t rtcp_rtt_us(const struct rtcp_report *rep, uint64_t ntp_now);

/** What to write */
struct rtcp_out {
	uint32_t ssrc;
	const char *cname;                /**< cut at RTCP_CNAME_MAX */
	bool sr;                          /**< else RR */
	uint64_t ntp;                     /**< sr: now */
	uint32_t rtp_ts;                  /**< sr: the timestamp of now */
	uint32_t packets, octets;         /**< sr: sent */
	const struct rtcp_report *report; /**< or NULL */
	bool bye;                         /**< end the compound with BYE */
};

/** Write SR or RR, SDES with CNAME, and BYE.
 * @return Bytes written; 0 when size is too small
 */
size_t rtcp_write(uint8_t *buf, size_t size, const struct rtcp_out *out);

/** Write RR + PLI on `media_ssrc` (for browsers). @return as above */
size_t rtcp_write_pli(uint8_t *buf, size_t size, uint32_t ssrc,
		      uint32_t media_ssrc);

/* ---- one source that we receive ---- */

struct rtcp_rx {
	bool valid; /**< a packet was counted */
	uint32_t ssrc;
	unsigned clock;
	uint16_t max_seq;
	uint32_t cycles, base_seq, bad_seq;
	uint64_t received;
	uint64_t expected_prior, received_prior;
	int64_t transit;    /**< timestamp units */
	uint32_t jitter_q4; /**< jitter << 4 (A.8) */
	uint32_t last_ts;
	uint32_t sr_lsr;  /**< middle of the last SR's NTP */
	int64_t sr_at_us; /**< its arrival; 0 = none yet */
};

void rtcp_rx_init(struct rtcp_rx *rx, unsigned clock);
/** Count a packet; another SSRC or a lasting jump starts over.
 * @param now_us  Arrival, any monotonic clock
 */
void rtcp_rx_packet(struct rtcp_rx *rx, uint32_t ssrc, uint16_t seq,
		    uint32_t ts, int64_t now_us);
/** An SR arrived from this source */
void rtcp_rx_sr(struct rtcp_rx *rx, const struct rtcp_info *info,
		int64_t now_us);
/** Make the report block, and begin a new interval.
 * @return false while nothing was received
 */
bool rtcp_rx_report(struct rtcp_rx *rx, int64_t now_us,
		    struct rtcp_report *rep);
uint64_t rtcp_rx_expected(const struct rtcp_rx *rx);
/** Lost in all; negative with duplicates */
int64_t rtcp_rx_lost(const struct rtcp_rx *rx);
unsigned rtcp_rx_jitter_ms(const struct rtcp_rx *rx);

#endif
