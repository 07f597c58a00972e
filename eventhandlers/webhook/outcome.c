/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What came of requests: the next attempt or the end, written in batches */
#include <errno.h>
#include <stdlib.h>

#include "common/http_head.h"
#include "common/json.h"
#include "common/secret.h"
#include "common/str.h"
#include "host/log.h"
#include "webhook/courier_priv.h"

enum {
	RECORD_MS = 20,      /* those that end meanwhile share a transaction */
	RECORD_MAX = 256,    /* or so many */
	OUTCOMES_MAX = 2048, /* the store does not take them: send no more */
};

struct outcome {
	struct delivery *d;
	const char *status;
	unsigned attempts;
	int64_t now_ms, next_ms;
	int64_t held_until_ms; /* the call's later ones; 0 = not held */
	bool gone;             /* 410 */
	char *entry;           /* JSON, free() */
};

static char *entry_of(int64_t at_ms, const struct send_result *result)
{
	const bool answered = result->status != 0;
	const char *error = result->error;
	json_t *entry = json_object();
	char *text;

	if (result->status >= 300 && result->status <= 399)
		error = "redirect: it is not followed";
	json_set_time(entry, "at", at_ms);
	json_object_set_new(entry, "status_code",
			    answered ? json_integer(result->status)
				     : json_null());
	json_object_set_new(entry, "latency_ms",
			    json_integer(result->latency_ms));
	json_set_str(entry, "error", error);
	text = json_text(entry);
	json_decref(entry);

	return text;
}

static void forget_all(struct courier *c, struct delivery *d)
{
	while (d) {
		struct delivery *next = d->next;

		dispatch_forget(c, d);
		d = next;
	}
}

static uint32_t random_bits(void)
{
	uint32_t n;

	secret_random(&n, sizeof(n));

	return n;
}

static void try_again(struct courier *c, struct outcome *out,
		      const struct send_result *result)
{
	struct lanes *lanes = out->d->ep->lanes;
	struct delivery *waited = NULL;
	int64_t delay_ms;

	delay_ms = retry_delay_ms(
		&c->retries, out->attempts,
		http_retry_after_s(result->retry_after, out->now_ms / 1000),
		random_bits());
	if (delay_ms < 0) {
		out->status = "failed";
		courier_count(c, COUNT_FAILED, 1);
		lanes_done(lanes, out->d);
		return;
	}

	out->status = "pending";
	out->next_ms = out->now_ms + delay_ms;
	courier_count(c, COUNT_RETRIED, 1);
	out->held_until_ms =
		lanes_failed(lanes, out->d, out->now_ms,
			     retry_age_ms(&c->retries, out->attempts),
			     out->next_ms, &waited);
	forget_all(c, waited);
}

static void conclude(struct courier *c, struct delivery *d, int64_t at_ms,
		     const struct send_result *result)
{
	struct outcome *out = g_new0(struct outcome, 1);

	out->d = d;
	out->attempts = d->attempts + 1;
	out->now_ms = clock_wall_ms(c->clock);
	out->entry = entry_of(at_ms, result);
	switch (retry_judge(result->status)) {
	case RETRY_DELIVERED:
		out->status = "delivered";
		courier_count(c, COUNT_DELIVERED, 1);
		lanes_done(d->ep->lanes, d);
		break;
	case RETRY_GONE:
		out->status = "failed";
		out->gone = true;
		d->ep->wants_no_more = true;
		courier_count(c, COUNT_FAILED, 1);
		lanes_done(d->ep->lanes, d);
		break;
	case RETRY_AGAIN:
		try_again(c, out, result);
		break;
	}
	g_ptr_array_add(c->outcomes, out);

	if (lanes_has_ready(d->ep->lanes))
		dispatch_activate(c, d->ep);
}

static void tell(const struct endpoint *ep, enum target_news news,
		 const struct send_result *result)
{
	char status[32];

	switch (news) {
	case TARGET_AS_BEFORE:
		break;
	case TARGET_WENT_DOWN:
		(void)g_snprintf(status, sizeof(status), "status %d",
				 result->status);
		log_warn("webhook %s: %s does not take events (%s): they wait",
			 ep->id, ep->host,
			 result->error ? result->error : status);
		break;
	case TARGET_CAME_BACK:
		log_info("webhook %s: %s takes events again", ep->id, ep->host);
		break;
	}
}

void outcome_done(void *arg, const struct send_result *result)
{
	struct courier *c = arg;
	struct flight *flight = result->arg;
	struct endpoint *ep = flight->d->ep;
	const struct target_end end = {
		.was_slow = flight->was_slow,
		.answered = result->status != 0,
		.delivered = retry_judge(result->status) == RETRY_DELIVERED,
		.latency_ms = result->latency_ms,
	};

	--ep->running;
	if (result->dropped) {
		target_dropped(flight->target, &c->places, flight->was_slow);
		/* pending in the store, where it is found again */
		dispatch_forget(c, flight->d);
		g_free(flight);
		return;
	}

	courier_step(c, COURIER_ANSWERED);
	courier_count(c, COUNT_LATENCY_MS, (uint64_t)result->latency_ms);
	tell(ep, target_ended(flight->target, &c->places, &end), result);
	conclude(c, flight->d, flight->at_ms, result);
	g_free(flight);
}

void outcome_untried(struct courier *c, struct delivery *d, const char *why)
{
	const struct send_result result = {.error = why};

	conclude(c, d, clock_wall_ms(c->clock), &result);
}

bool outcome_is_full(const struct courier *c)
{
	return c->outcomes->len >= OUTCOMES_MAX;
}

static void outcome_free(struct courier *c, struct outcome *out)
{
	dispatch_forget(c, out->d);
	free(out->entry);
	g_free(out);
}

void outcome_close(struct courier *c)
{
	unsigned i;

	for (i = 0; i < c->outcomes->len; ++i)
		outcome_free(c, c->outcomes->pdata[i]);
	g_ptr_array_free(c->outcomes, TRUE);
}

/* The node that told the event says this too */
static int disable(struct courier *c, const struct outcome *out)
{
	json_t *event = NULL;
	char *text = NULL;
	int err;

	err = spool_document(c->spool, out->d->event_row, &text);
	if (err && err != ENOENT)
		return err;

	event = json_loads(text ? text : "", 0, NULL);
	err = spool_disable(c->spool, out->d->ep->id,
			    json_str(event, "node_id", NULL), out->now_ms);
	json_decref(event);
	g_free(text);

	return err;
}

static int write_one(struct courier *c, const struct outcome *out)
{
	const struct spool_attempt attempt = {
		.status = out->status,
		.attempts = out->attempts,
		.next_ms = out->next_ms,
		.now_ms = out->now_ms,
		.entry = out->entry,
	};
	int err;

	err = spool_attempt(c->spool, out->d->id, &attempt);
	if (!err && out->held_until_ms)
		err = spool_hold(c->spool, out->d, out->held_until_ms);
	if (!err && out->gone)
		err = disable(c, out);

	return err;
}

static void add_up(struct webhook_totals *totals, const struct outcome *out)
{
	if (str_eq(out->status, "delivered"))
		++totals->delivered;
	else if (str_eq(out->status, "failed"))
		++totals->failed;
	else
		++totals->retried;
}

static int write_all(struct courier *c)
{
	struct webhook_totals totals = c->totals;
	unsigned i;
	int err;

	err = spool_begin(c->spool);
	if (err)
		return err;

	for (i = 0; !err && i < c->outcomes->len; ++i) {
		err = write_one(c, c->outcomes->pdata[i]);
		add_up(&totals, c->outcomes->pdata[i]);
	}
	if (!err)
		err = spool_set_totals(c->spool, &totals);
	if (!err) {
		courier_step(c, COURIER_RECORDING);
		err = spool_commit(c->spool);
	}
	if (err)
		spool_rollback(c->spool);
	else
		c->totals = totals;

	return err;
}

static void written(struct courier *c, struct outcome *out)
{
	if (out->gone && !out->d->ep->is_gone) {
		log_warn("webhook %s: %s answered 410: it is disabled",
			 out->d->ep->id, out->d->ep->host);
		book_remove(c->book, out->d->ep);
		/* there is an event about it */
		c->look = true;
	}
	outcome_free(c, out);
}

int outcome_record(struct courier *c, bool now)
{
	const int64_t mono_ms = clock_mono_ms(clock_system());
	unsigned i;
	int err;

	if (!c->outcomes->len)
		return 0;
	if (!now && c->outcomes->len < RECORD_MAX &&
	    mono_ms - c->recorded_ms < RECORD_MS)
		return 0;

	c->recorded_ms = mono_ms;
	err = write_all(c);
	if (err)
		return err;

	courier_step(c, COURIER_RECORDED);
	for (i = 0; i < c->outcomes->len; ++i)
		written(c, c->outcomes->pdata[i]);
	g_ptr_array_set_size(c->outcomes, 0);

	return 0;
}
