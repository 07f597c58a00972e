/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A browser's calls, from the token to the end, with a core that takes notes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "common/str.h"
#include "media/leg_priv.h"
#include "media/rtp.h"
#include "support/wrtc_rig.h"

static struct wrtc_rig rig;
static struct wrtc_core device, phone;
static char *ticket;

static void open_rig(const struct wrtc_params *prm)
{
	memset(&rig, 0, sizeof(rig));
	rig.prm = *prm;
	wrtc_rig_open(&rig);
	assert_int_equal(wrtc_core_open(&rig, &device), 0);
	assert_int_equal(wrtc_core_open(&rig, &phone), 0);
	ticket = NULL;
}

static int setup_with(const struct wrtc_params *prm)
{
	open_rig(prm);
	ticket = wrtc_rig_register(&rig, &device);

	return 0;
}

static int setup(void **state)
{
	return setup_with(&(struct wrtc_params){0});
}

/* Impatient in one thing each: a slow test is given time for the others */
static int setup_lost(void **state)
{
	return setup_with(&(struct wrtc_params){.lost_ms = 300});
}

static int setup_connect(void **state)
{
	return setup_with(&(struct wrtc_params){.connect_ms = 300});
}

static int setup_ticket(void **state)
{
	return setup_with(&(struct wrtc_params){.ticket_s = 1});
}

static int setup_auth(void **state)
{
	open_rig(&(struct wrtc_params){.auth_ms = 100});

	return 0;
}

static int teardown(void **state)
{
	wrtc_rig_close(&rig);
	wrtc_core_close(&rig, &phone);
	wrtc_core_close(&rig, &device);
	g_free(ticket);

	return 0;
}

static void say(struct wrtc_core *core, const char *text)
{
	assert_int_equal(wrtc_core_say(&rig, core, text, NULL), 0);
}

static void expect(struct wrtc_core *core, const char *name)
{
	json_decref(wrtc_core_event(core, name));
}

static void nap_ms(long ms)
{
	const struct timespec ts = {.tv_nsec = ms * 1000000};

	nanosleep(&ts, NULL);
}

static void assert_hangup(const char *id, const char *by, const char *reason,
			  const char *code)
{
	json_t *doc = wrtc_rig_ended(&rig, id);
	const json_t *hangup = json_object_get(doc, "hangup");

	assert_string_equal(json_str(doc, "endpoint", ""), "webrtc");
	assert_string_equal(json_str(hangup, "by", ""), by);
	assert_string_equal(json_str(hangup, "reason", ""), reason);
	assert_string_equal(json_str(hangup, "code", ""), code);
	json_decref(doc);
}

static void test_a_call_from_dial_to_hangup(void **state)
{
	char id[ID_SIZE];
	json_t *event, *doc;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	/* the flow's tone is for us */
	assert_true(wrtc_core_wait(&phone, &phone.rtp_audio, 10));
	say(&phone, "{\"request\":\"hangup\"}");
	event = wrtc_core_event(&phone, "hangup");
	assert_string_equal(json_str(event, "call_id", ""), id);
	assert_string_equal(json_str(event, "by", ""), "remote");
	assert_string_equal(json_str(event, "transaction", ""), "tr");
	json_decref(event);
	assert_true(wrtc_core_wait(&phone, &phone.closes, 1));
	assert_hangup(id, "remote", "normal", "");

	doc = wrtc_rig_ended(&rig, id);
	event = json_object_get(doc, "source");
	assert_string_equal(json_str(event, "type", ""), "extension");
	assert_string_equal(json_str(event, "target", ""), "1000@demo.local");
	event = json_object_get(doc, "media");
	assert_string_equal(
		json_str(json_object_get(event, "audio"), "codec", ""), "opus");
	assert_string_equal(
		json_str(json_object_get(event, "video"), "codec", ""), "VP8");
	json_decref(doc);

	say(&phone, "{\"request\":\"hangup\"}");
	expect(&phone, "wrong_state");
}

static void test_the_answer_is_what_janus_takes(void **state)
{
	json_t *msg = json_pack("{s:s, s:s, s:s}", "request", "call", "ticket",
				ticket, "destination", "demo");
	json_t *event;
	const char *sdp;

	assert_int_equal(wrtc_core_send(&rig, &phone, msg,
					json_pack("{s:s, s:s}", "type", "offer",
						  "sdp", wrtc_rig_offer)),
			 0);
	event = wrtc_core_event(&phone, "accepted");
	sdp = json_str(event, "sdp", "");
	assert_non_null(strstr(sdp, "m=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\n"));
	assert_non_null(strstr(sdp, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"));
	assert_non_null(strstr(sdp, "a=rtcp-fb:96 nack pli\r\n"));
	assert_null(strstr(sdp, "transport-cc"));
	/* refused, whatever it offers */
	assert_non_null(strstr(sdp, "m=application 0 UDP/DTLS/SCTP"));
	json_decref(event);
}

static void test_digits_and_echo(void **state)
{
	struct rtp_packet first, second;
	char id[ID_SIZE];
	unsigned i;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	say(&phone, "{\"request\":\"dtmf\",\"digits\":\"1\"}");
	expect(&phone, "dtmf_received");
	/* the echo begins with a key frame */
	assert_true(wrtc_core_wait(&phone, &phone.plis, 1));
	for (i = 0; i < 5; ++i)
		wrtc_core_rtp(&rig, &phone, true, (uint16_t)(65533 + i));
	assert_true(wrtc_core_wait(&phone, &phone.rtp_video, 5));
	assert_int_equal(rtp_parse(&first, phone.last, phone.last_len), 0);
	assert_int_equal(first.pt, WRTC_RIG_VIDEO_PT);

	/* another stream goes on in the same numbers */
	wrtc_core_rtp(&rig, &phone, true, 20000);
	assert_true(wrtc_core_wait(&phone, &phone.rtp_video, 6));
	assert_int_equal(rtp_parse(&second, phone.last, phone.last_len), 0);
	assert_int_equal((uint16_t)(second.seq - first.seq), 1);
	assert_int_equal(second.ssrc, first.ssrc);
	say(&phone, "{\"request\":\"hangup\"}");
	assert_hangup(id, "remote", "normal", "");
}

static void nothing(void *arg)
{
}

/* Thread: media */
static void on_settled(struct media_thread *th, void *arg)
{
	sem_post(arg);
}

/* What was asked of the loop, and by it of media, has been done */
static void settle(void)
{
	sem_t done;

	api_rig_on_loop(&rig.api, nothing, NULL);
	sem_init(&done, 0, 0);
	assert_int_equal(media_post(&rig.media->threads[0], on_settled, &done),
			 0);
	while (sem_wait(&done))
		;
	sem_destroy(&done);
}

static void test_sound_comes_back(void **state)
{
	char id[ID_SIZE];
	unsigned before, i;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	say(&phone, "{\"request\":\"dtmf\",\"digits\":\"1\"}");
	assert_true(wrtc_core_wait(&phone, &phone.plis, 1));
	settle(); /* the flow's tone has ended */
	before = wrtc_core_count(&phone, &phone.rtp_audio);
	for (i = 0; i < 50; ++i) {
		wrtc_core_rtp(&rig, &phone, false, (uint16_t)i);
		nap_ms(2);
	}
	assert_true(wrtc_core_wait(&phone, &phone.rtp_audio, before + 50));

	/* muted: what they say goes nowhere */
	say(&phone, "{\"request\":\"mute\"}");
	expect(&phone, "muted");
	before = wrtc_core_count(&phone, &phone.rtp_audio);
	for (i = 50; i < 60; ++i)
		wrtc_core_rtp(&rig, &phone, false, (uint16_t)i);
	nap_ms(50);
	assert_int_equal(wrtc_core_count(&phone, &phone.rtp_audio), before);
	say(&phone, "{\"request\":\"unmute\"}");
	expect(&phone, "unmuted");
	wrtc_core_rtp(&rig, &phone, false, 60);
	assert_true(wrtc_core_wait(&phone, &phone.rtp_audio, before + 1));
}

/* RFC 4733: the digit 1, whose end is said three times */
static void press_one(unsigned nth)
{
	struct rtp_packet pkt = {
		.pt = WRTC_RIG_DTMF_PT,
		.marker = true,
		.ts = 48000 * (nth + 1),
		.ssrc = 11,
	};
	uint8_t buf[RTP_HEADER_LEN + 4] = {0};
	unsigned i;

	for (i = 0; i < 6; ++i) {
		pkt.seq = (uint16_t)(nth * 6 + i);
		rtp_write(buf, &pkt);
		buf[RTP_HEADER_LEN] = 1;
		buf[RTP_HEADER_LEN + 1] = i < 3 ? 10 : 0x80 | 10;
		buf[RTP_HEADER_LEN + 2] = (uint8_t)((i + 1) * 160 >> 8);
		buf[RTP_HEADER_LEN + 3] = (uint8_t)((i + 1) * 160);
		wrtc_rtp(rig.gw, &phone.slot, false, buf, sizeof(buf));
		pkt.marker = false;
	}
}

static void test_digits_in_the_media(void **state)
{
	char id[ID_SIZE];
	unsigned i;

	/* what comes before its thread has taken the leg is not heard: as a
	 * person would, press again */
	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	for (i = 0; i < 50 && !wrtc_core_count(&phone, &phone.plis); ++i) {
		press_one(i);
		nap_ms(100);
	}
	/* the flow went to its echo */
	assert_true(wrtc_core_wait(&phone, &phone.plis, 1));
}

/* RFC 4585 §6.3.1: PLI */
static const uint8_t pli[] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};

/* So many that go into one, since then. @return How many more a machine that
 * stalls the test makes of them */
static unsigned send_plis(int64_t since_us)
{
	unsigned i;

	for (i = 0; i < 20; ++i)
		wrtc_rtcp(rig.gw, &phone.slot, true, pli, sizeof(pli));

	return (unsigned)((g_get_monotonic_time() - since_us) / 400000);
}

static void test_plis_are_merged(void **state)
{
	char id[ID_SIZE];
	int64_t since_us;
	unsigned more;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	/* nothing is echoed: nobody's key frames are needed */
	wrtc_rtcp(rig.gw, &phone.slot, true, pli, sizeof(pli));
	since_us = g_get_monotonic_time();
	say(&phone, "{\"request\":\"dtmf\",\"digits\":\"1\"}");
	assert_true(wrtc_core_wait(&phone, &phone.plis, 1));
	more = send_plis(since_us);
	nap_ms(600);
	more += send_plis(g_get_monotonic_time());
	assert_true(wrtc_core_wait(&phone, &phone.plis, 2));
	nap_ms(20);
	assert_in_range(wrtc_core_count(&phone, &phone.plis), 2, 2 + more);
}

static void test_packets_of_a_wrong_size(void **state)
{
	uint8_t buf[2000] = {0x80, WRTC_RIG_AUDIO_PT};
	struct wrtc_stats stats;
	char id[ID_SIZE];

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	wrtc_rtp(rig.gw, &phone.slot, false, buf, 11);
	wrtc_rtp(rig.gw, &phone.slot, true, buf, 1501);
	wrtc_rtp(rig.gw, &phone.slot, false, buf, 0);
	wrtc_rtcp(rig.gw, &phone.slot, false, buf, 7);
	wrtc_stats(rig.gw, &stats);
	assert_int_equal(stats.refused_packets, 4);
	assert_int_equal(stats.legs, 1);
	assert_int_equal(stats.devices, 1);
}

static void test_a_wrong_token(void **state)
{
	unsigned i;

	for (i = 0; i < 3; ++i) {
		say(&phone, "{\"request\":\"register\",\"token\":\"bfd_x\"}");
		expect(&phone, "unauthorized");
	}
	assert_true(wrtc_core_wait(&phone, &phone.ends, 1));
}

static void test_without_a_token(void **state)
{
	assert_int_equal(
		wrtc_core_say(&rig, &phone,
			      "{\"request\":\"call\",\"destination\":\"demo\"}",
			      wrtc_rig_offer),
		0);
	expect(&phone, "unauthorized");
	say(&phone, "{\"request\":\"call\",\"destination\":\"demo\","
		    "\"ticket\":\"bft_nobody\"}");
	expect(&phone, "offer_missing");
	assert_int_equal(wrtc_core_say(&rig, &phone,
				       "{\"request\":\"call\",\"destination\":"
				       "\"demo\",\"ticket\":\"bft_nobody\"}",
				       wrtc_rig_offer),
			 0);
	expect(&phone, "unauthorized");
}

static void test_a_ticket_dies_with_its_device(void **state)
{
	json_t *msg = json_pack("{s:s, s:s, s:s}", "request", "call", "ticket",
				ticket, "destination", "demo");

	wrtc_core_close(&rig, &device);
	assert_int_equal(wrtc_core_open(&rig, &device), 0);
	assert_int_equal(wrtc_core_send(&rig, &phone, msg,
					json_pack("{s:s, s:s}", "type", "offer",
						  "sdp", wrtc_rig_offer)),
			 0);
	expect(&phone, "unauthorized");
}

static void test_a_device_ends_with_its_extension(void **state)
{
	char *text = api_rig_text(&rig.api, "SELECT id FROM extension", NULL);
	char extension[ID_SIZE], id[ID_SIZE];
	const struct api_ask ask = {.verb = "extensions.delete",
				    .id = extension};
	json_t *call;

	str_copy(extension, sizeof(extension), text ? text : "");
	g_free(text);
	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	json_decref(api_rig_ok(api_rig_ask(&rig.api, &ask)));
	expect(&device, "unauthorized");
	assert_true(wrtc_core_wait(&device, &device.ends, 1));

	/* the call goes on */
	say(&phone, "{\"request\":\"hangup\"}");
	call = wrtc_rig_ended(&rig, id);
	assert_string_equal(
		json_str(json_object_get(call, "hangup"), "reason", ""),
		"normal");
	json_decref(call);
}

static void test_a_call_by_token_alone(void **state)
{
	json_t *msg = json_pack("{s:s, s:s, s:s}", "request", "call", "token",
				rig.token, "destination", "sip:demo@anywhere");

	assert_int_equal(wrtc_core_send(&rig, &phone, msg,
					json_pack("{s:s, s:s}", "type", "offer",
						  "sdp", wrtc_rig_offer)),
			 0);
	expect(&phone, "calling");
	expect(&phone, "accepted");
}

static void test_no_route(void **state)
{
	json_t *msg = json_pack("{s:s, s:s, s:s}", "request", "call", "ticket",
				ticket, "destination", "+4512345678");

	assert_int_equal(wrtc_core_send(&rig, &phone, msg,
					json_pack("{s:s, s:s}", "type", "offer",
						  "sdp", wrtc_rig_offer)),
			 0);
	expect(&phone, "no_route");
}

static void test_the_registered_hears_of_its_calls(void **state)
{
	char id[ID_SIZE];
	json_t *event, *calls;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	say(&device, "{\"request\":\"register\"}");
	event = wrtc_core_event(&device, "registered");
	calls = json_object_get(event, "calls");
	assert_int_equal(json_array_size(calls), 1);
	assert_string_equal(json_str(json_array_get(calls, 0), "call_id", ""),
			    id);
	assert_string_not_equal(json_str(event, "ticket", ""), ticket);
	json_decref(event);
}

static void test_the_handle_goes(void **state)
{
	char id[ID_SIZE];

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	wrtc_destroy(rig.gw, &phone.slot);
	assert_hangup(id, "remote", "normal", "browser_lost");
}

static void test_the_connection_goes(void **state)
{
	char id[ID_SIZE];

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	wrtc_media_down(rig.gw, &phone.slot);
	assert_hangup(id, "remote", "normal", "browser_lost");
	expect(&phone, "hangup");
}

static void test_the_platform_stops(void **state)
{
	char id[ID_SIZE];
	json_t *event;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	wrtc_rig_hang_up(&rig);
	event = wrtc_core_event(&phone, "hangup");
	assert_string_equal(json_str(event, "by", ""), "system");
	assert_string_equal(json_str(event, "code", ""), "node_stopped");
	json_decref(event);
	assert_hangup(id, "system", "normal", "node_stopped");
}

static void test_silence_ends_it(void **state)
{
	char id[ID_SIZE];
	unsigned i;

	wrtc_rig_call(&rig, &phone, ticket, "demo", id);
	for (i = 0; i < 10; ++i) {
		wrtc_core_rtp(&rig, &phone, false, (uint16_t)i);
		nap_ms(50);
	}
	assert_hangup(id, "system", "timeout", "media_timeout");
	expect(&phone, "hangup");
}

static void test_it_never_connects(void **state)
{
	json_t *event,
		*msg = json_pack("{s:s, s:s, s:s}", "request", "call", "ticket",
				 ticket, "destination", "demo");

	assert_int_equal(wrtc_core_send(&rig, &phone, msg,
					json_pack("{s:s, s:s}", "type", "offer",
						  "sdp", wrtc_rig_offer)),
			 0);
	expect(&phone, "accepted");
	event = wrtc_core_event(&phone, "hangup");
	assert_string_equal(json_str(event, "code", ""), "media_timeout");
	assert_string_equal(json_str(event, "reason", ""), "failed");
	json_decref(event);
}

static void test_who_says_nothing_is_ended(void **state)
{
	expect(&phone, "unauthorized");
	assert_true(wrtc_core_wait(&phone, &phone.ends, 1));
}

static void test_tickets_are_renewed(void **state)
{
	json_t *event = wrtc_core_event(&device, "ticket");

	assert_string_not_equal(json_str(event, "ticket", ""), ticket);
	json_decref(event);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define IMPATIENT(fn, in)                                                      \
	cmocka_unit_test_setup_teardown(fn, setup_##in, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_call_from_dial_to_hangup),
		TEST(test_the_answer_is_what_janus_takes),
		TEST(test_digits_and_echo),
		TEST(test_sound_comes_back),
		TEST(test_digits_in_the_media),
		TEST(test_plis_are_merged),
		TEST(test_packets_of_a_wrong_size),
		TEST(test_a_wrong_token),
		TEST(test_without_a_token),
		TEST(test_a_ticket_dies_with_its_device),
		TEST(test_a_device_ends_with_its_extension),
		TEST(test_a_call_by_token_alone),
		TEST(test_no_route),
		TEST(test_the_registered_hears_of_its_calls),
		TEST(test_the_handle_goes),
		TEST(test_the_connection_goes),
		TEST(test_the_platform_stops),
		IMPATIENT(test_silence_ends_it, lost),
		IMPATIENT(test_it_never_connects, connect),
		IMPATIENT(test_who_says_nothing_is_ended, auth),
		IMPATIENT(test_tickets_are_renewed, ticket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
