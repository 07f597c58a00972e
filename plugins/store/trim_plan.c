/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/trim_plan.h"

#include <glib.h>
#include <jansson.h>

#include "common/json.h"
#include "common/str.h"
#include "store/trim.h"

/* Rows are found account by account, in the order they were made, up to the
 * first that is young enough: what is kept for ever costs nothing. The
 * statements that delete ask again what must stay: much may have happened
 * since the reading.
 */

enum {
	DAY_MS = 24 * 3600 * 1000
};

struct by_age {
	const char *next_account; /* ?1 the one before */
	const char *page;         /* ?1 account, ?2 after, ?3 limit */
	const char *remove;       /* ?1 account, ?2 after, ?3 last, ?4 before */
	bool is_by_row;           /* its key is a number */
};

/* whoever matches events has seen this row, or there is nobody to match for */
#define IS_MATCHED                                                             \
	"(NOT EXISTS (SELECT 1 FROM webhook) OR row <="                        \
	" (SELECT CAST(value AS INTEGER) FROM meta"                            \
	" WHERE key = 'webhook_cursor'))"

/* deliveries before events, events before the endpoints of their calls */
static const struct by_age by_age[] = {
	{
		.next_account = "SELECT min(account_id) FROM delivery"
				" WHERE account_id > ?1",
		.page = "SELECT id, created_at FROM delivery"
			" WHERE account_id = ?1 AND id > ?2"
			" ORDER BY id LIMIT ?3",
		/* what waits for an endpoint that is gone waits for nothing */
		.remove = "DELETE FROM delivery"
			  " WHERE account_id = ?1 AND id > ?2 AND id <= ?3"
			  " AND created_at < ?4 AND (status <> 'pending'"
			  " OR NOT EXISTS (SELECT 1 FROM webhook w"
			  " WHERE w.id = delivery.webhook_id))",
	},
	{
		.next_account = "SELECT min(account_id) FROM event"
				" WHERE account_id > ?1",
		.page = "SELECT row, created_at FROM event"
			" WHERE account_id = ?1 AND row > ?2"
			" AND " IS_MATCHED " ORDER BY row LIMIT ?3",
		.remove = "DELETE FROM event"
			  " WHERE account_id = ?1 AND row > ?2 AND row <= ?3"
			  " AND created_at < ?4 AND " IS_MATCHED
			  " AND NOT EXISTS (SELECT 1 FROM delivery d"
			  " WHERE d.event_row = event.row"
			  " AND d.status = 'pending')",
		.is_by_row = true,
	},
	{
		.next_account = "SELECT min(account_id) FROM webhook"
				" WHERE call_id IS NOT NULL"
				" AND account_id > ?1",
		.page = "SELECT id, created_at FROM webhook"
			" WHERE call_id IS NOT NULL AND account_id = ?1"
			" AND id > ?2 ORDER BY id LIMIT ?3",
		.remove = "DELETE FROM webhook"
			  " WHERE call_id IS NOT NULL AND account_id = ?1"
			  " AND id > ?2 AND id <= ?3 AND created_at < ?4"
			  " AND NOT EXISTS (SELECT 1 FROM event e"
			  " WHERE e.call_id = webhook.call_id)"
			  " AND NOT EXISTS (SELECT 1 FROM call c"
			  " WHERE c.id = webhook.call_id"
			  " AND c.status <> 'ended')",
	},
};

struct expiring {
	const char *any;    /* ?1 now */
	const char *remove; /* ?1 now, ?2 limit */
};

static const struct expiring expiring[] = {
	{
		"SELECT 1 FROM event_ticket WHERE expires_at <= ?1 LIMIT 1",
		"DELETE FROM event_ticket WHERE token_hash IN"
		" (SELECT token_hash FROM event_ticket"
		" WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
	},
	{
		"SELECT 1 FROM device_token WHERE expires_at <= ?1 LIMIT 1",
		"DELETE FROM device_token WHERE id IN"
		" (SELECT id FROM device_token"
		" WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
	},
	{
		"SELECT 1 FROM idempotency WHERE expires_at <= ?1 LIMIT 1",
		"DELETE FROM idempotency WHERE (account_id, key) IN"
		" (SELECT account_id, key FROM idempotency"
		" WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
	},
};

/* ---- accounts ---- */

static bool id_row(void *arg, const struct db_row *row)
{
	str_copy(arg, ID_SIZE, db_is_null(row, 0) ? "" : db_text(row, 0));

	return false;
}

struct retention {
	bool is_known; /* the account is still there */
	int64_t days;  /* 0 = for ever */
};

static bool account_row(void *arg, const struct db_row *row)
{
	struct retention *ret = arg;
	const char *text = db_text(row, 0);
	json_t *doc = json_loads(text ? text : "", 0, NULL);
	const json_t *days = json_object_get(json_object_get(doc, "retention"),
					     "events_days");

	ret->is_known = true;
	ret->days = TRIM_EVENTS_DAYS;
	if (json_is_null(days))
		ret->days = 0;
	else if (json_is_integer(days))
		ret->days = json_integer_value(days);
	json_decref(doc);

	return false;
}

/** The next account with rows in this table whose rows may go at all.
 * @return 0 with in_account false when there is none, or an error */
static int next_account(struct trim_plan *plan, const struct by_age *table,
			struct db *db, int64_t now_ms)
{
	static const char sql[] = "SELECT doc FROM account WHERE id = ?1";
	const struct db_value params[] = {DB_S(plan->account_id)};
	struct retention ret = {.is_known = false};
	char next[ID_SIZE] = "";
	int err;

	err = db_read(db, table->next_account, params, 1, id_row, next);
	if (err)
		return err;

	str_copy(plan->account_id, ID_SIZE, next);
	plan->in_account = *next != '\0';
	plan->id[0] = '\0';
	plan->row = 0;
	if (!plan->in_account)
		return 0;

	err = db_read(db, sql, params, 1, account_row, &ret);
	/* what a deleted account left has no reader */
	if (!ret.is_known)
		plan->before_ms = now_ms + 1;
	else
		plan->before_ms =
			ret.days ? now_ms - ret.days * DAY_MS : INT64_MIN;

	return err;
}

/* ---- pages ---- */

struct page {
	const struct trim_plan *plan;
	bool is_by_row;
	bool is_cut; /* a row is young enough: behind it are no older ones */
	unsigned count;
	char id[ID_SIZE];
	int64_t row;
};

static bool page_row(void *arg, const struct db_row *row)
{
	struct page *page = arg;

	if (db_int(row, 1) >= page->plan->before_ms) {
		page->is_cut = true;
		return false;
	}

	++page->count;
	if (page->is_by_row)
		page->row = db_int(row, 0);
	else
		str_copy(page->id, ID_SIZE, db_text(row, 0));

	return true;
}

static struct db_value key_of(bool is_by_row, const char *id, int64_t row)
{
	return is_by_row ? DB_I(row) : DB_S(id);
}

static int next_page(struct trim_plan *plan, const struct by_age *table,
		     struct db *db, struct store_tx **txp)
{
	struct page page = {.plan = plan, .is_by_row = table->is_by_row};
	const struct db_value after =
		key_of(table->is_by_row, plan->id, plan->row);
	const struct db_value params[] = {DB_S(plan->account_id), after,
					  DB_I(TRIM_CHUNK)};
	int err;

	err = db_read(db, table->page, params, G_N_ELEMENTS(params), page_row,
		      &page);
	if (err)
		return err;

	if (page.count) {
		*txp = store_tx_new();
		STORE_ADD(*txp, STORE_ANY, table->remove,
			  DB_S(plan->account_id), after,
			  key_of(table->is_by_row, page.id, page.row),
			  DB_I(plan->before_ms));
		str_copy(plan->id, ID_SIZE, page.id);
		plan->row = page.row;
	}
	plan->in_account = page.count == TRIM_CHUNK && !page.is_cut;

	return 0;
}

/** One table, until there is something to delete or no account is left */
static int next_by_age(struct trim_plan *plan, const struct by_age *table,
		       struct db *db, int64_t now_ms, struct store_tx **txp)
{
	int err = 0;

	while (!err && !*txp) {
		if (!plan->in_account)
			err = next_account(plan, table, db, now_ms);
		if (err || !plan->in_account)
			break;
		err = next_page(plan, table, db, txp);
	}

	return err;
}

static bool any_row(void *arg, const struct db_row *row)
{
	*(bool *)arg = true;

	return false;
}

static int next_expired(const struct expiring *table, struct db *db,
			int64_t now_ms, struct store_tx **txp)
{
	const struct db_value params[] = {DB_I(now_ms)};
	bool any = false;
	const int err = db_read(db, table->any, params, 1, any_row, &any);

	if (err || !any)
		return err;

	*txp = store_tx_new();
	STORE_ADD(*txp, STORE_ANY, table->remove, DB_I(now_ms),
		  DB_I(TRIM_CHUNK));

	return 0;
}

int trim_plan_next(struct trim_plan *plan, struct db *db, int64_t now_ms,
		   struct store_tx **txp)
{
	const unsigned n = G_N_ELEMENTS(by_age);
	int err = 0;

	*txp = NULL;
	while (plan->step < n + G_N_ELEMENTS(expiring)) {
		if (plan->step < n)
			err = next_by_age(plan, &by_age[plan->step], db, now_ms,
					  txp);
		else
			err = next_expired(&expiring[plan->step - n], db,
					   now_ms, txp);
		if (err || *txp)
			break;
		++plan->step;
		plan->account_id[0] = '\0';
	}

	return err;
}
