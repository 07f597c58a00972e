/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sent next, and to whom: each endpoint has a bounded queue in memory,
 * filled from the table as room comes; they take turns
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "host/log.h"
#include "webhook/courier_priv.h"

enum {
	ROOM = 128,        /* deliveries in memory, of an endpoint */
	LOW = 32,          /* then they are filled up */
	KNOWN_MAX = 50000, /* deliveries in memory, in all */
	SCAN_MAX = 200,    /* endpoints looked at in one turn */
	CANCEL_MAX = 500,  /* deliveries in one transaction */
	HEADER_MAX = 512,
};

void dispatch_open(struct courier *c)
{
	/* an id is its delivery's own text */
	c->known = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&c->active);
	g_queue_init(&c->canceling);
}

void dispatch_close(struct courier *c)
{
	g_queue_clear(&c->active);
	g_queue_clear_full(&c->canceling, g_free);
	g_hash_table_destroy(c->known);
	g_free(c->scanned);
}

void dispatch_forget(struct courier *c, struct delivery *d)
{
	g_hash_table_remove(c->known, d->id);
	delivery_free(d);
}

void dispatch_activate(struct courier *c, struct endpoint *ep)
{
	if (ep->is_active || ep->is_gone)
		return;

	ep->is_active = true;
	g_queue_push_tail(&c->active, ep);
}

void dispatch_more(struct courier *c, struct endpoint *ep)
{
	ep->more = true;
	dispatch_activate(c, ep);
}

static void put_in(struct courier *c, struct endpoint *ep, struct delivery *d)
{
	d->ep = ep;
	g_hash_table_add(c->known, d->id);
	lanes_push(ep->lanes, d);
	dispatch_activate(c, ep);
}

static bool has_room(const struct courier *c, const struct endpoint *ep)
{
	return lanes_count(ep->lanes) < ROOM &&
	       g_hash_table_size(c->known) < KNOWN_MAX;
}

void dispatch_add(struct courier *c, struct delivery *d)
{
	struct endpoint *ep = d->ep;

	/* what waits in the table goes first */
	if (!ep->more && !ep->is_gone && has_room(c, ep)) {
		put_in(c, ep, d);
		return;
	}
	dispatch_more(c, ep);
	delivery_free(d);
}

void dispatch_gone(void *arg, struct endpoint *ep)
{
	struct courier *c = arg;
	struct delivery *d = lanes_take_all(ep->lanes);

	while (d) {
		struct delivery *next = d->next;

		dispatch_forget(c, d);
		d = next;
	}
	g_queue_push_tail(&c->canceling, g_strdup(ep->id));
}

/* ---- From the table ---- */

struct fill {
	struct courier *c;
	struct endpoint *ep;
	unsigned rows;
};

static void on_due(void *arg, struct delivery *d)
{
	struct fill *fill = arg;

	++fill->rows;
	if (g_hash_table_contains(fill->c->known, d->id))
		delivery_free(d);
	else
		put_in(fill->c, fill->ep, d);
}

static int fill_up(struct courier *c, struct endpoint *ep)
{
	struct fill fill = {.c = c, .ep = ep};
	const int64_t now_ms = clock_wall_ms(c->clock);
	unsigned max;
	int err;

	/* what was sent and is not recorded would come again */
	err = outcome_record(c, true);
	if (err)
		return err;

	max = ROOM + lanes_count(ep->lanes) + ep->running;
	err = spool_due(c->spool, ep->id, now_ms, max, on_due, &fill);
	if (err)
		return err;

	ep->more = fill.rows == max;
	if (!ep->more)
		lanes_unpark(ep->lanes, now_ms);

	return 0;
}

static void cancel_later(struct courier *c, const char *id)
{
	if (!g_queue_find_custom(&c->canceling, id, (GCompareFunc)strcmp))
		g_queue_push_tail(&c->canceling, g_strdup(id));
}

/** Look at the endpoint after `scanned`. @return false after the last one */
static int scan_one(struct courier *c, bool *morep)
{
	struct endpoint *ep = NULL;
	int64_t next_at = 0;
	char *id = NULL;
	int err;

	err = spool_next_pending(c->spool, c->scanned, &id, &next_at);
	*morep = id != NULL;
	if (err || !id)
		return err;

	g_free(c->scanned);
	c->scanned = id;
	err = book_load(c->book, c->spool, id, clock_wall_ms(c->clock), &ep);
	if (err)
		return err;
	if (!ep)
		cancel_later(c, id);
	else if (next_at <= clock_wall_ms(c->clock))
		dispatch_more(c, ep);

	return 0;
}

int dispatch_scan(struct courier *c)
{
	bool more = true;
	int i, err = 0;

	if (!c->scanned) {
		if (!c->want_scan)
			return 0;
		c->want_scan = false;
		c->scanned = g_strdup("");
		c->scan_ms = clock_wall_ms(c->clock);
	}

	for (i = 0; i < SCAN_MAX && more && !err; ++i)
		err = scan_one(c, &more);
	if (!more || err) {
		g_free(c->scanned);
		c->scanned = NULL;
	}

	return err;
}

int dispatch_cancel(struct courier *c)
{
	const char *id = g_queue_peek_head(&c->canceling);
	struct webhook_totals totals = c->totals;
	unsigned n = 0;
	int err;

	if (!id)
		return 0;

	err = spool_begin(c->spool);
	if (err)
		return err;
	err = spool_cancel(c->spool, id, clock_wall_ms(c->clock), CANCEL_MAX,
			   &n);
	totals.canceled += n;
	if (!err && n)
		err = spool_set_totals(c->spool, &totals);
	if (!err)
		err = spool_commit(c->spool);
	if (err) {
		spool_rollback(c->spool);
		return err;
	}

	c->totals = totals;
	courier_count(c, COUNT_CANCELED, n);
	if (n < CANCEL_MAX)
		g_free(g_queue_pop_head(&c->canceling));

	return 0;
}

/* ---- Out ---- */

static int start(struct courier *c, struct delivery *d, char *body)
{
	struct endpoint *ep = d->ep;
	struct flight *flight = g_new0(struct flight, 1);
	const int64_t now_ms = clock_wall_ms(c->clock);
	const struct webhook_message msg = {
		.id = d->event_id,
		.timestamp_s = now_ms / 1000,
		.body = body,
		.body_len = strlen(body),
	};
	char *signature = endpoint_sign(ep, &msg, now_ms);
	char id[HEADER_MAX], at[HEADER_MAX];
	char *sign = g_strconcat("webhook-signature: ", signature, NULL);
	const char *const headers[] = {"Content-Type: application/json",
				       "Expect:",
				       id,
				       at,
				       sign,
				       NULL};
	const struct send_params prm = {
		.url = ep->url,
		.headers = headers,
		.body = body,
		.body_len = msg.body_len,
		.arg = flight,
	};
	int err;

	(void)g_snprintf(id, sizeof(id), "webhook-id: %s", d->event_id);
	(void)g_snprintf(at, sizeof(at), "webhook-timestamp: %lld",
			 (long long)msg.timestamp_s);
	flight->d = d;
	flight->target = ep->target;
	flight->at_ms = now_ms;
	courier_step(c, COURIER_SENDING);
	err = sender_start(c->sender, &prm);
	if (err) {
		g_free(flight);
	} else {
		++ep->running;
		flight->was_slow = target_started(
			ep->target, &c->places, clock_mono_ms(clock_system()));
	}
	g_free(sign);
	g_free(signature);

	return err;
}

/** The next of an endpoint. @return 0, or an error of the spool */
static int send_next(struct courier *c, struct endpoint *ep)
{
	struct delivery *d = lanes_pop(ep->lanes);
	char *body = NULL;
	int err;

	err = spool_document(c->spool, d->event_row, &body);
	if (err == ENOENT) {
		outcome_untried(c, d, "the event is not stored any more");
		return 0;
	}
	if (err) {
		/* it is in the table still */
		lanes_done(ep->lanes, d);
		dispatch_forget(c, d);
		dispatch_more(c, ep);
		return err;
	}
	if (!ep->secret) {
		g_free(body);
		outcome_untried(c, d, "its secret cannot be opened");
		return 0;
	}
	if (start(c, d, body))
		outcome_untried(c, d, "the URL cannot be used");

	return 0;
}

/** One endpoint's turn. @return Was anything sent? */
static bool take_turn(struct courier *c, struct endpoint *ep, int64_t *waitp,
		      int *errp)
{
	if (ep->wants_no_more)
		return false;
	if (ep->more && lanes_count(ep->lanes) <= LOW &&
	    g_hash_table_size(c->known) < KNOWN_MAX)
		*errp = fill_up(c, ep);
	if (*errp || !lanes_has_ready(ep->lanes) || outcome_is_full(c) ||
	    !target_may_start(ep->target, &c->places,
			      clock_mono_ms(clock_system()), waitp))
		return false;

	*errp = send_next(c, ep);

	return true;
}

/* Those that wait keep their places before those that were served, or one
 * place that all share would always go to the same
 */
static bool take_turns(struct courier *c, int64_t *waitp, int *errp)
{
	GQueue waiting = G_QUEUE_INIT, served = G_QUEUE_INIT;
	unsigned left = g_queue_get_length(&c->active);
	struct endpoint *ep;
	bool sent, any = false;

	while (left-- && !*errp && c->places.running < c->places.max) {
		ep = g_queue_pop_head(&c->active);
		sent = !ep->is_gone && take_turn(c, ep, waitp, errp);
		any |= sent;
		ep->is_active = !ep->is_gone &&
				(ep->more || lanes_has_ready(ep->lanes));
		if (ep->is_active)
			g_queue_push_tail(sent ? &served : &waiting, ep);
	}
	while ((ep = g_queue_pop_tail(&waiting)))
		g_queue_push_head(&c->active, ep);
	while ((ep = g_queue_pop_head(&served)))
		g_queue_push_tail(&c->active, ep);

	return any;
}

int dispatch_send(struct courier *c, int64_t *waitp)
{
	int err = 0;

	while (take_turns(c, waitp, &err) && !err)
		continue;

	return err;
}
