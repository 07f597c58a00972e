/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/book.h"

#include <errno.h>

#include "common/str.h"

enum {
	TARGET_KEPT_MS = 10 * 60 * 1000, /* how it did is remembered so long */
};

struct book {
	const uint8_t *key;
	void (*gone)(void *arg, struct endpoint *ep);
	void *arg;

	char *generation; /* of what was read; NULL = nothing yet */
	unsigned reading;
	GHashTable *by_id;      /* id -> endpoint, which it owns not */
	GHashTable *by_account; /* id -> GPtrArray */
	GHashTable *by_call;    /* id -> GPtrArray */
	GHashTable *targets;    /* key -> target, owned */
	GPtrArray *fresh;       /* just made: what waits is to be read */
	GPtrArray *leaving;     /* out of the book, requests on the way */
};

static void target_free(void *arg)
{
	struct target *target = arg;

	g_free(target->key);
	g_free(target);
}

static void array_free(void *arg)
{
	g_ptr_array_free(arg, TRUE);
}

struct book *book_new(const struct book_params *prm)
{
	struct book *book = g_new0(struct book, 1);

	book->key = prm->key;
	book->gone = prm->gone;
	book->arg = prm->arg;
	book->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	book->by_account = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, array_free);
	book->by_call = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      array_free);
	book->targets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					      target_free);
	book->fresh = g_ptr_array_new();
	book->leaving = g_ptr_array_new();

	return book;
}

struct book *book_free(struct book *book)
{
	GHashTableIter iter;
	void *value;
	unsigned i;

	if (!book)
		return NULL;

	g_hash_table_iter_init(&iter, book->by_id);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		endpoint_free(value);
	for (i = 0; i < book->leaving->len; ++i)
		endpoint_free(book->leaving->pdata[i]);
	g_ptr_array_free(book->fresh, TRUE);
	g_ptr_array_free(book->leaving, TRUE);
	g_hash_table_destroy(book->by_id);
	g_hash_table_destroy(book->by_account);
	g_hash_table_destroy(book->by_call);
	g_hash_table_destroy(book->targets);
	g_free(book->generation);
	g_free(book);

	return NULL;
}

/* ---- Targets ---- */

static void set_target(struct book *book, struct endpoint *ep)
{
	char *key = g_strconcat(ep->account_id, " ", ep->url, NULL);
	struct target *target = g_hash_table_lookup(book->targets, key);

	if (!target) {
		target = g_new0(struct target, 1);
		target->key = key;
		g_hash_table_insert(book->targets, key, target);
	} else {
		g_free(key);
	}
	if (ep->target)
		--ep->target->refs;
	++target->refs;
	ep->target = target;
}

static void sweep_targets(struct book *book, int64_t mono_ms)
{
	GHashTableIter iter;
	void *value;

	g_hash_table_iter_init(&iter, book->targets);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct target *target = value;

		if (target->refs || target->running)
			target->idle_since_ms = mono_ms;
		else if (mono_ms - target->idle_since_ms > TARGET_KEPT_MS)
			g_hash_table_iter_remove(&iter);
	}
}

/* ---- Endpoints ---- */

static void list_under(GHashTable *table, const char *id, struct endpoint *ep)
{
	GPtrArray *list = g_hash_table_lookup(table, id);

	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(table, g_strdup(id), list);
	}
	g_ptr_array_add(list, ep);
}

static void unlist(GHashTable *table, const char *id, struct endpoint *ep)
{
	GPtrArray *list = g_hash_table_lookup(table, id);

	if (!list)
		return;
	g_ptr_array_remove(list, ep);
	if (!list->len)
		g_hash_table_remove(table, id);
}

static void take_out(struct book *book, struct endpoint *ep)
{
	g_hash_table_remove(book->by_id, ep->id);
	if (ep->call_id)
		unlist(book->by_call, ep->call_id, ep);
	else
		unlist(book->by_account, ep->account_id, ep);
	--ep->target->refs;
	ep->target = NULL;
}

static void on_row(void *arg, const struct endpoint_row *row)
{
	struct book *book = arg;
	struct endpoint *ep = g_hash_table_lookup(book->by_id, row->id);

	if (ep) {
		if (endpoint_update(ep, row, book->key))
			set_target(book, ep);
	} else {
		ep = endpoint_new(row, book->key);
		set_target(book, ep);
		g_hash_table_insert(book->by_id, ep->id, ep);
		if (ep->call_id)
			list_under(book->by_call, ep->call_id, ep);
		else
			list_under(book->by_account, ep->account_id, ep);
		g_ptr_array_add(book->fresh, ep);
	}
	ep->seen = book->reading;
}

static void on_parked(void *arg, const char *call_id, int64_t until_ms)
{
	const struct endpoint *ep = arg;

	lanes_park(ep->lanes, call_id, until_ms);
}

/* What an earlier life decided about those that are new to us */
static int settle(struct book *book, struct spool *spool, int64_t now_ms)
{
	int err = 0;

	while (!err && book->fresh->len) {
		struct endpoint *ep = book->fresh->pdata[book->fresh->len - 1];

		err = spool_parked(spool, ep->id, now_ms, on_parked, ep);
		if (!err)
			g_ptr_array_set_size(book->fresh,
					     (int)book->fresh->len - 1);
	}

	return err;
}

static void remove_unseen(struct book *book)
{
	GPtrArray *gone = g_ptr_array_new();
	GHashTableIter iter;
	void *value;
	unsigned i;

	g_hash_table_iter_init(&iter, book->by_id);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct endpoint *ep = value;

		if (!ep->call_id && ep->seen != book->reading)
			g_ptr_array_add(gone, value);
	}
	for (i = 0; i < gone->len; ++i)
		book_remove(book, gone->pdata[i]);
	g_ptr_array_free(gone, TRUE);
}

int book_refresh(struct book *book, struct spool *spool, int64_t now_ms)
{
	char *generation = NULL;
	int err;

	err = spool_generation(spool, &generation);
	if (err || str_eq(generation, book->generation))
		goto out;

	++book->reading;
	err = spool_endpoints(spool, on_row, book);
	if (err)
		goto out;

	remove_unseen(book);
	g_free(book->generation);
	book->generation = generation;
	generation = NULL;
out:
	g_free(generation);

	return err ? err : settle(book, spool, now_ms);
}

int book_load_calls(struct book *book, struct spool *spool, int64_t after,
		    int64_t until, int64_t now_ms)
{
	int err;

	err = spool_call_endpoints(spool, after, until, on_row, book);

	return err ? err : settle(book, spool, now_ms);
}

int book_load(struct book *book, struct spool *spool, const char *id,
	      int64_t now_ms, struct endpoint **epp)
{
	int err = 0;

	*epp = g_hash_table_lookup(book->by_id, id);
	if (*epp)
		return 0;

	err = spool_endpoint(spool, id, on_row, book);
	if (!err)
		err = settle(book, spool, now_ms);
	if (!err)
		*epp = g_hash_table_lookup(book->by_id, id);

	return err;
}

const GPtrArray *book_of_account(const struct book *book, const char *id)
{
	return g_hash_table_lookup(book->by_account, id);
}

const GPtrArray *book_of_call(const struct book *book, const char *id)
{
	return id ? g_hash_table_lookup(book->by_call, id) : NULL;
}

void book_remove(struct book *book, struct endpoint *ep)
{
	take_out(book, ep);
	g_ptr_array_remove_fast(book->fresh, ep);
	ep->is_gone = true;
	g_ptr_array_add(book->leaving, ep);
	book->gone(book->arg, ep);
}

static bool is_needed(const struct endpoint *ep)
{
	return !ep->call_id || ep->running || ep->is_active || ep->more ||
	       !lanes_is_idle(ep->lanes);
}

static void sweep_calls(struct book *book, int64_t wall_ms)
{
	GPtrArray *idle = g_ptr_array_new();
	GHashTableIter iter;
	void *value;
	unsigned i;

	g_hash_table_iter_init(&iter, book->by_id);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct endpoint *ep = value;

		if (!ep->more)
			lanes_unpark(ep->lanes, wall_ms);
		if (!is_needed(ep))
			g_ptr_array_add(idle, ep);
	}
	for (i = 0; i < idle->len; ++i) {
		take_out(book, idle->pdata[i]);
		endpoint_free(idle->pdata[i]);
	}
	g_ptr_array_free(idle, TRUE);
}

void book_sweep(struct book *book, int64_t wall_ms, int64_t mono_ms)
{
	unsigned i = 0;

	while (i < book->leaving->len) {
		struct endpoint *ep = book->leaving->pdata[i];

		if (ep->running || ep->is_active) {
			++i;
			continue;
		}
		g_ptr_array_remove_index_fast(book->leaving, i);
		endpoint_free(ep);
	}
	sweep_calls(book, wall_ms);
	sweep_targets(book, mono_ms);
}

void book_stats(const struct book *book, struct book_stats *stats)
{
	GHashTableIter iter;
	void *value;

	*stats = (struct book_stats){
		.endpoints = g_hash_table_size(book->by_id),
		.targets = g_hash_table_size(book->targets),
	};
	g_hash_table_iter_init(&iter, book->targets);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct target *target = value;

		stats->down += target->is_down;
	}
}
