/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file wrtc_priv.h  What the files of webrtc/ share: gateway, handle, leg
 *
 * A handle is counted: the core's slot, the loop's table, work in progress
 * and its leg hold it. Each member says whose it is.
 */
#ifndef BIFRONS_WEBRTC_WRTC_PRIV_H
#define BIFRONS_WEBRTC_WRTC_PRIV_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/obj.h"
#include "common/secret.h"
#include "directory/directory.h"
#include "loop/loop.h"
#include "loop/timers.h"
#include "media/media.h"
#include "media/route.h"
#include "media/tx.h"
#include "sdp/sdpx.h"
#include "webrtc/wrtc.h"

enum {
	WRTC_LOCKS = 64,
	WRTC_HANDLES_MAX = 20000,
	WRTC_QUEUED_MAX = 16,  /**< messages of a handle on their way */
	WRTC_ATTEMPTS_MAX = 3, /**< wrong tokens, then the handle goes */
	WRTC_OVER_MS = 30000,  /**< a handle whose call is over stays so long */
	WRTC_PLI_GAP_MS = 500, /**< key frames are asked for once in it */
	WRTC_RINGING_MAX = 4,  /**< calls that ring at a device at once */
	WRTC_RANG_MAX = 8,     /**< that a device remembers */
	WRTC_NAME_SIZE = 32,
	WRTC_STOP_MS = 6000,
};

struct wrtc_handle;
struct wrtc_leg;
struct wrtc_pusher;
struct wrtc_request;

struct wrtc_counters {
	atomic_uint devices, legs;
	atomic_ullong messages, errors, refused_packets, dropped_packets,
		video_echoed, video_bridged, lost;
};

struct wrtc {
	/* set at start, then read-only */
	struct loop *loop;
	struct timers *timers;
	struct workers *workers;
	struct db *db;
	struct directory *dir;
	struct media_engine *media;
	struct wrtc_host host;
	enum call_refusal (*incoming)(void *arg, const struct leg_incoming *in);
	void *arg;
	unsigned auth_ms, lost_ms, deaf_ms, connect_ms, ticket_s;
	struct wrtc_pusher *pusher;

	/* guards slots, each handle's `sound` and `peer`; spread by the slot */
	pthread_mutex_t locks[WRTC_LOCKS];

	/* any thread */
	atomic_bool stopping;
	atomic_ullong next_name;
	struct wrtc_counters n;
	pthread_mutex_t mtx;
	pthread_cond_t cond; /**< nhandles reached 0; CLOCK_MONOTONIC */
	unsigned nhandles;   /**< under mtx: objects that exist */

	/* thread: loop */
	GHashTable *handles; /**< the live ones, a reference each */
	GHashTable *tickets; /**< SHA-256 in hex -> handle, borrowed */
	GHashTable *devices; /**< name -> handle, borrowed */
	unsigned pictures;   /**< echos and bridges begun */
	struct timer sweep;  /**< devices whose extension may have gone */
	struct leg_factory factory;
};

/** Where a handle is; forward only, but for a token that was wrong */
enum wrtc_state {
	WRTC_NEW,      /**< nobody knows whose it is */
	WRTC_CHECKING, /**< a token is being looked up */
	WRTC_DEVICE,   /**< registered */
	WRTC_CALLING,  /**< it has a leg */
	WRTC_OVER,     /**< its call has ended, or it was told to go */
	WRTC_GONE,     /**< the core destroyed it */
	WRTC_NSTATES,
};

/** What a browser sees: one stream, whoever it comes from. Who sets `busy`
 * writes; whoever finds it set drops its packet. */
struct wrtc_picture {
	atomic_bool busy;
	unsigned source; /**< which beginning, of an echo or a bridge */
	struct media_tx tx;
	struct media_rewrite rewrite;
};

/** What the threads that bring packets need */
struct wrtc_io {
	atomic_bool busy;              /**< a packet is being worked on */
	_Atomic int64_t life_us;       /**< last packet or report */
	_Atomic int64_t pli_us;        /**< last key frame asked for */
	atomic_bool deaf;              /**< muted: their sound is dropped */
	atomic_bool dumb;              /**< muted: ours is */
	atomic_int audio_pt, video_pt; /**< negotiated; -1 = none */
	atomic_bool paused;            /**< it holds us: no sound either way */
	atomic_bool held;              /**< no picture to it, nor from it */
	atomic_uint echo; /**< video: 0 = off, else which beginning */
	struct wrtc_picture picture;
};

struct wrtc_ticket {
	char hash[SECRET_SHA256_HEX]; /**< "" = none */
	int64_t expires_ms;
};

struct wrtc_handle {
	/* set at creation, then read-only */
	struct wrtc *gw;
	void *core;
	void **slot;
	pthread_mutex_t *lock;
	char name[WRTC_NAME_SIZE]; /**< for the log: "browser 12" */

	/* under *lock */
	struct media_leg *sound;  /**< where audio goes; a reference */
	struct wrtc_handle *peer; /**< bridged with; the same */
	unsigned bridge;          /**< its picture goes there, 0 = no, else
				     which beginning */

	/* any thread */
	atomic_uint queued;
	struct wrtc_io io;

	/* thread: loop */
	enum wrtc_state state;
	struct timer timer; /**< to authenticate, to renew, to go */
	unsigned attempts;
	struct wrtc_request *waiting;              /**< while CHECKING */
	char ext_id[ID_SIZE], account_id[ID_SIZE]; /**< whose it is */
	int64_t token_expires_ms;                  /**< DEVICE; 0 = never */
	struct wrtc_ticket tickets[2];             /**< new and old */
	struct wrtc_leg *leg;                      /**< a reference, or NULL */
	bool ending;                               /**< end_session was asked */
	/* DEVICE: what rings (references), and what rang, newest first */
	struct wrtc_leg *ringing[WRTC_RINGING_MAX];
	char rang[WRTC_RANG_MAX][ID_SIZE];
};

/** Where a leg is; forward only */
enum wrtc_leg_state {
	WRTC_LEG_INVITED,
	WRTC_LEG_EARLY,    /**< progress was sent */
	WRTC_LEG_OFFERED,  /**< outgoing: it rings at the device `h` */
	WRTC_LEG_ANSWERED, /**< accepted was sent, media is not up */
	WRTC_LEG_UP,
	WRTC_LEG_OVER,
	WRTC_LEG_NSTATES,
};

/** What a leg tells its call a moment later, outside leg_ops; in this order */
enum {
	WRTC_LATER_RINGING = 1 << 0, /**< heard(), too */
	WRTC_LATER_BUSY = 1 << 1,    /**< too much rings at this device */
	WRTC_LATER_ANSWERED = 1 << 2,
	WRTC_LATER_EARLY = 1 << 3,
	WRTC_LATER_FAILED = 1 << 4,
	WRTC_LATER_CLOSED = 1 << 5,
};

struct wrtc_leg {
	struct leg leg;        /**< first: what the call holds */
	struct wrtc_handle *h; /**< a reference; OFFERED: the device */
	enum wrtc_leg_state state;
	bool outgoing;
	bool held;                  /**< by the platform */
	bool holds;                 /**< by the browser */
	char *destination;          /**< for `calls` */
	json_t *headers;            /**< theirs, X-, or NULL */
	const struct codec *wanted; /**< before Opus, or NULL */

	struct sdpx_desc *offer;
	struct sdpx_session sess;
	struct sdpx_local local;
	struct sdpx_origin origin;
	const struct codec *codecs[CODEC_NIDS];
	bool described; /**< our answer went out */

	bool connected;       /**< the PeerConnection is up */
	struct timer timer;   /**< to connect, then of life */
	unsigned quiet_looks; /**< in a row: nothing came for too long */

	bool media_open; /**< media_leg_close() has not answered */
	bool quiet;      /**< no callback but closed() */
	bool closed;
	unsigned later;
	struct timer later_timer;
	int fail_err;
};

/* ---- slot.c: from the core's word to our object; thread: any ---- */

/** @return A reference, or NULL */
struct wrtc_handle *wrtc_enter(struct wrtc *gw, void **slot);
/** Where its audio goes, a reference; or NULL */
struct media_leg *wrtc_sound_ref(struct wrtc_handle *h);
void wrtc_sound_set(struct wrtc_handle *h, struct media_leg *media);
/** Whom it is bridged with, a reference, or NULL
 * @param bridgep  Which beginning; 0: its picture does not go there */
struct wrtc_handle *wrtc_peer_ref(struct wrtc_handle *h, unsigned *bridgep);
void wrtc_peer_set(struct wrtc_handle *h, struct wrtc_handle *peer,
		   unsigned bridge);
/** Take the object out of the slot; its reference is the caller's */
struct wrtc_handle *wrtc_slot_clear(struct wrtc *gw, void **slot);

/* ---- push.c: to the core, in order, on a thread of its own ---- */

int wrtc_pusher_start(struct wrtc *gw);
/** Push what is queued, then end */
void wrtc_pusher_stop(struct wrtc *gw);
/** Thread: any. @param event  Taken; @param answer  Copied, or NULL */
void wrtc_push(struct wrtc_handle *h, const char *transaction, json_t *event,
	       const char *answer);
void wrtc_push_pli(struct wrtc_handle *h);
void wrtc_push_close_pc(struct wrtc_handle *h);
void wrtc_push_end(struct wrtc_handle *h);

/** {"bifrons":"event","event":name}: add to it, then push it; new */
json_t *wrtc_event(const char *name);
/** Push an error. @param faults  [{pointer, message}], taken, or NULL */
void wrtc_push_error(struct wrtc_handle *h, const char *transaction,
		     const char *code, const char *detail, json_t *faults);

/* ---- handle.c; thread: loop ---- */

/** @return 0, or EPROTO: logged */
int wrtc_handle_set(struct wrtc_handle *h, enum wrtc_state next);
const char *wrtc_state_name(enum wrtc_state state);
/** The first thing after wrtc_create(), posted */
void wrtc_handle_begin(void *handle);
/** A request came, posted: struct wrtc_request, taken */
void wrtc_handle_request(void *request);
/** The core destroyed it, or we stop; takes the slot's reference */
void wrtc_handle_gone(void *handle);
/** Its identity is known now (or not: err): go on with what waited */
void wrtc_handle_known(struct wrtc_handle *h, int err);
/** Ask the core to end it, once */
void wrtc_handle_end(struct wrtc_handle *h);
/** Its leg is over: it waits to be ended */
void wrtc_handle_over(struct wrtc_handle *h);
/** PeerConnection up and down, slow link; posted */
void wrtc_handle_up(void *handle);
void wrtc_handle_down(void *handle);

/* ---- auth.c; thread: loop ---- */

/** Look the request's token up; wrtc_handle_known() follows.
 * @return 0, or EAGAIN: too many at once */
int wrtc_auth_token(struct wrtc_handle *h, const struct wrtc_request *req);
/** Take the identity of the device whose ticket this is. @return 0 or EACCES */
int wrtc_auth_ticket(struct wrtc_handle *h, const struct wrtc_request *req);
/** The extension, as it is now; NULL when it is gone. Borrowed */
const struct dir_extension *wrtc_extension(const struct wrtc_handle *h);
/** Make it a device and tell it. @return NULL, or the error's code */
const char *wrtc_register(struct wrtc_handle *h, const char *transaction);
/** directory_watch(): devices end with their extension */
void wrtc_directory_changed(void *gateway, enum dir_kind kind);
/** Its tickets are worth nothing any more */
void wrtc_unregister(struct wrtc_handle *h);

/* ---- dial.c; thread: loop ---- */

/** A dialled destination, and what answers it */
struct wrtc_dial {
	char destination[300];
	const char *destination_type;
	const char *flow_id, *number_id; /**< borrowed from the directory */
};

/** @return 0, or ENOENT: no route */
int wrtc_dial(struct wrtc_dial *dial, const struct wrtc *gw,
	      const struct dir_extension *ext, const char *destination);

/* ---- ring.c; thread: loop ---- */

void wrtc_ring_init(struct wrtc *gw);
/** `accept`, on a fresh handle. @return NULL, or the error's code */
const char *wrtc_ring_accept(struct wrtc_handle *h, struct wrtc_request *req,
			     const char **detailp);
/** `decline`, by the device or on a fresh handle. @return The same */
const char *wrtc_ring_decline(struct wrtc_handle *h,
			      const struct wrtc_request *req);
/** The leg rings no more: its device is told, unless it knows */
void wrtc_ring_over(struct wrtc_leg *leg, const struct leg_end *end);
/** The device goes: what rings at it ends */
void wrtc_ring_gone(struct wrtc_handle *device);

/* ---- call.c, leg.c, sound.c; thread: loop ---- */

extern const struct leg_ops wrtc_leg_ops;

/** `call`. @return NULL, or the error's code (detailp: why) */
const char *wrtc_call(struct wrtc_handle *h, struct wrtc_request *req,
		      const char **detailp);
/** Without an offer, in its first state */
struct wrtc_leg *wrtc_leg_new(struct wrtc_handle *h);
/** Its browser took it: answer */
void wrtc_leg_accept(struct wrtc_leg *leg, const char *transaction);
struct wrtc_leg *wrtc_leg_of(const struct leg *leg);
int wrtc_leg_set(struct wrtc_leg *leg, enum wrtc_leg_state next);
bool wrtc_leg_hears(const struct wrtc_leg *leg);
void wrtc_leg_note(struct wrtc_leg *leg, const char *line);
void wrtc_leg_later(struct wrtc_leg *leg, unsigned what);
/** It is over and the call has not asked for it: ended(), then closed() */
void wrtc_leg_end(struct wrtc_leg *leg, const struct leg_end *end);
/** The browser went without a word */
void wrtc_leg_lost(struct wrtc_leg *leg, const char *line);
/** The browser holds the call, or goes on. @return 0, EPROTO before the answer
 */
int wrtc_leg_party_holds(struct wrtc_leg *leg, bool on);
/** The browser hung up */
void wrtc_leg_bye(struct wrtc_leg *leg, const char *transaction);
/** It was not taken: nobody hears of it */
void wrtc_leg_drop(struct wrtc_leg *leg);
void wrtc_leg_connected(struct wrtc_leg *leg);
json_t *wrtc_leg_json(const struct wrtc_leg *leg);

/** Can we talk? @return SDPX_OK, or why not */
enum sdpx_result wrtc_sound_offer(struct wrtc_leg *leg, bool video);
/** Media, and our answer. @param answerp  g_free() it
 * @return 0 or errno */
int wrtc_sound_open(struct wrtc_leg *leg, char **answerp);
void wrtc_sound_close(struct wrtc_leg *leg);
char *wrtc_sound_describe(const struct leg *leg);
void wrtc_sound_mute(struct wrtc_leg *leg, bool in, bool out, bool mute);

/* ---- picture.c ---- */

void wrtc_picture_init(struct wrtc_picture *picture);
/** leg_ops.echo and leg_ops.bridge. Thread: loop */
void wrtc_picture_echo(struct leg *leg, bool on);
void wrtc_picture_bridge(struct leg *leg, struct leg *peer);
/** Nothing goes to it or comes from it while either side holds. Thread: loop */
void wrtc_picture_hold(struct wrtc_leg *leg);
/** Its leg is over. Thread: loop */
void wrtc_picture_close(struct wrtc_handle *h);
/** A packet came, or what its browser says of the picture that it gets.
 * Thread: ICE, one at a time */
void wrtc_picture_rtp(struct wrtc_handle *h, uint8_t *packet, size_t len);
void wrtc_picture_rtcp(struct wrtc_handle *h, const void *packet, size_t len);
/** Ask for a key frame, at most every WRTC_PLI_GAP_MS; `now`: in any case.
 * Thread: any */
void wrtc_picture_pli(struct wrtc_handle *h, bool now);

/* ---- packets.c; thread: any ---- */

void wrtc_io_init(struct wrtc_io *io);
/** Nobody had a use for a packet of it */
void wrtc_io_drop(struct wrtc_handle *h);
int64_t wrtc_now_us(void);
/** media_leg_params.send; send_arg is the handle */
void wrtc_io_send(void *send_arg, bool rtcp, void *packet, size_t len);

#endif
