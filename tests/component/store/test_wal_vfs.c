/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is gathered is in the file when a commit is shown: to other
 * connections, and to who finds the files after a crash */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/wal_vfs.h"
#include "support/store_rig.h"

static const char schema[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
	"CREATE TABLE t (id INTEGER PRIMARY KEY, size INTEGER, body BLOB);"
	"CREATE INDEX t_size ON t (size)";

static const char digest[] = "SELECT count(*) * 1000003 + coalesce(sum(size *"
			     " id + length(body)), 0) FROM t";

struct fix {
	struct store_rig rig;
	struct store_wal_vfs *vfs;
	sqlite3 *sql;   /* ours */
	sqlite3 *other; /* as any other program opens it */
};

static void run(sqlite3 *sql, const char *text)
{
	if (sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(sql));
}

static int64_t ask(sqlite3 *sql, const char *text)
{
	sqlite3_stmt *stmt = NULL;
	int64_t n;

	if (sqlite3_prepare_v2(sql, text, -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW)
		fail_msg("%s: %s", text, sqlite3_errmsg(sql));
	n = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);

	return n;
}

static void add(sqlite3 *sql, int size)
{
	char *text = g_strdup_printf(
		"INSERT INTO t (size, body) VALUES (%d, randomblob(%d))", size,
		size);

	run(sql, text);
	g_free(text);
}

static int setup(void **state)
{
	struct fix *f = g_new0(struct fix, 1);
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

	store_rig_dir(&f->rig);
	f->vfs = store_wal_vfs_new();
	assert_non_null(f->vfs);
	assert_int_equal(sqlite3_open_v2(f->rig.path, &f->sql, flags,
					 store_wal_vfs_name(f->vfs)),
			 SQLITE_OK);
	run(f->sql, schema);
	assert_int_equal(sqlite3_open(f->rig.path, &f->other), SQLITE_OK);
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	assert_int_equal(sqlite3_close(f->other), SQLITE_OK);
	assert_int_equal(sqlite3_close(f->sql), SQLITE_OK);
	store_wal_vfs_free(f->vfs);
	store_rig_remove(&f->rig);
	g_free(f);

	return 0;
}

static void copy_file(const char *from, const char *to)
{
	char *data = NULL;
	gsize len = 0;

	assert_true(g_file_get_contents(from, &data, &len, NULL));
	assert_true(g_file_set_contents(to, data, (gssize)len, NULL));
	g_free(data);
}

/* The files as a crash would leave them now, opened by anyone */
static int64_t digest_after_crash(struct fix *f)
{
	char *db = g_strdup_printf("%s/copy", f->rig.dir);
	char *wal = g_strdup_printf("%s/copy-wal", f->rig.dir);
	char *own_wal = g_strdup_printf("%s-wal", f->rig.path);
	sqlite3 *sql = NULL;
	int64_t n;

	copy_file(f->rig.path, db);
	copy_file(own_wal, wal);
	assert_int_equal(sqlite3_open(db, &sql), SQLITE_OK);
	assert_int_equal(ask(sql, "SELECT integrity_check = 'ok' FROM"
				  " pragma_integrity_check"),
			 1);
	n = ask(sql, digest);
	assert_int_equal(sqlite3_close(sql), SQLITE_OK);
	g_free(own_wal);
	g_free(wal);
	g_free(db);

	return n;
}

static void assert_all_see(struct fix *f)
{
	const int64_t n = ask(f->sql, digest);

	assert_int_equal(ask(f->other, digest), n);
	assert_int_equal(digest_after_crash(f), n);
}

static void test_each_commit_is_seen_at_once(void **state)
{
	struct fix *f = *state;
	int i;

	/* from less than a page to more than is gathered */
	for (i = 0; i < 60; ++i) {
		add(f->sql, 40 + i * i * 60);
		assert_all_see(f);
	}
}

static void test_the_log_begins_anew(void **state)
{
	struct fix *f = *state;
	int i;

	run(f->sql, "PRAGMA wal_autocheckpoint=20");
	for (i = 0; i < 100; ++i) {
		add(f->sql, 3000);
		if (i % 10 == 0)
			run(f->sql, "PRAGMA wal_checkpoint(TRUNCATE)");
		assert_int_equal(ask(f->other, digest), ask(f->sql, digest));
	}
	assert_all_see(f);
}

/* Pages leave a small cache before the commit, come back, are written over */
static void change_much(sqlite3 *sql)
{
	int i;

	run(sql, "PRAGMA cache_size=10");
	run(sql, "BEGIN");
	for (i = 0; i < 200; ++i)
		add(sql, 1500 + i);
	run(sql, "UPDATE t SET size = size + 1");
	run(sql, "UPDATE t SET body = randomblob(size) WHERE id % 3 = 0");
	run(sql, "DELETE FROM t WHERE id % 7 = 0");
}

static void test_a_transaction_larger_than_the_cache(void **state)
{
	struct fix *f = *state;
	const int64_t before = ask(f->other, digest);

	change_much(f->sql);
	assert_int_equal(ask(f->other, digest), before);
	assert_int_equal(digest_after_crash(f), before);
	run(f->sql, "COMMIT");
	assert_int_not_equal(ask(f->other, digest), before);
	assert_all_see(f);
}

static void test_what_is_undone_leaves_nothing(void **state)
{
	struct fix *f = *state;
	int64_t before;

	add(f->sql, 5000);
	before = ask(f->sql, digest);
	change_much(f->sql);
	run(f->sql, "ROLLBACK");
	assert_int_equal(ask(f->sql, digest), before);
	assert_all_see(f);
	add(f->sql, 9000);
	assert_all_see(f);
}

static void test_two_writers_take_turns(void **state)
{
	struct fix *f = *state;
	int i;

	for (i = 0; i < 40; ++i) {
		add(i % 3 ? f->sql : f->other, 700 * (i % 9 + 1));
		assert_all_see(f);
	}
}

/* Files grow no larger than this; -1 = as large as they like */
static void limit_files(int64_t size)
{
	struct rlimit lim;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
	lim.rlim_cur = size < 0 ? lim.rlim_max : (rlim_t)size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
}

static int64_t size_of_log(struct fix *f)
{
	char *wal = g_strdup_printf("%s-wal", f->rig.path);
	struct stat st;

	assert_int_equal(stat(wal, &st), 0);
	g_free(wal);

	return st.st_size;
}

static void test_a_commit_that_does_not_fit_fails(void **state)
{
	static const char large[] = "INSERT INTO t (size, body) VALUES"
				    " (7, randomblob(200000))";
	struct fix *f = *state;
	int64_t before, size, more;

	signal(SIGXFSZ, SIG_IGN);
	add(f->sql, 100);
	before = ask(f->sql, digest);
	size = size_of_log(f);
	for (more = 0; more < 200000; more += 9973) {
		limit_files(size + more);
		assert_int_not_equal(
			sqlite3_exec(f->sql, large, NULL, NULL, NULL),
			SQLITE_OK);
		limit_files(-1);
		assert_int_equal(ask(f->sql, digest), before);
		assert_all_see(f);
	}

	run(f->sql, large);
	assert_int_not_equal(ask(f->sql, digest), before);
	assert_all_see(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_each_commit_is_seen_at_once),
		TEST(test_the_log_begins_anew),
		TEST(test_a_transaction_larger_than_the_cache),
		TEST(test_what_is_undone_leaves_nothing),
		TEST(test_two_writers_take_turns),
		TEST(test_a_commit_that_does_not_fit_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
