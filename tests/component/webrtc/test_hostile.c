/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of every wrong kind, in every order, after the end, and from many
 * threads at once: each is answered or refused, and nothing is left over */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "support/wrtc_rig.h"

enum {
	THREADS = 4,
	HANDLES = 6,
	STEPS = 400,
};

static struct wrtc_rig rig;
static struct wrtc_core core;
static char *ticket;
static struct wrtc_core device;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	wrtc_rig_open(&rig);
	assert_int_equal(wrtc_core_open(&rig, &device), 0);
	assert_int_equal(wrtc_core_open(&rig, &core), 0);
	ticket = wrtc_rig_register(&rig, &device);

	return 0;
}

static int teardown(void **state)
{
	wrtc_rig_close(&rig);
	wrtc_core_close(&rig, &core);
	wrtc_core_close(&rig, &device);
	g_free(ticket);

	return 0;
}

static void expect(const char *name)
{
	json_decref(wrtc_core_event(&core, name));
}

static void test_wrong_messages(void **state)
{
	static const struct {
		const char *text, *code;
	} cases[] = {
		{"[]", "bad_request"},
		{"{}", "bad_request"},
		{"\"register\"", "bad_request"},
		{"{\"request\":1}", "bad_request"},
		{"{\"request\":null}", "bad_request"},
		{"{\"request\":\"\"}", "unknown_request"},
		{"{\"request\":\"reboot\"}", "unknown_request"},
		{"{\"request\":\"register\",\"token\":1}", "invalid"},
		{"{\"request\":\"register\",\"token\":\"\"}", "invalid"},
		{"{\"request\":\"register\",\"more\":1}", "invalid"},
		{"{\"request\":\"call\",\"ticket\":\"x\"}", "invalid"},
		{"{\"request\":\"call\",\"destination\":\"\"}", "invalid"},
		{"{\"request\":\"call\",\"destination\":\"a\\nb\"}", "invalid"},
		{"{\"request\":\"call\",\"destination\":\"d\",\"headers\":"
		 "{\"Via\":\"x\"}}",
		 "invalid"},
		{"{\"request\":\"call\",\"destination\":\"d\",\"headers\":"
		 "{\"X-A\":\"x\\r\\nVia: y\"}}",
		 "invalid"},
		{"{\"request\":\"call\",\"destination\":\"d\",\"headers\":[]}",
		 "invalid"},
		{"{\"request\":\"call\",\"destination\":\"d\",\"variables\":"
		 "{\"a\":1}}",
		 "invalid"},
		{"{\"request\":\"dtmf\"}", "invalid"},
		{"{\"request\":\"dtmf\",\"digits\":\"1x\"}", "invalid"},
		{"{\"request\":\"mute\",\"direction\":\"up\"}", "invalid"},
		{"{\"request\":\"call\",\"destination\":\"d\"}",
		 "offer_missing"},
		{"{\"request\":\"accept\"}", "invalid"},
		{"{\"request\":\"accept\",\"call_id\":\"x\"}", "invalid"},
		{"{\"request\":\"accept\",\"call_id\":"
		 "\"01890000-0000-7000-8000-000000000001\"}",
		 "offer_missing"},
		{"{\"request\":\"hold\",\"more\":1}", "invalid"},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		assert_int_equal(
			wrtc_core_say(&rig, &core, cases[i].text, NULL), 0);
		expect(cases[i].code);
	}
}

static void call_with(const char *offer)
{
	assert_int_equal(
		wrtc_core_send(
			&rig, &core,
			json_pack("{s:s, s:s, s:s}", "request", "call",
				  "ticket", ticket, "destination", "demo"),
			json_pack("{s:s, s:s}", "type", "offer", "sdp", offer)),
		0);
}

static void test_wrong_offers(void **state)
{
	static const char head[] = "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\n"
				   "t=0 0\r\n";
	static const struct {
		const char *rest, *code;
	} cases[] = {
		{"", "offer_unusable"},
		{"m=audio 9 RTP/AVP 0\r\n", "offer_unusable"},
		{"m=audio 9 UDP/TLS/RTP/SAVPF 99\r\na=rtpmap:99 x/1\r\n",
		 "offer_unusable"},
		{"m=audio 0 UDP/TLS/RTP/SAVPF 0\r\n", "offer_unusable"},
		{"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n",
		 "offer_unusable"},
		{"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
		 "offer_unusable"},
		{"m=\r\n", "offer_invalid"},
		{"no sdp at all", "offer_invalid"},
	};
	char *text, *lines;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		text = g_strconcat(head, cases[i].rest, NULL);
		call_with(text);
		expect(cases[i].code);
		g_free(text);
	}

	/* a flood of lines, and of bytes */
	lines = g_strnfill(20000, 'x');
	text = g_strconcat(head, "a=", lines, NULL);
	call_with(text);
	expect("offer_invalid");
	g_free(text);
	g_free(lines);
	text = g_strdup(head);
	for (i = 0; i < 600; ++i) {
		lines = g_strconcat(text, "a=x\r\n", NULL);
		g_free(text);
		text = lines;
	}
	call_with(text);
	expect("offer_invalid");
	g_free(text);
}

static void test_wrong_jsep(void **state)
{
	static const char *const cases[] = {
		"null",
		"[]",
		"{}",
		"{\"type\":\"answer\",\"sdp\":\"v=0\"}",
		"{\"type\":\"offer\"}",
		"{\"type\":\"offer\",\"sdp\":1}",
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		json_t *jsep = json_loads(cases[i], JSON_DECODE_ANY, NULL);

		assert_int_equal(
			wrtc_core_send(&rig, &core,
				       json_pack("{s:s, s:s, s:s}", "request",
						 "call", "ticket", ticket,
						 "destination", "demo"),
				       jsep),
			0);
		expect("offer_missing");
	}
	assert_int_equal(wrtc_core_say(&rig, &core, "{\"request\":\"hangup\"}",
				       wrtc_rig_offer),
			 0);
	expect("unexpected_offer");
}

static void test_after_the_end(void **state)
{
	uint8_t packet[64] = {0x80};

	wrtc_destroy(rig.gw, &core.slot);
	assert_int_equal(
		wrtc_core_say(&rig, &core, "{\"request\":\"hangup\"}", NULL),
		ESRCH);
	wrtc_media_up(rig.gw, &core.slot);
	wrtc_media_down(rig.gw, &core.slot);
	wrtc_slow_link(rig.gw, &core.slot, true, true);
	wrtc_rtp(rig.gw, &core.slot, false, packet, sizeof(packet));
	wrtc_rtcp(rig.gw, &core.slot, false, packet, sizeof(packet));
	json_decref(wrtc_query(rig.gw, &core.slot));
	wrtc_destroy(rig.gw, &core.slot);
}

static void test_a_flood_on_one_handle(void **state)
{
	unsigned busy = 0, i;
	int err;

	for (i = 0; i < 2000; ++i) {
		err = wrtc_core_say(&rig, &core, "{\"request\":\"hangup\"}",
				    NULL);
		assert_true(err == 0 || err == EBUSY);
		busy += err == EBUSY;
	}
	/* wrong three times: it was told to go; the rest is passed over */
	assert_true(wrtc_core_wait(&core, &core.ends, 1));
	assert_true(busy < 2000);
}

/* ---- many threads ---- */

struct shared {
	struct wrtc_core core;
	pthread_mutex_t life; /* the core itself creates and destroys once */
	bool alive;
};

static struct shared shared[HANDLES];

static void send_call(struct shared *s)
{
	(void)wrtc_core_send(&rig, &s->core,
			     json_pack("{s:s, s:s, s:s}", "request", "call",
				       "ticket", ticket, "destination", "demo"),
			     json_pack("{s:s, s:s}", "type", "offer", "sdp",
				       wrtc_rig_offer));
}

static void create_or_destroy(struct shared *s)
{
	pthread_mutex_lock(&s->life);
	if (s->alive)
		wrtc_destroy(rig.gw, &s->core.slot);
	else
		(void)wrtc_core_attach(&rig, &s->core);
	s->alive = !s->alive;
	pthread_mutex_unlock(&s->life);
}

static void one_step(struct shared *s, unsigned what, uint16_t seq)
{
	static const char *const texts[] = {
		"{\"request\":\"dtmf\",\"digits\":\"1\"}",
		"{\"request\":\"hangup\"}",
		"{\"request\":\"mute\"}",
		"{\"request\":\"unmute\",\"direction\":\"both\"}",
		"{\"request\":\"register\",\"token\":\"bfd_wrong\"}",
		"{\"request\":\"hold\"}",
		("{\"request\":\"decline\",\"call_id\":"
		 "\"01890000-0000-7000-8000-000000000001\"}"),
		"{}",
	};
	uint8_t pli[] = {0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2};

	if (what < 2)
		create_or_destroy(s);
	else if (what < 6)
		send_call(s);
	else if (what < 8)
		wrtc_media_up(rig.gw, &s->core.slot);
	else if (what == 8)
		wrtc_media_down(rig.gw, &s->core.slot);
	else if (what == 9)
		wrtc_slow_link(rig.gw, &s->core.slot, true, false);
	else if (what < 18)
		(void)wrtc_core_say(&rig, &s->core, texts[what - 10], NULL);
	else if (what == 18)
		wrtc_rtcp(rig.gw, &s->core.slot, seq & 1, pli, sizeof(pli));
	else if (what == 19)
		json_decref(wrtc_query(rig.gw, &s->core.slot));
	else
		wrtc_core_rtp(&rig, &s->core, seq & 1, seq);
}

static void *torment(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	unsigned i;

	for (i = 0; i < STEPS; ++i)
		one_step(&shared[(unsigned)rand_r(&seed) % HANDLES],
			 (unsigned)rand_r(&seed) % 30, (uint16_t)i);

	return NULL;
}

static void test_many_threads(void **state)
{
	pthread_t threads[THREADS];
	struct wrtc_stats stats;
	uintptr_t i;

	for (i = 0; i < HANDLES; ++i) {
		assert_int_equal(wrtc_core_open(&rig, &shared[i].core), 0);
		shared[i].alive = true;
		pthread_mutex_init(&shared[i].life, NULL);
	}
	for (i = 0; i < THREADS; ++i)
		assert_int_equal(pthread_create(&threads[i], NULL, torment,
						(void *)(i + 1)),
				 0);
	for (i = 0; i < THREADS; ++i)
		pthread_join(threads[i], NULL);
	for (i = 0; i < HANDLES; ++i) {
		wrtc_core_close(&rig, &shared[i].core);
		pthread_mutex_destroy(&shared[i].life);
	}
	/* who let go of it last is still on its way out */
	for (i = 0; i < WRTC_RIG_WAIT_MS; ++i) {
		wrtc_stats(rig.gw, &stats);
		if (stats.handles == 2 && !stats.legs)
			break;
		g_usleep(1000);
	}
	assert_int_equal(stats.handles, 2); /* the device, and `core` */
	assert_int_equal(stats.legs, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wrong_messages),
		TEST(test_wrong_offers),
		TEST(test_wrong_jsep),
		TEST(test_after_the_end),
		TEST(test_a_flood_on_one_handle),
		TEST(test_many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
