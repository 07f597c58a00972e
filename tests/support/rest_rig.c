/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/rest_rig.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/secret.h"

static void run_sql(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		abort();
	}
}

static void add_key(sqlite3 *db, const char *token, const char *account,
		    const char *scopes, const char *times)
{
	char hash[SECRET_SHA256_HEX];
	char *sql;

	secret_sha256_hex(hash, token, strlen(token));
	sql = sqlite3_mprintf("INSERT INTO access_key VALUES"
			      " ('id-%s', %Q, %Q, %Q, %s)",
			      token, account, hash, scopes, times);
	run_sql(db, sql);
	sqlite3_free(sql);
}

static void add_ticket(sqlite3 *db, const char *token, const char *key,
		       const char *expires_at)
{
	char hash[SECRET_SHA256_HEX];
	char *sql;

	secret_sha256_hex(hash, token, strlen(token));
	sql = sqlite3_mprintf("INSERT INTO event_ticket VALUES"
			      " (%Q, 'acc-a', 'id-%s', %s)",
			      hash, key, expires_at);
	run_sql(db, sql);
	sqlite3_free(sql);
}

static void make_store(const char *path)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		abort();
	run_sql(db, "PRAGMA journal_mode=WAL;"
		    "CREATE TABLE account (id TEXT PRIMARY KEY,"
		    " status TEXT NOT NULL, doc TEXT NOT NULL) STRICT;"
		    "CREATE TABLE access_key (id TEXT PRIMARY KEY,"
		    " account_id TEXT NOT NULL, token_hash TEXT NOT NULL"
		    " UNIQUE, scopes TEXT NOT NULL, expires_at INTEGER,"
		    " revoked_at INTEGER) STRICT;"
		    "CREATE TABLE event_ticket (token_hash TEXT PRIMARY KEY,"
		    " account_id TEXT NOT NULL, key_id TEXT NOT NULL,"
		    " expires_at INTEGER NOT NULL) STRICT;"
		    "CREATE TABLE event (row INTEGER PRIMARY KEY"
		    " AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT"
		    " NOT NULL, account_id TEXT NOT NULL, call_id TEXT,"
		    " doc TEXT NOT NULL) STRICT;"
		    "CREATE INDEX event_account ON event (account_id, row);"
		    "INSERT INTO account VALUES ('acc-a', 'active',"
		    " '{\"allowed_origins\":[\"https://a.example\"]}'),"
		    " ('acc-b', 'active', '{\"allowed_origins\":"
		    "[\"https://b.example\",\"http://localhost:3000\"]}'),"
		    " ('acc-s', 'suspended', '{\"allowed_origins\":"
		    "[\"https://s.example\"]}');");
	add_key(db, REST_KEY_PLATFORM, "acc-a", "[\"platform\"]", "NULL, NULL");
	add_key(db, REST_KEY_ADMIN, "acc-a", "admin", "NULL, NULL");
	add_key(db, REST_KEY_FLOWS, "acc-a", "flows:read flows:write",
		"9999999999999, NULL");
	add_key(db, REST_KEY_METRICS, "acc-a", "[\"metrics\"]", "NULL, NULL");
	add_key(db, REST_KEY_EXPIRED, "acc-a", "admin", "1000, NULL");
	add_key(db, REST_KEY_REVOKED, "acc-a", "admin", "NULL, 1000");
	add_key(db, REST_KEY_SUSPENDED, "acc-s", "admin", "NULL, NULL");
	add_key(db, REST_KEY_EVENTS, "acc-a", "events:read", "NULL, NULL");
	add_key(db, REST_KEY_OTHER, "acc-b", "admin", "NULL, NULL");
	add_ticket(db, REST_TICKET, REST_KEY_EVENTS, "9999999999999");
	add_ticket(db, REST_TICKET_EXPIRED, REST_KEY_EVENTS, "1000");
	add_ticket(db, REST_TICKET_REVOKED, REST_KEY_REVOKED, "9999999999999");
	sqlite3_close(db);
}

static void deliver(struct rest_rig *rig, const char *transaction,
		    const char *text, json_t *message)
{
	json_t *reply;

	if (text)
		reply = json_loads(text, JSON_DECODE_ANY, NULL);
	else
		reply = json_pack("{s:O}", "ok", message);
	rest_deliver(rig->rest, transaction, API_OK, reply);
	json_decref(reply);
}

/* Thread: the server's */
static int submit(void *arg, const char *transaction, json_t *message)
{
	struct rest_rig *rig = arg;
	enum rest_fake mode;
	char *reply;

	if (rest_events_asked(rig, transaction, message)) {
		json_decref(message);
		return 0;
	}

	pthread_mutex_lock(&rig->mtx);
	mode = rig->mode;
	reply = g_strdup(rig->reply);
	++rig->nseen;
	if (mode != REST_FAKE_NOW && mode != REST_FAKE_FAIL) {
		g_assert_cmpuint(rig->nheld, <, REST_RIG_HELD);
		rig->held[rig->nheld] = g_strdup(transaction);
		rig->messages[rig->nheld++] = message;
		message = NULL; /* now the other thread's */
		pthread_cond_broadcast(&rig->cond);
	}
	pthread_mutex_unlock(&rig->mtx);

	if (mode == REST_FAKE_NOW)
		deliver(rig, transaction, reply, message);
	json_decref(message);
	g_free(reply);

	return mode == REST_FAKE_FAIL ? EIO : 0;
}

static void *answer_from_afar(void *arg)
{
	struct rest_rig *rig = arg;

	pthread_mutex_lock(&rig->mtx);
	while (!rig->stop) {
		char *transaction, *reply;
		enum rest_fake mode = rig->mode;
		json_t *message;

		if (!rig->nheld ||
		    (mode != REST_FAKE_THREAD && mode != REST_FAKE_TWICE)) {
			pthread_cond_wait(&rig->cond, &rig->mtx);
			continue;
		}
		/* the newest first: out of order */
		transaction = rig->held[--rig->nheld];
		message = rig->messages[rig->nheld];
		reply = g_strdup(rig->reply);
		pthread_mutex_unlock(&rig->mtx);

		deliver(rig, transaction, reply, message);
		if (mode == REST_FAKE_TWICE)
			deliver(rig, transaction, "{\"ok\":{}}", message);
		g_free(transaction);
		g_free(reply);
		json_decref(message);
		pthread_mutex_lock(&rig->mtx);
	}
	pthread_mutex_unlock(&rig->mtx);

	return NULL;
}

void rest_rig_init(struct rest_rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	rig->dir = g_dir_make_tmp("bifrons-rest-XXXXXX", NULL);
	rig->store = g_build_filename(rig->dir, "store.sqlite", NULL);
	make_store(rig->store);
	rest_events_init(rig);

	rig->cfg = (struct rest_config){
		.bind = "127.0.0.1",
		.store = rig->store,
		.max_body_bytes = 1 << 20,
		.connection_limit = 256,
		.per_ip_limit = 0,
		.connection_timeout_s = 15,
		.request_timeout_s = 30,
		.threads = 2,
		.in_flight = 256,
		.deadline_ms = 10000,
		.auth_failures_per_min = 1000,
		.event_streams = 1000,
		.event_streams_per_account = 1000,
		.event_heartbeat_s = 15,
		.log_level = "info",
	};
}

void rest_rig_start(struct rest_rig *rig)
{
	const struct rest_core core = {.submit = submit, .arg = rig};

	if (rest_start(&rig->rest, &rig->cfg, &core))
		abort();
	rig->port = rest_port(rig->rest);
	if (pthread_create(&rig->thread, NULL, answer_from_afar, rig))
		abort();
}

void rest_rig_stop(struct rest_rig *rig)
{
	if (!rig->rest)
		return;

	pthread_mutex_lock(&rig->mtx);
	rig->stop = true;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
	pthread_join(rig->thread, NULL);
	rig->rest = rest_stop(rig->rest);
}

void rest_rig_close(struct rest_rig *rig)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	unsigned i;

	rest_rig_stop(rig);
	rest_events_clear(rig);
	for (i = 0; i < rig->nheld; ++i) {
		g_free(rig->held[i]);
		json_decref(rig->messages[i]);
	}
	for (i = 0; i < G_N_ELEMENTS(ends); ++i) {
		char *path = g_strconcat(rig->store, ends[i], NULL);

		g_unlink(path);
		g_free(path);
	}
	g_rmdir(rig->dir);
	g_free(rig->dir);
	g_free(rig->store);
	g_free(rig->reply);
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);
}

void rest_rig_mode(struct rest_rig *rig, enum rest_fake mode, const char *reply)
{
	pthread_mutex_lock(&rig->mtx);
	rig->mode = mode;
	g_free(rig->reply);
	rig->reply = g_strdup(reply);
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
}

void rest_rig_wait_held(struct rest_rig *rig, unsigned n)
{
	pthread_mutex_lock(&rig->mtx);
	while (rig->nheld < n)
		pthread_cond_wait(&rig->cond, &rig->mtx);
	pthread_mutex_unlock(&rig->mtx);
}

void rest_rig_answer(struct rest_rig *rig, unsigned i, const char *reply)
{
	char *transaction;

	pthread_mutex_lock(&rig->mtx);
	g_assert_cmpuint(i, <, rig->nheld);
	transaction = g_strdup(rig->held[i]);
	pthread_mutex_unlock(&rig->mtx);

	deliver(rig, transaction, reply, NULL);
	g_free(transaction);
}

unsigned rest_rig_seen(struct rest_rig *rig)
{
	unsigned n;

	pthread_mutex_lock(&rig->mtx);
	n = rig->nseen;
	pthread_mutex_unlock(&rig->mtx);

	return n;
}

void rest_rig_sql(struct rest_rig *rig, const char *sql)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(rig->store, &db) != SQLITE_OK)
		abort();
	sqlite3_busy_timeout(db, 10000);
	run_sql(db, sql);
	sqlite3_close(db);
}

void rest_rig_ask(struct rest_rig *rig, struct rest_result *res,
		  const char *method, const char *target, const char *lines,
		  const char *body)
{
	rest_client_ask(rig->port, res, method, target, lines, body);
}
