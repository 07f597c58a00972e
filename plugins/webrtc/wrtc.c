/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webrtc/wrtc.h"

#include <errno.h>
#include <time.h>

#include "host/log.h"
#include "webrtc/wrtc_priv.h"

enum {
	AUTH_MS = 10000,
	LOST_MS = 3000,
	DEAF_MS = 15000,
	CONNECT_MS = 15000,
	TICKET_S = 3600,
};

static void unref(gpointer obj)
{
	obj_unref(obj);
}

static unsigned or_default(unsigned value, unsigned def)
{
	return value ? value : def;
}

static void gw_free(struct wrtc *gw)
{
	unsigned i;

	g_hash_table_destroy(gw->handles);
	g_hash_table_destroy(gw->tickets);
	g_hash_table_destroy(gw->devices);
	for (i = 0; i < WRTC_LOCKS; ++i)
		pthread_mutex_destroy(&gw->locks[i]);
	pthread_cond_destroy(&gw->cond);
	pthread_mutex_destroy(&gw->mtx);
	g_free(gw);
}

static void init_locks(struct wrtc *gw)
{
	pthread_condattr_t attr;
	unsigned i;

	for (i = 0; i < WRTC_LOCKS; ++i)
		pthread_mutex_init(&gw->locks[i], NULL);
	pthread_mutex_init(&gw->mtx, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&gw->cond, &attr);
	pthread_condattr_destroy(&attr);
}

int wrtc_start(struct wrtc **gwp, const struct wrtc_params *prm)
{
	struct wrtc *gw;
	int err;

	if (!gwp || !prm || !prm->loop || !prm->workers || !prm->db ||
	    !prm->dir || !prm->media || !prm->host || !prm->incoming)
		return EINVAL;

	gw = g_new0(struct wrtc, 1);
	gw->loop = prm->loop;
	gw->timers = loop_timers(prm->loop);
	gw->workers = prm->workers;
	gw->db = prm->db;
	gw->dir = prm->dir;
	gw->media = prm->media;
	gw->host = *prm->host;
	gw->incoming = prm->incoming;
	gw->arg = prm->arg;
	gw->auth_ms = or_default(prm->auth_ms, AUTH_MS);
	gw->lost_ms = or_default(prm->lost_ms, LOST_MS);
	gw->deaf_ms = or_default(prm->deaf_ms, DEAF_MS);
	gw->connect_ms = or_default(prm->connect_ms, CONNECT_MS);
	gw->ticket_s = or_default(prm->ticket_s, TICKET_S);
	gw->handles = g_hash_table_new_full(NULL, NULL, unref, NULL);
	gw->tickets = g_hash_table_new(g_str_hash, g_str_equal);
	gw->devices = g_hash_table_new(g_str_hash, g_str_equal);
	wrtc_ring_init(gw);
	init_locks(gw);

	err = wrtc_pusher_start(gw);
	if (err) {
		gw_free(gw);
		return err;
	}
	directory_watch(gw->dir, wrtc_directory_changed, gw);
	*gwp = gw;

	return 0;
}

/* Thread: loop. The core's words are ours as long as we hold its handles. */
static void end_handles(void *arg)
{
	struct wrtc *gw = arg;
	GList *all = g_hash_table_get_keys(gw->handles), *l;

	directory_watch(gw->dir, NULL, NULL);
	timer_cancel(gw->timers, &gw->sweep);
	for (l = all; l; l = l->next)
		obj_ref(l->data);
	for (l = all; l; l = l->next) {
		struct wrtc_handle *h = l->data;
		struct wrtc_handle *slot = wrtc_slot_clear(gw, h->slot);

		if (slot)
			wrtc_handle_gone(slot);
		obj_unref(h);
	}
	g_list_free(all);
}

static bool wait_empty(struct wrtc *gw)
{
	struct timespec until;
	bool empty;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WRTC_STOP_MS / 1000;
	pthread_mutex_lock(&gw->mtx);
	while (gw->nhandles)
		if (pthread_cond_timedwait(&gw->cond, &gw->mtx, &until))
			break;
	empty = !gw->nhandles;
	pthread_mutex_unlock(&gw->mtx);

	return empty;
}

struct wrtc *wrtc_stop(struct wrtc *gw)
{
	bool empty;

	if (!gw)
		return NULL;

	atomic_store(&gw->stopping, true);
	(void)loop_call(gw->loop, "wrtc_end_handles", end_handles, gw);
	empty = wait_empty(gw);
	if (!empty) {
		/* better a little memory than someone in what was freed */
		log_error("browsers: %u handles did not end", gw->nhandles);
		return NULL;
	}
	wrtc_pusher_stop(gw);
	gw_free(gw);

	return NULL;
}

void wrtc_stats(struct wrtc *gw, struct wrtc_stats *stats)
{
	pthread_mutex_lock(&gw->mtx);
	stats->handles = gw->nhandles;
	pthread_mutex_unlock(&gw->mtx);
	stats->devices = atomic_load(&gw->n.devices);
	stats->legs = atomic_load(&gw->n.legs);
	stats->messages = atomic_load(&gw->n.messages);
	stats->errors = atomic_load(&gw->n.errors);
	stats->refused_packets = atomic_load(&gw->n.refused_packets);
	stats->dropped_packets = atomic_load(&gw->n.dropped_packets);
	stats->video_echoed = atomic_load(&gw->n.video_echoed);
	stats->video_bridged = atomic_load(&gw->n.video_bridged);
	stats->lost = atomic_load(&gw->n.lost);
}
