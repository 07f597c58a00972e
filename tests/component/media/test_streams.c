/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a caller hears of a stream: its sound, no click where the writer was
 * late or where two clips meet, its end
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/obj.h"
#include "media/stream.h"
#include "support/codec_signal.h"
#include "support/media_ear.h"

enum {
	LEVEL = 8000, /* of the sines */
	HZ = 500,
	/* a sine of LEVEL and HZ moves by 3,142 a sample at 8 kHz; codecs add
	 * a little, a cut from its crest to nothing is 8,000 */
	CLICK_8K = 4000,
};

struct env {
	struct rig rig;
	struct rig_far far;
	struct rig_leg leg;
	struct media_session sess;
	struct media_stream *stream;
	size_t at; /* samples written */
};

static struct env env;
static struct media_ear ear;

static void open_env(enum codec_id id, unsigned ptime_ms, unsigned rate)
{
	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(id));
	rig_session(&env.sess, codec_by_id(id), &env.far);
	env.sess.ptime_ms = ptime_ms;
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
	media_ear_open(&ear, &env.leg, &env.far);
	assert_int_equal(
		media_stream_alloc(&env.stream, rate, (size_t)rate * 2), 0);
}

static void close_env(void)
{
	media_ear_close(&ear);
	obj_unref(env.stream);
	rig_leg_close(&env.leg);
	rig_far_close(&env.far);
	rig_close(&env.rig);
}

/* The sine goes on where it was */
static void write_ms(unsigned ms)
{
	const unsigned rate = media_stream_rate(env.stream);
	const size_t n = (size_t)rate / 1000 * ms;
	int16_t *pcm = g_new(int16_t, n);

	signal_sine(pcm, n, rate, HZ, LEVEL, env.at);
	assert_int_equal(media_stream_write(env.stream, pcm, n), n);
	env.at += n;
	g_free(pcm);
}

static void a_stream_sounds(enum codec_id id, unsigned ptime_ms, unsigned rate,
			    int click)
{
	const unsigned used = codec_ptime(codec_by_id(id), ptime_ms);
	uint32_t play_id;

	open_env(id, ptime_ms, rate);
	/* in two pieces, as two clips: the one goes into the other */
	write_ms(300);
	write_ms(300);
	media_stream_end(env.stream, 0);
	play_id = rig_leg_stream(&env.leg, env.stream);
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_id, play_id);
	assert_int_equal(env.leg.played_err, 0);
	assert_int_equal(ear.packets, (600 + used - 1) / used);
	assert_true(ear.markers == 1 || rig_was_late(&env.rig));
	assert_true(media_ear_level(&ear, 100, 500, HZ) > 0.2);
	assert_true(media_ear_level(&ear, 100, 500, HZ) >
		    20 * media_ear_level(&ear, 100, 500, 2 * HZ));
	assert_true(media_ear_jump(&ear, (size_t)ear.rate / 10,
				   (size_t)ear.rate / 2) < click);
	assert_true(media_stream_is_dropped(env.stream));
	close_env();
}

static void stream_pcmu(void **state)
{
	a_stream_sounds(CODEC_PCMU, 20, 8000, CLICK_8K);
}

static void stream_pcmu_30_ms(void **state)
{
	a_stream_sounds(CODEC_PCMU, 30, 8000, CLICK_8K);
}

static void stream_g722(void **state)
{
	a_stream_sounds(CODEC_G722, 20, 16000, CLICK_8K / 2);
}

static void stream_opus(void **state)
{
	a_stream_sounds(CODEC_OPUS, 20, 16000, CLICK_8K / 2);
}

static void another_rate_is_resampled_down(void **state)
{
	a_stream_sounds(CODEC_PCMA, 20, 16000, CLICK_8K);
}

static void another_rate_is_resampled_up(void **state)
{
	a_stream_sounds(CODEC_OPUS, 20, 8000, CLICK_8K / 2);
}

static void the_codec_changes_meanwhile(void **state)
{
	struct media_session sess;
	struct rig_packet pkt;

	open_env(CODEC_PCMU, 20, 8000);
	write_ms(1900); /* a slow test still finds half a second of it */
	media_stream_end(env.stream, 0);
	rig_leg_stream(&env.leg, env.stream);
	media_ear_until(&ear, 8000 / 5);
	assert_int_equal(media_leg_rate(env.leg.leg), 8000);
	rig_session(&sess, codec_by_id(CODEC_G722), &env.far);
	assert_int_equal(rig_leg_start(&env.leg, &sess), 0);
	assert_int_equal(media_leg_rate(env.leg.leg), 16000);
	do
		assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	while (pkt.rtp.pt != sess.pt);

	media_ear_close(&ear);
	media_ear_open(&ear, &env.leg, &env.far);
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_err, 0);
	assert_true(media_ear_level(&ear, 100, 400, HZ) > 0.2);
	close_env();
}

static void nothing_is_sent_before_the_first_samples(void **state)
{
	struct rig_packet pkt;

	open_env(CODEC_PCMU, 20, 8000);
	rig_leg_stream(&env.leg, env.stream);
	assert_false(rig_far_recv(&env.far, &pkt, 100));
	write_ms(20); /* not enough to begin with */
	assert_false(rig_far_recv(&env.far, &pkt, 100));
	write_ms(180);
	media_stream_end(env.stream, 0);
	media_ear_until_played(&ear, 1);
	assert_int_equal(ear.packets, 10);
	assert_true(ear.markers == 1 || rig_was_late(&env.rig));
	close_env();
}

static void a_late_writer_is_silence_without_a_click(void **state)
{
	struct media_stats stats;

	open_env(CODEC_PCMU, 20, 8000);
	write_ms(205); /* ends on no frame */
	rig_leg_stream(&env.leg, env.stream);
	media_ear_until(&ear, 8000 * 2 / 5); /* 200 ms are missing */
	media_leg_stats(env.leg.leg, &stats);
	assert_int_equal(stats.tx_underruns, 1);
	assert_true(media_ear_level(&ear, 40, 180, HZ) > 0.2);
	assert_true(media_ear_level(&ear, 240, 400, HZ) < 0.002);

	env.at += 37; /* not where the phase was */
	write_ms(300);
	media_stream_end(env.stream, ENOENT);
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_err, ENOENT);
	assert_true(media_ear_jump(&ear, 0, ear.n) < CLICK_8K);
	assert_true(signal_rms(ear.pcm + ear.n - 8000 / 5, 8000 / 10) > 4000);
	media_leg_stats(env.leg.leg, &stats);
	assert_int_equal(stats.tx_underruns, 1);
	assert_true(ear.markers == 1 || rig_was_late(&env.rig));
	close_env();
}

static void an_end_in_a_frame_does_not_click(void **state)
{
	open_env(CODEC_PCMU, 20, 8000);
	write_ms(100);
	env.at += 4; /* and stop near the crest */
	write_ms(3);
	media_stream_end(env.stream, EIO);
	rig_leg_stream(&env.leg, env.stream);
	media_ear_until_played(&ear, 1);
	assert_int_equal(env.leg.played_err, EIO);
	assert_int_equal(ear.packets, 6);
	assert_true(media_ear_jump(&ear, 103 * 8, ear.n) < CLICK_8K);
	close_env();
}

static void an_empty_stream_ends_with_its_error(void **state)
{
	struct rig_packet pkt;

	open_env(CODEC_OPUS, 20, 16000);
	rig_leg_stream(&env.leg, env.stream);
	assert_false(rig_far_recv(&env.far, &pkt, 50));
	media_stream_end(env.stream, ETIMEDOUT);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_int_equal(env.leg.played_err, ETIMEDOUT);
	assert_false(rig_far_recv(&env.far, &pkt, 50));
	close_env();
}

static void the_writer_sees_a_stop(void **state)
{
	struct media_stream *second = NULL;
	int16_t pcm[160] = {0};

	open_env(CODEC_PCMU, 20, 8000);
	write_ms(1000);
	rig_leg_stream(&env.leg, env.stream);
	media_ear_until(&ear, 800);
	assert_false(media_stream_is_dropped(env.stream));
	rig_leg_stop(&env.leg);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_int_equal(env.leg.played_err, ECANCELED);
	assert_true(media_stream_is_dropped(env.stream));
	assert_int_equal(media_stream_write(env.stream, pcm, 160), 0);

	assert_int_equal(media_stream_alloc(&second, 8000, 8000), 0);
	rig_leg_stream(&env.leg, second);
	rig_leg_tones(&env.leg, "tone:800/40", 1); /* instead of it */
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 3));
	assert_true(media_stream_is_dropped(second));
	obj_unref(second);

	assert_int_equal(media_stream_alloc(&second, 8000, 8000), 0);
	rig_leg_stream(&env.leg, second);
	rig_leg_close_post(&env.leg);
	close_env();
	assert_true(media_stream_is_dropped(second));
	obj_unref(second);
}

/* ---- the ring alone, between two threads ---- */

enum {
	RING = 331,
	TOTAL = 400000
};

static void *writer(void *arg)
{
	struct media_stream *stream = arg;
	int16_t pcm[97];
	size_t n = 0, i;

	while (n < TOTAL) {
		const size_t want = MIN(1 + n % 97, TOTAL - n);

		for (i = 0; i < want; ++i)
			pcm[i] = (int16_t)((n + i) % 30011);
		n += media_stream_write(stream, pcm, want);
	}
	media_stream_end(stream, EPIPE);

	return NULL;
}

static void nothing_is_lost_between_two_threads(void **state)
{
	struct media_stream *stream = NULL;
	int16_t pcm[113];
	size_t n = 0, i, got;
	pthread_t tid;
	int err = 0;

	assert_int_equal(media_stream_alloc(&stream, 8000, RING), 0);
	assert_int_equal(media_stream_space(stream), RING);
	assert_int_equal(pthread_create(&tid, NULL, writer, stream), 0);
	while (!media_stream_is_over(stream, &err)) {
		got = media_stream_read(stream, pcm, 1 + n % 113);
		for (i = 0; i < got; ++i)
			if (pcm[i] != (int16_t)((n + i) % 30011))
				fail_msg("sample %zu is wrong", n + i);
		n += got;
	}
	assert_int_equal(pthread_join(tid, NULL), 0);
	assert_int_equal(n, TOTAL);
	assert_int_equal(err, EPIPE);
	obj_unref(stream);
}

static void odd_rates_are_refused(void **state)
{
	struct media_stream *stream = NULL;

	assert_int_equal(media_stream_alloc(&stream, 11025, 8000), EINVAL);
	assert_int_equal(media_stream_alloc(&stream, 8000, 0), EINVAL);
	assert_null(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_pcmu),
		cmocka_unit_test(stream_pcmu_30_ms),
		cmocka_unit_test(stream_g722),
		cmocka_unit_test(stream_opus),
		cmocka_unit_test(another_rate_is_resampled_down),
		cmocka_unit_test(another_rate_is_resampled_up),
		cmocka_unit_test(the_codec_changes_meanwhile),
		cmocka_unit_test(nothing_is_sent_before_the_first_samples),
		cmocka_unit_test(a_late_writer_is_silence_without_a_click),
		cmocka_unit_test(an_end_in_a_frame_does_not_click),
		cmocka_unit_test(an_empty_stream_ends_with_its_error),
		cmocka_unit_test(the_writer_sees_a_stop),
		cmocka_unit_test(nothing_is_lost_between_two_threads),
		cmocka_unit_test(odd_rates_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
