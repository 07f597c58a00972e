/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sequence of telephone-event packets: each press begins once and ends
 * once, in turn. 12 bytes each: flags, time, timestamp (4), payload (0-6). */
#include <stdlib.h>
#include <string.h>

#include "media/dtmf4733.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* @return the digit that is held after it, or 0 */
static char check(char held, const struct dtmf_event *ev)
{
	require(dtmf_code(ev->digit) >= 0);
	require(ev->end ? held == ev->digit : !held);

	return ev->end ? '\0' : ev->digit;
}

static void send_digit(const uint8_t *data)
{
	struct dtmf4733_tx tx;
	struct dtmf_out out;
	unsigned n = 0;

	if (dtmf4733_tx_start(&tx, (char)data[0],
			      (unsigned)data[1] << 8 | data[2], 8000, data[3]))
		return;
	while (dtmf4733_tx_step(&tx, &out)) {
		require(out.payload[0] < 16);
		require(++n < 70000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dtmf4733_rx rx;
	int64_t now = 0;
	char held = '\0';

	dtmf4733_rx_begin(&rx, 8000);
	for (size_t i = 0; i + 12 <= size; i += 12) {
		const uint8_t *op = data + i;
		struct dtmf_event ev[DTMF_EVENTS_MAX];
		struct rtp_packet pkt = {
			.marker = op[0] & 1,
			.seq = (uint16_t)(op[1] << 8 | op[11]),
			.ssrc = op[0] >> 7,
			.payload = op + 6,
			.len = op[0] & 2 ? 6 : op[0] >> 3 & 3,
		};
		size_t n;

		memcpy(&pkt.ts, op + 2, 4);
		now += op[1] * 1000 * (op[0] & 4 ? 50 : 1);
		if (dtmf4733_rx_poll(&rx, now, ev))
			held = check(held, ev);
		n = dtmf4733_rx_packet(&rx, &pkt, now, ev);
		require(n <= DTMF_EVENTS_MAX);
		for (size_t k = 0; k < n; ++k)
			held = check(held, &ev[k]);
	}
	if (size >= 4)
		send_digit(data);

	return 0;
}
