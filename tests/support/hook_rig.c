/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/hook_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"
#include "common/seal.h"
#include "common/secret.h"
#include "store/migrate.h"

enum {
	POLL_MS = 20,
	WAIT_S = 120,
	LOOK_MS = 20,
	BUSY_MS = 20000,
};

static const struct retry_schedule schedule = {
	.n = 9,
	.delay_ms = {HOOK_RIG_RETRY_MS, 300000, 1800000, 7200000, 18000000,
		     36000000, 50400000, 72000000, 86400000},
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "hook_rig: %s\n", what);
	abort();
}

/* ---- Time ---- */

static int64_t mono_us(const struct clock *clk)
{
	(void)clk;

	return clock_mono_us(clock_system());
}

static int64_t wall_ms(const struct clock *clk)
{
	const struct hook_rig *rig =
		(const struct hook_rig *)((const char *)clk -
					  offsetof(struct hook_rig, clock));

	return clock_wall_ms(clock_system()) + atomic_load(rig->ahead_ms);
}

void hook_rig_advance(struct hook_rig *rig, int64_t ms)
{
	atomic_fetch_add(rig->ahead_ms, ms);
}

static void map_clock(struct hook_rig *rig)
{
	char *path = g_build_filename(rig->dir, "clock", NULL);
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	need(fd >= 0 && !ftruncate(fd, sizeof(*rig->ahead_ms)), "clock");
	rig->ahead_ms = mmap(NULL, sizeof(*rig->ahead_ms),
			     PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(rig->ahead_ms != MAP_FAILED, "mmap");
	close(fd);
	g_free(path);
}

/* ---- Steps ---- */

static void on_step(void *arg, enum courier_step step)
{
	struct hook_rig *rig = arg;

	pthread_mutex_lock(&rig->mtx);
	++rig->steps[step];
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

static struct timespec from_now(int64_t ms)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		++t.tv_sec;
	}

	return t;
}

void hook_rig_wait_step(struct hook_rig *rig, enum courier_step step,
			unsigned n)
{
	const struct timespec until = from_now(WAIT_S * 1000);

	pthread_mutex_lock(&rig->mtx);
	while (rig->steps[step] < n)
		need(!pthread_cond_timedwait(&rig->cond, &rig->mtx, &until),
		     "a step was not taken");
	pthread_mutex_unlock(&rig->mtx);
}

void hook_rig_wait_row(struct hook_rig *rig, int64_t row)
{
	struct courier_stats stats;

	do {
		(void)sched_yield();
		courier_stats(rig->courier, &stats);
	} while (stats.row < row);
	need(stats.row == row, "the cursor is beyond");
}

/* ---- SQL ---- */

static void run(struct hook_rig *rig, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(rig->db, sql, NULL, NULL, &why) != SQLITE_OK) {
		fprintf(stderr, "hook_rig: %s: %s\n", sql, why);
		abort();
	}
}

void hook_rig_sql(struct hook_rig *rig, const char *fmt, ...)
{
	va_list ap;
	char *sql;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	run(rig, sql);
	sqlite3_free(sql);
}

static char *text_of(struct hook_rig *rig, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	char *text = NULL;

	if (sqlite3_prepare_v2(rig->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		fprintf(stderr, "hook_rig: %s: %s\n", sql,
			sqlite3_errmsg(rig->db));
		abort();
	}
	if (sqlite3_step(stmt) == SQLITE_ROW)
		text = g_strdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);

	return text;
}

char *hook_rig_text(struct hook_rig *rig, const char *fmt, ...)
{
	va_list ap;
	char *sql, *text;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	text = text_of(rig, sql);
	sqlite3_free(sql);

	return text;
}

int64_t hook_rig_number(struct hook_rig *rig, const char *fmt, ...)
{
	int64_t n;
	va_list ap;
	char *sql, *text;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	text = text_of(rig, sql);
	n = text ? g_ascii_strtoll(text, NULL, 10) : -1;
	g_free(text);
	sqlite3_free(sql);

	return n;
}

void hook_rig_wait(struct hook_rig *rig, int64_t want, const char *sql)
{
	const struct timespec end = from_now(WAIT_S * 1000);
	int64_t n;

	/* a step is the news; not all that is written is one */
	while ((n = hook_rig_number(rig, "%s", sql)) != want) {
		const struct timespec until = from_now(LOOK_MS);

		if (until.tv_sec > end.tv_sec) {
			fprintf(stderr, "hook_rig: %s: %lld, not %lld\n", sql,
				(long long)n, (long long)want);
			abort();
		}
		pthread_mutex_lock(&rig->mtx);
		(void)pthread_cond_timedwait(&rig->cond, &rig->mtx, &until);
		pthread_mutex_unlock(&rig->mtx);
	}
}

/* ---- Life ---- */

static void set_params(struct hook_rig *rig)
{
	rig->prm = (struct courier_params){
		.store = rig->path,
		.clock = &rig->clock,
		.retries = schedule,
		.allow_private = true,
		.poll_ms = POLL_MS,
		.step = on_step,
		.arg = rig,
	};
}

static void init(struct hook_rig *rig, char *dir)
{
	*rig = (struct hook_rig){
		.clock = {.mono_us = mono_us, .wall_ms = wall_ms},
	};
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	rig->dir = dir;
	rig->path = g_build_filename(rig->dir, "bifrons.sqlite", NULL);
	rig->key_path = g_build_filename(rig->dir, "secret.key", NULL);
	map_clock(rig);
	set_params(rig);
}

static void open_db(struct hook_rig *rig)
{
	need(sqlite3_open(rig->path, &rig->db) == SQLITE_OK, "open");
	sqlite3_busy_timeout(rig->db, BUSY_MS);
	run(rig, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
	need(!secret_key_load(rig->key, rig->key_path), "key");
}

static void add_account(struct hook_rig *rig)
{
	const struct seal_owner owner = {"account", rig->account_id,
					 "signing_secret"};
	char *sealed = seal_text(rig->key, &owner, HOOK_RIG_ACCOUNT_SECRET);
	json_t *doc = json_pack("{s:s, s:{s:s}}", "id", rig->account_id,
				SEAL_MEMBER, owner.path, sealed);
	char *text = json_text(doc);

	hook_rig_sql(rig,
		     "INSERT INTO account (id, name, status, created_at, doc)"
		     " VALUES (%Q, 'default', 'active', 1, %Q)",
		     rig->account_id, text);
	free(text);
	json_decref(doc);
	g_free(sealed);
}

void hook_rig_open_empty(struct hook_rig *rig)
{
	init(rig, g_dir_make_tmp("bifrons-hook-XXXXXX", NULL));
}

void hook_rig_make_store(struct hook_rig *rig)
{
	char *why = NULL;

	open_db(rig);
	if (store_migrate(rig->db, store_migrations, rig->dir, &why)) {
		fprintf(stderr, "hook_rig: %s\n", why);
		abort();
	}
	id_new(rig->account_id);
	add_account(rig);
}

void hook_rig_open(struct hook_rig *rig)
{
	hook_rig_open_empty(rig);
	hook_rig_make_store(rig);
}

void hook_rig_join(struct hook_rig *rig, const char *dir)
{
	init(rig, g_strdup(dir));
	rig->joined = true;
}

void hook_rig_close(struct hook_rig *rig)
{
	const char *name;
	GDir *dir;

	hook_rig_stop(rig);
	sqlite3_close(rig->db);
	dir = rig->joined ? NULL : g_dir_open(rig->dir, 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		char *file = g_build_filename(rig->dir, name, NULL);

		(void)g_unlink(file);
		g_free(file);
	}
	if (dir) {
		g_dir_close(dir);
		(void)g_rmdir(rig->dir);
	}
	munmap(rig->ahead_ms, sizeof(*rig->ahead_ms));
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);
	g_free(rig->path);
	g_free(rig->key_path);
	g_free(rig->dir);
}

void hook_rig_start(struct hook_rig *rig)
{
	need(!courier_start(&rig->courier, &rig->prm), "start");
}

void hook_rig_stop(struct hook_rig *rig)
{
	rig->courier = courier_stop(rig->courier);
}

/* ---- What the call plugin writes ---- */

void hook_rig_changed(struct hook_rig *rig)
{
	char id[ID_SIZE];

	id_new(id);
	hook_rig_sql(rig,
		     "INSERT INTO meta (key, value)"
		     " VALUES ('webhook_generation', %Q)"
		     " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		     id);
}

static void seal_into(struct hook_rig *rig, json_t *doc, const char *path,
		      const char *secret)
{
	const struct seal_owner owner = {"webhook", json_str(doc, "id", ""),
					 path};
	json_t *sealed = json_object_get(doc, SEAL_MEMBER);
	char *text = seal_text(rig->key, &owner, secret);

	if (!sealed) {
		sealed = json_object();
		json_object_set_new(doc, SEAL_MEMBER, sealed);
	}
	json_object_set_new(sealed, path, json_string(text));
	g_free(text);
}

static char *endpoint_doc(struct hook_rig *rig, const struct hook_endpoint *ep,
			  const char *id, const char *account_id)
{
	json_t *doc = json_object();
	char *text;

	json_set_str(doc, "id", id);
	json_set_str(doc, "account_id", account_id);
	json_set_str(doc, "url", ep->url);
	json_object_set_new(doc, "events",
			    ep->events ? json_loads(ep->events, 0, NULL)
				       : json_null());
	json_object_set_new(doc, "enabled", json_boolean(!ep->disabled));
	json_set_str(doc, "previous_until", ep->previous_until);
	json_set_str(doc, "disabled_reason", NULL);
	if (!ep->call_id)
		seal_into(rig, doc, "secret", HOOK_RIG_SECRET);
	if (ep->previous_secret)
		seal_into(rig, doc, "previous_secret", ep->previous_secret);
	text = json_text(doc);
	json_decref(doc);

	return text;
}

void hook_rig_endpoint(struct hook_rig *rig, const struct hook_endpoint *ep,
		       char id[ID_SIZE])
{
	const char *account_id =
		ep->account_id ? ep->account_id : rig->account_id;
	char *text;

	id_new(id);
	text = endpoint_doc(rig, ep, id, account_id);
	run(rig, "BEGIN IMMEDIATE");
	hook_rig_sql(rig,
		     "INSERT INTO webhook (id, account_id, call_id, enabled,"
		     " created_at, doc) VALUES (%Q, %Q, %Q, %d, 1, %Q)",
		     id, account_id, ep->call_id, !ep->disabled, text);
	if (!ep->call_id)
		hook_rig_changed(rig);
	run(rig, "COMMIT");
	free(text);
}

int64_t hook_rig_event(struct hook_rig *rig, const struct hook_event *ev,
		       char id[ID_SIZE])
{
	const char *account_id =
		ev->account_id ? ev->account_id : rig->account_id;
	json_t *doc = json_object();
	char own[ID_SIZE], *text;

	id = id ? id : own;
	id_new(id);
	json_set_str(doc, "id", id);
	json_set_str(doc, "type", ev->type);
	json_set_str(doc, "account_id", account_id);
	json_set_str(doc, "node_id", "the node");
	json_set_str(doc, "call_id", ev->call_id);
	json_object_set_new(doc, "sequence", json_integer(ev->sequence));
	json_object_set_new(doc, "data", json_object());
	text = json_text(doc);
	hook_rig_sql(rig,
		     "INSERT INTO event (id, type, account_id, call_id,"
		     " resource_id, sequence, created_at, doc)"
		     " VALUES (%Q, %Q, %Q, %Q, %Q, %lld, 1, %Q)",
		     id, ev->type, account_id, ev->call_id, ev->resource_id,
		     (long long)ev->sequence, text);
	free(text);
	json_decref(doc);

	return sqlite3_last_insert_rowid(rig->db);
}

int64_t hook_rig_tell(struct hook_rig *rig, const char *type,
		      const char *call_id, int64_t sequence)
{
	const struct hook_event ev = {
		.type = type,
		.call_id = call_id,
		.sequence = sequence,
	};
	const int64_t row = hook_rig_event(rig, &ev, NULL);

	if (rig->courier)
		courier_ring(rig->courier, row);

	return row;
}
