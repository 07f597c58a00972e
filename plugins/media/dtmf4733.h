/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file dtmf4733.h  Digits as telephone-events (RFC 4733)
 *
 * spandsp, which hears digits in tones, exports dtmf_rx_ and dtmf_tx_.
 *
 * Thread: one at a time; the structs are plain, nothing is allocated.
 */
#ifndef BIFRONS_MEDIA_DTMF4733_H
#define BIFRONS_MEDIA_DTMF4733_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/rtp.h"

/** Event code (0-15) of a digit 0-9 * # A-D (any case), or -1 */
int dtmf_code(char digit);
/** Digit of an event code, or 0 for others */
char dtmf_digit(unsigned code);

enum {
	DTMF_EVENTS_MAX = 3,
	DTMF_PAYLOAD_LEN = 4
};

struct dtmf_event {
	char digit;
	bool end;             /**< else: it began; each press has both, once */
	unsigned duration_ms; /**< so far, or in all */
};

struct dtmf4733_rx {
	/* private */
	unsigned clock;
	bool valid;                             /**< an event was seen */
	bool held;                              /**< and has not ended */
	uint32_t ssrc, start_ts, seg_ts, units; /**< units in this segment */
	uint16_t seq;
	uint8_t code;
	int64_t last_us;
};

/** Start anew */
void dtmf4733_rx_begin(struct dtmf4733_rx *rx, unsigned clock);

/** Take a packet of the telephone-event payload type. The end of a press and
 * the begin and even the end of the next may come together.
 * @return How many events were written
 */
size_t dtmf4733_rx_packet(struct dtmf4733_rx *rx, const struct rtp_packet *pkt,
			  int64_t now_us,
			  struct dtmf_event ev[DTMF_EVENTS_MAX]);

/** To be called now and then while a digit is held: ends a press whose end
 * was lost (no packet for 250 ms). @return true when ev was written
 */
bool dtmf4733_rx_poll(struct dtmf4733_rx *rx, int64_t now_us,
		      struct dtmf_event *ev);

struct dtmf4733_tx {
	/* private */
	uint32_t total, sent, seg, step; /**< timestamp units */
	uint8_t code, volume, ends;
	bool first, active;
};

/** One packet to send; at the leg's next sequence number */
struct dtmf_out {
	uint8_t payload[DTMF_PAYLOAD_LEN];
	bool marker;
	uint32_t ts_offset; /**< from the timestamp at which the digit began */
};

/** Begin a digit.
 * @param clock     Of the telephone-event payload type
 * @param step_ms   Between packets: the leg's packet time
 * @return 0 or EINVAL (digit, duration over 60000)
 */
int dtmf4733_tx_start(struct dtmf4733_tx *tx, char digit, unsigned duration_ms,
		      unsigned clock, unsigned step_ms);

/** The packet for this step. The end goes out in three steps.
 * @return false when the digit is over: nothing was written
 */
bool dtmf4733_tx_step(struct dtmf4733_tx *tx, struct dtmf_out *out);

#endif
