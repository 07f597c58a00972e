/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "store/backend.h"

#include <errno.h>
#include <string.h>

struct store_tx *store_tx_new(void)
{
	struct store_tx *tx = g_new0(struct store_tx, 1);

	tx->stmts =
		g_array_sized_new(FALSE, FALSE, sizeof(struct store_stmt), 4);
	tx->values =
		g_array_sized_new(FALSE, FALSE, sizeof(struct db_value), 32);
	tx->text = g_string_sized_new(2048);

	return tx;
}

void store_tx_free(struct store_tx *tx)
{
	if (!tx)
		return;

	g_array_free(tx->stmts, TRUE);
	g_array_free(tx->values, TRUE);
	g_string_free(tx->text, TRUE);
	g_free(tx);
}

void store_tx_add(struct store_tx *tx, enum store_expect expect,
		  const char *sql, const struct db_value *params,
		  size_t nparams)
{
	const struct store_stmt stmt = {
		.sql = sql,
		.expect = expect,
		.first = tx->values->len,
		.nparams = (guint)nparams,
	};
	struct db_value value;
	size_t i;

	for (i = 0; i < nparams; ++i) {
		value = params[i];
		if (value.type == DB_TEXT && !value.s)
			value = DB_N;

		/* the text moves while it grows: keep an offset */
		if (value.type == DB_TEXT) {
			value.i = (int64_t)tx->text->len;
			g_string_append_len(tx->text, value.s,
					    (gssize)strlen(value.s) + 1);
			value.s = NULL;
		}
		g_array_append_val(tx->values, value);
	}

	g_array_append_val(tx->stmts, stmt);
}

void store_tx_has_event(struct store_tx *tx)
{
	tx->has_event = true;
}

static void resolve(struct store_tx *tx)
{
	struct db_value *value;
	guint i;

	for (i = 0; i < tx->values->len; ++i) {
		value = &g_array_index(tx->values, struct db_value, i);
		if (value->type == DB_TEXT)
			value->s = tx->text->str + value->i;
	}
}

int store_tx_run(struct store_tx *tx, const struct store_backend *backend,
		 void *conn)
{
	const struct store_stmt *stmt;
	const struct db_value *params;
	int64_t changed = 0;
	guint i;

	resolve(tx);
	tx->why[0] = '\0';

	for (i = 0; i < tx->stmts->len; ++i) {
		stmt = &g_array_index(tx->stmts, struct store_stmt, i);
		params = &g_array_index(tx->values, struct db_value, 0) +
			 stmt->first;

		tx->err = backend->run(conn, stmt->sql, params, stmt->nparams,
				       &changed, tx->why);
		if (!tx->err && stmt->expect == STORE_ONE_ROW && changed != 1)
			tx->err = ENOENT;
		if (tx->err)
			return tx->err;
	}

	return tx->err = 0;
}
