/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Batches, failures, faults injected at every call, death of the process */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "host/db.h"
#include "loop/loop.h"
#include "store/backend.h"
#include "store/store.h"
#include "support/store_rig.h"

static struct store_rig rig;

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

/* ---- transactions ---- */

static const char put[] = "INSERT INTO meta (key, value) VALUES (?1, ?2)";

static struct store_tx *tx_put(const char *key, const char *value)
{
	struct store_tx *tx = store_tx_new();

	STORE_ADD(tx, STORE_ONE_ROW, put, DB_S(key), DB_S(value));

	return tx;
}

static void test_what_is_committed_is_seen(void **state)
{
	store_rig_open(&rig);
	assert_int_equal(store_rig_commit(&rig, tx_put("a", "1")), 0);
	assert_int_equal(store_rig_count(&rig,
					 "SELECT count(*) FROM meta"
					 " WHERE key = 'a' AND value = '1'"),
			 1);
	store_rig_close(&rig);
}

static void test_values_of_every_type(void **state)
{
	static const char sql[] =
		"INSERT INTO access_key (id, account_id, name, token_hash,"
		" scopes, expires_at, created_at, doc)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
	struct store_tx *tx = store_tx_new();
	char *long_text = g_strnfill(100000, 'x');

	store_rig_open(&rig);
	STORE_ADD(tx, STORE_ONE_ROW,
		  "INSERT INTO account (id, name, status, created_at, doc)"
		  " VALUES (?1, '', 'active', 1, '{}')",
		  DB_S("acc"));
	STORE_ADD(tx, STORE_ONE_ROW, sql, DB_S("k"), DB_S("acc"), DB_S(""),
		  DB_S("h"), DB_S("æøå"), DB_N, DB_I(INT64_MAX),
		  DB_S(long_text));
	assert_int_equal(store_rig_commit(&rig, tx), 0);
	assert_int_equal(
		store_rig_count(&rig, "SELECT count(*) FROM access_key WHERE"
				      " expires_at IS NULL AND scopes = 'æøå'"
				      " AND created_at = 9223372036854775807"
				      " AND length(doc) = 100000"),
		1);
	store_rig_close(&rig);
	g_free(long_text);
}

static void test_errors_have_their_kind(void **state)
{
	struct store_tx *tx;

	store_rig_open(&rig);
	assert_int_equal(store_rig_commit(&rig, tx_put("a", "1")), 0);
	assert_int_equal(store_rig_commit(&rig, tx_put("a", "2")), EEXIST);
	assert_non_null(strstr(rig.why, "meta.key"));

	tx = store_tx_new();
	STORE_ADD(tx, STORE_ONE_ROW,
		  "UPDATE meta SET value = ?2 WHERE key = ?1", DB_S("none"),
		  DB_S("x"));
	assert_int_equal(store_rig_commit(&rig, tx), ENOENT);

	tx = store_tx_new();
	STORE_ADD(tx, STORE_ANY, "DELETE FROM meta WHERE key = ?1",
		  DB_S("none"));
	assert_int_equal(store_rig_commit(&rig, tx), 0);

	tx = store_tx_new();
	STORE_ADD(tx, STORE_ANY,
		  "INSERT INTO flow (id, account_id, name, created_at, doc)"
		  " VALUES ('f', 'nobody', '', 1, '{}')");
	assert_int_equal(store_rig_commit(&rig, tx), EBUSY);

	tx = store_tx_new();
	STORE_ADD(tx, STORE_ANY, "INSERT INTO nowhere VALUES (1)");
	assert_int_equal(store_rig_commit(&rig, tx), EIO);
	store_rig_close(&rig);
}

static void test_a_failed_statement_undoes_its_transaction(void **state)
{
	struct store_tx *tx = tx_put("a", "1");

	store_rig_open(&rig);
	STORE_ADD(tx, STORE_ONE_ROW, put, DB_S("b"), DB_S("1"));
	STORE_ADD(tx, STORE_ONE_ROW, put, DB_S("a"), DB_S("2"));
	assert_int_equal(store_rig_commit(&rig, tx), EEXIST);
	assert_int_equal(store_rig_count(&rig, "SELECT count(*) FROM meta"), 0);
	store_rig_close(&rig);
}

static void test_one_that_fails_takes_nobody_with_it(void **state)
{
	enum {
		N = 50
	};
	struct store_rig_wait wait[N];
	char key[16];
	unsigned i;

	store_rig_open(&rig);
	assert_int_equal(store_rig_commit(&rig, tx_put("k7", "old")), 0);

	/* put together on the loop, so that many lie in one batch */
	store_rig_hold(&rig);
	for (i = 0; i < N; ++i) {
		g_snprintf(key, sizeof(key), "k%u", i);
		store_rig_start(&rig, tx_put(key, "new"), &wait[i]);
	}
	store_rig_release(&rig);
	for (i = 0; i < N; ++i)
		assert_int_equal(store_rig_wait(&rig, &wait[i]),
				 i == 7 ? EEXIST : 0);

	assert_int_equal(store_rig_count(&rig, "SELECT count(*) FROM meta"
					       " WHERE value = 'new'"),
			 N - 1);
	store_rig_close(&rig);
}

static void test_answers_come_in_order(void **state)
{
	enum {
		N = 200
	};
	struct store_rig_wait wait[N];
	char key[16];
	unsigned i;

	store_rig_open(&rig);
	for (i = 0; i < N; ++i) {
		g_snprintf(key, sizeof(key), "k%u", i);
		store_rig_start(&rig, tx_put(key, "x"), &wait[i]);
	}
	for (i = 0; i < N; ++i)
		assert_int_equal(store_rig_wait(&rig, &wait[i]), 0);
	for (i = 1; i < N; ++i)
		assert_true(wait[i].order == wait[i - 1].order + 1);
	store_rig_close(&rig);
}

static void test_closing_writes_what_is_queued(void **state)
{
	enum {
		N = 100
	};
	struct store_rig_wait wait[N];
	char key[16];
	unsigned i;

	store_rig_open(&rig);
	for (i = 0; i < N; ++i) {
		g_snprintf(key, sizeof(key), "k%u", i);
		store_rig_start(&rig, tx_put(key, "x"), &wait[i]);
	}
	/* the loop has handed them all over when it gets to this */
	store_rig_hold(&rig);
	store_rig_release(&rig);
	store_rig_close(&rig);
	for (i = 0; i < N; ++i)
		assert_int_equal(store_rig_wait(&rig, &wait[i]), 0);

	store_rig_open(&rig);
	assert_int_equal(store_rig_count(&rig, "SELECT count(*) FROM meta"), N);
	store_rig_close(&rig);
}

static struct store_tx *tx_event(const char *id)
{
	static const char sql[] =
		"INSERT INTO event (id, type, account_id, sequence,"
		" created_at, doc) VALUES (?1, 't', 'a', 1, 1, '{}')";
	struct store_tx *tx = store_tx_new();

	STORE_ADD(tx, STORE_ONE_ROW, sql, DB_S(id));
	store_tx_has_event(tx);

	return tx;
}

static void test_the_doorbell_tells_the_last_row(void **state)
{
	store_rig_open(&rig);
	assert_int_equal(store_rig_commit(&rig, tx_put("a", "1")), 0);
	assert_int_equal(rig.rings, 0);
	assert_int_equal(store_rig_commit(&rig, tx_event("e1")), 0);
	assert_int_equal(rig.rings, 1);
	assert_int_equal(rig.last_row, 1);
	assert_int_equal(store_rig_commit(&rig, tx_event("e1")), EEXIST);
	assert_int_equal(rig.rings, 1);
	assert_int_equal(store_rig_commit(&rig, tx_event("e2")), 0);
	assert_int_equal(rig.last_row, 2);
	store_rig_close(&rig);
}

static void test_event_rows_never_come_again(void **state)
{
	struct store_tx *tx = store_tx_new();

	store_rig_open(&rig);
	assert_int_equal(store_rig_commit(&rig, tx_event("e1")), 0);
	STORE_ADD(tx, STORE_ANY, "DELETE FROM event");
	assert_int_equal(store_rig_commit(&rig, tx), 0);
	assert_int_equal(store_rig_commit(&rig, tx_event("e2")), 0);
	assert_int_equal(rig.last_row, 2);
	store_rig_close(&rig);
}

static void test_a_second_process_is_kept_out(void **state)
{
	const struct store_params prm = {.path = rig.path};
	struct store *other = NULL;
	char *why = NULL;

	store_rig_open(&rig);
	assert_int_equal(store_open(&other, rig.loop, &prm, &why), EBUSY);
	assert_non_null(strstr(why, "another process"));
	g_free(why);
	store_rig_close(&rig);

	store_rig_open(&rig);
	store_rig_close(&rig);
}

/* Does another program find the file in use? */
static bool is_locked(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	const pid_t pid = fork();
	int status = 0, fd;

	assert_true(pid >= 0);
	if (!pid) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		_exit(fd < 0 || fcntl(fd, F_GETLK, &lock) ||
		      lock.l_type == F_UNLCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);

	return status == 0;
}

/* Else it takes the log away when it closes the file */
static void test_it_is_seen_to_be_in_use(void **state)
{
	sqlite3 *early = NULL;

	store_rig_open(&rig);
	assert_true(is_locked(rig.path));
	store_rig_close(&rig);

	/* as the webhook handler, which is loaded first */
	assert_int_equal(
		sqlite3_open_v2(rig.path, &early, SQLITE_OPEN_READWRITE, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_exec(early, "SELECT count(*) FROM meta", NULL,
				      NULL, NULL),
			 SQLITE_OK);
	store_rig_open(&rig);
	assert_true(is_locked(rig.path));
	store_rig_close(&rig);
	assert_true(is_locked(rig.path));
	assert_int_equal(sqlite3_close(early), SQLITE_OK);
	assert_false(is_locked(rig.path));
}

static void test_stats_count(void **state)
{
	struct store_stats stats;

	store_rig_open(&rig);
	store_rig_commit(&rig, tx_put("a", "1"));
	store_rig_commit(&rig, tx_put("a", "1"));
	store_stats(rig.store, &stats);
	assert_int_equal(stats.txs, 2);
	assert_int_equal(stats.fails, 1);
	assert_int_equal(stats.commits, 2);
	assert_int_equal(stats.depth, 0);
	store_rig_close(&rig);
}

/* ---- the n-th call of the database fails ---- */

static atomic_int calls_left; /* -1: never */
static int fault_err;

static bool fault(void)
{
	if (calls_left < 0)
		return false;

	return calls_left-- == 0;
}

static int faulty_begin(void *conn, char why[STORE_WHY_SIZE])
{
	return fault() ? fault_err : store_sqlite.begin(conn, why);
}

static int faulty_commit(void *conn, char why[STORE_WHY_SIZE])
{
	return fault() ? fault_err : store_sqlite.commit(conn, why);
}

static int faulty_savepoint(void *conn, char why[STORE_WHY_SIZE])
{
	return fault() ? fault_err : store_sqlite.savepoint(conn, why);
}

static int faulty_release(void *conn, char why[STORE_WHY_SIZE])
{
	return fault() ? fault_err : store_sqlite.release(conn, why);
}

static int faulty_undo(void *conn, char why[STORE_WHY_SIZE])
{
	return fault() ? fault_err : store_sqlite.undo(conn, why);
}

static int faulty_run(void *conn, const char *sql,
		      const struct db_value *params, size_t nparams,
		      int64_t *changed, char why[STORE_WHY_SIZE])
{
	if (fault())
		return fault_err;

	return store_sqlite.run(conn, sql, params, nparams, changed, why);
}

static struct store_backend faulty(void)
{
	struct store_backend backend = store_sqlite;

	backend.begin = faulty_begin;
	backend.commit = faulty_commit;
	backend.savepoint = faulty_savepoint;
	backend.release = faulty_release;
	backend.undo = faulty_undo;
	backend.run = faulty_run;

	return backend;
}

/** Three transactions of two rows, the middle one wrong by itself.
 * @return Whether a fault was met */
static bool run_with_fault(int n, int err)
{
	struct store_rig_wait wait[3];
	struct store_tx *tx;
	unsigned i;
	int errs[3];

	store_rig_clear(&rig);
	fault_err = err;
	store_rig_hold(&rig);
	for (i = 0; i < 3; ++i) {
		tx = tx_put(i == 0 ? "a" : i == 1 ? "b" : "c", "1");
		STORE_ADD(tx, STORE_ONE_ROW, put,
			  DB_S(i == 0   ? "a2"
			       : i == 1 ? "b"
					: "c2"),
			  DB_S("2"));
		store_rig_start(&rig, tx, &wait[i]);
	}
	calls_left = n;
	store_rig_release(&rig);
	for (i = 0; i < 3; ++i)
		errs[i] = store_rig_wait(&rig, &wait[i]);

	/* what was answered is what is there: whole, or not at all */
	for (i = 0; i < 3; i += 2) {
		char sql[64];

		g_snprintf(sql, sizeof(sql),
			   "SELECT count(*) FROM meta WHERE key LIKE '%c%%'",
			   'a' + (int)i);
		assert_int_equal(store_rig_count(&rig, sql), errs[i] ? 0 : 2);
	}
	assert_true(errs[1] != 0);
	assert_int_equal(store_rig_count(&rig, "SELECT count(*) FROM meta"
					       " WHERE key LIKE 'b%'"),
			 0);

	return calls_left < 0;
}

static void fault_loop(int err)
{
	const struct store_backend backend = faulty();
	int n = 0;

	calls_left = -1;
	store_rig_open_with(&rig, &backend);
	while (run_with_fault(n, err) && n < 100) {
		calls_left = -1;
		++n;
	}
	assert_in_range(n, 10, 99);

	/* it has recovered */
	calls_left = -1;
	assert_int_equal(store_rig_commit(&rig, tx_put("z", "1")), 0);
	store_rig_close(&rig);
}

static void test_every_call_may_fail(void **state)
{
	fault_loop(EIO);
}

static void test_the_disk_may_be_full_at_every_call(void **state)
{
	fault_loop(ENOSPC);
}

static int always_full(void *conn, char why[STORE_WHY_SIZE])
{
	str_copy(why, STORE_WHY_SIZE, "database or disk is full");

	return ENOSPC;
}

static void test_a_full_disk_answers_everyone(void **state)
{
	struct store_backend backend = store_sqlite;
	struct store_rig_wait wait[5];
	char key[8];
	unsigned i;

	backend.commit = always_full;
	store_rig_open_with(&rig, &backend);
	for (i = 0; i < 5; ++i) {
		g_snprintf(key, sizeof(key), "k%u", i);
		store_rig_start(&rig, tx_put(key, "1"), &wait[i]);
	}
	for (i = 0; i < 5; ++i)
		assert_int_equal(store_rig_wait(&rig, &wait[i]), ENOSPC);
	assert_non_null(strstr(rig.why, "full"));
	assert_int_equal(store_rig_count(&rig, "SELECT count(*) FROM meta"), 0);
	store_rig_close(&rig);
}

/* ---- the process dies ---- */

/** Writes pairs of rows for ever, tells each that was answered */
static void child(int fd)
{
	struct store_tx *tx;
	char key[32];
	unsigned i;

	store_rig_open(&rig);
	for (i = 0;; ++i) {
		g_snprintf(key, sizeof(key), "k%u", i);
		tx = tx_put(key, "1");
		g_snprintf(key, sizeof(key), "p%u", i);
		STORE_ADD(tx, STORE_ONE_ROW, put, DB_S(key), DB_S("1"));
		if (store_rig_commit(&rig, tx) ||
		    write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void test_death_loses_nothing_that_was_answered(void **state)
{
	int fds[2], status;
	unsigned last = 0, n;
	char sql[128];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid)
		child(fds[1]);
	close(fds[1]);

	while (last < 50 && read(fds[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	assert_int_equal(last, 50);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	while (read(fds[0], &n, sizeof(n)) == sizeof(n))
		last = n;
	close(fds[0]);

	store_rig_open(&rig);
	g_snprintf(sql, sizeof(sql),
		   "SELECT count(*) FROM meta WHERE"
		   " key LIKE 'k%%'");
	n = (unsigned)store_rig_count(&rig, sql);
	assert_true(n >= last + 1);
	assert_int_equal(store_rig_count(&rig, "SELECT count(*) FROM meta"
					       " WHERE key LIKE 'p%'"),
			 n);
	store_rig_close(&rig);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		/* first: it forks while there is one thread only */
		TEST(test_death_loses_nothing_that_was_answered),
		TEST(test_what_is_committed_is_seen),
		TEST(test_values_of_every_type),
		TEST(test_errors_have_their_kind),
		TEST(test_a_failed_statement_undoes_its_transaction),
		TEST(test_one_that_fails_takes_nobody_with_it),
		TEST(test_answers_come_in_order),
		TEST(test_closing_writes_what_is_queued),
		TEST(test_the_doorbell_tells_the_last_row),
		TEST(test_event_rows_never_come_again),
		TEST(test_a_second_process_is_kept_out),
		TEST(test_it_is_seen_to_be_in_use),
		TEST(test_stats_count),
		TEST(test_every_call_may_fail),
		TEST(test_the_disk_may_be_full_at_every_call),
		TEST(test_a_full_disk_answers_everyone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
