/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that go out: how they end, from either side and by accident */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "support/sip_out.h"

static int open_all(void **state)
{
	*state = sout_open(&(struct srig_params){.media = true}, false);

	return 0;
}

static int open_tcp(void **state)
{
	*state = sout_open(&(struct srig_params){.media = true}, true);

	return 0;
}

static int open_short(void **state)
{
	*state = sout_open(&(struct srig_params){.linger_ms = 300}, false);

	return 0;
}

/* Long enough for a slow test to ring, short enough to be waited for */
static int open_patient(void **state)
{
	*state = sout_open(&(struct srig_params){.linger_ms = 2000}, false);

	return 0;
}

static int close_all(void **state)
{
	sout_close(*state);

	return 0;
}

static void test_outcomes(void **state)
{
	static const struct {
		int code;
		const char *phrase;
		enum hangup_reason reason;
	} outcomes[] = {
		{486, "Busy Here", HANGUP_BUSY},
		{600, "Busy Everywhere", HANGUP_BUSY},
		{603, "Decline", HANGUP_REJECTED},
		{403, "Not from me", HANGUP_REJECTED},
		{480, "Nobody home", HANGUP_NOANSWER},
		{408, "Request Timeout", HANGUP_NOANSWER},
		{487, "Request Terminated", HANGUP_NOANSWER},
		{404, "Not Found", HANGUP_FAILED},
		{484, "Address Incomplete", HANGUP_FAILED},
		{407, "Proxy Authentication Required", HANGUP_FAILED},
		{302, "Moved Temporarily", HANGUP_FAILED},
		{503, "Full", HANGUP_FAILED},
	};
	struct sout *o = *state;
	struct srig_leg *leg;
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); ++i) {
		leg = sout_dial(o, &sout_number);
		/* nua would ask again by itself after so long */
		scallee_reply(&o->callee, outcomes[i].code, outcomes[i].phrase,
			      "Retry-After: 1\r\n", NULL);
		assert_non_null(scallee_wait(&o->callee, "ACK"));
		assert_true(srig_wait(&o->rig, &leg->closed, 1));
		assert_int_equal(leg->ended, 1);
		assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
		assert_int_equal(leg->end.reason, outcomes[i].reason);
		assert_int_equal(leg->end.sip_code, outcomes[i].code);
		assert_string_equal(leg->end_text, outcomes[i].phrase);
	}
}

static void unusable(struct sout *o, const char *sdp)
{
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 200, "OK", "", sdp);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, 488);
}

static void test_unusable_answers(void **state)
{
	struct sout *o = *state;

	unusable(o, NULL);
	unusable(o, "rubbish");
	unusable(o, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		    "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		    "m=audio 39000 RTP/AVP 18\r\n");
	/* the other family cannot be reached from here */
	unusable(o, "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\n"
		    "t=0 0\r\nm=audio 39000 RTP/AVP 0\r\n");
}

/* Where our requests shall go is no SIP URI: they go to where the INVITE went
 */
static void answered_with(struct sout *o, const char *contact,
			  const char *headers)
{
	char before[sizeof(o->callee.contact)];
	struct srig_leg *leg;

	memcpy(before, o->callee.contact, sizeof(before));
	leg = sout_dial(o, &sout_number);
	g_strlcpy(o->callee.contact, contact ? contact : before,
		  sizeof(o->callee.contact));
	scallee_reply(&o->callee, 200, "OK", headers, scallee_sdp);
	memcpy(o->callee.contact, before, sizeof(before));
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

static void test_no_way_back(void **state)
{
	struct sout *o = *state;

	answered_with(o, "http://foo", "");
	answered_with(o, "tel:+4512345678", "");
	answered_with(o, "urn:foo:bar", "");
	answered_with(o, "*", "");
	answered_with(o, NULL, "Record-Route: <http://foo;lr>\r\n");
	answered_with(o, NULL,
		      "Record-Route: <sip:127.0.0.1:9;lr>, <tel:123>\r\n");
}

/* A Contact in the middle of a call, too */
static void test_no_way_back_any_more(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	g_strlcpy(o->callee.contact, "http://foo", sizeof(o->callee.contact));
	scallee_request(&o->callee, "UPDATE", "", NULL, "");
	assert_int_equal(scallee_response(&o->callee), 200);
	scallee_request(&o->callee, "INVITE", "", "application/sdp",
			scallee_sdp);
	assert_int_equal(scallee_response(&o->callee), 200);
	scallee_request(&o->callee, "ACK", "", NULL, "");
	srig_hangup(leg, HANGUP_NORMAL, 0);
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* No CANCEL before anything came (RFC 3261 §9.1) */
static void test_cancel_waits(void **state)
{
	struct sout *o = *state;
	const struct leg_end end = {.by = HANGUP_BY_SYSTEM,
				    .reason = HANGUP_CANCELED,
				    .code = "answered_elsewhere"};
	struct srig_leg *leg = sout_dial(o, &sout_number);

	assert_int_equal(srig_hangup_as(leg, &end), 0);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	srig_turn(&o->rig);
	while (speer_recv(&o->callee.peer, 0))
		assert_null(strstr(o->callee.peer.msg, "CANCEL "));
	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	assert_true(sout_has(o->callee.peer.msg, "Reason", "cause=200"));
	assert_true(sout_has(o->callee.peer.msg, "Reason", "elsewhere"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_int_equal(leg->ended, 0);
	assert_int_equal(leg->rang, 0);
}

static void test_cancel(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	srig_hangup(leg, HANGUP_NOANSWER, 0);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	assert_false(sout_has(o->callee.peer.msg, "Reason", "elsewhere"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
	assert_string_equal(leg->notes,
			    "INVITE sent\n180 Ringing received\nCANCEL sent\n");
}

/* The 200 was on its way when we gave up */
static void test_cancel_crosses_answer(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	srig_hangup(leg, HANGUP_CANCELED, 0);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 0);
}

/* The BYE of a call just answered comes after its ACK */
static void test_hangup_in_answered(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* Answer what came last with a challenge */
static void challenge(struct sout *o)
{
	static const char *const names[] = {"Via", "From", "To", "Call-ID",
					    "CSeq"};
	GString *out = g_string_new("SIP/2.0 407 Who are you\r\n");
	char value[512];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
		speer_header(o->callee.peer.msg, names[i], value,
			     sizeof(value));
		g_string_append_printf(out, "%s: %s\r\n", names[i], value);
	}
	g_string_append(out, "Proxy-Authenticate: Digest realm=\"x\", "
			     "nonce=\"n\"\r\nContent-Length: 0\r\n\r\n");
	speer_send_raw(&o->callee.peer, out->str, out->len);
	g_string_free(out, TRUE);
}

/* nua would wait for credentials for ever, and the leg with it */
static void test_bye_is_challenged(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);
	struct sipx_stats before, after;
	unsigned i;

	srig_stats(&o->rig, &before);
	srig_hangup(leg, HANGUP_NORMAL, 0);
	assert_non_null(scallee_wait(&o->callee, "BYE"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	challenge(o);
	for (i = 0; i < 1000; ++i) {
		srig_stats(&o->rig, &after);
		if (after.legs < before.legs)
			break;
		g_usleep(10000);
	}
	assert_int_equal(after.legs, before.legs - 1);
}

static void test_no_response(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->heard, 0);
	assert_int_equal(leg->end.by, HANGUP_BY_SYSTEM);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, 408);
	assert_string_equal(leg->end.code, "unreachable");
}

static void test_refused_port(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg;

	scallee_close(&o->callee);
	leg = srig_dial(&o->rig, &sout_number);
	assert_non_null(leg);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->heard, 0);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, 503);
	assert_string_equal(leg->end.code, "unreachable");
	o->callee.peer.fd = o->callee.listener = -1;
}

/* A CANCEL that nobody answers does not keep the leg */
static void test_cancel_lost(void **state)
{
	struct sout *o = *state;
	struct sipx_stats stats;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	srig_hangup(leg, HANGUP_NOANSWER, 0);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	do {
		srig_stats(&o->rig, &stats);
		speer_recv(&o->callee.peer, 20);
	} while (stats.legs);
}

#define HUGE_CSEQ                                                              \
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n"                     \
	"CSeq: 99999999999999 INVITE\r\n\r\n"

/* What is no response, or one too large, harms nobody */
static void test_hostile_responses(void **state)
{
	static const char *const junk[] = {
		"SIP/2.0 200\r\n\r\n",
		"SIP/2.0 abc OK\r\nVia: x\r\n\r\n",
		"SIP/2.0 999999 OK\r\nCall-ID: y\r\n\r\n",
		"\r\n\r\n",
		HUGE_CSEQ,
	};
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);
	char big[10100];
	size_t i;

	for (i = 0; i < sizeof(junk) / sizeof(junk[0]); ++i)
		speer_send_raw(&o->callee.peer, junk[i], strlen(junk[i]));
	memset(big, 'a', sizeof(big));
	memcpy(big, "X-Big: ", 7);
	memcpy(big + sizeof(big) - 3, "\r\n", 3);
	scallee_reply(&o->callee, 180, "Ringing \xff\x01", big, NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	scallee_reply(&o->callee, 183, "P", "Contact: <sip:@>\r\n", "v=0\r\n");
	scallee_reply(&o->callee, 180, "Ringing",
		      "RSeq: 4294967295\r\nRequire: 100rel\r\n", NULL);
	scallee_reply(&o->callee, 486, "Busy \x01\xff here", big, NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->end.reason, HANGUP_BUSY);
	assert_null(strchr(leg->end_text, '\x01'));
}

/* A BYE before the answer is against the rules, and changes nothing */
static void test_bye_while_ringing(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	scallee_request(&o->callee, "BYE", "", NULL, "");
	assert_int_equal(scallee_response(&o->callee), 481);
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
}

/* The platform stops while it rings */
static void test_stop_while_ringing(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	srig_stop(&o->rig);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_all)
#define SHORT(test) cmocka_unit_test_setup_teardown(test, open_short, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_outcomes),
		TEST(test_unusable_answers),
		TEST(test_no_way_back),
		TEST(test_no_way_back_any_more),
		TEST(test_cancel_waits),
		TEST(test_cancel),
		TCP(test_cancel),
		TEST(test_cancel_crosses_answer),
		TEST(test_hangup_in_answered),
		TEST(test_bye_is_challenged),
		SHORT(test_no_response),
		TEST(test_refused_port),
		TCP(test_refused_port),
		cmocka_unit_test_setup_teardown(test_cancel_lost, open_patient,
						close_all),
		TEST(test_hostile_responses),
		TEST(test_bye_while_ringing),
		TEST(test_stop_while_ringing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
