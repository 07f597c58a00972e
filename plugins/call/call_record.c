/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What is written: the call's row and its events, one transaction a turn */

#include <stdlib.h>

#include "call/call_priv.h"
#include "common/json.h"

static const char insert[] =
	"INSERT INTO call (id, account_id, status, direction, source,"
	" destination, trunk_id, flow_id, number_id, hangup_reason,"
	" created_at, ended_at, node_id, sequence, doc, parent_call_id)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	" ?14, ?15, ?16)";

static const char update[] =
	"UPDATE call SET status = ?2, hangup_reason = ?3, ended_at = ?4,"
	" sequence = ?5, doc = ?6 WHERE id = ?1";

static struct db_value text_or_null(const char *text)
{
	return text ? DB_S(text) : DB_N;
}

static struct db_value time_or_null(int64_t wall_ms)
{
	return wall_ms ? DB_I(wall_ms) : DB_N;
}

static const char *reason_of(const struct call *call)
{
	return call->state == CALL_ENDED ? hangup_reason_name(call->end.reason)
					 : NULL;
}

static void add_row(struct call *call, const char *doc)
{
	const char *state = call_state_name(call->state);

	if (call->stored) {
		STORE_ADD(call->tx, STORE_ONE_ROW, update, DB_S(call->id),
			  DB_S(state), text_or_null(reason_of(call)),
			  time_or_null(call->ended.wall_ms),
			  DB_I(call->sequence), DB_S(doc));
		return;
	}
	call->stored = true;
	call_webhook_add(call);
	STORE_ADD(call->tx, STORE_ONE_ROW, insert, DB_S(call->id),
		  DB_S(call->account_id), DB_S(state),
		  DB_S(call->outgoing ? "outgoing" : "incoming"),
		  DB_S(call->source.target), DB_S(call->destination.target),
		  text_or_null(call_opt_id(call->trunk_id)),
		  text_or_null(call_opt_id(call->flow_id)),
		  text_or_null(call_opt_id(call->number_id)),
		  text_or_null(reason_of(call)), DB_I(call->created.wall_ms),
		  time_or_null(call->ended.wall_ms),
		  DB_S(call->table->env.events->node_id), DB_I(call->sequence),
		  DB_S(doc), text_or_null(call_opt_id(call->parent_id)));
}

void call_save(struct call *call)
{
	GString *text = g_string_sized_new(CALL_TEXT_SIZE);

	call_put(text, call);
	call_put_variables(text, call, FLOW_VARS_MAX_BYTES);
	if (!call->tx)
		call->tx = store_tx_new();
	add_row(call, text->str);
	call->urgent = true;
	g_string_free(text, TRUE);
}

void call_write_timeline(struct call *call)
{
	static const char sql[] = "UPDATE call SET timeline = ?2 WHERE id = ?1";
	json_t *timeline;
	char *text;

	if (!call->stored || !call->notes_new)
		return;

	call->notes_new = false;
	timeline = call_timeline(call);
	text = json_text(timeline);
	if (!call->tx)
		call->tx = store_tx_new();
	/* it may be deleted by now */
	STORE_ADD(call->tx, STORE_ANY, sql, DB_S(call->id), DB_S(text));
	call->urgent = true;
	free(text);
	json_decref(timeline);
}

static struct event event_of(const struct call *call, enum event_type type)
{
	return (struct event){
		.type = type,
		.account_id = call->account_id,
		.call_id = call->id,
		.request_id = call->request_id,
		.sequence = call->sequence,
	};
}

/* The call becomes text once: the row and the event share it. The row has all
 * variables; of the events only the first and the last have any. */
void call_write(struct call *call, enum event_type type)
{
	const bool ends =
		type == EVENT_CALL_CREATED || type == EVENT_CALL_ENDED;
	const bool cut = flow_vars_bytes(call->vars) > CALL_VARIABLES_MAX;
	GString *bare = g_string_sized_new(CALL_TEXT_SIZE), *all;
	struct event ev;

	call_put(bare, call);
	all = g_string_sized_new(bare->len + CALL_TEXT_SIZE / 4);
	g_string_append_len(all, bare->str, (gssize)bare->len);
	call_put_variables(all, call, FLOW_VARS_MAX_BYTES);
	if (ends && cut)
		call_put_variables(bare, call, CALL_VARIABLES_MAX);

	if (!call->tx)
		call->tx = store_tx_new();
	++call->sequence;
	add_row(call, all->str);

	ev = event_of(call, type);
	ev.data_text = ends && !cut ? all->str : bare->str;
	event_emit(call->table->env.events, call->tx, &ev, NULL);
	call->urgent = true;
	if (type == EVENT_CALL_ENDED)
		call_write_timeline(call);
	g_string_free(all, TRUE);
	g_string_free(bare, TRUE);
}

/* data is taken, text borrowed; one of them */
static void emit(struct call *call, enum event_type type, json_t *data,
		 const char *text)
{
	struct event ev;

	/* a flow that runs wild fills no disk */
	if (event_type_is_noisy(type) && call->noisy >= CALL_NOISY_MAX) {
		json_decref(data);
		return;
	}
	++call->noisy;
	if (!call->tx)
		call->tx = store_tx_new();
	++call->sequence;
	ev = event_of(call, type);
	ev.data = data;
	ev.data_text = text;
	event_emit(call->table->env.events, call->tx, &ev, NULL);
	if (!event_type_is_noisy(type))
		call->urgent = true;
}

void call_emit(struct call *call, enum event_type type, json_t *data)
{
	emit(call, type, data, NULL);
}

void call_emit_text(struct call *call, enum event_type type, const char *data)
{
	emit(call, type, NULL, data);
}

static void flush_late(void *arg)
{
	call_flush(arg, true);
}

void call_env_commit(const struct call_env *env, struct store_tx *tx)
{
	if (env->commit)
		env->commit(env->commit_arg, tx);
	else
		store_commit(env->store, tx, NULL, NULL);
}

void call_flush(struct call *call, bool now)
{
	struct call_env *env = &call->table->env;
	struct store_tx *tx = call->tx;

	if (!tx)
		return;
	if (!now && !call->urgent) {
		/* noise goes with what is written next, or soon */
		if (!timer_is_running(&call->flush_timer))
			timer_start(env->timers, &call->flush_timer,
				    CALL_NOISY_DELAY_MS, "call_flush",
				    flush_late, call);
		return;
	}

	timer_cancel(env->timers, &call->flush_timer);
	call->tx = NULL;
	call->urgent = false;
	call_env_commit(env, tx);
}
