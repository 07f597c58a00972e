/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endpoints that do not answer, or slowly, delay themselves alone */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "support/hook_rig.h"
#include "support/http_peer.h"

enum {
	EVENTS = 300,
	HUNG = 12,
	NEVER_MS = 600 * 1000, /* longer than the test may last */
};

static void hang(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	(void)req;
	(void)arg;
	hpeer_hang(conn);
}

static void add(struct hook_rig *rig, const struct hpeer *peer, unsigned nth)
{
	char *path = g_strdup_printf("/%u", nth);
	char *url = hpeer_url(peer, path), id[ID_SIZE];
	const struct hook_endpoint ep = {.url = url};

	hook_rig_endpoint(rig, &ep, id);
	g_free(url);
	g_free(path);
}

static void tell_all(struct hook_rig *rig)
{
	unsigned i;

	for (i = 0; i < EVENTS; ++i) {
		char call[16];

		(void)g_snprintf(call, sizeof(call), "call %u", i % 50);
		hook_rig_tell(rig, "call.ended", call, i / 50 + 1);
	}
}

static void wait_for_all(struct hook_rig *rig)
{
	hook_rig_wait(rig, EVENTS,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'delivered'");
}

static void test_one_slow_one_dead_one_healthy(void **state)
{
	struct hpeer *slow =
		hpeer_open(&(struct hpeer_params){.handler = hang});
	struct hpeer *dead = hpeer_open(&(struct hpeer_params){.deaf = true});
	struct hpeer *healthy = hpeer_open(&(struct hpeer_params){0});
	struct hook_rig rig;

	(void)state;
	hook_rig_open(&rig);
	rig.prm.timeout_ms = NEVER_MS;
	/* not a place more than they need */
	rig.prm.max_connections = 3;
	add(&rig, slow, 0);
	add(&rig, dead, 0);
	add(&rig, healthy, 0);
	hook_rig_start(&rig);
	tell_all(&rig);

	wait_for_all(&rig);
	assert_int_equal(hpeer_count(healthy), EVENTS);
	(void)hpeer_wait(slow, 1);
	assert_int_equal(hpeer_count(slow), 1);
	hook_rig_stop(&rig);
	/* what was on the way waits, and was no attempt */
	assert_int_equal(hook_rig_number(&rig, "SELECT count(*) FROM delivery"
					       " WHERE status = 'pending' AND"
					       " attempts = 0"),
			 2 * EVENTS);
	hook_rig_close(&rig);
	hpeer_close(healthy);
	hpeer_close(dead);
	hpeer_close(slow);
}

/* All want the one place that there is */
static void test_healthy_ones_take_turns(void **state)
{
	enum {
		ENDPOINTS = 5,
		FIRST = 50
	};
	struct hpeer *peer = hpeer_open(&(struct hpeer_params){0});
	unsigned i, served[ENDPOINTS] = {0};
	struct hook_rig rig;

	(void)state;
	hook_rig_open(&rig);
	rig.prm.max_connections = 1;
	for (i = 0; i < ENDPOINTS; ++i)
		add(&rig, peer, i);
	tell_all(&rig);
	hook_rig_start(&rig);
	for (i = 0; i < FIRST; ++i)
		++served[hpeer_wait(peer, i + 1)->target[1] - '0'];
	for (i = 0; i < ENDPOINTS; ++i)
		assert_in_range(served[i], FIRST / ENDPOINTS - 2,
				FIRST / ENDPOINTS + 2);
	hook_rig_close(&rig);
	hpeer_close(peer);
}

/* More that hang than there are places: they get half of them */
static void test_many_that_hang(void **state)
{
	struct hpeer *hung =
		hpeer_open(&(struct hpeer_params){.handler = hang});
	struct hpeer *healthy = hpeer_open(&(struct hpeer_params){0});
	struct hook_rig rig;
	unsigned i;

	(void)state;
	hook_rig_open(&rig);
	/* slow, yet no healthy one is taken for it */
	rig.prm.timeout_ms = 2500;
	rig.prm.max_connections = 4;
	for (i = 0; i < HUNG; ++i)
		add(&rig, hung, i);
	add(&rig, healthy, 0);
	hook_rig_start(&rig);
	tell_all(&rig);

	wait_for_all(&rig);
	assert_int_equal(hpeer_count(healthy), EVENTS);
	hook_rig_close(&rig);
	hpeer_close(healthy);
	hpeer_close(hung);
}

/* Calls to one number, each with an endpoint of its own, and all of them hang:
 * it is one server all the same
 */
static void test_calls_share_their_target(void **state)
{
	struct hpeer *hung =
		hpeer_open(&(struct hpeer_params){.handler = hang});
	struct hpeer *healthy = hpeer_open(&(struct hpeer_params){0});
	char *url = hpeer_url(hung, "/");
	struct hook_endpoint ep = {.url = url};
	struct hook_rig rig;
	char call[16], id[ID_SIZE];
	unsigned i;

	(void)state;
	hook_rig_open(&rig);
	rig.prm.timeout_ms = NEVER_MS;
	rig.prm.max_connections = 2;
	for (i = 0; i < 50; ++i) {
		(void)g_snprintf(call, sizeof(call), "call %u", i);
		ep.call_id = call;
		hook_rig_endpoint(&rig, &ep, id);
	}
	add(&rig, healthy, 0);
	hook_rig_start(&rig);
	tell_all(&rig);

	wait_for_all(&rig);
	(void)hpeer_wait(hung, 1);
	assert_int_equal(hpeer_count(hung), 1);
	hook_rig_close(&rig);
	hpeer_close(healthy);
	hpeer_close(hung);
	g_free(url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_slow_one_dead_one_healthy),
		cmocka_unit_test(test_healthy_ones_take_turns),
		cmocka_unit_test(test_many_that_hang),
		cmocka_unit_test(test_calls_share_their_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
