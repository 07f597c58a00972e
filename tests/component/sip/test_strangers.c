/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is let in: strangers, unknown numbers, trunks that share an address,
 * and new calls when there is no room */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/log.h"
#include "support/sip_peer.h"
#include "support/sip_rig.h"

enum {
	BUDGET = 5,
	STRANGERS_TCP = 4,
	CROWD = 12,
	LINES_PER_S = 10,
	OTHERS_PER_S = 200,
};

static int open_with(void **state, bool tcp)
{
	struct srig_call *c = srig_call_open(
		&(struct srig_params){.strangers_per_s = BUDGET}, tcp);

	speer_close(&c->peer);
	speer_open(&c->peer, "127.0.0.2", c->rig.port, tcp);
	*state = c;

	return 0;
}

static int open_udp(void **state)
{
	return open_with(state, false);
}

static int open_tcp(void **state)
{
	return open_with(state, true);
}

static int close_all(void **state)
{
	srig_call_close(*state);

	return 0;
}

static void nothing_made(struct srig_call *c)
{
	struct sipx_stats stats;

	srig_turn(&c->rig);
	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.taken, 0);
	assert_int_equal(stats.legs, 0);
	assert_int_equal(c->rig.nlegs, 0);
}

static void test_stranger(void **state)
{
	struct srig_call *c = *state;
	struct sipx_stats stats;
	char tag[96];

	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	memcpy(tag, c->peer.to_tag, sizeof(tag));
	assert_string_not_equal(tag, "");
	speer_again(&c->peer);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	assert_string_equal(c->peer.to_tag, tag);
	speer_ack(&c->peer);
	nothing_made(c);

	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.invites, c->peer.tcp ? 1 : 0);
}

/* The answer tells nothing about which numbers there are */
static void test_no_enumeration(void **state)
{
	static const char *const numbers[] = {"+4520123456", "+4599999999",
					      "1001", "x"};
	struct srig_call *c = *state;
	char first[1024], *tag;
	size_t i;

	for (i = 0; i < 4; ++i) {
		char *text = c->peer.msg;

		snprintf(c->peer.number, sizeof(c->peer.number), "%s",
			 numbers[i]);
		snprintf(c->peer.call_id, sizeof(c->peer.call_id), "same");
		c->peer.cseq = 0;
		c->peer.to_tag[0] = '\0';
		speer_invite(&c->peer, "");
		assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
		tag = strstr(text, "CSeq:");
		assert_non_null(tag);
		if (i)
			assert_string_equal(tag, first);
		snprintf(first, sizeof(first), "%.1000s", tag);
	}
	nothing_made(c);
}

static void test_other_requests(void **state)
{
	struct srig_call *c = *state;

	speer_request(&c->peer, "OPTIONS", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	speer_request(&c->peer, "REGISTER", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	snprintf(c->peer.to_tag, sizeof(c->peer.to_tag), "made-up");
	speer_request(&c->peer, "BYE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	nothing_made(c);
}

/* Nor are we found by a ping: over TCP nua answers, and would be friendly */
static void test_options(void **state)
{
	struct srig_call *c = *state;

	speer_request(&c->peer, "OPTIONS", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	nothing_made(c);
}

/* So many have come: the loop has dealt with what they sent */
static void wait_strangers(struct srig_call *c, unsigned n)
{
	const time_t until = time(NULL) + SRIG_WAIT_MS / 1000;
	struct sipx_stats stats;

	do {
		srig_stats(&c->rig, &stats);
	} while (stats.strangers < n && time(NULL) < until);
	assert_int_equal(stats.strangers, n);
}

/* Beyond the budget nobody is answered, and nothing is kept */
static void test_budget(void **state)
{
	struct srig_call *c = *state;
	const time_t began = time(NULL);
	struct sipx_stats stats;
	unsigned i, answers = 0;

	for (i = 0; i < 200; ++i) {
		speer_new_call(&c->peer);
		speer_invite(&c->peer, "");
		if (i % 40 == 39) /* no more than the kernel keeps */
			wait_strangers(c, i + 1);
	}
	srig_stats(&c->rig, &stats);
	while (speer_response(&c->peer, 200))
		++answers;
	assert_true(answers >= BUDGET);
	assert_true(answers <= BUDGET * (time(NULL) - began + 2));
	assert_int_equal(stats.strangers_silent, 200 - answers);
	assert_int_equal(stats.invites, 0);
	nothing_made(c);
}

/* Without the empty line after the headers sofia would not ask the guard */
static void test_headers_without_end(void **state)
{
	struct srig_call *c = *state;
	struct sipx_stats stats;
	char *end;

	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 403);
	end = strstr(c->peer.sent, "\r\n\r\n");
	speer_send_raw(&c->peer, c->peer.sent,
		       (size_t)(end + 2 - c->peer.sent));
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 400);
	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.invites, 0);
	nothing_made(c);
}

/* A dialog may go on from another address than it began at */
static void test_known_call_from_elsewhere(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	struct speer trunk;

	speer_open(&trunk, "127.0.0.1", c->rig.port, false);
	c->rig.act = SRIG_ANSWER;
	speer_invite(&trunk, "");
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 200);
	speer_ack(&trunk);
	assert_true(srig_wait(&c->rig, &leg->answered, 1));

	memcpy(c->peer.call_id, trunk.call_id, sizeof(trunk.call_id));
	memcpy(c->peer.from, trunk.from, sizeof(trunk.from));
	memcpy(c->peer.to_tag, trunk.to_tag, sizeof(trunk.to_tag));
	c->peer.cseq = trunk.cseq;
	speer_request(&c->peer, "BYE", "", NULL, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	speer_close(&trunk);
}

static void test_unknown_number(void **state)
{
	struct srig_call *c = *state;
	struct sipx_stats stats;
	struct speer trunk;
	char tag[96];

	speer_open(&trunk, "127.0.0.1", c->rig.port, c->peer.tcp);
	snprintf(trunk.number, sizeof(trunk.number), "+4599999999");
	speer_invite(&trunk, "");
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 404);
	memcpy(tag, trunk.to_tag, sizeof(tag));
	speer_again(&trunk);
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 404);
	assert_string_equal(trunk.to_tag, tag);
	speer_ack(&trunk);
	nothing_made(c);
	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.invites, trunk.tcp ? 1 : 0);
	assert_true(stats.sent[4] >= 1);
	speer_close(&trunk);
}

static _Atomic unsigned lines;

static void count_line(enum log_level level, const char *line)
{
	if (strstr(line, "no number"))
		++lines;
	fprintf(stderr, "%s\n", line);
}

/* Who takes a trunk's address fills no log */
static void test_unknown_numbers(void **state)
{
	struct srig_call *c = *state;
	const time_t began = time(NULL);
	struct speer trunk;
	unsigned i;

	speer_open(&trunk, "127.0.0.1", c->rig.port, false);
	snprintf(trunk.number, sizeof(trunk.number), "+4599999999");
	lines = 0;
	for (i = 0; i < 100; ++i) {
		speer_new_call(&trunk);
		speer_invite(&trunk, "");
		assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 404);
		speer_ack(&trunk);
	}
	assert_true(lines >= 1);
	assert_true(lines <= LINES_PER_S * (time(NULL) - began + 2));
	speer_close(&trunk);
}

/* A transaction each, for whoever takes a trunk's address: not too many */
static void test_many_pings(void **state)
{
	struct srig_call *c = *state;
	const time_t began = time(NULL);
	struct speer trunk;
	unsigned i, answers = 0;

	speer_open(&trunk, "127.0.0.1", c->rig.port, false);
	for (i = 0; i < 2000; ++i) {
		speer_new_call(&trunk);
		speer_request(&trunk, "OPTIONS", "", NULL, "");
	}
	assert_int_not_equal(speer_response(&trunk, SPEER_WAIT_MS), 0);
	do
		++answers;
	while (speer_response(&trunk, 200));
	assert_true(answers <= OTHERS_PER_S * (time(NULL) - began + 2));
	speer_close(&trunk);
}

/* Two accounts' trunks at one address: the called number tells which */
static void test_shared_address(void **state)
{
	static const char other[] = "01900000-0000-7000-8000-00000000000a";
	struct srig_call *c = *state;
	struct speer trunk;
	char doc[512];

	snprintf(doc, sizeof(doc), "{'id':'%s','status':'active'}", other);
	srig_apply(&c->rig, DIR_ACCOUNT, doc);
	snprintf(doc, sizeof(doc),
		 "{'id':'01900000-0000-7000-8000-00000000000b',"
		 "'account_id':'%s','allowed_ips':['127.0.0.1/32'],"
		 "'did_from':'to','number_format_in':'national',"
		 "'country':'DK'}",
		 other);
	srig_apply(&c->rig, DIR_TRUNK, doc);
	snprintf(doc, sizeof(doc),
		 "{'id':'01900000-0000-7000-8000-00000000000c',"
		 "'account_id':'%s','number':'+4577777777','flow_id':'x'}",
		 other);
	srig_apply(&c->rig, DIR_NUMBER, doc);

	c->rig.act = SRIG_REJECT;
	speer_open(&trunk, "127.0.0.1", c->rig.port, false);
	snprintf(trunk.number, sizeof(trunk.number), "77777777");
	speer_invite(&trunk, "");
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 480);
	speer_ack(&trunk);
	assert_string_equal(c->rig.legs[0].destination, "+4577777777");
	assert_string_equal(c->rig.legs[0].trunk_id,
			    "01900000-0000-7000-8000-00000000000b");

	speer_new_call(&trunk);
	snprintf(trunk.number, sizeof(trunk.number), "+4520123456");
	speer_invite(&trunk, "");
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 480);
	speer_ack(&trunk);
	assert_string_equal(c->rig.legs[1].trunk_id,
			    "01900000-0000-7000-8000-000000000002");
	speer_close(&trunk);
}

/* Refused for want of room: at once, the same each time, and no call */
static void test_draining(void **state)
{
	struct srig_call *c = *state;
	struct sipx_stats stats;
	struct speer trunk;
	char after[16], tag[96];

	srig_drain(&c->rig, true);
	speer_open(&trunk, "127.0.0.1", c->rig.port, c->peer.tcp);
	speer_invite(&trunk, "");
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 503);
	speer_header(trunk.msg, "Retry-After", after, sizeof(after));
	assert_string_equal(after, "2");
	memcpy(tag, trunk.to_tag, sizeof(tag));
	speer_again(&trunk);
	assert_int_equal(speer_response(&trunk, SPEER_WAIT_MS), 503);
	assert_string_equal(trunk.to_tag, tag);
	speer_ack(&trunk);
	nothing_made(c);
	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.shed, trunk.tcp ? 1 : 2);
	speer_close(&trunk);
}

/* A late loop takes no new calls, answers at once, and comes back */
static void test_late_loop(void **state)
{
	struct srig_call *c =
		srig_call_open(&(struct srig_params){.max_lag_ms = 20}, false);
	struct sipx_stats stats;
	unsigned i;
	int code = 0;

	c->rig.act = SRIG_REJECT;
	for (i = 0; i < 20 && code != 503; ++i) {
		srig_block(&c->rig, 200);
		speer_new_call(&c->peer);
		speer_invite(&c->peer, "");
		code = speer_response(&c->peer, SPEER_WAIT_MS);
		speer_ack(&c->peer);
	}
	assert_int_equal(code, 503);
	srig_stats(&c->rig, &stats);
	assert_true(stats.shed >= 1);

	for (i = 0; i < 200 && code == 503; ++i) {
		speer_new_call(&c->peer);
		speer_invite(&c->peer, "");
		code = speer_response(&c->peer, SPEER_WAIT_MS);
		speer_ack(&c->peer);
		speer_recv(&c->peer, 50);
	}
	assert_int_equal(code, 480);
	srig_call_close(c);
}

/* Wait until so many of the crowd are closed, and see that no more are */
static void wait_cut(struct srig_call *c, const struct speer *crowd, unsigned n)
{
	struct pollfd fds[CROWD];
	struct sipx_stats stats;
	unsigned i, closed = 0;

	for (i = 0; i < CROWD; ++i)
		fds[i] = (struct pollfd){.fd = crowd[i].fd, .events = POLLIN};
	while (closed < n) {
		assert_true(poll(fds, CROWD, SPEER_WAIT_MS) > 0);
		for (i = 0; i < CROWD; ++i) {
			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			fds[i].fd = -1;
			++closed;
		}
	}
	srig_stats(&c->rig, &stats);
	assert_int_equal(stats.strangers_cut, n);
}

/* Who connects and says nothing makes room; trunks may be silent */
static void test_connections(void **state)
{
	struct srig_call *c = srig_call_open(
		&(struct srig_params){.strangers_tcp = STRANGERS_TCP}, true);
	struct speer *crowd = calloc(CROWD, sizeof(*crowd)), last;
	unsigned i;

	assert_non_null(crowd);
	c->rig.act = SRIG_REJECT;
	for (i = 0; i < CROWD; ++i)
		speer_open(&crowd[i], "127.0.0.2", c->rig.port, true);
	wait_cut(c, crowd, CROWD - STRANGERS_TCP);

	speer_open(&last, "127.0.0.2", c->rig.port, true);
	speer_invite(&last, "");
	assert_int_equal(speer_response(&last, SPEER_WAIT_MS), 403);
	speer_ack(&last);
	wait_cut(c, crowd, CROWD - STRANGERS_TCP + 1);
	speer_new_call(&last);
	speer_invite(&last, "");
	assert_int_equal(speer_response(&last, SPEER_WAIT_MS), 403);

	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 480);
	speer_ack(&c->peer);

	for (i = 0; i < CROWD; ++i)
		speer_close(&crowd[i]);
	speer_close(&last);
	free(crowd);
	srig_call_close(c);
}

#define UDP(test) cmocka_unit_test_setup_teardown(test, open_udp, close_all)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UDP(test_stranger),
		TCP(test_stranger),
		UDP(test_no_enumeration),
		UDP(test_other_requests),
		TCP(test_options),
		UDP(test_budget),
		UDP(test_headers_without_end),
		UDP(test_known_call_from_elsewhere),
		UDP(test_unknown_number),
		TCP(test_unknown_number),
		UDP(test_unknown_numbers),
		UDP(test_many_pings),
		UDP(test_shared_address),
		UDP(test_draining),
		cmocka_unit_test(test_late_loop),
		cmocka_unit_test(test_connections),
		TCP(test_draining),
	};

	log_set_sink(count_line);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
