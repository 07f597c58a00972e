/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file wal_vfs.h  SQLite's log is written a commit at a time
 *
 * SQLite writes each page of a commit with two calls, its frame's header and
 * the page: some sixty of them a commit. This file system is the system's own,
 * but for the write-ahead log: what follows on what was written last is
 * gathered, and goes out in one piece with the page that ends the commit. So
 * it is in the file, or has failed, before SQLite shows the commit to anyone.
 * All else (a header written over, a read, a sync, another size) finds the
 * file as if nothing had been gathered.
 *
 * Thread: as the connection that uses it.
 */
#ifndef BIFRONS_STORE_WAL_VFS_H
#define BIFRONS_STORE_WAL_VFS_H

#include <sqlite3.h>
#include <stdbool.h>

struct store_wal_vfs;

/** @return NULL when this SQLite has nothing to stand on */
struct store_wal_vfs *store_wal_vfs_new(void);

/** For sqlite3_open_v2(); NULL, the default one, for NULL */
const char *store_wal_vfs_name(const struct store_wal_vfs *self);

/** After the last of its connections was closed */
void store_wal_vfs_free(struct store_wal_vfs *self);

#endif
