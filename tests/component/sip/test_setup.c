/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that come about, those that do not, and how they end */
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

static int open_udp(void **state)
{
	*state = srig_call_open(&(struct srig_params){.media = true}, false);

	return 0;
}

static int open_tcp(void **state)
{
	*state = srig_call_open(&(struct srig_params){.media = true}, true);

	return 0;
}

/* Transactions of 64 × T1 = 1 s */
static int open_hasty(void **state)
{
	*state = srig_call_open(
		&(struct srig_params){.media = true, .linger_ms = 1000}, false);

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

static void test_caller_hangs_up(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	assert_string_equal(leg->source, "+4520111111");
	assert_string_equal(leg->name, "Alice");
	assert_string_equal(leg->source_type, "tel");
	assert_string_equal(leg->destination, "+4520123456");
	assert_true(has(c->peer.msg, "Contact", "127.0.0.1"));
	assert_true(has(c->peer.msg, "Content-Type", "application/sdp"));
	assert_non_null(strstr(speer_body(c->peer.msg), "m=audio "));

	speer_request(&c->peer, "BYE",
		      "Reason: Q.850;cause=16;text=\"Bye\"\r\n", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	assert_int_equal(leg->end.reason, HANGUP_NORMAL);
	assert_non_null(strstr(leg->end_text, "cause=16"));
}

static void test_we_hang_up(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);
	const char *bye;

	assert_non_null(leg);
	assert_int_equal(srig_hangup(leg, HANGUP_NORMAL, 0), 0);
	bye = speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS);
	assert_non_null(bye);
	assert_true(has(bye, "Reason", "cause=16"));
	assert_true(has(bye, "Call-ID", c->peer.call_id));
	speer_reply(&c->peer, 200, "OK");

	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
	/* again: it is over */
	assert_int_equal(srig_hangup(leg, HANGUP_NORMAL, 0), -1);
}

static int open_few_ports(void **state)
{
	*state = srig_call_open(
		&(struct srig_params){.media = true, .few_ports = true}, false);

	return 0;
}

/* 503 goes out, and the call's record says so: no action can mend it */
static void test_no_port_is_left(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *first = srig_call_up(c);
	struct srig_leg *leg = &c->rig.legs[1];
	struct speer other;

	assert_non_null(first);
	speer_open(&other, "127.0.0.1", c->rig.port, false);
	speer_invite(&other, "");
	assert_int_equal(speer_response(&other, SPEER_WAIT_MS), 503);
	assert_true(has(other.msg, "Retry-After", "2"));
	speer_ack(&other);
	speer_close(&other);

	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->failed, 0);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_SYSTEM);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, 503);
	assert_string_equal(leg->end.code, "no_media");
	assert_true(srig_call_down(c, first));
}

static void test_answer_twice(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	assert_int_equal(srig_answer(leg), EALREADY);
	assert_int_equal(srig_progress(leg), EPROTO);
	assert_int_equal(srig_ring(leg), EPROTO);
	assert_true(srig_call_down(c, leg));
}

static void test_rejections(void **state)
{
	static const struct {
		enum hangup_reason reason;
		int asked, code;
	} rows[] = {
		{HANGUP_NORMAL, 0, 480},   {HANGUP_BUSY, 0, 486},
		{HANGUP_NOANSWER, 0, 480}, {HANGUP_REJECTED, 0, 603},
		{HANGUP_CANCELED, 0, 487}, {HANGUP_TIMEOUT, 0, 480},
		{HANGUP_FAILED, 0, 500},   {HANGUP_BUSY, 404, 404},
		{HANGUP_NORMAL, 200, 480}, {HANGUP_FAILED, 503, 503},
	};
	struct srig_call *c = *state;
	size_t i;

	c->rig.act = SRIG_REJECT;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
		c->rig.end = (struct leg_end){
			.by = HANGUP_BY_LOCAL,
			.reason = rows[i].reason,
			.sip_code = rows[i].asked,
		};
		speer_new_call(&c->peer);
		speer_invite(&c->peer, "");
		assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS),
				 rows[i].code);
		speer_ack(&c->peer);
		assert_true(srig_wait(&c->rig, &c->rig.legs[i].closed, 1));
		assert_int_equal(c->rig.legs[i].ended, 0);
		assert_int_equal(c->rig.legs[i].answered, 0);
	}
}

static void test_refused_by_the_call_layer(void **state)
{
	static const struct {
		enum call_refusal refusal;
		int code;
	} rows[] = {
		{CALL_REFUSED_ACCOUNT, 403},
		{CALL_REFUSED_LIMIT, 486},
		{CALL_REFUSED_PLATFORM, 503},
		{CALL_REFUSED_FLOW, 404},
	};
	struct srig_call *c = *state;
	struct sipx_stats stats;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
		c->rig.refusal = rows[i].refusal;
		speer_new_call(&c->peer);
		speer_invite(&c->peer, "");
		assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS),
				 rows[i].code);
		assert_int_equal(rows[i].code == 503,
				 has(c->peer.msg, "Retry-After", "2"));
		speer_ack(&c->peer);
	}
	srig_turn(&c->rig);
	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.legs, 0);
	assert_int_equal(c->rig.nlegs, 0);
}

/* RFC 3261 §15.1.2: instead of a CANCEL, as a B2BUA may do */
static void test_bye_in_place_of_cancel(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	speer_request(&c->peer, "BYE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	speer_ack(&c->peer);

	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	assert_int_equal(leg->end.reason, HANGUP_CANCELED);
	assert_int_equal(leg->end.sip_code, 487);
}

static void test_canceled(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	speer_request(&c->peer, "CANCEL",
		      "Reason: SIP;cause=200;text=\"Call completed "
		      "elsewhere\"\r\n",
		      NULL, "");
	/* 200 to the CANCEL, 487 to the INVITE, in either order */
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS) +
				 speer_response(&c->peer, SPEER_WAIT_MS),
			 687);
	speer_ack(&c->peer);

	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	assert_int_equal(leg->end.reason, HANGUP_CANCELED);
	assert_int_equal(leg->end.sip_code, 487);
	assert_non_null(strstr(leg->end_text, "elsewhere"));
}

/* The CANCEL crosses our 200: the call is up, and the caller's BYE ends it */
static void test_cancel_crosses_200(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	int codes;

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	speer_request(&c->peer, "CANCEL", "", NULL, "");
	codes = speer_response(&c->peer, SPEER_WAIT_MS);
	assert_true(codes == 200 || codes == 481);
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_int_equal(leg->ended, 0);
	assert_true(srig_call_down(c, leg));
	assert_int_equal(leg->end.reason, HANGUP_NORMAL);
}

/* Both let go at once: the leg has ended by us, their CANCEL finds nothing */
static void test_cancel_crosses_rejection(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_int_equal(srig_hangup(leg, HANGUP_BUSY, 0), 486);
	speer_request(&c->peer, "CANCEL", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 486);
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
}

static void test_early_media_then_answer(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	char early[2048];

	c->rig.act = SRIG_PROGRESS;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 183);
	snprintf(early, sizeof(early), "%s", speer_body(c->peer.msg));
	assert_non_null(strstr(early, "m=audio "));
	assert_true(srig_wait(&c->rig, &leg->early, 1));
	assert_int_equal(srig_progress(leg), EALREADY);

	assert_int_equal(srig_answer(leg), 0);
	assert_int_equal(srig_answer(leg), EALREADY);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_string_equal(speer_body(c->peer.msg), early);
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_int_equal(leg->early, 1);
	assert_true(srig_call_down(c, leg));
}

/* A reliable 183: PRACK first, then the 200 */
static void test_100rel(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	char rseq[32], rack[64];

	c->rig.act = SRIG_PROGRESS;
	speer_invite(&c->peer, "Require: 100rel\r\nSupported: 100rel\r\n");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 183);
	assert_true(has(c->peer.msg, "Require", "100rel"));
	speer_header(c->peer.msg, "RSeq", rseq, sizeof(rseq));
	snprintf(rack, sizeof(rack), "RAck: %s %u INVITE\r\n", rseq,
		 c->peer.invite_cseq);
	assert_int_equal(srig_answer(leg), 0);
	speer_request(&c->peer, "PRACK", rack, NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(has(c->peer.msg, "CSeq", "PRACK"));
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(has(c->peer.msg, "CSeq", "INVITE"));
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));
	assert_true(srig_call_down(c, leg));
}

/* The same INVITE again gets the same 200 again, and one call */
static void test_retransmission(void **state)
{
	struct srig_call *c = *state;
	char tag[96];

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	speer_again(&c->peer);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	memcpy(tag, c->peer.to_tag, sizeof(tag));
	speer_again(&c->peer);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_string_equal(c->peer.to_tag, tag);

	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &c->rig.legs[0].answered, 1));
	speer_again(&c->peer);
	srig_turn(&c->rig);
	assert_int_equal(c->rig.nlegs, 1);
	assert_int_equal(c->rig.legs[0].answered, 1);
	/* 200s that were on the way are not to the BYE */
	while (speer_recv(&c->peer, 50))
		;
	assert_true(srig_call_down(c, &c->rig.legs[0]));
}

/* Nobody answers yet: the caller is told that we are there */
static void test_trying(void **state)
{
	struct srig_call *c = *state;

	c->rig.act = SRIG_NOTHING;
	speer_invite(&c->peer, "");
	assert_non_null(speer_recv(&c->peer, SPEER_WAIT_MS));
	assert_int_equal(strncmp(c->peer.msg, "SIP/2.0 100 ", 12), 0);
	assert_int_equal(srig_answer(&c->rig.legs[0]), 0);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &c->rig.legs[0].answered, 1));
	assert_true(srig_call_down(c, &c->rig.legs[0]));
}

static void test_bye_before_ack(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(srig_call_down(c, leg));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
}

static void test_ack_never_comes(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	speer_reply(&c->peer, 200, "OK");
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_SYSTEM);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_string_equal(leg->end.code, "no_ack");
}

/* Hung up between our 200 and the ACK: the BYE waits for it */
static void test_hangup_before_ack(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_int_equal(srig_hangup(leg, HANGUP_NORMAL, 0), 0);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	speer_ack(&c->peer);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	speer_reply(&c->peer, 200, "OK");
	assert_int_equal(leg->answered, 0);
	assert_int_equal(leg->ended, 0);
}

static void test_prack_never_comes(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	int code;

	c->rig.act = SRIG_PROGRESS;
	speer_invite(&c->peer, "Require: 100rel\r\n");
	do {
		code = speer_response(&c->peer, SPEER_WAIT_MS);
	} while (code == 183);
	assert_int_equal(code, 504);
	speer_ack(&c->peer);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
}

#define UDP(test) cmocka_unit_test_setup_teardown(test, open_udp, close_all)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_all)
#define FEW_PORTS(test)                                                        \
	cmocka_unit_test_setup_teardown(test, open_few_ports, close_all)
#define HASTY(test) cmocka_unit_test_setup_teardown(test, open_hasty, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UDP(test_caller_hangs_up),
		TCP(test_caller_hangs_up),
		UDP(test_we_hang_up),
		TCP(test_we_hang_up),
		FEW_PORTS(test_no_port_is_left),
		UDP(test_answer_twice),
		UDP(test_rejections),
		TCP(test_rejections),
		UDP(test_refused_by_the_call_layer),
		UDP(test_bye_in_place_of_cancel),
		UDP(test_canceled),
		TCP(test_canceled),
		UDP(test_cancel_crosses_200),
		UDP(test_cancel_crosses_rejection),
		UDP(test_early_media_then_answer),
		UDP(test_100rel),
		UDP(test_retransmission),
		UDP(test_trying),
		TCP(test_trying),
		UDP(test_bye_before_ack),
		HASTY(test_ack_never_comes),
		UDP(test_hangup_before_ack),
		HASTY(test_prack_never_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
