/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/cors.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "common/json.h"
#include "rest/answer.h"
#include "rest/request.h"
#include "rest/store.h"

enum {
	KEEP_MS = 3000,
	ORIGIN_MAX = 512,
};

struct rest_cors {
	/* set before start, then read-only */
	struct rest_store *store;
	const struct clock *clk;

	pthread_mutex_t mtx;
	/* under mtx */
	GHashTable *origins; /* origin -> set of account ids */
	int64_t read_ms;     /* when they were read */
	bool was_read, reading;
};

static GHashTable *table_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				     (GDestroyNotify)g_hash_table_destroy);
}

struct rest_cors *rest_cors_new(struct rest_store *store,
				const struct clock *clk)
{
	struct rest_cors *cors = g_new0(struct rest_cors, 1);

	cors->store = store;
	cors->clk = clk;
	cors->origins = table_new();
	pthread_mutex_init(&cors->mtx, NULL);

	return cors;
}

void rest_cors_free(struct rest_cors *cors)
{
	if (!cors)
		return;

	g_hash_table_destroy(cors->origins);
	pthread_mutex_destroy(&cors->mtx);
	g_free(cors);
}

static void add(GHashTable *origins, const char *origin, const char *account)
{
	char *name = g_ascii_strdown(origin, -1);
	GHashTable *accounts = g_hash_table_lookup(origins, name);

	if (!accounts) {
		accounts = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL);
		g_hash_table_insert(origins, g_strdup(name), accounts);
	}
	g_hash_table_add(accounts, g_strdup(account));
	g_free(name);
}

static bool on_account(void *arg, const struct db_row *row)
{
	const char *account = db_text(row, 0), *text = db_text(row, 1);
	json_t *doc = json_loads(text, 0, NULL), *item;
	size_t i;

	json_array_foreach(json_object_get(doc, "allowed_origins"), i, item)
	{
		if (json_is_string(item))
			add(arg, json_string_value(item), account);
	}
	json_decref(doc);

	return true;
}

static bool is_due(struct rest_cors *cors, int64_t now)
{
	return !cors->was_read || now - cors->read_ms >= KEEP_MS;
}

/* The lists that are there serve the others meanwhile; the first time there
 * are none, and whoever comes reads them too. With the lock held, given up
 * while it reads. */
static void refresh(struct rest_cors *cors)
{
	/* the lists that are empty are not worth parsing */
	static const char sql[] =
		"SELECT id, doc FROM account WHERE status = 'active'"
		" AND doc NOT LIKE '%\"allowed_origins\":[]%'";
	const int64_t now = clock_mono_ms(cors->clk);
	GHashTable *fresh, *old;
	int err;

	if (!is_due(cors, now) || (cors->was_read && cors->reading))
		return;

	cors->reading = true;
	pthread_mutex_unlock(&cors->mtx);
	fresh = table_new();
	err = rest_store_read(cors->store, sql, NULL, 0, on_account, fresh);
	pthread_mutex_lock(&cors->mtx);

	cors->reading = false;
	cors->read_ms = now;
	old = fresh;
	if (!err) {
		old = cors->origins;
		cors->origins = fresh;
		cors->was_read = true;
	}
	g_hash_table_destroy(old);
}

bool rest_cors_allows(struct rest_cors *cors, const char *origin,
		      const char *account_id)
{
	GHashTable *accounts;
	char *name;
	bool allowed;

	if (strlen(origin) > ORIGIN_MAX)
		return false;

	name = g_ascii_strdown(origin, -1);
	pthread_mutex_lock(&cors->mtx);
	refresh(cors);
	accounts = g_hash_table_lookup(cors->origins, name);
	allowed = accounts &&
		  (!account_id || g_hash_table_contains(accounts, account_id));
	pthread_mutex_unlock(&cors->mtx);
	g_free(name);

	return allowed;
}

void rest_cors_share(struct rest_cors *cors, struct rest_answer *ans,
		     const char *origin, const struct rest_auth *auth)
{
	const char *account = auth->known ? auth->account_id : NULL;

	ans->has_origin = true;
	ans->origin = rest_cors_allows(cors, origin, account) ? origin : NULL;
}
