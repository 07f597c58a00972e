/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "media/tap.h"

enum {
	RATE = 8000,
	FRAME = RATE / 50,
};

static struct media_tap *make(const struct media_tap_params *prm)
{
	struct media_tap *tap = NULL;

	assert_int_equal(media_tap_alloc(&tap, prm), 0);

	return tap;
}

static void fill(int16_t *pcm, size_t n, int value)
{
	for (size_t i = 0; i < n; ++i)
		pcm[i] = (int16_t)value;
}

static void test_refused(void **state)
{
	static const struct media_tap_params wrong[] = {
		{.rate = 44100, .channels = 1},
		{.rate = 8000, .channels = 0},
		{.rate = 8000, .channels = 3},
		{0},
	};
	struct media_tap *tap = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); ++i)
		assert_int_equal(media_tap_alloc(&tap, &wrong[i]), EINVAL);
	assert_int_equal(media_tap_alloc(&tap, NULL), EINVAL);
	assert_int_equal(media_tap_alloc(NULL, wrong), EINVAL);
	assert_null(tap);
}

/* Left is the party, right what it hears, frame by frame */
static void test_stereo(void **state)
{
	const struct media_tap_params prm = {.rate = RATE, .channels = 2};
	struct media_tap *tap = make(&prm);
	int16_t said[FRAME], heard[FRAME], out[4 * FRAME];
	enum media_tap_end why;

	assert_int_equal(media_tap_rate(tap), RATE);
	for (int i = 0; i < FRAME; ++i) {
		said[i] = (int16_t)i;
		heard[i] = (int16_t)-i;
	}
	assert_true(media_tap_put(tap, said, heard, NULL));
	assert_true(media_tap_put(tap, NULL, heard, NULL));
	assert_int_equal(media_tap_read(tap, out, 100), 100);
	assert_int_equal(media_tap_read(tap, out + 200, 1000), 2 * FRAME - 100);
	for (int i = 0; i < FRAME; ++i) {
		assert_int_equal(out[2 * i], i);
		assert_int_equal(out[2 * i + 1], -i);
		assert_int_equal(out[2 * (FRAME + i)], 0);
		assert_int_equal(out[2 * (FRAME + i) + 1], -i);
	}
	assert_false(media_tap_is_over(tap));
	assert_true(media_tap_put(tap, said, NULL, NULL));
	media_tap_finish(tap);
	media_tap_finish(tap);
	assert_false(media_tap_is_over(tap));
	assert_true(media_tap_put(tap, said, NULL, NULL)); /* too late */
	assert_int_equal(media_tap_read(tap, out, 2 * FRAME), FRAME);
	assert_true(media_tap_is_over(tap));
	assert_int_equal(media_tap_read(tap, out, FRAME), 0);
	assert_false(media_tap_ended(tap, &why)); /* it was ended */
	obj_unref(tap);
}

static void test_mono_is_mixed(void **state)
{
	const struct media_tap_params prm = {.rate = RATE, .channels = 1};
	struct media_tap *tap = make(&prm);
	int16_t said[FRAME], heard[FRAME], out[FRAME];

	fill(said, FRAME, 1000);
	fill(heard, FRAME, -300);
	said[7] = heard[7] = 30000;
	said[8] = heard[8] = -30000;
	media_tap_put(tap, said, heard, NULL);
	assert_int_equal(media_tap_read(tap, out, FRAME), FRAME);
	assert_int_equal(out[6], 700);
	assert_int_equal(out[7], INT16_MAX);
	assert_int_equal(out[8], INT16_MIN);
	obj_unref(tap);
}

static void test_full_ends_at_the_sample(void **state)
{
	const struct media_tap_params prm = {
		.rate = RATE, .channels = 1, .max_frames = 2 * FRAME + 10};
	struct media_tap *tap = make(&prm);
	enum media_tap_end why = MEDIA_TAP_SILENCE;
	int16_t out[4 * FRAME];

	assert_true(media_tap_put(tap, NULL, NULL, &why));
	assert_true(media_tap_put(tap, NULL, NULL, &why));
	assert_false(media_tap_put(tap, NULL, NULL, &why));
	assert_int_equal(why, MEDIA_TAP_FULL);
	why = MEDIA_TAP_SILENCE;
	assert_false(media_tap_put(tap, NULL, NULL, &why));
	assert_int_equal(why, MEDIA_TAP_FULL);
	assert_int_equal(media_tap_read(tap, out, 4 * FRAME), 2 * FRAME + 10);
	assert_true(media_tap_is_over(tap));
	why = MEDIA_TAP_SILENCE;
	assert_true(media_tap_ended(tap, &why));
	assert_int_equal(why, MEDIA_TAP_FULL);
	obj_unref(tap);
}

static void test_pause_takes_no_time(void **state)
{
	const struct media_tap_params prm = {.rate = RATE,
					     .channels = 1,
					     .silence_ms = 1000,
					     .max_frames = 30 * FRAME};
	struct media_tap *tap = make(&prm);
	int16_t pcm[FRAME], out[4 * FRAME];

	fill(pcm, FRAME, 1);
	media_tap_put(tap, pcm, NULL, NULL);
	media_tap_pause(tap, true);
	fill(pcm, FRAME, 2);
	for (int i = 0; i < 500; ++i)
		assert_true(media_tap_put(tap, pcm, NULL, NULL));
	media_tap_pause(tap, false);
	fill(pcm, FRAME, 3);
	assert_true(media_tap_put(tap, pcm, NULL, NULL));
	assert_int_equal(media_tap_read(tap, out, 4 * FRAME), 2 * FRAME);
	assert_int_equal(out[FRAME - 1], 1);
	assert_int_equal(out[FRAME], 3);
	obj_unref(tap);
}

/* A reader that is late loses sound, not time: silence stands where it was */
static void test_a_late_reader_gets_silence(void **state)
{
	const struct media_tap_params prm = {
		.rate = RATE, .channels = 1, .ring_ms = 60};
	struct media_tap *tap = make(&prm);
	int16_t pcm[FRAME], out[10 * FRAME];

	for (int i = 1; i <= 5; ++i) {
		fill(pcm, FRAME, i);
		media_tap_put(tap, pcm, NULL, NULL);
	}
	assert_int_equal(media_tap_lost(tap), 2 * FRAME);
	assert_int_equal(media_tap_read(tap, out, 10 * FRAME), 3 * FRAME);
	assert_int_equal(out[3 * FRAME - 1], 3);

	fill(pcm, FRAME, 6);
	media_tap_put(tap, pcm, NULL, NULL);
	assert_int_equal(media_tap_read(tap, out, 10 * FRAME), 3 * FRAME);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[2 * FRAME - 1], 0);
	assert_int_equal(out[2 * FRAME], 6);

	/* and at the end, where nothing follows */
	for (int i = 7; i <= 11; ++i)
		media_tap_put(tap, pcm, NULL, NULL);
	media_tap_finish(tap);
	fill(out, 10 * FRAME, 99);
	assert_int_equal(media_tap_read(tap, out, 4 * FRAME), 4 * FRAME);
	assert_int_equal(out[3 * FRAME], 0);
	assert_false(media_tap_is_over(tap));
	assert_int_equal(media_tap_read(tap, out, 4 * FRAME), FRAME);
	assert_int_equal(out[FRAME - 1], 0);
	assert_true(media_tap_is_over(tap));
	obj_unref(tap);
}

/* ---- silence ---- */

/* Noise and a voice like one: bursts of 400 ms, gaps of 200 */
struct scene {
	double noise, voice; /* amplitudes */
	unsigned seed;
	double phase;
};

static double uniform(struct scene *scene)
{
	scene->seed = scene->seed * 1664525 + 1013904223;

	return (double)(scene->seed >> 8) / (double)(1 << 23) - 1.;
}

static void scene_frame(struct scene *scene, int16_t *pcm, bool voice)
{
	for (int i = 0; i < FRAME; ++i) {
		double v = scene->noise * uniform(scene);

		scene->phase += 2 * M_PI * 210 / RATE;
		if (voice)
			v += scene->voice * sin(scene->phase) *
			     (1 + .5 * uniform(scene));
		pcm[i] = (int16_t)v;
	}
}

/** @return After how many ms it ends, when the voice is there for talk_ms */
static unsigned ends_after(struct scene scene, unsigned talk_ms,
			   unsigned silence_ms)
{
	const struct media_tap_params prm = {
		.rate = RATE, .channels = 1, .silence_ms = silence_ms};
	struct media_tap *tap = make(&prm);
	enum media_tap_end why = MEDIA_TAP_FULL;
	int16_t pcm[FRAME];
	unsigned ms;

	for (ms = 0; ms < 120000; ms += 20) {
		scene_frame(&scene, pcm, ms < talk_ms && ms % 600 < 400);
		if (!media_tap_put(tap, pcm, NULL, &why)) {
			assert_int_equal(why, MEDIA_TAP_SILENCE);
			break;
		}
	}
	obj_unref(tap);

	return ms + 20;
}

static void test_silence(void **state)
{
	const struct scene quiet = {.voice = 4000, .seed = 1};
	const struct scene soft = {.voice = 900, .noise = 20, .seed = 2};
	const struct scene noisy = {.voice = 6000, .noise = 900, .seed = 3};
	const struct scene mute = {.noise = 700, .seed = 4};
	unsigned ms;

	/* nobody says anything: from the first frame */
	assert_int_equal(ends_after(quiet, 0, 5000), 5000);
	assert_int_equal(ends_after(mute, 60000, 5000), 5000);

	/* the last word ends at 18.4 s, or 19.0 */
	ms = ends_after(quiet, 19000, 3000);
	assert_in_range(ms, 21900, 22100);
	ms = ends_after(soft, 19000, 3000);
	assert_in_range(ms, 21900, 22100);
	ms = ends_after(noisy, 19000, 3000);
	assert_in_range(ms, 21900, 22100);
}

/* A fan goes on: what was quiet is not any more, and yet nobody speaks */
static void test_noise_that_begins(void **state)
{
	const struct media_tap_params prm = {
		.rate = RATE, .channels = 1, .silence_ms = 5000};
	struct media_tap *tap = make(&prm);
	struct scene scene = {.noise = 10, .seed = 5};
	int16_t pcm[FRAME];
	unsigned ms;

	for (ms = 0; ms < 60000; ms += 20) {
		scene.noise = ms < 2000 ? 10 : 400;
		scene_frame(&scene, pcm, false);
		if (!media_tap_put(tap, pcm, NULL, NULL))
			break;
	}
	assert_in_range(ms, 6000, 20000);
	obj_unref(tap);
}

/* A click is no voice, and lost packets are no silence to measure noise by */
static void test_clicks_and_loss(void **state)
{
	const struct media_tap_params prm = {
		.rate = RATE, .channels = 1, .silence_ms = 2000};
	struct media_tap *tap = make(&prm);
	struct scene scene = {.noise = 700, .seed = 6};
	int16_t pcm[FRAME];
	unsigned ms;

	for (ms = 0; ms < 60000; ms += 20) {
		scene_frame(&scene, pcm, false);
		if (ms % 400 == 0)
			fill(pcm, FRAME, 20000);
		if (!media_tap_put(tap, ms % 100 ? pcm : NULL, NULL, NULL))
			break;
	}
	assert_int_equal(ms + 20, 2000);
	obj_unref(tap);
}

/* ---- two threads ---- */

enum {
	FRAMES = 20000,
};

static void *putter(void *arg)
{
	struct media_tap *tap = arg;
	int16_t said[FRAME], heard[FRAME];

	for (int i = 0; i < FRAMES; ++i) {
		fill(said, FRAME, 1 + i);
		fill(heard, FRAME, -1 - i);
		media_tap_put(tap, said, heard, NULL);
		if (i % 16 == 0)
			sched_yield();
	}
	media_tap_finish(tap);

	return NULL;
}

/* Whatever the two do: as many frames as were put, each in its place or
 * silence, both sides of one moment */
static void test_two_threads(void **state)
{
	const struct media_tap_params prm = {
		.rate = RATE, .channels = 2, .ring_ms = 100};
	struct media_tap *tap = make(&prm);
	int16_t out[2 * 333];
	uint64_t at = 0, silent = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, putter, obj_ref(tap)),
			 0);
	while (!media_tap_is_over(tap)) {
		const size_t n = media_tap_read(tap, out, 333);

		for (size_t i = 0; i < n; ++i, ++at) {
			const int should = 1 + (int)(at / FRAME);

			assert_int_equal(out[2 * i], -out[2 * i + 1]);
			if (out[2 * i])
				assert_int_equal(out[2 * i], should);
			else
				++silent;
		}
		if (!n)
			sched_yield();
	}
	pthread_join(thread, NULL);
	assert_int_equal(at, (uint64_t)FRAMES * FRAME);
	assert_int_equal(silent, media_tap_lost(tap));
	obj_unref(tap);
	obj_unref(tap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stereo),
		cmocka_unit_test(test_mono_is_mixed),
		cmocka_unit_test(test_full_ends_at_the_sample),
		cmocka_unit_test(test_pause_takes_no_time),
		cmocka_unit_test(test_a_late_reader_gets_silence),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_noise_that_begins),
		cmocka_unit_test(test_clicks_and_loss),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
