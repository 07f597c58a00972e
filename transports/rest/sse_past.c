/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What was missed, from the store */

#include <errno.h>
#include <string.h>

#include "common/str.h"
#include "rest/sse_priv.h"
#include "rest/store.h"

enum {
	PAGE_ROWS = 100,
	PAGE_BYTES = 64 * 1024,
};

static bool on_number(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

int sse_past_last(struct rest_store *store, int64_t *rowp)
{
	*rowp = 0;

	return rest_store_read(store, "SELECT MAX(row) FROM event", NULL, 0,
			       on_number, rowp);
}

/* One more than may be asked for is enough to know */
static int count_after(struct rest_store *store, const char *account_id,
		       int64_t after, int64_t *countp)
{
	static const char sql[] =
		"SELECT COUNT(*) FROM (SELECT row FROM event"
		" WHERE account_id = ?1 AND row > ?2 LIMIT ?3) AS later";
	const struct db_value params[] = {DB_S(account_id), DB_I(after),
					  DB_I(SSE_CATCH_UP_MAX + 1)};

	return rest_store_read(store, sql, params, 3, on_number, countp);
}

int sse_past_find(struct rest_store *store, const char *account_id,
		  const char *id, int64_t *rowp)
{
	static const char sql[] =
		"SELECT row FROM event WHERE id = ?1 AND account_id = ?2";
	const struct db_value params[] = {DB_S(id), DB_S(account_id)};
	int64_t row = -1, count = 0;
	int err;

	if (!id_is_valid(id))
		return ENOENT;

	err = rest_store_read(store, sql, params, 2, on_number, &row);
	if (!err && row < 0)
		err = ENOENT;
	if (!err)
		err = count_after(store, account_id, row, &count);
	if (!err && count > SSE_CATCH_UP_MAX)
		err = EOVERFLOW;
	if (!err)
		*rowp = row;

	return err;
}

struct newest {
	char *id;
	int64_t row;
};

static bool on_newest(void *arg, const struct db_row *row)
{
	struct newest *newest = arg;

	str_copy(newest->id, ID_SIZE, db_text(row, 0));
	newest->row = db_int(row, 1);

	return false;
}

int sse_past_newest(struct rest_store *store, const char *account_id,
		    char id[ID_SIZE], int64_t *rowp)
{
	static const char sql[] = "SELECT id, row FROM event"
				  " WHERE account_id = ?1"
				  " ORDER BY row DESC LIMIT 1";
	const struct db_value params[] = {DB_S(account_id)};
	struct newest newest = {.id = id};
	int err;

	*id = '\0';
	err = rest_store_read(store, sql, params, 1, on_newest, &newest);
	*rowp = newest.row;

	return err;
}

struct reading {
	struct sse_page *page;
	const struct sse_filter *filter;
	unsigned rows;
};

static bool on_row(void *arg, const struct db_row *row)
{
	struct reading *reading = arg;
	struct sse_page *page = reading->page;
	const char *type = db_text(row, 2), *call_id = db_text(row, 3);

	page->row = db_int(row, 0);
	if (sse_filter_takes(reading->filter, event_type_by_name(type),
			     call_id ? call_id : ""))
		sse_text(page->text, db_text(row, 1), type, db_text(row, 4));
	page->more =
		++reading->rows == PAGE_ROWS || page->text->len >= PAGE_BYTES;

	return !page->more;
}

int sse_past_page(struct rest_store *store, struct sse_page *page,
		  const char *account_id, const struct sse_filter *filter,
		  int64_t until)
{
	static const char sql[] =
		"SELECT row, id, type, call_id, doc FROM event"
		" WHERE account_id = ?1 AND row > ?2 AND row <= ?3"
		" ORDER BY row LIMIT ?4";
	const struct db_value params[] = {DB_S(account_id), DB_I(page->row),
					  DB_I(until), DB_I(PAGE_ROWS)};
	struct reading reading = {.page = page, .filter = filter};

	page->more = false;

	return rest_store_read(store, sql, params, 4, on_row, &reading);
}
