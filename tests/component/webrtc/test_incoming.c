/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls to browsers: they ring at every device, and one takes it, or none */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/id.h"
#include "common/json.h"
#include "common/str.h"
#include "support/wrtc_ear.h"

static struct wrtc_rig rig;
static struct wrtc_core device, phone, other;
static struct wrtc_ear ear, second;
static char *ticket, *other_ticket, id[ID_SIZE];

static int open_all(void)
{
	memset(&ear, 0, sizeof(ear));
	memset(&second, 0, sizeof(second));
	other_ticket = NULL;
	wrtc_rig_open(&rig);
	assert_int_equal(wrtc_core_open(&rig, &device), 0);
	assert_int_equal(wrtc_core_open(&rig, &phone), 0);
	assert_int_equal(wrtc_core_open(&rig, &other), 0);
	ticket = wrtc_rig_register(&rig, &device);

	return 0;
}

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));

	return open_all();
}

static int setup_impatient(void **state)
{
	memset(&rig, 0, sizeof(rig));
	rig.prm.connect_ms = 100;

	return open_all();
}

static int teardown(void **state)
{
	wrtc_ear_close(&ear);
	wrtc_ear_close(&second);
	wrtc_rig_close(&rig);
	wrtc_core_close(&rig, &other);
	wrtc_core_close(&rig, &phone);
	wrtc_core_close(&rig, &device);
	g_free(ticket);
	g_free(other_ticket);

	return 0;
}

static void expect(struct wrtc_core *core, const char *name)
{
	json_decref(wrtc_core_event(core, name));
}

static void expect_over(struct wrtc_core *core, const char *call_id,
			const char *reason)
{
	json_t *event = wrtc_core_event(core, "incoming_call_ended");

	assert_string_equal(json_str(event, "call_id", ""), call_id);
	assert_string_equal(json_str(event, "reason", ""), reason);
	json_decref(event);
}

static void decline(struct wrtc_core *core, const char *with,
		    const char *call_id)
{
	json_t *msg = json_pack("{s:s, s:s}", "request", "decline", "call_id",
				call_id);

	if (with)
		json_set_str(msg, "ticket", with);
	assert_int_equal(wrtc_core_send(&rig, core, msg, NULL), 0);
}

static void expect_end(struct wrtc_ear *of, enum hangup_reason reason,
		       const char *code, int sip_code)
{
	wrtc_ear_wait(of, &of->ended, 1);
	assert_int_equal(of->end.reason, reason);
	assert_string_equal(of->end.code ? of->end.code : "", code);
	assert_int_equal(of->end.sip_code, sip_code);
	wrtc_ear_wait(of, &of->closed, 1);
}

/* Ring both devices with one call */
static void ring_two(void)
{
	struct leg_route routes[LEG_ROUTES_MAX];
	const char *code;
	unsigned n;

	other_ticket = wrtc_rig_register(&rig, &other);
	id_new(id);
	assert_int_equal(
		wrtc_ear_routes(&rig, "1000@demo.local", routes, &n, &code), 0);
	assert_int_equal(n, 2);
	assert_int_equal(routes[0].order, routes[1].order);
	wrtc_ear_dial(&rig, &ear, (struct leg_dial){.call_id = id}, &routes[0]);
	wrtc_ear_dial(&rig, &second, (struct leg_dial){.call_id = id},
		      &routes[1]);
	expect(&device, "incoming_call");
	expect(&other, "incoming_call");
}

static void test_ways(void **state)
{
	struct leg_route routes[LEG_ROUTES_MAX];
	const char *code;
	unsigned n;

	assert_int_equal(wrtc_ear_routes(&rig, "1000", routes, &n, &code), 0);
	assert_int_equal(n, 1);
	assert_string_equal(wrtc_factory(rig.gw)->endpoint, "webrtc");
	assert_int_equal(
		wrtc_ear_routes(&rig, "1001@demo.local", routes, &n, &code),
		ENOENT);
	assert_string_equal(code, "no_route");
	assert_int_equal(n, 0);

	wrtc_core_close(&rig, &device);
	assert_int_equal(wrtc_core_open(&rig, &device), 0);
	assert_int_equal(
		wrtc_ear_routes(&rig, "1000@demo.local", routes, &n, &code),
		ENOENT);
	assert_string_equal(code, "not_registered");
}

static void test_it_rings_and_is_taken(void **state)
{
	static const char call[] = "{\"id\":\"x\",\"source\":{\"type\":\"tel\","
				   "\"target\":\"+4520123456\"}}";
	json_t *event, *headers = json_pack("{s:s}", "X-Case", "42");
	struct leg_route routes[LEG_ROUTES_MAX];
	const char *code;
	unsigned n;

	id_new(id);
	assert_int_equal(wrtc_ear_routes(&rig, "1000", routes, &n, &code), 0);
	wrtc_ear_dial(&rig, &ear,
		      (struct leg_dial){.call_id = id,
					.call_text = call,
					.auto_answer = true,
					.headers = headers},
		      &routes[0]);
	wrtc_ear_wait(&ear, &ear.heard, 1);
	wrtc_ear_wait(&ear, &ear.ringing, 1);
	json_decref(headers);

	event = wrtc_core_event(&device, "incoming_call");
	assert_string_equal(json_str(event, "call_id", ""), id);
	assert_false(json_flag(event, "video", true));
	assert_true(json_flag(event, "auto_answer", false));
	assert_string_equal(
		json_str(json_object_get(json_object_get(event, "call"),
					 "source"),
			 "target", ""),
		"+4520123456");
	assert_string_equal(
		json_str(json_object_get(event, "headers"), "X-Case", ""),
		"42");
	json_decref(event);

	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	event = wrtc_core_event(&phone, "accepted");
	assert_string_equal(json_str(event, "call_id", ""), id);
	assert_string_equal(json_str(event, "transaction", ""), "tr");
	assert_non_null(strstr(json_str(event, "sdp", ""),
			       "m=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\n"));
	json_decref(event);
	/* answered is who is connected */
	assert_int_equal(wrtc_ear_count(&ear, &ear.answered), 0);
	wrtc_media_up(rig.gw, &phone.slot);
	wrtc_ear_wait(&ear, &ear.answered, 1);

	assert_int_equal(wrtc_ear_hold(&ear, true), 0);
	expect(&phone, "held");
	assert_int_equal(wrtc_ear_hold(&ear, false), 0);
	expect(&phone, "unheld");

	assert_int_equal(
		wrtc_core_say(&rig, &phone, "{\"request\":\"hangup\"}", NULL),
		0);
	expect(&phone, "hangup");
	expect_end(&ear, HANGUP_NORMAL, "", 0);
}

static void test_the_codec_of_a_phone_is_taken(void **state)
{
	struct leg_route routes[LEG_ROUTES_MAX];
	const char *code;
	unsigned n;
	json_t *event;

	id_new(id);
	assert_int_equal(wrtc_ear_routes(&rig, "1000", routes, &n, &code), 0);
	wrtc_ear_dial(&rig, &ear,
		      (struct leg_dial){.call_id = id, .codec = "PCMU"},
		      &routes[0]);
	expect(&device, "incoming_call");
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	event = wrtc_core_event(&phone, "accepted");
	assert_non_null(strstr(json_str(event, "sdp", ""),
			       "m=audio 9 UDP/TLS/RTP/SAVPF 0 126\r\n"));
	json_decref(event);
}

static void test_the_device_declines(void **state)
{
	json_t *event;

	wrtc_ear_ring(&rig, &ear, id);
	decline(&device, NULL, id);
	event = wrtc_core_event(&device, "declined");
	assert_string_equal(json_str(event, "call_id", ""), id);
	json_decref(event);
	expect_end(&ear, HANGUP_REJECTED, "", 603);
	decline(&device, NULL, id);
	expect(&device, "call_taken");
}

static void test_a_fresh_handle_declines(void **state)
{
	wrtc_ear_ring(&rig, &ear, id);
	decline(&phone, ticket, id);
	expect(&phone, "declined");
	expect_over(&device, id, "declined");
	expect_end(&ear, HANGUP_REJECTED, "", 603);
	/* it has done its work */
	decline(&phone, ticket, id);
	expect(&phone, "wrong_state");
}

static void test_the_caller_gives_up(void **state)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_REMOTE,
		.reason = HANGUP_CANCELED,
	};

	wrtc_ear_ring(&rig, &ear, id);
	wrtc_ear_hang_up(&ear, &end);
	expect_over(&device, id, "canceled");
	wrtc_ear_wait(&ear, &ear.closed, 1);
	assert_int_equal(wrtc_ear_count(&ear, &ear.ended), 0);
	/* too late */
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "call_taken");
}

static void test_somebody_else_has_decided(void **state)
{
	static const struct {
		const char *code, *reason;
	} cases[] = {
		{"answered_elsewhere", "answered_elsewhere"},
		{"declined_elsewhere", "declined"},
	};
	struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_CANCELED,
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		wrtc_ear_ring(&rig, &ear, id);
		end.code = cases[i].code;
		wrtc_ear_hang_up(&ear, &end);
		expect_over(&device, id, cases[i].reason);
		wrtc_ear_close(&ear);
	}
}

static void test_two_devices_one_takes_it(void **state)
{
	static const struct leg_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_CANCELED,
		.code = "answered_elsewhere",
	};
	struct wrtc_core late;

	ring_two();
	wrtc_core_accept(&rig, &phone, other_ticket, id, wrtc_rig_offer);
	expect(&phone, "accepted");

	/* the first is still connecting: the other comes too late all the same
	 */
	assert_int_equal(wrtc_core_open(&rig, &late), 0);
	wrtc_core_accept(&rig, &late, ticket, id, wrtc_rig_offer);
	expect(&late, "call_taken");
	decline(&device, NULL, id);
	expect(&device, "call_taken");

	wrtc_media_up(rig.gw, &phone.slot);
	/* which ear has it? tables have no order */
	wrtc_ear_hang_up(&ear, &end);
	wrtc_ear_hang_up(&second, &end);
	expect_over(&device, id, "answered_elsewhere");
	expect(&phone, "hangup");
	wrtc_core_close(&rig, &late);
}

static void test_two_devices_one_declines(void **state)
{
	struct wrtc_ear *gone, *left;

	ring_two();
	decline(&device, NULL, id);
	expect(&device, "declined");
	/* the call heard of it before the device */
	gone = wrtc_ear_count(&ear, &ear.ended) ? &ear : &second;
	left = gone == &ear ? &second : &ear;
	expect_end(gone, HANGUP_REJECTED, "", 603);

	/* it rings on there, and the device that declined may still take it */
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "accepted");
	expect_over(&other, id, "answered_elsewhere");
	wrtc_media_up(rig.gw, &phone.slot);
	wrtc_ear_wait(left, &left->answered, 1);
}

static void test_the_device_goes(void **state)
{
	wrtc_ear_ring(&rig, &ear, id);
	wrtc_destroy(rig.gw, &device.slot);
	expect_end(&ear, HANGUP_FAILED, "unreachable", 480);
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "unauthorized");
}

static void test_the_browser_goes_before_it_is_connected(void **state)
{
	wrtc_ear_ring(&rig, &ear, id);
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "accepted");
	wrtc_destroy(rig.gw, &phone.slot);
	expect_end(&ear, HANGUP_FAILED, "browser_lost", 480);
}

static void test_it_hangs_up_before_it_is_connected(void **state)
{
	wrtc_ear_ring(&rig, &ear, id);
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "accepted");
	assert_int_equal(
		wrtc_core_say(&rig, &phone, "{\"request\":\"hangup\"}", NULL),
		0);
	expect_end(&ear, HANGUP_REJECTED, "", 603);
}

static void test_it_never_connects(void **state)
{
	wrtc_ear_ring(&rig, &ear, id);
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "accepted");
	expect_end(&ear, HANGUP_FAILED, "media_timeout", 0);
	expect(&phone, "hangup");
}

static void test_many_calls_ring_but_not_too_many(void **state)
{
	struct leg_route routes[LEG_ROUTES_MAX];
	struct wrtc_ear ears[4];
	char ids[4][ID_SIZE];
	json_t *event;
	const char *code;
	unsigned i, n;

	for (i = 0; i < G_N_ELEMENTS(ears); ++i) {
		wrtc_ear_ring(&rig, &ears[i], ids[i]);
		expect(&device, "incoming_call");
	}
	id_new(id);
	assert_int_equal(wrtc_ear_routes(&rig, "1000", routes, &n, &code), 0);
	wrtc_ear_dial(&rig, &ear, (struct leg_dial){.call_id = id}, &routes[0]);
	expect_end(&ear, HANGUP_BUSY, "", 486);

	/* each is its own: the third is taken, the first declined */
	wrtc_core_accept(&rig, &phone, ticket, ids[2], wrtc_rig_offer);
	expect(&phone, "accepted");
	decline(&device, NULL, ids[0]);
	expect_end(&ears[0], HANGUP_REJECTED, "", 603);
	assert_int_equal(wrtc_ear_count(&ears[1], &ears[1].ended), 0);
	/* and there is room again; the device never heard of the fifth */
	wrtc_ear_ring(&rig, &second, id);
	event = wrtc_core_event(&device, "incoming_call");
	assert_string_equal(json_str(event, "call_id", ""), id);
	json_decref(event);
	for (i = 0; i < G_N_ELEMENTS(ears); ++i)
		wrtc_ear_close(&ears[i]);
}

static void test_wrong_accepts(void **state)
{
	static const char no_audio[] = "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\n"
				       "s=-\r\nt=0 0\r\n";
	char unknown[ID_SIZE];
	struct wrtc_core fresh;

	id_new(unknown);
	wrtc_ear_ring(&rig, &ear, id);

	/* not on the device's handle, not without an offer, not a stranger */
	wrtc_core_accept(&rig, &device, ticket, id, wrtc_rig_offer);
	expect(&device, "wrong_state");
	assert_int_equal(
		wrtc_core_send(&rig, &phone,
			       json_pack("{s:s, s:s, s:s}", "request", "accept",
					 "ticket", ticket, "call_id", id),
			       NULL),
		0);
	expect(&phone, "offer_missing");
	wrtc_core_accept(&rig, &phone, "bft_nobody", id, wrtc_rig_offer);
	expect(&phone, "unauthorized");
	wrtc_core_accept(&rig, &phone, ticket, "1", wrtc_rig_offer);
	expect(&phone, "invalid");
	wrtc_core_accept(&rig, &phone, ticket, unknown, wrtc_rig_offer);
	expect(&phone, "no_such_call");
	decline(&device, NULL, unknown);
	expect(&device, "no_such_call");
	wrtc_core_accept(&rig, &phone, ticket, id, no_audio);
	expect(&phone, "offer_unusable");

	/* none of it has done any harm */
	assert_int_equal(wrtc_ear_count(&ear, &ear.ended), 0);
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "accepted");
	wrtc_core_accept(&rig, &phone, ticket, id, wrtc_rig_offer);
	expect(&phone, "wrong_state");
	assert_int_equal(wrtc_core_open(&rig, &fresh), 0);
	wrtc_core_accept(&rig, &fresh, ticket, id, wrtc_rig_offer);
	expect(&fresh, "call_taken");
	wrtc_core_close(&rig, &fresh);
}

static void test_another_extensions_call(void **state)
{
	other_ticket = wrtc_rig_stranger(&rig, &other);
	wrtc_ear_ring(&rig, &ear, id);
	wrtc_core_accept(&rig, &phone, other_ticket, id, wrtc_rig_offer);
	expect(&phone, "no_such_call");
	decline(&other, NULL, id);
	expect(&other, "no_such_call");
	assert_int_equal(wrtc_ear_count(&ear, &ear.ended), 0);
}

/* ---- all at once, in every order ---- */

enum {
	ACCEPT_ONE,
	ACCEPT_TWO,
	DECLINE,
	CANCEL,
	NDEEDS,
	ORDERS = 4 * 3 * 2,
};

/* The nth order of them */
static void order_of(unsigned nth, unsigned deeds[NDEEDS])
{
	unsigned left[NDEEDS] = {ACCEPT_ONE, ACCEPT_TWO, DECLINE, CANCEL};
	unsigned i, j, n;

	for (i = 0; i < NDEEDS; ++i) {
		n = NDEEDS - i;
		deeds[i] = left[nth % n];
		for (j = nth % n; j + 1 < n; ++j)
			left[j] = left[j + 1];
		nth /= n;
	}
}

static void do_deed(unsigned deed, struct wrtc_core two[2])
{
	static const struct leg_end end = {
		.by = HANGUP_BY_REMOTE,
		.reason = HANGUP_CANCELED,
	};

	switch (deed) {
	case ACCEPT_ONE:
	case ACCEPT_TWO:
		wrtc_core_accept(&rig, &two[deed - ACCEPT_ONE], ticket, id,
				 wrtc_rig_offer);
		break;
	case DECLINE:
		decline(&device, NULL, id);
		break;
	default:
		wrtc_ear_hang_up(&ear, &end);
	}
}

static void test_all_at_once_in_every_order(void **state)
{
	struct wrtc_core two[2];
	unsigned deeds[NDEEDS];
	unsigned nth, i;

	for (nth = 0; nth < ORDERS; ++nth) {
		assert_int_equal(wrtc_core_open(&rig, &two[0]), 0);
		assert_int_equal(wrtc_core_open(&rig, &two[1]), 0);
		wrtc_ear_ring(&rig, &ear, id);
		order_of(nth, deeds);
		for (i = 0; i < NDEEDS; ++i)
			do_deed(deeds[i], two);

		/* the first has its way, the others come too late */
		for (i = ACCEPT_ONE; i <= ACCEPT_TWO; ++i)
			expect(&two[i],
			       deeds[0] == i ? "accepted" : "call_taken");
		if (deeds[0] <= ACCEPT_TWO)
			expect(&two[deeds[0]], "hangup");
		if (deeds[0] == CANCEL)
			expect_over(&device, id, "canceled");
		expect(&device,
		       deeds[0] == DECLINE ? "declined" : "call_taken");
		wrtc_ear_wait(&ear, &ear.closed, 1);
		assert_int_equal(wrtc_ear_count(&ear, &ear.ended),
				 deeds[0] == DECLINE);
		wrtc_ear_close(&ear);
		wrtc_core_close(&rig, &two[0]);
		wrtc_core_close(&rig, &two[1]);
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define IMPATIENT(fn)                                                          \
	cmocka_unit_test_setup_teardown(fn, setup_impatient, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ways),
		TEST(test_it_rings_and_is_taken),
		TEST(test_the_codec_of_a_phone_is_taken),
		TEST(test_the_device_declines),
		TEST(test_a_fresh_handle_declines),
		TEST(test_the_caller_gives_up),
		TEST(test_somebody_else_has_decided),
		TEST(test_two_devices_one_takes_it),
		TEST(test_two_devices_one_declines),
		TEST(test_the_device_goes),
		TEST(test_the_browser_goes_before_it_is_connected),
		TEST(test_it_hangs_up_before_it_is_connected),
		IMPATIENT(test_it_never_connects),
		TEST(test_many_calls_ring_but_not_too_many),
		TEST(test_wrong_accepts),
		TEST(test_another_extensions_call),
		TEST(test_all_at_once_in_every_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
