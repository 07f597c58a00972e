/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "codec/codec.h"
#include "codec/resample.h"
#include "common/obj.h"
#include "support/codec_signal.h"

static const unsigned rates[] = {8000, 16000, 48000};

static void check_pair(unsigned in_rate, unsigned out_rate)
{
	static int16_t out[CODEC_RATE_MAX];
	int16_t in[CODEC_FRAME_MAX];
	const size_t nin = in_rate / 50, nout = out_rate / 50;
	struct resample *rs = NULL;

	assert_int_equal(resample_alloc(&rs, in_rate, out_rate), 0);
	assert_int_equal(resample_count(rs, nin), nout);

	for (size_t i = 0; i < 50; ++i) {
		signal_sine(in, nin, in_rate, 1000.0, 10000.0, i * nin);
		assert_int_equal(
			resample_run(rs, in, nin, out + i * nout, nout), 0);
	}

	/* after the filter has filled: the same tone, the same level, and
	 * nothing beside it */
	for (size_t at = out_rate / 2; at < out_rate; at += out_rate / 10) {
		const double level =
			signal_level(out + at, out_rate / 10, out_rate, 1000.0);
		const double all = signal_rms(out + at, out_rate / 10);

		assert_true(level > 9500.0 && level < 10500.0);
		assert_true(all * 1.41421 < level * 1.02);
	}

	resample_reset(rs);
	assert_int_equal(resample_run(rs, in, nin, out, nout), 0);
	obj_unref(rs);
}

static void test_pairs(void **state)
{
	for (size_t i = 0; i < 3; ++i)
		for (size_t j = 0; j < 3; ++j)
			check_pair(rates[i], rates[j]);
}

static void test_aliases_stay_out(void **state)
{
	static int16_t out[8000];
	int16_t in[CODEC_FRAME_MAX];
	struct resample *rs = NULL;

	assert_int_equal(resample_alloc(&rs, 48000, 8000), 0);
	for (size_t i = 0; i < 50; ++i) { /* would fold to 1 kHz */
		signal_sine(in, 960, 48000, 7000.0, 10000.0, i * 960);
		assert_int_equal(resample_run(rs, in, 960, out + i * 160, 160),
				 0);
	}
	assert_true(signal_rms(out + 4000, 4000) < 100.0);
	obj_unref(rs);
}

static void test_sizes(void **state)
{
	int16_t in[480] = {0}, out[480];
	struct resample *rs = NULL;

	assert_int_equal(resample_alloc(&rs, 44100, 8000), EINVAL);
	assert_int_equal(resample_alloc(&rs, 8000, 0), EINVAL);
	assert_int_equal(resample_alloc(&rs, 8000, 48000), 0);
	assert_int_equal(resample_run(rs, in, 79, out, 480), EINVAL);
	assert_int_equal(resample_run(rs, in, 80, out, 479), EOVERFLOW);
	assert_int_equal(resample_run(rs, in, 80, out, 480), 0);
	assert_int_equal(resample_run(rs, in, 8, out, 48), 0);
	obj_unref(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_aliases_stay_out),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
