/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stopping: what each leg is told, and that nobody can hold it up */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/sip_peer.h"
#include "support/sip_rig.h"

/* 2 s for the peers and what a busy machine adds; nua alone would take 30 */
enum {
	STOP_MS = 20000
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

static void test_idle(void **state)
{
	struct srig_call *c = *state;

	assert_true(srig_stop(&c->rig) < STOP_MS);
}

static void test_unresponsive_peer(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	assert_true(srig_stop(&c->rig) < STOP_MS);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
}

static void test_no_ack(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_ANSWER;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 200);
	assert_true(srig_stop(&c->rig) < STOP_MS);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
}

static void test_ringing(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];

	c->rig.act = SRIG_RING;
	speer_invite(&c->peer, "");
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_true(srig_stop(&c->rig) < STOP_MS);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 480);
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
}

/* The call layer has hung up already, as it does when the platform stops */
static void test_after_hangup(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = srig_call_up(c);

	assert_non_null(leg);
	assert_int_equal(srig_hangup(leg, HANGUP_NORMAL, 0), 0);
	assert_true(srig_stop(&c->rig) < STOP_MS);
	assert_non_null(speer_wait_request(&c->peer, "BYE", SPEER_WAIT_MS));
	/* one BYE, however often it was repeated meanwhile */
	assert_true(srig_wait(&c->rig, &leg->closed, 1));
}

/* A second stack in the same process: the sockets are learnt again */
static void test_start_again(void **state)
{
	struct srig_call *c = *state;
	struct srig_call *second;

	srig_stop(&c->rig);
	second = srig_call_open(&(struct srig_params){.media = false}, false);
	speer_close(&second->peer);
	speer_open(&second->peer, "127.0.0.2", second->rig.port, false);
	speer_invite(&second->peer, "");
	assert_int_equal(speer_response(&second->peer, SPEER_WAIT_MS), 403);
	srig_call_close(second);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_idle),         TEST(test_unresponsive_peer),
		TEST(test_no_ack),       TEST(test_ringing),
		TEST(test_after_hangup), TEST(test_start_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
