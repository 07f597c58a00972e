/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How a call begins, and what goes with it at the end */

#include "call/call_priv.h"
#include "common/obj.h"
#include "common/str.h"

static void address_clear(struct call_address *addr)
{
	g_free(addr->target);
	g_free(addr->name);
}

static void call_destructor(void *obj)
{
	struct call *call = obj;

	call_timers_stop(call);
	timer_cancel(call->table->env.timers, &call->flush_timer);
	if (call->tx)
		store_tx_free(call->tx);
	call_queue_remove(call);
	call_dial_forget(call);
	call_connect_free(call);
	obj_unref(call->run);
	obj_unref(call->vars);
	obj_unref(call->doc);
	call_play_forget(call);
	call_recordings_free(call);
	json_decref(call->webhook);
	json_decref(call->headers);
	g_free(call->codec_hint);
	json_decref(call->notes_text);
	g_free(call->sip);
	g_free(call->media);
	g_free(call->quality);
	g_free(call->remote);
	address_clear(&call->source);
	address_clear(&call->destination);
	if (call->attempts)
		g_ptr_array_free(call->attempts, TRUE);
	if (call->children)
		g_ptr_array_free(call->children, TRUE);
	if (call->notes)
		g_array_free(call->notes, TRUE);
	g_free(call->request_id);
}

/* The types are a closed set: what a leg says need not outlive it */
static const char *address_type(const char *type)
{
	static const char *const types[] = {"tel", "sip", "extension", NULL};
	size_t i;

	for (i = 0; types[i]; ++i)
		if (str_eq(types[i], type))
			return types[i];

	return "sip";
}

/* What strangers wrote gets into JSON and logs: it must be UTF-8 */
static char *text_of(const char *text)
{
	return text ? g_utf8_make_valid(text, -1) : NULL;
}

static void set_address(struct call_address *addr, const char *type,
			const char *target, const char *name)
{
	addr->type = address_type(type);
	addr->target = text_of(target ? target : "");
	addr->name = text_of(name);
}

static void set_variables(struct call *call, const json_t *variables)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)variables, name, value)
	{
		if (json_is_string(value) && !flow_var_name_is_reserved(name))
			(void)flow_vars_set(call->vars, name,
					    json_string_value(value), false);
	}
}

static void set_id(char id[ID_SIZE], const char *from)
{
	str_copy(id, ID_SIZE, from ? from : "");
}

static struct call *new_call(struct call_table *table, const char *account_id)
{
	struct call *call = obj_zalloc(sizeof(*call), call_destructor);

	call->table = table;
	id_new(call->id);
	set_id(call->account_id, account_id);
	call->attempts = g_ptr_array_new_with_free_func(call_attempt_free);
	call->created = call_now(call);
	flow_vars_alloc(&call->vars);

	return call;
}

struct call *call_new(struct call_table *table, const struct leg_incoming *in)
{
	struct call *call = new_call(table, in->account_id);

	set_id(call->trunk_id, in->trunk_id);
	set_id(call->number_id, in->number_id);
	set_id(call->flow_id, in->flow_id);
	set_address(&call->source, in->source_type, in->source,
		    in->source_name);
	set_address(&call->destination, in->destination_type, in->destination,
		    NULL);
	call->endpoint = in->leg->ops->endpoint;
	if (in->leg->ops->describe)
		call->sip = in->leg->ops->describe(in->leg);
	if (in->leg->ops->remote)
		call->remote = g_strdup(in->leg->ops->remote(in->leg));

	/* an incoming call rings from the first moment */
	call->state = CALL_RINGING;
	call->ringing = call->created;
	set_variables(call, in->variables);
	call->webhook = call_number_webhook(call);

	return call;
}

struct call *call_new_outgoing(struct call_table *table,
			       const struct call_origin *origin)
{
	const struct call_party *from = &origin->source;
	const struct call_party *to = &origin->destination;
	struct call *call = new_call(table, origin->account_id);

	call->outgoing = true;
	call->state = CALL_QUEUED;
	set_id(call->trunk_id, origin->trunk_id);
	set_id(call->flow_id, origin->flow_id);
	set_id(call->parent_id, origin->parent_call_id);
	set_address(&call->source, from->type, from->target, from->name);
	set_address(&call->destination, to->type, to->target, to->name);
	call->doc = obj_ref(origin->doc);
	call->early_execution = origin->early_execution;
	call->anonymous = origin->anonymous;
	call->auto_answer = origin->auto_answer;
	call->timeout_ms = origin->timeout_s * 1000;
	call->max_duration_s = origin->max_duration_s;
	call->chained = origin->chained;
	call->headers = json_deep_copy(origin->headers);
	call->webhook = json_deep_copy(origin->webhook);
	if (origin->notes)
		call->notes_text = json_string(origin->notes);
	call->request_id = g_strdup(origin->request_id);
	set_variables(call, origin->variables);

	return call;
}
