/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/timeline.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/event_list.h"
#include "common/json.h"
#include "common/str.h"

static const char attempt_kind[] = "attempt";

/* What causes something stands before it when both are of one millisecond:
 * what came and went, what it made of the call, who was told */
enum rank {
	RANK_NOTE,
	RANK_EVENT,
	RANK_DELIVERY
};

struct item {
	int64_t at_ms;
	enum rank rank;
	size_t nth;
	bool of_list; /**< one of the call's `attempts` */
	bool claimed; /**< a note that tells of one of these */
	json_t *json;
};

struct timeline {
	GArray *items; /**< struct item */
};

static const struct opt item_opts[] = {
	OPT_SHOW("at", OPT_TIME, "When."),
	OPT_SHOW("kind", OPT_STRING,
		 "`event`, `attempt`, `delivery`; `request` (a verb of this "
		 "API), "
		 "`sip`, `http` and others that the call noted."),
	OPT_SHOW("text", OPT_STRING, "What happened, in words."),
	OPT_SHOW("type", OPT_STRING, "Of an event: its type."),
	OPT_SHOW("event_id", OPT_ID,
		 "Of an event, or of what a delivery tells."),
	OPT_SHOW("sequence", OPT_INT, "Of an event: as it counts."),
	OPT_SHOW("request_id", OPT_STRING, "The request that caused it."),
	OPT_SHOW("data", OPT_ANY,
		 "Of an event: its data, unless it is the call itself; of "
		 "`call.ended` the `hangup`."),
	OPT_SHOW("trunk_id", OPT_ID, "Of an attempt."),
	OPT_SHOW("host", OPT_STRING, "Of an attempt: who was asked."),
	OPT_SHOW("sip_code", OPT_INT, "Of an attempt: what it came to."),
	OPT_SHOW("delivery_id", OPT_ID, "Of a delivery."),
	OPT_SHOW("webhook_id", OPT_ID, "Of a delivery: the endpoint."),
	OPT_SHOW("status", OPT_STRING, "Of a delivery: its status by now."),
	OPT_SHOW("status_code", OPT_INT, "Of a delivery: what was answered."),
	OPT_SHOW("latency_ms", OPT_INT, "Of a delivery: until it was."),
	OPT_END,
};

static const struct opt item_item[] = {
	{.type = OPT_OBJECT, .sub = item_opts},
};

const struct opt timeline_opts[] = {
	{
		.name = "result",
		.type = OPT_ARRAY,
		.flags = OPT_READ,
		.sub = item_item,
		.doc = "What happened, in the order of time; each has the "
		       "members that it needs.",
	},
	{
		.name = "truncated",
		.type = OPT_INT,
		.flags = OPT_READ,
		.doc = "How many were left out, after the first 1,000: the "
		       "list has 10,000 at the most.",
	},
	OPT_END,
};

struct timeline *timeline_new(void)
{
	struct timeline *tl = g_new0(struct timeline, 1);

	tl->items = g_array_new(FALSE, FALSE, sizeof(struct item));

	return tl;
}

static void drop_items(struct timeline *tl)
{
	guint i;

	for (i = 0; i < tl->items->len; ++i)
		json_decref(g_array_index(tl->items, struct item, i).json);
	g_array_set_size(tl->items, 0);
}

void timeline_free(struct timeline *tl)
{
	if (!tl)
		return;
	drop_items(tl);
	g_array_free(tl->items, TRUE);
	g_free(tl);
}

/** A new item; it is the timeline's. @return It, to be filled in */
static json_t *add(struct timeline *tl, int64_t at_ms, enum rank rank,
		   const char *kind)
{
	struct item item = {
		.at_ms = at_ms,
		.rank = rank,
		.nth = tl->items->len,
		.json = json_object(),
	};

	json_set_time(item.json, "at", at_ms);
	json_set_str(item.json, "kind", kind);
	g_array_append_val(tl->items, item);

	return item.json;
}

static struct item *last_of(struct timeline *tl)
{
	return &g_array_index(tl->items, struct item, tl->items->len - 1);
}

static void set_text(json_t *item, char *text)
{
	json_set_str(item, "text", text);
	g_free(text);
}

/** The member, if it is there and not null */
static void copy(json_t *item, const char *name, const json_t *from,
		 const char *member)
{
	json_t *value = json_object_get(from, member);

	if (value && !json_is_null(value))
		json_object_set_new(item, name, json_deep_copy(value));
}

/** @return 0 or EINVAL */
static int time_of(const json_t *item, const char *member, int64_t *at_ms)
{
	return clock_parse_rfc3339(json_str(item, member, ""), at_ms);
}

void timeline_add_notes(struct timeline *tl, const json_t *notes)
{
	json_t *note, *item, *value;
	const char *name;
	int64_t at_ms;
	size_t i;

	json_array_foreach(notes, i, note)
	{
		if (time_of(note, "at", &at_ms))
			continue;
		item = add(tl, at_ms, RANK_NOTE,
			   json_str(note, "kind", "note"));
		json_set_str(
			item, "text",
			json_str(note, "text", json_str(note, "note", "")));
		json_object_foreach(note, name, value)
		{
			if (!json_object_get(item, name) &&
			    !str_eq(name, "note"))
				copy(item, name, note, name);
		}
	}
}

void timeline_add_attempts(struct timeline *tl, const json_t *attempts)
{
	json_t *attempt, *item;
	int64_t at_ms, code;
	const char *host;
	size_t i;

	json_array_foreach(attempts, i, attempt)
	{
		if (time_of(attempt, "at", &at_ms))
			continue;
		item = add(tl, at_ms, RANK_NOTE, attempt_kind);
		last_of(tl)->of_list = true;
		host = json_str(attempt, "host", "a device");
		code = json_int(attempt, "sip_code", 0);
		if (code)
			set_text(item,
				 g_strdup_printf("%s: %d", host, (int)code));
		else
			set_text(item, g_strdup(host));
		copy(item, "host", attempt, "host");
		copy(item, "trunk_id", attempt, "trunk_id");
		copy(item, "sip_code", attempt, "sip_code");
	}
}

/* ---- events ---- */

static char *action_text(const json_t *step)
{
	const char *id = json_str(step, "id", NULL);

	return g_strdup_printf("action %s%s%s%s", json_str(step, "type", "?"),
			       id ? " \"" : "", id ? id : "", id ? "\"" : "");
}

static char *error_text(const json_t *data)
{
	char *action = action_text(json_object_get(data, "action")), *text;

	text = g_strdup_printf("%s broke: %s: %s", action,
			       json_str(data, "code", "?"),
			       json_str(data, "detail", ""));
	g_free(action);

	return text;
}

static char *ended_text(const json_t *how)
{
	const char *code = json_str(how, "code", NULL);
	const char *phrase = json_str(how, "sip_reason", NULL);
	const int64_t sip_code = json_int(how, "sip_code", 0);
	GString *out = g_string_new(NULL);

	g_string_printf(out, "ended by %s: %s", json_str(how, "by", "?"),
			json_str(how, "reason", "?"));
	if (code)
		g_string_append_printf(out, ", %s", code);
	if (sip_code)
		g_string_append_printf(out, ", SIP %d", (int)sip_code);
	if (phrase)
		g_string_append_printf(out, " %s", phrase);

	return g_string_free(out, FALSE);
}

static char *event_text(const char *type, const json_t *data)
{
	if (str_eq(type, event_type_name(EVENT_FLOW_ACTION)))
		return action_text(json_object_get(data, "action"));
	if (str_eq(type, event_type_name(EVENT_FLOW_ERROR)))
		return error_text(data);
	if (str_eq(type, event_type_name(EVENT_CALL_ENDED)))
		return ended_text(json_object_get(data, "hangup"));
	if (str_eq(type, event_type_name(EVENT_CALL_DTMF)))
		return g_strdup_printf("digit %s",
				       json_str(data, "digit", "(masked)"));
	if (str_starts(type, "call."))
		return g_strdup(type + strlen("call."));

	return g_strdup(type);
}

void timeline_add_event(struct timeline *tl, const json_t *event)
{
	const json_t *data = json_object_get(event, "data");
	const char *type = json_str(event, "type", "");
	const bool is_call = json_object_get(data, "direction") != NULL;
	json_t *item;
	int64_t at_ms;

	if (time_of(event, "created_at", &at_ms))
		return;
	item = add(tl, at_ms, RANK_EVENT, "event");
	set_text(item, event_text(type, data));
	json_set_str(item, "type", type);
	copy(item, "event_id", event, "id");
	copy(item, "sequence", event, "sequence");
	copy(item, "request_id", event, "request_id");
	if (!is_call)
		copy(item, "data", event, "data");
	else if (str_eq(type, event_type_name(EVENT_CALL_ENDED)))
		copy(item, "data", data, "hangup");
}

/* ---- deliveries ---- */

static json_t *add_sent(struct timeline *tl, int64_t at_ms,
			const struct timeline_delivery *delivery)
{
	json_t *item = add(tl, at_ms, RANK_DELIVERY, "delivery");

	json_set_str(item, "text", ""); /* stands in front; filled in later */
	json_set_str(item, "delivery_id", delivery->id);
	json_set_str(item, "webhook_id", delivery->webhook_id);
	json_set_str(item, "event_id", delivery->event_id);
	json_set_str(item, "status", delivery->status);

	return item;
}

static void add_try(struct timeline *tl, const json_t *attempt,
		    const struct timeline_delivery *delivery)
{
	const int64_t code = json_int(attempt, "status_code", 0);
	int64_t at_ms;
	json_t *item;

	if (time_of(attempt, "at", &at_ms))
		return;
	item = add_sent(tl, at_ms, delivery);
	if (code)
		set_text(item,
			 g_strdup_printf("%s sent: %d after %lld ms",
					 delivery->event_type, (int)code,
					 (long long)json_int(attempt,
							     "latency_ms", 0)));
	else
		set_text(item,
			 g_strdup_printf(
				 "%s sent: %s", delivery->event_type,
				 json_str(attempt, "error", "no answer")));
	copy(item, "status_code", attempt, "status_code");
	copy(item, "latency_ms", attempt, "latency_ms");
}

void timeline_add_delivery(struct timeline *tl,
			   const struct timeline_delivery *delivery)
{
	const char *text = delivery->log ? delivery->log : "";
	json_t *log = json_loads(text, 0, NULL), *attempt;
	size_t i;

	json_array_foreach(log, i, attempt) add_try(tl, attempt, delivery);
	if (!json_array_size(log))
		set_text(add_sent(tl, delivery->created_at, delivery),
			 g_strdup_printf("%s is to be sent",
					 delivery->event_type));
	json_decref(log);
}

/* ---- the list ---- */

static gint by_time(gconstpointer left, gconstpointer right)
{
	const struct item *a = left, *b = right;

	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;

	return a->nth < b->nth ? -1 : 1;
}

/* Is it a word of the text, as "dialing sip HOST: why" has it? */
static bool names(const char *text, const char *host)
{
	const size_t len = strlen(host);
	const char *at = len ? strstr(text, host) : NULL;

	for (; at; at = strstr(at + 1, host)) {
		if ((at == text || at[-1] == ' ') &&
		    (!at[len] || strchr(" :", at[len])))
			return true;
	}

	return false;
}

/** The first note from then on that tells of it and of no later one */
static struct item *note_of(struct timeline *tl, const struct item *attempt)
{
	const char *host = json_str(attempt->json, "host", "");
	guint i;

	for (i = 0; i < tl->items->len; ++i) {
		struct item *item = &g_array_index(tl->items, struct item, i);

		if (!item->of_list && !item->claimed &&
		    item->at_ms >= attempt->at_ms &&
		    str_eq(json_str(item->json, "kind", ""), attempt_kind) &&
		    names(json_str(item->json, "text", ""), host))
			return item;
	}

	return NULL;
}

/* A note says more; but of many the middle ones are not kept. The newest goes
 * first: what is left to the older ones is theirs. */
static void drop_told_twice(struct timeline *tl)
{
	guint i = tl->items->len;

	g_array_sort(tl->items, by_time);
	while (i-- > 0) {
		struct item *item = &g_array_index(tl->items, struct item, i);
		struct item *note = item->of_list ? note_of(tl, item) : NULL;

		if (!note)
			continue;
		note->claimed = true;
		json_decref(item->json);
		g_array_remove_index(tl->items, i);
	}
}

json_t *timeline_json(struct timeline *tl)
{
	json_t *result = json_array();
	guint i, n, left_out;

	drop_told_twice(tl);
	n = tl->items->len;
	left_out = n > TIMELINE_MAX ? n - TIMELINE_MAX : 0;
	for (i = 0; i < n; ++i) {
		if (left_out && i == TIMELINE_FIRST)
			i += left_out;
		json_array_append(
			result, g_array_index(tl->items, struct item, i).json);
	}
	drop_items(tl);

	return json_pack("{s:o, s:i}", "result", result, "truncated",
			 (int)left_out);
}
