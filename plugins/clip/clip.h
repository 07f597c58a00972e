/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file clip.h  What is played: fetched, decoded or spoken, cached, fed
 *
 * A *clip* is one thing to hear (a URL, an uploaded file, a text in a voice)
 * as PCM in a file of the cache, at one rate. A *clip_play* feeds a list of
 * clips and tones, one after the other without a gap, into a media_stream.
 *
 * Thread: clip_* on the loop; a thread of its own (`bif-clips`) reads the
 * files ahead into the streams, so that neither the loop nor a media thread
 * waits for a disk. fetch/ and render/ bring what is not in the cache; a long
 * file is played while it still arrives.
 */
#ifndef BIFRONS_CLIP_CLIP_H
#define BIFRONS_CLIP_CLIP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct clip_play;
struct clips;
struct db;
struct fetch;
struct fetch_params;
struct fetcher;
struct loop;
struct media_stream;
struct render;
struct render_job;
struct render_job_params;
struct workers;

/** Who brings: the functions of fetch.h and render.h; tests put their own */
struct clip_ops {
	int (*fetch_start)(struct fetch **fetchp, struct fetcher *fetcher,
			   const struct fetch_params *prm);
	void (*fetch_cancel)(struct fetch *fetch);
	int (*render_start)(struct render_job **jobp, struct render *render,
			    const struct render_job_params *prm);
	void (*render_cancel)(struct render_job *job);
};

struct clips_params {
	struct loop *loop;
	struct workers *workers; /**< look media: up */
	struct fetcher *fetcher;
	struct fetcher *tts_fetcher; /**< for tts_url; NULL = fetcher */
	struct render *render;
	struct db *db;            /**< finds media:ID and media:NAME */
	const char *data_dir;     /**< cache/ and media/ lie in it */
	int64_t cache_max_bytes;  /**< oldest use goes first; 0 = 1 GiB */
	int64_t fetch_max_bytes;  /**< of one file; 0 = 50 MiB */
	const char *tts_provider; /**< when an action names none: "flite" */
	/* the HTTP provider, OpenAI-style /v1/audio/speech; NULL = none */
	const char *tts_url, *tts_key, *tts_model;
	const struct clip_ops *ops;
};

/** Read the cache, start the thread. Not from the loop. @return 0 or errno */
int clips_start(struct clips **clipsp, const struct clips_params *prm);
/** Plays end as canceled; waits for what fetcher and render still have, so
 * they (and the workers) are stopped before it, or after it. Not from the
 * loop. @return NULL */
struct clips *clips_stop(struct clips *clips);

struct clips_stats {
	uint64_t hits, misses; /**< what plays asked for */
	unsigned plays;        /**< now */
	int64_t kept_bytes;
};
/** Thread: loop */
void clips_stats(const struct clips *clips, struct clips_stats *stats);

/** What to say; borrowed */
struct clip_text {
	const char *text, *language, *voice, *provider; /**< NULL = default */
};

/** How a play went wrong */
struct clip_end {
	int err;
	const char *code; /**< static: "unreachable", "http_status", "timeout",
			   * "forbidden_address", "too_large", "undecodable",
			   * "media_not_found", "no_voice", "busy",
			   * "render_failed", "canceled" */
	const char *why;  /**< in words, with URL (host and path) and status;
			   * borrowed */
};

struct clip_play_params {
	const char *account_id;
	const char *name;             /**< the call's id, for the log */
	unsigned rate;                /**< of the leg: media_leg_rate() */
	const json_t *urls;           /**< array of strings: http, https,
				       * media:, tone: ; or */
	const struct clip_text *text; /**< a text */
	unsigned loops;   /**< of the whole list; 0 = until stopped */
	uint32_t seek_ms; /**< where in the first one to begin, once */
	double gain_db;
	/** Something went wrong: the stream ends there, after what came before
	 * it was heard; this comes before the player's word of the end. Once at
	 * most, on the loop, never from inside. */
	void (*failed)(void *arg, const struct clip_end *end);
	void *arg;
};

/** Begin to bring and feed. The stream is handed to the leg at once
 * (media_leg_play_stream(), which takes a reference of its own); its end is
 * the play's end.
 * @param streamp  A reference of the caller's: obj_unref()
 * @return 0, EINVAL for a URL of another kind, EAGAIN when too many play
 */
int clip_play_start(struct clip_play **playp, struct clips *clips,
		    const struct clip_play_params *prm,
		    struct media_stream **streamp);
/** The player needs it no more, whether it ended or not; failed() comes no
 * more. @return NULL */
struct clip_play *clip_play_stop(struct clip_play *play);

#endif
