/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The outbox's reader over a real SQLite file, written here as the call
 * plugin's store writes it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <time.h>

#include "webhook/reader.h"

/* never by itself in a test: what is seen was rung for, or polled on purpose */
enum {
	POLL_NEVER_MS = 3600 * 1000,
	POLL_FAST_MS = 5,
	GIVE_UP_S = 20
};

struct fix {
	char *dir, *path;
	sqlite3 *db;
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	int64_t row;    /* guarded by mtx */
	uint64_t count; /* guarded by mtx */
	unsigned calls; /* guarded by mtx */
};

static void on_followed(void *arg, int64_t row, uint64_t count)
{
	struct fix *fix = arg;

	pthread_mutex_lock(&fix->mtx);
	fix->row = row;
	fix->count = count;
	++fix->calls;
	pthread_cond_signal(&fix->cond);
	pthread_mutex_unlock(&fix->mtx);
}

static void wait_for_row(struct fix *fix, int64_t row)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += GIVE_UP_S;
	pthread_mutex_lock(&fix->mtx);
	while (fix->row < row)
		if (pthread_cond_timedwait(&fix->cond, &fix->mtx, &until))
			break;
	assert_int_equal(fix->row, row);
	pthread_mutex_unlock(&fix->mtx);
}

static void run_sql(struct fix *fix, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(fix->db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static void make_store(struct fix *fix)
{
	assert_int_equal(sqlite3_open(fix->path, &fix->db), SQLITE_OK);
	/* as the store does: the reader may be looking at this moment */
	sqlite3_busy_timeout(fix->db, GIVE_UP_S * 1000);
	run_sql(fix, "PRAGMA journal_mode = WAL");
	run_sql(fix, "CREATE TABLE event (row INTEGER PRIMARY KEY, "
		     "id TEXT NOT NULL, type TEXT NOT NULL, doc TEXT) STRICT");
}

/* n rows in one transaction */
static void add_events(struct fix *fix, unsigned n)
{
	char sql[256];

	(void)g_snprintf(sql, sizeof(sql),
			 "WITH RECURSIVE k(i) AS (VALUES (1) UNION ALL "
			 "SELECT i + 1 FROM k WHERE i < %u) "
			 "INSERT INTO event (id, type) "
			 "SELECT 'e' || i, 'call.created' FROM k",
			 n);
	run_sql(fix, sql);
}

static int setup(void **state)
{
	struct fix *fix = g_new0(struct fix, 1);

	fix->dir = g_dir_make_tmp("bifrons-reader-XXXXXX", NULL);
	fix->path = g_build_filename(fix->dir, "bifrons.sqlite", NULL);
	pthread_mutex_init(&fix->mtx, NULL);
	pthread_cond_init(&fix->cond, NULL);
	*state = fix;

	return fix->dir ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	struct fix *fix = *state;
	size_t i;

	sqlite3_close(fix->db);
	for (i = 0; i < G_N_ELEMENTS(tails); ++i) {
		char *file = g_strconcat(fix->path, tails[i], NULL);

		(void)g_unlink(file);
		g_free(file);
	}
	(void)g_rmdir(fix->dir);
	pthread_cond_destroy(&fix->cond);
	pthread_mutex_destroy(&fix->mtx);
	g_free(fix->path);
	g_free(fix->dir);
	g_free(fix);

	return 0;
}

static struct reader *start(struct fix *fix, unsigned poll_ms)
{
	const struct reader_params prm = {
		.store = fix->path,
		.poll_ms = poll_ms,
		.followed = on_followed,
		.arg = fix,
	};
	struct reader *reader = NULL;

	assert_int_equal(reader_start(&reader, &prm), 0);

	return reader;
}

/* The cursor, whether or not its rows were followed */
static void wait_for_cursor(struct reader *reader, int64_t row)
{
	struct reader_stats stats;

	do {
		(void)sched_yield();
		reader_stats(reader, &stats);
	} while (stats.row < row);
	assert_int_equal(stats.row, row);
}

static void test_doorbell_wakes(void **state)
{
	struct fix *fix = *state;
	struct reader *reader;

	make_store(fix);
	/* however early or late it looks: the bell is heard */
	reader = start(fix, POLL_NEVER_MS);
	add_events(fix, 3);
	reader_ring(reader, 3);
	wait_for_cursor(reader, 3);

	add_events(fix, 2);
	reader_ring(reader, 5);
	wait_for_row(fix, 5);
	reader_stop(reader);
}

static void test_polls_without_a_doorbell(void **state)
{
	struct fix *fix = *state;
	struct reader *reader;

	make_store(fix);
	reader = start(fix, POLL_FAST_MS);
	add_events(fix, 1);
	wait_for_cursor(reader, 1);
	add_events(fix, 1);
	wait_for_row(fix, 2);
	reader_stop(reader);
}

static void test_store_made_later_is_read_from_its_first_row(void **state)
{
	struct fix *fix = *state;
	struct reader *reader = start(fix, POLL_FAST_MS);

	make_store(fix);
	add_events(fix, 10);
	add_events(fix, 5);
	wait_for_cursor(reader, 15);
	reader_stop(reader);
}

static void test_old_rows_are_not_followed_again(void **state)
{
	struct fix *fix = *state;
	struct reader_stats stats;
	struct reader *reader;

	make_store(fix);
	add_events(fix, 100);
	reader = start(fix, POLL_FAST_MS);
	wait_for_cursor(reader, 100);
	reader_stats(reader, &stats);
	assert_int_equal(stats.count, 0);

	add_events(fix, 1);
	wait_for_row(fix, 101);
	assert_int_equal(fix->count, 1);
	reader_stop(reader);
}

static void test_many_rows_come_in_batches(void **state)
{
	struct fix *fix = *state;
	struct reader *reader;

	make_store(fix);
	add_events(fix, 1);
	reader = start(fix, POLL_FAST_MS);
	wait_for_cursor(reader, 1);

	add_events(fix, 1000);
	wait_for_row(fix, 1001);
	assert_int_equal(fix->count, 1000);
	assert_true(fix->calls >= 4);
	reader_stop(reader);
}

static void test_stop_without_a_store(void **state)
{
	struct fix *fix = *state;

	reader_stop(start(fix, POLL_NEVER_MS));
	assert_null(reader_stop(NULL));
}

static void test_ring_for_a_row_that_is_not_there(void **state)
{
	struct fix *fix = *state;
	struct reader *reader;

	make_store(fix);
	reader = start(fix, POLL_NEVER_MS);
	reader_ring(reader, 1000);
	reader_ring(reader, -1);
	reader_stop(reader);
}

static void test_refuses_to_start_without_a_path(void **state)
{
	const struct reader_params prm = {.store = NULL};
	struct reader *reader = NULL;

	(void)state;
	assert_int_equal(reader_start(&reader, &prm), EINVAL);
	assert_int_equal(reader_start(NULL, &prm), EINVAL);
	assert_null(reader);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_doorbell_wakes),
		TEST(test_polls_without_a_doorbell),
		TEST(test_store_made_later_is_read_from_its_first_row),
		TEST(test_old_rows_are_not_followed_again),
		TEST(test_many_rows_come_in_batches),
		TEST(test_stop_without_a_store),
		TEST(test_ring_for_a_row_that_is_not_there),
		cmocka_unit_test(test_refuses_to_start_without_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
