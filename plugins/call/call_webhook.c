/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The endpoint of one call alone: a row of `webhook` with its call_id, in the
 * transaction of call.created, so that whoever matches that event finds it.
 * The webhook module looks it up by the call; no generation changes. */

#include <stdlib.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "directory/directory.h"

json_t *call_number_webhook(const struct call *call)
{
	const struct dir_number *number = NULL;
	json_t *target;

	if (*call->number_id)
		number = directory_number_by_id(call->table->env.dir,
						call->number_id);
	target = number ? json_object_get(number->doc, "webhook") : NULL;

	return json_is_object(target) ? json_incref(target) : NULL;
}

/** As `/v1/webhooks` shows one */
static json_t *document(const struct call *call, const char *id)
{
	json_t *events = json_object_get(call->webhook, "events");
	json_t *doc = json_object();

	json_set_str(doc, "id", id);
	json_set_str(doc, "account_id", call->account_id);
	json_set_time(doc, "created_at", call->created.wall_ms);
	json_set_time(doc, "updated_at", call->created.wall_ms);
	json_set_str(doc, "url", json_str(call->webhook, "url", ""));
	if (json_is_array(events))
		json_object_set(doc, "events", events);
	else
		json_object_set_new(doc, "events", json_null());
	json_object_set_new(doc, "enabled", json_true());
	json_set_str(doc, "description", "");
	json_set_str(doc, "call_id", call->id);
	json_set_str(doc, "disabled_reason", NULL);
	json_set_str(doc, "disabled_at", NULL);
	json_set_str(doc, "previous_until", NULL);

	return doc;
}

void call_webhook_add(struct call *call)
{
	static const char sql[] =
		"INSERT INTO webhook (id, account_id, call_id, enabled,"
		" created_at, doc) VALUES (?1, ?2, ?3, 1, ?4, ?5)";
	char id[ID_SIZE], *text;
	json_t *doc;

	if (!call->webhook)
		return;

	id_new(id);
	doc = document(call, id);
	text = json_text(doc);
	STORE_ADD(call->tx, STORE_ONE_ROW, sql, DB_S(id),
		  DB_S(call->account_id), DB_S(call->id),
		  DB_I(call->created.wall_ms), DB_S(text));
	free(text);
	json_decref(doc);
}
