/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside a call: hold and resume, refreshes, digits, and what a call shows */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "support/sip_peer.h"
#include "support/sip_rig.h"

#define SDP(version, more)                                                     \
	"v=0\r\no=peer 1 " version " IN IP4 127.0.0.1\r\ns=-\r\n"              \
	"c=IN IP4 127.0.0.1\r\nt=0 0\r\n"                                      \
	"m=audio 39000 RTP/AVP 0 101\r\n"                                      \
	"a=rtpmap:101 telephone-event/8000\r\n" more

static int open_all(void **state)
{
	*state = srig_call_open(&(struct srig_params){.media = true}, false);

	return 0;
}

static int open_tcp(void **state)
{
	*state = srig_call_open(&(struct srig_params){.media = true}, true);

	return 0;
}

static int open_info(void **state)
{
	*state = srig_call_open(
		&(struct srig_params){.media = true, .trunk = "'dtmf':'info'"},
		false);

	return 0;
}

static int close_all(void **state)
{
	srig_call_close(*state);

	return 0;
}

static bool has(const char *msg, const char *name, const char *part)
{
	char value[512];

	return strstr(speer_header(msg, name, value, sizeof(value)), part);
}

static void request(struct srig_call *c, const char *method, const char *type,
		    const char *body, int code)
{
	speer_request(&c->peer, method, "", type, body);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), code);
	if (!strcmp(method, "INVITE"))
		speer_ack(&c->peer);
}

static void test_hold_and_resume(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	request(c, "INVITE", "application/sdp", SDP("2", "a=sendonly\r\n"),
		200);
	assert_non_null(strstr(speer_body(c->peer.msg), "a=recvonly"));
	assert_true(srig_wait(&c->rig, &leg->holds, 1));

	request(c, "INVITE", "application/sdp", SDP("3", ""), 200);
	assert_null(strstr(speer_body(c->peer.msg), "a=recvonly"));
	assert_true(srig_wait(&c->rig, &leg->resumes, 1));
	assert_int_equal(leg->holds, 1);
	assert_int_equal(leg->answered, 1);
	assert_true(srig_call_down(c, leg));
}

static void test_hold_by_update(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	request(c, "UPDATE", "application/sdp", SDP("2", "a=inactive\r\n"),
		200);
	assert_non_null(strstr(speer_body(c->peer.msg), "a=inactive"));
	assert_true(srig_wait(&c->rig, &leg->holds, 1));
	request(c, "UPDATE", "application/sdp", SDP("3", ""), 200);
	assert_true(srig_wait(&c->rig, &leg->resumes, 1));
	/* a refresh says nothing */
	request(c, "UPDATE", NULL, "", 200);
	assert_string_equal(speer_body(c->peer.msg), "");
	assert_true(srig_call_down(c, leg));
}

/* A re-INVITE that we cannot take leaves the call as it was */
static void test_bad_reoffer(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	request(c, "INVITE", "application/sdp",
		"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"
		"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 18\r\n",
		488);
	request(c, "INVITE", "application/sdp", "rubbish", 400);
	request(c, "INVITE", "text/plain", "rubbish", 415);
	request(c, "UPDATE", "application/sdp",
		"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"
		"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n",
		488);
	assert_int_equal(leg->ended, 0);
	request(c, "INVITE", "application/sdp", SDP("4", ""), 200);
	assert_true(srig_call_down(c, leg));
	assert_non_null(strstr(leg->notes, "re-INVITE received\n"
					   "488 Not Acceptable Here sent: "
					   "no common codec\n"
					   "re-INVITE received\n"
					   "400 Bad Request sent: "
					   "malformed SDP\n"));
	assert_non_null(strstr(leg->notes, "UPDATE received\n"
					   "488 Not Acceptable Here sent: "
					   "no audio\n"));
}

static void test_reinvite_without_sdp(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	speer_request(&c->peer, "INVITE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_non_null(strstr(speer_body(c->peer.msg), "m=audio "));
	speer_ack_sdp(&c->peer, SDP("2", "a=sendonly\r\n"));
	assert_true(srig_wait(&c->rig, &leg->holds, 1));
	assert_true(srig_call_down(c, leg));
}

static void test_session_timer(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "Supported: timer\r\nSession-Expires: 30\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 422);
	assert_true(has(c->peer.msg, "Min-SE", "90"));
	speer_ack(&c->peer);

	speer_new_call(&c->peer);
	speer_invite(&c->peer, "Supported: timer\r\nSession-Expires: 1800\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(has(c->peer.msg, "Session-Expires", "1800;refresher=uac"));
	assert_true(has(c->peer.msg, "Require", "timer"));
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_true(srig_call_down(c, leg));
}

/* The party has telephone-event: INFO beside it would count twice */
static void test_info_beside_events(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	request(c, "INFO", "application/dtmf-relay",
		"Signal=5\r\nDuration=160\r\n", 200);
	assert_string_equal(leg->digits, "");
	assert_int_equal(srig_send_dtmf(leg, '1'), ENOTSUP);
	assert_true(srig_call_down(c, leg));
}

static void test_info_digits(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	request(c, "INFO", "application/dtmf-relay",
		"Signal=5\r\nDuration=160\r\n", 200);
	request(c, "INFO", "application/dtmf-relay", "Signal= 11\n", 200);
	request(c, "INFO", "application/dtmf", "*", 200);
	request(c, "INFO", "application/dtmf-relay", "Duration=1\r\n", 400);
	request(c, "INFO", "application/dtmf-relay", "Signal=hf\r\n", 415);
	request(c, "INFO", "application/media_control+xml", "<x/>", 415);
	assert_true(has(c->peer.msg, "Accept", "application/dtmf-relay"));
	request(c, "INFO", NULL, "", 200);
	assert_string_equal(leg->digits, "5#*");

	assert_int_equal(srig_send_dtmf(leg, '7'), 0);
	assert_non_null(speer_wait_request(&c->peer, "INFO", SPEER_WAIT_MS));
	assert_non_null(strstr(speer_body(c->peer.msg), "Signal=7\r\n"));
	speer_reply(&c->peer, 200, "OK");
	assert_int_equal(srig_send_dtmf(leg, 'x'), EINVAL);
	assert_true(srig_call_down(c, leg));
	assert_non_null(strstr(leg->notes, "INFO received\n"));
	assert_non_null(strstr(leg->notes, "INFO sent\n"));
}

static void test_options(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg;

	request(c, "OPTIONS", NULL, "", 200);
	assert_true(has(c->peer.msg, "Allow", "INVITE"));
	assert_true(has(c->peer.msg, "Allow", "UPDATE"));
	assert_false(has(c->peer.msg, "Allow", "REGISTER"));
	assert_false(has(c->peer.msg, "Allow", "REFER"));
	assert_true(has(c->peer.msg, "Accept", "application/sdp"));
	assert_true(has(c->peer.msg, "Supported", "timer"));
	assert_true(has(c->peer.msg, "User-Agent", "Bifrons"));

	srig_drain(&c->rig, true);
	speer_new_call(&c->peer);
	request(c, "OPTIONS", NULL, "", 503);
	speer_new_call(&c->peer);
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 503);
	assert_true(has(c->peer.msg, "Retry-After", "2"));
	speer_ack(&c->peer);

	srig_drain(&c->rig, false);
	speer_new_call(&c->peer);
	leg = srig_call_up(c);
	assert_non_null(leg);
	assert_true(srig_call_down(c, leg));
}

static void test_other_methods(void **state)
{
	static const char *const methods[] = {"REGISTER",  "REFER",
					      "SUBSCRIBE", "NOTIFY",
					      "MESSAGE",   "PUBLISH"};
	struct srig_call *c = *state;
	struct srig_leg *leg;
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); ++i) {
		speer_new_call(&c->peer);
		request(c, methods[i], NULL, "", 405);
		assert_true(has(c->peer.msg, "Allow", "INVITE"));
	}
	speer_new_call(&c->peer);
	request(c, "BREW", NULL, "", 501);

	/* in a call that there is not */
	speer_new_call(&c->peer);
	snprintf(c->peer.to_tag, sizeof(c->peer.to_tag), "nothing");
	request(c, "BYE", NULL, "", 481);
	request(c, "INFO", NULL, "", 481);
	speer_new_call(&c->peer);
	snprintf(c->peer.to_tag, sizeof(c->peer.to_tag), "nothing");
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 481);
	speer_ack(&c->peer);

	/* and in one that there is */
	speer_new_call(&c->peer);
	leg = srig_call_up(c);
	assert_non_null(leg);
	request(c, "REFER", NULL, "", 405);
	request(c, "OPTIONS", NULL, "", 200);
	assert_true(srig_call_down(c, leg));
}

static void test_describe(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	json_t *info, *headers;

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer,
		     "User-Agent: Peer 1.0\r\n"
		     "P-Asserted-Identity: \"Bo\" <sip:+4533333333@x.test>\r\n"
		     "Diversion: <sip:+4544444444@x.test>;reason=busy\r\n"
		     "X-Customer: 42\r\nx-customer: 43\r\n"
		     "X-Evil: a\001b\xff\r\n"
		     "Subject: not kept\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_string_equal(leg->source, "+4533333333");
	assert_string_equal(leg->name, "Bo");

	info = srig_describe(leg);
	assert_non_null(info);
	assert_string_equal(json_str(info, "call_id", ""), c->peer.call_id);
	assert_non_null(strstr(json_str(info, "remote", ""), "udp:127.0.0.1:"));
	assert_string_equal(json_str(info, "user_agent", ""), "Peer 1.0");
	headers = json_object_get(info, "headers");
	assert_string_equal(json_str(headers, "X-Customer", ""), "42, 43");
	assert_string_equal(json_str(headers, "X-Evil", ""), "a?b?");
	assert_non_null(strstr(json_str(headers, "P-Asserted-Identity", ""),
			       "+4533333333"));
	assert_non_null(strstr(json_str(headers, "Diversion", ""), "busy"));
	assert_null(json_object_get(headers, "Subject"));
	json_decref(info);
}

static void test_describe_media(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);
	json_t *media, *audio;

	assert_non_null(leg);
	request(c, "INVITE", "application/sdp", SDP("2", "a=sendonly\r\n"),
		200);
	media = srig_describe_media(leg);
	audio = json_object_get(media, "audio");
	assert_string_equal(json_str(audio, "codec", ""), "PCMU");
	assert_string_equal(json_str(audio, "direction", ""), "recvonly");
	json_decref(media);
	assert_true(srig_call_down(c, leg));
}

/* The call has come, and its caller withheld the number */
static void is_nobody(struct srig_call *c)
{
	struct srig_leg *leg = &c->rig.legs[0];
	json_t *info;

	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_string_equal(leg->source, "anonymous");
	assert_string_equal(leg->name, "");
	info = srig_describe(leg);
	assert_null(json_object_get(json_object_get(info, "headers"),
				    "P-Asserted-Identity"));
	json_decref(info);
}

static void test_withheld_number(void **state)
{
	struct srig_call *c = *state;

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer,
		     "Privacy: id\r\n"
		     "P-Asserted-Identity: <sip:+4533333333@x.test>\r\n");
	is_nobody(c);
}

/* The number stands in P-Asserted-Identity, but the caller is nobody */
static void test_anonymous_from(void **state)
{
	struct srig_call *c = *state;

	snprintf(c->peer.from, sizeof(c->peer.from), "%s",
		 "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=a");
	c->rig.act = SRIG_RING;
	speer_invite(&c->peer,
		     "P-Asserted-Identity: <sip:+4533333333@x.test>\r\n");
	is_nobody(c);
}

static void test_privacy_none(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	json_t *info;

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer,
		     "Privacy: none\r\n"
		     "P-Asserted-Identity: <sip:+4533333333@x.test>\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_string_equal(leg->source, "+4533333333");
	info = srig_describe(leg);
	assert_string_equal(json_str(json_object_get(info, "headers"),
				     "P-Asserted-Identity", ""),
			    "<sip:+4533333333@x.test>");
	json_decref(info);
}

/* Behind NAT: the Contact cannot be reached, the source of the INVITE can */
static void test_private_contact(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg;

	snprintf(c->peer.contact, sizeof(c->peer.contact), "10.255.255.1:5060");
	leg = srig_call_up(c);
	assert_non_null(leg);
	assert_int_equal(srig_hangup(leg, HANGUP_NORMAL, 0), 0);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	assert_non_null(strstr(c->peer.msg, "BYE sip:peer@10.255.255.1:5060"));
	speer_reply(&c->peer, 200, "OK");
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
}

/* What we say of ourselves where the sockets are not what others reach */
static void test_public_address(void **state)
{
	struct srig_call *c = srig_call_open(
		&(struct srig_params){.public_address = "203.0.113.9"}, false);

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(has(c->peer.msg, "Contact", "203.0.113.9"));
	assert_false(has(c->peer.msg, "Contact", "127.0.0.1"));
	assert_non_null(strstr(speer_body(c->peer.msg), "IP4 203.0.113.9"));
	speer_ack(&c->peer);
	assert_true(srig_call_down(c, &c->rig.legs[0]));
	srig_call_close(c);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_all)
#define INFO(test) cmocka_unit_test_setup_teardown(test, open_info, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hold_and_resume), TEST(test_hold_by_update),
		TEST(test_bad_reoffer),     TEST(test_reinvite_without_sdp),
		TEST(test_session_timer),   TEST(test_info_beside_events),
		INFO(test_info_digits),     TEST(test_options),
		TEST(test_other_methods),   TEST(test_describe),
		TEST(test_describe_media),  TEST(test_withheld_number),
		TEST(test_anonymous_from),  TEST(test_privacy_none),
		TEST(test_private_contact), TCP(test_private_contact),
		TEST(test_public_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
