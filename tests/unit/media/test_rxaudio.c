/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "media/rxaudio.h"
#include "support/codec_signal.h"

enum {
	TICK_US = 20000,
	SECONDS = 3,
	TONE_HZ = 440
};

/* A sender that encodes a tone, and the receiver under test */
static struct {
	const struct codec *codec;
	struct codec_enc *enc;
	struct rxaudio *ra;
	unsigned rate, ms;
	size_t at; /* samples sent */
	uint16_t seq;
	uint32_t ts;
	int64_t now;
	int16_t heard[SECONDS * CODEC_RATE_MAX];
	size_t nheard, sounding;
} t;

static void open_both(enum codec_id id, unsigned rate, unsigned ms)
{
	memset(&t, 0, sizeof(t));
	t.codec = codec_by_id(id);
	t.rate = rate;
	t.ms = ms;
	t.seq = 65530;
	t.ts = 0xfffff000;
	assert_int_equal(codec_enc_alloc(&t.enc, t.codec, t.codec->rate, NULL),
			 0);
	assert_int_equal(rxaudio_alloc(&t.ra, t.codec, rate, 0, 0), 0);
}

static void close_both(void)
{
	t.enc = obj_unref(t.enc);
	t.ra = obj_unref(t.ra);
}

static void send_packet(bool lose)
{
	int16_t pcm[CODEC_RATE_MAX / 1000 * CODEC_PTIME_MAX];
	const size_t n = t.codec->rate / 1000 * t.ms;
	uint8_t payload[CODEC_PAYLOAD_MAX];
	struct rtp_packet pkt = {.seq = t.seq++, .ts = t.ts, .ssrc = 5};

	signal_sine(pcm, n, t.codec->rate, TONE_HZ, 8000.0, t.at);
	t.at += n;
	t.ts += codec_ts_units(t.codec, t.ms);
	assert_int_equal(codec_enc_run(t.enc, pcm, n, payload, sizeof(payload),
				       &pkt.len),
			 0);
	pkt.payload = payload;
	if (!lose)
		assert_int_equal(rxaudio_put(t.ra, &pkt, t.now), 0);
}

static void tick(void)
{
	const size_t n = t.rate / 50;

	if (t.nheard + n > sizeof(t.heard) / sizeof(*t.heard))
		t.nheard = 0;
	t.sounding += rxaudio_frame(t.ra, t.now, t.heard + t.nheard);
	t.nheard += n;
	t.now += TICK_US;
}

/* Three seconds; packet i is lost when i % every == every - 1 */
static void run(unsigned every)
{
	unsigned i = 0;

	for (int64_t sent_ms = 0; t.now < SECONDS * 1000000LL; tick())
		for (; sent_ms * 1000 <= t.now; sent_ms += t.ms, ++i)
			send_packet(every && i % every == every - 1);
}

static void check_tone(double min)
{
	const size_t part = t.rate / 10;

	/* the middle second, in tenths */
	for (size_t at = t.rate; at < 2 * t.rate; at += part) {
		const double level =
			signal_level(t.heard + at, part, t.rate, TONE_HZ);

		assert_true(level > 8000.0 * min && level < 9000.0);
	}
}

static void test_all_codecs_and_rates(void **state)
{
	static const unsigned rates[] = {8000, 16000, 48000};
	static const unsigned times[] = {10, 20, 40, 60};

	for (size_t c = 0; c < CODEC_NIDS; ++c)
		for (size_t r = 0; r < 3; ++r)
			for (size_t p = 0; p < 4; ++p) {
				open_both(codec_at(c)->id, rates[r], times[p]);
				run(0);
				check_tone(0.9);
				close_both();
			}
}

static void test_with_losses(void **state)
{
	for (size_t c = 0; c < CODEC_NIDS; ++c) {
		struct jitter_stats stats;

		open_both(codec_at(c)->id, 16000, 20);
		run(20);
		check_tone(0.6);
		rxaudio_stats(t.ra, &stats);
		assert_in_range(stats.lost, 6, 8);
		close_both();
	}
}

static void test_silence_before_and_after(void **state)
{
	int16_t frame[160];

	open_both(CODEC_PCMA, 8000, 20);
	for (int i = 0; i < 10; ++i) {
		memset(frame, 1, sizeof(frame));
		assert_false(rxaudio_frame(t.ra, t.now, frame));
		assert_true(signal_rms(frame, 160) < 1.0);
		t.now += TICK_US;
	}
	for (int i = 0; i < 10; ++i) {
		send_packet(false);
		tick();
	}
	assert_in_range(t.sounding, 7, 10);
	for (int i = 0; i < 10; ++i) /* it fades and ends */
		tick();
	assert_true(signal_rms(t.heard + t.nheard - 160, 160) < 1.0);
	assert_false(rxaudio_frame(t.ra, t.now, frame));
	close_both();
}

static void test_payloads_that_are_none(void **state)
{
	const uint8_t bad[] = {0x03}; /* no Opus */
	struct rtp_packet pkt = {.ssrc = 5};
	int16_t frame[960];

	open_both(CODEC_OPUS, 48000, 20);
	for (unsigned i = 0; i < 50; ++i, t.now += TICK_US) {
		pkt.seq = (uint16_t)i;
		pkt.ts = i * 960;
		pkt.payload = bad;
		pkt.len = i % 2;
		(void)rxaudio_put(t.ra, &pkt, t.now);
		(void)rxaudio_frame(t.ra, t.now, frame);
		assert_true(signal_rms(frame, 960) < 1.0);
	}
	close_both();
}

static void test_huge_payload(void **state)
{
	static const uint8_t big[RTP_PACKET_MAX] = {0x55};
	struct rtp_packet pkt = {.ssrc = 5, .payload = big, .len = 1488};
	int16_t frame[960];

	open_both(CODEC_PCMU, 48000, 20);
	for (unsigned i = 0; i < 100; ++i, t.now += TICK_US) {
		pkt.seq = (uint16_t)i;
		pkt.ts = i * 160;
		(void)rxaudio_put(t.ra, &pkt, t.now);
		(void)rxaudio_frame(t.ra, t.now, frame);
	}
	close_both();
}

static void test_skip_and_reset(void **state)
{
	struct rtp_packet pkt = {.ssrc = 5};
	struct jitter_stats stats;

	open_both(CODEC_G722, 16000, 20);
	for (int i = 0; i < 20; ++i) {
		send_packet(false);
		tick();
	}
	for (int i = 0; i < 5; ++i) {
		pkt.seq = t.seq++;
		pkt.ts = t.ts;
		assert_int_equal(rxaudio_skip(t.ra, &pkt, t.now), 0);
		tick();
	}
	t.ts += 5 * 160;
	for (int i = 0; i < 20; ++i) {
		send_packet(false);
		tick();
	}
	rxaudio_stats(t.ra, &stats);
	assert_int_equal(stats.lost, 0);

	rxaudio_reset(t.ra);
	t.sounding = 0;
	tick();
	assert_int_equal(t.sounding, 0);
	for (int i = 0; i < 20; ++i) {
		send_packet(false);
		tick();
	}
	assert_true(t.sounding >= 18);
	close_both();
}

static void test_params(void **state)
{
	struct rxaudio *ra = NULL;

	assert_int_equal(rxaudio_alloc(&ra, NULL, 8000, 0, 0), EINVAL);
	assert_int_equal(
		rxaudio_alloc(&ra, codec_by_id(CODEC_PCMU), 44100, 0, 0),
		EINVAL);
	assert_int_equal(
		rxaudio_alloc(&ra, codec_by_id(CODEC_PCMU), 8000, 300, 200),
		EINVAL);
	assert_null(ra);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_codecs_and_rates),
		cmocka_unit_test(test_with_losses),
		cmocka_unit_test(test_silence_before_and_after),
		cmocka_unit_test(test_payloads_that_are_none),
		cmocka_unit_test(test_huge_payload),
		cmocka_unit_test(test_skip_and_reset),
		cmocka_unit_test(test_params),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
