/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clock.h  Where time comes from: the system, or a test
 *
 * Thread: any, once made. Pure modules take a clock and never ask the system.
 */
#ifndef BIFRONS_COMMON_CLOCK_H
#define BIFRONS_COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
	int64_t (*mono_us)(const struct clock *clk); /**< never goes back */
	int64_t (*wall_ms)(const struct clock *clk); /**< Unix time, ms */
};

/** The system's clocks (CLOCK_MONOTONIC, CLOCK_REALTIME) */
const struct clock *clock_system(void);

/** A clock that tests move by hand */
struct clock_fake {
	struct clock clock; /**< first: pass &fake.clock */
	int64_t now_us;
	int64_t epoch_ms; /**< wall time at now_us == 0 */
};

void clock_fake_init(struct clock_fake *fake, int64_t epoch_ms);
void clock_fake_advance_ms(struct clock_fake *fake, int64_t ms);

int64_t clock_mono_us(const struct clock *clk);
int64_t clock_mono_ms(const struct clock *clk);
int64_t clock_wall_ms(const struct clock *clk);

enum {
	CLOCK_RFC3339_SIZE = 25
};

/** Write "2026-11-23T15:04:05.678Z" (RFC 3339, UTC, ms).
 * @param buf  At least CLOCK_RFC3339_SIZE bytes
 */
void clock_rfc3339(char *buf, size_t size, int64_t wall_ms);

/** Read an RFC 3339 time with any offset and fraction.
 * @return 0 or EINVAL
 */
int clock_parse_rfc3339(const char *text, int64_t *wall_msp);

#endif
