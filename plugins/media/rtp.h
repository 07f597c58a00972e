/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rtp.h  RTP packets (RFC 3550 §5): read and write headers
 *
 * Thread: any; nothing is kept, nothing is allocated.
 */
#ifndef BIFRONS_MEDIA_RTP_H
#define BIFRONS_MEDIA_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RTP_HEADER_LEN = 12,
	RTP_PACKET_MAX = 1500,
};

struct rtp_packet {
	bool marker;
	uint8_t pt;
	uint16_t seq;
	uint32_t ts, ssrc;
	const uint8_t *payload; /**< into the packet; without padding */
	size_t len;             /**< of payload; 0 is possible */
	size_t header_len;      /**< with CSRCs and extension */
	uint16_t ext_profile;
	const uint8_t *ext; /**< extension's data, or NULL */
	size_t ext_len;
};

/** Read a packet of 12 to 1500 bytes; every length is checked.
 * @return 0 or EBADMSG
 */
int rtp_parse(struct rtp_packet *pkt, const void *buf, size_t len);

/** Write the 12 bytes of a header without CSRCs, extension and padding from
 * marker, pt, seq, ts, ssrc
 */
void rtp_write(uint8_t *buf, const struct rtp_packet *pkt);

/** Rewrite a parsed packet in place (pass-through) */
void rtp_rewrite(uint8_t *buf, uint8_t pt, uint16_t seq, uint32_t ts,
		 uint32_t ssrc);

/** RTCP among RTP on one port (RFC 5761 §4)? False for what is too short */
bool rtp_is_rtcp(const void *buf, size_t len);

/** Signed distance b - a of sequence numbers and of timestamps */
static inline int16_t rtp_seq_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(b - a);
}

static inline int32_t rtp_ts_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(b - a);
}

#endif
