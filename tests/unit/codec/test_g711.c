/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "codec/codec.h"
#include "common/obj.h"

/* The formulas of G.711 tables 1a and 2a, written differently from the code
 * under test */
static int ulaw_value(uint8_t code)
{
	const unsigned c = (uint8_t)~code;
	const int mag = (int)((((c & 0x0f) * 2 + 33) << ((c >> 4) & 7)) - 33);

	return (c & 0x80 ? -mag : mag) * 4;
}

static int alaw_value(uint8_t code)
{
	const unsigned c = code ^ 0x55u, seg = (c >> 4) & 7;
	int mag = (int)((c & 0x0f) * 2 + 1);

	if (seg)
		mag = (mag + 32) << (seg - 1);

	return (c & 0x80 ? mag : -mag) * 8;
}

static void run(enum codec_id id, int (*value)(uint8_t))
{
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	const struct codec *codec = codec_by_id(id);
	uint8_t all[256], back[256 + 64];
	int16_t pcm[320] = {0};
	size_t n, len;

	assert_int_equal(codec_enc_alloc(&enc, codec, 8000, NULL), 0);
	assert_int_equal(codec_dec_alloc(&dec, codec, 8000), 0);

	for (unsigned i = 0; i < 256; ++i)
		all[i] = (uint8_t)i;
	assert_int_equal(codec_dec_run(dec, all, 256, pcm, 320, &n), 0);
	assert_int_equal(n, 256);
	for (unsigned i = 0; i < 256; ++i)
		assert_int_equal(pcm[i], value((uint8_t)i));

	/* each code's value is encoded as that code (but u-law's -0) */
	assert_int_equal(codec_enc_run(enc, pcm, 320, back, 320, &len), 0);
	for (unsigned i = 0; i < 256; ++i)
		assert_int_equal(value(back[i]), value((uint8_t)i));

	obj_unref(enc);
	obj_unref(dec);
}

static void test_ulaw_table(void **state)
{
	run(CODEC_PCMU, ulaw_value);
}

static void test_alaw_table(void **state)
{
	run(CODEC_PCMA, alaw_value);
}

/* Every sample gets the code whose value is nearest, or as near */
static void check_nearest(enum codec_id id, int (*value)(uint8_t))
{
	struct codec_enc *enc = NULL;
	int16_t pcm[480];
	uint8_t out[480];
	size_t len;

	assert_int_equal(codec_enc_alloc(&enc, codec_by_id(id), 8000, NULL), 0);

	for (int from = INT16_MIN; from <= INT16_MAX; from += 480) {
		for (int i = 0; i < 480; ++i)
			pcm[i] = (int16_t)(from + i > INT16_MAX ? INT16_MAX
								: from + i);
		assert_int_equal(codec_enc_run(enc, pcm, 480, out, 480, &len),
				 0);
		for (int i = 0; i < 480; ++i) {
			const int off = abs(value(out[i]) - pcm[i]);
			const int mag = abs(pcm[i]);

			/* half a step: steps are 1/16 of their segment */
			assert_true(off <= mag / 32 + 16 || mag > 32124);
			assert_true(off <= 1024);
		}
	}
	obj_unref(enc);
}

static void test_every_sample(void **state)
{
	check_nearest(CODEC_PCMU, ulaw_value);
	check_nearest(CODEC_PCMA, alaw_value);
}

static void test_known_codes(void **state)
{
	static const struct {
		int16_t pcm;
		uint8_t ulaw, alaw;
	} cases[] = {
		{0, 0xff, 0xd5},      {-1, 0x7f, 0x55},   {32767, 0x80, 0xaa},
		{-32768, 0x00, 0x2a}, {1000, 0xce, 0xfa}, {-1000, 0x4e, 0x7a},
		{16000, 0x90, 0xba},
	};
	struct codec_enc *u = NULL, *a = NULL;
	int16_t pcm[80] = {0};
	uint8_t out[80];
	size_t len;

	assert_int_equal(
		codec_enc_alloc(&u, codec_by_id(CODEC_PCMU), 8000, NULL), 0);
	assert_int_equal(
		codec_enc_alloc(&a, codec_by_id(CODEC_PCMA), 8000, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		pcm[0] = cases[i].pcm;
		assert_int_equal(codec_enc_run(u, pcm, 80, out, 80, &len), 0);
		assert_int_equal(out[0], cases[i].ulaw);
		assert_int_equal(codec_enc_run(a, pcm, 80, out, 80, &len), 0);
		assert_int_equal(out[0], cases[i].alaw);
	}
	obj_unref(u);
	obj_unref(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ulaw_table),
		cmocka_unit_test(test_alaw_table),
		cmocka_unit_test(test_every_sample),
		cmocka_unit_test(test_known_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
