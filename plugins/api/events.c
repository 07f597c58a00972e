/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Events as the transport reads them, and what it says about its stream */

#include <string.h>

#include "api/api_priv.h"
#include "common/event_query.h"
#include "common/json.h"
#include "host/db.h"
#include "store/store.h"

enum {
	WAIT_MAX_MS = 30000,
	LOOK_MS = 1000,
	ROWS_MAX = 1000,
	BYTES_MAX = 4 * 1024 * 1024, /* of documents in one answer */
};

static const struct opt read_body[] = {
	{
		.name = "after",
		.type = OPT_INT,
		.flags = OPT_REQUIRED,
		.min = 0,
		.max = INT64_MAX,
		.doc = "The last row that was read.",
	},
	{
		.name = "wait_ms",
		.type = OPT_INT,
		.min = 0,
		.max = WAIT_MAX_MS,
		.def = "0",
		.doc = "How long to wait for the first one.",
	},
	{
		.name = "limit",
		.type = OPT_INT,
		.min = 1,
		.max = ROWS_MAX,
		.def = "256",
		.doc = "How many at most.",
	},
	OPT_END,
};

/* What was read */
struct page {
	json_t *rows;
	int64_t row; /* the last one */
	size_t bytes;
};

/* The documents go as text: nobody here looks into them */
static bool on_event(void *arg, const struct db_row *row)
{
	struct page *page = arg;
	const char *doc = db_text(row, 6);
	json_t *item = json_object();

	page->row = db_int(row, 0);
	page->bytes += strlen(doc);
	json_object_set_new(item, "row", json_integer(page->row));
	json_set_str(item, "id", db_text(row, 1));
	json_set_str(item, "type", db_text(row, 2));
	json_set_str(item, "account_id", db_text(row, 3));
	json_set_str(item, "call_id", db_text(row, 4));
	json_set_str(item, "resource_id", db_text(row, 5));
	json_set_str(item, "doc", doc);
	json_array_append_new(page->rows, item);

	return page->bytes < BYTES_MAX;
}

static int read_page(struct req *req, struct page *page, int64_t limit)
{
	static const char sql[] =
		"SELECT row, id, type, account_id, call_id, resource_id, doc"
		" FROM event WHERE row > ?1 ORDER BY row LIMIT ?2";
	const struct db_value params[] = {DB_I(page->row), DB_I(limit)};

	return db_read(store_db(req->api->env.store), sql, params, 2, on_event,
		       page);
}

/* Our own commits ring; the webhook module's (`webhook.disabled`) do not, so
 * that they are looked for now and then. After store_stop_waiting() nothing
 * waits any more. */
static int wait_for_page(struct req *req, struct page *page, int64_t limit,
			 unsigned wait_ms)
{
	struct store *store = req->api->env.store;
	int err = 0;

	while (!err && !page->bytes && wait_ms) {
		const unsigned slice_ms = MIN(wait_ms, LOOK_MS);

		(void)store_wait_event(store, page->row, slice_ms);
		wait_ms -= slice_ms;
		err = read_page(req, page, limit);
	}

	return err;
}

/* A long poll: the thread is the core's, and waits. One of these at a time is
 * what the transport asks for. */
static json_t *read_events(struct req *req)
{
	struct page page = {.rows = json_array()};
	struct opt_faults faults = {0};
	json_t *input = NULL;
	unsigned wait_ms;
	int64_t limit;
	int err;

	if (opt_check(&input, read_body, req->body, OPT_MODE_CREATE, false, "",
		      &faults)) {
		json_decref(page.rows);
		return api_invalid(API_ERR_invalid, &faults);
	}
	page.row = json_int(input, "after", 0);
	wait_ms = (unsigned)json_int(input, "wait_ms", 0);
	limit = json_int(input, "limit", 1);
	json_decref(input);

	err = read_page(req, &page, limit);
	if (!err)
		err = wait_for_page(req, &page, limit, wait_ms);
	if (err) {
		json_decref(page.rows);
		return api_error(API_ERR_unavailable, NULL);
	}

	return api_ok(json_pack("{s:o, s:I}", "rows", page.rows, "row",
				(json_int_t)page.row));
}

const struct verb api_verb_events_read = {
	.summary = "Read events after a row, or wait for one",
	.body = read_body,
	.read = read_events,
};

static json_t *read_stream(struct req *req)
{
	(void)req;

	return api_error(API_ERR_bad_request,
			 "the transport gives this answer, not the plugin");
}

static const enum api_err stream_errors[] = {API_ERR_token_expired, API_OK};

const struct verb api_verb_events_stream = {
	.summary = "Events as they happen (Server-Sent Events)",
	.about = "An endless answer: `id`, `event` (the type) and `data` (the "
		 "document that webhooks get) of each event of the account, "
		 "and a comment now and then. With `Last-Event-ID`, or "
		 "`last_event_id`, it begins with what was missed. An event "
		 "of the type `reset` says that some were left out, and its "
		 "data why and what to do.",
	.query = event_query_opts,
	.errors = stream_errors,
	.read = read_stream,
};
