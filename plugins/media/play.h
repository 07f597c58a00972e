/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file play.h  What a leg plays: tones, a stream, or digits
 *
 * Made on the loop, handed to the leg's media thread, freed there. Digits go
 * out one after the other; while they do, what else plays waits.
 */
#ifndef BIFRONS_MEDIA_PLAY_H
#define BIFRONS_MEDIA_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/dtmf4733.h"
#include "media/tone.h"

struct media_leg;
struct media_stream;
struct media_thread;
struct resample;

struct media_play {
	struct media_leg *leg; /**< borrowed; while the command is under way */
	struct media_play *next;
	uint32_t id; /**< 0: nobody is told of its end */

	/* tones, one list after the other */
	struct tone_list **lists; /**< owned */
	size_t nlists, at;
	unsigned loops; /**< of each list; 0 = until stopped */
	bool running;   /**< source stands in lists[at] */
	struct tone_source source;

	/* a stream; NULL = something else */
	struct media_stream *stream; /**< a reference */
	struct resample *resample;   /**< made with the first frame */
	unsigned rate;               /**< to which it resamples */
	bool sounding;               /**< the first frame went out */
	bool dry;     /**< the writer is late: silence goes out */
	int16_t last; /**< sample, from which it fades */

	/* telephone-events; NULL = something else */
	char *digits;
	size_t pos;
	unsigned duration_ms, interval_ms;
	unsigned wait; /**< frames until the next digit */
	bool pressed;
	uint32_t ts; /**< at which the digit began */
	struct dtmf4733_tx tx;
};

/** @param list  Taken */
struct media_play *media_play_tones(struct tone_list *list, unsigned loops);
/** A reference is taken */
struct media_play *media_play_stream(struct media_stream *stream);
/** Digits in the sound. Unknown ones are left out. */
struct media_play *media_play_inband(const char *digits, unsigned duration_ms,
				     unsigned interval_ms);
/** Digits as events */
struct media_play *media_play_events(const char *digits, unsigned duration_ms,
				     unsigned interval_ms);
void media_play_free(struct media_play *play);

/* ---- thread: media; commands own their struct media_play ---- */

/** Play it instead of what plays */
void media_play_cmd_play(struct media_thread *th, void *play);
/** Send it after what is being sent; EBUSY when too much waits already */
void media_play_cmd_send(struct media_thread *th, void *play);
void media_play_cmd_stop(struct media_thread *th, void *leg);

/** Digits of a peer that is gone are not sent any more; the one that is
 * being sent goes to its end */
void media_play_forget_passed(struct media_leg *leg);
/** Do 20 ms of what is first in turn */
void media_play_step(struct media_leg *leg, struct media_thread *th);
/** The session changed: sound begins anew with another encoder */
void media_play_restart(struct media_leg *leg);
/** Drop everything without a word: the leg is closing */
void media_play_drop(struct media_leg *leg);

/* ---- play_stream.c ---- */

/** 20 ms of it. @return true when it is over: why is in *errp */
bool media_play_stream_step(struct media_leg *leg, struct media_thread *th,
			    struct media_play *play, int *errp);
/** The part that the stream has in a play; the writer sees it */
void media_play_stream_free(struct media_play *play);

#endif
