/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "media/mos.h"

static void test_known_points(void **state)
{
	const struct codec *pcmu = codec_by_id(CODEC_PCMU);

	/* a perfect line of G.711 has 4.4 */
	assert_true(fabs(mos_estimate(pcmu, 0.0, 0, 0) - 4.40) < 0.03);
	assert_true(mos_estimate(pcmu, 0.01, 5, 40) > 4.1);
	assert_true(mos_estimate(pcmu, 0.05, 10, 100) < 4.0);
	assert_true(mos_estimate(pcmu, 0.20, 30, 300) < 2.8);
	assert_true(mos_estimate(pcmu, 1.0, 500, 5000) == 1.0);
}

static void test_monotonic(void **state)
{
	for (size_t c = 0; c < CODEC_NIDS; ++c) {
		double last = 5.0;

		for (double loss = 0.0; loss <= 1.0; loss += 0.01) {
			const double mos =
				mos_estimate(codec_at(c), loss, 10, 80);

			assert_true(mos >= 1.0 && mos <= 4.5);
			assert_true(mos <= last);
			last = mos;
		}
		last = 5.0;
		for (unsigned rtt = 0; rtt < 3000; rtt += 50) {
			const double mos =
				mos_estimate(codec_at(c), 0.01, 10, rtt);

			assert_true(mos <= last);
			last = mos;
		}
	}
}

static void test_absurd_input(void **state)
{
	assert_true(mos_estimate(NULL, -1.0, 0, 0) > 4.3);
	assert_true(mos_estimate(NULL, 2.0, 0, 0) >= 1.0);
	assert_true(mos_estimate(NULL, NAN, 0, 0) > 4.3);
	assert_true(mos_estimate(NULL, 0.0, 4000000000u, 4000000000u) == 1.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_points),
		cmocka_unit_test(test_monotonic),
		cmocka_unit_test(test_absurd_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
