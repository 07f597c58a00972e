/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "common/obj.h"
#include "media/rtp.h"
#include "support/jitter_sim.h"

static void test_duplicates_and_late_ones(void **state)
{
	struct sim sim = {0};
	int64_t now = 0;

	sim_open(&sim);
	for (unsigned i = 0; i < 50; ++i, now += TICK_US) {
		const uint16_t seq = (uint16_t)i;

		if (i == 25)
			continue;
		assert_int_equal(sim_put(&sim, 1, seq, i * UNITS, i, now), 0);
		assert_int_equal(sim_put(&sim, 1, seq, i * UNITS, i, now),
				 EALREADY);
		sim_take(&sim, now);
		if (i > 30)
			assert_int_equal(sim_put(&sim, 1, (uint16_t)(i - 5),
						 (i - 5) * UNITS, i - 5, now),
					 i == 30 ? ETIME : EALREADY);
	}
	assert_int_equal(sim_put(&sim, 1, 25, 25 * UNITS, 25, now), ETIME);
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

	sim_open(&sim);
	for (; i < 20; ++i, now += TICK_US) {
		(void)sim_put(&sim, 1, (uint16_t)i, i * UNITS, i, now);
		sim_take(&sim, now);
	}
	for (; i < 40; ++i, now += TICK_US) {
		(void)sim_put(&sim, 2, (uint16_t)(i + 9000), i * UNITS + 77777,
			      i, now);
		sim_take(&sim, now);
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

	sim_open(&sim);
	for (; i < 20; ++i, now += TICK_US) {
		(void)sim_put(&sim, 1, (uint16_t)i, i * UNITS, i, now);
		sim_take(&sim, now);
	}
	/* a stray one changes nothing */
	assert_int_equal(sim_put(&sim, 1, 30000, 5, 999, now), ETIME);
	assert_int_equal(sim_put(&sim, 1, (uint16_t)i, i * UNITS, i, now), 0);
	sim_take(&sim, now);
	jitter_stats(sim.jb, &sim.stats);
	assert_int_equal(sim.stats.restarts, 0);

	for (++i; i < 40; ++i) {
		now += TICK_US;
		(void)sim_put(&sim, 1, (uint16_t)(i + 30000), i * UNITS, i,
			      now);
		sim_take(&sim, now);
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

	sim_open(&sim);
	for (; i < 60; ++i, now += TICK_US) {
		const uint32_t jump = i < 20 ? 0 : i < 40 ? 0x70000000 : 5;

		(void)sim_put(&sim, 1, (uint16_t)i, i * UNITS + jump, i, now);
		sim_take(&sim, now);
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

		sim_open(&sim);
		for (unsigned i = 0; i < 600; ++i, now += TICK_US) {
			if (i % 100 < 100 - gaps[g]) {
				(void)sim_put(&sim, 1, seq, ts + i * UNITS, seq,
					      now);
				++seq;
			}
			sim_take(&sim, now);
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

	sim_open(&sim);
	for (unsigned i = 0; i < 200; ++i, now += TICK_US) {
		if (i >= 100 && i < 110) {
			const struct jitter_packet pkt = {
				.ssrc = 1,
				.seq = (uint16_t)i,
				.ts = 100 * UNITS,
			};

			assert_int_equal(jitter_put(sim.jb, &pkt, now), 0);
		} else {
			(void)sim_put(&sim, 1, (uint16_t)i, i * UNITS, i, now);
		}
		sim_take(&sim, now);
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

	sim_open(&sim);
	for (unsigned i = 0; i < 1000; ++i, now += TICK_US)
		(void)sim_put(&sim, 1, (uint16_t)i, i * UNITS, i, now);
	for (unsigned i = 1000; i < 1100; ++i, now += TICK_US) {
		(void)sim_put(&sim, 1, (uint16_t)i, i * UNITS, i, now);
		sim_take(&sim, now);
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

	sim_open(&sim);
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

	sim_open(&sim);
	jitter_get(sim.jb, 0, false, &out); /* before anything came */
	assert_int_equal(out.kind, JITTER_SILENCE);
	assert_int_equal(out.units, UNITS);
	(void)sim_put(&sim, 1, 5, 5, 5, 0);
	jitter_reset(sim.jb);
	jitter_get(sim.jb, 500000, false, &out);
	assert_int_equal(out.kind, JITTER_SILENCE);
	(void)sim_put(&sim, 1, 9, 9, 9, 500000);
	jitter_get(sim.jb, 520000, false, &out);
	assert_int_equal(out.kind, JITTER_PACKET);
	assert_true(out.restart);
	obj_unref(sim.jb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
