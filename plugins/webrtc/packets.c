/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets, on the core's ICE threads: sound goes to media/, a picture to whom
 * it is for (picture.c). Nothing is kept, nothing waits. */
#include <time.h>

#include "media/rtp.h"
#include "webrtc/wrtc_priv.h"

enum {
	RTCP_MIN = 8
};

int64_t wrtc_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void wrtc_io_init(struct wrtc_io *io)
{
	wrtc_picture_init(&io->picture);
	atomic_store(&io->audio_pt, -1);
	atomic_store(&io->video_pt, -1);
}

/* Thread: media */
void wrtc_io_send(void *arg, bool rtcp, void *packet, size_t len)
{
	struct wrtc_handle *h = arg;
	const struct wrtc_host *host = &h->gw->host;

	if (rtcp)
		host->relay_rtcp(h->core, false, packet, len);
	else if (!atomic_load_explicit(&h->io.dumb, memory_order_relaxed) &&
		 !atomic_load_explicit(&h->io.paused, memory_order_relaxed))
		host->relay_rtp(h->core, false, packet, len);
}

void wrtc_io_drop(struct wrtc_handle *h)
{
	atomic_fetch_add_explicit(&h->gw->n.dropped_packets, 1,
				  memory_order_relaxed);
}

/* Is it sound, which a party that is muted or holds does not give? Digits
 * pass. */
static bool is_muted(struct wrtc_handle *h, const uint8_t *packet)
{
	return (atomic_load_explicit(&h->io.deaf, memory_order_relaxed) ||
		atomic_load_explicit(&h->io.paused, memory_order_relaxed)) &&
	       (packet[1] & 0x7f) == atomic_load(&h->io.audio_pt);
}

static void take_sound(struct wrtc_handle *h, bool rtcp, const void *packet,
		       size_t len)
{
	struct media_leg *media = wrtc_sound_ref(h);

	if (media && (rtcp || !is_muted(h, packet)))
		media_leg_input(media, rtcp, packet, len);
	else
		wrtc_io_drop(h);
	obj_unref(media);
}

/* The core brings one handle's packets one after the other; should it ever
 * not, the second is dropped, as what they write has one writer */
static bool begin(struct wrtc_handle *h)
{
	if (atomic_exchange(&h->io.busy, true)) {
		wrtc_io_drop(h);
		return false;
	}
	atomic_store_explicit(&h->io.life_us, wrtc_now_us(),
			      memory_order_relaxed);

	return true;
}

static void end(struct wrtc_handle *h)
{
	atomic_store(&h->io.busy, false);
}

static bool is_refused(struct wrtc *gw, size_t len, size_t min)
{
	if (len >= min && len <= RTP_PACKET_MAX)
		return false;

	atomic_fetch_add_explicit(&gw->n.refused_packets, 1,
				  memory_order_relaxed);

	return true;
}

void wrtc_rtp(struct wrtc *gw, void **slot, bool video, void *packet,
	      size_t len)
{
	struct wrtc_handle *h;

	if (is_refused(gw, len, RTP_HEADER_LEN))
		return;
	h = wrtc_enter(gw, slot);
	if (h && begin(h)) {
		if (video)
			wrtc_picture_rtp(h, packet, len);
		else
			take_sound(h, false, packet, len);
		end(h);
	}
	obj_unref(h);
}

void wrtc_rtcp(struct wrtc *gw, void **slot, bool video, const void *packet,
	       size_t len)
{
	struct wrtc_handle *h;

	if (is_refused(gw, len, RTCP_MIN))
		return;
	h = wrtc_enter(gw, slot);
	if (h && begin(h)) {
		if (video)
			wrtc_picture_rtcp(h, packet, len);
		else
			take_sound(h, true, packet, len);
		end(h);
	}
	obj_unref(h);
}

/* Nothing that the loop owns: the core asks at any moment, on any thread */
json_t *wrtc_query(struct wrtc *gw, void **slot)
{
	struct wrtc_handle *h = wrtc_enter(gw, slot);
	json_t *out = json_object();

	if (h) {
		json_object_set_new(out, "name", json_string(h->name));
		json_object_set_new(out, "muted",
				    json_boolean(atomic_load(&h->io.deaf)));
		json_object_set_new(
			out, "video",
			json_boolean(atomic_load(&h->io.video_pt) >= 0));
		json_object_set_new(out, "echo",
				    json_boolean(atomic_load(&h->io.echo)));
	}
	obj_unref(h);

	return out;
}
