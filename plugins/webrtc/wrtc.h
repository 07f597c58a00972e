/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file wrtc.h  Browsers: Janus handles in, legs out
 *
 * A browser talks to a Janus handle of the plugin (docs/browsers.md): one
 * handle registers a device, and each call has a handle of its own, which is
 * a leg (call/leg.h). Nothing here knows Janus: the adapter translates its
 * callbacks into the functions below, and struct wrtc_host the other way, so
 * tests put a host of their own behind it.
 *
 * Thread: wrtc_start() and wrtc_stop() from the main thread; what the core
 * calls (wrtc_create() … wrtc_rtcp()) from any, in any order, several at
 * once. The core names a handle by a slot, a word of its own that holds our
 * object; we alone read and write it, under a lock.
 */
#ifndef BIFRONS_WEBRTC_WRTC_H
#define BIFRONS_WEBRTC_WRTC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/leg.h"

struct db;
struct directory;
struct loop;
struct media_engine;
struct workers;
struct wrtc;

/** What we ask of the core. `core` is the handle as wrtc_create() got it; it
 * stays valid while we hold its reference. Thread: relay_* any (media, ICE);
 * the rest a thread of our own, never the loop, so they may block a little.
 */
struct wrtc_host {
	/** Give back the one reference that came with wrtc_create() */
	void (*unref)(void *core);
	/** @param transaction  NULL: not the answer to a request
	 * @param event        Taken
	 * @param answer       SDP beside it, or NULL */
	void (*push_event)(void *core, const char *transaction, json_t *event,
			   const char *answer);
	void (*relay_rtp)(void *core, bool video, void *packet, size_t len);
	void (*relay_rtcp)(void *core, bool video, void *packet, size_t len);
	void (*send_pli)(void *core);
	void (*close_pc)(void *core);
	void (*end_session)(void *core);
};

struct wrtc_params {
	struct loop *loop;
	struct workers *workers; /**< token look-ups */
	struct db *db;           /**< where device tokens are */
	struct directory *dir;
	struct media_engine *media;
	const struct wrtc_host *host; /**< copied */
	/** Who takes the legs: call_incoming() behind a cast of arg */
	enum call_refusal (*incoming)(void *arg, const struct leg_incoming *in);
	void *arg;
	/* times, ms; 0 = the default. Tests make them short. */
	unsigned auth_ms;    /**< to say who it is: 10000 */
	unsigned lost_ms;    /**< without RTP and RTCP: 3000 */
	unsigned deaf_ms;    /**< the same where it only listens: 15000 */
	unsigned connect_ms; /**< from our answer to media: 15000 */
	unsigned ticket_s;   /**< a ticket's life: 3600 */
};

int wrtc_start(struct wrtc **gwp, const struct wrtc_params *prm);

/** How calls go out to registered browsers (call_table_add_factory()); lives
 * as gw */
const struct leg_factory *wrtc_factory(const struct wrtc *gw);

/** End every handle; calls must be over. Returns when nobody is inside any
 * more. Not from the loop. @return NULL
 */
struct wrtc *wrtc_stop(struct wrtc *gw);

/** @param core  The core counts a reference of ours, though not before we have
 * returned 0; until then it is not touched
 * @return 0, EAGAIN (too many handles) or ESHUTDOWN */
int wrtc_create(struct wrtc *gw, void *core, void **slot);
void wrtc_destroy(struct wrtc *gw, void **slot);

/** A message of the browser. @param message  Taken, as is jsep; transaction
 * is borrowed.
 * @return 0: an event follows; ESRCH: no such handle; EBUSY: too many at once
 */
int wrtc_message(struct wrtc *gw, void **slot, const char *transaction,
		 json_t *message, json_t *jsep);

/** The PeerConnection is up, or down */
void wrtc_media_up(struct wrtc *gw, void **slot);
void wrtc_media_down(struct wrtc *gw, void **slot);
void wrtc_slow_link(struct wrtc *gw, void **slot, bool video, bool uplink);

/** What came in; the buffer is ours during the call. */
void wrtc_rtp(struct wrtc *gw, void **slot, bool video, void *packet,
	      size_t len);
void wrtc_rtcp(struct wrtc *gw, void **slot, bool video, const void *packet,
	       size_t len);

/** For Janus's admin API: {"state": …} without secrets; new */
json_t *wrtc_query(struct wrtc *gw, void **slot);

struct wrtc_stats {
	unsigned handles, devices, legs; /**< live now */
	uint64_t messages, errors;
	uint64_t refused_packets; /**< under 12 or over 1500 bytes */
	uint64_t dropped_packets; /**< no use for them */
	uint64_t video_echoed, video_bridged;
	uint64_t lost; /**< browsers that went without a word */
};

/** Thread: any */
void wrtc_stats(struct wrtc *gw, struct wrtc_stats *stats);

#endif
