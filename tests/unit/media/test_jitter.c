/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "media/jitter.h"
#include "media/rtp.h"

/* A sender of 20 ms packets of 8 kHz, a network and a player, in virtual
 * time. A packet carries its own index. */
enum {
	TICK_US = 20000,
	UNITS = 160,
	NMAX = 6000
};

struct sim {
	struct jitter *jb;
	unsigned min_ms;    /* of the delay; 0 = 20 */
	unsigned clock_ppm; /* the sender's clock is this much too fast */
	uint16_t first_seq;
	uint32_t first_ts;
	bool quiet;
	/** When packet i arrives after it was sent; < 0: it is lost */
	int64_t (*delay)(unsigned i);

	/* what came out */
	unsigned packets, lost, silence, fec, disorder, restarts;
	int last; /* index of the last packet */
	struct jitter_stats stats;
};

static struct {
	int64_t at;
	unsigned i;
} arrivals[NMAX];

static int by_time(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int put(struct jitter *jb, uint32_t ssrc, uint16_t seq, uint32_t ts,
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

	return jitter_put(jb, &pkt, now_us);
}

static void take(struct sim *sim, int64_t now_us)
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

static void open_sim(struct sim *sim)
{
	const struct jitter_params prm = {
		.clock = 8000,
		.min_ms = sim->min_ms,
	};

	sim->last = -1;
	assert_int_equal(jitter_alloc(&sim->jb, &prm), 0);
}

/* n packets, and ticks from the first on until 400 ms after the last */
static void run(struct sim *sim, unsigned n)
{
	const int64_t phase = 7000; /* of the ticks */
	int64_t now = phase;
	unsigned count = 0, next = 0;

	open_sim(sim);
	assert_true(n <= NMAX);
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

			(void)put(sim->jb, 1, (uint16_t)(sim->first_seq + i),
				  sim->first_ts + i * UNITS, i,
				  arrivals[next].at);
		}
		if (now >= 1000000)
			take(sim, now);
	}
	jitter_stats(sim->jb, &sim->stats);
	sim->jb = obj_unref(sim->jb);
}

static uint32_t noise(unsigned i)
{
	uint32_t x = i * 2654435761u + 12345;

	x ^= x >> 15;
	x *= 2246822519u;
	x ^= x >> 13;

	return x;
}

static void test_calm_network(void **state)
{
	struct sim sim = {.first_seq = 65500, .first_ts = 0xffffff00};

	run(&sim, 500);
	assert_int_equal(sim.packets, 500);
	assert_int_equal(sim.disorder, 0);
	assert_int_equal(sim.restarts, 1);
	assert_int_equal(sim.stats.lost, 0);
	assert_int_equal(sim.stats.late, 0);
	assert_int_equal(sim.stats.cut, 0);
	assert_int_equal(sim.stats.target_ms, 20);
	assert_true(sim.stats.delay_ms < 40);
	/* nothing but the start and the end is not sound */
	assert_true(sim.lost <= 3);
}

static int64_t loses_each_tenth(unsigned i)
{
	return i % 10 == 5 ? -1 : 0;
}

static void test_losses_are_concealed(void **state)
{
	struct sim sim = {.delay = loses_each_tenth};

	run(&sim, 500);
	assert_int_equal(sim.packets, 450);
	assert_int_equal(sim.stats.lost, 50);
	/* each hole is filled once, nothing is shifted by it */
	assert_in_range(sim.lost, 50, 53);
	assert_true(sim.stats.delay_ms < 60);
	assert_true(sim.stats.stretched == 0 && sim.stats.cut == 0);
	assert_int_equal(sim.disorder, 0);
}

static int64_t loses_three_of_fifty(unsigned i)
{
	return i % 50 >= 20 && i % 50 < 23 ? -1 : (int64_t)(i % 3) * 9000;
}

static void test_bursts(void **state)
{
	struct sim sim = {.delay = loses_three_of_fifty};

	run(&sim, 500);
	assert_int_equal(sim.packets, 470);
	assert_int_equal(sim.stats.lost, 30);
	assert_int_equal(sim.disorder, 0);

	/* with more patience the packet after each hole is there for FEC */
	sim = (struct sim){.delay = loses_three_of_fifty, .min_ms = 100};
	run(&sim, 500);
	assert_int_equal(sim.packets, 470);
	assert_int_equal(sim.fec, 10);
	assert_in_range(sim.lost, 30, 33);
}

static int64_t swaps_pairs(unsigned i)
{
	return i % 2 ? 0 : 25000;
}

static void test_reordering(void **state)
{
	struct sim sim = {.delay = swaps_pairs, .first_seq = 65530};

	run(&sim, 500);
	/* the delay adapts within the first packets, then all are there */
	assert_true(sim.packets >= 497);
	assert_int_equal(sim.disorder, 0);
	assert_in_range(sim.stats.target_ms, 25, 30);
}

static int64_t spreads_60_ms(unsigned i)
{
	return noise(i) % 60000;
}

static void test_adapts_up(void **state)
{
	struct sim sim = {.delay = spreads_60_ms};

	run(&sim, 3000);
	assert_in_range(sim.stats.target_ms, 50, 65);
	assert_in_range(sim.stats.delay_ms, 40, 90);
	assert_true(sim.stats.late < 30);
	assert_int_equal(sim.disorder, 0);
	assert_true(sim.packets + sim.stats.late + sim.stats.cut == 3000);
}

static int64_t calms_down(unsigned i)
{
	return i < 1000 ? noise(i) % 100000 : 0;
}

static void test_adapts_down_in_silence(void **state)
{
	struct sim sim = {.delay = calms_down, .quiet = true};

	run(&sim, 3000);
	assert_int_equal(sim.stats.target_ms, 20);
	assert_true(sim.stats.delay_ms <= 40);
	assert_true(sim.stats.cut >= 2);
	assert_true(sim.packets + sim.stats.late + sim.stats.cut == 3000);
}

static void test_speech_is_not_cut_for_little(void **state)
{
	struct sim sim = {.delay = calms_down};

	run(&sim, 3000);
	/* over 80 ms too much is cut even so */
	assert_true(sim.stats.delay_ms <= 20 + 80 + 20);
	assert_true(sim.stats.cut <= 5);
}

static int64_t very_bad(unsigned i)
{
	return noise(i) % 20 == 0 ? -1 : (int64_t)(noise(i) % 600000);
}

static void test_bounds_of_the_target(void **state)
{
	struct sim sim = {.delay = very_bad};

	run(&sim, 3000);
	assert_true(sim.stats.target_ms <= 200);
	assert_true(sim.stats.delay_ms <= 330);
	assert_int_equal(sim.disorder, 0);
}

static int64_t stops_for_a_second(unsigned i)
{
	/* packets 500 to 549 arrive together, one second late */
	return i >= 500 && i < 550 ? (int64_t)(550 - i) * 20000 : 0;
}

static void test_spike(void **state)
{
	struct sim sim = {.delay = stops_for_a_second};

	run(&sim, 2000);
	/* the flood is cut down at once */
	assert_true(sim.stats.delay_ms <= 330);
	assert_true(sim.packets >= 1940);
	assert_int_equal(sim.disorder, 0);
	assert_int_equal(sim.last, 1999);
}

static void test_fast_sender(void **state)
{
	/* 2 minutes of 500 ppm: 60 ms */
	struct sim sim = {.clock_ppm = 500, .quiet = true};

	run(&sim, NMAX);
	assert_true(sim.stats.delay_ms <= 45);
	assert_int_equal(sim.disorder, 0);
	assert_int_equal(sim.stats.late, 0);
	assert_in_range(sim.stats.cut, 2, 5);
}

static int64_t slow_clock(unsigned i)
{
	return (int64_t)i * 10; /* 500 ppm */
}

static void test_slow_sender(void **state)
{
	struct sim sim = {.delay = slow_clock, .quiet = true};

	run(&sim, NMAX);
	assert_int_equal(sim.packets, NMAX);
	assert_true(sim.stats.delay_ms <= 45);
	assert_true(sim.stats.stretched + sim.stats.underrun >= 2);
}

static void test_duplicates_and_late_ones(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;

	open_sim(&sim);
	for (unsigned i = 0; i < 50; ++i, now += TICK_US) {
		const uint16_t seq = (uint16_t)i;

		if (i == 25)
			continue;
		assert_int_equal(put(sim.jb, 1, seq, i * UNITS, i, now), 0);
		assert_int_equal(put(sim.jb, 1, seq, i * UNITS, i, now),
				 EALREADY);
		take(&sim, now);
		if (i > 30)
			assert_int_equal(put(sim.jb, 1, (uint16_t)(i - 5),
					     (i - 5) * UNITS, i - 5, now),
					 i == 30 ? ETIME : EALREADY);
	}
	assert_int_equal(put(sim.jb, 1, 25, 25 * UNITS, 25, now), ETIME);
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.duplicate, 49 + 19 - 1 + 1);
	assert_int_equal(sim.stats.late, 1);
	assert_int_equal(sim.disorder, 0);
	obj_unref(sim.jb);
}

static void test_new_source_starts_over(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;
	unsigned i = 0;

	open_sim(&sim);
	for (; i < 20; ++i, now += TICK_US) {
		(void)put(sim.jb, 1, (uint16_t)i, i * UNITS, i, now);
		take(&sim, now);
	}
	for (; i < 40; ++i, now += TICK_US) {
		(void)put(sim.jb, 2, (uint16_t)(i + 9000), i * UNITS + 77777, i,
			  now);
		take(&sim, now);
	}
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.restarts, 1);
	assert_int_equal(sim.restarts, 2);
	assert_true(sim.last >= 38);
	obj_unref(sim.jb);
}

static void test_sequence_jump_needs_two(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;
	unsigned i = 0;

	open_sim(&sim);
	for (; i < 20; ++i, now += TICK_US) {
		(void)put(sim.jb, 1, (uint16_t)i, i * UNITS, i, now);
		take(&sim, now);
	}
	/* a stray one changes nothing */
	assert_int_equal(put(sim.jb, 1, 30000, 5, 999, now), ETIME);
	assert_int_equal(put(sim.jb, 1, (uint16_t)i, i * UNITS, i, now), 0);
	take(&sim, now);
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.restarts, 0);

	for (++i; i < 40; ++i) {
		now += TICK_US;
		(void)put(sim.jb, 1, (uint16_t)(i + 30000), i * UNITS, i, now);
		take(&sim, now);
	}
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.restarts, 1);
	assert_true(sim.last >= 38);
	obj_unref(sim.jb);
}

static void test_timestamp_jump(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;
	unsigned i = 0;

	open_sim(&sim);
	for (; i < 60; ++i, now += TICK_US) {
		const uint32_t jump = i < 20 ? 0 : i < 40 ? 0x70000000 : 5;

		(void)put(sim.jb, 1, (uint16_t)i, i * UNITS + jump, i, now);
		take(&sim, now);
	}
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.restarts, 2);
	assert_true(sim.packets >= 54);
	assert_true(sim.last >= 58);
	assert_int_equal(sim.stats.lost, 0);
	obj_unref(sim.jb);
}

/* The sender falls silent: sequence goes on, timestamps leave a gap */
static void test_dtx_is_no_loss(void **state)
{
	static const unsigned gaps[] = {1, 2, 3, 5, 10, 20, 60};

	for (size_t g = 0; g < sizeof(gaps) / sizeof(*gaps); ++g) {
		struct sim sim = {0};
		int64_t now = 0;
		uint32_t ts = 1000;
		uint16_t seq = 0;

		open_sim(&sim);
		for (unsigned i = 0; i < 600; ++i, now += TICK_US) {
			if (i % 100 < 100 - gaps[g]) {
				(void)put(sim.jb, 1, seq, ts + i * UNITS, seq,
					  now);
				++seq;
			}
			take(&sim, now);
		}
		jitter_stats(sim.jb, &sim.stats);
		assert_int_equal(sim.stats.lost, 0);
		assert_int_equal(sim.stats.late, 0);
		assert_int_equal(sim.stats.restarts, 0);
		assert_int_equal(sim.disorder, 0);
		assert_true(sim.packets + 3 >= seq);
		assert_true(sim.stats.delay_ms <= 60);
		obj_unref(sim.jb);
	}
}

/* A digit is pressed: its packets have numbers but no sound */
static void test_events_are_no_loss(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;

	open_sim(&sim);
	for (unsigned i = 0; i < 200; ++i, now += TICK_US) {
		if (i >= 100 && i < 110) {
			const struct jitter_packet pkt = {
				.ssrc = 1,
				.seq = (uint16_t)i,
				.ts = 100 * UNITS,
			};

			assert_int_equal(jitter_put(sim.jb, &pkt, now), 0);
		} else {
			(void)put(sim.jb, 1, (uint16_t)i, i * UNITS, i, now);
		}
		take(&sim, now);
	}
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.lost, 0);
	assert_int_equal(sim.stats.restarts, 0);
	assert_int_equal(sim.lost, 0);
	assert_true(sim.packets >= 187);
	obj_unref(sim.jb);
}

/* Packets of 60 ms, of 10 ms, and of both */
static void test_other_packet_times(void **state)
{
	static const unsigned sizes[][2] = {
		{60, 60}, {10, 10}, {40, 20}, {30, 30}};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); ++s) {
		const struct jitter_params prm = {.clock = 8000};
		struct jitter *jb = NULL;
		struct jitter_stats stats;
		int64_t sent_ms = 0;
		uint32_t heard = 0;
		uint16_t seq = 0;

		assert_int_equal(jitter_alloc(&jb, &prm), 0);
		for (int64_t ms = 0; ms < 6000; ms += 20) {
			struct jitter_out out;

			while (sent_ms + sizes[s][seq % 2] <= ms) {
				uint8_t payload[480] = {0};
				const unsigned size = sizes[s][seq % 2];
				const struct jitter_packet pkt = {
					.ssrc = 1,
					.seq = seq,
					.ts = (uint32_t)sent_ms * 8,
					.payload = payload,
					.len = size * 8,
					.units = size * 8,
				};

				assert_int_equal(
					jitter_put(jb, &pkt,
						   (sent_ms + size) * 1000),
					0);
				sent_ms += size;
				++seq;
			}
			while (heard < (uint32_t)(ms + 20) * 8) {
				jitter_get(jb, ms * 1000, false, &out);
				heard += out.units;
			}
		}
		jitter_stats(jb, &stats);
		assert_int_equal(stats.lost, 0);
		assert_int_equal(stats.late, 0);
		assert_true(stats.played + 8 >= seq);
		assert_true(stats.underrun <= 2);
		obj_unref(jb);
	}
}

static void test_nobody_takes(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;

	open_sim(&sim);
	for (unsigned i = 0; i < 1000; ++i, now += TICK_US)
		(void)put(sim.jb, 1, (uint16_t)i, i * UNITS, i, now);
	for (unsigned i = 1000; i < 1100; ++i, now += TICK_US) {
		(void)put(sim.jb, 1, (uint16_t)i, i * UNITS, i, now);
		take(&sim, now);
	}
	jitter_stats(sim.jb, &sim.stats);
	assert_true(sim.stats.overflow >= 900);
	assert_true(sim.stats.delay_ms <= 330);
	assert_true(sim.last >= 1080);
	assert_int_equal(sim.disorder, 0);
	obj_unref(sim.jb);
}

static void test_big_packets_fill_it(void **state)
{
	uint8_t payload[RTP_PACKET_MAX] = {0};
	struct jitter_packet pkt = {
		.ssrc = 1,
		.payload = payload,
		.len = sizeof(payload),
		.units = UNITS,
	};
	struct sim sim = {0};
	struct jitter_out out;
	int err = 0;

	open_sim(&sim);
	for (; !err; ++pkt.seq, pkt.ts += UNITS)
		err = jitter_put(sim.jb, &pkt, 0);
	assert_int_equal(err, ENOBUFS);
	assert_in_range(pkt.seq, 12, 20);
	jitter_get(sim.jb, 1000000, false, &out);
	assert_int_equal(out.kind, JITTER_PACKET);
	assert_int_equal(out.len, RTP_PACKET_MAX);

	++pkt.len;
	assert_int_equal(jitter_put(sim.jb, &pkt, 0), EINVAL);
	pkt.len = 0;
	assert_int_equal(jitter_put(sim.jb, &pkt, 0), EINVAL);
	obj_unref(sim.jb);
}

static void test_reset_and_bad_params(void **state)
{
	struct jitter_params prm = {.clock = 8000, .min_ms = 300};
	struct sim sim = {0};
	struct jitter_out out;

	assert_int_equal(jitter_alloc(&sim.jb, &prm), EINVAL);
	prm = (struct jitter_params){.clock = 0};
	assert_int_equal(jitter_alloc(&sim.jb, &prm), EINVAL);

	open_sim(&sim);
	jitter_get(sim.jb, 0, false, &out); /* before anything came */
	assert_int_equal(out.kind, JITTER_SILENCE);
	assert_int_equal(out.units, UNITS);
	(void)put(sim.jb, 1, 5, 5, 5, 0);
	jitter_reset(sim.jb);
	jitter_get(sim.jb, 500000, false, &out);
	assert_int_equal(out.kind, JITTER_SILENCE);
	(void)put(sim.jb, 1, 9, 9, 9, 500000);
	jitter_get(sim.jb, 520000, false, &out);
	assert_int_equal(out.kind, JITTER_PACKET);
	assert_true(out.restart);
	obj_unref(sim.jb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calm_network),
		cmocka_unit_test(test_losses_are_concealed),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_reordering),
		cmocka_unit_test(test_adapts_up),
		cmocka_unit_test(test_adapts_down_in_silence),
		cmocka_unit_test(test_speech_is_not_cut_for_little),
		cmocka_unit_test(test_bounds_of_the_target),
		cmocka_unit_test(test_spike),
		cmocka_unit_test(test_fast_sender),
		cmocka_unit_test(test_slow_sender),
		cmocka_unit_test(test_duplicates_and_late_ones),
		cmocka_unit_test(test_new_source_starts_over),
		cmocka_unit_test(test_sequence_jump_needs_two),
		cmocka_unit_test(test_timestamp_jump),
		cmocka_unit_test(test_dtx_is_no_loss),
		cmocka_unit_test(test_events_are_no_loss),
		cmocka_unit_test(test_other_packet_times),
		cmocka_unit_test(test_nobody_takes),
		cmocka_unit_test(test_big_packets_fill_it),
		cmocka_unit_test(test_reset_and_bad_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
