/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/migrate.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "host/log.h"

static int read_int(sqlite3 *sql, const char *query, int *np)
{
	sqlite3_stmt *stmt = NULL;
	int err = EIO;

	if (sqlite3_prepare_v2(sql, query, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		*np = sqlite3_column_int(stmt, 0);
		err = 0;
	}
	sqlite3_finalize(stmt);

	return err;
}

/** Version of the file; 0 when it is new and empty */
static int version_of(sqlite3 *sql, int *versionp, char **whyp)
{
	int tables = 0, ours = 0;

	if (read_int(sql, "SELECT count(*) FROM sqlite_master", &tables) ||
	    read_int(sql,
		     "SELECT count(*) FROM sqlite_master"
		     " WHERE type = 'table' AND name = 'schema_version'",
		     &ours))
		goto fail;

	*versionp = 0;
	if (!tables)
		return 0;

	if (!ours) {
		*whyp = g_strdup("it is a database, but not one of Bifrons; "
				 "name another file");
		return EPROTO;
	}

	if (read_int(sql,
		     "SELECT coalesce(max(version), 0)"
		     " FROM schema_version",
		     versionp))
		goto fail;

	return 0;
fail:
	*whyp = g_strdup_printf("it cannot be read: %s", sqlite3_errmsg(sql));

	return EIO;
}

static char *backup_name(const char *dir, int version)
{
	struct tm tm;
	const time_t now = time(NULL);
	char stamp[32];

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);

	return g_strdup_printf("%s/bifrons-v%d-%s.db", dir, version, stamp);
}

static int copy_to(sqlite3 *sql, const char *path)
{
	sqlite3 *copy = NULL;
	sqlite3_backup *backup;
	int rc;

	rc = sqlite3_open_v2(path, &copy,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	if (rc != SQLITE_OK)
		goto out;

	if (chmod(path, 0600)) {
		rc = SQLITE_IOERR;
		goto out;
	}

	backup = sqlite3_backup_init(copy, "main", sql, "main");
	if (!backup) {
		rc = sqlite3_errcode(copy);
		goto out;
	}
	sqlite3_backup_step(backup, -1);
	rc = sqlite3_backup_finish(backup);
out:
	sqlite3_close(copy);

	return rc == SQLITE_OK ? 0 : EIO;
}

/** Under another name first: what bears the name is whole */
static int backup_file(sqlite3 *sql, const char *dir, int version, char **whyp)
{
	char *path, *part;
	int err = EIO;

	if (!dir) {
		*whyp = g_strdup("no folder is set for the backup that is made "
				 "before a migration");
		return EIO;
	}

	if (mkdir(dir, 0700) && errno != EEXIST) {
		*whyp = g_strdup_printf("the folder %s, for the backup that is "
					"made before a migration, cannot be "
					"made: %s",
					dir, strerror(errno));
		return EIO;
	}

	path = backup_name(dir, version);
	part = g_strconcat(path, ".part", NULL);

	remove(part);
	err = copy_to(sql, part);
	if (!err && rename(part, path))
		err = EIO;

	if (err) {
		remove(part);
		*whyp = g_strdup_printf("the backup %s cannot be written; the "
					"file was not changed",
					path);
	} else {
		log_info("store: schema %d is kept as %s", version, path);
	}

	g_free(part);
	g_free(path);

	return err;
}

static int apply(sqlite3 *sql, const char *migration, int version, char **whyp)
{
	char *text, *msg = NULL;
	int rc;

	text = g_strdup_printf("BEGIN IMMEDIATE;%s;"
			       "INSERT INTO schema_version VALUES (%d, %lld);"
			       "COMMIT",
			       migration, version,
			       (long long)(g_get_real_time() / 1000));
	rc = sqlite3_exec(sql, text, NULL, NULL, &msg);
	g_free(text);

	if (rc != SQLITE_OK) {
		*whyp = g_strdup_printf("migration %d failed: %s", version,
					msg ? msg : sqlite3_errstr(rc));
		sqlite3_exec(sql, "ROLLBACK", NULL, NULL, NULL);
	}
	sqlite3_free(msg);

	return rc == SQLITE_OK ? 0 : EIO;
}

int store_migrate(sqlite3 *sql, const char *const *migrations,
		  const char *backup_dir, char **whyp)
{
	int version = 0, newest = 0;
	int err;

	while (migrations[newest])
		++newest;

	err = version_of(sql, &version, whyp);
	if (err)
		return err;

	if (version > newest) {
		*whyp = g_strdup_printf(
			"its schema is version %d, this program knows %d; "
			"start a newer Bifrons, or go back to a backup",
			version, newest);
		return EPROTO;
	}

	if (version && version < newest) {
		err = backup_file(sql, backup_dir, version, whyp);
		if (err)
			return err;
	}

	if (sqlite3_exec(sql,
			 "CREATE TABLE IF NOT EXISTS schema_version ("
			 " version INTEGER PRIMARY KEY,"
			 " applied_at INTEGER NOT NULL) STRICT",
			 NULL, NULL, NULL) != SQLITE_OK) {
		*whyp = g_strdup_printf("it cannot be written: %s",
					sqlite3_errmsg(sql));
		return EIO;
	}

	for (; !err && version < newest; ++version)
		err = apply(sql, migrations[version], version + 1, whyp);

	return err;
}
