/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls that come about, and how they end */
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

struct fixture {
	struct srig rig;
	struct speer peer;
};

static int open_with(void **state, bool tcp)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct srig_params prm = {.media = true};

	srig_open(&f->rig, &prm);
	speer_open(&f->peer, "127.0.0.1", f->rig.port, tcp);
	*state = f;

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
	struct fixture *f = *state;

	srig_close(&f->rig);
	speer_close(&f->peer);
	free(f);

	return 0;
}

/* INVITE, 200, ACK */
static struct srig_leg *call_up(struct fixture *f)
{
	struct srig_leg *leg = &f->rig.legs[f->rig.nlegs];

	f->rig.act = SRIG_ANSWER;
	speer_invite(&f->peer, "");
	assert_int_equal(speer_response(&f->peer, SPEER_WAIT_MS), 200);
	speer_ack(&f->peer);
	assert_true(srig_wait(&f->rig, &leg->answered, 1));

	return leg;
}

static void test_caller_hangs_up(void **state)
{
	struct fixture *f = *state;
	struct srig_leg *leg = call_up(f);
	char value[256];

	assert_string_equal(leg->source, "+4520111111");
	assert_string_equal(leg->name, "Alice");
	assert_string_equal(leg->source_type, "tel");
	assert_string_equal(leg->destination, "+4520123456");
	speer_header(f->peer.msg, "Contact", value, sizeof(value));
	assert_non_null(strstr(value, "127.0.0.1"));
	assert_non_null(strstr(speer_body(f->peer.msg), "m=audio "));

	speer_request(&f->peer, "BYE",
		      "Reason: Q.850;cause=16;text=\"Bye\"\r\n", NULL, "");
	assert_int_equal(speer_response(&f->peer, SPEER_WAIT_MS), 200);
	assert_true(srig_wait(&f->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.by, HANGUP_BY_REMOTE);
	assert_int_equal(leg->end.reason, HANGUP_NORMAL);
	assert_non_null(strstr(leg->end_text, "cause=16"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_caller_hangs_up, open_udp,
						close_all),
		cmocka_unit_test_setup_teardown(test_caller_hangs_up, open_tcp,
						close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
