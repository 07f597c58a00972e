/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The log of each account: a chain of events, as long as somebody is behind */

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "rest/sse_priv.h"

#define TOO_SLOW                                                               \
	"event: reset\ndata: {\"reason\":\"too_slow\",\"detail\":\"this "      \
	"stream is over 1000 events behind; open it again with the id of "     \
	"the last event that you have seen\"}\n\n"

struct sse_event *sse_event_ref(struct sse_event *ev)
{
	++ev->refs;

	return ev;
}

/* The one after it may be held by this one alone, and so on */
struct sse_event *sse_event_unref(struct sse_event *ev)
{
	while (ev && --ev->refs == 0) {
		struct sse_event *next = ev->next;

		g_free(ev);
		ev = next;
	}

	return NULL;
}

static struct sse_event *event_new(const char *text, size_t len)
{
	struct sse_event *ev = g_malloc0(sizeof(*ev) + len);

	ev->refs = 1;
	ev->len = len;
	memcpy(ev->text, text, len);

	return ev;
}

struct sse_account *sse_account_get(struct rest_sse *sse, const char *id)
{
	struct sse_account *account = g_hash_table_lookup(sse->accounts, id);

	if (account)
		return account;

	account = g_new0(struct sse_account, 1);
	account->id = g_strdup(id);
	account->newest = event_new("", 0);
	g_queue_init(&account->streams);
	g_hash_table_insert(sse->accounts, account->id, account);

	return account;
}

void sse_account_leave(struct rest_sse *sse, struct sse_account *account)
{
	if (account->streams.length)
		return;

	g_hash_table_remove(sse->accounts, account->id);
	sse_event_unref(account->newest);
	g_free(account->id);
	g_free(account);
}

/* A field is a line: what would break it is a blank in JSON as well */
static void add_line(GString *out, const char *name, const char *value)
{
	const gsize from = out->len + strlen(name);

	g_string_append(out, name);
	g_string_append(out, value);
	g_strdelimit(out->str + from, "\r\n", ' ');
	g_string_append_c(out, '\n');
}

void sse_text(GString *out, const char *id, const char *type, const char *doc)
{
	add_line(out, "id: ", id);
	add_line(out, "event: ", type);
	add_line(out, "data: ", doc);
	g_string_append_c(out, '\n');
}

/* @return The one before: the account holds it no more, the caller does */
static struct sse_event *append(struct sse_account *account,
				struct sse_event *ev)
{
	struct sse_event *last = account->newest;

	ev->nth = last->nth + 1;
	last->next = sse_event_ref(ev);
	account->newest = ev;

	return last;
}

/* One that sleeps has seen all that came before; others may have, too: what is
 * not for them does not put them behind */
static void tell(struct rest_stream *stream, struct sse_event *ev)
{
	struct rest_sse *sse = stream->sse;

	if (!stream->at || stream->ended)
		return;

	if (stream->at->next == ev && stream->at_done == stream->at->len &&
	    !sse_filter_takes(&stream->filter, ev->type, ev->call_id)) {
		sse_event_unref(stream->at);
		stream->at = sse_event_ref(ev);
		stream->at_done = ev->len;
	} else if (ev->nth - stream->at->nth > SSE_LAG_MAX) {
		++sse->stats.resets;
		sse_stream_end(stream, TOO_SLOW);
	} else {
		sse_stream_wake(stream);
	}
}

void sse_log_add(struct rest_sse *sse, struct sse_account *account,
		 const json_t *row)
{
	const char *type = json_str(row, "type", "");
	struct sse_event *ev, *last;
	GString *text = g_string_new(NULL);
	GList *item;

	sse_text(text, json_str(row, "id", ""), type,
		 json_str(row, "doc", "{}"));
	ev = event_new(text->str, text->len);
	g_string_free(text, TRUE);

	ev->row = json_int(row, "row", 0);
	ev->type = event_type_by_name(type);
	str_copy(ev->call_id, sizeof(ev->call_id),
		 json_str(row, "call_id", ""));
	last = append(account, ev);
	++sse->stats.events;

	for (item = account->streams.head; item; item = item->next)
		tell(item->data, ev);
	sse_event_unref(last);
}
