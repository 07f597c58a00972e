/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file wrtc_rig.h  Browsers without Janus: a core that takes notes
 *
 * The real store, directory, calls and media behind webrtc/; in front of it a
 * core whose handles the test creates and destroys as it likes.
 * Thread: the test's; a struct wrtc_core may be used by several.
 */
#ifndef BIFRONS_TESTS_WRTC_RIG_H
#define BIFRONS_TESTS_WRTC_RIG_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/api_rig.h"
#include "webrtc/wrtc.h"

enum {
	WRTC_RIG_WAIT_MS = 10000,
	WRTC_RIG_AUDIO_PT = 111,
	WRTC_RIG_DTMF_PT = 126,
	WRTC_RIG_VIDEO_PT = 96,
};

struct wrtc_rig {
	struct api_rig api;
	struct workers *workers;
	struct media_engine *media;
	struct wrtc *gw;
	char *token;
	struct wrtc_params prm; /**< times, set before wrtc_rig_open() */
};

/** A handle of the core */
struct wrtc_core {
	void *slot; /* first: what the plugin keeps */
	atomic_int refs;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* under mtx */
	json_t *events; /**< in order, with "transaction" and "sdp" */
	unsigned rtp_audio, rtp_video, rtcp, rtcp_video, plis, closes, ends;
	uint8_t last[1500]; /**< the newest video packet */
	size_t last_len;
};

void wrtc_rig_open(struct wrtc_rig *rig);
/** Hang up everything, stop, and check that nothing is left */
void wrtc_rig_close(struct wrtc_rig *rig);
/** The same, but the calls are up to wrtc_stop()'s caller as in app_stop() */
void wrtc_rig_hang_up(struct wrtc_rig *rig);

/** A core's handle again, after wrtc_destroy(). @return wrtc_create()'s */
int wrtc_core_attach(struct wrtc_rig *rig, struct wrtc_core *core);
/** @return wrtc_create()'s */
int wrtc_core_open(struct wrtc_rig *rig, struct wrtc_core *core);
/** Destroy it and wait until the plugin has let go of it */
void wrtc_core_close(struct wrtc_rig *rig, struct wrtc_core *core);

/** Send JSON text, with an SDP offer or NULL. @return wrtc_message()'s */
int wrtc_core_say(struct wrtc_rig *rig, struct wrtc_core *core,
		  const char *text, const char *offer);
int wrtc_core_send(struct wrtc_rig *rig, struct wrtc_core *core, json_t *msg,
		   json_t *jsep);

/** Wait for an event by name or an error by code; taken out. Fails the test
 * after WRTC_RIG_WAIT_MS. */
json_t *wrtc_core_event(struct wrtc_core *core, const char *name);
unsigned wrtc_core_count(struct wrtc_core *core, const unsigned *count);
bool wrtc_core_wait(struct wrtc_core *core, const unsigned *count, unsigned n);

/** A device, registered. @return Its ticket, g_free() it */
char *wrtc_rig_register(struct wrtc_rig *rig, struct wrtc_core *core);
/** Dial and connect: accepted, and the PeerConnection is up. The call's id is
 * kept in `id` */
void wrtc_rig_call(struct wrtc_rig *rig, struct wrtc_core *core,
		   const char *ticket, const char *destination,
		   char id[ID_SIZE]);

/** One packet with a running sequence number */
void wrtc_core_rtp(struct wrtc_rig *rig, struct wrtc_core *core, bool video,
		   uint16_t seq);

/** The call's record when it has ended: waits. A new object */
json_t *wrtc_rig_ended(struct wrtc_rig *rig, const char *id);

/** As a browser offers: Opus, PCMU, digits, VP8, H.264, and a data channel */
extern const char wrtc_rig_offer[];

#endif
