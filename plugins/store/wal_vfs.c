/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/wal_vfs.h"

#include <glib.h>
#include <string.h>

enum {
	FRAME_HEADER = 24,
	COMMIT_AT = 4, /* in a frame's header: not 0 in the last of a commit */
	GATHER_MAX = 64 * 1024, /* SQLite writes no more than 128 KiB at once */
	NAME_SIZE = 40,
};

struct store_wal_vfs {
	sqlite3_vfs vfs; /* first: SQLite's pointer is ours */
	sqlite3_vfs *real;
	char name[NAME_SIZE];
};

/** The log; what is below it follows in the same memory */
struct wal_file {
	sqlite3_file file; /* first */
	sqlite3_file *real;
	sqlite3_int64 end; /* of what was written last, -1 = unknown */
	bool commits;      /* the frame that is being written ends a commit */
	unsigned char *gathered;
	sqlite3_int64 at; /* of what is gathered */
	int len;
};

static struct wal_file *wal_of(sqlite3_file *file)
{
	return (struct wal_file *)file;
}

static sqlite3_vfs *real_of(sqlite3_vfs *vfs)
{
	return ((struct store_wal_vfs *)vfs)->real;
}

/* ---- the log ---- */

/* On an error the transaction is over: what was gathered goes with it */
static int flush(struct wal_file *wal)
{
	const int len = wal->len;

	if (!len)
		return SQLITE_OK;
	wal->len = 0;

	return wal->real->pMethods->xWrite(wal->real, wal->gathered, len,
					   wal->at);
}

static int wal_write(sqlite3_file *file, const void *data, int len,
		     sqlite3_int64 at)
{
	struct wal_file *wal = wal_of(file);
	/* a header that is written over, or the first frame after another
	 * one's, does not; it goes out at once */
	const bool follows = at == wal->end;
	const unsigned char *bytes = data;
	int rc = SQLITE_OK;

	if (len == FRAME_HEADER)
		wal->commits = bytes[COMMIT_AT] || bytes[COMMIT_AT + 1] ||
			       bytes[COMMIT_AT + 2] || bytes[COMMIT_AT + 3];
	wal->end = at + len;

	if (!follows || wal->len + len > GATHER_MAX)
		rc = flush(wal);
	if (rc != SQLITE_OK)
		return rc;
	if (!follows || len > GATHER_MAX)
		return wal->real->pMethods->xWrite(wal->real, data, len, at);

	if (!wal->len)
		wal->at = at;
	memcpy(wal->gathered + wal->len, data, (size_t)len);
	wal->len += len;

	return len != FRAME_HEADER && wal->commits ? flush(wal) : SQLITE_OK;
}

static int wal_close(sqlite3_file *file)
{
	struct wal_file *wal = wal_of(file);
	const int rc = flush(wal), err = wal->real->pMethods->xClose(wal->real);

	g_free(wal->gathered);

	return rc != SQLITE_OK ? rc : err;
}

static int wal_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
	struct wal_file *wal = wal_of(file);
	const int rc = flush(wal);

	return rc != SQLITE_OK
		       ? rc
		       : wal->real->pMethods->xRead(wal->real, data, len, at);
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct wal_file *wal = wal_of(file);
	const int rc = flush(wal);

	return rc != SQLITE_OK
		       ? rc
		       : wal->real->pMethods->xTruncate(wal->real, size);
}

static int wal_sync(sqlite3_file *file, int flags)
{
	struct wal_file *wal = wal_of(file);
	const int rc = flush(wal);

	return rc != SQLITE_OK ? rc
			       : wal->real->pMethods->xSync(wal->real, flags);
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *sizep)
{
	struct wal_file *wal = wal_of(file);
	const int rc = flush(wal);

	return rc != SQLITE_OK
		       ? rc
		       : wal->real->pMethods->xFileSize(wal->real, sizep);
}

static int wal_lock(sqlite3_file *file, int level)
{
	struct wal_file *wal = wal_of(file);

	return wal->real->pMethods->xLock(wal->real, level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
	struct wal_file *wal = wal_of(file);

	return wal->real->pMethods->xUnlock(wal->real, level);
}

static int wal_check_lock(sqlite3_file *file, int *reservedp)
{
	struct wal_file *wal = wal_of(file);

	return wal->real->pMethods->xCheckReservedLock(wal->real, reservedp);
}

static int wal_control(sqlite3_file *file, int op, void *arg)
{
	struct wal_file *wal = wal_of(file);

	return wal->real->pMethods->xFileControl(wal->real, op, arg);
}

static int wal_sector_size(sqlite3_file *file)
{
	struct wal_file *wal = wal_of(file);

	return wal->real->pMethods->xSectorSize(wal->real);
}

static int wal_characteristics(sqlite3_file *file)
{
	struct wal_file *wal = wal_of(file);

	return wal->real->pMethods->xDeviceCharacteristics(wal->real);
}

/* version 1: shared memory and mappings are of the database's file */
static const sqlite3_io_methods wal_methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_check_lock,
	.xFileControl = wal_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_characteristics,
};

/* ---- the file system ---- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
		    int flags, int *outp)
{
	sqlite3_vfs *real = real_of(vfs);
	struct wal_file *wal = wal_of(file);
	int rc;

	/* every other file is the real one, in the same place */
	if (!(flags & SQLITE_OPEN_WAL))
		return real->xOpen(real, name, file, flags, outp);

	memset(wal, 0, sizeof(*wal));
	wal->real = (sqlite3_file *)(wal + 1);
	wal->end = -1;
	rc = real->xOpen(real, name, wal->real, flags, outp);
	if (rc != SQLITE_OK) {
		if (wal->real->pMethods) /* it wants to be closed even so */
			wal->real->pMethods->xClose(wal->real);
		return rc;
	}
	wal->file.pMethods = &wal_methods;
	wal->gathered = g_malloc(GATHER_MAX);

	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	return real_of(vfs)->xDelete(real_of(vfs), name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *outp)
{
	return real_of(vfs)->xAccess(real_of(vfs), name, flags, outp);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size,
			 char *out)
{
	return real_of(vfs)->xFullPathname(real_of(vfs), name, size, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
	return real_of(vfs)->xRandomness(real_of(vfs), size, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
	return real_of(vfs)->xSleep(real_of(vfs), us);
}

static int vfs_time(sqlite3_vfs *vfs, double *nowp)
{
	return real_of(vfs)->xCurrentTime(real_of(vfs), nowp);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *out)
{
	return real_of(vfs)->xGetLastError(real_of(vfs), size, out);
}

static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *nowp)
{
	return real_of(vfs)->xCurrentTimeInt64(real_of(vfs), nowp);
}

struct store_wal_vfs *store_wal_vfs_new(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);
	struct store_wal_vfs *self;

	if (!real || real->iVersion < 2)
		return NULL;

	self = g_new0(struct store_wal_vfs, 1);
	self->real = real;
	g_snprintf(self->name, sizeof(self->name), "bifrons-%p", (void *)self);
	self->vfs = (sqlite3_vfs){
		.iVersion = 2,
		.szOsFile = (int)sizeof(struct wal_file) + real->szOsFile,
		.mxPathname = real->mxPathname,
		.zName = self->name,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
		.xCurrentTimeInt64 = vfs_time64,
	};
	if (sqlite3_vfs_register(&self->vfs, 0) != SQLITE_OK) {
		g_free(self);
		return NULL;
	}

	return self;
}

const char *store_wal_vfs_name(const struct store_wal_vfs *self)
{
	return self ? self->name : NULL;
}

void store_wal_vfs_free(struct store_wal_vfs *self)
{
	if (!self)
		return;
	sqlite3_vfs_unregister(&self->vfs);
	g_free(self);
}
