/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/pending.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

enum {
	ABANDONED_DEADLINES = 10
};

enum slot_state {
	SLOT_FREE,
	SLOT_RESERVED,  /* taken, cannot be answered yet */
	SLOT_WAITING,   /* can be answered */
	SLOT_ABANDONED, /* answered with a timeout, the plugin still has it */
};

struct slot {
	enum slot_state state;
	uint32_t generation;
	uint32_t next_free;
	int64_t until_ms;
	void *what;
};

struct rest_pending {
	/* set before start, then read-only */
	unsigned max;
	int64_t deadline_ms;
	rest_answered_h *answered;
	pthread_t thread;

	pthread_mutex_t mtx;
	pthread_cond_t wake;  /* the thread: stop */
	pthread_cond_t quiet; /* close(): handlers and reservations */

	/* under mtx */
	struct slot *slots;
	uint32_t first_free; /* max: none */
	unsigned used;       /* slots that are not free */
	unsigned inside;     /* reserved, or in the handler */
	bool closed, stop;
	struct rest_pending_stats stats;
};

static int64_t now_ms(void)
{
	return clock_mono_ms(clock_system());
}

void rest_transaction_text(char buf[REST_TRANSACTION_SIZE], uint64_t id)
{
	snprintf(buf, REST_TRANSACTION_SIZE, "%016" PRIx64, id);
}

int rest_transaction_parse(const char *text, uint64_t *idp)
{
	uint64_t id = 0;
	size_t i;

	if (!text || strlen(text) != REST_TRANSACTION_SIZE - 1)
		return EINVAL;

	for (i = 0; text[i]; ++i) {
		const int digit = g_ascii_xdigit_value(text[i]);

		if (digit < 0)
			return EINVAL;
		id = id << 4 | (uint64_t)digit;
	}
	*idp = id;

	return 0;
}

static struct slot *slot_of(struct rest_pending *pend, uint64_t id)
{
	const uint32_t index = (uint32_t)id;

	if (index >= pend->max ||
	    pend->slots[index].generation != (uint32_t)(id >> 32))
		return NULL;

	return &pend->slots[index];
}

static void slot_free(struct rest_pending *pend, struct slot *slot)
{
	slot->state = SLOT_FREE;
	slot->what = NULL;
	++slot->generation;
	slot->next_free = pend->first_free;
	pend->first_free = (uint32_t)(slot - pend->slots);
	--pend->used;
}

static void leave(struct rest_pending *pend)
{
	if (--pend->inside == 0)
		pthread_cond_broadcast(&pend->quiet);
}

/* Called with the lock held, returns with it held; without it meanwhile */
static void hand_out(struct rest_pending *pend, void *what, enum api_err err,
		     const json_t *reply)
{
	++pend->inside;
	pthread_mutex_unlock(&pend->mtx);

	pend->answered(what, err, reply);

	pthread_mutex_lock(&pend->mtx);
	leave(pend);
}

/* @return When to look again */
static int64_t expire(struct rest_pending *pend, int64_t now)
{
	/* whatever is added from now on is due after this */
	int64_t next = now + pend->deadline_ms;
	unsigned i;

	for (i = 0; i < pend->max; ++i) {
		struct slot *slot = &pend->slots[i];
		void *what = slot->what;

		if (slot->state != SLOT_WAITING &&
		    slot->state != SLOT_ABANDONED)
			continue;
		if (slot->until_ms > now) {
			next = MIN(next, slot->until_ms);
		} else if (slot->state == SLOT_ABANDONED) {
			slot_free(pend, slot);
		} else {
			slot->state = SLOT_ABANDONED;
			slot->what = NULL;
			slot->until_ms =
				now + ABANDONED_DEADLINES * pend->deadline_ms;
			++pend->stats.timeouts;
			hand_out(pend, what, API_ERR_timeout, NULL);
		}
	}

	return next;
}

static void *deadlines(void *arg)
{
	struct rest_pending *pend = arg;

	pthread_setname_np(pthread_self(), "rest deadlines");

	pthread_mutex_lock(&pend->mtx);
	while (!pend->stop) {
		const int64_t next = expire(pend, now_ms());
		const struct timespec at = {
			.tv_sec = (time_t)(next / 1000),
			.tv_nsec = (long)(next % 1000) * 1000000L,
		};

		if (!pend->stop)
			pthread_cond_timedwait(&pend->wake, &pend->mtx, &at);
	}
	pthread_mutex_unlock(&pend->mtx);

	return NULL;
}

int rest_pending_alloc(struct rest_pending **pendp, unsigned max,
		       unsigned deadline_ms, rest_answered_h *answered)
{
	struct rest_pending *pend;
	pthread_condattr_t attr;
	unsigned i;
	int err;

	if (!pendp || !max || !deadline_ms || !answered)
		return EINVAL;

	pend = g_new0(struct rest_pending, 1);
	pend->max = max;
	pend->deadline_ms = deadline_ms;
	pend->answered = answered;
	pend->slots = g_new0(struct slot, max);
	for (i = 0; i < max; ++i) {
		pend->slots[i].next_free = i + 1;
		pend->slots[i].generation = 1; /* no id is 0 */
	}

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pend->wake, &attr);
	pthread_cond_init(&pend->quiet, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&pend->mtx, NULL);

	err = pthread_create(&pend->thread, NULL, deadlines, pend);
	if (err) {
		g_free(pend->slots);
		g_free(pend);
		return err;
	}
	*pendp = pend;

	return 0;
}

struct rest_pending *rest_pending_free(struct rest_pending *pend)
{
	if (!pend)
		return NULL;

	pthread_mutex_lock(&pend->mtx);
	pend->stop = true;
	pthread_cond_signal(&pend->wake);
	pthread_mutex_unlock(&pend->mtx);
	pthread_join(pend->thread, NULL);

	pthread_cond_destroy(&pend->wake);
	pthread_cond_destroy(&pend->quiet);
	pthread_mutex_destroy(&pend->mtx);
	g_free(pend->slots);
	g_free(pend);

	return NULL;
}

int rest_pending_reserve(struct rest_pending *pend, uint64_t *idp)
{
	struct slot *slot;
	int err = 0;

	pthread_mutex_lock(&pend->mtx);
	if (pend->closed) {
		err = ESHUTDOWN;
	} else if (pend->first_free == pend->max) {
		++pend->stats.busy;
		err = EAGAIN;
	} else {
		slot = &pend->slots[pend->first_free];
		*idp = (uint64_t)slot->generation << 32 | pend->first_free;
		pend->first_free = slot->next_free;
		slot->state = SLOT_RESERVED;
		++pend->used;
		++pend->inside;
	}
	pthread_mutex_unlock(&pend->mtx);

	return err;
}

bool rest_pending_arm(struct rest_pending *pend, uint64_t id, void *what,
		      unsigned deadline_ms)
{
	struct slot *slot;
	bool ok = false;

	pthread_mutex_lock(&pend->mtx);
	slot = slot_of(pend, id);
	if (slot && slot->state == SLOT_RESERVED) {
		ok = !pend->closed;
		if (ok) {
			slot->state = SLOT_WAITING;
			slot->what = what;
			slot->until_ms = now_ms() + MAX(pend->deadline_ms,
							(int64_t)deadline_ms);
		} else {
			slot_free(pend, slot);
		}
		leave(pend);
	}
	pthread_mutex_unlock(&pend->mtx);

	return ok;
}

bool rest_pending_answer(struct rest_pending *pend, uint64_t id,
			 enum api_err err, const json_t *reply)
{
	struct slot *slot;
	bool waited = false;
	void *what;

	pthread_mutex_lock(&pend->mtx);
	slot = slot_of(pend, id);
	if (slot && slot->state == SLOT_WAITING) {
		waited = true;
		what = slot->what;
		slot_free(pend, slot);
		hand_out(pend, what, err, reply);
	} else {
		if (slot && slot->state == SLOT_ABANDONED)
			slot_free(pend, slot);
		++pend->stats.late;
	}
	pthread_mutex_unlock(&pend->mtx);

	return waited;
}

void rest_pending_close(struct rest_pending *pend)
{
	unsigned i;

	pthread_mutex_lock(&pend->mtx);
	pend->closed = true;
	for (i = 0; i < pend->max; ++i) {
		struct slot *slot = &pend->slots[i];
		void *what = slot->what;

		if (slot->state != SLOT_WAITING)
			continue;
		slot_free(pend, slot);
		hand_out(pend, what, API_ERR_unavailable, NULL);
	}
	while (pend->inside)
		pthread_cond_wait(&pend->quiet, &pend->mtx);
	pthread_mutex_unlock(&pend->mtx);
}

void rest_pending_stats(struct rest_pending *pend,
			struct rest_pending_stats *stats)
{
	pthread_mutex_lock(&pend->mtx);
	*stats = pend->stats;
	stats->in_flight = pend->used;
	pthread_mutex_unlock(&pend->mtx);
}
