/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that go out: set-up, early media, forks, and how they end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "support/sip_callee.h"
#include "support/sip_rig.h"

struct out {
	struct srig rig;
	struct scallee callee;
	struct srig_leg *leg;
};

static const struct leg_dial to_number = {
	.type = "tel",
	.target = "+4533445566",
	.trunk_id = SRIG_TRUNK,
	.source_type = "tel",
	.source = "+4520123456",
	.source_name = "Acme \"A/S\"",
};

/* The trunk's one host is the callee */
static void point_trunk(struct out *o, const char *more)
{
	char text[1024];

	snprintf(
		text, sizeof(text),
		"'hosts':[{'host':'127.0.0.1','port':%u,'transport':'%s'}]%s%s",
		o->callee.peer.port, o->callee.peer.tcp ? "tcp" : "udp",
		more ? "," : "", more ? more : "");
	srig_trunk(&o->rig, text);
}

static struct out *open_out(const struct srig_params *prm, bool tcp)
{
	struct out *o = calloc(1, sizeof(*o));

	assert_non_null(o);
	srig_open(&o->rig, prm);
	scallee_open(&o->callee, o->rig.port, tcp);
	point_trunk(o, NULL);

	return o;
}

static int open_all(void **state)
{
	*state = open_out(&(struct srig_params){.media = true}, false);

	return 0;
}

static int open_tcp(void **state)
{
	*state = open_out(&(struct srig_params){.media = true}, true);

	return 0;
}

static int open_short(void **state)
{
	*state = open_out(&(struct srig_params){.linger_ms = 300}, false);

	return 0;
}

static int close_all(void **state)
{
	struct out *o = *state;

	srig_close(&o->rig);
	scallee_close(&o->callee);
	free(o);

	return 0;
}

static bool has(const char *msg, const char *name, const char *part)
{
	char value[512];

	return strstr(speer_header(msg, name, value, sizeof(value)), part);
}

/* Dial, and the INVITE is here */
static struct srig_leg *dial(struct out *o)
{
	o->leg = srig_dial(&o->rig, &to_number);
	assert_non_null(o->leg);
	assert_non_null(scallee_invited(&o->callee));

	return o->leg;
}

/* Dial and answer */
static struct srig_leg *up(struct out *o)
{
	struct srig_leg *leg = dial(o);

	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));

	return leg;
}

static void they_hang_up(struct out *o, struct srig_leg *leg)
{
	scallee_request(&o->callee, "BYE", "", NULL, "");
	assert_int_equal(scallee_response(&o->callee), 200);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* Our BYE, answered */
static void expect_bye(struct out *o)
{
	assert_non_null(scallee_wait(&o->callee, "BYE"));
	speer_reply(&o->callee.peer, 200, "OK");
}

static void test_ring_answer_bye(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);
	const char *invite = o->callee.invite;
	json_t *info;

	assert_true(has(invite, "From", "<sip:+4520123456@127.0.0.1>"));
	assert_true(has(invite, "From", "\"Acme \\\"A/S\\\"\""));
	assert_true(has(invite, "To", "<sip:+4533445566@127.0.0.1:"));
	assert_true(has(invite, "P-Asserted-Identity", "+4520123456@"));
	assert_true(has(invite, "Supported", "timer"));
	assert_false(has(invite, "Supported", "100rel"));
	assert_true(has(invite, "Allow", "UPDATE"));
	assert_true(has(invite, "User-Agent", "Bifrons/test"));
	assert_true(has(invite, "Max-Forwards", "70"));
	assert_true(has(invite, "Session-Expires", "1800"));
	assert_non_null(strstr(invite, "telephone-event"));

	scallee_reply(&o->callee, 100, "Trying", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->heard, 1));
	assert_int_equal(leg->rang, 0);
	scallee_reply(&o->callee, 180, "Ringing", "Server: Phone 1\r\n", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	assert_int_equal(leg->rang, 1);
	assert_int_equal(leg->heard, 1);
	assert_int_equal(leg->early, 0);

	info = srig_describe(leg);
	assert_string_equal(json_str(info, "user_agent", ""), "Phone 1");
	assert_non_null(strstr(json_str(info, "remote", ""), "127.0.0.1:"));
	json_decref(info);
	info = srig_describe_media(leg);
	assert_string_equal(
		json_str(json_object_get(info, "audio"), "codec", ""), "PCMU");
	json_decref(info);

	they_hang_up(o, leg);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	assert_int_equal(leg->end.reason, HANGUP_NORMAL);
}

static void test_we_hang_up(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = up(o);

	srig_hangup(leg, HANGUP_NORMAL, 0);
	expect_bye(o);
	assert_true(has(o->callee.peer.msg, "Reason", "cause=16"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
}

/* The 200 comes again: the ACK too, and nothing else happens */
static void test_repeated_answer(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = up(o);

	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_int_equal(leg->answered, 1);
	they_hang_up(o, leg);
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
	struct out *o = *state;
	struct srig_leg *leg;
	size_t i;

	for (i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); ++i) {
		leg = dial(o);
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

static void test_early_media(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	scallee_reply(&o->callee, 183, "Session Progress", "", scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->early, 1));
	assert_int_equal(leg->rang, 0);
	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	scallee_reply(&o->callee, 183, "Session Progress", "", scallee_sdp);
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	assert_int_equal(leg->early, 1);
	they_hang_up(o, leg);
}

/* Common among phones: SDP in the 183, and none in the 200 */
static void test_early_answer_holds(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	scallee_reply(&o->callee, 180, "Ringing", "", scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->early, 1));
	assert_int_equal(leg->rang, 1);
	scallee_reply(&o->callee, 200, "OK", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	they_hang_up(o, leg);
}

#define PCMA                                                                   \
	"v=0\r\no=b 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"     \
	"t=0 0\r\nm=audio 39200 RTP/AVP 8\r\n"

static void check_codec(struct srig_leg *leg, const char *name)
{
	json_t *media = srig_describe_media(leg);

	assert_string_equal(
		json_str(json_object_get(media, "audio"), "codec", ""), name);
	json_decref(media);
}

/* Two branches of a fork: the first is heard early, the second answers, and
 * the first's 200 is too late */
static void test_fork(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);
	char first[sizeof(o->callee.tag)];

	scallee_reply(&o->callee, 183, "Session Progress", "", scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->early, 1));
	check_codec(leg, "PCMU");
	strcpy(first, o->callee.tag);
	strcpy(o->callee.tag, "callee-2");
	scallee_reply(&o->callee, 183, "Session Progress", "", PCMA);
	scallee_reply(&o->callee, 200, "OK", "", PCMA);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(has(o->callee.peer.msg, "To", "tag=callee-2"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	check_codec(leg, "PCMA");

	strcpy(o->callee.tag, first);
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(has(o->callee.peer.msg, "To", "tag=callee-1"));
	expect_bye(o);
	assert_true(has(o->callee.peer.msg, "To", "tag=callee-1"));
	assert_int_equal(leg->ended, 0);

	strcpy(o->callee.tag, "callee-2");
	they_hang_up(o, leg);
	assert_int_equal(leg->early, 1);
}

static void unusable(struct out *o, const char *sdp)
{
	struct srig_leg *leg = dial(o);

	scallee_reply(&o->callee, 200, "OK", "", sdp);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, 488);
}

static void test_unusable_answers(void **state)
{
	struct out *o = *state;

	unusable(o, NULL);
	unusable(o, "rubbish");
	unusable(o, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		    "c=IN IP4 127.0.0.1\r\nt=0 0\r\n"
		    "m=audio 39000 RTP/AVP 18\r\n");
	/* the other family cannot be reached from here */
	unusable(o, "v=0\r\no=- 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\n"
		    "t=0 0\r\nm=audio 39000 RTP/AVP 0\r\n");
}

/* No CANCEL before anything came (RFC 3261 §9.1) */
static void test_cancel_waits(void **state)
{
	struct out *o = *state;
	const struct leg_end end = {.by = HANGUP_BY_SYSTEM,
				    .reason = HANGUP_CANCELED,
				    .code = "answered_elsewhere"};
	struct srig_leg *leg = dial(o);

	assert_int_equal(srig_hangup_as(leg, &end), 0);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	srig_turn(&o->rig);
	while (speer_recv(&o->callee.peer, 0))
		assert_null(strstr(o->callee.peer.msg, "CANCEL "));
	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	assert_true(has(o->callee.peer.msg, "Reason", "cause=200"));
	assert_true(has(o->callee.peer.msg, "Reason", "elsewhere"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_int_equal(leg->ended, 0);
	assert_int_equal(leg->rang, 0);
}

static void test_cancel(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	srig_hangup(leg, HANGUP_NOANSWER, 0);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	assert_false(has(o->callee.peer.msg, "Reason", "elsewhere"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
}

/* The 200 was on its way when we gave up */
static void test_cancel_crosses_answer(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	srig_hangup(leg, HANGUP_CANCELED, 0);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 0);
}

/* An answer and our hangup meet before the ACK is out: BYE follows it */
static void test_hangup_in_answered(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

static void test_no_response(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->heard, 0);
	assert_int_equal(leg->end.by, HANGUP_BY_SYSTEM);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, 408);
	assert_string_equal(leg->end.code, "unreachable");
}

static void test_refused_port(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg;

	scallee_close(&o->callee);
	leg = srig_dial(&o->rig, &to_number);
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
	struct out *o = *state;
	struct sipx_stats stats;
	struct srig_leg *leg = dial(o);

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

static void test_withheld(void **state)
{
	struct out *o = *state;
	struct leg_dial anonymous = to_number;
	struct srig_leg *leg;

	anonymous.anonymous = true;
	leg = srig_dial(&o->rig, &anonymous);
	assert_non_null(leg);
	assert_non_null(scallee_invited(&o->callee));
	assert_true(has(o->callee.invite, "From",
			"<sip:anonymous@anonymous.invalid>"));
	assert_true(has(o->callee.invite, "Privacy", "id"));
	assert_true(has(o->callee.invite, "P-Asserted-Identity",
			"<sip:+4520123456@"));
	assert_false(has(o->callee.invite, "P-Asserted-Identity", "Acme"));
	scallee_reply(&o->callee, 603, "Decline", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* What the trunk asks for: form of numbers, domain, caller id, headers */
static void test_trunk_options(void **state)
{
	struct out *o = *state;
	struct leg_dial dial = to_number;
	struct srig_leg *leg;
	json_t *headers = json_pack("{s:s,s:s,s:s,s:s}", "X-Order", "42",
				    "X-Both", "call", "Via", "SIP/2.0/UDP evil",
				    "X-Evil", "a\r\nContact: <sip:x@y>");

	point_trunk(o, "'number_format_out':'national','country':'DK',"
		       "'from_domain':'acme.test','contact_user':'acme',"
		       "'caller_id_policy':{'mode':'trunk','header':'from'},"
		       "'caller_ids':['+4570112233'],'codecs':['PCMU','PCMA'],"
		       "'headers':{'X-Trunk':'t','x-both':'trunk'}");
	dial.headers = headers;
	dial.codec = "PCMA";
	leg = srig_dial(&o->rig, &dial);
	assert_non_null(leg);
	assert_non_null(scallee_invited(&o->callee));
	assert_non_null(strstr(o->callee.invite, "INVITE sip:33445566@"));
	assert_true(has(o->callee.invite, "From", "<sip:70112233@acme.test>"));
	assert_true(has(o->callee.invite, "Contact", "<sip:acme@127.0.0.1:"));
	assert_false(has(o->callee.invite, "P-Asserted-Identity", "sip"));
	assert_true(has(o->callee.invite, "X-Order", "42"));
	assert_true(has(o->callee.invite, "X-Trunk", "t"));
	assert_true(has(o->callee.invite, "X-Both", "call"));
	assert_null(strstr(o->callee.invite, "evil"));
	assert_null(strstr(o->callee.invite, "X-Evil"));
	assert_non_null(strstr(o->callee.invite, " RTP/AVP 8 0 101\r\n"));
	json_decref(headers);
	scallee_reply(&o->callee, 486, "Busy Here", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

static void test_sip_uri(void **state)
{
	struct out *o = *state;
	char target[128];
	const struct leg_dial dial = {
		.type = "sip",
		.target = target,
		.source_type = "extension",
		.source = "1001@acme.test",
	};
	struct srig_leg *leg;

	snprintf(target, sizeof(target), "sip:bob@127.0.0.1:%u;x=1",
		 o->callee.peer.port);
	leg = srig_dial(&o->rig, &dial);
	assert_non_null(leg);
	assert_non_null(scallee_invited(&o->callee));
	assert_non_null(strstr(o->callee.invite, "INVITE sip:bob@127.0.0.1:"));
	assert_non_null(strstr(o->callee.invite, ";x=1 SIP/2.0"));
	assert_true(has(o->callee.invite, "From", "<sip:1001@acme.test>"));
	assert_false(has(o->callee.invite, "P-Asserted-Identity", "sip"));
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	they_hang_up(o, leg);
}

/* Behind NAT the ACK and the BYE go to where the 200 came from */
static void test_private_contact(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	snprintf(o->callee.contact, sizeof(o->callee.contact),
		 "sip:callee@10.255.255.1:5060");
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_non_null(strstr(o->callee.peer.msg, "ACK sip:callee@10.255."));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* What is no response, or one too large, harms nobody */
static void test_hostile_responses(void **state)
{
	static const char *const junk[] = {
		"SIP/2.0 200\r\n\r\n",
		"SIP/2.0 abc OK\r\nVia: x\r\n\r\n",
		"SIP/2.0 999999 OK\r\nCall-ID: y\r\n\r\n",
		"\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1\r\n"
		"CSeq: 99999999999999 INVITE\r\n\r\n",
	};
	struct out *o = *state;
	struct srig_leg *leg = dial(o);
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

/* A BYE before the answer is odd, and the end */
static void test_bye_while_ringing(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	scallee_request(&o->callee, "BYE", "", NULL, "");
	assert_true(scallee_response(&o->callee) > 0);
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
}

/* The platform stops while it rings: CANCEL, and the stack is gone */
static void test_stop_while_ringing(void **state)
{
	struct out *o = *state;
	struct srig_leg *leg = dial(o);

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
		TEST(test_ring_answer_bye),
		TCP(test_ring_answer_bye),
		TEST(test_we_hang_up),
		TCP(test_we_hang_up),
		TEST(test_repeated_answer),
		TEST(test_outcomes),
		TEST(test_early_media),
		TEST(test_early_answer_holds),
		TEST(test_fork),
		TEST(test_unusable_answers),
		TEST(test_cancel_waits),
		TEST(test_cancel),
		TCP(test_cancel),
		TEST(test_cancel_crosses_answer),
		TEST(test_hangup_in_answered),
		SHORT(test_no_response),
		TEST(test_refused_port),
		TCP(test_refused_port),
		SHORT(test_cancel_lost),
		TEST(test_withheld),
		TEST(test_trunk_options),
		TEST(test_sip_uri),
		TEST(test_private_contact),
		TEST(test_hostile_responses),
		TEST(test_bye_while_ringing),
		TEST(test_stop_while_ringing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
