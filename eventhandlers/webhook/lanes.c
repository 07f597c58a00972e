/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/lanes.h"

#include <glib.h>

struct list {
	struct delivery *head, *tail;
};

struct lane {
	char *call_id;
	struct list waiting;
	bool busy;               /* one is ready or on the way */
	int64_t parked_until_ms; /* 0 = not */
};

struct lanes {
	struct list ready;
	unsigned count; /* ready and waiting */
	GHashTable *by_call;
};

static void list_add(struct list *list, struct delivery *d)
{
	d->next = NULL;
	if (list->tail)
		list->tail->next = d;
	else
		list->head = d;
	list->tail = d;
}

static struct delivery *list_take(struct list *list)
{
	struct delivery *d = list->head;

	if (d) {
		list->head = d->next;
		if (!list->head)
			list->tail = NULL;
		d->next = NULL;
	}

	return d;
}

static struct delivery *list_take_all(struct list *list)
{
	struct delivery *head = list->head;

	list->head = list->tail = NULL;

	return head;
}

static unsigned list_length(const struct delivery *d)
{
	unsigned n = 0;

	for (; d; d = d->next)
		++n;

	return n;
}

static void free_all(struct delivery *d)
{
	while (d) {
		struct delivery *next = d->next;

		delivery_free(d);
		d = next;
	}
}

static void lane_free(void *arg)
{
	struct lane *lane = arg;

	free_all(list_take_all(&lane->waiting));
	g_free(lane->call_id);
	g_free(lane);
}

static bool lane_is_idle(const struct lane *lane)
{
	return !lane->busy && !lane->waiting.head && !lane->parked_until_ms;
}

static struct lane *lane_find(const struct lanes *lanes, const char *call_id)
{
	return call_id ? g_hash_table_lookup(lanes->by_call, call_id) : NULL;
}

static struct lane *lane_get(struct lanes *lanes, const char *call_id)
{
	struct lane *lane = lane_find(lanes, call_id);

	if (!lane) {
		lane = g_new0(struct lane, 1);
		lane->call_id = g_strdup(call_id);
		g_hash_table_insert(lanes->by_call, lane->call_id, lane);
	}

	return lane;
}

/* The next one of the lane, if there is one, may be sent */
static void lane_go_on(struct lanes *lanes, struct lane *lane)
{
	struct delivery *d = list_take(&lane->waiting);

	lane->busy = d != NULL;
	if (d)
		list_add(&lanes->ready, d);
	else if (lane_is_idle(lane))
		g_hash_table_remove(lanes->by_call, lane->call_id);
}

struct lanes *lanes_new(void)
{
	struct lanes *lanes = g_new0(struct lanes, 1);

	lanes->by_call =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lane_free);

	return lanes;
}

struct lanes *lanes_free(struct lanes *lanes)
{
	if (lanes) {
		free_all(list_take_all(&lanes->ready));
		g_hash_table_destroy(lanes->by_call);
		g_free(lanes);
	}

	return NULL;
}

void lanes_push(struct lanes *lanes, struct delivery *d)
{
	struct lane *lane = NULL;

	++lanes->count;
	if (d->call_id)
		lane = lane_get(lanes, d->call_id);

	if (lane && lane->busy) {
		list_add(&lane->waiting, d);
		return;
	}
	if (lane)
		lane->busy = true;
	list_add(&lanes->ready, d);
}

struct delivery *lanes_pop(struct lanes *lanes)
{
	struct delivery *d = list_take(&lanes->ready);

	if (d)
		--lanes->count;

	return d;
}

void lanes_done(struct lanes *lanes, const struct delivery *d)
{
	struct lane *lane = lane_find(lanes, d->call_id);

	if (lane)
		lane_go_on(lanes, lane);
}

int64_t lanes_failed(struct lanes *lanes, const struct delivery *d,
		     int64_t now_ms, int64_t age_ms, int64_t next_ms,
		     struct delivery **outp)
{
	struct lane *lane = lane_find(lanes, d->call_id);
	int64_t until;

	*outp = NULL;
	if (!lane)
		return 0;

	until = MIN(next_ms, now_ms - age_ms + LANES_HOLD_MS);
	if (until <= now_ms) {
		lane_go_on(lanes, lane);
		return 0;
	}

	*outp = list_take_all(&lane->waiting);
	lanes->count -= list_length(*outp);
	lane->parked_until_ms = until;
	lane->busy = false;

	return until;
}

void lanes_park(struct lanes *lanes, const char *call_id, int64_t until_ms)
{
	lane_get(lanes, call_id)->parked_until_ms = until_ms;
}

int64_t lanes_parked_until(const struct lanes *lanes, const char *call_id)
{
	const struct lane *lane = lane_find(lanes, call_id);

	return lane ? lane->parked_until_ms : 0;
}

void lanes_unpark(struct lanes *lanes, int64_t now_ms)
{
	GHashTableIter iter;
	void *value;

	g_hash_table_iter_init(&iter, lanes->by_call);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct lane *lane = value;

		if (lane->parked_until_ms <= now_ms)
			lane->parked_until_ms = 0;
		if (lane_is_idle(lane))
			g_hash_table_iter_remove(&iter);
	}
}

bool lanes_has_ready(const struct lanes *lanes)
{
	return lanes->ready.head != NULL;
}

unsigned lanes_count(const struct lanes *lanes)
{
	return lanes->count;
}

bool lanes_is_idle(const struct lanes *lanes)
{
	return !lanes->count && !g_hash_table_size(lanes->by_call);
}

struct delivery *lanes_take_all(struct lanes *lanes)
{
	struct list out = {list_take_all(&lanes->ready), NULL};
	GHashTableIter iter;
	void *value;

	for (out.tail = out.head; out.tail && out.tail->next;)
		out.tail = out.tail->next;

	g_hash_table_iter_init(&iter, lanes->by_call);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct lane *lane = value;
		struct delivery *d;

		while ((d = list_take(&lane->waiting)))
			list_add(&out, d);
	}
	lanes->count = 0;

	return out.head;
}
