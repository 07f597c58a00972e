/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/jitter_sim.h"

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

	sim_run(&sim, 500);
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

	sim_run(&sim, 500);
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

	sim_run(&sim, 500);
	assert_int_equal(sim.packets, 470);
	assert_int_equal(sim.stats.lost, 30);
	assert_int_equal(sim.disorder, 0);

	/* with more patience the packet after each hole is there for FEC */
	sim = (struct sim){.delay = loses_three_of_fifty, .min_ms = 100};
	sim_run(&sim, 500);
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

	sim_run(&sim, 500);
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

	sim_run(&sim, 3000);
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

	sim_run(&sim, 3000);
	assert_int_equal(sim.stats.target_ms, 20);
	assert_true(sim.stats.delay_ms <= 40);
	assert_true(sim.stats.cut >= 2);
	assert_true(sim.packets + sim.stats.late + sim.stats.cut == 3000);
}

static void test_speech_is_not_cut_for_little(void **state)
{
	struct sim sim = {.delay = calms_down};

	sim_run(&sim, 3000);
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

	sim_run(&sim, 3000);
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

	sim_run(&sim, 2000);
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

	sim_run(&sim, SIM_PACKETS_MAX);
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

	sim_run(&sim, SIM_PACKETS_MAX);
	assert_int_equal(sim.packets, SIM_PACKETS_MAX);
	assert_true(sim.stats.delay_ms <= 45);
	assert_true(sim.stats.stretched + sim.stats.underrun >= 2);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
