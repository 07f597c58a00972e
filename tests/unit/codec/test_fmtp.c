/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "codec/codec.h"
#include "common/obj.h"

static struct codec_fmtp parse(const char *text)
{
	struct codec_fmtp fmtp;

	codec_fmtp_parse(codec_by_id(CODEC_OPUS), text, &fmtp);

	return fmtp;
}

static void test_defaults(void **state)
{
	static const char *const texts[] = {NULL, "",  ";",     ";;;",
					    "x",  "=", "=1;=;", "annexb=no"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
		const struct codec_fmtp fmtp = parse(texts[i]);

		assert_int_equal(fmtp.maxplaybackrate, 48000);
		assert_int_equal(fmtp.maxaveragebitrate, 0);
		assert_int_equal(fmtp.minptime, 0);
		assert_false(fmtp.useinbandfec);
		assert_false(fmtp.stereo);
	}
}

static void test_what_browsers_send(void **state)
{
	const struct codec_fmtp a = parse("minptime=10;useinbandfec=1");
	const struct codec_fmtp b =
		parse(" maxplaybackrate=16000 ; sprop-maxcapturerate=16000; "
		      "maxaveragebitrate=20000; STEREO=1;usedtx=1; cbr=1 ");

	assert_int_equal(a.minptime, 10);
	assert_true(a.useinbandfec);
	assert_int_equal(b.maxplaybackrate, 16000);
	assert_int_equal(b.maxaveragebitrate, 20000);
	assert_true(b.stereo && b.usedtx && b.cbr);
	assert_false(b.useinbandfec);
}

static void test_absurd_values_do_not_count(void **state)
{
	const struct codec_fmtp fmtp =
		parse("maxplaybackrate=0;maxaveragebitrate=99999999999999999;"
		      "minptime=-3;useinbandfec=2;stereo=yes;maxplaybackrate;"
		      "averyveryveryveryverylongparametername=1;"
		      "usedtx=1111111111111111111111111111111111;cbr=");

	assert_int_equal(fmtp.maxplaybackrate, 48000);
	assert_int_equal(fmtp.maxaveragebitrate, 0);
	assert_int_equal(fmtp.minptime, 0);
	assert_false(fmtp.useinbandfec || fmtp.stereo || fmtp.usedtx ||
		     fmtp.cbr);
}

static void test_other_codecs_have_none(void **state)
{
	const struct codec *pcmu = codec_by_id(CODEC_PCMU);
	char buf[CODEC_FMTP_SIZE] = "x";
	struct codec_fmtp fmtp;

	codec_fmtp_parse(pcmu, "useinbandfec=1", &fmtp);
	assert_false(fmtp.useinbandfec);
	codec_fmtp_local(pcmu, &fmtp);
	assert_int_equal(codec_fmtp_write(pcmu, &fmtp, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void test_write(void **state)
{
	const struct codec *opus = codec_by_id(CODEC_OPUS);
	const struct codec_fmtp full = {
		.maxplaybackrate = 16000,
		.maxaveragebitrate = 510000,
		.minptime = 120,
		.useinbandfec = true,
		.usedtx = true,
		.stereo = true,
		.cbr = true,
	};
	char buf[CODEC_FMTP_SIZE];
	struct codec_fmtp fmtp;

	codec_fmtp_local(opus, &fmtp);
	assert_int_equal(codec_fmtp_write(opus, &fmtp, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "minptime=10;stereo=0;useinbandfec=1");
	assert_int_equal(codec_fmtp_write(opus, &fmtp, buf, 10), EOVERFLOW);
	assert_int_equal(codec_fmtp_write(opus, &fmtp, buf, 0), EOVERFLOW);

	assert_int_equal(codec_fmtp_write(opus, &full, buf, sizeof(buf)), 0);
	fmtp = parse(buf);
	assert_memory_equal(&fmtp, &full, sizeof(fmtp));
}

/* The encoder obeys what the receiver declared */
static void test_encoder_obeys(void **state)
{
	const struct codec *opus = codec_by_id(CODEC_OPUS);
	const struct codec_fmtp slow = parse("maxaveragebitrate=6000;cbr=1");
	struct codec_enc *enc = NULL;
	uint8_t payload[CODEC_PAYLOAD_MAX];
	int16_t pcm[320];
	size_t len = 0;

	for (size_t i = 0; i < 320; ++i)
		pcm[i] = (int16_t)(i * 7919 % 8000);
	assert_int_equal(codec_enc_alloc(&enc, opus, 16000, &slow), 0);
	for (unsigned i = 0; i < 20; ++i) {
		assert_int_equal(codec_enc_run(enc, pcm, 320, payload,
					       sizeof(payload), &len),
				 0);
		assert_true(len <= 6000 / 8 / 50);
	}
	codec_enc_set_loss(enc, 1000);
	assert_int_equal(
		codec_enc_run(enc, pcm, 320, payload, sizeof(payload), &len),
		0);
	obj_unref(enc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_what_browsers_send),
		cmocka_unit_test(test_absurd_values_do_not_count),
		cmocka_unit_test(test_other_codecs_have_none),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_encoder_obeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
