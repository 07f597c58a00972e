/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two browsers see each other: packets, numbers, key frames, and the end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "media/rtp.h"
#include "support/wrtc_ear.h"

enum {
	THEIR_PT = 120, /* VP8, as the second browser numbers it */
};

/* Another browser: VP8 has another number, H.264 comes first, or alone */
#define OFFER(formats)                                                         \
	"v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"                    \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 1.1.1.1\r\na=mid:0\r\n"   \
	"a=rtpmap:111 opus/48000/2\r\n"                                        \
	"m=video 9 UDP/TLS/RTP/SAVPF " formats "c=IN IP4 1.1.1.1\r\n"          \
	"a=mid:1\r\n"
#define VP8 "a=rtpmap:120 VP8/90000\r\n"
#define H264 "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1\r\n"

static const char offer_vp8[] = OFFER("120\r\n" VP8);
static const char offer_h264[] = OFFER("102\r\n" H264);
static const char offer_both[] = OFFER("102 120\r\n" H264 VP8);
static const char offer_watching[] = OFFER("120\r\na=recvonly\r\n" VP8);

/* RFC 4585 §6.3.1: PLI */
static const uint8_t pli[] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};

static struct wrtc_rig rig;
static struct wrtc_core device, one, two;
static struct wrtc_ear ear_one, ear_two;
static char *ticket, id[ID_SIZE];

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	memset(&ear_one, 0, sizeof(ear_one));
	memset(&ear_two, 0, sizeof(ear_two));
	wrtc_rig_open(&rig);
	assert_int_equal(wrtc_core_open(&rig, &device), 0);
	assert_int_equal(wrtc_core_open(&rig, &one), 0);
	assert_int_equal(wrtc_core_open(&rig, &two), 0);
	ticket = wrtc_rig_register(&rig, &device);

	return 0;
}

static int teardown(void **state)
{
	wrtc_ear_close(&ear_one);
	wrtc_ear_close(&ear_two);
	wrtc_rig_close(&rig);
	wrtc_core_close(&rig, &two);
	wrtc_core_close(&rig, &one);
	wrtc_core_close(&rig, &device);
	g_free(ticket);

	return 0;
}

/* A browser is called, and connected */
static void connect_to(struct wrtc_core *core, struct wrtc_ear *ear,
		       const char *offer)
{
	wrtc_ear_ring(&rig, ear, id);
	wrtc_core_accept(&rig, core, ticket, id, offer);
	json_decref(wrtc_core_event(core, "accepted"));
	wrtc_media_up(rig.gw, &core->slot);
	wrtc_ear_wait(ear, &ear->answered, 1);
}

static void connect_both(const char *offer)
{
	connect_to(&one, &ear_one, wrtc_rig_offer);
	connect_to(&two, &ear_two, offer);
}

static void bridge(void)
{
	wrtc_ear_bridge(&ear_one, &ear_two);
	wrtc_ear_bridge(&ear_two, &ear_one);
}

static void send_picture(struct wrtc_core *core, uint8_t pt, uint16_t seq)
{
	const struct rtp_packet pkt = {
		.pt = pt,
		.seq = seq,
		.ts = (uint16_t)(seq + 1000) * 3000u,
		.ssrc = 22,
	};
	uint8_t buf[RTP_HEADER_LEN + 20] = {0};

	rtp_write(buf, &pkt);
	wrtc_rtp(rig.gw, &core->slot, true, buf, sizeof(buf));
}

/* The newest that a browser was sent */
static void see(struct wrtc_core *core, unsigned n, struct rtp_packet *pkt)
{
	assert_true(wrtc_core_wait(core, &core->rtp_video, n));
	assert_int_equal(wrtc_core_count(core, &core->rtp_video), n);
	assert_int_equal(rtp_parse(pkt, core->last, core->last_len), 0);
}

static void test_they_see_each_other(void **state)
{
	struct rtp_packet first, next;

	connect_both(offer_vp8);
	bridge();
	/* both begin with a key frame */
	assert_true(wrtc_core_wait(&one, &one.plis, 1));
	assert_true(wrtc_core_wait(&two, &two.plis, 1));

	send_picture(&one, WRTC_RIG_VIDEO_PT, 65535);
	see(&two, 1, &first);
	assert_int_equal(first.pt, THEIR_PT);
	send_picture(&one, WRTC_RIG_VIDEO_PT, 0);
	see(&two, 2, &next);
	assert_int_equal((uint16_t)(next.seq - first.seq), 1);
	assert_int_equal(next.ssrc, first.ssrc);
	assert_int_equal(next.ts - first.ts, 3000);

	send_picture(&two, THEIR_PT, 7);
	see(&one, 1, &first);
	assert_int_equal(first.pt, WRTC_RIG_VIDEO_PT);

	/* what is no picture of theirs goes nowhere */
	send_picture(&two, WRTC_RIG_VIDEO_PT, 8);
	send_picture(&two, THEIR_PT, 8);
	see(&one, 2, &next);
	assert_int_equal((uint16_t)(next.seq - first.seq), 1);
}

/* The second misses something, and says so until the first hears of it */
static void nag(void)
{
	const struct timespec nap = {.tv_nsec = 10000000};
	unsigned tries = WRTC_RIG_WAIT_MS / 10;

	while (wrtc_core_count(&one, &one.plis) < 2) {
		assert_true(tries-- > 0);
		wrtc_rtcp(rig.gw, &two.slot, true, pli, sizeof(pli));
		nanosleep(&nap, NULL);
	}
}

static void test_key_frames_are_asked_of_the_other(void **state)
{
	connect_both(offer_vp8);
	bridge();
	assert_true(wrtc_core_wait(&one, &one.plis, 1));
	assert_true(wrtc_core_wait(&two, &two.plis, 1));
	nag();
	assert_int_equal(wrtc_core_count(&two, &two.plis), 1);
}

static void test_what_the_network_takes_is_told_to_the_other(void **state)
{
	/* RR, then REMB of 1 Mbit/s about one SSRC; and two that are none */
	static const uint8_t remb[] = {
		0x80, 201, 0,   1,   0, 0,    0,    1,                /**/
		0x8f, 206, 0,   5,   0, 0,    0,    1,    0, 0, 0, 0, /**/
		'R',  'E', 'M', 'B', 1, 0x13, 0xd0, 0x90, 0, 0, 0, 2};
	static const uint8_t others[] = {
		0x80, 201, 0,   1,   0, 0,    0,    1,                /**/
		0x8f, 206, 0,   3,   0, 0,    0,    1,    0, 0, 0, 0, /**/
		'R',  'E', 'M', 'B',                                  /**/
		0x8f, 206, 0,   5,   0, 0,    0,    1,    0, 0, 0, 0, /**/
		'R',  'E', 'M', 'X', 1, 0x13, 0xd0, 0x90, 0, 0, 0, 2};

	connect_both(offer_vp8);
	wrtc_rtcp(rig.gw, &two.slot, true, remb, sizeof(remb));
	assert_int_equal(wrtc_core_count(&one, &one.rtcp_video), 0);
	bridge();
	wrtc_rtcp(rig.gw, &two.slot, true, others, sizeof(others));
	assert_int_equal(wrtc_core_count(&one, &one.rtcp_video), 0);
	wrtc_rtcp(rig.gw, &two.slot, true, remb, sizeof(remb));
	assert_int_equal(wrtc_core_count(&one, &one.rtcp_video), 1);
	assert_int_equal(wrtc_core_count(&two, &two.rtcp_video), 0);
}

static void test_the_bridge_ends(void **state)
{
	struct rtp_packet first, next;

	connect_both(offer_vp8);
	bridge();
	send_picture(&one, WRTC_RIG_VIDEO_PT, 1);
	see(&two, 1, &first);
	wrtc_ear_bridge(&ear_one, NULL);
	wrtc_ear_bridge(&ear_two, NULL);
	send_picture(&one, WRTC_RIG_VIDEO_PT, 2);
	send_picture(&two, THEIR_PT, 2);
	see(&two, 1, &next);
	assert_int_equal(wrtc_core_count(&one, &one.rtp_video), 0);

	/* its own picture goes on where the other's ended; a new bridge, too */
	wrtc_ear_echo(&ear_two, true);
	send_picture(&two, THEIR_PT, 1000);
	see(&two, 2, &next);
	assert_int_equal((uint16_t)(next.seq - first.seq), 1);
	assert_int_equal(next.ssrc, first.ssrc);
	bridge();
	send_picture(&two, THEIR_PT, 1001);
	send_picture(&one, WRTC_RIG_VIDEO_PT, 3);
	see(&two, 3, &next);
	assert_int_equal((uint16_t)(next.seq - first.seq), 2);
}

static void test_the_other_goes_first(void **state)
{
	connect_both(offer_vp8);
	bridge();
	wrtc_destroy(rig.gw, &two.slot);
	wrtc_ear_wait(&ear_two, &ear_two.closed, 1);
	/* nobody has told the first yet */
	send_picture(&one, WRTC_RIG_VIDEO_PT, 1);
	wrtc_rtcp(rig.gw, &one.slot, true, pli, sizeof(pli));
	assert_int_equal(wrtc_core_count(&two, &two.rtp_video), 0);
	wrtc_ear_bridge(&ear_one, NULL);
}

static void test_on_hold_there_is_no_picture(void **state)
{
	struct rtp_packet pkt;

	connect_both(offer_vp8);
	bridge();
	assert_int_equal(wrtc_ear_hold(&ear_two, true), 0);
	assert_int_equal(wrtc_ear_hold(&ear_two, true), 0);
	send_picture(&one, WRTC_RIG_VIDEO_PT, 1);
	send_picture(&two, THEIR_PT, 1);
	assert_int_equal(wrtc_core_count(&one, &one.rtp_video), 0);
	assert_int_equal(wrtc_core_count(&two, &two.rtp_video), 0);
	assert_int_equal(wrtc_ear_hold(&ear_two, false), 0);
	/* and new key frames */
	assert_true(wrtc_core_wait(&one, &one.plis, 2));
	assert_true(wrtc_core_wait(&two, &two.plis, 2));
	send_picture(&one, WRTC_RIG_VIDEO_PT, 2);
	see(&two, 1, &pkt);
}

static void say(struct wrtc_core *core, const char *text, const char *answer)
{
	assert_int_equal(wrtc_core_say(&rig, core, text, NULL), 0);
	json_decref(wrtc_core_event(core, answer));
}

static void test_a_browser_holds(void **state)
{
	struct rtp_packet pkt;

	wrtc_ear_ring(&rig, &ear_one, id);
	wrtc_core_accept(&rig, &one, ticket, id, wrtc_rig_offer);
	json_decref(wrtc_core_event(&one, "accepted"));
	say(&one, "{\"request\":\"hold\"}", "wrong_state");
	wrtc_media_up(rig.gw, &one.slot);
	wrtc_ear_wait(&ear_one, &ear_one.answered, 1);
	connect_to(&two, &ear_two, offer_vp8);
	bridge();

	say(&one, "{\"request\":\"hold\"}", "holding");
	say(&one, "{\"request\":\"hold\"}", "holding");
	wrtc_ear_wait(&ear_one, &ear_one.held, 1);
	send_picture(&two, THEIR_PT, 1);
	assert_int_equal(wrtc_core_count(&one, &one.rtp_video), 0);
	/* both sides hold: both must let go */
	assert_int_equal(wrtc_ear_hold(&ear_one, true), 0);
	say(&one, "{\"request\":\"unhold\"}", "resumed");
	wrtc_ear_wait(&ear_one, &ear_one.resumed, 1);
	send_picture(&two, THEIR_PT, 2);
	assert_int_equal(wrtc_core_count(&one, &one.rtp_video), 0);
	assert_int_equal(wrtc_ear_hold(&ear_one, false), 0);
	send_picture(&two, THEIR_PT, 3);
	see(&one, 1, &pkt);
}

static void test_no_codec_in_common(void **state)
{
	connect_both(offer_h264);
	bridge();
	send_picture(&one, WRTC_RIG_VIDEO_PT, 1);
	send_picture(&two, 102, 1);
	assert_int_equal(wrtc_core_count(&one, &one.rtp_video), 0);
	assert_int_equal(wrtc_core_count(&two, &two.rtp_video), 0);
}

static void test_one_only_watches(void **state)
{
	struct rtp_packet pkt;

	connect_both(offer_watching);
	bridge();
	send_picture(&two, THEIR_PT, 1);
	send_picture(&one, WRTC_RIG_VIDEO_PT, 1);
	see(&two, 1, &pkt);
	assert_int_equal(wrtc_core_count(&one, &one.rtp_video), 0);
	nag();
}

/* A browser calls; the one that is rung on its behalf takes the same codec */
static void test_the_callers_codec_is_taken(void **state)
{
	struct leg_route routes[LEG_ROUTES_MAX];
	char parent[ID_SIZE], *call;
	const char *code;
	json_t *event;
	unsigned n;

	wrtc_rig_call(&rig, &one, ticket, "demo", parent);
	call = g_strdup_printf("{\"parent_call_id\":\"%s\"}", parent);
	assert_int_equal(wrtc_ear_routes(&rig, "1000", routes, &n, &code), 0);
	wrtc_ear_dial(&rig, &ear_two,
		      (struct leg_dial){.call_id = parent, .call_text = call},
		      &routes[0]);
	g_free(call);
	event = wrtc_core_event(&device, "incoming_call");
	assert_true(json_flag(event, "video", false));
	json_decref(event);
	wrtc_core_accept(&rig, &two, ticket, parent, offer_both);
	event = wrtc_core_event(&two, "accepted");
	assert_non_null(strstr(json_str(event, "sdp", ""),
			       "m=video 9 UDP/TLS/RTP/SAVPF 120\r\n"));
	json_decref(event);
}

/* ---- many threads ---- */

enum {
	RACE_PACKETS = 2000,
};

struct sender {
	struct wrtc_core *core;
	uint8_t pt;
};

static void *sender_main(void *arg)
{
	const struct sender *sender = arg;
	unsigned i;

	for (i = 0; i < RACE_PACKETS; ++i) {
		send_picture(sender->core, sender->pt, (uint16_t)i);
		if (i % 16 == 0)
			wrtc_rtcp(rig.gw, &sender->core->slot, true, pli,
				  sizeof(pli));
	}

	return NULL;
}

static void test_bridges_come_and_go_while_packets_fly(void **state)
{
	struct sender senders[] = {{&one, WRTC_RIG_VIDEO_PT}, {&two, THEIR_PT}};
	pthread_t threads[2];
	unsigned i;

	connect_both(offer_vp8);
	for (i = 0; i < 2; ++i)
		assert_int_equal(pthread_create(&threads[i], NULL, sender_main,
						&senders[i]),
				 0);
	for (i = 0; i < 20; ++i) {
		bridge();
		wrtc_ear_echo(&ear_one, i % 3 == 0);
		wrtc_ear_bridge(&ear_two, NULL);
		wrtc_ear_hold(&ear_two, i % 2);
		wrtc_ear_bridge(&ear_one, NULL);
	}
	wrtc_destroy(rig.gw, &two.slot);
	for (i = 0; i < 2; ++i)
		pthread_join(threads[i], NULL);
	wrtc_ear_wait(&ear_two, &ear_two.closed, 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_they_see_each_other),
		TEST(test_key_frames_are_asked_of_the_other),
		TEST(test_what_the_network_takes_is_told_to_the_other),
		TEST(test_the_bridge_ends),
		TEST(test_the_other_goes_first),
		TEST(test_on_hold_there_is_no_picture),
		TEST(test_a_browser_holds),
		TEST(test_no_codec_in_common),
		TEST(test_one_only_watches),
		TEST(test_the_callers_codec_is_taken),
		TEST(test_bridges_come_and_go_while_packets_fly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
