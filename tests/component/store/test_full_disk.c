/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A disk that is full for a while */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <sched.h>
#include <stdatomic.h>

#include "common/str.h"
#include "loop/loop.h"
#include "store/backend.h"
#include "store/store.h"
#include "support/store_rig.h"

static struct store_rig rig;

static struct store_tx *tx_put(const char *key, const char *value)
{
	static const char put[] =
		"INSERT INTO meta (key, value) VALUES (?1, ?2)";
	struct store_tx *tx = store_tx_new();

	STORE_ADD(tx, STORE_ONE_ROW, put, DB_S(key), DB_S(value));

	return tx;
}

static atomic_bool is_full;

static int full_or_not(void *conn, char why[STORE_WHY_SIZE])
{
	if (!is_full)
		return store_sqlite.commit(conn, why);

	str_copy(why, STORE_WHY_SIZE, "database or disk is full");

	return ENOSPC;
}

static void post_unwaited(void *arg) /* Thread: loop */
{
	store_commit(rig.store, arg, NULL, NULL);
}

/* Nobody waits for it, as with what happens on calls */
static void commit_unwaited(const char *key, const char *value)
{
	assert_int_equal(loop_call(rig.loop, "unwaited", post_unwaited,
				   tx_put(key, value)),
			 0);
}

static void open_for_room(void)
{
	static struct store_backend backend; /* the store keeps it */

	backend = store_sqlite;
	backend.commit = full_or_not;
	is_full = false;
	store_rig_open_with(&rig, &backend);
	assert_int_equal(store_rig_commit(&rig, tx_put("before", "1")), 0);
	is_full = true;
}

static size_t depth(void)
{
	struct store_stats st;

	store_stats(rig.store, &st);

	return st.depth;
}

#define COUNT_OF(where) "SELECT count(*) FROM meta WHERE " where

/* What nobody waits for is there, in its order, once there is room again */
static void test_a_full_disk_loses_nothing(void **state)
{
	struct store_stats st;
	char key[8];
	unsigned i;

	open_for_room();
	for (i = 0; i < 50; ++i) {
		g_snprintf(key, sizeof(key), "k%02u", i);
		commit_unwaited(key, "1");
	}
	/* who waits is told at once; an empty one asks what is written */
	assert_int_equal(store_rig_commit(&rig, tx_put("w", "1")), ENOSPC);
	assert_int_equal(store_rig_commit(&rig, store_tx_new()), ENOSPC);
	assert_int_equal(depth(), 50);
	assert_int_equal(store_rig_count(&rig, COUNT_OF("key LIKE 'k%'")), 0);

	/* by a request room is made; the others follow it */
	is_full = false;
	assert_int_equal(store_rig_commit(&rig, tx_put("room", "1")), 0);
	while (depth())
		sched_yield();
	assert_int_equal(store_rig_count(&rig, COUNT_OF("key LIKE 'k%'")), 50);
	assert_int_equal(
		store_rig_count(
			&rig,
			"SELECT count(*) FROM (SELECT key, lag(key) OVER"
			" (ORDER BY rowid) AS p FROM meta WHERE key LIKE 'k%')"
			" WHERE p > key"),
		0);
	store_stats(rig.store, &st);
	assert_int_equal(st.fails, 2); /* those that were told */
	store_rig_close(&rig);
}

/* Without a request it is tried again by itself */
static void test_room_is_looked_for(void **state)
{
	open_for_room();
	commit_unwaited("k", "1");
	assert_int_equal(store_rig_commit(&rig, store_tx_new()), ENOSPC);
	is_full = false;
	while (depth())
		sched_yield();
	assert_int_equal(store_rig_count(&rig, COUNT_OF("key = 'k'")), 1);
	store_rig_close(&rig);
}

/* At the end there is one more try */
static void test_the_end_writes_what_is_kept(void **state)
{
	open_for_room();
	commit_unwaited("k", "1");
	assert_int_equal(store_rig_commit(&rig, store_tx_new()), ENOSPC);
	is_full = false;
	store_rig_close(&rig);
	store_rig_open(&rig);
	assert_int_equal(store_rig_count(&rig, COUNT_OF("key = 'k'")), 1);
	store_rig_close(&rig);
}

/* So much is kept and no more: the rest is said to be lost */
static void test_what_is_kept_is_bounded(void **state)
{
	char *big = g_strnfill(1024 * 1024, 'x');
	struct store_stats st;
	char key[8];
	unsigned i;

	open_for_room();
	for (i = 0; i < 70; ++i) {
		g_snprintf(key, sizeof(key), "k%02u", i);
		commit_unwaited(key, big);
	}
	assert_int_equal(store_rig_commit(&rig, store_tx_new()), ENOSPC);
	assert_in_range(depth(), 60, 64);
	store_stats(rig.store, &st);
	assert_in_range(st.fails, 70 - 64 + 1, 70 - 60 + 1);
	is_full = false;
	assert_int_equal(store_rig_commit(&rig, tx_put("room", "1")), 0);
	while (depth())
		sched_yield();
	assert_int_equal(store_rig_count(&rig, COUNT_OF("key = 'k00'")), 1);
	assert_int_equal(store_rig_count(&rig, COUNT_OF("key = 'k69'")), 0);
	g_free(big);
	store_rig_close(&rig);
}

static int setup(void **state)
{
	store_rig_dir(&rig);

	return 0;
}

static int teardown(void **state)
{
	store_rig_remove(&rig);

	return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_full_disk_loses_nothing),
		TEST(test_room_is_looked_for),
		TEST(test_the_end_writes_what_is_kept),
		TEST(test_what_is_kept_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
