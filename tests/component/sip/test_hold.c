/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offers of ours inside a call, theirs in one that we began, and refreshes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "support/sip_out.h"

#define SDP(version, more)                                                     \
	"v=0\r\no=callee 1 " version " IN IP4 127.0.0.1\r\ns=-\r\n"            \
	"c=IN IP4 127.0.0.1\r\nt=0 0\r\n"                                      \
	"m=audio 39100 RTP/AVP 0 101\r\n"                                      \
	"a=rtpmap:101 telephone-event/8000\r\n" more

static int open_all(void **state)
{
	*state = sout_open(&(struct srig_params){.media = true, .glare_ms = 20},
			   false);

	return 0;
}

static int open_refresh(void **state)
{
	*state = sout_open(&(struct srig_params){.session_s = 2}, false);

	return 0;
}

static int close_all(void **state)
{
	sout_close(*state);

	return 0;
}

static const char *direction(struct srig_leg *leg, char out[16])
{
	json_t *media = srig_describe_media(leg);

	snprintf(out, 16, "%s",
		 json_str(json_object_get(media, "audio"), "direction", ""));
	json_decref(media);

	return out;
}

/* Our re-INVITE, with this direction */
static void expect_offer(struct sout *o, const char *dir)
{
	assert_non_null(scallee_invited(&o->callee));
	assert_true(sout_has(o->callee.invite, "To", "tag="));
	assert_non_null(strstr(speer_body(o->callee.invite), dir));
}

static void accept_offer(struct sout *o, const char *sdp)
{
	scallee_reply(&o->callee, 200, "OK", "", sdp);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	srig_turn(&o->rig);
}

static void test_hold_and_resume(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);
	char dir[16];

	assert_int_equal(srig_hold(leg, true), EPROTO);
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));

	assert_int_equal(srig_hold(leg, true), 0);
	assert_int_equal(srig_hold(leg, true), 0);
	expect_offer(o, "a=sendonly");
	/* the payload types stay */
	assert_non_null(strstr(o->callee.invite, "RTP/AVP 0 "));
	accept_offer(o, SDP("2", "a=recvonly\r\n"));
	assert_string_equal(direction(leg, dir), "sendonly");
	assert_int_equal(leg->holds, 0);

	assert_int_equal(srig_hold(leg, false), 0);
	expect_offer(o, "a=sendrecv");
	accept_offer(o, SDP("3", ""));
	assert_string_equal(direction(leg, dir), "sendrecv");
	sout_down(o, leg);
	assert_int_equal(leg->answered, 1);
}

/* What is asked for while an offer is open waits; there and back is nothing */
static void test_one_offer_at_a_time(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	srig_hold(leg, false);
	srig_hold(leg, true);
	srig_hold(leg, false);
	accept_offer(o, SDP("2", "a=recvonly\r\n"));
	expect_offer(o, "a=sendrecv");
	srig_hold(leg, true);
	srig_hold(leg, false);
	accept_offer(o, SDP("3", ""));
	srig_turn(&o->rig);
	assert_null(speer_recv(&o->callee.peer, 0));
	sout_down(o, leg);
}

/* Both offer at once: we try again */
static void test_glare(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	scallee_reply(&o->callee, 491, "Request Pending", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	expect_offer(o, "a=sendonly");
	accept_offer(o, SDP("2", "a=recvonly\r\n"));
	sout_down(o, leg);
}

/* Theirs comes while ours is open: 491, and ours goes on */
static void test_their_offer_meets_ours(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);
	char ours[sizeof(o->callee.invite)];

	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	memcpy(ours, o->callee.invite, sizeof(ours));
	scallee_request(&o->callee, "INVITE", "", "application/sdp",
			SDP("2", "a=sendonly\r\n"));
	assert_int_equal(scallee_response(&o->callee), 491);
	scallee_request(&o->callee, "ACK", "", NULL, "");
	memcpy(o->callee.invite, ours, sizeof(ours));
	accept_offer(o, SDP("2", "a=recvonly\r\n"));
	sout_down(o, leg);
}

/* They will not have it: the call goes on as it was */
static void test_hold_refused(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);
	char dir[16];

	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	scallee_reply(&o->callee, 488, "Not Acceptable Here", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	srig_turn(&o->rig);
	assert_string_equal(direction(leg, dir), "sendrecv");
	assert_int_equal(leg->ended, 0);
	/* and may be asked again */
	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	accept_offer(o, SDP("2", "a=recvonly\r\n"));
	sout_down(o, leg);
}

static void test_hold_of_a_lost_dialog(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	scallee_reply(&o->callee, 481, "Call Does Not Exist", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
	assert_string_equal(leg->end.code, "dialog_lost");
}

static void test_hangup_in_hold(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	srig_hangup(leg, HANGUP_NORMAL, 0);
	sout_expect_bye(o);
	scallee_reply(&o->callee, 200, "OK", "", SDP("2", "a=recvonly\r\n"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* An incoming leg holds its party in the same way */
static void test_incoming_leg(void **state)
{
	struct srig_call *c = srig_call_open(
		&(struct srig_params){.media = true, .glare_ms = 20}, false);
	struct srig_leg *leg = srig_call_up(c);
	struct scallee party = {.listener = -1};

	assert_non_null(leg);
	assert_int_equal(srig_hold(leg, true), 0);
	party.peer = c->peer;
	snprintf(party.contact, sizeof(party.contact), "sip:peer@127.0.0.1:%u",
		 party.peer.port);
	assert_non_null(scallee_invited(&party));
	assert_non_null(strstr(speer_body(party.invite), "a=sendonly"));
	scallee_reply(&party, 200, "OK", "", SDP("2", "a=recvonly\r\n"));
	assert_non_null(scallee_wait(&party, "ACK"));
	c->peer = party.peer;
	assert_true(srig_call_down(c, leg));
	srig_call_close(c);
}

static void their_request(struct sout *o, const char *method, const char *sdp)
{
	scallee_request(&o->callee, method, "", sdp ? "application/sdp" : NULL,
			sdp ? sdp : "");
	assert_int_equal(scallee_response(&o->callee), 200);
	if (strcmp(method, "INVITE") != 0)
		return;
	scallee_request(&o->callee, "ACK", "", NULL, "");
}

static void test_they_hold(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	their_request(o, "INVITE", SDP("2", "a=sendonly\r\n"));
	assert_non_null(strstr(speer_body(o->callee.peer.msg), "a=recvonly"));
	assert_true(srig_wait(&o->rig, &leg->holds, 1));
	their_request(o, "UPDATE", SDP("3", ""));
	assert_true(srig_wait(&o->rig, &leg->resumes, 1));
	their_request(o, "INFO", NULL);
	/* while we hold them too */
	srig_hold(leg, true);
	expect_offer(o, "a=sendonly");
	accept_offer(o, SDP("4", "a=inactive\r\n"));
	assert_true(srig_wait(&o->rig, &leg->holds, 2));
	sout_down(o, leg);
}

/* They take no UPDATE: the refresh is a re-INVITE, its 200 offers, our ACK
 * answers */
static void test_refresh_by_invite(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);
	const char *ack;

	scallee_reply(&o->callee, 200, "OK",
		      "Session-Expires: 2;refresher=uac\r\nRequire: timer\r\n",
		      scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_non_null(scallee_invited(&o->callee));
	assert_true(sout_has(o->callee.invite, "Session-Expires",
			     "2;refresher=uac"));
	scallee_reply(&o->callee, 200, "OK",
		      "Session-Expires: 2;refresher=uac\r\nRequire: timer\r\n",
		      SDP("2", ""));
	ack = scallee_wait(&o->callee, "ACK");
	assert_non_null(ack);
	assert_non_null(strstr(speer_body(ack), "RTP/AVP 0 101"));
	assert_int_equal(leg->ended, 0);
	sout_down(o, leg);
}

static void test_refresh_by_update(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 200, "OK",
		      "Session-Expires: 2;refresher=uac\r\nRequire: timer\r\n"
		      "Allow: INVITE, ACK, BYE, UPDATE\r\n",
		      scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	assert_non_null(scallee_wait(&o->callee, "UPDATE"));
	assert_true(sout_has(o->callee.peer.msg, "Session-Expires", "2"));
	speer_reply(&o->callee.peer, 200, "OK");
	sout_down(o, leg);
}

/* They were to refresh, and are gone */
static void test_session_expires(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 200, "OK",
		      "Session-Expires: 2;refresher=uas\r\nRequire: timer\r\n"
		      "Supported: timer\r\n",
		      scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->end.reason, HANGUP_TIMEOUT);
	assert_string_equal(leg->end.code, "session_timer");
}

/* Their interval is longer than what we asked for (422) */
static void test_interval_too_small(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 422, "Session Interval Too Small",
		      "Min-SE: 120\r\n", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_non_null(scallee_invited(&o->callee));
	assert_true(sout_has(o->callee.invite, "Session-Expires", "120"));
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
#define REFRESH(test)                                                          \
	cmocka_unit_test_setup_teardown(test, open_refresh, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hold_and_resume),
		TEST(test_one_offer_at_a_time),
		TEST(test_glare),
		TEST(test_their_offer_meets_ours),
		TEST(test_hold_refused),
		TEST(test_hold_of_a_lost_dialog),
		TEST(test_hangup_in_hold),
		cmocka_unit_test(test_incoming_leg),
		TEST(test_they_hold),
		REFRESH(test_refresh_by_invite),
		REFRESH(test_refresh_by_update),
		REFRESH(test_session_expires),
		REFRESH(test_interval_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
