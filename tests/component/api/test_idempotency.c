/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A retried POST gets the first answer, whatever happened meanwhile */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "common/json.h"
#include "loop/loop.h"
#include "support/api_rig.h"

static struct api_rig rig;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

static json_t *flow_body(const char *name)
{
	return json_pack("{s:s, s:[{s:s}]}", "name", name, "actions", "type",
			 "answer");
}

static json_t *create(const char *key, const char *name)
{
	const struct api_ask ask = {
		.verb = "flows.create",
		.body = flow_body(name),
		.idem_key = key,
	};

	return api_rig_ask(&rig, &ask);
}

static int64_t flows(void)
{
	return api_rig_count(&rig, "SELECT count(*) FROM flow");
}

static void test_first_answer_again(void **state)
{
	json_t *first = create("k1", "one"), *again = create("k1", "one");

	assert_int_equal(flows(), 1);
	assert_true(json_equal(json_object_get(first, "ok"),
			       json_object_get(again, "ok")));
	assert_string_equal(json_str(again, "location", "?"),
			    json_str(first, "location", ""));
	assert_false(json_flag(first, "replayed", false));
	assert_true(json_flag(again, "replayed", false));
	json_decref(first);
	json_decref(again);
}

static void test_other_body_is_refused(void **state)
{
	json_decref(api_rig_ok(create("k1", "one")));
	assert_string_equal(api_rig_code(create("k1", "two")),
			    "idempotency_mismatch");
	assert_int_equal(flows(), 1);
}

static void test_survives_a_restart(void **state)
{
	json_t *first = create("k1", "one"), *again;

	api_rig_restart(&rig);
	again = create("k1", "one");
	assert_true(json_equal(json_object_get(first, "ok"),
			       json_object_get(again, "ok")));
	assert_int_equal(flows(), 1);
	json_decref(first);
	json_decref(again);
}

static void test_keys_are_per_account(void **state)
{
	json_t *account = api_rig_make(&rig, "accounts.create", NULL,
				       json_pack("{s:s}", "name", "other"));
	const struct api_ask ask = {
		.verb = "flows.create",
		.account_id = json_str(account, "id", ""),
		.scope = "admin",
		.body = flow_body("theirs"),
		.idem_key = "k1",
	};

	json_decref(api_rig_ok(create("k1", "mine")));
	json_decref(api_rig_ok(api_rig_ask(&rig, &ask)));
	assert_int_equal(flows(), 2);
	json_decref(account);
}

static void test_faults_are_kept_too(void **state)
{
	json_t *first = create("k1", ""), *again = create("k1", "");

	assert_true(json_flag(again, "replayed", false));
	assert_true(json_equal(json_object_get(first, "error"),
			       json_object_get(again, "error")));
	json_decref(first);
	assert_string_equal(api_rig_code(again), "invalid");
	assert_string_equal(api_rig_code(create("k1", "right")),
			    "idempotency_mismatch");
}

static void test_conflicts_are_kept_too(void **state)
{
	json_t *flow = api_rig_ok(create(NULL, "x"));
	struct api_ask ask = {.verb = "numbers.create"};
	unsigned i;

	for (i = 0; i < 3; ++i) {
		ask.idem_key = i ? "n2" : "n1";
		ask.body = json_pack("{s:s, s:s}", "number", "+4511111111",
				     "flow_id", json_str(flow, "id", ""));
		if (i)
			assert_string_equal(
				api_rig_code(api_rig_ask(&rig, &ask)),
				"already_exists");
		else
			json_decref(api_rig_ok(api_rig_ask(&rig, &ask)));
	}
	assert_int_equal(
		api_rig_count(&rig, "SELECT count(*) FROM idempotency"), 2);
	json_decref(flow);
}

static void test_secrets_are_sealed_and_kept_short(void **state)
{
	struct api_ask ask = {.verb = "access_keys.create", .idem_key = "s1"};
	json_t *first, *again;

	ask.body = json_pack("{s:s, s:[s]}", "name", "x", "scopes", "admin");
	first = api_rig_ok(api_rig_ask(&rig, &ask));
	ask.body = json_pack("{s:s, s:[s]}", "name", "x", "scopes", "admin");
	again = api_rig_ok(api_rig_ask(&rig, &ask));

	assert_string_equal(json_str(again, "value", ""),
			    json_str(first, "value", "?"));
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM idempotency"
					     " WHERE answer LIKE '%bfk_%'"),
			 0);
	assert_int_equal(api_rig_count(&rig, "SELECT expires_at - created_at"
					     " FROM idempotency"),
			 10 * 60 * 1000);
	json_decref(first);
	json_decref(again);
}

static void test_plain_answers_are_kept_a_day(void **state)
{
	json_decref(create("k1", "one"));
	assert_int_equal(api_rig_count(&rig, "SELECT expires_at - created_at"
					     " FROM idempotency"),
			 24 * 3600 * 1000);
}

/* ---- while the first is still running ---- */

struct plug {
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool in, out;
};

/** Keeps the loop busy until it is pulled */
static void plug_loop(void *arg) /* Thread: loop */
{
	struct plug *plug = arg;

	pthread_mutex_lock(&plug->mtx);
	plug->in = true;
	pthread_cond_broadcast(&plug->cond);
	while (!plug->out)
		pthread_cond_wait(&plug->cond, &plug->mtx);
	pthread_mutex_unlock(&plug->mtx);
}

static void plug_in(struct plug *plug)
{
	pthread_mutex_init(&plug->mtx, NULL);
	pthread_cond_init(&plug->cond, NULL);
	plug->in = plug->out = false;
	assert_int_equal(loop_post(rig.loop, "plug", plug_loop, plug), 0);
	pthread_mutex_lock(&plug->mtx);
	while (!plug->in)
		pthread_cond_wait(&plug->cond, &plug->mtx);
	pthread_mutex_unlock(&plug->mtx);
}

static void plug_out(struct plug *plug)
{
	pthread_mutex_lock(&plug->mtx);
	plug->out = true;
	pthread_cond_broadcast(&plug->cond);
	pthread_mutex_unlock(&plug->mtx);
}

static void *create_k1(void *arg)
{
	return create("k1", "one");
}

static void test_running_answers_409(void **state)
{
	struct plug plug;
	pthread_t thread;
	json_t *first = NULL;
	struct loop_stats stats;

	plug_in(&plug);
	pthread_create(&thread, NULL, create_k1, NULL);

	/* the first is on its way when its job waits for the loop */
	do {
		g_usleep(1000);
		loop_stats(rig.loop, &stats);
	} while (!stats.depth);

	assert_string_equal(api_rig_code(create("k1", "two")),
			    "idempotency_mismatch");
	assert_string_equal(api_rig_code(create("k1", "one")),
			    "idempotency_in_progress");

	plug_out(&plug);
	pthread_join(thread, (void **)&first);
	json_decref(api_rig_ok(first));
	json_decref(api_rig_ok(create("k1", "one")));
	assert_int_equal(flows(), 1);
}

static void test_late_work_is_dropped_or_kept(void **state)
{
	struct plug plug;

	api_rig_close(&rig);
	rig.deadline_ms = 2000; /* enough for what is not held up */
	api_rig_open(&rig);

	plug_in(&plug);
	assert_string_equal(api_rig_code(create("k1", "one")), "timeout");
	plug_out(&plug);

	/* it never ran, and its key is free again */
	json_decref(api_rig_ok(create("k1", "one")));
	assert_int_equal(flows(), 1);
}

static void test_bad_keys(void **state)
{
	char key[300];

	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	assert_string_equal(api_rig_code(create(key, "one")), "bad_request");
	assert_string_equal(api_rig_code(create("", "one")), "bad_request");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_first_answer_again),
		TEST(test_other_body_is_refused),
		TEST(test_survives_a_restart),
		TEST(test_keys_are_per_account),
		TEST(test_faults_are_kept_too),
		TEST(test_conflicts_are_kept_too),
		TEST(test_secrets_are_sealed_and_kept_short),
		TEST(test_plain_answers_are_kept_a_day),
		TEST(test_running_answers_409),
		TEST(test_late_work_is_dropped_or_kept),
		TEST(test_bad_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
