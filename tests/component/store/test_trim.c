/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is old goes, in pieces, and nothing that somebody still needs; on a
 * clock moved by hand */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/clock.h"
#include "common/obj.h"
#include "loop/loop.h"
#include "loop/timers.h"
#include "loop/worker.h"
#include "store/trim.h"
#include "support/store_rig.h"

#define ACCOUNT "01900000-0000-7000-8000-0000000000aa"
#define OTHER "01900000-0000-7000-8000-0000000000bb"
#define WEBHOOK "01900000-0000-7000-8000-0000000000cc"
#define CALL "01900000-0000-7000-8000-0000000000dd"

enum {
	NOW_DAYS = 20000 /* since 1970 */
};

static const int64_t day_ms = 86400000;

static struct store_rig rig;
static struct clock_fake clk;
static struct timers *timers;
static struct workers *workers;
static struct trim *trim;

/* of the runs; guarded by rig.mtx */
static unsigned runs;
static int run_err;

static void on_done(void *arg, int err) /* Thread: loop */
{
	pthread_mutex_lock(&rig.mtx);
	++runs;
	run_err = err;
	pthread_cond_broadcast(&rig.cond);
	pthread_mutex_unlock(&rig.mtx);
}

static void start(void *arg) /* Thread: loop */
{
	const struct trim_params prm = {
		.timers = timers,
		.clock = &clk.clock,
		.workers = workers,
		.store = rig.store,
		.done = on_done,
	};

	assert_int_equal(trim_start(&trim, &prm), 0);
}

static void stop(void *arg) /* Thread: loop */
{
	trim = trim_stop(trim);
}

static void pass(void *arg) /* Thread: loop */
{
	clock_fake_advance_ms(&clk, *(int64_t *)arg);
	timers_run(timers);
}

static void on_loop(loop_h *fn, void *arg)
{
	assert_int_equal(loop_call(rig.loop, "test", fn, arg), 0);
}

static void pass_ms(int64_t ms)
{
	on_loop(pass, &ms);
}

/** So much later a run begins: wait for its end */
static void run_after(int64_t ms)
{
	unsigned before;
	int err;

	pthread_mutex_lock(&rig.mtx);
	before = runs;
	pthread_mutex_unlock(&rig.mtx);
	pass_ms(ms);
	pthread_mutex_lock(&rig.mtx);
	while (runs == before)
		pthread_cond_wait(&rig.cond, &rig.mtx);
	err = run_err;
	pthread_mutex_unlock(&rig.mtx);
	assert_int_equal(err, 0);
}

static void write_sql(const char *sql, const struct db_value *params, size_t n)
{
	struct store_tx *tx = store_tx_new();

	store_tx_add(tx, STORE_ANY, sql, params, n);
	assert_int_equal(store_rig_commit(&rig, tx), 0);
}

#define WRITE(sql, ...)                                                        \
	write_sql((sql), (const struct db_value[]){__VA_ARGS__},               \
		  sizeof((const struct db_value[]){__VA_ARGS__}) /             \
			  sizeof(struct db_value))

static int64_t days_ago(int64_t days)
{
	return (NOW_DAYS - days) * day_ms;
}

static void add_account(const char *id, const char *doc)
{
	WRITE("INSERT INTO account (id, name, status, created_at, doc)"
	      " VALUES (?1, 'x', 'active', 1, ?2)",
	      DB_S(id), DB_S(doc));
}

static void add_event(const char *account, int64_t row, int64_t days,
		      const char *call_id)
{
	char id[16];

	g_snprintf(id, sizeof(id), "e%d", (int)row);
	WRITE("INSERT INTO event (row, id, type, account_id, call_id,"
	      " sequence, created_at, doc)"
	      " VALUES (?1, ?2, 'call.ended', ?3, ?4, 1, ?5, '{}')",
	      DB_I(row), DB_S(id), DB_S(account), DB_S(call_id),
	      DB_I(days_ago(days)));
}

static void add_delivery(int64_t row, int64_t days, const char *status)
{
	char id[16];

	g_snprintf(id, sizeof(id), "d%03d", (int)row);
	WRITE("INSERT INTO delivery (id, account_id, webhook_id, event_row,"
	      " event_id, event_type, status, attempts, created_at, log)"
	      " VALUES (?1, ?2, ?3, ?4, 'e', 'call.ended', ?5, 0, ?6, '[]')",
	      DB_S(id), DB_S(ACCOUNT), DB_S(WEBHOOK), DB_I(row), DB_S(status),
	      DB_I(days_ago(days)));
}

static void add_webhook(const char *id, const char *call_id, int64_t days)
{
	WRITE("INSERT INTO webhook (id, account_id, call_id, enabled,"
	      " created_at, doc) VALUES (?1, ?2, ?3, 1, ?4, '{}')",
	      DB_S(id), DB_S(ACCOUNT), DB_S(call_id), DB_I(days_ago(days)));
}

static void add_call(const char *status)
{
	WRITE("INSERT INTO call (id, account_id, status, direction, source,"
	      " destination, created_at, node_id, sequence, doc)"
	      " VALUES (?1, ?2, ?3, 'incoming', '', '', 1, 'n', 1, '{}')",
	      DB_S(CALL), DB_S(ACCOUNT), DB_S(status));
}

static void set_cursor(const char *row)
{
	WRITE("INSERT INTO meta (key, value) VALUES ('webhook_cursor', ?1)"
	      " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
	      DB_S(row));
}

static bool row_text(void *arg, const struct db_row *row)
{
	GString *out = arg;

	g_string_append_printf(out, "%s%s", out->len ? " " : "",
			       db_text(row, 0));

	return true;
}

/** Ids that are left in a table */
static void expect(const char *table, const char *want)
{
	GString *got = g_string_new(NULL);
	char *sql = g_strdup_printf("SELECT %s FROM %s ORDER BY 1",
				    g_str_equal(table, "event") ? "row" : "id",
				    table);

	assert_int_equal(
		db_read(store_db(rig.store), sql, NULL, 0, row_text, got), 0);
	assert_string_equal(got->str, want);
	g_free(sql);
	g_string_free(got, TRUE);
}

static int setup(void **state)
{
	store_rig_dir(&rig);
	store_rig_open(&rig);
	clock_fake_init(&clk, NOW_DAYS * day_ms);
	runs = 0;
	assert_int_equal(timers_alloc(&timers, &clk.clock), 0);
	assert_int_equal(workers_start(&workers, rig.loop, 1, 8), 0);
	on_loop(start, NULL);
	add_account(ACCOUNT, "{}");

	return 0;
}

static int teardown(void **state)
{
	on_loop(stop, NULL);
	workers = workers_stop(workers);
	store_rig_close(&rig);
	timers = obj_unref(timers);
	store_rig_remove(&rig);

	return 0;
}

static void test_what_is_30_days_old_goes(void **state)
{
	add_event(ACCOUNT, 1, 31, NULL);
	add_event(ACCOUNT, 2, 30, NULL);
	add_event(ACCOUNT, 3, 1, NULL);

	/* not at once, when everything starts */
	pass_ms(TRIM_FIRST_MS - 1);
	expect("event", "1 2 3");
	run_after(1);
	expect("event", "3");

	run_after(29 * day_ms);
	expect("event", "");
}

static void test_a_run_is_an_hour_after_the_last(void **state)
{
	run_after(TRIM_FIRST_MS);
	add_event(ACCOUNT, 1, 31, NULL);
	pass_ms(TRIM_EVERY_MS - 1);
	expect("event", "1");
	run_after(1);
	expect("event", "");
}

static void test_each_account_has_its_own_days(void **state)
{
	static const char week[] = "{\"retention\":{\"events_days\":7}}";
	static const char never[] = "{\"retention\":{\"events_days\":null}}";
	static const char third[] = "01900000-0000-7000-8000-0000000000ee";

	add_account(OTHER, week);
	add_account(third, never);
	add_event(ACCOUNT, 1, 31, NULL);
	add_event(OTHER, 2, 8, NULL);
	add_event(third, 3, 999, NULL);
	add_event(ACCOUNT, 4, 8, NULL);
	add_event(OTHER, 5, 6, NULL);
	run_after(TRIM_FIRST_MS);
	expect("event", "3 4 5");
}

static void test_a_deleted_account_leaves_nothing(void **state)
{
	add_event(OTHER, 1, 0, NULL);
	add_event(ACCOUNT, 2, 0, NULL);
	run_after(TRIM_FIRST_MS);
	expect("event", "2");
}

static void test_what_a_pending_delivery_needs_stays(void **state)
{
	add_webhook(WEBHOOK, NULL, 90);
	set_cursor("9");
	add_event(ACCOUNT, 1, 40, NULL);
	add_event(ACCOUNT, 2, 40, NULL);
	add_event(ACCOUNT, 3, 40, NULL);
	add_event(ACCOUNT, 4, 40, NULL);
	add_delivery(1, 40, "delivered");
	add_delivery(2, 40, "pending");
	add_delivery(3, 40, "failed");
	add_delivery(4, 1, "canceled");
	run_after(TRIM_FIRST_MS);
	expect("delivery", "d002 d004");
	expect("event", "2");

	WRITE("UPDATE delivery SET status = 'delivered' WHERE event_row = ?1",
	      DB_I(2));
	run_after(TRIM_EVERY_MS);
	expect("delivery", "d004");
	expect("event", "");
	/* an account's endpoint has no age */
	expect("webhook", WEBHOOK);
}

static void test_what_waits_for_a_deleted_webhook_goes(void **state)
{
	add_event(ACCOUNT, 1, 40, NULL);
	add_event(ACCOUNT, 2, 1, NULL);
	add_delivery(1, 40, "pending");
	add_delivery(2, 1, "pending");
	run_after(TRIM_FIRST_MS);
	expect("delivery", "d002");
	expect("event", "2");
}

static void test_what_was_not_matched_yet_stays(void **state)
{
	add_webhook(WEBHOOK, NULL, 90);
	add_event(ACCOUNT, 1, 40, NULL);
	add_event(ACCOUNT, 2, 40, NULL);
	add_event(ACCOUNT, 3, 40, NULL);
	/* nobody has looked at all */
	run_after(TRIM_FIRST_MS);
	expect("event", "1 2 3");

	set_cursor("2");
	run_after(TRIM_EVERY_MS);
	expect("event", "3");

	/* without endpoints it does not matter */
	WRITE("DELETE FROM webhook WHERE id = ?1", DB_S(WEBHOOK));
	run_after(TRIM_EVERY_MS);
	expect("event", "");
}

static void test_a_calls_endpoint_goes_after_its_events(void **state)
{
	add_call("answered");
	add_webhook("w1", CALL, 40);
	add_webhook("w2", OTHER, 1); /* of another call, of yesterday */
	add_event(ACCOUNT, 1, 40, CALL);
	set_cursor("0");
	run_after(TRIM_FIRST_MS);
	expect("webhook", "w1 w2");

	/* matched, but the call is still up */
	set_cursor("1");
	run_after(TRIM_EVERY_MS);
	expect("event", "");
	expect("webhook", "w1 w2");

	WRITE("UPDATE call SET status = 'ended' WHERE id = ?1", DB_S(CALL));
	run_after(TRIM_EVERY_MS);
	expect("webhook", "w2");
}

static void test_it_goes_in_small_pieces(void **state)
{
	static const char many[] =
		"WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL"
		" SELECT n + 1 FROM c WHERE n < ?1)"
		" INSERT INTO event (row, id, type, account_id, sequence,"
		" created_at, doc) SELECT n, 'e' || n, 'call.ended', ?2, n,"
		" n, '{}' FROM c";
	struct store_stats before, after;

	WRITE(many, DB_I(4 * TRIM_CHUNK + 1), DB_S(ACCOUNT));
	add_event(ACCOUNT, 9999, 1, NULL);
	store_stats(rig.store, &before);
	run_after(TRIM_FIRST_MS);
	store_stats(rig.store, &after);
	expect("event", "9999");
	assert_int_equal(after.txs - before.txs, 5);
	assert_int_equal(after.commits - before.commits, 5);
}

static void test_what_has_expired_goes(void **state)
{
	static const char token[] =
		"INSERT INTO device_token (id, account_id, extension_id,"
		" token_hash, expires_at, created_at)"
		" VALUES (?1, ?2, 'x1', ?1, ?3, 1)";
	static const char answer[] =
		"INSERT INTO idempotency (account_id, key, hash, created_at,"
		" expires_at, state) VALUES (?2, ?1, 'h', 1, ?3, 'done')";
	static const char ticket[] =
		"INSERT INTO event_ticket (token_hash, account_id, key_id,"
		" expires_at, created_at) VALUES (?1, ?2, 'k1', ?3, 1)";
	const int64_t old = days_ago(0), young = days_ago(-1);

	WRITE("INSERT INTO domain (id, account_id, name, created_at, doc)"
	      " VALUES ('m1', ?1, 'x', 1, '{}')",
	      DB_S(ACCOUNT));
	WRITE("INSERT INTO extension (id, account_id, domain_id, extension,"
	      " created_at, doc) VALUES ('x1', ?1, 'm1', '1', 1, '{}')",
	      DB_S(ACCOUNT));
	WRITE("INSERT INTO access_key (id, account_id, name, token_hash,"
	      " scopes, created_at, doc)"
	      " VALUES ('k1', ?1, 'x', 'h', '', 1, '{}')",
	      DB_S(ACCOUNT));
	WRITE(token, DB_S("old"), DB_S(ACCOUNT), DB_I(old));
	WRITE(token, DB_S("young"), DB_S(ACCOUNT), DB_I(young));
	WRITE(answer, DB_S("old"), DB_S(ACCOUNT), DB_I(old));
	WRITE(answer, DB_S("young"), DB_S(ACCOUNT), DB_I(young));
	WRITE(ticket, DB_S("old"), DB_S(ACCOUNT), DB_I(old));
	WRITE(ticket, DB_S("young"), DB_S(ACCOUNT), DB_I(young));
	run_after(TRIM_FIRST_MS);

	expect("device_token", "young");
	assert_int_equal(store_rig_count(&rig,
					 "SELECT count(*) FROM idempotency"
					 " WHERE key = 'young'"),
			 1);
	assert_int_equal(
		store_rig_count(&rig, "SELECT count(*) FROM idempotency"), 1);
	assert_int_equal(
		store_rig_count(&rig, "SELECT count(*) FROM event_ticket"), 1);
}

/** The platform stops in the middle of a run: nothing is left behind, and no
 * run follows (teardown closes everything) */
static void test_stopping_while_it_runs(void **state)
{
	int64_t ms = TRIM_FIRST_MS;
	unsigned i;

	for (i = 1; i <= 20; ++i)
		add_event(ACCOUNT, i, 40, NULL);
	store_rig_hold(&rig);
	assert_int_equal(loop_post(rig.loop, "pass", pass, &ms), 0);
	assert_int_equal(loop_post(rig.loop, "stop", stop, NULL), 0);
	store_rig_release(&rig);
	on_loop(stop, NULL);
	pass_ms(10 * TRIM_EVERY_MS);
	assert_int_equal(timers_count(timers), 0);
	assert_int_equal(runs, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_what_is_30_days_old_goes),
		T(test_a_run_is_an_hour_after_the_last),
		T(test_each_account_has_its_own_days),
		T(test_a_deleted_account_leaves_nothing),
		T(test_what_a_pending_delivery_needs_stays),
		T(test_what_waits_for_a_deleted_webhook_goes),
		T(test_what_was_not_matched_yet_stays),
		T(test_a_calls_endpoint_goes_after_its_events),
		T(test_it_goes_in_small_pieces),
		T(test_what_has_expired_goes),
		T(test_stopping_while_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
