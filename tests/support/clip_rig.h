/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clip_rig.h  Clips over a web server and a decoder that the test plays
 *
 * Thread: the test's. A request waits until the test answers it. The decoder
 * takes a file's bytes for samples, as they come: "BAD" at its beginning is
 * undecodable, the sample CLIP_RIG_POISON too, from there on. A text becomes
 * CLIP_RIG_SPEECH samples; "dumb" has no voice. What is played is read from
 * the stream as a leg would, but as fast as it comes. Time can be moved.
 */
#ifndef BIFRONS_TESTS_SUPPORT_CLIP_RIG_H
#define BIFRONS_TESTS_SUPPORT_CLIP_RIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clip/clip.h"
#include "common/clock.h"

struct clip_rig;
struct fetch_result;

#define CLIP_RIG_ACCOUNT "01890000-0000-7000-8000-000000000001"
#define CLIP_RIG_OTHER "01890000-0000-7000-8000-000000000002"

enum {
	CLIP_RIG_REQS = 16,
	CLIP_RIG_HEARD = 1 << 20, /**< samples */
	CLIP_RIG_POISON = -32768,
	CLIP_RIG_SPEECH = 1600,
	CLIP_RIG_WAIT_MS = 120000,
};

/** A request as it came */
struct clip_rig_req {
	struct clip_rig *rig;
	char url[256], method[8], etag[64], auth[64], body[512], owner[64];
	bool waiting;  /**< not answered yet */
	bool canceled; /**< asked to, or nobody waits */
	int fd;
	void (*progress)(void *arg, int64_t bytes, int64_t total);
	void (*done)(void *arg, const struct fetch_result *result);
	void *arg;
	int64_t bytes;
};

/** What the server says; NULL and 0 where nothing is said */
struct clip_rig_answer {
	int status;
	const char *etag;
	int64_t max_age_s; /**< -1 = not said */
	bool no_store;
	int err; /**< no answer: with this code */
	const char *code;
};

struct clip_rig {
	struct loop *loop;
	struct workers *workers;
	struct clips *clips;
	struct db *db;
	char *dir;
	int64_t cache_max;
	const char *tts_url;
	struct clock clock;
	atomic_llong moved_ms;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* guarded by mtx */
	struct clip_rig_req reqs[CLIP_RIG_REQS];
	unsigned nreqs, nrenders, njobs; /**< of all; running */
	int refuse_fetch, refuse_render; /**< errno for the next one */
	bool hold_renders;               /**< they are taken and say nothing */
};

/** One play, and what is heard of it */
struct clip_rig_play {
	struct clip_rig *rig;
	struct clip_play *play;
	struct media_stream *stream;
	int16_t *heard;
	size_t n;
	int err; /**< of its end */

	/* guarded by the rig's mtx */
	unsigned nfailed;
	char code[32], why[256];
	int failed_err;
};

void clip_rig_open(struct clip_rig *rig);
void clip_rig_close(struct clip_rig *rig);
/** Stop and start the clips alone, over the same folder */
void clip_rig_restart(struct clip_rig *rig);
/** Time goes on */
void clip_rig_pass(struct clip_rig *rig, int64_t ms);
/** What was posted to the loop and the feeder has been done */
void clip_rig_flush(struct clip_rig *rig);

/** Wait until there were so many requests. @return The last of them */
struct clip_rig_req *clip_rig_request(struct clip_rig *rig, unsigned n);
/** A part of the body comes; nothing when it was canceled */
void clip_rig_send(struct clip_rig *rig, struct clip_rig_req *req,
		   const int16_t *pcm, size_t n);
/** The answer is over; nothing when it was canceled */
void clip_rig_answer(struct clip_rig *rig, struct clip_rig_req *req,
		     const struct clip_rig_answer *answer);
/** A whole answer 200 with samples from `from` on, counting up */
void clip_rig_serve(struct clip_rig *rig, struct clip_rig_req *req, int from,
		    size_t n, const struct clip_rig_answer *answer);
/** The decoders are done, what they made is kept */
void clip_rig_settle(struct clip_rig *rig);
void clip_rig_wait_canceled(struct clip_rig *rig, struct clip_rig_req *req);
/** Files in the cache that have a name */
unsigned clip_rig_files(struct clip_rig *rig);

/** Fill in rate 8000, once, and the account */
void clip_rig_params(struct clip_play_params *prm);
/** @param urls  JSON with ' for "; NULL: as prm says. @return as
 * clip_play_start() */
int clip_rig_play(struct clip_rig_play *play, struct clip_rig *rig,
		  const struct clip_play_params *prm, const char *urls);
/** Hear until there are n samples in all */
void clip_rig_hear(struct clip_rig_play *play, size_t n);
/** Hear to the end; err tells it */
void clip_rig_hear_all(struct clip_rig_play *play);
void clip_rig_end(struct clip_rig_play *play);

/** Are samples [at, at + n) from `from` on, counting up? */
void clip_rig_assert_count(const struct clip_rig_play *play, size_t at,
			   size_t n, int from);

/** An uploaded file of the account, n samples from `from` on, both rates */
void clip_rig_upload(struct clip_rig *rig, const char *account_id,
		     const char *id, const char *name, int from, size_t n);

/** A recording of the account: a file that the decoder reads */
void clip_rig_record(struct clip_rig *rig, const char *account_id,
		     const char *id, const char *status, int from, size_t n);
/** It is `status` now */
void clip_rig_record_is(struct clip_rig *rig, const char *id,
			const char *status);

#endif
