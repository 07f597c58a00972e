/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second writer of the store's file, beside a first one */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "host/db_write.h"

struct fix {
	char *dir, *path;
	sqlite3 *other;
	struct db_write *db;
};

static void run_other(struct fix *fix, const char *sql)
{
	assert_int_equal(sqlite3_exec(fix->other, sql, NULL, NULL, NULL),
			 SQLITE_OK);
}

static bool on_int(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

static int64_t read_one(struct fix *fix, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(db_write_read(fix->db, sql, NULL, 0, on_int, &n), 0);

	return n;
}

static int setup(void **state)
{
	struct fix *fix = g_new0(struct fix, 1);

	fix->dir = g_dir_make_tmp("bifrons-db-XXXXXX", NULL);
	fix->path = g_build_filename(fix->dir, "x.sqlite", NULL);
	assert_int_equal(db_write_open(&fix->db, fix->path), ENOENT);
	assert_int_equal(sqlite3_open(fix->path, &fix->other), SQLITE_OK);
	run_other(fix,
		  "PRAGMA journal_mode=WAL;"
		  "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT) STRICT");
	assert_int_equal(db_write_open(&fix->db, fix->path), 0);
	*state = fix;

	return 0;
}

static int teardown(void **state)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	struct fix *fix = *state;
	size_t i;

	fix->db = db_write_close(fix->db);
	sqlite3_close(fix->other);
	for (i = 0; i < G_N_ELEMENTS(tails); ++i) {
		char *file = g_strconcat(fix->path, tails[i], NULL);

		(void)g_unlink(file);
		g_free(file);
	}
	assert_int_equal(g_rmdir(fix->dir), 0);
	g_free(fix->path);
	g_free(fix->dir);
	g_free(fix);

	return 0;
}

static void test_writes_what_was_committed(void **state)
{
	static const char insert[] = "INSERT INTO t (s) VALUES (?1)";
	struct fix *fix = *state;
	int64_t changed = 0;

	assert_int_equal(db_write_begin(fix->db), 0);
	assert_int_equal(DB_RUN(fix->db, insert, DB_S("a")), 0);
	assert_int_equal(DB_RUN(fix->db, insert, DB_S("b")), 0);
	assert_int_equal(read_one(fix, "SELECT count(*) FROM t"), 2);
	assert_int_equal(db_write_commit(fix->db), 0);

	assert_int_equal(db_write_begin(fix->db), 0);
	assert_int_equal(db_write_run(fix->db, "UPDATE t SET s = 'c'", NULL, 0,
				      &changed),
			 0);
	assert_int_equal(changed, 2);
	db_write_rollback(fix->db);
	db_write_rollback(fix->db);
	assert_int_equal(read_one(fix, "SELECT count(*) FROM t "
				       "WHERE s = 'c'"),
			 0);
}

static void test_a_fault_is_an_error_and_no_end(void **state)
{
	struct fix *fix = *state;

	assert_int_equal(db_write_begin(fix->db), 0);
	assert_int_equal(
		DB_RUN(fix->db, "INSERT INTO t VALUES (?1, 'x')", DB_I(1)), 0);
	assert_int_equal(
		DB_RUN(fix->db, "INSERT INTO t VALUES (?1, 'x')", DB_I(1)),
		EIO);
	assert_int_equal(
		DB_RUN(fix->db, "INSERT INTO nothing VALUES (?1)", DB_I(1)),
		EIO);
	/* two statements in one text are one too many */
	assert_int_equal(DB_RUN(fix->db,
				"DELETE FROM t; DELETE FROM t "
				"WHERE id = ?1",
				DB_I(1)),
			 EIO);
	db_write_rollback(fix->db);

	assert_int_equal(db_write_begin(fix->db), 0);
	assert_int_equal(db_write_commit(fix->db), 0);
	assert_int_equal(read_one(fix, "SELECT count(*) FROM t"), 0);
}

static void *give_way(void *arg)
{
	struct fix *fix = arg;

	run_other(fix, "COMMIT");

	return NULL;
}

/* The store's thread is writing: its commit lets us in */
static void test_waits_for_the_other_writer(void **state)
{
	struct fix *fix = *state;
	pthread_t thread;

	run_other(fix, "BEGIN IMMEDIATE; INSERT INTO t (s) VALUES ('x')");
	assert_int_equal(pthread_create(&thread, NULL, give_way, fix), 0);
	assert_int_equal(db_write_begin(fix->db), 0);
	assert_int_equal(read_one(fix, "SELECT count(*) FROM t"), 1);
	assert_int_equal(db_write_commit(fix->db), 0);
	pthread_join(thread, NULL);
}

static void test_gives_up_when_the_lock_stays(void **state)
{
	struct fix *fix = *state;

	run_other(fix, "BEGIN IMMEDIATE");
	assert_int_equal(db_write_begin(fix->db), EBUSY);
	/* what is committed is read all the same */
	assert_int_equal(read_one(fix, "SELECT count(*) FROM t"), 0);
	run_other(fix, "COMMIT");
	assert_int_equal(db_write_begin(fix->db), 0);
}

static void test_no_database(void **state)
{
	struct fix *fix = *state;
	struct db_write *db = NULL;
	char *path = g_build_filename(fix->dir, "text", NULL);

	assert_true(g_file_set_contents(path,
					"this is no database at all, "
					"but a file of text",
					-1, NULL));
	assert_int_equal(db_write_open(&db, path), EIO);
	assert_null(db);
	assert_int_equal(db_write_open(NULL, path), EINVAL);
	assert_null(db_write_close(NULL));
	(void)g_unlink(path);
	g_free(path);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_writes_what_was_committed),
		TEST(test_a_fault_is_an_error_and_no_end),
		TEST(test_waits_for_the_other_writer),
		TEST(test_gives_up_when_the_lock_stays),
		TEST(test_no_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
