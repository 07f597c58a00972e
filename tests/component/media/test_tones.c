/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a caller hears of a tone: frequency, cadence, packets, its end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "support/media_ear.h"

struct env {
	struct rig rig;
	struct rig_far far;
	struct rig_leg leg;
	struct media_session sess;
};

static struct env env;
static struct media_ear heard;

static void open_env(enum codec_id id, unsigned ptime_ms)
{
	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(id));
	rig_session(&env.sess, codec_by_id(id), &env.far);
	env.sess.ptime_ms = ptime_ms;
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
}

static void close_env(void)
{
	rig_leg_close(&env.leg);
	rig_far_close(&env.far);
	rig_close(&env.rig);
}

static double level(unsigned from_ms, unsigned to_ms, double hz)
{
	return media_ear_level(&heard, from_ms, to_ms, hz);
}

static void a_tone_sounds(enum codec_id id)
{
	uint32_t play_id;

	open_env(id, 20);
	media_ear_open(&heard, &env.leg, &env.far);
	play_id = rig_leg_tones(&env.leg, "tone:800/500", 1);
	media_ear_until_played(&heard, 1);
	assert_int_equal(heard.packets, 25);
	assert_true(heard.markers == 1 || rig_was_late(&env.rig));
	assert_true(level(100, 400, 800) > 0.1);
	assert_true(level(100, 400, 800) > 20 * level(100, 400, 1200));
	assert_true(level(100, 400, 800) > 20 * level(100, 400, 400));
	assert_int_equal(env.leg.played_id, play_id);
	assert_int_equal(env.leg.played_err, 0);
	close_env();
}

static void tone_pcmu(void **state)
{
	a_tone_sounds(CODEC_PCMU);
}

static void tone_pcma(void **state)
{
	a_tone_sounds(CODEC_PCMA);
}

static void tone_g722(void **state)
{
	a_tone_sounds(CODEC_G722);
}

static void tone_opus(void **state)
{
	a_tone_sounds(CODEC_OPUS);
}

static void cadence_and_loops(void **state)
{
	open_env(CODEC_PCMA, 20);
	media_ear_open(&heard, &env.leg, &env.far);
	rig_leg_tones(&env.leg, "tone:440+480/200,0/200", 2);
	media_ear_until_played(&heard, 1);
	assert_int_equal(heard.packets, 40);
	assert_true(level(20, 180, 440) > 0.05);
	assert_true(level(20, 180, 480) > 0.05);
	assert_true(level(220, 380, 440) < 0.005);
	assert_true(level(420, 580, 480) > 0.05);
	assert_true(level(620, 780, 480) < 0.005);
	close_env();
}

static void packet_times(void **state)
{
	const unsigned ptimes[] = {10, 20, 30, 40, 50, 60};
	size_t i, c;

	for (c = 0; c < CODEC_NIDS; ++c)
		for (i = 0; i < G_N_ELEMENTS(ptimes); ++i) {
			const struct codec *codec = codec_at(c);
			unsigned used;

			open_env(codec->id, ptimes[i]);
			used = codec_ptime(codec, ptimes[i]);
			media_ear_open(&heard, &env.leg, &env.far);
			rig_leg_tones(&env.leg, "tone:1000/240", 1);
			media_ear_until_played(&heard, 1);
			assert_int_equal(heard.packets,
					 (240 + used - 1) / used);
			assert_true(level(60, 200, 1000) > 0.1);
			close_env();
		}
}

static void another_play_replaces_the_first(void **state)
{
	struct rig_packet pkt;
	uint32_t first, second;

	open_env(CODEC_PCMU, 20);
	first = rig_leg_tones(&env.leg, "tone:800", 0);
	assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	second = rig_leg_tones(&env.leg, "tone:1000", 1);
	assert_int_not_equal(first, second);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_int_equal(env.leg.played_id, first);
	assert_int_equal(env.leg.played_err, ECANCELED);

	rig_leg_stop(&env.leg);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 2));
	assert_int_equal(env.leg.played_id, second);
	assert_int_equal(env.leg.played_err, ECANCELED);

	while (rig_far_recv(&env.far, &pkt, 100))
		;
	rig_leg_stop(&env.leg); /* nothing plays: no word of it */
	rig_leg_tones(&env.leg, "tone:800/20", 1);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 3));
	assert_int_equal(env.leg.played_err, 0);
	close_env();
}

static void close_during_play(void **state)
{
	struct rig_packet pkt;

	open_env(CODEC_G722, 20);
	rig_leg_tones(&env.leg, "tone:800", 0);
	rig_leg_dtmf(&env.leg, "123", 100, 100);
	assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	rig_leg_tones(&env.leg, "tone:900", 0); /* its played() is dropped */
	rig_leg_close_post(&env.leg);
	close_env();
	assert_int_equal(env.leg.nlate, 0);
}

static void codec_changes_while_it_plays(void **state)
{
	struct media_session sess;
	struct rig_packet pkt;
	uint16_t seq;
	unsigned i;

	open_env(CODEC_PCMU, 20);
	rig_leg_tones(&env.leg, "tone:800", 0);
	for (i = 0; i < 3; ++i)
		assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	rig_session(&sess, codec_by_id(CODEC_G722), &env.far);
	assert_int_equal(rig_leg_start(&env.leg, &sess), 0);
	do {
		seq = pkt.rtp.seq;
		assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
		assert_int_equal(pkt.rtp.seq, (uint16_t)(seq + 1));
	} while (pkt.rtp.pt != sess.pt);
	assert_true(pkt.rtp.marker);
	close_env();
}

static void play_before_the_start_waits(void **state)
{
	struct rig_packet pkt;

	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(CODEC_PCMU));
	rig_session(&env.sess, codec_by_id(CODEC_PCMU), &env.far);
	assert_int_equal(rig_leg_alloc(&env.leg, &env.rig, NULL), 0);
	rig_leg_tones(&env.leg, "tone:800/40", 1);
	assert_false(rig_far_recv(&env.far, &pkt, 50));
	assert_int_equal(rig_leg_start(&env.leg, &env.sess), 0);
	assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	close_env();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tone_pcmu),
		cmocka_unit_test(tone_pcma),
		cmocka_unit_test(tone_g722),
		cmocka_unit_test(tone_opus),
		cmocka_unit_test(cadence_and_loops),
		cmocka_unit_test(packet_times),
		cmocka_unit_test(another_play_replaces_the_first),
		cmocka_unit_test(close_during_play),
		cmocka_unit_test(codec_changes_while_it_plays),
		cmocka_unit_test(play_before_the_start_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
