/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/id.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"

/* Milliseconds << 12 | counter: what the 60 bits of unix_ts_ms and rand_a
 * hold. It goes up by one at least, whatever the wall clock does; a full
 * counter carries into the milliseconds (RFC 9562 section 6.2, method 1).
 */
static uint64_t next_stamp(void)
{
	/* The one place that needs memory across calls: ids of a process must
	 * sort, whoever asks. It is one atomic that only this function sees,
	 * so there is no state to start, stop or lock. */
	static _Atomic uint64_t last;
	const uint64_t now = (uint64_t)clock_wall_ms(clock_system()) << 12;
	uint64_t old = atomic_load_explicit(&last, memory_order_relaxed);
	uint64_t next;

	do {
		next = now > old ? now : old + 1;
	} while (!atomic_compare_exchange_weak_explicit(
		&last, &old, next, memory_order_relaxed, memory_order_relaxed));

	return next;
}

/* The lowest digits of n, and what stands behind them */
static char *put_hex(char *p, uint64_t n, int digits, char after)
{
	int i;

	for (i = digits - 1; i >= 0; --i, n >>= 4)
		p[i] = "0123456789abcdef"[n & 0xf];
	p[digits] = after;

	return p + digits + 1;
}

void id_new(char buf[ID_SIZE])
{
	const uint64_t stamp = next_stamp();
	const uint64_t ms = stamp >> 12;
	uint64_t rnd = 0;

	/* 8 bytes come whole or, interrupted before the pool is ready, not */
	while (getrandom(&rnd, sizeof(rnd), 0) != sizeof(rnd))
		;

	buf = put_hex(buf, ms >> 16, 8, '-');
	buf = put_hex(buf, ms, 4, '-');
	buf = put_hex(buf, 0x7000 | (stamp & 0xfff), 4, '-');
	buf = put_hex(buf, 0x8000 | (rnd >> 48 & 0x3fff), 4, '-');
	(void)put_hex(buf, rnd, 12, '\0');
}

bool id_is_valid(const char *text)
{
	size_t i;

	if (!text || strlen(text) != ID_SIZE - 1)
		return false;

	for (i = 0; i < ID_SIZE - 1; ++i) {
		const char c = text[i];

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
		} else if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
			return false;
		}
	}

	return true;
}
