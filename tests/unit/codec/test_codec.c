/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "codec/codec.h"
#include "common/obj.h"
#include "support/codec_signal.h"

static const struct codec *by(enum codec_id id)
{
	return codec_by_id(id);
}

static void test_table(void **state)
{
	for (size_t i = 0; i < CODEC_NIDS; ++i) {
		const struct codec *codec = codec_at(i);

		assert_non_null(codec);
		assert_ptr_equal(codec_by_id(codec->id), codec);
		assert_ptr_equal(codec_by_name(codec->name), codec);
		assert_ptr_equal(codec_by_rtpmap(codec->name, codec->clock,
						 codec->channels),
				 codec);
		assert_true(codec_has_rate(codec, codec->rate));
		assert_false(codec_has_rate(codec, 44100));
	}
	assert_null(codec_at(CODEC_NIDS));
	assert_null(codec_by_name(NULL));
	assert_null(codec_by_name("speex"));

	assert_ptr_equal(codec_by_static_pt(0), by(CODEC_PCMU));
	assert_ptr_equal(codec_by_static_pt(8), by(CODEC_PCMA));
	assert_ptr_equal(codec_by_static_pt(9), by(CODEC_G722));
	assert_null(codec_by_static_pt(111));
	assert_null(codec_by_static_pt(-1));
}

static void test_rtpmap(void **state)
{
	assert_ptr_equal(codec_by_rtpmap("pcmu", 8000, 0), by(CODEC_PCMU));
	assert_ptr_equal(codec_by_rtpmap("PCMA", 8000, 1), by(CODEC_PCMA));
	assert_ptr_equal(codec_by_rtpmap("g722", 8000, 0), by(CODEC_G722));
	assert_ptr_equal(codec_by_rtpmap("OPUS", 48000, 2), by(CODEC_OPUS));
	assert_null(codec_by_rtpmap("PCMU", 16000, 0));
	assert_null(codec_by_rtpmap("PCMU", 8000, 2));
	assert_null(codec_by_rtpmap("G722", 16000, 0));
	assert_null(codec_by_rtpmap("opus", 48000, 0));
	assert_null(codec_by_rtpmap("opus", 16000, 2));
}

static void test_ptime(void **state)
{
	static const struct {
		enum codec_id id;
		unsigned ms, want;
	} cases[] = {
		{CODEC_PCMU, 0, 10},   {CODEC_PCMU, 9, 10},
		{CODEC_PCMU, 20, 20},  {CODEC_PCMU, 25, 20},
		{CODEC_PCMU, 30, 30},  {CODEC_PCMU, 60, 60},
		{CODEC_PCMU, 200, 60}, {CODEC_OPUS, 30, 20},
		{CODEC_OPUS, 50, 40},  {CODEC_OPUS, 40, 40},
		{CODEC_OPUS, 60, 60},  {CODEC_OPUS, 5, 10},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i)
		assert_int_equal(codec_ptime(by(cases[i].id), cases[i].ms),
				 cases[i].want);

	assert_int_equal(codec_ts_units(by(CODEC_PCMU), 20), 160);
	assert_int_equal(codec_ts_units(by(CODEC_G722), 20), 160);
	assert_int_equal(codec_ts_units(by(CODEC_OPUS), 20), 960);
}

/* Encode and decode 2 s of a voice-like pair of tones in packets of ptime;
 * the SNR of the second half */
static double round_trip(enum codec_id id, unsigned rate, unsigned ptime,
			 size_t max_delay)
{
	enum {
		SECONDS = 2
	};
	static int16_t in[SECONDS * CODEC_RATE_MAX];
	static int16_t out[SECONDS * CODEC_RATE_MAX + CODEC_DECODE_MAX];
	int16_t other[CODEC_RATE_MAX * CODEC_PTIME_MAX / 1000];
	const size_t all = (size_t)SECONDS * rate, step = rate / 1000 * ptime;
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	size_t made = 0;

	assert_int_equal(codec_enc_alloc(&enc, by(id), rate, NULL), 0);
	assert_int_equal(codec_dec_alloc(&dec, by(id), rate), 0);

	signal_sine(in, all, rate, 300.0, 8000.0, 0);
	for (size_t at = 0; at < all; at += step) {
		const size_t n = all - at < step ? all - at : step;

		signal_sine(other, n, rate, 1100.0, 3000.0, at);
		for (size_t i = 0; i < n; ++i)
			in[at + i] = (int16_t)(in[at + i] + other[i]);
	}

	for (size_t at = 0; at + step <= all; at += step) {
		uint8_t payload[CODEC_PAYLOAD_MAX];
		size_t len = 0, n = 0;

		assert_int_equal(codec_enc_run(enc, in + at, step, payload,
					       sizeof(payload), &len),
				 0);
		assert_true(len > 0 && len <= sizeof(payload));
		assert_int_equal(codec_payload_units(by(id), payload, len),
				 codec_ts_units(by(id), ptime));
		assert_int_equal(codec_dec_run(dec, payload, len, out + made,
					       CODEC_DECODE_MAX, &n),
				 0);
		assert_int_equal(n, step);
		made += n;
	}

	obj_unref(enc);
	obj_unref(dec);

	return signal_snr(in + all / 4, out + all / 4, all / 2, max_delay);
}

static void test_round_trips(void **state)
{
	static const unsigned ptimes[] = {10, 20, 40, 60};

	for (size_t i = 0; i < sizeof(ptimes) / sizeof(*ptimes); ++i) {
		const unsigned ms = ptimes[i];

		assert_true(round_trip(CODEC_PCMU, 8000, ms, 0) > 33.0);
		assert_true(round_trip(CODEC_PCMA, 8000, ms, 0) > 33.0);
		assert_true(round_trip(CODEC_G722, 16000, ms, 64) > 18.0);
		assert_true(round_trip(CODEC_OPUS, 8000, ms, 120) > 8.0);
		assert_true(round_trip(CODEC_OPUS, 16000, ms, 240) > 8.0);
	}
	assert_true(round_trip(CODEC_OPUS, 48000, 20, 720) > 8.0);
}

static void test_bad_use(void **state)
{
	uint8_t payload[CODEC_PAYLOAD_MAX];
	int16_t pcm[CODEC_DECODE_MAX] = {0};
	struct codec_enc *enc = NULL;
	struct codec_dec *dec = NULL;
	size_t len, n;

	for (size_t i = 0; i < CODEC_NIDS; ++i) {
		const struct codec *codec = codec_at(i);
		const size_t ms = codec->rate / 1000;

		assert_int_equal(codec_enc_alloc(&enc, codec, 44100, NULL),
				 EINVAL);
		assert_int_equal(codec_dec_alloc(&dec, codec, 44100), EINVAL);
		assert_int_equal(
			codec_enc_alloc(&enc, codec, codec->rate, NULL), 0);
		assert_int_equal(codec_dec_alloc(&dec, codec, codec->rate), 0);

		assert_int_equal(codec_enc_run(enc, pcm, 0, payload,
					       sizeof(payload), &len),
				 EINVAL);
		assert_int_equal(codec_enc_run(enc, pcm, 15 * ms, payload,
					       sizeof(payload), &len),
				 EINVAL);
		assert_int_equal(codec_enc_run(enc, pcm, 70 * ms, payload,
					       sizeof(payload), &len),
				 EINVAL);
		assert_int_not_equal(
			codec_enc_run(enc, pcm, 20 * ms, payload, 0, &len), 0);

		assert_int_equal(codec_dec_run(dec, payload, 0, pcm,
					       CODEC_DECODE_MAX, &n),
				 EBADMSG);
		assert_int_equal(codec_dec_lost(dec, pcm, 0), EINVAL);
		assert_int_equal(codec_dec_lost(dec, pcm, 15 * ms), EINVAL);
		assert_int_equal(codec_dec_lost(dec, pcm, 70 * ms), EINVAL);

		enc = obj_unref(enc);
		dec = obj_unref(dec);
	}
}

static void test_decoder_needs_room(void **state)
{
	uint8_t payload[160] = {0};
	struct codec_dec *dec = NULL;
	int16_t pcm[160];
	size_t n = 0;

	assert_int_equal(codec_dec_alloc(&dec, by(CODEC_PCMU), 8000), 0);
	assert_int_equal(codec_dec_run(dec, payload, 160, pcm, 159, &n),
			 EOVERFLOW);
	assert_int_equal(codec_dec_run(dec, payload, 160, pcm, 160, &n), 0);
	obj_unref(dec);

	assert_int_equal(codec_dec_alloc(&dec, by(CODEC_G722), 16000), 0);
	assert_int_equal(codec_dec_run(dec, payload, 81, pcm, 160, &n),
			 EOVERFLOW);
	assert_int_equal(codec_dec_run(dec, payload, 80, pcm, 160, &n), 0);
	assert_int_equal(n, 160);
	obj_unref(dec);
}

static void test_opus_garbage(void **state)
{
	static const uint8_t bad[][4] = {
		{0x03}, /* code 3 without its count byte */
		{0xff, 0x00, 0x00, 0x00},
		{0xfe, 0xff, 0xff, 0xff},
		{0x02, 0xff},
	};
	struct codec_dec *dec = NULL;
	int16_t pcm[CODEC_DECODE_MAX];
	uint32_t seed = 1;
	size_t n;

	assert_int_equal(codec_dec_alloc(&dec, by(CODEC_OPUS), 48000), 0);
	assert_int_equal(
		codec_dec_run(dec, bad[0], 1, pcm, CODEC_DECODE_MAX, &n),
		EBADMSG);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); ++i)
		(void)codec_dec_run(dec, bad[i], sizeof(bad[i]), pcm,
				    CODEC_DECODE_MAX, &n);

	for (size_t i = 0; i < 200; ++i) {
		uint8_t payload[64];

		for (size_t j = 0; j < sizeof(payload); ++j) {
			seed = seed * 1664525 + 1013904223;
			payload[j] = (uint8_t)(seed >> 24);
		}
		if (!codec_dec_run(dec, payload, sizeof(payload), pcm,
				   CODEC_DECODE_MAX, &n))
			assert_true(n > 0 && n <= CODEC_DECODE_MAX);
		assert_int_equal(
			codec_dec_fec(dec, payload, sizeof(payload), pcm, 960),
			0);
	}
	obj_unref(dec);
}

static void test_reset_gives_a_fresh_decoder(void **state)
{
	uint8_t payload[CODEC_PAYLOAD_MAX];
	int16_t pcm[CODEC_DECODE_MAX], a[960], b[960];
	size_t len, n;

	for (size_t i = 0; i < CODEC_NIDS; ++i) {
		const struct codec *codec = codec_at(i);
		const size_t step = codec->rate / 50;
		struct codec_enc *enc = NULL;
		struct codec_dec *dec = NULL;

		assert_int_equal(
			codec_enc_alloc(&enc, codec, codec->rate, NULL), 0);
		assert_int_equal(codec_dec_alloc(&dec, codec, codec->rate), 0);
		signal_sine(pcm, step, codec->rate, 440.0, 9000.0, 0);
		assert_int_equal(codec_enc_run(enc, pcm, step, payload,
					       sizeof(payload), &len),
				 0);

		assert_int_equal(codec_dec_run(dec, payload, len, a, 960, &n),
				 0);
		assert_int_equal(codec_dec_lost(dec, pcm, step), 0);
		codec_dec_reset(dec);
		assert_int_equal(codec_dec_run(dec, payload, len, b, 960, &n),
				 0);
		assert_memory_equal(a, b, n * sizeof(*a));
		obj_unref(enc);
		obj_unref(dec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_rtpmap),
		cmocka_unit_test(test_ptime),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_bad_use),
		cmocka_unit_test(test_decoder_needs_room),
		cmocka_unit_test(test_opus_garbage),
		cmocka_unit_test(test_reset_gives_a_fresh_decoder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
