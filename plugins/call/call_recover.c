/* SPDX-License-Identifier: GPL-3.0-or-later */

/* After a crash: what the store still shows as live was lost with the process
 */

#include <stdlib.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"
#include "host/db.h"
#include "host/log.h"

/* The row's own sequence may be behind: noisy events do not touch the row. So
 * may its lists be: a recording or a callee that began is no event of its own
 */
static const char lost_sql[] =
	"SELECT c.id, c.account_id, c.sequence, c.created_at, c.doc,"
	" (SELECT max(e.sequence) FROM event e WHERE e.call_id = c.id),"
	" (SELECT max(e.created_at) FROM event e WHERE e.call_id = c.id),"
	" (SELECT json_group_array(id) FROM (SELECT r.id FROM recording r"
	"  WHERE r.call_id = c.id ORDER BY r.id)),"
	" (SELECT json_group_array(id) FROM (SELECT k.id FROM call k"
	"  WHERE k.parent_call_id = c.id ORDER BY k.id))"
	" FROM call c WHERE c.status <> 'ended' AND c.node_id = ?1";

static const char end_sql[] =
	"UPDATE call SET status = 'ended', hangup_reason = ?2, ended_at = ?3,"
	" sequence = ?4, doc = ?5 WHERE id = ?1";

struct recover {
	const struct call_env *env;
	struct store_tx *tx;
	GHashTable *sequences; /* call's id -> int64_t, of its newest event */
	int64_t alive_ms;      /* when the process was last seen */
	int count;
};

static int64_t time_of(const json_t *doc, const char *key)
{
	int64_t ms;

	return clock_parse_rfc3339(json_str(doc, key, ""), &ms) ? 0 : ms;
}

/* The document as it must read now */
static void close_doc(json_t *doc, int64_t ended_ms)
{
	static const struct call_end end = {
		.by = HANGUP_BY_SYSTEM,
		.reason = HANGUP_FAILED,
		.code = "node_lost",
	};
	const int64_t answered_ms = time_of(doc, "answered_at");
	const int64_t ringing_ms = time_of(doc, "ringing_at");
	const int64_t rung_ms = answered_ms ? answered_ms : ended_ms;

	json_set_str(doc, "status", call_state_name(CALL_ENDED));
	json_object_set_new(doc, "action", json_null());
	json_object_set_new(doc, "hangup", call_hangup_json(&end));
	json_set_time(doc, "ended_at", ended_ms);
	json_object_set_new(doc, "ring_ms",
			    json_integer(ringing_ms && rung_ms > ringing_ms
						 ? rung_ms - ringing_ms
						 : 0));
	json_object_set_new(doc, "duration_ms",
			    json_integer(answered_ms && ended_ms > answered_ms
						 ? ended_ms - answered_ms
						 : 0));
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void set_list(json_t *doc, const char *name, const char *text)
{
	json_t *list = text ? json_loads(text, 0, NULL) : NULL;

	if (list)
		json_object_set_new(doc, name, list);
}

static bool on_row(void *arg, const struct db_row *row)
{
	struct recover *rec = arg;
	const char *id = db_text(row, 0), *text = db_text(row, 4);
	const int64_t ended_ms =
		later(later(db_int(row, 3), db_int(row, 6)), rec->alive_ms);
	struct event ev = {
		.type = EVENT_CALL_ENDED,
		.account_id = db_text(row, 1),
		.call_id = id,
		.sequence = later(db_int(row, 2), db_int(row, 5)) + 1,
	};
	json_t *doc = NULL;
	char *out;

	if (json_parse(&doc, text, text ? strlen(text) : 0, NULL, 0)) {
		log_error("call %s: its stored document cannot be read", id);
		doc = json_object();
		json_set_str(doc, "id", id);
	}
	close_doc(doc, ended_ms);
	set_list(doc, "recording_ids", db_text(row, 7));
	set_list(doc, "child_call_ids", db_text(row, 8));

	out = json_text(doc);
	STORE_ADD(rec->tx, STORE_ONE_ROW, end_sql, DB_S(id),
		  DB_S(hangup_reason_name(HANGUP_FAILED)), DB_I(ended_ms),
		  DB_I(ev.sequence), DB_S(out));
	free(out);
	ev.data = doc;
	event_emit(rec->env->events, rec->tx, &ev, NULL);
	g_hash_table_insert(rec->sequences, g_strdup(id),
			    g_memdup2(&ev.sequence, sizeof(ev.sequence)));
	log_warn("call %s: lost with the process before this one", id);
	++rec->count;

	return true;
}

int call_recover(const struct call_env *env, struct db *db)
{
	const struct db_value params[] = {DB_S(env->events->node_id)};
	struct recover rec = {.env = env};
	int err, recordings = 0;

	rec.tx = store_tx_new();
	rec.alive_ms = call_alive_read(env, db);
	rec.sequences =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	err = db_read(db, lost_sql, params, G_N_ELEMENTS(params), on_row, &rec);
	if (!err)
		recordings = call_recordings_recover(
			env, db, rec.tx, rec.sequences, rec.alive_ms);
	g_hash_table_destroy(rec.sequences);
	if (err || recordings < 0 || rec.count + recordings == 0) {
		store_tx_free(rec.tx);
		return err || recordings < 0 ? -1 : 0;
	}

	call_env_commit(env, rec.tx);

	return rec.count;
}
