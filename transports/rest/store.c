/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/store.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "common/obj.h"
#include "host/log.h"

struct rest_store {
	/* set before start, then read-only */
	char *path;
	unsigned connections;

	pthread_mutex_t mtx; /* of db */
	struct db *db;       /* NULL until the first read */

	/* any thread */
	struct log_limit complaints;
};

struct rest_store *rest_store_new(const char *path, unsigned connections)
{
	struct rest_store *store = g_new0(struct rest_store, 1);

	store->path = g_strdup(path);
	store->connections = connections;
	pthread_mutex_init(&store->mtx, NULL);

	return store;
}

struct rest_store *rest_store_free(struct rest_store *store)
{
	if (!store)
		return NULL;

	obj_unref(store->db);
	pthread_mutex_destroy(&store->mtx);
	g_free(store->path);
	g_free(store);

	return NULL;
}

static int open_db(struct rest_store *store, struct db **dbp)
{
	int err = 0;

	pthread_mutex_lock(&store->mtx);
	if (!store->db)
		err = db_open(&store->db, store->path, store->connections);
	*dbp = store->db;
	pthread_mutex_unlock(&store->mtx);

	return err;
}

int rest_store_read(struct rest_store *store, const char *sql,
		    const struct db_value *params, size_t nparams,
		    db_row_h *row, void *arg)
{
	struct db *db = NULL;
	unsigned dropped;
	int err;

	err = open_db(store, &db);
	if (!err)
		err = db_read(db, sql, params, nparams, row, arg);
	if (err && log_limit_pass(&store->complaints, 1, &dropped))
		log_error("rest: cannot read the store %s: %s", store->path,
			  strerror(err));

	return err;
}
