/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "common/obj.h"
#include "support/codec_signal.h"

enum {
	LEN_MAX = CODEC_FRAME_MAX
};

static struct {
	struct codec_enc *enc;
	struct codec_dec *dec;
	size_t step, at;
	unsigned rate;
} s;

static void open_codec(enum codec_id id, unsigned rate)
{
	memset(&s, 0, sizeof(s));
	s.rate = rate;
	s.step = rate / 50;
	assert_int_equal(codec_enc_alloc(&s.enc, codec_by_id(id), rate, NULL),
			 0);
	assert_int_equal(codec_dec_alloc(&s.dec, codec_by_id(id), rate), 0);
}

static void close_codec(void)
{
	s.enc = obj_unref(s.enc);
	s.dec = obj_unref(s.dec);
}

static size_t encode(uint8_t *payload, double hz)
{
	int16_t pcm[LEN_MAX];
	size_t len = 0;

	signal_sine(pcm, s.step, s.rate, hz, 8000.0, s.at);
	s.at += s.step;
	assert_int_equal(codec_enc_run(s.enc, pcm, s.step, payload,
				       CODEC_PAYLOAD_MAX, &len),
			 0);

	return len;
}

/* n good frames; the last stays in out */
static void feed(unsigned n, double hz, int16_t *out)
{
	uint8_t payload[CODEC_PAYLOAD_MAX];
	size_t got;

	while (n--) {
		const size_t len = encode(payload, hz);

		assert_int_equal(
			codec_dec_run(s.dec, payload, len, out, LEN_MAX, &got),
			0);
	}
}

static int biggest_step(const int16_t *pcm, size_t n)
{
	int most = 0;

	for (size_t i = 1; i < n; ++i)
		if (abs(pcm[i] - pcm[i - 1]) > most)
			most = abs(pcm[i] - pcm[i - 1]);

	return most;
}

/* One lost frame sounds as before, three on are silent, the return is smooth */
static void check_waveform(enum codec_id id, unsigned rate)
{
	int16_t pcm[5 * LEN_MAX];
	double level;

	open_codec(id, rate);
	feed(10, 200.0, pcm);
	assert_true(signal_rms(pcm, s.step) > 5000.0);

	assert_int_equal(codec_dec_lost(s.dec, pcm + s.step, s.step), 0);
	level = signal_level(pcm + s.step, s.step, rate, 200.0);
	assert_true(level > 6000.0);
	/* no click where it begins: a 200 Hz sine of 8000 moves by 1257 per
	 * sample at 8 kHz */
	assert_true(biggest_step(pcm, 2 * s.step) <
		    (rate == 8000 ? 2000 : 1400));

	assert_int_equal(codec_dec_lost(s.dec, pcm, s.step), 0);
	assert_true(signal_rms(pcm, s.step) < level * 0.6);
	assert_int_equal(codec_dec_lost(s.dec, pcm, s.step), 0);
	assert_true(signal_rms(pcm, s.step) < level * 0.2);
	assert_int_equal(codec_dec_lost(s.dec, pcm, s.step), 0);
	assert_true(signal_rms(pcm, s.step) < 1.0);

	feed(1, 200.0, pcm);
	assert_true(abs(pcm[0]) < 1000);
	assert_true(signal_rms(pcm + s.step / 2, s.step / 2) > 5000.0);
	close_codec();
}

static void test_waveform_repetition(void **state)
{
	check_waveform(CODEC_PCMU, 8000);
	check_waveform(CODEC_PCMA, 8000);
	check_waveform(CODEC_G722, 16000);
}

static void test_lost_before_anything(void **state)
{
	int16_t pcm[LEN_MAX];

	for (size_t i = 0; i < CODEC_NIDS; ++i) {
		const struct codec *codec = codec_at(i);

		open_codec(codec->id, codec->rate);
		for (unsigned n = 0; n < 8; ++n) {
			assert_int_equal(codec_dec_lost(s.dec, pcm, s.step), 0);
			assert_true(signal_rms(pcm, s.step) < 1.0);
		}
		close_codec();
	}
}

static void test_short_and_long_losses(void **state)
{
	int16_t pcm[CODEC_DECODE_MAX];

	for (size_t i = 0; i < CODEC_NIDS; ++i) {
		const struct codec *codec = codec_at(i);

		open_codec(codec->id, codec->rate);
		feed(5, 300.0, pcm);
		for (size_t tens = 1; tens <= 6; ++tens)
			assert_int_equal(
				codec_dec_lost(s.dec, pcm, s.step / 2 * tens),
				0);
		close_codec();
	}
}

/* A chirp, whose course only the next packet can tell, is closer to what was
 * sent with FEC than without */
static double opus_error(bool fec)
{
	uint8_t lost[CODEC_PAYLOAD_MAX], next[CODEC_PAYLOAD_MAX];
	int16_t pcm[LEN_MAX], twin[LEN_MAX];
	struct codec_dec *ref = NULL;
	double err = 0.0;
	size_t len, n;

	open_codec(CODEC_OPUS, 16000);
	assert_int_equal(codec_dec_alloc(&ref, codec_by_id(CODEC_OPUS), 16000),
			 0);
	codec_enc_set_loss(s.enc, 30);

	for (unsigned i = 0; i < 60; ++i) {
		const double hz = 200.0 + 37.0 * (i % 11);

		len = encode(lost, hz);
		assert_int_equal(
			codec_dec_run(ref, lost, len, twin, LEN_MAX, &n), 0);
		if (i < 10 || i % 3) {
			assert_int_equal(codec_dec_run(s.dec, lost, len, pcm,
						       LEN_MAX, &n),
					 0);
			continue;
		}
		++i;
		len = encode(next, 200.0 + 37.0 * (i % 11));
		if (fec)
			assert_int_equal(
				codec_dec_fec(s.dec, next, len, pcm, s.step),
				0);
		else
			assert_int_equal(codec_dec_lost(s.dec, pcm, s.step), 0);
		for (size_t k = 0; k < s.step; ++k)
			err += fabs((double)pcm[k] - twin[k]);
		assert_int_equal(
			codec_dec_run(s.dec, next, len, pcm, LEN_MAX, &n), 0);
		assert_int_equal(
			codec_dec_run(ref, next, len, twin, LEN_MAX, &n), 0);
	}
	obj_unref(ref);
	close_codec();

	return err;
}

static void test_opus_fec_helps(void **state)
{
	assert_true(opus_error(true) < 0.8 * opus_error(false));
}

static void test_fec_of_garbage_conceals(void **state)
{
	const uint8_t bad[] = {0x03};
	int16_t pcm[LEN_MAX];

	open_codec(CODEC_OPUS, 48000);
	feed(10, 300.0, pcm);
	assert_int_equal(codec_dec_fec(s.dec, bad, sizeof(bad), pcm, s.step),
			 0);
	assert_true(signal_rms(pcm, s.step) > 1000.0);
	assert_int_equal(codec_dec_fec(s.dec, NULL, 0, pcm, s.step), 0);
	close_codec();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waveform_repetition),
		cmocka_unit_test(test_lost_before_anything),
		cmocka_unit_test(test_short_and_long_losses),
		cmocka_unit_test(test_opus_fec_helps),
		cmocka_unit_test(test_fec_of_garbage_conceals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
