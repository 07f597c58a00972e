/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the core's word to our object, and back: what the core calls while
 * another of its threads destroys the handle finds it alive or not at all */
#include <errno.h>
#include <stdio.h>

#include "host/log.h"
#include "webrtc/request.h"
#include "webrtc/wrtc_priv.h"

static pthread_mutex_t *lock_of(struct wrtc *gw, void **slot)
{
	const uintptr_t at = (uintptr_t)slot / sizeof(*slot);

	return &gw->locks[(at ^ at >> 6 ^ at >> 12) % WRTC_LOCKS];
}

struct wrtc_handle *wrtc_enter(struct wrtc *gw, void **slot)
{
	pthread_mutex_t *lock = lock_of(gw, slot);
	struct wrtc_handle *h;

	pthread_mutex_lock(lock);
	h = *slot ? obj_ref(*slot) : NULL;
	pthread_mutex_unlock(lock);

	return h;
}

struct wrtc_handle *wrtc_slot_clear(struct wrtc *gw, void **slot)
{
	pthread_mutex_t *lock = lock_of(gw, slot);
	struct wrtc_handle *h;

	pthread_mutex_lock(lock);
	h = *slot;
	*slot = NULL;
	pthread_mutex_unlock(lock);

	return h;
}

struct media_leg *wrtc_sound_ref(struct wrtc_handle *h)
{
	struct media_leg *media;

	pthread_mutex_lock(h->lock);
	media = h->sound ? obj_ref(h->sound) : NULL;
	pthread_mutex_unlock(h->lock);

	return media;
}

void wrtc_sound_set(struct wrtc_handle *h, struct media_leg *media)
{
	struct media_leg *old;

	pthread_mutex_lock(h->lock);
	old = h->sound;
	h->sound = media ? obj_ref(media) : NULL;
	pthread_mutex_unlock(h->lock);
	obj_unref(old);
}

struct wrtc_handle *wrtc_peer_ref(struct wrtc_handle *h, unsigned *bridgep)
{
	struct wrtc_handle *peer;

	pthread_mutex_lock(h->lock);
	peer = h->peer ? obj_ref(h->peer) : NULL;
	*bridgep = h->bridge;
	pthread_mutex_unlock(h->lock);

	return peer;
}

void wrtc_peer_set(struct wrtc_handle *h, struct wrtc_handle *peer,
		   unsigned bridge)
{
	struct wrtc_handle *old;

	pthread_mutex_lock(h->lock);
	old = h->peer;
	h->peer = peer ? obj_ref(peer) : NULL;
	h->bridge = bridge;
	pthread_mutex_unlock(h->lock);
	obj_unref(old);
}

static void handle_destructor(void *arg)
{
	struct wrtc_handle *h = arg;
	struct wrtc *gw = h->gw;

	wrtc_request_free(h->waiting);
	if (h->core)
		gw->host.unref(h->core);

	pthread_mutex_lock(&gw->mtx);
	if (--gw->nhandles == 0)
		pthread_cond_broadcast(&gw->cond);
	pthread_mutex_unlock(&gw->mtx);
}

static bool count_one(struct wrtc *gw)
{
	bool room;

	pthread_mutex_lock(&gw->mtx);
	room = gw->nhandles < WRTC_HANDLES_MAX;
	gw->nhandles += room;
	pthread_mutex_unlock(&gw->mtx);

	return room;
}

int wrtc_create(struct wrtc *gw, void *core, void **slot)
{
	struct wrtc_handle *h;

	if (atomic_load(&gw->stopping))
		return ESHUTDOWN;
	if (!count_one(gw)) {
		log_warn("browser: refused, there are %d handles",
			 WRTC_HANDLES_MAX);
		return EAGAIN;
	}

	h = obj_zalloc(sizeof(*h), handle_destructor);
	h->gw = gw;
	h->core = core;
	h->slot = slot;
	h->lock = lock_of(gw, slot);
	snprintf(h->name, sizeof(h->name), "browser %llu",
		 atomic_fetch_add(&gw->next_name, 1) + 1);
	wrtc_io_init(&h->io);

	pthread_mutex_lock(h->lock);
	*slot = h; /* its first reference */
	pthread_mutex_unlock(h->lock);

	if (loop_post(gw->loop, "wrtc_handle_begin", wrtc_handle_begin,
		      obj_ref(h))) {
		h->core = NULL; /* it gives us none */
		obj_unref(h);
		obj_unref(wrtc_slot_clear(gw, slot));
		return ESHUTDOWN;
	}

	return 0;
}

void wrtc_destroy(struct wrtc *gw, void **slot)
{
	struct wrtc_handle *h = wrtc_slot_clear(gw, slot);

	if (h && loop_post(gw->loop, "wrtc_handle_gone", wrtc_handle_gone, h))
		obj_unref(h);
}

static void post_handle(struct wrtc *gw, void **slot, const char *name,
			loop_h *fn)
{
	struct wrtc_handle *h = wrtc_enter(gw, slot);

	if (h && loop_post(gw->loop, name, fn, h))
		obj_unref(h);
}

void wrtc_media_up(struct wrtc *gw, void **slot)
{
	post_handle(gw, slot, "wrtc_handle_up", wrtc_handle_up);
}

void wrtc_media_down(struct wrtc *gw, void **slot)
{
	post_handle(gw, slot, "wrtc_handle_down", wrtc_handle_down);
}

/* The core says it once a second at most; what a network is like shows in the
 * call's quality, so that it goes no further than the log */
void wrtc_slow_link(struct wrtc *gw, void **slot, bool video, bool uplink)
{
	struct wrtc_handle *h = wrtc_enter(gw, slot);

	if (!h)
		return;

	log_debug("%s: slow link, %s %s it", h->name, video ? "video" : "audio",
		  uplink ? "from" : "to");
	obj_unref(h);
}

int wrtc_message(struct wrtc *gw, void **slot, const char *transaction,
		 json_t *message, json_t *jsep)
{
	struct wrtc_handle *h = wrtc_enter(gw, slot);
	struct wrtc_request *req;
	int err = 0;

	if (!h) {
		err = ESRCH;
		goto out;
	}
	atomic_fetch_add(&gw->n.messages, 1);
	if (atomic_fetch_add(&h->queued, 1) >= WRTC_QUEUED_MAX) {
		atomic_fetch_sub(&h->queued, 1);
		err = EBUSY;
		goto out;
	}

	req = wrtc_request_read(transaction, message, jsep);
	req->handle = obj_ref(h);
	if (loop_post(gw->loop, "wrtc_handle_request", wrtc_handle_request,
		      req)) {
		wrtc_request_free(req);
		err = ESRCH;
	}
out:
	obj_unref(h);
	json_decref(message);
	json_decref(jsep);

	return err;
}
