/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clip_priv.h  The inside of clip/
 *
 * Thread: loop, unless said. A struct clip is one thing to hear at one rate: in
 * the cache, on its way, or both while a stale one is asked for anew. Users
 * (items of plays) join it and are told of the samples as soon as there are
 * any; they share what is on its way. A struct clip_bring is one way: make
 * files, fetch, render, keep.
 */
#ifndef BIFRONS_CLIP_CLIP_PRIV_H
#define BIFRONS_CLIP_CLIP_PRIV_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "clip/clip.h"
#include "clip/clip_feed.h"
#include "clip/clip_file.h"
#include "common/clock.h"
#include "fetch/fetch.h"
#include "loop/timers.h"
#include "render/render.h"

enum {
	CLIP_PLAYS_MAX = 8192,
	CLIP_ETAG_MAX = 512,
	CLIP_FRESH_S = 5, /**< when the server says nothing */
	CLIP_FRESH_MAX_S = 30 * 86400,
	CLIP_STALE_MS = 3600000, /**< used so long when the server is down */
	CLIP_LEAVE_MS = 5000,    /**< until it is asked again */
	CLIP_MOMENT_MS = 1000,   /**< that an answer is good for at least */
	CLIP_PATIENCE_MS = 2000, /**< then the stale one is played */
	CLIP_FIRST_MS = 20000,   /**< to the first samples */
	CLIP_GRACE_MS = 10000,   /**< nobody waits any more: canceled */
};

/** Why it went wrong */
struct clip_fault {
	int err;
	const char *code; /**< static; NULL = it did not */
	char *why;        /**< owned */
};

void clip_fault_set(struct clip_fault *fault, int err, const char *code,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void clip_fault_copy(struct clip_fault *to, const struct clip_fault *from);
void clip_fault_clear(struct clip_fault *fault);

/** What to bring; texts owned, NULL where not of its kind */
struct clip_what {
	unsigned rate;
	char *url;
	char *path; /**< of a recording; it is decoded, and not kept */
	char *text, *language, *voice, *provider;
	char *owner; /**< the account that asks for it; no part of its key */
};

void clip_what_clear(struct clip_what *what);
/** Into 64 hex digits */
void clip_what_key(const struct clips *clips, const struct clip_what *what,
		   char key[CLIP_KEY_SIZE]);
/** Scheme, host and path of a URL, cut: what may be shown. g_free() it */
char *clip_label(const char *url);

/** Who waits for a clip, or hears it; embedded in an item of a play */
struct clip_user {
	struct clip *clip;    /**< NULL = nothing */
	struct clip_pcm *pcm; /**< what it was given; borrowed, to compare */
	/** There are samples. May come from inside clip_join() */
	void (*ready)(struct clip_user *user, struct clip_pcm *pcm);
	/** It will not come, or not whole */
	void (*failed)(struct clip_user *user, const struct clip_fault *fault);
};

struct clip {
	struct clips *clips;
	char key[CLIP_KEY_SIZE];
	struct clip_what what; /**< while it has users, or is on its way */
	GPtrArray *users;      /**< struct clip_user, borrowed */

	/* in the cache */
	bool kept;
	int64_t samples, checked_ms, fresh_s;
	char *etag;
	GList used;       /**< in clips->used while kept; data: this */
	int64_t leave_ms; /**< wall time: not asked for anew before */
	bool opening;
	struct clip_pcm *open; /**< a reference; NULL = closed */

	struct clip_bring *bring; /**< on its way, or NULL */
	struct timer patience;    /**< with a stale one at hand */
	struct timer grace;       /**< without users */
};

struct clips {
	/* set before start, then read-only */
	struct loop *loop;
	struct timers *timers;
	struct workers *workers;
	struct fetcher *fetcher, *tts_fetcher;
	struct render *render;
	struct db *db;
	const struct clip_ops *ops;
	char *cache_dir, *media_dir, *data_dir;
	int64_t cache_max, fetch_max; /**< bytes */
	char *tts_provider, *tts_url, *tts_key, *tts_model;
	struct feeder *feeder;

	/* thread: loop */
	GHashTable *table; /**< key -> struct clip, owned */
	GQueue used;       /**< kept ones, the longest unused first */
	int64_t kept_bytes, growing_bytes;
	GHashTable *plays; /**< &id -> struct clip_play */
	uint64_t play_ids;
	uint64_t hits, misses;
	unsigned pending; /**< answers that are still to come */
	bool closing;

	/* clips_stop() waits for the loop */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool idle; /**< guarded by mtx */
};

/* ---- clips.c ---- */

/** An answer will come; it came */
void clips_hold(struct clips *clips);
void clips_release(struct clips *clips);
int64_t clips_now_ms(const struct clips *clips);
/** Forget what was unused for longest until there is room.
 * @return false: all that is there is in use */
bool clips_make_room(struct clips *clips);

/* ---- clip_entry.c ---- */

/** @param what  Taken */
void clip_join(struct clips *clips, struct clip_what *what,
	       struct clip_user *user);
void clip_leave(struct clip_user *user);
/** From the scan of the cache */
void clip_found(struct clips *clips, const char *key,
		const struct clip_meta *meta);
void clip_free(void *clip);
/** Remove what is kept of it */
void clip_drop(struct clip *clip);
/** The same, and itself when nobody needs it */
void clip_forget(struct clip *clip);
/** It is in the cache now, open as pcm */
void clip_kept(struct clip *clip, const struct clip_meta *meta,
	       struct clip_pcm *pcm);
/** The server says: it has not changed */
void clip_unchanged(struct clip *clip, int64_t fresh_s);
/** The first samples of what is on its way are there */
void clip_begun(struct clip *clip);
/** What hears this pcm will not hear the whole */
void clip_broken(struct clip *clip, const struct clip_pcm *pcm,
		 const struct clip_fault *fault);
/** The bring is over and gone. @param fault  Or NULL
 * @param passing  The server may be back soon: a stale one will do */
void clip_brought(struct clip *clip, const struct clip_fault *fault,
		  bool passing);

/* ---- clip_bring.c ---- */

void clip_bring_start(struct clip *clip);
void clip_bring_cancel(struct clip_bring *bring);
/** What is there so far; NULL before the first samples */
struct clip_pcm *clip_bring_pcm(struct clip_bring *bring);

/* ---- clip_request.c ---- */

/** Is it fetched, or does the child alone make it? */
bool clip_is_fetched(const struct clip_what *what);
/** Fill in URL, body, headers and limits; strings live until free */
struct clip_request {
	struct fetch_params prm;
	char *url, *body, *auth;
	const char *headers[3];
};
/** @return 0, or ENOTSUP: no HTTP provider is configured */
int clip_request_make(struct clip_request *req, const struct clip *clip);
void clip_request_free(struct clip_request *req);
/** What its answer is worth: 0 = take it; else the fault is set.
 * @param passingp  It may be better soon */
int clip_request_judge(const struct clip *clip, const struct fetch_result *res,
		       struct clip_fault *fault, bool *passingp);

/* ---- clip_lookup.c ---- */

struct clip_lookup;
/** What was found: one of the two, or a fault; borrowed */
struct clip_found {
	struct clip_pcm *pcm; /**< of media:REF, open */
	const char *path;     /**< of recording:REF, to be decoded */
	struct clip_fault fault;
};
/** Find a URL of these kinds in an account, on a worker.
 * @return NULL: EAGAIN */
struct clip_lookup *
clip_lookup_start(struct clips *clips, const char *account_id, const char *url,
		  unsigned rate,
		  void (*done)(void *arg, const struct clip_found *found),
		  void *arg);
/** done() does not come any more */
void clip_lookup_cancel(struct clip_lookup *lookup);

/* ---- clip_play.c ---- */

/** The feeder came to an item that failed */
void clip_play_failed(void *clips, uint64_t id, size_t item, int err);
/** Everything is being stopped: tell it */
void clip_play_cancel(struct clip_play *play);

#endif
