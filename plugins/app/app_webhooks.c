/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app_webhooks.h"

#include "host/db.h"

/* By the indexes delivery_pending and webhook_disabled, and by event's rows */
static const char waiting_sql[] =
	"SELECT (SELECT count(*) FROM delivery WHERE status = 'pending'),"
	" (SELECT min(next_at) FROM delivery WHERE status = 'pending'),"
	" (SELECT created_at FROM event WHERE row > (SELECT"
	" CAST(value AS INTEGER) FROM meta WHERE key = 'webhook_cursor')"
	" ORDER BY row LIMIT 1),"
	" (SELECT count(*) FROM webhook"
	" WHERE enabled = 0 AND call_id IS NULL)";

static const char totals_sql[] =
	"SELECT value FROM meta WHERE key = '" WEBHOOK_TOTALS_KEY "'";

struct reading {
	struct app_webhooks *figures;
	int64_t now_ms;
};

/* NULL and times to come: 0 */
static int64_t age(const struct db_row *row, unsigned col, int64_t now_ms)
{
	const int64_t then_ms = db_int(row, col);

	return then_ms && then_ms < now_ms ? now_ms - then_ms : 0;
}

static bool on_waiting(void *arg, const struct db_row *row)
{
	const struct reading *reading = arg;

	*reading->figures = (struct app_webhooks){
		.pending = db_int(row, 0),
		.due_age_ms = age(row, 1, reading->now_ms),
		.unread_age_ms = age(row, 2, reading->now_ms),
		.disabled = db_int(row, 3),
	};

	return false;
}

static bool on_totals(void *arg, const struct db_row *row)
{
	webhook_totals_read(arg, db_text(row, 0));

	return false;
}

int app_webhooks_read(struct app_webhooks *figures, struct db *db,
		      int64_t now_ms)
{
	struct reading reading = {figures, now_ms};
	int err;

	err = db_read(db, waiting_sql, NULL, 0, on_waiting, &reading);
	if (err)
		return err;

	/* there is none before the first attempt */
	return db_read(db, totals_sql, NULL, 0, on_totals, &figures->totals);
}
