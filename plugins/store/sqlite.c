/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "store/migrate.h"
#include "store/wal_vfs.h"

enum {
	/* whoever writes beside us: what cannot be written is lost */
	BUSY_TIMEOUT_MS = 30000,
	STMTS_MAX = 512, /* texts are static, so there is an end to them */
};

struct conn {
	struct store_wal_vfs *vfs;
	sqlite3 *sql;
	int lock_fd;
	GHashTable *stmts; /* address of the text -> sqlite3_stmt */
};

static int err_of(int rc)
{
	switch (rc) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
		return EEXIST;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return EBUSY;
	case SQLITE_FULL:
		return ENOSPC;
	default:
		return EIO;
	}
}

static int result(struct conn *conn, int rc, char why[STORE_WHY_SIZE])
{
	if (err_of(rc))
		str_copy(why, STORE_WHY_SIZE, sqlite3_errmsg(conn->sql));

	return err_of(rc);
}

static void finalize(void *arg)
{
	sqlite3_finalize(arg);
}

static sqlite3_stmt *stmt_of(struct conn *conn, const char *text)
{
	sqlite3_stmt *stmt = g_hash_table_lookup(conn->stmts, text);

	if (stmt)
		return stmt;

	if (sqlite3_prepare_v3(conn->sql, text, -1, SQLITE_PREPARE_PERSISTENT,
			       &stmt, NULL) != SQLITE_OK)
		return NULL;

	if (g_hash_table_size(conn->stmts) >= STMTS_MAX)
		g_hash_table_remove_all(conn->stmts);
	g_hash_table_insert(conn->stmts, (gpointer)text, stmt);

	return stmt;
}

static void bind(sqlite3_stmt *stmt, const struct db_value *params, size_t n)
{
	const struct db_value *value;
	size_t i;

	for (i = 0; i < n; ++i) {
		value = &params[i];
		switch (value->type) {
		case DB_NULL:
			sqlite3_bind_null(stmt, (int)i + 1);
			break;
		case DB_INT:
			sqlite3_bind_int64(stmt, (int)i + 1, value->i);
			break;
		case DB_TEXT:
			/* the transaction outlives the step */
			sqlite3_bind_text(stmt, (int)i + 1, value->s, -1,
					  SQLITE_STATIC);
			break;
		}
	}
}

static int sqlite_run(void *arg, const char *text,
		      const struct db_value *params, size_t nparams,
		      int64_t *changed, char why[STORE_WHY_SIZE])
{
	struct conn *conn = arg;
	sqlite3_stmt *stmt = stmt_of(conn, text);
	int err, rc;

	if (!stmt)
		return result(conn, sqlite3_extended_errcode(conn->sql), why);

	bind(stmt, params, nparams);
	do {
		rc = sqlite3_step(stmt);
	} while (rc == SQLITE_ROW);

	err = result(conn, rc, why);
	if (!err)
		*changed = sqlite3_changes64(conn->sql);

	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);

	return err;
}

static int exec(void *arg, const char *text, char why[STORE_WHY_SIZE])
{
	int64_t changed;

	return sqlite_run(arg, text, NULL, 0, &changed, why);
}

static int sqlite_begin(void *conn, char why[STORE_WHY_SIZE])
{
	return exec(conn, "BEGIN IMMEDIATE", why);
}

static int sqlite_commit(void *conn, char why[STORE_WHY_SIZE])
{
	return exec(conn, "COMMIT", why);
}

static void sqlite_rollback(void *arg)
{
	struct conn *conn = arg;
	char why[STORE_WHY_SIZE];

	/* some I/O errors have rolled back already */
	if (!sqlite3_get_autocommit(conn->sql))
		exec(conn, "ROLLBACK", why);
}

static int sqlite_savepoint(void *conn, char why[STORE_WHY_SIZE])
{
	return exec(conn, "SAVEPOINT tx", why);
}

static int sqlite_release(void *conn, char why[STORE_WHY_SIZE])
{
	return exec(conn, "RELEASE tx", why);
}

static int sqlite_undo(void *conn, char why[STORE_WHY_SIZE])
{
	int err = exec(conn, "ROLLBACK TO tx", why);

	return err ? err : sqlite_release(conn, why);
}

static int64_t sqlite_last_event(void *arg)
{
	struct conn *conn = arg;
	sqlite3_stmt *stmt = stmt_of(conn, "SELECT max(row) FROM event");
	int64_t row = 0;

	if (stmt && sqlite3_step(stmt) == SQLITE_ROW)
		row = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);

	return row;
}

/** Held until close; the kernel drops it with the process */
static int lock_file(int *fdp, const char *path, char **whyp)
{
	char *name = g_strconcat(path, ".lock", NULL);
	int fd, err = 0;

	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err = EIO;
		*whyp = g_strdup_printf("%s: %s", name, g_strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = errno == EWOULDBLOCK ? EBUSY : EIO;
		*whyp = g_strdup_printf("store %s: another process uses it; "
					"end that one, or name another file",
					path);
		close(fd);
	} else {
		*fdp = fd;
	}
	g_free(name);

	return err;
}

/** SQLite would make it readable for others; -wal and -shm follow its mode.
 * It is not opened here: another connection of this process, as the webhook
 * handler's, may be there already, and closing any descriptor of a file drops
 * all locks on it that the process has. Whoever looks into the file with
 * another program would find it unused then, and take the log away as it
 * leaves. */
static int make_file(const char *path, char **whyp)
{
	if ((mknod(path, S_IFREG | 0600, 0) && errno != EEXIST) ||
	    access(path, R_OK | W_OK)) {
		*whyp = g_strdup_printf("store %s: %s", path,
					g_strerror(errno));
		return EIO;
	}

	return 0;
}

static int set_up(struct conn *conn, const struct store_params *prm,
		  char **whyp)
{
	static const char before[] = "PRAGMA journal_mode=WAL;"
				     "PRAGMA synchronous=NORMAL;"
				     "PRAGMA temp_store=MEMORY;"
				     "PRAGMA cache_size=-8192;"
				     "PRAGMA wal_autocheckpoint=4000;"
				     "PRAGMA journal_size_limit=67108864;"
				     "PRAGMA foreign_keys=OFF";
	char *why = NULL;
	int err;

	sqlite3_extended_result_codes(conn->sql, 1);
	sqlite3_busy_timeout(conn->sql, BUSY_TIMEOUT_MS);

	if (sqlite3_exec(conn->sql, before, NULL, NULL, NULL) != SQLITE_OK) {
		err = EIO;
		why = g_strdup(sqlite3_errmsg(conn->sql));
		goto out;
	}

	err = store_migrate(conn->sql, store_migrations, prm->backup_dir, &why);
	if (err)
		goto out;

	/* a migration may rebuild a table that others refer to */
	if (sqlite3_exec(conn->sql, "PRAGMA foreign_keys=ON", NULL, NULL,
			 NULL) != SQLITE_OK)
		err = EIO;
out:
	if (err)
		*whyp = g_strdup_printf("store %s: %s", prm->path,
					why ? why : "cannot be opened");
	g_free(why);

	return err;
}

static void sqlite_close(void *arg)
{
	struct conn *conn = arg;

	if (!conn)
		return;

	if (conn->stmts)
		g_hash_table_destroy(conn->stmts);
	sqlite3_close(conn->sql);
	store_wal_vfs_free(conn->vfs);
	if (conn->lock_fd >= 0)
		close(conn->lock_fd);
	g_free(conn);
}

static int sqlite_open(void **connp, const struct store_params *prm,
		       char **whyp)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_EXRESCODE;
	struct conn *conn = g_new0(struct conn, 1);
	int err;

	conn->lock_fd = -1;
	conn->stmts = g_hash_table_new_full(NULL, NULL, NULL, finalize);

	err = lock_file(&conn->lock_fd, prm->path, whyp);
	if (err)
		goto out;

	err = make_file(prm->path, whyp);
	if (err)
		goto out;

	conn->vfs = store_wal_vfs_new();
	if (sqlite3_open_v2(prm->path, &conn->sql, flags,
			    store_wal_vfs_name(conn->vfs)) != SQLITE_OK) {
		err = EIO;
		*whyp = g_strdup_printf("store %s: %s", prm->path,
					sqlite3_errmsg(conn->sql));
		goto out;
	}

	err = set_up(conn, prm, whyp);
out:
	if (err)
		sqlite_close(conn);
	else
		*connp = conn;

	return err;
}

const struct store_backend store_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.savepoint = sqlite_savepoint,
	.release = sqlite_release,
	.undo = sqlite_undo,
	.run = sqlite_run,
	.last_event = sqlite_last_event,
};
