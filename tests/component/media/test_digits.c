/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digits both ways: telephone-events and tones in the sound */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <spandsp.h>
#include <string.h>

#include "common/obj.h"
#include "support/media_ear.h"

struct env {
	struct rig rig;
	struct rig_far far;
	struct rig_leg leg;
	struct media_session sess;
};

static struct env env;

static void open_env(enum codec_id id, bool inband)
{
	memset(&env, 0, sizeof(env));
	rig_open(&env.rig, NULL);
	rig_far_open(&env.far, "127.0.0.1", codec_by_id(id));
	rig_session(&env.sess, codec_by_id(id), &env.far);
	if (inband) {
		env.sess.dtmf_pt = -1;
		env.sess.dtmf = MEDIA_DTMF_INBAND;
	}
	rig_leg_open(&env.leg, &env.rig, &env.sess, &env.far);
}

static void close_env(void)
{
	rig_leg_close(&env.leg);
	rig_far_close(&env.far);
	rig_close(&env.rig);
}

static void press(unsigned code, unsigned ends)
{
	const uint32_t ts = env.far.ts;
	struct media_stats before;
	unsigned i;

	media_leg_stats(env.leg.leg, &before);
	for (i = 0; i < 5 + ends; ++i)
		rig_far_send_event(&env.far, code, i >= 5, 160 * (i + 1), ts);
	env.far.ts += 160 * 10;
	assert_true(rig_wait_rx(&env.leg, before.rx_packets + i));
	rig_sleep_ms(15); /* within what a leg may take */
}

static void events_in(void **state)
{
	unsigned code;

	open_env(CODEC_PCMU, false);
	rig_latch(&env.leg, &env.far);
	for (code = 0; code < 16; ++code)
		press(code, 3);
	press(1, 0); /* all its ends are lost */
	press(1, 3); /* the same digit again */
	press(2, 1);
	assert_true(rig_wait(&env.leg, &env.leg.ndigits, 19));
	rig_assert_digits(&env.leg, "0123456789*#ABCD112");

	press(3, 0);
	assert_true(rig_wait(&env.leg, &env.leg.ndigits, 20));
	rig_sleep_ms(600); /* given up as released meanwhile */
	press(3, 3);
	assert_true(rig_wait(&env.leg, &env.leg.ndigits, 21));
	close_env();
}

static void no_other_than_digits(void **state)
{
	open_env(CODEC_PCMU, false);
	rig_latch(&env.leg, &env.far);
	press(16, 3); /* flash hook */
	press(200, 3);
	press(7, 3);
	assert_true(rig_wait(&env.leg, &env.leg.ndigits, 1));
	rig_assert_digits(&env.leg, "7");
	close_env();
}

/* Tones of a phone, sent as its sound, 20 ms after 20 ms */
static void sing(const char *digits, const struct codec *codec)
{
	const unsigned rate = codec->id == CODEC_OPUS ? 8000 : codec->rate;
	dtmf_tx_state_t *tx = dtmf_tx_init(NULL);
	uint8_t payload[CODEC_PAYLOAD_MAX];
	struct codec_enc *enc = NULL;
	int16_t pcm8[160], pcm[320];
	int64_t at_us = rig_now_us();
	size_t i, len;
	int n, quiet = 0;

	assert_int_equal(codec_enc_alloc(&enc, codec, rate, NULL), 0);
	dtmf_tx_set_timing(tx, 80, 80);
	dtmf_tx_put(tx, digits, -1);
	while (quiet < 20) {
		n = dtmf_tx(tx, pcm8, 160);
		memset(pcm8 + n, 0, (size_t)(160 - n) * sizeof(*pcm8));
		quiet += n < 160;
		for (i = 0; i < rate / 50; ++i) /* crude; tones are low */
			pcm[i] = pcm8[i * 160 / (rate / 50)];
		assert_int_equal(codec_enc_run(enc, pcm, rate / 50, payload,
					       sizeof(payload), &len),
				 0);
		rig_far_send(&env.far, payload, len, false);
		at_us += 20000;
		if (at_us > rig_now_us())
			rig_sleep_ms((unsigned)(at_us - rig_now_us()) / 1000);
	}
	obj_unref(enc);
	dtmf_tx_free(tx);
}

/* A machine that stalls the test tears its sound: then sing again.
 * @return true when its echo came back too
 */
static bool hears(enum codec_id id, const char *digits, bool echo)
{
	unsigned tries;
	bool echoed = false;

	for (tries = 0; tries < 10; ++tries) {
		struct rig_packet pkt;

		open_env(id, true);
		if (echo)
			rig_leg_echo(&env.leg, true);
		sing(digits, codec_by_id(id));
		rig_sleep_ms(100);
		echoed = rig_far_recv(&env.far, &pkt, 0);
		close_env();
		if (!strcmp(env.leg.digits, digits))
			return echoed;
	}
	assert_string_equal(env.leg.digits, digits);

	return false;
}

static void inband_in(void **state)
{
	hears(CODEC_PCMU, "159D*#0", false);
	hears(CODEC_PCMA, "2580A", false);
	hears(CODEC_G722, "3690B", false);
	hears(CODEC_OPUS, "147*C", false);
}

static void inband_beside_echo(void **state)
{
	assert_true(hears(CODEC_PCMU, "42", true));
}

/* What stands in a telephone-event that we sent */
struct event {
	unsigned code, units;
	bool end;
};

static struct event event_of(const struct rig_packet *pkt)
{
	const uint8_t *p = pkt->rtp.payload;

	assert_int_equal(pkt->rtp.len, 4);

	return (struct event){.code = p[0],
			      .end = p[1] & 0x80,
			      .units = (unsigned)p[2] << 8 | p[3]};
}

static void events_out(void **state)
{
	const unsigned codes[] = {1, 1, 11, 12};
	struct rig_packet pkt;
	uint32_t id, ts = 0;
	uint16_t seq = 0;
	unsigned digit = 0, ends = 0, n = 0;

	open_env(CODEC_PCMU, false);
	rig_leg_echo(&env.leg, true); /* silent while digits go out */
	id = rig_leg_dtmf(&env.leg, "11w#a", 100, 60);
	while (digit < G_N_ELEMENTS(codes)) {
		struct event ev;

		assert_true(rig_far_recv(&env.far, &pkt, RIG_WAIT_MS));
		assert_int_equal(pkt.rtp.pt, RIG_PT_EVENT);
		if (n++)
			assert_int_equal(pkt.rtp.seq, (uint16_t)(seq + 1));
		seq = pkt.rtp.seq;
		ev = event_of(&pkt);
		assert_int_equal(ev.code, codes[digit]);
		if (pkt.rtp.marker) {
			assert_int_equal(ends, 0);
			assert_true(!digit || rtp_ts_diff(ts, pkt.rtp.ts) >=
						      8 * (100 + 60));
			ts = pkt.rtp.ts;
		}
		assert_int_equal(pkt.rtp.ts, ts);
		if (ev.end) {
			assert_int_equal(ev.units, 800);
			if (++ends == 3) {
				ends = 0;
				++digit;
			}
		}
	}
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_int_equal(env.leg.played_id, id);
	assert_int_equal(env.leg.played_err, 0);
	close_env();
}

static void inband_out(void **state)
{
	const struct codec *codec = codec_by_id(CODEC_PCMA);
	dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);
	struct codec_dec *dec = NULL;
	struct rig_packet pkt;
	int16_t pcm[CODEC_DECODE_MAX];
	char digits[16] = "";
	size_t n;

	open_env(CODEC_PCMA, true);
	assert_int_equal(codec_dec_alloc(&dec, codec, 8000), 0);
	rig_leg_dtmf(&env.leg, "0w9B*", 80, 80);
	while (rig_far_recv_play(&env.far, &pkt, &env.leg, 1)) {
		assert_int_equal(codec_dec_run(dec, pkt.rtp.payload,
					       pkt.rtp.len, pcm,
					       CODEC_DECODE_MAX, &n),
				 0);
		dtmf_rx(rx, pcm, (int)n);
	}
	dtmf_rx_get(rx, digits, sizeof(digits) - 1);
	assert_string_equal(digits, "09B*");
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	obj_unref(dec);
	dtmf_rx_free(rx);
	close_env();
}

static void digits_interrupt_a_tone_and_queue(void **state)
{
	struct rig_packet pkt;
	unsigned events = 0, tones = 0;
	uint16_t seq = 0;
	unsigned n = 0;

	open_env(CODEC_PCMU, false);
	rig_leg_tones(&env.leg, "tone:800/600", 1);
	rig_leg_dtmf(&env.leg, "1", 60, 20);
	rig_leg_dtmf(&env.leg, "2", 60, 20);
	while (rig_far_recv_play(&env.far, &pkt, &env.leg, 3)) {
		if (n++)
			assert_int_equal(pkt.rtp.seq, (uint16_t)(seq + 1));
		seq = pkt.rtp.seq;
		if (pkt.rtp.pt == RIG_PT_EVENT)
			++events;
		else
			++tones;
	}
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 3));
	assert_int_equal(tones, 30);
	assert_true(events >= 10);
	close_env();
}

/* Who presses faster than digits can be sent on: a queue is no memory leak */
static void no_more_wait_than_can_be_sent(void **state)
{
	uint32_t id = 0;
	unsigned i;

	open_env(CODEC_PCMU, false);
	for (i = 0; i < 33; ++i)
		id = rig_leg_dtmf(&env.leg, "wwwwwwwwww", 100, 50);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 1));
	assert_int_equal(env.leg.played_id, id);
	assert_int_equal(env.leg.played_err, EBUSY);
	rig_leg_stop(&env.leg);
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 33));
	assert_int_equal(env.leg.played_err, ECANCELED);
	(void)rig_leg_dtmf(&env.leg, "w", 100, 50); /* there is room again */
	assert_true(rig_wait(&env.leg, &env.leg.nplayed, 34));
	assert_int_equal(env.leg.played_err, 0);
	close_env();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_in),
		cmocka_unit_test(no_other_than_digits),
		cmocka_unit_test(inband_in),
		cmocka_unit_test(inband_beside_echo),
		cmocka_unit_test(events_out),
		cmocka_unit_test(inband_out),
		cmocka_unit_test(digits_interrupt_a_tone_and_queue),
		cmocka_unit_test(no_more_wait_than_can_be_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
