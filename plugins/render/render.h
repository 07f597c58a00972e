/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file render.h  Files and texts into PCM, by the child `bifrons-media`
 *
 * What libavformat and the speech engines do runs in children without network
 * and without files but the descriptors that they are handed: a hostile file
 * ends its own job and nothing else. Two supervisors are kept; each job is a
 * process of its own, forked by one of them, with limits on time and memory.
 * A supervisor that died is started again.
 *
 * Thread: render_* on the loop; a thread of its own (`bif-render`) talks to
 * the children; answers come on the loop.
 *
 * The PCM is 16-bit native, mono, at the rate asked for, written to a file
 * that the caller gives; it may be read while it grows.
 */
#ifndef BIFRONS_RENDER_RENDER_H
#define BIFRONS_RENDER_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct render;
struct render_job;

enum {
	RENDER_TEXT_MAX = 8192, /**< bytes of a text */
};

struct render_params {
	struct loop *loop;
	const char *program;  /**< path of bifrons-media */
	unsigned supervisors; /**< 0 = 2; 8 at most */
	unsigned max_jobs;    /**< at once; more wait; 0 = 64; 256 at most */
	unsigned max_queued;  /**< over it EAGAIN; 0 = 1024 */
};

/** Start the thread and the children. Thread: not the loop.
 * @return 0, EINVAL, ENOENT or EACCES: program is none; errno
 */
int render_start(struct render **renderp, const struct render_params *prm);
/** Jobs end as canceled; children are gone when it returns. Not the loop.
 * @return NULL */
struct render *render_stop(struct render *render);

struct render_stats {
	unsigned running, queued;
	unsigned supervisors;            /**< that are up */
	uint64_t jobs, failed, restarts; /**< since the start */
};
/** Thread: any */
void render_stats(struct render *render, struct render_stats *stats);

struct render_result {
	int err; /**< 0 or errno */
	/** NULL without err, else static: "undecodable" (the file is to
	 * blame), "incomplete" (it grew, and was given up), "too_long",
	 * "no_voice", "render_failed" (we are to blame), "canceled" */
	const char *code;
	const char *why;    /**< in words; borrowed during the call */
	int64_t samples;    /**< written in all */
	const char *format; /**< what the file was: "wav", "ogg", "mp3" …;
			     * the provider of a text; borrowed, or NULL */
	const char *codec;  /**< "pcm_s16le", "opus" …; borrowed, or NULL */
};

struct render_file {
	int in; /**< the file; taken (closed) in every case */
	/** Reading end of a pipe when the file is still growing, else -1; each
	 * byte says that more is there, 'x' that it will never be whole, its
	 * end that it is whole. Taken. */
	int growing;
	int64_t size;             /**< in the end, or -1: not known yet */
	const char *name_hint;    /**< "greeting.mp3", or NULL */
	const char *content_type; /**< or NULL */
};

struct render_text {
	const char *text;     /**< plain, or SSML when it begins with <speak */
	const char *language; /**< "en-US"; NULL: that */
	const char *voice;    /**< or NULL: the language's */
	const char *provider; /**< "flite", "espeak-ng"; NULL: flite */
};

struct render_job_params {
	const struct render_file *file; /**< one of these two */
	const struct render_text *text;
	unsigned rate; /**< Hz of the PCM: 8000-48000 */
	int out;       /**< file opened for writing, written from its beginning;
			* taken (closed) in every case */
	/** More: it ends as "too_long", with so many in the file */
	int64_t max_samples;
	/** So many samples are in the file now; at the first 100 ms and then
	 * about each half second of sound. On the loop. May be NULL */
	void (*progress)(void *arg, int64_t samples);
	void (*done)(void *arg, const struct render_result *result);
	void *arg;
};

/** Everything but the descriptors is copied.
 * @param jobp  Dead after done(); may be NULL
 * @return 0, EINVAL, EMSGSIZE for a text over RENDER_TEXT_MAX, EAGAIN when too
 *         many wait, ESHUTDOWN; done() follows only after 0, never from inside
 */
int render_job_start(struct render_job **jobp, struct render *render,
		     const struct render_job_params *prm);
/** done() follows with "canceled", and progress() comes no more */
void render_job_cancel(struct render_job *job);

#endif
