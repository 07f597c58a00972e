/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file jitter_sim.h  A sender of 20 ms packets of 8 kHz, a network and a
 * player around a jitter buffer, in virtual time
 *
 * Thread: one. Failures are cmocka's.
 */
#ifndef BIFRONS_TESTS_JITTER_SIM_H
#define BIFRONS_TESTS_JITTER_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "media/jitter.h"

enum {
	TICK_US = 20000,
	UNITS = 160,
	SIM_PACKETS_MAX = 6000
};

struct sim {
	struct jitter *jb;
	unsigned min_ms;    /**< of the delay; 0 = 20 */
	unsigned clock_ppm; /**< the sender's clock is this much too fast */
	uint16_t first_seq;
	uint32_t first_ts;
	bool quiet;
	/** When packet i arrives after it was sent; < 0: it is lost */
	int64_t (*delay)(unsigned i);

	/* what came out */
	unsigned packets, lost, silence, fec, disorder, restarts;
	int last; /**< index of the last packet */
	struct jitter_stats stats;
};

void sim_open(struct sim *sim);

/** Put a packet that carries its index. @return as jitter_put() */
int sim_put(struct sim *sim, uint32_t ssrc, uint16_t seq, uint32_t ts,
	    unsigned index, int64_t now_us);

/** Take 20 ms, and count what it was */
void sim_take(struct sim *sim, int64_t now_us);

/** All of it: n packets, and ticks from the first on until 400 ms after the
 * last; the buffer is gone then, its stats are kept
 */
void sim_run(struct sim *sim, unsigned n);

#endif
