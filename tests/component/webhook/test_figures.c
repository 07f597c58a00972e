/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What /metrics says of webhooks: what waits and since when, what became of
 * the rest, over restarts too
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdatomic.h>

#include "app/app_webhooks.h"
#include "common/obj.h"
#include "host/db.h"
#include "support/hook_rig.h"
#include "support/http_peer.h"

enum {
	S = 1000,
	MIN = 60 * S,
};

struct fix {
	struct hook_rig rig;
	struct hpeer *peer;
	struct db *db;
	char *url;
	char id[ID_SIZE];   /* of the endpoint */
	_Atomic int status; /* that it answers; any thread */
};

static void on_request(struct hpeer_conn *conn, const struct hpeer_request *req,
		       void *arg)
{
	struct fix *fix = arg;

	(void)hpeer_answer(conn, atomic_load(&fix->status), NULL, "");
}

static int setup(void **state)
{
	struct fix *fix = g_new0(struct fix, 1);
	const struct hpeer_params prm = {.handler = on_request, .arg = fix};
	struct hook_endpoint ep = {0};

	hook_rig_open(&fix->rig);
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/");
	ep.url = fix->url;
	hook_rig_endpoint(&fix->rig, &ep, fix->id);
	assert_int_equal(db_open(&fix->db, fix->rig.path, 1), 0);
	*state = fix;

	return 0;
}

static int teardown(void **state)
{
	struct fix *fix = *state;

	obj_unref(fix->db);
	hook_rig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_free(fix->url);
	g_free(fix);

	return 0;
}

static struct app_webhooks figures(struct fix *fix)
{
	struct app_webhooks figures;

	assert_int_equal(app_webhooks_read(&figures, fix->db,
					   clock_wall_ms(&fix->rig.clock)),
			 0);

	return figures;
}

static void expect_totals(struct fix *fix, unsigned delivered, unsigned retried,
			  unsigned failed, unsigned canceled)
{
	const struct webhook_totals totals = figures(fix).totals;

	assert_int_equal(totals.delivered, delivered);
	assert_int_equal(totals.retried, retried);
	assert_int_equal(totals.failed, failed);
	assert_int_equal(totals.canceled, canceled);
}

/* The endpoint is well, and the module runs: so many arrive */
static void deliver(struct fix *fix, int64_t n)
{
	atomic_store(&fix->status, 200);
	hook_rig_start(&fix->rig);
	hook_rig_wait(&fix->rig, n,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'delivered'");
}

static void test_nothing_yet(void **state)
{
	struct fix *fix = *state;
	const struct app_webhooks now = figures(fix);

	assert_int_equal(now.pending, 0);
	assert_int_equal(now.due_age_ms, 0);
	assert_int_equal(now.unread_age_ms, 0);
	assert_int_equal(now.disabled, 0);
	expect_totals(fix, 0, 0, 0, 0);
}

static void test_events_that_nobody_reads_grow_old(void **state)
{
	struct fix *fix = *state;
	struct app_webhooks now;

	hook_rig_tell(&fix->rig, "call.ended", "c", 1);
	hook_rig_sql(&fix->rig, "UPDATE event SET created_at = %lld",
		     (long long)clock_wall_ms(&fix->rig.clock));
	hook_rig_advance(&fix->rig, 10 * MIN);
	hook_rig_tell(&fix->rig, "call.ended", "d", 1);
	now = figures(fix);
	assert_in_range(now.unread_age_ms, 10 * MIN, 11 * MIN);
	assert_int_equal(now.pending, 0);

	deliver(fix, 2);
	assert_int_equal(figures(fix).unread_age_ms, 0);
	expect_totals(fix, 2, 0, 0, 0);
}

static void test_what_waits_and_what_is_late(void **state)
{
	struct fix *fix = *state;
	struct app_webhooks now;

	atomic_store(&fix->status, 500);
	hook_rig_tell(&fix->rig, "call.ended", "c", 1);
	hook_rig_start(&fix->rig);
	hook_rig_wait(&fix->rig, 1, "SELECT sum(attempts) FROM delivery");
	now = figures(fix);
	assert_int_equal(now.pending, 1);
	assert_int_equal(now.due_age_ms, 0);
	expect_totals(fix, 0, 1, 0, 0);

	/* nobody sends what is due */
	hook_rig_stop(&fix->rig);
	hook_rig_advance(&fix->rig, 10 * MIN);
	now = figures(fix);
	assert_int_equal(now.pending, 1);
	assert_in_range(now.due_age_ms, 9 * MIN, 11 * MIN);
	assert_int_equal(now.unread_age_ms, 0);

	/* totals go on where they were */
	deliver(fix, 1);
	assert_int_equal(figures(fix).pending, 0);
	assert_int_equal(figures(fix).due_age_ms, 0);
	expect_totals(fix, 1, 1, 0, 0);
}

static void test_an_endpoint_that_is_gone(void **state)
{
	struct fix *fix = *state;

	atomic_store(&fix->status, 410);
	hook_rig_tell(&fix->rig, "call.answered", "c", 1);
	hook_rig_tell(&fix->rig, "call.ended", "c", 2);
	hook_rig_start(&fix->rig);
	hook_rig_wait(&fix->rig, 1,
		      "SELECT count(*) FROM delivery WHERE status ="
		      " 'canceled'");
	assert_int_equal(figures(fix).disabled, 1);
	assert_int_equal(figures(fix).pending, 0);
	expect_totals(fix, 0, 0, 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_yet, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			test_events_that_nobody_reads_grow_old, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			test_what_waits_and_what_is_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_endpoint_that_is_gone,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
