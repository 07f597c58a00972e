/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/sse.h"

#include <errno.h>
#include <time.h>

#include "common/clock.h"
#include "rest/sse_priv.h"

int64_t sse_now_ms(void)
{
	return clock_mono_ms(clock_system());
}

static struct rest_sse *sse_new(const struct rest_sse_params *prm)
{
	struct rest_sse *sse = g_new0(struct rest_sse, 1);
	pthread_condattr_t attr;

	sse->core = prm->core;
	sse->keys = prm->keys;
	sse->store = prm->store;
	sse->max = prm->max;
	sse->max_per_account = prm->max_per_account;
	sse->heartbeat_ms = (int64_t)prm->heartbeat_s * 1000;
	sse->accounts = g_hash_table_new(g_str_hash, g_str_equal);
	pthread_mutex_init(&sse->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sse->wake, &attr);
	pthread_condattr_destroy(&attr);

	return sse;
}

static void destroy(struct rest_sse *sse)
{
	g_hash_table_destroy(sse->accounts);
	pthread_cond_destroy(&sse->wake);
	pthread_mutex_destroy(&sse->mtx);
	g_free(sse);
}

int rest_sse_start(struct rest_sse **ssep, const struct rest_sse_params *prm)
{
	struct rest_sse *sse;
	int err;

	if (!ssep || !prm || !prm->core || !prm->keys || !prm->store)
		return EINVAL;

	sse = sse_new(prm);
	err = pthread_create(&sse->thread, NULL, sse_watch, sse);
	if (err)
		destroy(sse);
	else
		*ssep = sse;

	return err;
}

void rest_sse_close(struct rest_sse *sse)
{
	struct sse_account *account;
	GHashTableIter iter;
	gpointer value;
	GList *item;

	pthread_mutex_lock(&sse->mtx);
	sse->closed = true;
	g_hash_table_iter_init(&iter, sse->accounts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		account = value;
		for (item = account->streams.head; item; item = item->next)
			sse_stream_end(item->data, ": shutting down\n\n");
	}
	pthread_mutex_unlock(&sse->mtx);
}

struct rest_sse *rest_sse_free(struct rest_sse *sse)
{
	if (!sse)
		return NULL;

	pthread_mutex_lock(&sse->mtx);
	sse->stop = true;
	pthread_cond_signal(&sse->wake);
	pthread_mutex_unlock(&sse->mtx);
	pthread_join(sse->thread, NULL);
	destroy(sse);

	return NULL;
}

void rest_sse_stats(struct rest_sse *sse, struct rest_sse_stats *stats)
{
	pthread_mutex_lock(&sse->mtx);
	*stats = sse->stats;
	stats->streams = sse->streams;
	pthread_mutex_unlock(&sse->mtx);
}
