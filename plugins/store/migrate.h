/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file migrate.h  Numbered migrations of the SQLite file
 *
 * Thread: the one that opens the store. Migration n takes the schema from
 * version n - 1 to n; each runs in its own transaction and is recorded in
 * table schema_version. A file that has a version already is copied to the
 * backup folder before the first one.
 */
#ifndef BIFRONS_STORE_MIGRATE_H
#define BIFRONS_STORE_MIGRATE_H

#include <sqlite3.h>
#include <stddef.h>

/** Migration 1 is the first; a NULL ends them */
extern const char *const store_migrations[];

/** Bring the schema up to the last migration.
 * @param backup_dir  Made, its last part at most, when a backup is needed
 * @param whyp        On failure what is wrong and what to do; g_free() it
 * @return 0, EPROTO (newer, or not ours) or EIO
 */
int store_migrate(sqlite3 *sql, const char *const *migrations,
		  const char *backup_dir, char **whyp);

#endif
