/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New, older, newer and foreign files; the backup before a change */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "loop/loop.h"
#include "store/migrate.h"
#include "support/store_rig.h"

static struct store_rig rig;

static const char *const first[] = {
	"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (41)", NULL};
static const char *const second[] = {
	"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (41)",
	"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1", NULL};
static const char *const third[] = {
	"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (41)",
	"ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1",
	"CREATE TABLE b (x INTEGER)", NULL};
static const char *const broken[] = {
	"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (41)",
	"UPDATE a SET x = 0; CREATE TABLE b (; ", NULL};

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

static sqlite3 *open_file(const char *path)
{
	sqlite3 *sql = NULL;

	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);

	return sql;
}

static int query(sqlite3 *sql, const char *text)
{
	sqlite3_stmt *stmt = NULL;
	int n = -1;

	if (sqlite3_prepare_v2(sql, text, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		n = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);

	return n;
}

/** Path of the one backup, g_free(); NULL when there is none */
static char *backup(void)
{
	DIR *dir = opendir(rig.dir);
	struct dirent *entry;
	char *path = NULL;

	while ((entry = readdir(dir))) {
		if (!g_str_has_prefix(entry->d_name, "bifrons-v"))
			continue;
		assert_null(path);
		path = g_build_filename(rig.dir, entry->d_name, NULL);
	}
	closedir(dir);

	return path;
}

static void test_a_new_file_needs_no_backup(void **state)
{
	sqlite3 *sql = open_file(rig.path);
	char *why = NULL;

	assert_int_equal(store_migrate(sql, second, NULL, &why), 0);
	assert_int_equal(query(sql, "SELECT y FROM a"), 42);
	assert_int_equal(query(sql, "SELECT max(version) FROM schema_version"),
			 2);
	assert_null(backup());

	/* again: nothing to do */
	assert_int_equal(store_migrate(sql, second, NULL, &why), 0);
	sqlite3_close(sql);
}

static void test_an_older_file_is_kept_then_changed(void **state)
{
	sqlite3 *sql = open_file(rig.path), *copy;
	char *why = NULL, *path;
	struct stat st;

	assert_int_equal(store_migrate(sql, first, rig.dir, &why), 0);
	assert_int_equal(store_migrate(sql, second, rig.dir, &why), 0);
	assert_int_equal(query(sql, "SELECT y FROM a"), 42);
	sqlite3_close(sql);

	path = backup();
	assert_non_null(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	copy = open_file(path);
	assert_int_equal(query(copy, "SELECT x FROM a"), 41);
	assert_int_equal(query(copy, "SELECT max(version) FROM schema_version"),
			 1);
	sqlite3_close(copy);
	g_free(path);
}

static void remove_all(const char *dir)
{
	GDir *list = g_dir_open(dir, 0, NULL);
	const char *name;

	while (list && (name = g_dir_read_name(list))) {
		char *path = g_build_filename(dir, name, NULL);

		(void)remove(path);
		g_free(path);
	}
	if (list)
		g_dir_close(list);
	(void)remove(dir);
}

/* of the first migration that a platform ever sees */
static void test_the_folder_for_backups_is_made(void **state)
{
	char *dir = g_build_filename(rig.dir, "backups", NULL);
	sqlite3 *sql = open_file(rig.path);
	char *why = NULL;
	struct stat st;

	assert_int_equal(store_migrate(sql, first, dir, &why), 0);
	assert_int_equal(stat(dir, &st), -1);
	assert_int_equal(store_migrate(sql, second, dir, &why), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(store_migrate(sql, third, dir, &why), 0);
	assert_int_equal(query(sql, "SELECT max(version) FROM schema_version"),
			 3);
	sqlite3_close(sql);
	remove_all(dir);
	g_free(dir);
}

static void test_without_a_backup_nothing_changes(void **state)
{
	sqlite3 *sql = open_file(rig.path);
	char *why = NULL;

	assert_int_equal(store_migrate(sql, first, NULL, &why), 0);
	assert_int_equal(store_migrate(sql, second, "/dev/null/nowhere", &why),
			 EIO);
	assert_non_null(strstr(why, "backup"));
	g_free(why);
	assert_int_equal(query(sql, "SELECT max(version) FROM schema_version"),
			 1);
	sqlite3_close(sql);
}

static void test_a_failed_migration_is_undone(void **state)
{
	sqlite3 *sql = open_file(rig.path);
	char *why = NULL;

	assert_int_equal(store_migrate(sql, first, rig.dir, &why), 0);
	assert_int_equal(store_migrate(sql, broken, rig.dir, &why), EIO);
	assert_non_null(strstr(why, "migration 2"));
	g_free(why);
	assert_int_equal(query(sql, "SELECT x FROM a"), 41);
	assert_int_equal(query(sql, "SELECT max(version) FROM schema_version"),
			 1);
	sqlite3_close(sql);
}

static int open_store(char **whyp)
{
	const struct store_params prm = {
		.path = rig.path,
		.backup_dir = rig.dir,
	};
	struct loop *loop = NULL;
	struct store *store = NULL;
	int err;

	*whyp = NULL;
	assert_int_equal(loop_start(&loop, clock_system()), 0);
	err = store_open(&store, loop, &prm, whyp);
	if (!err)
		store_close(store);
	loop_stop(loop);

	return err;
}

static void test_a_newer_schema_is_refused(void **state)
{
	sqlite3 *sql;
	char *why;

	assert_int_equal(open_store(&why), 0);
	sql = open_file(rig.path);
	sqlite3_exec(sql, "INSERT INTO schema_version VALUES (999, 0)", NULL,
		     NULL, NULL);
	sqlite3_close(sql);

	assert_int_equal(open_store(&why), EPROTO);
	assert_non_null(strstr(why, "999"));
	assert_non_null(strstr(why, rig.path));
	g_free(why);
}

static void test_foreign_files_are_refused(void **state)
{
	sqlite3 *sql = open_file(rig.path);
	char *why;

	sqlite3_exec(sql, "CREATE TABLE recipes (x)", NULL, NULL, NULL);
	sqlite3_close(sql);
	assert_int_equal(open_store(&why), EPROTO);
	assert_non_null(strstr(why, "not one of Bifrons"));
	g_free(why);

	assert_true(g_file_set_contents(rig.path, "hello, I am text, not SQL",
					-1, NULL));
	assert_int_equal(open_store(&why), EIO);
	assert_non_null(why);
	g_free(why);
}

static void test_the_file_is_private(void **state)
{
	struct stat st;
	char *why;

	assert_int_equal(open_store(&why), 0);
	assert_int_equal(stat(rig.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_missing_folder_is_named(void **state)
{
	char *why;

	g_snprintf(rig.path, sizeof(rig.path), "%s/none/store.sqlite", rig.dir);
	assert_int_equal(open_store(&why), EIO);
	assert_non_null(strstr(why, "none/store.sqlite"));
	g_free(why);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_new_file_needs_no_backup),
		TEST(test_an_older_file_is_kept_then_changed),
		TEST(test_the_folder_for_backups_is_made),
		TEST(test_without_a_backup_nothing_changes),
		TEST(test_a_failed_migration_is_undone),
		TEST(test_a_newer_schema_is_refused),
		TEST(test_foreign_files_are_refused),
		TEST(test_the_file_is_private),
		TEST(test_a_missing_folder_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
