/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clip_feed.h  The thread that reads clips into streams (`bif-clips`)
 *
 * Thread: loop, unless said; each function posts a command and returns. A
 * struct feed is made on the loop and belongs to the feeder from feed_add() on:
 * the loop names it in commands only, feed_remove() is the last of them. What
 * touches a disk for the loop (feeder_run()) runs here too, in order with it.
 */
#ifndef BIFRONS_CLIP_CLIP_FEED_H
#define BIFRONS_CLIP_CLIP_FEED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct feed;
struct feeder;
struct loop;
struct media_stream;
struct tone_list;

enum clip_pcm_state {
	CLIP_GROWING,
	CLIP_WHOLE,
	CLIP_BROKEN, /**< no more will come */
};

/** Samples in a file; counted. The last reference closes it: drop those of
 * the loop with feeder_unref(). */
struct clip_pcm {
	int fd; /**< constant */
	/* written by the loop, read by the feeder */
	atomic_llong samples; /**< in the file so far */
	atomic_int state;     /**< enum clip_pcm_state: after samples */
};

/** @param fd  Taken */
struct clip_pcm *clip_pcm_alloc(int fd, int64_t samples,
				enum clip_pcm_state state);
void clip_pcm_set(struct clip_pcm *pcm, int64_t samples,
		  enum clip_pcm_state state);

/** @param loop    Where `failed` is called
 * @param failed   The feed of play `id` came to an item that has failed, or
 *                 could not be read (err): its stream ends there
 */
int feeder_start(struct feeder **feederp, struct loop *loop,
		 void (*failed)(void *arg, uint64_t id, size_t item, int err),
		 void *arg);
/** Streams end as canceled, what was to be run is run; join. Not from the
 * loop. @return NULL */
struct feeder *feeder_stop(struct feeder *feeder);

typedef void(feeder_h)(void *arg);
/** Run work(arg) on the feeder, then done(arg) on the loop (may be NULL)
 * @return 0 or ESHUTDOWN */
int feeder_run(struct feeder *feeder, const char *name, feeder_h *work,
	       feeder_h *done, void *arg);
/** Drop a reference where closing a file may take its time */
void feeder_unref(struct feeder *feeder, void *obj);

struct feed_params {
	uint64_t id;
	struct media_stream *stream; /**< a reference is taken */
	size_t nitems;
	unsigned loops;   /**< 0 = until stopped */
	uint64_t seek_ms; /**< of the first item, once */
	double gain_db;
};

struct feed *feed_alloc(const struct feed_params *prm);
/** Before feed_add(): an item is a tone. @param list  Taken */
void feed_set_tone(struct feed *feed, size_t item, struct tone_list *list);

/** It is the feeder's now */
void feed_add(struct feeder *feeder, struct feed *feed);
/** An item is there. @param pcm  A reference is taken */
void feed_ready(struct feeder *feeder, struct feed *feed, size_t item,
		struct clip_pcm *pcm);
/** An item will not come */
void feed_fail(struct feeder *feeder, struct feed *feed, size_t item, int err);
/** There is more in files that grow */
void feeder_kick(struct feeder *feeder);
/** Its stream ends as canceled, if it had not ended; freed there */
void feed_remove(struct feeder *feeder, struct feed *feed);

/* ---- clip_mix.c, thread: feeder ---- */

/** Fill the stream as far as it goes. @return false when it is over */
bool feed_fill(struct feed *feed);
bool feed_is_over(const struct feed *feed);
/** Is it waiting for a file? */
bool feed_is_waiting(const struct feed *feed);
void feed_set_pcm(struct feed *feed, size_t item, struct clip_pcm *pcm);
void feed_set_failed(struct feed *feed, size_t item, int err);
/** It came to an item that failed. @return false: it did not, or the second
 * time that it is asked */
bool feed_take_failure(struct feed *feed, size_t *itemp, int *errp);
uint64_t feed_id(const struct feed *feed);
/** End the stream */
void feed_end(struct feed *feed, int err);
void feed_free(struct feed *feed);

#endif
