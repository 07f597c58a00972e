/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order per call: one of its events is on the way at a time; one that fails
 * holds the later ones back, for a minute at most
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "common/json.h"
#include "support/hook_rig.h"
#include "support/http_peer.h"

enum {
	S = 1000
};

struct fix {
	struct hook_rig rig;
	struct hpeer *peer;
	char *url;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* guarded by mtx */
	GString *came;       /* "a1 a2! b1 ": ! = was refused */
	GHashTable *running; /* call ids */
	unsigned parallel, most;
	unsigned overlaps;   /* two of one call at once */
	const char *refused; /* "a2": gets 500 */
	bool meet;           /* but for the first, answer when two are there */
};

static void begin(struct fix *fix, const char *call)
{
	if (!g_hash_table_add(fix->running, g_strdup(call)))
		++fix->overlaps;
	++fix->parallel;
	fix->most = MAX(fix->most, fix->parallel);
	pthread_cond_broadcast(&fix->cond);
	while (fix->meet && fix->came->len && fix->most < 2)
		pthread_cond_wait(&fix->cond, &fix->mtx);
}

static void on_request(struct hpeer_conn *conn, const struct hpeer_request *req,
		       void *arg)
{
	struct fix *fix = arg;
	json_t *event = json_loads(req->body, 0, NULL);
	const char *call = json_str(event, "call_id", "-");
	char *name = g_strdup_printf("%s%lld", call,
				     (long long)json_int(event, "sequence", 0));
	bool refuse;

	pthread_mutex_lock(&fix->mtx);
	begin(fix, call);
	refuse = g_strcmp0(fix->refused, name) == 0;
	g_string_append_printf(fix->came, "%s%s ", name, refuse ? "!" : "");
	g_hash_table_remove(fix->running, call);
	--fix->parallel;
	pthread_mutex_unlock(&fix->mtx);

	(void)hpeer_answer(conn, refuse ? 500 : 200, NULL, "");
	g_free(name);
	json_decref(event);
}

static int setup(void **state)
{
	struct fix *fix = g_new0(struct fix, 1);
	const struct hpeer_params prm = {.handler = on_request, .arg = fix};
	struct hook_endpoint ep = {0};
	char id[ID_SIZE];

	pthread_mutex_init(&fix->mtx, NULL);
	pthread_cond_init(&fix->cond, NULL);
	fix->came = g_string_new(NULL);
	fix->running =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	hook_rig_open(&fix->rig);
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/");
	ep.url = fix->url;
	hook_rig_endpoint(&fix->rig, &ep, id);
	*state = fix;

	return 0;
}

static int teardown(void **state)
{
	struct fix *fix = *state;

	hook_rig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_hash_table_destroy(fix->running);
	g_string_free(fix->came, TRUE);
	pthread_cond_destroy(&fix->cond);
	pthread_mutex_destroy(&fix->mtx);
	g_free(fix->url);
	g_free(fix);

	return 0;
}

static void refuse(struct fix *fix, const char *name)
{
	pthread_mutex_lock(&fix->mtx);
	fix->refused = name;
	pthread_mutex_unlock(&fix->mtx);
}

/** What came of a call, in order: "a1 a2! a2 "; g_free() it */
static char *came(struct fix *fix, char call)
{
	GString *out = g_string_new(NULL);
	char **names, **name;

	pthread_mutex_lock(&fix->mtx);
	names = g_strsplit(fix->came->str, " ", -1);
	pthread_mutex_unlock(&fix->mtx);
	for (name = names; *name; ++name)
		if (**name == call)
			g_string_append_printf(out, "%s ", *name);
	g_strfreev(names);

	return g_string_free(out, FALSE);
}

static void expect_came(struct fix *fix, char call, const char *want)
{
	char *text = came(fix, call);

	assert_string_equal(text, want);
	g_free(text);
}

static void tell(struct fix *fix, const char *call, int from, int to)
{
	for (; from <= to; ++from)
		hook_rig_tell(&fix->rig, "call.ended", call, from);
}

static void wait_delivered(struct fix *fix, unsigned n)
{
	char *sql = g_strdup_printf("SELECT count(*) = %u FROM delivery"
				    " WHERE status = 'delivered'",
				    n);

	hook_rig_wait(&fix->rig, 1, sql);
	g_free(sql);
}

/* What failed is written, and what it holds back */
static void wait_held(struct fix *fix, int attempts)
{
	char *sql = g_strdup_printf("SELECT count(*) FROM delivery WHERE"
				    " status = 'pending' AND attempts = %d",
				    attempts);

	hook_rig_wait(&fix->rig, 1, sql);
	g_free(sql);
}

static void test_one_of_a_call_at_a_time(void **state)
{
	enum {
		CALLS = 8,
		EVENTS = 40
	};
	struct fix *fix = *state;
	GString *want = g_string_new(NULL);
	unsigned call, i;

	fix->meet = true;
	for (i = 1; i <= EVENTS; ++i)
		for (call = 0; call < CALLS; ++call) {
			const char name[2] = {(char)('a' + call), '\0'};

			hook_rig_tell(&fix->rig, "call.ended", name, i);
		}
	hook_rig_start(&fix->rig);
	wait_delivered(fix, CALLS * EVENTS);

	for (call = 0; call < CALLS; ++call) {
		g_string_truncate(want, 0);
		for (i = 1; i <= EVENTS; ++i)
			g_string_append_printf(want, "%c%u ", 'a' + call, i);
		expect_came(fix, (char)('a' + call), want->str);
	}
	assert_int_equal(fix->overlaps, 0);
	assert_true(fix->most >= 2);
	g_string_free(want, TRUE);
}

/* More than memory holds; they come from the table again */
static void test_a_long_call_stays_in_order(void **state)
{
	enum {
		EVENTS = 700
	};
	struct fix *fix = *state;
	GString *want = g_string_new(NULL);
	int i;

	hook_rig_start(&fix->rig);
	tell(fix, "a", 1, EVENTS);
	wait_delivered(fix, EVENTS);
	for (i = 1; i <= EVENTS; ++i)
		g_string_append_printf(want, "a%d ", i);
	expect_came(fix, 'a', want->str);
	g_string_free(want, TRUE);
}

static void test_a_failure_holds_its_call_back(void **state)
{
	struct fix *fix = *state;

	refuse(fix, "a2");
	tell(fix, "a", 1, 4);
	tell(fix, "b", 1, 4);
	hook_rig_start(&fix->rig);
	wait_held(fix, 1);
	wait_delivered(fix, 1 + 4);
	/* one that happens meanwhile waits as well; other calls do not */
	tell(fix, "a", 5, 5);
	tell(fix, "b", 5, 5);
	wait_delivered(fix, 1 + 5);
	expect_came(fix, 'a', "a1 a2! ");
	expect_came(fix, 'b', "b1 b2 b3 b4 b5 ");

	refuse(fix, NULL);
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	wait_delivered(fix, 5 + 5);
	expect_came(fix, 'a', "a1 a2! a2 a3 a4 a5 ");
}

static void test_for_a_minute_at_most(void **state)
{
	struct fix *fix = *state;

	refuse(fix, "a2");
	tell(fix, "a", 1, 3);
	hook_rig_start(&fix->rig);
	wait_held(fix, 1);
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	wait_held(fix, 2);
	tell(fix, "a", 4, 4);
	hook_rig_wait_row(&fix->rig, 4);
	expect_came(fix, 'a', "a1 a2! a2! ");
	assert_in_range(hook_rig_number(&fix->rig,
					"SELECT max(next_at) - min(created_at)"
					" FROM delivery WHERE attempts = 0"),
			55 * S, 65 * S);

	hook_rig_advance(&fix->rig, 55 * S);
	wait_delivered(fix, 3);
	expect_came(fix, 'a', "a1 a2! a2! a3 a4 ");
	wait_held(fix, 2);

	/* once it arrives it is late, and sequence says so */
	refuse(fix, NULL);
	hook_rig_advance(&fix->rig, 400 * S);
	wait_delivered(fix, 4);
	expect_came(fix, 'a', "a1 a2! a2! a3 a4 a2 ");
}

static void test_held_back_over_a_restart(void **state)
{
	struct fix *fix = *state;

	refuse(fix, "a2");
	tell(fix, "a", 1, 3);
	hook_rig_start(&fix->rig);
	wait_held(fix, 1);
	hook_rig_stop(&fix->rig);

	tell(fix, "a", 4, 4);
	hook_rig_start(&fix->rig);
	tell(fix, "b", 1, 1);
	wait_delivered(fix, 1 + 1);
	expect_came(fix, 'a', "a1 a2! ");

	refuse(fix, NULL);
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	wait_delivered(fix, 4 + 1);
	expect_came(fix, 'a', "a1 a2! a2 a3 a4 ");
}

/* Just over the hold, before those that waited are in memory again */
static void test_new_ones_do_not_overtake(void **state)
{
	struct fix *fix = *state;

	fix->rig.prm.poll_ms = 1000 * S;
	refuse(fix, "a1");
	tell(fix, "a", 1, 3);
	hook_rig_start(&fix->rig);
	wait_held(fix, 1);
	refuse(fix, NULL);
	hook_rig_advance(&fix->rig, HOOK_RIG_TO_RETRY_MS);
	tell(fix, "a", 4, 4);
	wait_delivered(fix, 4);
	expect_came(fix, 'a', "a1! a1 a2 a3 a4 ");
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_of_a_call_at_a_time),
		TEST(test_a_long_call_stays_in_order),
		TEST(test_a_failure_holds_its_call_back),
		TEST(test_for_a_minute_at_most),
		TEST(test_held_back_over_a_restart),
		TEST(test_new_ones_do_not_overtake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
