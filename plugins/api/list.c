/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/resource.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

/* Keyset pages: a page ends at (sorted column, id), the next begins behind it,
 * so rows that come or go elsewhere shift nothing.
 */

enum {
	PARAMS_MAX = 32,
	/* a page is shorter than was asked for rather than larger than this:
	 * 200 flows of half a MiB take too long, and everyone's connections */
	PAGE_BYTES = 2 * 1024 * 1024
};

const struct list_filter res_name_filters[] = {
	{"name", "name", FILTER_IS},
	{.name = NULL},
};

const struct list_sort res_name_sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = "name", .column = "name", .is_text = true},
	{.name = NULL},
};

const char *const res_name_sort_names[] = {"created_at", "name", NULL};

const struct list_sort res_created_sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = NULL},
};

const char *const res_created_sort_names[] = {"created_at", NULL};

struct query {
	GString *sql;
	GString *bound; /* what a page token belongs to */
	struct db_value params[PARAMS_MAX];
	size_t n;
	const struct list_sort *sort;
	bool is_asc;
	size_t page_size;
	struct page_mark from; /* value NULL: the first page */
};

/** " ?N" for a value; borrowed until the read */
static void add_param(struct query *q, struct db_value value)
{
	q->params[q->n++] = value;
	g_string_append_printf(q->sql, "?%zu", q->n);
}

static void add_filter(struct query *q, const struct list_filter *filter,
		       const char *text)
{
	static const char *const ops[] = {
		[FILTER_IS] = "=",
		[FILTER_FROM] = ">=",
		[FILTER_TO] = "<",
	};
	int64_t ms = 0;

	g_string_append_printf(q->bound, "%s=%s\n", filter->name, text);
	g_string_append_printf(q->sql, " AND %s %s ", filter->column,
			       ops[filter->op]);
	if (filter->op == FILTER_IS) {
		add_param(q, DB_S(text));
		return;
	}

	/* the option table has checked it */
	(void)clock_parse_rfc3339(text, &ms);
	add_param(q, DB_I(ms));
}

static void add_filters(struct query *q, const struct list *list,
			const json_t *in)
{
	const struct list_filter *filter = list->filters;
	const char *text;

	for (; filter && filter->name; ++filter) {
		text = json_str(in, filter->name, NULL);
		if (text)
			add_filter(q, filter, text);
	}
}

/** Behind the last row of the page before */
static void add_keyset(struct query *q)
{
	int64_t n = 0;

	if (!q->from.value)
		return;

	g_string_append_printf(q->sql, " AND (%s, id) %s (", q->sort->column,
			       q->is_asc ? ">" : "<");
	if (q->sort->is_text) {
		add_param(q, DB_S(q->from.value));
	} else {
		(void)str_to_int(q->from.value, INT64_MIN, INT64_MAX, &n);
		add_param(q, DB_I(n));
	}
	g_string_append(q->sql, ", ");
	add_param(q, DB_S(q->from.id));
	g_string_append_c(q->sql, ')');
}

static const struct list_sort *sort_of(const struct list *list,
				       const char *name)
{
	const struct list_sort *sort = list->sorts;

	while (name && sort->name && !str_eq(sort->name, name))
		++sort;

	return sort->name ? sort : list->sorts;
}

/** @return 0, or an error for a page token that is not of this query */
static int build(struct query *q, const struct req *req,
		 const struct list *list, const json_t *in)
{
	const char *token = json_str(in, "page_token", NULL);
	const char *dir;

	q->sort = sort_of(list, json_str(in, "sort", NULL));
	q->is_asc = str_eq(json_str(in, "order", NULL), "asc");
	q->page_size = (size_t)json_int(in, "page_size", 50);
	dir = q->is_asc ? "ASC" : "DESC";

	g_string_printf(q->bound, "%s\n%s\n%s\n%s %s\n", req->row->name,
			list->is_global ? "" : req->account_id,
			list->parent ? req->id : "", q->sort->name, dir);
	g_string_printf(q->sql, "SELECT id, %s, %s FROM %s WHERE 1 = 1",
			q->sort->column, list->select ? list->select : "doc",
			list->table);
	if (!list->is_global) {
		g_string_append(q->sql, " AND account_id = ");
		add_param(q, DB_S(req->account_id));
	}
	if (list->parent) {
		g_string_append_printf(q->sql, " AND %s = ", list->parent);
		add_param(q, DB_S(req->id));
	}
	if (list->where)
		g_string_append_printf(q->sql, " AND %s", list->where);
	if (q->sort->is_nullable)
		g_string_append_printf(q->sql, " AND %s IS NOT NULL",
				       q->sort->column);
	add_filters(q, list, in);

	if (token && page_token_read(req->api, q->bound->str, token, &q->from))
		return -1;

	add_keyset(q);
	g_string_append_printf(q->sql, " ORDER BY %s %s, id %s LIMIT ",
			       q->sort->column, dir, dir);
	add_param(q, DB_I((int64_t)q->page_size + 1));

	return 0;
}

struct page {
	const struct query *q;
	const struct list *list;
	json_t *result;
	struct page_mark last; /* of the last row in the page */
	size_t bytes;
	bool more;
};

/** One row is always on it, so that the next page begins further on */
static bool is_full(const struct page *page, size_t bytes)
{
	const size_t n = json_array_size(page->result);

	return n == page->q->page_size ||
	       (n && page->bytes + bytes > PAGE_BYTES);
}

static json_t *stored_doc(const struct db_row *row)
{
	const char *text = db_text(row, LIST_COLUMN);
	json_t *doc = json_loads(text ? text : "", 0, NULL);

	json_object_del(doc, "_sealed");

	return doc ? doc : json_object();
}

static bool page_row(void *arg, const struct db_row *row)
{
	struct page *page = arg;
	const size_t bytes = db_row_bytes(row);

	if (is_full(page, bytes)) {
		page->more = true;
		return false;
	}

	page->bytes += bytes;
	str_copy(page->last.id, sizeof(page->last.id), db_text(row, 0));
	g_free(page->last.value);
	page->last.value =
		page->q->sort->is_text
			? g_strdup(db_text(row, 1))
			: g_strdup_printf("%lld", (long long)db_int(row, 1));

	json_array_append_new(page->result, page->list->item
						    ? page->list->item(row)
						    : stored_doc(row));

	return true;
}

static json_t *read_page(struct req *req, const struct list *list,
			 const struct query *q)
{
	struct page page = {.q = q, .list = list, .result = json_array()};
	json_t *out;
	char *token = NULL;

	if (db_read(store_db(req->api->env.store), q->sql->str, q->params, q->n,
		    page_row, &page)) {
		json_decref(page.result);
		g_free(page.last.value);
		return api_error(API_ERR_unavailable, NULL);
	}

	if (page.more)
		token = page_token_make(req->api, q->bound->str, &page.last);

	out = json_object();
	json_object_set_new(out, "result", page.result);
	json_set_str(out, "next_page_token", token);
	g_free(token);
	g_free(page.last.value);

	return api_ok(out);
}

json_t *res_list_of(struct req *req, const struct list *list)
{
	const struct verb *verb = req->row->verb;
	struct query q = {.n = 0};
	struct opt_faults faults = {0};
	json_t *in = NULL, *none = NULL, *reply;

	if (!req->query)
		none = json_object();
	if (opt_check(&in, verb->query, req->query ? req->query : none,
		      OPT_MODE_QUERY, req->platform, "query", &faults)) {
		reply = api_invalid(API_ERR_invalid, &faults);
		goto out;
	}

	q.sql = g_string_sized_new(512);
	q.bound = g_string_sized_new(256);
	if (build(&q, req, list, in))
		reply = api_fault("query/page_token",
				  "is not of this list, its filters and its "
				  "order");
	else
		reply = read_page(req, list, &q);

	g_string_free(q.sql, TRUE);
	g_string_free(q.bound, TRUE);
	g_free(q.from.value);
out:
	json_decref(in);
	json_decref(none);

	return reply;
}

json_t *res_list(struct req *req)
{
	return res_list_of(req, req->row->verb->res->list);
}
