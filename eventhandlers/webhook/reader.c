/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Follows the outbox: events after the cursor become deliveries */
#include <errno.h>

#include "common/event_list.h"
#include "common/id.h"
#include "common/str.h"
#include "host/log.h"
#include "webhook/courier_priv.h"
#include "webhook/filter.h"

enum {
	BATCH = 256,    /* events in one transaction */
	SAVE_MS = 5000, /* the cursor alone, when nothing is matched */
	SAVE_ROWS = 10000,
};

struct event {
	struct spool_event ev; /* its texts are its own */
};

/** An event for an endpoint */
struct match {
	const struct spool_event *ev;
	struct delivery *d;
	int64_t next_ms;
};

struct batch {
	GArray *events;  /* struct event */
	GArray *matches; /* struct match */
	int64_t now_ms;
	bool of_calls;
};

static void event_clear(void *arg)
{
	struct event *event = arg;

	g_free((char *)event->ev.id);
	g_free((char *)event->ev.type);
	g_free((char *)event->ev.account_id);
	g_free((char *)event->ev.call_id);
	g_free((char *)event->ev.resource_id);
}

static void on_event(void *arg, const struct spool_event *ev)
{
	struct batch *batch = arg;
	const struct event copy = {
		.ev =
			{
				.row = ev->row,
				.id = g_strdup(ev->id),
				.type = g_strdup(ev->type),
				.account_id = g_strdup(ev->account_id),
				.call_id = g_strdup(ev->call_id),
				.resource_id = g_strdup(ev->resource_id),
			},
	};

	batch->of_calls |= ev->call_id != NULL;
	g_array_append_val(batch->events, copy);
}

static void batch_open(struct batch *batch, int64_t now_ms)
{
	batch->events = g_array_new(FALSE, FALSE, sizeof(struct event));
	g_array_set_clear_func(batch->events, event_clear);
	batch->matches = g_array_new(FALSE, FALSE, sizeof(struct match));
	batch->now_ms = now_ms;
	batch->of_calls = false;
}

static void batch_close(struct batch *batch)
{
	unsigned i;

	for (i = 0; i < batch->matches->len; ++i)
		delivery_free(g_array_index(batch->matches, struct match, i).d);
	g_array_free(batch->matches, TRUE);
	g_array_free(batch->events, TRUE);
}

static bool is_for(const struct endpoint *ep, const struct spool_event *ev)
{
	/* a test is for the endpoint that is tested, whatever else it takes */
	if (event_type_by_name(ev->type) == EVENT_WEBHOOK_TEST)
		return str_eq(ev->resource_id, ep->id);

	return filter_takes(ep->filter, ev->type);
}

static void match_with(struct batch *batch, const struct spool_event *ev,
		       const GPtrArray *endpoints)
{
	unsigned i;

	for (i = 0; endpoints && i < endpoints->len; ++i) {
		struct endpoint *ep = endpoints->pdata[i];
		struct match match = {.ev = ev};
		char id[ID_SIZE];
		int64_t parked;

		if (!is_for(ep, ev))
			continue;

		id_new(id);
		match.d = delivery_new(id, ev->id, ev->call_id);
		match.d->ep = ep;
		match.d->event_row = ev->row;
		parked = lanes_parked_until(ep->lanes, ev->call_id);
		match.next_ms = MAX(batch->now_ms, parked);
		g_array_append_val(batch->matches, match);
	}
}

/* What was committed before an event is seen with it: read after the events */
static int match_all(struct courier *c, struct batch *batch, int64_t last)
{
	unsigned i;
	int err;

	err = book_refresh(c->book, c->spool, batch->now_ms);
	if (!err && batch->of_calls)
		err = book_load_calls(c->book, c->spool, c->row, last,
				      batch->now_ms);
	if (err)
		return err;

	for (i = 0; i < batch->events->len; ++i) {
		const struct spool_event *ev =
			&g_array_index(batch->events, struct event, i).ev;

		match_with(batch, ev, book_of_account(c->book, ev->account_id));
		match_with(batch, ev, book_of_call(c->book, ev->call_id));
	}

	return 0;
}

static int write_all(struct courier *c, const struct batch *batch, int64_t last)
{
	unsigned i;
	int err;

	err = spool_begin(c->spool);
	if (err)
		return err;

	for (i = 0; !err && i < batch->matches->len; ++i) {
		const struct match *match =
			&g_array_index(batch->matches, struct match, i);

		err = spool_add(c->spool, match->d, match->ev, batch->now_ms,
				match->next_ms);
	}
	if (!err)
		err = spool_set_cursor(c->spool, last);
	if (!err) {
		courier_step(c, COURIER_MATCHED);
		err = spool_commit(c->spool);
	}
	if (err)
		spool_rollback(c->spool);

	return err;
}

/* They are in the table: what may go at once goes through memory */
static void hand_over(struct courier *c, struct batch *batch)
{
	unsigned i;

	for (i = 0; i < batch->matches->len; ++i) {
		struct match *match =
			&g_array_index(batch->matches, struct match, i);
		struct delivery *d = match->d;

		match->d = NULL;
		if (!lanes_parked_until(d->ep->lanes, d->call_id)) {
			dispatch_add(c, d);
			continue;
		}
		/* behind others that waited: the table knows the order */
		if (match->next_ms <= batch->now_ms)
			dispatch_more(c, d->ep);
		delivery_free(d);
	}
	courier_count(c, COUNT_MATCHED, batch->matches->len);
}

static void moved_to(struct courier *c, int64_t row)
{
	if (c->row == c->saved_row)
		c->unsaved_ms = clock_mono_ms(clock_system());
	c->row = row;
	atomic_store(&c->stat_row, row);
}

static int read_cursor(struct courier *c)
{
	int err;

	if (c->has_cursor)
		return 0;

	err = spool_cursor(c->spool, &c->row);
	if (!err)
		err = spool_totals(c->spool, &c->totals);
	if (err)
		return err;

	c->has_cursor = true;
	c->saved_row = c->row;
	atomic_store(&c->stat_row, c->row);
	log_info("webhook: following the events of %s from row %lld", c->path,
		 (long long)c->row);

	return 0;
}

int reader_follow(struct courier *c, bool *morep)
{
	struct batch batch;
	int64_t last;
	int err;

	*morep = false;
	err = read_cursor(c);
	if (err)
		return err;

	batch_open(&batch, clock_wall_ms(c->clock));
	err = spool_events(c->spool, c->row, BATCH, on_event, &batch);
	if (err || !batch.events->len)
		goto out;
	courier_step(c, COURIER_READ);

	last = g_array_index(batch.events, struct event, batch.events->len - 1)
		       .ev.row;
	err = match_all(c, &batch, last);
	if (!err && batch.matches->len)
		err = write_all(c, &batch, last);
	if (err)
		goto out;

	/* who sees how far we are finds them counted */
	courier_count(c, COUNT_EVENTS, batch.events->len);
	moved_to(c, last);
	if (batch.matches->len) {
		c->saved_row = last;
		courier_step(c, COURIER_SPOOLED);
		hand_over(c, &batch);
	}
	*morep = batch.events->len == BATCH;
out:
	batch_close(&batch);

	return err;
}

/* A platform without endpoints is not to write for each event: what is read
 * twice after a crash matched nothing the first time
 */
int reader_save(struct courier *c, bool now)
{
	int err;

	if (!c->spool || c->row == c->saved_row)
		return 0;
	if (!now && c->row - c->saved_row < SAVE_ROWS &&
	    clock_mono_ms(clock_system()) - c->unsaved_ms < SAVE_MS)
		return 0;

	err = spool_begin(c->spool);
	if (err)
		return err;
	err = spool_set_cursor(c->spool, c->row);
	if (!err)
		err = spool_commit(c->spool);
	if (err)
		spool_rollback(c->spool);
	else
		c->saved_row = c->row;

	return err;
}
