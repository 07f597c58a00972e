/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "event/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "store/store.h"

enum {
	VARIABLES_MAX = 8 * 1024
}; /* bytes of names and values */

static const char insert[] =
	"INSERT INTO event (id, type, account_id, call_id, resource_id,"
	" sequence, created_at, doc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/** The first ones that fit. @return A new object */
static json_t *cut(const json_t *variables, bool *was_cut)
{
	json_t *out = json_object(), *value;
	const char *key;
	size_t size = 0;

	json_object_foreach((json_t *)variables, key, value)
	{
		size += strlen(key) + json_string_length(value);
		if (size > VARIABLES_MAX) {
			*was_cut = true;
			break;
		}
		json_object_set(out, key, value);
	}

	return out;
}

/** Variables travel only where a receiver starts and ends with a call, and
 * bounded: they may be 64 KiB, times every event. data is taken.
 */
static json_t *slim(enum event_type type, json_t *data)
{
	const json_t *variables = json_object_get(data, "variables");
	json_t *out, *kept;
	bool was_cut = false;

	if (!variables)
		return data;

	out = json_copy(data);
	if (type == EVENT_CALL_CREATED || type == EVENT_CALL_ENDED) {
		kept = cut(variables, &was_cut);
		json_object_set_new(out, "variables", kept);
		if (was_cut)
			json_object_set_new(out, "truncated", json_true());
	} else {
		json_object_del(out, "variables");
	}
	json_decref(data);

	return out;
}

/** Put text that is JSON already in as the last member; doc is taken */
static char *splice(char *doc, const char *data)
{
	const size_t head = strlen(doc) - 1;
	const size_t size = head + strlen(data) + sizeof(",\"data\":}");
	char *out = malloc(size);

	if (!out)
		abort();
	snprintf(out, size, "%.*s,\"data\":%s}", (int)head, doc, data);
	free(doc);

	return out;
}

static char *document(const struct event_source *src, const struct event *ev,
		      const char *id, int64_t now_ms)
{
	json_t *doc = json_object();
	char *text;

	json_set_str(doc, "id", id);
	json_set_str(doc, "type", event_type_name(ev->type));
	json_set_time(doc, "created_at", now_ms);
	json_set_str(doc, "account_id", ev->account_id);
	json_set_str(doc, "node_id", src->node_id);
	json_set_str(doc, "call_id", ev->call_id);
	json_set_str(doc, "request_id", ev->request_id);
	json_object_set_new(doc, "sequence", json_integer(ev->sequence));
	if (!ev->data_text)
		json_object_set_new(doc, "data",
				    ev->data ? slim(ev->type, ev->data)
					     : json_object());

	text = json_text(doc);
	json_decref(doc);

	return ev->data_text ? splice(text, ev->data_text) : text;
}

void event_emit(const struct event_source *src, struct store_tx *tx,
		const struct event *ev, char id[ID_SIZE])
{
	const int64_t now_ms = clock_wall_ms(src->clock);
	char own[ID_SIZE];
	char *doc;

	if (!id)
		id = own;
	id_new(id);

	doc = document(src, ev, id, now_ms);
	STORE_ADD(tx, STORE_ONE_ROW, insert, DB_S(id),
		  DB_S(event_type_name(ev->type)), DB_S(ev->account_id),
		  DB_S(ev->call_id), DB_S(ev->resource_id), DB_I(ev->sequence),
		  DB_I(now_ms), DB_S(doc));
	store_tx_has_event(tx);
	free(doc);
}
