/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that go out: set-up, identity, early media, forks */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
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

static int close_all(void **state)
{
	sout_close(*state);

	return 0;
}

static void test_ring_answer_bye(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);
	const char *invite = o->callee.invite;
	json_t *info;

	assert_true(sout_has(invite, "From", "<sip:+4520123456@127.0.0.1>"));
	assert_true(sout_has(invite, "From", "\"Acme \\\"A/S\\\"\""));
	assert_true(sout_has(invite, "To", "<sip:+4533445566@127.0.0.1:"));
	assert_true(sout_has(invite, "P-Asserted-Identity", "+4520123456@"));
	assert_true(sout_has(invite, "Supported", "timer"));
	assert_false(sout_has(invite, "Supported", "100rel"));
	assert_true(sout_has(invite, "Allow", "UPDATE"));
	assert_true(sout_has(invite, "User-Agent", "Bifrons/test"));
	assert_true(sout_has(invite, "Max-Forwards", "70"));
	assert_true(sout_has(invite, "Session-Expires", "1800"));
	assert_null(strstr(invite, "Call-Info:"));
	assert_null(strstr(invite, "Alert-Info:"));
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

	sout_down(o, leg);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	assert_int_equal(leg->end.reason, HANGUP_NORMAL);
	assert_true(g_str_has_prefix(leg->notes,
				     "INVITE sent\n180 Ringing received\n"
				     "180 Ringing received\n"
				     "200 OK received\nACK sent\n"));
	assert_non_null(strstr(leg->notes, "BYE received\n"));
}

static void test_we_hang_up(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	srig_hangup(leg, HANGUP_NORMAL, 0);
	sout_expect_bye(o);
	assert_true(sout_has(o->callee.peer.msg, "Reason", "cause=16"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
	assert_non_null(strstr(leg->notes, "BYE sent\n"));
}

/* The 200 comes again: the ACK too, and nothing else happens */
static void test_repeated_answer(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_up(o);

	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_int_equal(leg->answered, 1);
	sout_down(o, leg);
}

static void test_early_media(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 183, "Session Progress", "", scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->early, 1));
	assert_int_equal(leg->rang, 0);
	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->rang, 1));
	scallee_reply(&o->callee, 183, "Session Progress", "", scallee_sdp);
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	assert_int_equal(leg->early, 1);
	sout_down(o, leg);
}

/* Common among phones: SDP in the 183, and none in the 200 */
static void test_early_answer_holds(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 180, "Ringing", "", scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->early, 1));
	assert_int_equal(leg->rang, 1);
	scallee_reply(&o->callee, 200, "OK", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
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
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);
	char first[sizeof(o->callee.tag)];

	scallee_reply(&o->callee, 183, "Session Progress", "", scallee_sdp);
	assert_true(srig_wait(&o->rig, &leg->early, 1));
	check_codec(leg, "PCMU");
	memcpy(first, o->callee.tag, sizeof(first));
	snprintf(o->callee.tag, sizeof(o->callee.tag), "callee-2");
	scallee_reply(&o->callee, 183, "Session Progress", "", PCMA);
	scallee_reply(&o->callee, 200, "OK", "", PCMA);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(sout_has(o->callee.peer.msg, "To", "tag=callee-2"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	check_codec(leg, "PCMA");

	memcpy(o->callee.tag, first, sizeof(first));
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(sout_has(o->callee.peer.msg, "To", "tag=callee-1"));
	sout_expect_bye(o);
	assert_true(sout_has(o->callee.peer.msg, "To", "tag=callee-1"));
	assert_int_equal(leg->ended, 0);

	snprintf(o->callee.tag, sizeof(o->callee.tag), "callee-2");
	sout_down(o, leg);
	assert_int_equal(leg->early, 1);
}

static void test_withheld(void **state)
{
	struct sout *o = *state;
	struct leg_dial anonymous = sout_number;
	struct srig_leg *leg;

	anonymous.anonymous = true;
	leg = srig_dial(&o->rig, &anonymous);
	assert_non_null(leg);
	assert_non_null(scallee_invited(&o->callee));
	assert_true(sout_has(o->callee.invite, "From",
			     "<sip:anonymous@anonymous.invalid>"));
	assert_true(sout_has(o->callee.invite, "Privacy", "id"));
	assert_true(sout_has(o->callee.invite, "P-Asserted-Identity",
			     "<sip:+4520123456@"));
	assert_false(sout_has(o->callee.invite, "P-Asserted-Identity", "Acme"));
	scallee_reply(&o->callee, 603, "Decline", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

/* The phone is asked to pick up by itself */
static void test_auto_answer(void **state)
{
	struct sout *o = *state;
	struct leg_dial dial = sout_number;
	struct srig_leg *leg;

	dial.auto_answer = true;
	leg = srig_dial(&o->rig, &dial);
	assert_non_null(leg);
	assert_non_null(scallee_invited(&o->callee));
	assert_true(sout_has(o->callee.invite, "Call-Info",
			     "<sip:127.0.0.1>;answer-after=0"));
	assert_true(sout_has(o->callee.invite, "Alert-Info",
			     "<http://www.notused.com>;info=alert-autoanswer;"
			     "delay=0"));
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
}

/* What the trunk asks for: form of numbers, domain, caller id, headers */
static void test_trunk_options(void **state)
{
	struct sout *o = *state;
	struct leg_dial dial = sout_number;
	struct srig_leg *leg;
	json_t *headers = json_pack("{s:s,s:s,s:s,s:s}", "X-Order", "42",
				    "X-Both", "call", "Via", "SIP/2.0/UDP evil",
				    "X-Evil", "a\r\nContact: <sip:x@y>");

	sout_trunk(o, "'number_format_out':'national','country':'DK',"
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
	assert_true(
		sout_has(o->callee.invite, "From", "<sip:70112233@acme.test>"));
	assert_true(
		sout_has(o->callee.invite, "Contact", "<sip:acme@127.0.0.1:"));
	assert_false(sout_has(o->callee.invite, "P-Asserted-Identity", "sip"));
	assert_true(sout_has(o->callee.invite, "X-Order", "42"));
	assert_true(sout_has(o->callee.invite, "X-Trunk", "t"));
	assert_true(sout_has(o->callee.invite, "X-Both", "call"));
	assert_null(strstr(o->callee.invite, "evil"));
	assert_null(strstr(o->callee.invite, "X-Evil"));
	assert_non_null(strstr(o->callee.invite, " RTP/AVP 8 0 101\r\n"));
	json_decref(headers);
	scallee_reply(&o->callee, 486, "Busy Here", "", NULL);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

static void test_sip_uri(void **state)
{
	struct sout *o = *state;
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
	assert_true(sout_has(o->callee.invite, "From", "<sip:1001@acme.test>"));
	assert_false(sout_has(o->callee.invite, "P-Asserted-Identity", "sip"));
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
}

/* A name of the hosts file, which DNS need not know */
static void test_localhost(void **state)
{
	struct sout *o = *state;
	char target[128];
	const struct leg_dial dial = {
		.type = "sip",
		.target = target,
		.source_type = "tel",
		.source = "+4520123456",
	};
	struct srig_leg *leg;

	snprintf(target, sizeof(target), "sip:bob@localhost:%u",
		 o->callee.peer.port);
	leg = srig_dial(&o->rig, &dial);
	assert_non_null(leg);
	assert_non_null(scallee_invited(&o->callee));
	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
}

/* Behind NAT the ACK and the BYE go to where the 200 came from */
static void test_private_contact(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg = sout_dial(o, &sout_number);

	snprintf(o->callee.contact, sizeof(o->callee.contact),
		 "sip:callee@10.255.255.1:5060");
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_non_null(strstr(o->callee.peer.msg, "ACK sip:callee@10.255."));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	sout_expect_bye(o);
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ring_answer_bye),    TCP(test_ring_answer_bye),
		TEST(test_we_hang_up),         TCP(test_we_hang_up),
		TEST(test_repeated_answer),    TEST(test_early_media),
		TEST(test_early_answer_holds), TEST(test_fork),
		TEST(test_withheld),           TEST(test_auto_answer),
		TEST(test_trunk_options),      TEST(test_sip_uri),
		TEST(test_localhost),          TEST(test_private_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
