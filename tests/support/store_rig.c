/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/store_rig.h"

#include <dirent.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "loop/loop.h"

static void must(int err, const char *what)
{
	if (!err)
		return;

	fprintf(stderr, "store_rig: %s: %s\n", what, g_strerror(err));
	abort();
}

void store_rig_dir(struct store_rig *rig)
{
	*rig = (struct store_rig){.held = false};
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	str_copy(rig->dir, sizeof(rig->dir), "/tmp/bifrons-store-XXXXXX");
	must(mkdtemp(rig->dir) ? 0 : errno, "mkdtemp");
	g_snprintf(rig->path, sizeof(rig->path), "%s/store.sqlite", rig->dir);
}

void store_rig_remove(struct store_rig *rig)
{
	DIR *dir = opendir(rig->dir);
	struct dirent *entry;
	char *path;

	while (dir && (entry = readdir(dir))) {
		path = g_build_filename(rig->dir, entry->d_name, NULL);
		unlink(path);
		g_free(path);
	}
	if (dir)
		closedir(dir);
	rmdir(rig->dir);
}

static void ring(void *arg, int64_t row) /* Thread: store */
{
	struct store_rig *rig = arg;

	rig->last_row = row;
	++rig->rings;
}

/** meta is the tests' own: what the schema put there goes */
static void empty_meta(const struct store_rig *rig)
{
	sqlite3 *sql = NULL;

	must(sqlite3_open(rig->path, &sql) == SQLITE_OK ? 0 : EIO, rig->path);
	must(sqlite3_exec(sql, "DELETE FROM meta WHERE key = 'webhook_cursor'",
			  NULL, NULL, NULL) == SQLITE_OK
		     ? 0
		     : EIO,
	     "meta");
	sqlite3_close(sql);
}

void store_rig_open_with(struct store_rig *rig,
			 const struct store_backend *backend)
{
	const struct store_params prm = {
		.path = rig->path,
		.backup_dir = rig->dir,
		.committed = ring,
		.arg = rig,
	};
	char *why = NULL;
	int err;

	must(loop_start(&rig->loop, clock_system()), "loop_start");
	err = store_open_backend(&rig->store, rig->loop, &prm, backend, &why);
	must(err, why ? why : "store_open");
	empty_meta(rig);
}

void store_rig_open(struct store_rig *rig)
{
	store_rig_open_with(rig, &store_sqlite);
}

void store_rig_close(struct store_rig *rig)
{
	rig->store = store_close(rig->store);
	rig->loop = loop_stop(rig->loop);
}

static void done(void *arg, int err, const char *why) /* Thread: loop */
{
	struct store_rig_wait *wait = arg;
	struct store_rig *rig = wait->rig;

	pthread_mutex_lock(&rig->mtx);
	wait->err = err;
	wait->order = rig->answered++;
	wait->done = true;
	if (err)
		str_copy(rig->why, sizeof(rig->why), why);
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

struct start {
	struct store_rig *rig;
	struct store_tx *tx;
	struct store_rig_wait *wait;
};

static void start(void *arg) /* Thread: loop */
{
	struct start *run = arg;

	store_commit(run->rig->store, run->tx, done, run->wait);
	g_free(run);
}

void store_rig_start(struct store_rig *rig, struct store_tx *tx,
		     struct store_rig_wait *wait)
{
	struct start *run = g_new(struct start, 1);

	*wait = (struct store_rig_wait){.rig = rig};
	*run = (struct start){.rig = rig, .tx = tx, .wait = wait};
	must(loop_post(rig->loop, "start", start, run), "loop_post");
}

int store_rig_wait(struct store_rig *rig, struct store_rig_wait *wait)
{
	int err;

	pthread_mutex_lock(&rig->mtx);
	while (!wait->done)
		pthread_cond_wait(&rig->cond, &rig->mtx);
	err = wait->err;
	pthread_mutex_unlock(&rig->mtx);

	return err;
}

int store_rig_commit(struct store_rig *rig, struct store_tx *tx)
{
	struct store_rig_wait wait;

	store_rig_start(rig, tx, &wait);

	return store_rig_wait(rig, &wait);
}

static void hold(void *arg) /* Thread: loop */
{
	struct store_rig *rig = arg;

	pthread_mutex_lock(&rig->mtx);
	rig->holding = true;
	pthread_cond_broadcast(&rig->cond);
	while (rig->held)
		pthread_cond_wait(&rig->cond, &rig->mtx);
	rig->holding = false;
	pthread_mutex_unlock(&rig->mtx);
}

void store_rig_hold(struct store_rig *rig)
{
	pthread_mutex_lock(&rig->mtx);
	rig->held = true;
	pthread_mutex_unlock(&rig->mtx);
	must(loop_post(rig->loop, "hold", hold, rig), "loop_post");

	pthread_mutex_lock(&rig->mtx);
	while (!rig->holding)
		pthread_cond_wait(&rig->cond, &rig->mtx);
	pthread_mutex_unlock(&rig->mtx);
}

void store_rig_release(struct store_rig *rig)
{
	pthread_mutex_lock(&rig->mtx);
	rig->held = false;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

static bool int_row(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

int64_t store_rig_count(struct store_rig *rig, const char *sql)
{
	int64_t n = -1;

	must(db_read(store_db(rig->store), sql, NULL, 0, int_row, &n), sql);

	return n;
}

void store_rig_clear(struct store_rig *rig)
{
	struct store_tx *tx = store_tx_new();

	STORE_ADD(tx, STORE_ANY, "DELETE FROM meta");
	must(store_rig_commit(rig, tx), "clear");
}
