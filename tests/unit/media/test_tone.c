/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "media/tone.h"
#include "support/codec_signal.h"

static struct tone_list *parse(const char *text)
{
	struct tone_list *list = NULL;

	if (tone_parse(&list, text, NULL))
		assert_null(list);

	return list;
}

static void test_parse(void **state)
{
	struct tone_list *list = parse("tone:440+480/2000,0/4000");

	assert_non_null(list);
	assert_int_equal(list->nsteps, 2);
	assert_int_equal(list->steps[0].nfreqs, 2);
	assert_int_equal(list->steps[0].freqs[0], 440);
	assert_int_equal(list->steps[0].freqs[1], 480);
	assert_int_equal(list->steps[0].ms, 2000);
	assert_int_equal(list->steps[1].nfreqs, 0);
	assert_int_equal(list->steps[1].ms, 4000);
	assert_true(tone_duration_ms(list) == 6000);
	obj_unref(list);

	list = parse("tone:800");
	assert_non_null(list);
	assert_int_equal(list->nsteps, 1);
	assert_int_equal(list->steps[0].ms, 0);
	assert_true(tone_duration_ms(list) == 0);
	obj_unref(list);

	assert_int_equal(tone_parse(NULL, "tone:20+4000+300+1/1", NULL),
			 EINVAL);
	assert_int_equal(tone_parse(NULL, "tone:20+4000+300+350/3600000", NULL),
			 0);
	assert_int_equal(tone_parse(NULL, "tone:350+440", NULL), 0);
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"tone",
		"tone:",
		"TONE:800",
		"800",
		"http://x",
		"tone:19",
		"tone:4001",
		"tone:4294967736",
		"tone:99999999999",
		"tone:800/",
		"tone:800/0",
		"tone:800/3600001",
		"tone:800/99999999999",
		"tone:800/-1",
		"tone:-800",
		"tone:800/100,",
		"tone:,800/100",
		"tone:800,900",
		"tone:800/100,900",
		"tone:800,900/100",
		"tone:0",
		"tone:0+440/100",
		"tone:440+0/100",
		"tone:440+/100",
		"tone:+440/100",
		"tone:1+2+3",
		"tone:440+450+460+470+480/5",
		"tone:440 /100",
		"tone:440/100 ",
		" tone:440/100",
		"tone:440.5/100",
		"tone:440/100,,440/100",
		"tone:440/100/100",
		"tone:0x1b8/100",
		"tone:440/1e3",
		"tone:440;100",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
		const char *why = NULL;

		assert_int_equal(tone_parse(NULL, texts[i], &why), EINVAL);
		assert_non_null(why);
	}
	assert_int_equal(tone_parse(NULL, NULL, NULL), EINVAL);
}

static void test_steps_are_limited(void **state)
{
	char text[512] = "tone:";

	for (int i = 0; i < TONE_STEPS_MAX; ++i)
		(void)strncat(text, i ? ",440/10" : "440/10",
			      sizeof(text) - strlen(text) - 1);
	assert_int_equal(tone_parse(NULL, text, NULL), 0);
	(void)strncat(text, ",440/10", sizeof(text) - strlen(text) - 1);
	assert_int_equal(tone_parse(NULL, text, NULL), EINVAL);
}

static void check_sound(unsigned rate)
{
	static int16_t pcm[48000];
	struct tone_list *list = parse("tone:440+1000");
	struct tone_source src;
	double all;

	tone_source_init(&src, list, rate, 1);
	for (size_t at = 0; at < rate; at += rate / 50)
		assert_int_equal(tone_source_run(&src, pcm + at, rate / 50),
				 rate / 50);

	/* -13 dBFS in all, the two as loud as each other, nothing else: a
	 * break of phase between frames would show */
	all = signal_rms(pcm + rate / 10, rate / 2) * sqrt(2.0);
	assert_in_range((int)all, 7200, 7470);
	assert_in_range(
		(int)signal_level(pcm + rate / 10, rate / 2, rate, 440.0), 5080,
		5290);
	assert_in_range(
		(int)signal_level(pcm + rate / 10, rate / 2, rate, 1000.0),
		5080, 5290);
	assert_true(signal_level(pcm + rate / 10, rate / 2, rate, 700.0) <
		    20.0);
	/* the soft start */
	assert_int_equal(pcm[0], 0);
	assert_true(signal_rms(pcm, rate / 1000) < 3000.0);
	obj_unref(list);
}

static void test_sound(void **state)
{
	check_sound(8000);
	check_sound(16000);
	check_sound(48000);
}

static void test_cadence(void **state)
{
	static int16_t pcm[8000];
	struct tone_list *list = parse("tone:500/100,0/50,1500/25");
	struct tone_source src;
	size_t n = 0;

	tone_source_init(&src, list, 8000, 2);
	for (size_t at = 0; at < 8000; at += 160)
		n += tone_source_run(&src, pcm + at, 160);
	assert_int_equal(n, 2 * 175 * 8);

	for (size_t loop = 0; loop < 2; ++loop) {
		const int16_t *from = pcm + loop * 175 * 8;

		assert_true(signal_level(from, 800, 8000, 500.0) > 6500.0);
		assert_true(signal_rms(from + 800, 400) < 1.0);
		assert_true(signal_level(from + 1200, 200, 8000, 1500.0) >
			    5500.0);
	}
	/* after the end: silence, and no more samples */
	assert_true(signal_rms(pcm + 2800, 8000 - 2800) < 1.0);
	assert_int_equal(tone_source_run(&src, pcm, 160), 0);
	/* each edge is soft: from the tone to silence there is no step */
	assert_true(abs(pcm[0]) < 10);
	obj_unref(list);
}

static void test_loops_for_ever(void **state)
{
	struct tone_list *list = parse("tone:500/1,0/1");
	struct tone_source src;
	int16_t pcm[160];

	tone_source_init(&src, list, 8000, 0);
	for (int i = 0; i < 1000; ++i)
		assert_int_equal(tone_source_run(&src, pcm, 160), 160);
	obj_unref(list);
}

/* An hour on, the level is the same */
static void test_does_not_drift(void **state)
{
	struct tone_list *list = parse("tone:1004");
	struct tone_source src;
	static int16_t pcm[8000];

	tone_source_init(&src, list, 8000, 1);
	for (int i = 0; i < 300; ++i)
		assert_int_equal(tone_source_run(&src, pcm, 8000), 8000);
	assert_in_range((int)signal_level(pcm, 8000, 8000, 1004.0), 7300, 7370);
	obj_unref(list);
}

static void test_dtmf(void **state)
{
	static const struct {
		char digit;
		unsigned low, high;
	} cases[] = {{'1', 697, 1209}, {'6', 770, 1477}, {'0', 941, 1336},
		     {'*', 941, 1209}, {'#', 941, 1477}, {'A', 697, 1633},
		     {'d', 941, 1633}};
	struct tone_list *list = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		assert_int_equal(tone_dtmf(&list, cases[i].digit, 160, 80), 0);
		assert_int_equal(list->nsteps, 2);
		assert_int_equal(list->steps[0].freqs[0], cases[i].low);
		assert_int_equal(list->steps[0].freqs[1], cases[i].high);
		assert_true(tone_duration_ms(list) == 240);
		obj_unref(list);
	}

	assert_int_equal(tone_dtmf(&list, 'E', 160, 80), EINVAL);
	assert_int_equal(tone_dtmf(&list, '\0', 160, 80), EINVAL);
	assert_int_equal(tone_dtmf(&list, '1', 0, 80), EINVAL);
	assert_int_equal(tone_dtmf(&list, '1', 160, 0), 0);
	assert_int_equal(list->nsteps, 1);
	obj_unref(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_steps_are_limited),
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_cadence),
		cmocka_unit_test(test_loops_for_ever),
		cmocka_unit_test(test_does_not_drift),
		cmocka_unit_test(test_dtmf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
