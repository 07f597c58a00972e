/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "event/event.h"

#include <glib.h>
#include <string.h>

#include "common/jsonw.h"
#include "store/store.h"

enum {
	VARIABLES_MAX = 8 * 1024, /* bytes of names and values */
	ENVELOPE_SIZE = 512,
};

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

/** Append the document; ev->data is taken */
static void put_document(GString *doc, const struct event_source *src,
			 const struct event *ev, const char *id, int64_t now_ms)
{
	json_t *data = NULL;

	jsonw_open(doc, NULL, '{');
	jsonw_str(doc, "id", id);
	jsonw_str(doc, "type", event_type_name(ev->type));
	jsonw_time(doc, "created_at", now_ms);
	jsonw_str(doc, "account_id", ev->account_id);
	jsonw_str(doc, "node_id", src->node_id);
	jsonw_str(doc, "call_id", ev->call_id);
	jsonw_str(doc, "request_id", ev->request_id);
	jsonw_int(doc, "sequence", ev->sequence);
	if (ev->data && !ev->data_text)
		data = slim(ev->type, ev->data);
	if (data)
		jsonw_json(doc, "data", data);
	else
		jsonw_text(doc, "data", ev->data_text ? ev->data_text : "{}");
	json_decref(data);
	jsonw_close(doc, '}');
}

void event_emit(const struct event_source *src, struct store_tx *tx,
		const struct event *ev, char id[ID_SIZE])
{
	const int64_t now_ms = clock_wall_ms(src->clock);
	char own[ID_SIZE];
	GString *doc;

	if (!id)
		id = own;
	id_new(id);

	doc = g_string_sized_new(ENVELOPE_SIZE +
				 (ev->data_text ? strlen(ev->data_text) : 0));
	put_document(doc, src, ev, id, now_ms);
	STORE_ADD(tx, STORE_ONE_ROW, insert, DB_S(id),
		  DB_S(event_type_name(ev->type)), DB_S(ev->account_id),
		  DB_S(ev->call_id), DB_S(ev->resource_id), DB_I(ev->sequence),
		  DB_I(now_ms), DB_S(doc->str));
	store_tx_has_event(tx);
	g_string_free(doc, TRUE);
}
