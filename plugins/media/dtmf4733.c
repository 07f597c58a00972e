/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/dtmf4733.h"

#include <errno.h>
#include <string.h>

#include "media/bytes.h"

enum {
	LOST_END_US = 250 * 1000,
	CONTINUE_MS = 40,     /* tolerance between segments */
	DURATION_MAX = 60000, /* ms, sender */
	UNITS_MAX = 0xffff,   /* of one segment */
	NENDS = 3,
	VOLUME = 10, /* -10 dBm0 */
	END_BIT = 0x80,
	VOLUME_MASK = 0x3f,
};

static const char digits[] = "0123456789*#ABCD";

int dtmf_code(char digit)
{
	const char *at;

	if (digit >= 'a' && digit <= 'd')
		digit = (char)(digit - 'a' + 'A');
	at = digit ? strchr(digits, digit) : NULL;

	return at ? (int)(at - digits) : -1;
}

char dtmf_digit(unsigned code)
{
	return code < sizeof(digits) - 1 ? digits[code] : '\0';
}

void dtmf4733_rx_begin(struct dtmf4733_rx *rx, unsigned clock)
{
	memset(rx, 0, sizeof(*rx));
	rx->clock = clock ? clock : 8000;
}

static struct dtmf_event make_event(const struct dtmf4733_rx *rx, bool end)
{
	const uint32_t units = rx->seg_ts - rx->start_ts + rx->units;

	return (struct dtmf_event){
		.digit = dtmf_digit(rx->code),
		.end = end,
		.duration_ms = (unsigned)((uint64_t)units * 1000 / rx->clock),
	};
}

/* A packet with another timestamp goes on with the press that is held: the
 * next segment of a long one (RFC 4733 §2.5.1.3), or a sender that counts the
 * timestamp up within an event */
static bool is_continuation(const struct dtmf4733_rx *rx,
			    const struct rtp_packet *pkt, uint8_t code)
{
	const uint32_t slack = rx->clock / 1000 * CONTINUE_MS;

	return rx->held && code == rx->code && !pkt->marker &&
	       pkt->ts - rx->seg_ts <= rx->units + slack;
}

/* Older than what we know, or a late copy of it */
static bool is_old(const struct dtmf4733_rx *rx, const struct rtp_packet *pkt,
		   int64_t now_us)
{
	enum {
		FORGET_US = 5 * 1000 * 1000
	};

	if (!rx->valid || pkt->ssrc != rx->ssrc)
		return false;
	if (pkt->ts == rx->seg_ts)
		return !rx->held;
	/* a sender whose timestamps jumped back is believed when its sequence
	 * numbers went on, or else after a while */
	if (now_us - rx->last_us > FORGET_US ||
	    rtp_seq_diff(rx->seq, pkt->seq) > 0)
		return false;

	return rtp_ts_diff(rx->seg_ts, pkt->ts) < 0;
}

static void begin(struct dtmf4733_rx *rx, const struct rtp_packet *pkt,
		  uint8_t code)
{
	rx->valid = true;
	rx->held = true;
	rx->ssrc = pkt->ssrc;
	rx->start_ts = rx->seg_ts = pkt->ts;
	rx->units = 0;
	rx->code = code;
	rx->seq = pkt->seq;
}

size_t dtmf4733_rx_packet(struct dtmf4733_rx *rx, const struct rtp_packet *pkt,
			  int64_t now_us, struct dtmf_event ev[DTMF_EVENTS_MAX])
{
	uint8_t code;
	uint16_t units;
	bool end, began = false;
	size_t n = 0;

	if (pkt->len < DTMF_PAYLOAD_LEN || !dtmf_digit(pkt->payload[0]) ||
	    is_old(rx, pkt, now_us))
		return 0;

	code = pkt->payload[0];
	end = (pkt->payload[1] & END_BIT) != 0;
	units = get16(pkt->payload + 2);

	if (!rx->held || pkt->ssrc != rx->ssrc ||
	    (pkt->ts != rx->seg_ts && !is_continuation(rx, pkt, code)) ||
	    code != rx->code) {
		if (rx->held) /* its end was lost */
			ev[n++] = make_event(rx, true);
		begin(rx, pkt, code);
		began = true;
	} else if (pkt->ts != rx->seg_ts) {
		rx->seg_ts = pkt->ts;
		rx->units = 0;
	}

	rx->last_us = now_us;
	if (rtp_seq_diff(rx->seq, pkt->seq) > 0)
		rx->seq = pkt->seq;
	if (units > rx->units) /* not of a packet out of order */
		rx->units = units;
	if (end)
		rx->held = false;

	if (began) {
		ev[n] = make_event(rx, false);
		if (!end) /* else its first packets were lost */
			ev[n].duration_ms = 0;
		++n;
	}
	if (end)
		ev[n++] = make_event(rx, true);

	return n;
}

bool dtmf4733_rx_poll(struct dtmf4733_rx *rx, int64_t now_us,
		      struct dtmf_event *ev)
{
	if (!rx->held || now_us - rx->last_us < LOST_END_US)
		return false;

	rx->held = false;
	*ev = make_event(rx, true);

	return true;
}

int dtmf4733_tx_start(struct dtmf4733_tx *tx, char digit, unsigned duration_ms,
		      unsigned clock, unsigned step_ms)
{
	const int code = dtmf_code(digit);

	if (code < 0 || !duration_ms || duration_ms > DURATION_MAX || !clock ||
	    !step_ms)
		return EINVAL;

	memset(tx, 0, sizeof(*tx));
	tx->total = (uint32_t)((uint64_t)clock * duration_ms / 1000);
	tx->step = (uint32_t)((uint64_t)clock * step_ms / 1000);
	tx->code = (uint8_t)code;
	tx->volume = VOLUME;
	tx->first = tx->active = true;

	return 0;
}

static void put_payload(const struct dtmf4733_tx *tx, struct dtmf_out *out,
			bool end, uint32_t units)
{
	out->payload[0] = tx->code;
	out->payload[1] =
		(uint8_t)((end ? END_BIT : 0) | (tx->volume & VOLUME_MASK));
	put16(out->payload + 2, (uint16_t)units);
	out->marker = tx->first;
	out->ts_offset = tx->seg;
}

bool dtmf4733_tx_step(struct dtmf4733_tx *tx, struct dtmf_out *out)
{
	uint32_t units;
	bool end;

	if (!tx->active)
		return false;

	tx->sent += tx->step;
	if (tx->sent > tx->total)
		tx->sent = tx->total;
	units = tx->sent - tx->seg;

	if (units > UNITS_MAX) { /* this segment is full: the next follows */
		put_payload(tx, out, false, UNITS_MAX);
		tx->seg += UNITS_MAX;
		return true;
	}

	end = tx->sent == tx->total;
	put_payload(tx, out, end, units);
	tx->first = false;
	if (end && ++tx->ends == NENDS)
		tx->active = false;

	return true;
}
