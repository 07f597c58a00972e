/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What INVITEs offer, or fail to: the answer, or the right refusal */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/sip_peer.h"
#include "support/sip_rig.h"

#define HEAD                                                                   \
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"                           \
	"c=IN IP4 127.0.0.1\r\nt=0 0\r\n"

enum {
	ANSWER_SIZE = 2048
};

static int open_all(void **state)
{
	*state = srig_call_open(&(struct srig_params){.media = true}, false);

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

/* An offer that we cannot take is refused, and the call's record says so */
static void refused(struct srig_call *c, const char *headers, const char *type,
		    const char *body, int code)
{
	struct srig_leg *leg = &c->rig.legs[c->rig.nlegs];

	c->rig.act = SRIG_ANSWER;
	speer_new_call(&c->peer);
	speer_request(&c->peer, "INVITE", headers, type, body);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), code);
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->end.by, HANGUP_BY_SYSTEM);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, code);
}

static void test_no_common_codec(void **state)
{
	struct srig_call *c = *state;

	refused(c, "", "application/sdp",
		HEAD "m=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n",
		488);
	assert_true(has(c->peer.msg, "Warning", "305 127.0.0.1 \""));
}

static void test_no_audio(void **state)
{
	struct srig_call *c = *state;

	refused(c, "", "application/sdp",
		HEAD "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n",
		488);
	refused(c, "", "application/sdp", HEAD "m=audio 0 RTP/AVP 0\r\n", 488);
	refused(c, "", "application/sdp", HEAD, 488);
}

static void test_malformed(void **state)
{
	struct srig_call *c = *state;

	refused(c, "", "application/sdp", "this is not SDP", 400);
	refused(c, "", "application/sdp", HEAD "m=audio\r\n", 400);
	assert_non_null(strstr(c->rig.legs[1].notes,
			       "INVITE received\n"
			       "400 Bad Request sent: malformed SDP\n"));
}

static void test_other_content(void **state)
{
	struct srig_call *c = *state;

	refused(c, "", "text/plain", "hello", 415);
	assert_true(has(c->peer.msg, "Accept", "application/sdp"));
	refused(c, "Content-Encoding: gzip\r\n", "application/sdp",
		HEAD "m=audio 4000 RTP/AVP 0\r\n", 415);
}

static void test_unknown_extension(void **state)
{
	struct srig_call *c = *state;

	speer_invite(&c->peer, "Require: teleportation\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 420);
	assert_true(has(c->peer.msg, "Unsupported", "teleportation"));
	speer_ack(&c->peer);
	srig_turn(&c->rig);
	assert_int_equal(c->rig.nlegs, 0);
}

/* @param answer  Our SDP */
static void taken(struct srig_call *c, const char *type, const char *body,
		  char *answer)
{
	struct srig_leg *leg = &c->rig.legs[c->rig.nlegs];

	c->rig.act = SRIG_ANSWER;
	speer_new_call(&c->peer);
	speer_request(&c->peer, "INVITE", "", type, body);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	snprintf(answer, ANSWER_SIZE, "%.2000s", speer_body(c->peer.msg));
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_true(srig_call_down(c, leg));
}

static void test_several_lines(void **state)
{
	struct srig_call *c = *state;
	char answer[ANSWER_SIZE];
	const char *sdp;

	taken(c, "application/sdp; charset=utf-8",
	      HEAD "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
		   "m=audio 4000 RTP/AVP 8\r\n"
		   "m=audio 4004 RTP/AVP 0\r\n",
	      answer);
	sdp = answer;
	assert_non_null(strstr(sdp, "m=video 0 RTP/AVP 96"));
	sdp = strstr(sdp, "m=audio ");
	assert_non_null(sdp);
	assert_null(strstr(sdp, "m=audio 0 RTP/AVP 8"));
	assert_non_null(strstr(sdp, "m=audio 0 RTP/AVP 0"));
}

static void test_directions(void **state)
{
	static const char *const rows[][2] = {
		{"a=sendonly\r\n", "a=recvonly"},
		{"a=recvonly\r\n", "a=sendonly"},
		{"a=inactive\r\n", "a=inactive"},
	};
	struct srig_call *c = *state;
	char offer[512], answer[ANSWER_SIZE];
	size_t i;

	for (i = 0; i < 3; ++i) {
		snprintf(offer, sizeof(offer), "%s%s%s", HEAD,
			 "m=audio 4000 RTP/AVP 0\r\n", rows[i][0]);
		taken(c, "application/sdp", offer, answer);
		assert_non_null(strstr(answer, rows[i][1]));
	}
}

static void test_multipart(void **state)
{
	struct srig_call *c = *state;
	char answer[ANSWER_SIZE];

	taken(c, "multipart/mixed;boundary=frontier",
	      "--frontier\r\n"
	      "Content-Type: application/isup;version=x\r\n\r\n"
	      "\001\002\003\r\n"
	      "--frontier\r\n"
	      "Content-Type: application/sdp\r\n\r\n" HEAD
	      "m=audio 4000 RTP/AVP 8\r\n\r\n"
	      "--frontier--\r\n",
	      answer);
	assert_non_null(strstr(answer, "RTP/AVP 8"));
}

static void test_late_offer(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_request(&c->peer, "INVITE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_non_null(strstr(speer_body(c->peer.msg), "m=audio "));
	assert_non_null(strstr(speer_body(c->peer.msg), "telephone-event"));
	speer_ack_sdp(&c->peer, NULL);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_int_equal(leg->failed, 0);
	assert_true(srig_call_down(c, leg));
}

/* No answer in the ACK: there is nothing to talk with */
static void test_late_offer_unanswered(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_request(&c->peer, "INVITE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	speer_ack(&c->peer);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	speer_reply(&c->peer, 200, "OK");
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->failed, 1);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.sip_code, 488);
}

/* Early media to a caller without an offer and without PRACK cannot be */
static void test_late_offer_progress(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_RING;
	speer_request(&c->peer, "INVITE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_int_equal(srig_progress(leg), ENOTSUP);
	assert_int_equal(srig_answer(leg), 0);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	speer_ack_sdp(&c->peer, NULL);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_true(srig_call_down(c, leg));
}

/* Our offer goes out in a reliable 183, the answer comes in the PRACK */
static void test_late_offer_prack(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	char rseq[32], rack[64];

	c->rig.act = SRIG_PROGRESS;
	speer_request(&c->peer, "INVITE", "Supported: 100rel\r\n", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 183);
	assert_non_null(strstr(speer_body(c->peer.msg), "m=audio "));
	assert_int_equal(leg->early, 0);
	speer_header(c->peer.msg, "RSeq", rseq, sizeof(rseq));
	snprintf(rack, sizeof(rack), "RAck: %s %u INVITE\r\n", rseq,
		 c->peer.invite_cseq);
	speer_request(&c->peer, "PRACK", rack, "application/sdp",
		      HEAD "m=audio 4000 RTP/AVP 0\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(srig_wait(&c->rig, &leg->early, 1));

	assert_int_equal(srig_answer(leg), 0);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(has(c->peer.msg, "CSeq", "INVITE"));
	assert_string_equal(speer_body(c->peer.msg), "");
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_true(srig_call_down(c, leg));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_common_codec),
		TEST(test_no_audio),
		TEST(test_malformed),
		TEST(test_other_content),
		TEST(test_unknown_extension),
		TEST(test_several_lines),
		TEST(test_directions),
		TEST(test_multipart),
		TEST(test_late_offer),
		TEST(test_late_offer_unanswered),
		TEST(test_late_offer_progress),
		TEST(test_late_offer_prack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
