/* SPDX-License-Identifier: GPL-3.0-or-later */

/* After a crash: files of recordings that ran are cut to what is whole, and
 * their records say so */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/str.h"
#include "host/db.h"
#include "host/log.h"
#include "record/record.h"

static const char open_sql[] =
	"SELECT r.id, r.account_id, r.call_id, r.format, r.doc, r.sequence,"
	" (SELECT max(e.sequence) FROM event e WHERE e.call_id = r.call_id)"
	" FROM recording r WHERE r.status IN ('recording', 'paused')"
	" AND r.node_id = ?1 ORDER BY r.created_at, r.id";

static const char close_sql[] =
	"UPDATE recording SET status = ?2, sequence = ?3, doc = ?4"
	" WHERE id = ?1";

struct recover {
	const struct call_env *env;
	struct store_tx *tx;
	GHashTable *sequences;
	int64_t alive_ms;
	int count;
};

/* The call's events go on from the newest: of the store, or of this start */
static int64_t next_sequence(struct recover *rec, const char *call_id,
			     int64_t stored)
{
	int64_t *last;

	if (!call_id)
		return stored + 1;
	last = g_hash_table_lookup(rec->sequences, call_id);
	if (!last) {
		last = g_new(int64_t, 1);
		*last = stored;
		g_hash_table_insert(rec->sequences, g_strdup(call_id), last);
	}
	*last = MAX(*last, stored) + 1;

	return *last;
}

static int repair(const struct recover *rec, const char *id, const char *name,
		  struct recording_result *res)
{
	enum record_format format;

	memset(res, 0, sizeof(*res));
	if (record_format_by_name(name, &format))
		return EINVAL;

	return recorder_repair(rec->env->recorder, id, format, res);
}

static json_t *close_doc(const struct recover *rec, const struct db_row *row,
			 const struct recording_result *res, int err)
{
	const char *text = db_text(row, 4);
	json_t *doc = NULL;

	if (json_parse(&doc, text, text ? strlen(text) : 0, NULL, 0)) {
		doc = json_object();
		json_set_str(doc, "id", db_text(row, 0));
	}
	json_set_str(doc, "status", err ? "failed" : "finished");
	json_object_set_new(doc, "duration_ms", json_integer(res->duration_ms));
	json_object_set_new(doc, "size_bytes", json_integer(res->size_bytes));
	json_set_str(doc, "reason", "interrupted");
	json_object_set_new(doc, "interrupted", json_true());
	json_set_str(doc, "error", err ? "nothing of it was saved" : NULL);
	json_set_time(doc, "ended_at", rec->alive_ms);

	return doc;
}

static bool on_row(void *arg, const struct db_row *row)
{
	struct recover *rec = arg;
	const char *id = db_text(row, 0);
	struct recording_result res;
	const int err = repair(rec, id, db_text(row, 3), &res);
	json_t *doc = close_doc(rec, row, &res, err);
	struct event ev = {
		.type = err ? EVENT_RECORDING_FAILED : EVENT_RECORDING_FINISHED,
		.account_id = db_text(row, 1),
		.call_id = db_is_null(row, 2) ? NULL : db_text(row, 2),
		.resource_id = id,
	};
	char *text = json_text(doc);

	ev.sequence = next_sequence(rec, ev.call_id,
				    MAX(db_int(row, 5), db_int(row, 6)));
	STORE_ADD(rec->tx, STORE_ONE_ROW, close_sql, DB_S(id),
		  DB_S(json_str(doc, "status", "")), DB_I(ev.sequence),
		  DB_S(text));
	free(text);
	ev.data = doc;
	event_emit(rec->env->events, rec->tx, &ev, NULL);
	if (err)
		log_error("recording %s: lost with the process before this "
			  "one: %s",
			  id, strerror(err));
	else
		log_warn("recording %s: cut by a crash after %lld ms", id,
			 (long long)res.duration_ms);
	++rec->count;

	return true;
}

int call_recordings_recover(const struct call_env *env, struct db *db,
			    struct store_tx *tx, GHashTable *sequences,
			    int64_t alive_ms)
{
	const struct db_value params[] = {DB_S(env->events->node_id)};
	struct recover rec = {
		.env = env,
		.tx = tx,
		.sequences = sequences,
		.alive_ms = alive_ms ? alive_ms : clock_wall_ms(env->clock),
	};

	if (!env->recorder)
		return 0;
	if (db_read(db, open_sql, params, G_N_ELEMENTS(params), on_row, &rec))
		return -1;

	return rec.count;
}
