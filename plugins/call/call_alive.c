/* SPDX-License-Identifier: GPL-3.0-or-later */

/* While calls are up, the time is written now and then: a call that a crash
 * ends was up until then at least, however quiet it was.
 */

#include <stdlib.h>

#include "call/call_priv.h"
#include "common/clock.h"
#include "host/db.h"

enum {
	ALIVE_MS = 5000
};

static const char write_sql[] =
	"INSERT INTO meta (key, value) VALUES ('alive:' || ?1, ?2)"
	" ON CONFLICT (key) DO UPDATE SET value = excluded.value";

static const char read_sql[] =
	"SELECT value FROM meta WHERE key = 'alive:' || ?1";

static void on_alive(void *arg)
{
	struct call_table *table = arg;
	struct store_tx *tx = store_tx_new();
	char text[24];

	(void)g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT,
			 clock_wall_ms(table->env.clock));
	STORE_ADD(tx, STORE_ANY, write_sql, DB_S(table->env.events->node_id),
		  DB_S(text));
	call_env_commit(&table->env, tx);
	call_alive_start(table);
}

void call_alive_start(struct call_table *table)
{
	timer_start(table->env.timers, &table->alive_timer, ALIVE_MS,
		    "call_alive", on_alive, table);
}

void call_alive_stop(struct call_table *table)
{
	timer_cancel(table->env.timers, &table->alive_timer);
}

static bool on_row(void *arg, const struct db_row *row)
{
	const char *text = db_text(row, 0);
	int64_t *ms = arg;

	*ms = text ? strtoll(text, NULL, 10) : 0;

	return false;
}

int64_t call_alive_read(const struct call_env *env, struct db *db)
{
	const struct db_value params[] = {DB_S(env->events->node_id)};
	int64_t ms = 0;

	/* without it the events tell */
	(void)db_read(db, read_sql, params, G_N_ELEMENTS(params), on_row, &ms);

	return ms;
}
