/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/rest_events.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/str.h"
#include "support/rest_rig.h"

/* ---- the plugin ---- */

void rest_events_init(struct rest_rig *rig)
{
	rig->events.rows = json_array();
}

void rest_events_clear(struct rest_rig *rig)
{
	json_decref(rig->events.rows);
	g_free(rig->events.transaction);
}

/* Under mtx. @return A new reply when there is one to give */
static json_t *reply_of(struct rest_events *events)
{
	json_t *rows, *row;
	int64_t last = events->after;
	size_t i;

	if (!events->transaction || events->silent)
		return NULL;
	if (events->broken)
		return json_pack("{s:{s:s, s:s}}", "error", "code",
				 "unavailable", "detail", "broken");

	rows = json_array();
	json_array_foreach(events->rows, i, row)
	{
		if (json_int(row, "row", 0) <= events->after)
			continue;
		if (json_array_size(rows) == 256)
			break;
		last = json_int(row, "row", 0);
		json_array_append_new(rows, json_deep_copy(row));
	}
	if (!json_array_size(rows)) {
		json_decref(rows);
		return NULL;
	}

	return json_pack("{s:{s:o, s:I}}", "ok", "rows", rows, "row",
			 (json_int_t)last);
}

static void answer(struct rest_rig *rig)
{
	char *transaction = NULL;
	json_t *reply;

	pthread_mutex_lock(&rig->mtx);
	reply = reply_of(&rig->events);
	if (reply)
		transaction = g_steal_pointer(&rig->events.transaction);
	pthread_mutex_unlock(&rig->mtx);

	if (reply)
		rest_deliver(rig->rest, transaction, API_OK, reply);
	json_decref(reply);
	g_free(transaction);
}

bool rest_events_asked(struct rest_rig *rig, const char *transaction,
		       const json_t *message)
{
	const json_t *body = json_object_get(message, "body");

	if (!str_eq(json_str(message, "verb", ""), "events.read"))
		return false;

	pthread_mutex_lock(&rig->mtx);
	g_free(rig->events.transaction);
	rig->events.transaction = g_strdup(transaction);
	rig->events.after = json_int(body, "after", -1);
	++rig->events.asked;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);
	answer(rig);

	return true;
}

void rest_rig_feed(struct rest_rig *rig, bool silent, bool broken)
{
	pthread_mutex_lock(&rig->mtx);
	rig->events.silent = silent;
	rig->events.broken = broken;
	pthread_mutex_unlock(&rig->mtx);
	answer(rig);
}

void rest_rig_wait_asked(struct rest_rig *rig, unsigned n)
{
	pthread_mutex_lock(&rig->mtx);
	while (rig->events.asked < n)
		pthread_cond_wait(&rig->cond, &rig->mtx);
	pthread_mutex_unlock(&rig->mtx);
}

static void must(int rc, int want)
{
	if (rc != want)
		abort();
}

static void insert(sqlite3_stmt *stmt, const struct rest_event *ev,
		   const char *id, const char *doc)
{
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 2, ev->type ? ev->type : "call.created", -1,
			  SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 3, ev->account ? ev->account : "acc-a", -1,
			  SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 4, ev->call_id, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(stmt, 5, doc, -1, SQLITE_TRANSIENT);
	must(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_reset(stmt);
}

static json_t *row_of(const struct rest_event *ev, int64_t row, const char *id,
		      const char *doc)
{
	json_t *out = json_object();

	json_object_set_new(out, "row", json_integer(row));
	json_set_str(out, "id", id);
	json_set_str(out, "type", ev->type ? ev->type : "call.created");
	json_set_str(out, "account_id", ev->account ? ev->account : "acc-a");
	json_set_str(out, "call_id", ev->call_id);
	json_set_str(out, "doc", doc);

	return out;
}

void rest_rig_emit(struct rest_rig *rig, const struct rest_event *ev,
		   unsigned count, char id[ID_SIZE])
{
	static const char sql[] = "INSERT INTO event (id, type, account_id,"
				  " call_id, doc) VALUES (?1, ?2, ?3, ?4, ?5)";
	char *filling = g_strnfill(ev->size, 'x');
	sqlite3_stmt *stmt = NULL;
	json_t *rows = json_array();
	char own[ID_SIZE];
	sqlite3 *db = NULL;

	must(sqlite3_open(rig->store, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
	must(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	while (count--) {
		char *doc;

		id_new(own);
		doc = g_strdup_printf("{\"id\":\"%s\",\"data\":{\"x\":\"%s\"}}",
				      own, filling);
		insert(stmt, ev, own, doc);
		json_array_append_new(
			rows,
			row_of(ev, sqlite3_last_insert_rowid(db), own, doc));
		g_free(doc);
	}
	sqlite3_finalize(stmt);
	must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	g_free(filling);
	if (id)
		str_copy(id, ID_SIZE, own);

	pthread_mutex_lock(&rig->mtx);
	json_array_extend(rig->events.rows, rows);
	pthread_mutex_unlock(&rig->mtx);
	json_decref(rows);
	answer(rig);
}

/* ---- the client ---- */

void rest_listen(struct rest_listener *ls, struct rest_rig *rig,
		 const char *target, const char *lines)
{
	char *encoding;

	memset(ls, 0, sizeof(*ls));
	ls->text = g_string_new(NULL);
	rest_client_open(&ls->http, rig->port);
	rest_client_say(&ls->http, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n",
			target, lines ? lines : "");
	rest_client_read(&ls->http, &ls->head, false);
	encoding = rest_result_field(&ls->head, "Transfer-Encoding");
	ls->chunked = str_eq(encoding, "chunked");
	g_free(encoding);
}

void rest_listen_close(struct rest_listener *ls)
{
	rest_result_clear(&ls->head);
	rest_client_close(&ls->http);
	g_string_free(ls->text, TRUE);
}

/* Whole chunks of what was received become text. @return false: none is */
static bool unchunk(struct rest_listener *ls)
{
	GString *in = ls->http.in;
	const char *end = strstr(in->str, "\r\n");
	const size_t len = end ? strtoul(in->str, NULL, 16) : 0;
	const size_t head = end ? (size_t)(end - in->str) + 2 : 0;

	if (!end || in->len < head + len + 2)
		return false;

	g_string_append_len(ls->text, in->str + head, (gssize)len);
	g_string_erase(in, 0, (gssize)(head + len + 2));
	if (!len)
		ls->ended = true;

	return true;
}

static bool receive(struct rest_listener *ls)
{
	GString *in = ls->http.in;
	char buf[16384];
	ssize_t n;

	if (ls->chunked && !ls->ended && unchunk(ls))
		return true;
	if (ls->ended)
		return false;

	n = recv(ls->http.fd, buf, sizeof(buf), 0);
	if (n <= 0)
		return false;
	g_string_append_len(ls->chunked ? in : ls->text, buf, n);

	return true;
}

char *rest_listen_next(struct rest_listener *ls)
{
	const char *end;
	char *block;

	while (!(end = strstr(ls->text->str, "\n\n")))
		if (!receive(ls))
			return NULL;

	block = g_strndup(ls->text->str, (gsize)(end - ls->text->str));
	g_string_erase(ls->text, 0, (end - ls->text->str) + 2);

	return block;
}

char *rest_block_field(const char *block, const char *name)
{
	char **lines = g_strsplit(block, "\n", 0), **line, *value = NULL;
	const size_t len = strlen(name);

	for (line = lines; *line && !value; ++line)
		if (str_starts(*line, name) && str_starts(*line + len, ": "))
			value = g_strdup(*line + len + 2);
	g_strfreev(lines);

	return value;
}

char *rest_listen_id(struct rest_listener *ls)
{
	char *block, *id = NULL;

	while (!id) {
		block = rest_listen_next(ls);
		if (!block)
			return NULL;
		id = rest_block_field(block, "id");
		g_free(block);
	}

	return id;
}
