/* SPDX-License-Identifier: GPL-3.0-or-later */

/* One long poll in the call plugin, as long as there are streams */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "rest/sse_priv.h"

enum {
	WAIT_MS = 10000,
	LOST_AFTER_MS = WAIT_MS + 5000,
	RETRY_MS = 1000,
	ROWS = 256,
	/* waking a stream costs more than the event does: many streams are
	 * woken for several events at once, and so at most every so often */
	STREAMS_PER_MS = 20,
	GAP_MAX_MS = 100,
};

static const char prefix[] = "events-";

static void complain(struct rest_sse *sse, const char *why)
{
	unsigned dropped;

	if (log_limit_pass(&sse->feed.complaints, 1, &dropped))
		log_warn("rest: events cannot be read: %s; trying again", why);
}

static json_t *message(int64_t after)
{
	return json_pack("{s:s, s:{s:I, s:i, s:i}}", "verb", "events.read",
			 "body", "after", (json_int_t)after, "wait_ms",
			 (int)WAIT_MS, "limit", (int)ROWS);
}

/* With mtx held, given up meanwhile: the answer may come from inside */
static void ask(struct rest_sse *sse, int64_t now)
{
	struct sse_feed *feed = &sse->feed;
	const uint32_t nth = ++feed->nth;
	json_t *msg = message(feed->row);
	char transaction[32];
	int err;

	snprintf(transaction, sizeof(transaction), "%s%08" PRIx32, prefix, nth);
	feed->asked = true;
	feed->at_ms = now;

	pthread_mutex_unlock(&sse->mtx);
	err = sse->core->submit(sse->core->arg, transaction, msg);
	pthread_mutex_lock(&sse->mtx);

	if (err && feed->asked && feed->nth == nth) {
		complain(sse, strerror(err));
		feed->asked = false;
		feed->at_ms = now + RETRY_MS;
	}
}

int64_t sse_feed_step(struct rest_sse *sse, int64_t now)
{
	struct sse_feed *feed = &sse->feed;

	if (feed->asked && now - feed->at_ms >= LOST_AFTER_MS) {
		complain(sse, "the call plugin does not answer");
		feed->asked = false;
		feed->at_ms = now;
	}
	if (!feed->asked && !sse->streams)
		feed->on = false;
	if (feed->on && !feed->asked && !sse->closed && now >= feed->at_ms)
		ask(sse, now);

	if (feed->asked)
		return feed->at_ms + LOST_AFTER_MS;

	return feed->on && !sse->closed ? feed->at_ms : SSE_NEVER;
}

static void hand_out(struct rest_sse *sse, const json_t *ok)
{
	const json_t *rows = json_object_get(ok, "rows");
	struct sse_account *account;
	const char *id;
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		id = json_str(row, "account_id", NULL);
		account = id ? g_hash_table_lookup(sse->accounts, id) : NULL;
		if (account && json_int(row, "row", 0) > sse->feed.row)
			sse_log_add(sse, account, row);
	}
}

static void take_answer(struct rest_sse *sse, int64_t now, const json_t *ok)
{
	struct sse_feed *feed = &sse->feed;
	const int64_t gap = MIN(sse->streams / STREAMS_PER_MS, GAP_MAX_MS);
	const int64_t row = json_int(ok, "row", 0);
	const bool in_vain = row <= feed->row && now - feed->at_ms < RETRY_MS;

	hand_out(sse, ok);
	feed->row = MAX(feed->row, row);
	/* nothing, and at once: it is stopping */
	feed->at_ms = now + (in_vain ? RETRY_MS : gap);
}

/* "events-0000002a". @return false: not one of ours */
static bool parse(const char *transaction, uint32_t *nthp)
{
	if (!str_starts(transaction, prefix))
		return false;

	*nthp = (uint32_t)strtoul(transaction + strlen(prefix), NULL, 16);

	return true;
}

bool rest_sse_deliver(struct rest_sse *sse, const char *transaction,
		      enum api_err err, const json_t *reply)
{
	const int64_t now = sse_now_ms();
	struct sse_feed *feed = &sse->feed;
	const json_t *ok = json_object_get(reply, "ok");
	uint32_t nth;

	if (!parse(transaction, &nth))
		return false;

	pthread_mutex_lock(&sse->mtx);
	if (feed->asked && feed->nth == nth) {
		feed->asked = false;
		if (err || !ok) {
			complain(sse, json_str(json_object_get(reply, "error"),
					       "detail", "no answer"));
			feed->at_ms = now + RETRY_MS;
		} else {
			take_answer(sse, now, ok);
		}
		pthread_cond_signal(&sse->wake);
	}
	pthread_mutex_unlock(&sse->mtx);

	return true;
}
