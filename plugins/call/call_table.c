/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>

#include "call/call_priv.h"
#include "common/obj.h"
#include "directory/directory.h"
#include "host/log.h"

static void unref_call(void *arg)
{
	obj_unref(arg);
}

static void table_destructor(void *obj)
{
	struct call_table *table = obj;

	call_alive_stop(table);
	if (table->calls)
		g_hash_table_destroy(table->calls);
	if (table->usages)
		g_hash_table_destroy(table->usages);
	if (table->queues)
		g_hash_table_destroy(table->queues);
	g_free(table->factories);
}

int call_table_alloc(struct call_table **tablep, const struct call_env *env)
{
	struct call_table *table;

	if (!tablep || !env || !env->timers || !env->clock || !env->events ||
	    (!env->commit && !env->store))
		return EINVAL;

	table = obj_zalloc(sizeof(*table), table_destructor);
	table->env = *env;
	if (!table->env.media)
		table->env.media = &call_media_default;
	if (!table->env.clip)
		table->env.clip = &call_clip_default;
	if (!table->env.fetch)
		table->env.fetch = &call_fetch_default;
	if (!table->env.record)
		table->env.record = &call_record_default;
	table->calls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					     unref_call);
	table->usages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      call_usage_free);
	table->queues = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      call_queue_free);
	*tablep = table;

	return 0;
}

void call_table_add(struct call_table *table, struct call *call)
{
	g_hash_table_insert(table->calls, call->id, call);
	if (!timer_is_running(&table->alive_timer))
		call_alive_start(table);
}

void call_table_remove(struct call_table *table, struct call *call)
{
	if (g_hash_table_lookup(table->calls, call->id) != call)
		return;
	g_hash_table_remove(table->calls, call->id);
	if (g_hash_table_size(table->calls))
		return;
	call_alive_stop(table);
	if (table->env.idle)
		table->env.idle(table->env.idle_arg);
}

static enum call_refusal take_flow(struct call *call)
{
	const struct dir_flow *flow = NULL;

	if (*call->flow_id)
		flow = directory_flow(call->table->env.dir, call->flow_id);
	if (!flow || !flow->doc)
		return CALL_REFUSED_FLOW;

	/* the version it starts with is its own until the end */
	call->doc = obj_ref(flow->doc);

	return CALL_TAKEN;
}

static void take(struct call *call, struct leg *leg)
{
	struct call_table *table = call->table;

	call_turn_begin(call);
	call_table_add(table, call);
	call->attempt = call_attempt_add(call, leg, call->trunk_id);
	call->leg = leg;
	++table->stats.created;
	log_debug("call %s: incoming, %s:%s -> %s:%s, trunk %s, flow %s",
		  call->id, call->source.type, call->source.target,
		  call->destination.type, call->destination.target,
		  *call->trunk_id ? call->trunk_id : "-", call->flow_id);
	call_write(call, EVENT_CALL_CREATED);
	call_timers_ringing(call);
	call_flow_start_soon(call);
	call_turn_end(call);
}

enum call_refusal call_incoming(struct call_table *table,
				const struct leg_incoming *in)
{
	struct call *call = call_new(table, in);
	enum call_refusal refusal;

	refusal = take_flow(call);
	if (refusal == CALL_TAKEN)
		refusal = call_limits_take(call);

	if (refusal == CALL_TAKEN) {
		take(call, in->leg);
	} else {
		call_refuse(call, refusal);
		obj_unref(call);
	}

	return refusal;
}

struct call *call_find(const struct call_table *table, const char *id)
{
	return g_hash_table_lookup(table->calls, id);
}

void call_table_add_factory(struct call_table *table,
			    const struct leg_factory *factory)
{
	const unsigned n = table->nfactories++;

	table->factories =
		g_renew(const struct leg_factory *, table->factories, n + 1);
	table->factories[n] = factory;
}

void call_table_hangup_all(struct call_table *table, const char *account_id,
			   const struct leg_end *end)
{
	GList *calls = g_hash_table_get_values(table->calls), *l;

	for (l = calls; l; l = l->next)
		obj_ref(l->data);
	for (l = calls; l; l = l->next) {
		struct call *call = l->data;

		if (!account_id || g_str_equal(account_id, call->account_id))
			call_end(call, end);
		obj_unref(call);
	}
	g_list_free(calls);
}

void call_table_close(struct call_table *table)
{
	table->closed = true;
}

bool call_table_is_closed(const struct call_table *table)
{
	return table->closed;
}

size_t call_table_count(const struct call_table *table)
{
	return g_hash_table_size(table->calls);
}

void call_table_stats(const struct call_table *table, struct call_stats *st)
{
	GHashTableIter iter;
	gpointer value;

	*st = table->stats;
	st->live = table->live;
	st->incoming = st->outgoing = 0;
	g_hash_table_iter_init(&iter, table->calls);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct call *call = value;

		if (call->state == CALL_ENDED)
			continue;
		if (call->outgoing)
			++st->outgoing;
		else
			++st->incoming;
	}
}
