/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A recording as it is shown and stored */

#include "call/call_recording.h"

#include <errno.h>
#include <string.h>

#include "common/jsonw.h"
#include "host/log.h"

enum {
	TEXT_SIZE = 640,
};

#define TO(state) (1u << (state))

static const unsigned allowed[RECORDING_NSTATES] = {
	[RECORDING_ON] = TO(RECORDING_PAUSED) | TO(RECORDING_ENDING) |
			 TO(RECORDING_FINISHED) | TO(RECORDING_FAILED),
	[RECORDING_PAUSED] = TO(RECORDING_ON) | TO(RECORDING_ENDING) |
			     TO(RECORDING_FINISHED) | TO(RECORDING_FAILED),
	[RECORDING_ENDING] = TO(RECORDING_FINISHED) | TO(RECORDING_FAILED),
	[RECORDING_FINISHED] = 0,
	[RECORDING_FAILED] = 0,
};

static const char *const names[RECORDING_NSTATES] = {
	[RECORDING_ON] = "recording",     [RECORDING_PAUSED] = "paused",
	[RECORDING_ENDING] = "recording", [RECORDING_FINISHED] = "finished",
	[RECORDING_FAILED] = "failed",
};

int call_recording_set_state(struct call_recording *rec,
			     enum call_recording_state next)
{
	if (!(allowed[rec->state] & TO(next))) {
		log_warn("recording %s: refused %s -> %s", rec->id,
			 names[rec->state], names[next]);
		return EPROTO;
	}
	rec->state = next;

	return 0;
}

static void put_size(GString *out, const char *key, bool known, int64_t n)
{
	if (known)
		jsonw_int(out, key, n);
	else
		jsonw_null(out, key);
}

GString *call_recording_put(const struct call_recording *rec)
{
	const struct call *call = rec->call;
	const bool over = rec->state == RECORDING_FINISHED ||
			  rec->state == RECORDING_FAILED;
	GString *out = g_string_sized_new(TEXT_SIZE);

	jsonw_open(out, NULL, '{');
	jsonw_str(out, "id", rec->id);
	jsonw_str(out, "account_id", call->account_id);
	jsonw_str(out, "call_id", call->id);
	jsonw_null(out, "conference_id");
	jsonw_str(out, "node_id", call->table->env.events->node_id);
	jsonw_str(out, "status", names[rec->state]);
	jsonw_str(out, "format", record_format_name(rec->format));
	jsonw_str(out, "channels", rec->stereo ? "stereo" : "mono");
	jsonw_int(out, "rate", rec->rate);
	put_size(out, "duration_ms", over, rec->res.duration_ms);
	put_size(out, "size_bytes", over, rec->res.size_bytes);
	jsonw_str(out, "reason", over ? rec->reason : NULL);
	jsonw_str(out, "error",
		  rec->state == RECORDING_FAILED ? strerror(rec->err) : NULL);
	jsonw_bool(out, "interrupted", false);
	jsonw_time(out, "created_at", rec->started.wall_ms);
	jsonw_time(out, "ended_at", rec->over.wall_ms);
	jsonw_close(out, '}');

	return out;
}

static const char insert[] =
	"INSERT INTO recording (id, account_id, call_id, status, format,"
	" node_id, sequence, created_at, doc)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

static const char update[] =
	"UPDATE recording SET status = ?2, sequence = ?3, doc = ?4"
	" WHERE id = ?1";

void call_recording_write(struct call_recording *rec, enum event_type type)
{
	struct call *call = rec->call;
	GString *text = call_recording_put(rec);

	call_emit_text(call, type, text->str);
	if (type == EVENT_RECORDING_STARTED)
		STORE_ADD(call->tx, STORE_ONE_ROW, insert, DB_S(rec->id),
			  DB_S(call->account_id), DB_S(call->id),
			  DB_S(names[rec->state]),
			  DB_S(record_format_name(rec->format)),
			  DB_S(call->table->env.events->node_id),
			  DB_I(call->sequence), DB_I(rec->started.wall_ms),
			  DB_S(text->str));
	else /* it may be gone: with its account */
		STORE_ADD(call->tx, STORE_ANY, update, DB_S(rec->id),
			  DB_S(names[rec->state]), DB_I(call->sequence),
			  DB_S(text->str));
	g_string_free(text, TRUE);
}
