/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/jitter_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "common/obj.h"

struct arrival {
	int64_t at;
	unsigned i;
};

static int by_time(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int sim_put(struct sim *sim, uint32_t ssrc, uint16_t seq, uint32_t ts,
	    unsigned index, int64_t now_us)
{
	uint8_t payload[UNITS] = {(uint8_t)(index >> 8), (uint8_t)index};
	const struct jitter_packet pkt = {
		.ssrc = ssrc,
		.ts = ts,
		.seq = seq,
		.payload = payload,
		.len = sizeof(payload),
		.units = UNITS,
	};

	return jitter_put(sim->jb, &pkt, now_us);
}

void sim_take(struct sim *sim, int64_t now_us)
{
	struct jitter_out out;
	int units = UNITS;

	while (units > 0) {
		jitter_get(sim->jb, now_us, sim->quiet, &out);
		assert_true(out.units > 0);
		units -= (int)out.units;
		sim->restarts += out.restart;
		switch (out.kind) {
		case JITTER_PACKET: {
			const int i = out.payload[0] << 8 | out.payload[1];

			assert_int_equal(out.len, UNITS);
			if (i <= sim->last)
				++sim->disorder;
			sim->last = i;
			++sim->packets;
			break;
		}
		case JITTER_LOST:
			sim->fec += out.payload != NULL;
			++sim->lost;
			break;
		case JITTER_SILENCE:
			++sim->silence;
			break;
		}
	}
}

void sim_open(struct sim *sim)
{
	const struct jitter_params prm = {
		.clock = 8000,
		.min_ms = sim->min_ms,
	};

	sim->last = -1;
	assert_int_equal(jitter_alloc(&sim->jb, &prm), 0);
}

void sim_run(struct sim *sim, unsigned n)
{
	const int64_t phase = 7000; /* of the ticks */
	int64_t now = phase;
	unsigned count = 0, next = 0;
	struct arrival *arrivals;

	sim_open(sim);
	assert_true(n <= SIM_PACKETS_MAX);
	arrivals = calloc(SIM_PACKETS_MAX, sizeof(*arrivals));
	assert_non_null(arrivals);
	for (unsigned i = 0; i < n; ++i) {
		const int64_t delay = sim->delay ? sim->delay(i) : 0;
		const int64_t sent =
			(int64_t)i * (20000 - (int64_t)sim->clock_ppm / 50);

		if (delay < 0)
			continue;
		arrivals[count].at = 1000000 + sent + delay;
		arrivals[count++].i = i;
	}
	qsort(arrivals, count, sizeof(*arrivals), by_time);

	for (; now < 1000000 + (int64_t)n * TICK_US + 400000; now += TICK_US) {
		for (; next < count && arrivals[next].at <= now; ++next) {
			const unsigned i = arrivals[next].i;

			(void)sim_put(sim, 1, (uint16_t)(sim->first_seq + i),
				      sim->first_ts + i * UNITS, i,
				      arrivals[next].at);
		}
		if (now >= 1000000)
			sim_take(sim, now);
	}
	jitter_stats(sim->jb, &sim->stats);
	sim->jb = obj_unref(sim->jb);
	free(arrivals);
}
