/* SPDX-License-Identifier: GPL-3.0-or-later */
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
#include <stdatomic.h>
#include <string.h>

#include "common/obj.h"
#include "host/db.h"
#include "host/log.h"

struct fix {
	char *dir, *path;
	sqlite3 *writer;
	struct db *db;
};

static void quiet(enum log_level level, const char *line)
{
}

static void write_sql(struct fix *f, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(f->writer, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
}

static int setup(void **state)
{
	struct fix *f = g_new0(struct fix, 1);

	log_set_sink(quiet);
	f->dir = g_dir_make_tmp("bifrons-XXXXXX", NULL);
	f->path = g_build_filename(f->dir, "store.db", NULL);
	assert_int_equal(sqlite3_open(f->path, &f->writer), SQLITE_OK);
	write_sql(f, "PRAGMA journal_mode=WAL;"
		     "CREATE TABLE t (n INTEGER, s TEXT) STRICT;"
		     "INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, NULL)");
	assert_int_equal(db_open(&f->db, f->path, 2), 0);
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct fix *f = *state;
	unsigned i;

	obj_unref(f->db);
	sqlite3_close(f->writer);
	for (i = 0; i < 3; ++i) {
		char *name = g_strconcat(f->path, ends[i], NULL);

		g_remove(name);
		g_free(name);
	}
	assert_int_equal(g_rmdir(f->dir), 0);
	g_free(f->path);
	g_free(f->dir);
	g_free(f);
	log_set_sink(NULL);

	return 0;
}

static bool on_text(void *arg, const struct db_row *row)
{
	GString *out = arg;
	const char *s = db_text(row, 1);

	g_string_append_printf(out, "%lld=%s%s ", (long long)db_int(row, 0),
			       s ? s : "-", db_is_null(row, 1) ? "!" : "");

	return true;
}

static void assert_read(struct fix *f, const char *sql,
			const struct db_value *params, size_t n,
			const char *want)
{
	GString *out = g_string_new(NULL);

	assert_int_equal(db_read(f->db, sql, params, n, on_text, out), 0);
	assert_string_equal(out->str, want);
	g_string_free(out, TRUE);
}

#define ALL "SELECT n, s FROM t ORDER BY n"

static void test_reads_rows(void **state)
{
	struct fix *f = *state;

	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");
	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");
	assert_read(f, "SELECT n, s FROM t WHERE n > 5", NULL, 0, "");
}

static void test_binds_parameters(void **state)
{
	struct fix *f = *state;
	const struct db_value one[] = {DB_I(2), DB_S("one")};
	const struct db_value null[] = {DB_N};
	const struct db_value evil[] = {DB_S("x' OR 1=1 --")};

	assert_read(f, "SELECT n, s FROM t WHERE n = ?1 OR s = ?2 ORDER BY n",
		    one, 2, "1=one 2=two ");
	assert_read(f, "SELECT n, s FROM t WHERE s IS ?1", null, 1, "3=-! ");
	assert_read(f, "SELECT n, s FROM t WHERE s = ?1", evil, 1, "");
	assert_read(f, "SELECT n, s FROM t WHERE s = ?1",
		    &(struct db_value){.type = DB_TEXT}, 1, "");
}

static bool on_bytes(void *arg, const struct db_row *row)
{
	*(size_t *)arg = db_row_bytes(row);

	return false;
}

static void test_row_bytes_are_those_of_its_texts(void **state)
{
	struct fix *f = *state;
	size_t bytes = 0;

	assert_int_equal(db_read(f->db, "SELECT n, s, s, NULL FROM t", NULL, 0,
				 on_bytes, &bytes),
			 0);
	assert_int_equal(bytes, 6);
}

static bool on_first(void *arg, const struct db_row *row)
{
	++*(int *)arg;

	return false;
}

static void test_stops_when_told(void **state)
{
	struct fix *f = *state;
	int rows = 0;

	assert_int_equal(db_read(f->db, ALL, NULL, 0, on_first, &rows), 0);
	assert_int_equal(rows, 1);
	/* the read is over: the writer may checkpoint everything */
	write_sql(f, "DELETE FROM t; PRAGMA wal_checkpoint(TRUNCATE)");
	assert_read(f, ALL, NULL, 0, "");
}

static void test_sees_what_was_committed(void **state)
{
	struct fix *f = *state;

	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");
	write_sql(f, "BEGIN; INSERT INTO t VALUES (4, 'four')");
	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");
	write_sql(f, "COMMIT");
	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! 4=four ");
	/* a changed schema too, under kept statements */
	write_sql(f, "ALTER TABLE t ADD COLUMN x TEXT; DELETE FROM t "
		     "WHERE n > 1");
	assert_read(f, ALL, NULL, 0, "1=one ");
}

static void test_never_writes(void **state)
{
	static const char *const wrong[] = {
		"INSERT INTO t VALUES (9, 'x')",
		"DELETE FROM t",
		"DROP TABLE t",
		"SELECT 1; DELETE FROM t",
		"",
		"   ",
		"SELECT nothing FROM t",
		"SELECT n, s FROM t WHERE n = ?1",
		"NONSENSE",
		"PRAGMA query_only=0; DELETE FROM t",
		"ATTACH '/tmp/x' AS y",
	};
	struct fix *f = *state;
	int rows = 0;
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i)
		assert_int_not_equal(
			db_read(f->db, wrong[i], NULL, 0, on_first, &rows), 0);
	assert_int_equal(rows, 0);
	/* and the connections are still good */
	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");
}

static void test_keeps_many_statements(void **state)
{
	struct fix *f = *state;
	int i;

	for (i = 0; i < 300; ++i) {
		char *sql = g_strdup_printf("SELECT n, s FROM t WHERE n = %d",
					    i % 120);

		assert_read(f, sql, NULL, 0,
			    i % 120 == 1   ? "1=one "
			    : i % 120 == 2 ? "2=two "
			    : i % 120 == 3 ? "3=-! "
					   : "");
		g_free(sql);
	}
}

static void test_open_says_why_not(void **state)
{
	struct fix *f = *state;
	char *none = g_build_filename(f->dir, "none.db", NULL);
	struct db *db = NULL;

	assert_int_equal(db_open(&db, none, 1), ENOENT);
	assert_false(g_file_test(none, G_FILE_TEST_EXISTS));
	assert_true(g_file_set_contents(none, "this is not a database at all",
					-1, NULL));
	assert_int_equal(db_open(&db, none, 1), EIO);
	assert_int_equal(db_open(&db, f->path, 0), EINVAL);
	assert_int_equal(db_open(&db, f->dir, 1), EIO);
	assert_null(db);
	g_remove(none);
	g_free(none);
}

static void test_opens_without_a_writer(void **state)
{
	struct fix *f = *state;

	/* a writer that left cleanly took its -wal and -shm along */
	f->db = obj_unref(f->db);
	sqlite3_close(f->writer);
	f->writer = NULL;
	assert_int_equal(db_open(&f->db, f->path, 2), 0);
	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");

	/* and one that comes back is heard */
	assert_int_equal(sqlite3_open(f->path, &f->writer), SQLITE_OK);
	write_sql(f, "DELETE FROM t WHERE n > 1");
	assert_read(f, ALL, NULL, 0, "1=one ");
}

static bool on_nested(void *arg, const struct db_row *row)
{
	struct fix *f = arg;

	/* another connection: this one is taken */
	assert_read(f, "SELECT n, s FROM t WHERE n = 2", NULL, 0, "2=two ");

	return true;
}

static void test_reads_within_a_read(void **state)
{
	struct fix *f = *state;

	assert_int_equal(db_read(f->db, ALL, NULL, 0, on_nested, f), 0);
}

static bool on_third(void *arg, const struct db_row *row)
{
	int rows = 0;

	assert_int_equal(
		db_read(((struct fix *)arg)->db, ALL, NULL, 0, on_first, &rows),
		EBUSY);

	return false;
}

static bool on_second(void *arg, const struct db_row *row)
{
	assert_int_equal(
		db_read(((struct fix *)arg)->db, ALL, NULL, 0, on_third, arg),
		0);

	return false;
}

static void test_pool_is_bounded(void **state)
{
	struct fix *f = *state;

	/* two connections: the third read waits in vain */
	assert_int_equal(db_read(f->db, ALL, NULL, 0, on_second, f), 0);
	assert_read(f, ALL, NULL, 0, "1=one 2=two 3=-! ");
}

static bool on_sum(void *arg, const struct db_row *row)
{
	*(int64_t *)arg += db_int(row, 0);

	return true;
}

static void *read_much(void *arg)
{
	struct fix *f = arg;
	int i;

	for (i = 0; i < 200; ++i) {
		int64_t sum = 0;

		/* each row is worth 0 or comes with its opposite */
		if (db_read(f->db, "SELECT n FROM t WHERE n < 0 OR n > 9", NULL,
			    0, on_sum, &sum) ||
		    sum)
			return f; /* wrong */
	}

	return NULL;
}

static void test_threads_share_the_pool(void **state)
{
	struct fix *f = *state;
	pthread_t thr[4];
	void *res;
	int i;

	for (i = 0; i < 4; ++i)
		assert_int_equal(pthread_create(&thr[i], NULL, read_much, f),
				 0);
	for (i = 10; i < 60; ++i) {
		char *sql = g_strdup_printf(
			"INSERT INTO t VALUES (%d, NULL), (-%d, NULL)", i, i);

		write_sql(f, sql);
		g_free(sql);
	}
	for (i = 0; i < 4; ++i) {
		pthread_join(thr[i], &res);
		assert_null(res);
	}
}

static bool on_drop(void *arg, const struct db_row *row)
{
	struct fix *f = arg;

	/* the owner lets go in the middle of a read */
	f->db = obj_unref(f->db);
	assert_int_equal(db_int(row, 0), 1);

	return false;
}

static void test_closes_after_the_last_read(void **state)
{
	struct fix *f = *state;

	assert_int_equal(db_read(f->db, ALL, NULL, 0, on_drop, f), 0);
	assert_null(f->db);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_reads_rows),
		T(test_binds_parameters),
		T(test_row_bytes_are_those_of_its_texts),
		T(test_stops_when_told),
		T(test_sees_what_was_committed),
		T(test_never_writes),
		T(test_keeps_many_statements),
		T(test_open_says_why_not),
		T(test_opens_without_a_writer),
		T(test_reads_within_a_read),
		T(test_pool_is_bounded),
		T(test_threads_share_the_pool),
		T(test_closes_after_the_last_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
