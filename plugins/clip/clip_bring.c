/* SPDX-License-Identifier: GPL-3.0-or-later */
/* On its way: make the files, fetch, render while it arrives, keep. Whatever
 * is under way answers once; the last answer ends the bring. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clip/clip_priv.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/loop.h"

enum {
	FILE_MAX_S = 2 * 3600, /* of sound */
	SPEECH_MAX_S = 15 * 60,
};

struct clip_bring {
	/* set at the start, then read-only */
	struct clip *clip;
	struct clips *clips;
	char *dir;
	char *path; /* of a recording, or NULL */
	char key[CLIP_KEY_SIZE];
	bool fetched; /* or the child alone makes it */

	/* the feeder's while making or keeping, else the loop's; the fetch's
	 * thread writes to grow_w until it is done */
	struct clip_temp temp;
	int err;

	/* thread: fetch, until it is done */
	bool begun;
	atomic_llong total; /* bytes it will have; -1 = not known */

	/* thread: loop */
	bool making, fetching, rendering, keeping;
	bool canceled, unchanged, whole, passing, no_store;
	struct fetch *fetch;
	struct render_job *job;
	struct clip_pcm *pcm;
	int64_t counted; /* samples, in growing_bytes */
	struct timer first;
	struct clip_fault fault;
	int64_t checked_ms, fresh_s;
	char *etag;
};

static void settle(struct clip_bring *bring);

/* ---- the end ---- */

static void bring_free(void *arg) /* Thread: feeder */
{
	struct clip_bring *bring = arg;

	clip_file_unmake(&bring->temp);
	obj_unref(bring->pcm);
	clip_fault_clear(&bring->fault);
	g_free(bring->etag);
	g_free(bring->dir);
	g_free(bring->path);
	g_free(bring);
}

static void finish(struct clip_bring *bring)
{
	struct clips *clips = bring->clips;

	timer_cancel(clips->timers, &bring->first);
	clips->growing_bytes -= bring->counted * 2;
	if (bring->fault.code)
		log_debug("clips: %s: %s", bring->key, bring->fault.code);
	clip_brought(bring->clip, &bring->fault, bring->passing);
	if (feeder_run(clips->feeder, "clip_end", bring_free, NULL, bring))
		bring_free(bring);
	clips_release(clips);
}

static int64_t stored_samples(const struct clip_bring *bring)
{
	return atomic_load_explicit(&bring->pcm->samples, memory_order_relaxed);
}

static struct clip_meta meta_of(const struct clip_bring *bring)
{
	return (struct clip_meta){
		.samples = stored_samples(bring),
		.checked_ms = bring->checked_ms,
		.fresh_s = bring->fresh_s,
		.etag = bring->etag,
	};
}

static void keep(void *arg) /* Thread: feeder */
{
	struct clip_bring *bring = arg;
	const struct clip_meta meta = meta_of(bring);

	bring->err = clip_file_keep(&bring->temp, bring->pcm->fd, bring->dir,
				    bring->key, &meta);
}

static void on_kept(void *arg)
{
	struct clip_bring *bring = arg;
	const struct clip_meta meta = meta_of(bring);

	bring->keeping = false;
	if (bring->err) {
		log_warn("clips: %s cannot be kept: %s", bring->key,
			 strerror(bring->err));
	} else {
		bring->clips->growing_bytes -= bring->counted * 2;
		bring->counted = 0;
		clip_kept(bring->clip, &meta, bring->pcm);
		(void)clips_make_room(bring->clips);
	}
	finish(bring);
}

/* Nothing is under way any more: what came of it? */
static void settle(struct clip_bring *bring)
{
	if (bring->making || bring->fetching || bring->rendering ||
	    bring->keeping)
		return;

	bring->checked_ms = clips_now_ms(bring->clips);
	if (bring->unchanged)
		clip_unchanged(bring->clip, bring->fresh_s);
	if (bring->no_store)
		clip_drop(bring->clip);
	if (bring->whole && !bring->fault.code && !bring->no_store &&
	    !feeder_run(bring->clips->feeder, "clip_keep", keep, on_kept,
			bring))
		bring->keeping = true;
	else
		finish(bring);
}

/* The first reason is the reason */
static void fail(struct clip_bring *bring, int err, const char *code,
		 const char *why)
{
	if (!bring->fault.code)
		clip_fault_set(&bring->fault, err, code, "%s", why);
}

static void cancel_parts(struct clip_bring *bring)
{
	if (bring->fetching && bring->fetch)
		bring->clips->ops->fetch_cancel(bring->fetch);
	if (bring->rendering && bring->job)
		bring->clips->ops->render_cancel(bring->job);
}

void clip_bring_cancel(struct clip_bring *bring)
{
	if (bring->canceled)
		return;

	bring->canceled = true;
	bring->passing = true;
	fail(bring, ECANCELED, "canceled", "canceled");
	cancel_parts(bring);
	settle(bring);
}

struct clip_pcm *clip_bring_pcm(struct clip_bring *bring)
{
	return bring->pcm && stored_samples(bring) ? bring->pcm : NULL;
}

/* No more samples come; those who hear it are told before they get there */
static void end_samples(struct clip_bring *bring, int64_t samples)
{
	const bool bad = bring->fault.code;

	if (bad)
		clip_broken(bring->clip, bring->pcm, &bring->fault);
	clip_pcm_set(bring->pcm, samples, bad ? CLIP_BROKEN : CLIP_WHOLE);
	bring->whole = !bad;
	feeder_kick(bring->clips->feeder);
}

/* ---- rendering ---- */

static void count_samples(struct clip_bring *bring, int64_t samples)
{
	bring->clips->growing_bytes += (samples - bring->counted) * 2;
	bring->counted = samples;
	if (clips_make_room(bring->clips))
		return;

	fail(bring, ENOSPC, "busy", "the cache is full of what plays now");
	cancel_parts(bring);
}

static void on_samples(void *arg, int64_t samples)
{
	struct clip_bring *bring = arg;

	if (samples <= bring->counted || bring->canceled)
		return;

	timer_cancel(bring->clips->timers, &bring->first);
	count_samples(bring, samples);
	if (bring->fault.code)
		return;
	clip_pcm_set(bring->pcm, samples, CLIP_GROWING);
	clip_begun(bring->clip);
	feeder_kick(bring->clips->feeder);
}

/* As a flow tells them; the words name what it is about */
static void render_failed(struct clip_bring *bring,
			  const struct render_result *res)
{
	const struct clip_what *what = &bring->clip->what;
	char *label = what->url ? clip_label(what->url)
				: g_strdup(what->path ? "recording" : "speech");
	const char *code = "render_failed";

	if (str_eq(res->code, "undecodable"))
		code = "undecodable";
	else if (str_eq(res->code, "canceled"))
		code = "canceled";
	else if (str_eq(res->code, "no_voice"))
		code = "no_voice";
	else if (str_eq(res->code, "too_long"))
		code = "too_large";
	if (!bring->fault.code)
		clip_fault_set(&bring->fault, res->err, code, "%s: %s", label,
			       res->why ? res->why : code);
	g_free(label);
}

static void on_rendered(void *arg, const struct render_result *res)
{
	struct clip_bring *bring = arg;
	const int64_t samples = MAX(res->samples, 0);

	bring->rendering = false;
	bring->job = NULL;
	timer_cancel(bring->clips->timers, &bring->first);
	if (res->err || res->code)
		render_failed(bring, res);
	else
		count_samples(bring, samples);
	end_samples(bring, samples);
	if (!bring->fault.code)
		clip_begun(bring->clip);
	else if (bring->fetching && bring->fetch)
		bring->clips->ops->fetch_cancel(bring->fetch);
	settle(bring);
}

static int take(int *fdp)
{
	const int fd = *fdp;

	*fdp = -1;

	return fd;
}

static void render(struct clip_bring *bring)
{
	const struct clip_what *what = &bring->clip->what;
	const bool is_file = bring->fetched || bring->path;
	const struct render_text text = {
		.text = what->text,
		.language = what->language,
		.voice = what->voice,
		.provider = what->provider,
	};
	/* a path has no query */
	const char *name = bring->path ? bring->path : what->url;
	char *label = name ? clip_label(name) : NULL;
	struct render_file file = {
		.size = atomic_load(&bring->total),
		.name_hint = label ? strrchr(label, '/') + 1 : "speech.wav",
		.growing = -1,
	};
	const struct render_job_params prm = {
		.file = is_file ? &file : NULL,
		.text = is_file ? NULL : &text,
		.rate = what->rate,
		.out = take(&bring->temp.pcm_w),
		.max_samples = (int64_t)what->rate *
			       (name ? FILE_MAX_S : SPEECH_MAX_S),
		.progress = on_samples,
		.done = on_rendered,
		.arg = bring,
	};
	int err;

	if (is_file)
		file.in = take(&bring->temp.raw_r);
	if (bring->fetched) {
		/* ours stays open: writing never meets a closed pipe. Without
		 * one of its own it would take what is there for the whole */
		file.growing = fcntl(bring->temp.grow_r, F_DUPFD_CLOEXEC, 0);
		if (file.growing < 0)
			fail(bring, errno, "busy", "no descriptor is left");
	}
	err = bring->clips->ops->render_start(&bring->job, bring->clips->render,
					      &prm);
	g_free(label);
	bring->rendering = !err;
	if (!err)
		return;

	fail(bring, err, "busy", "too much is being decoded and spoken");
	if (bring->fetching && bring->fetch)
		bring->clips->ops->fetch_cancel(bring->fetch);
}

/* ---- fetching ---- */

static void on_begun(void *arg) /* Thread: loop; on_fetched() comes later */
{
	struct clip_bring *bring = arg;

	if (!bring->canceled && !bring->rendering && !bring->fault.code)
		render(bring);
}

static void on_bytes(void *arg, int64_t bytes, int64_t total) /* Thread: fetch
							       */
{
	struct clip_bring *bring = arg;

	/* a full pipe says it as well */
	if (write(bring->temp.grow_w, "+", 1) < 0 && errno != EAGAIN)
		return;
	if (bring->begun)
		return;

	bring->begun = true;
	atomic_store(&bring->total, total);
	(void)loop_post(bring->clips->loop, "clip_begun", on_begun, bring);
}

static int64_t freshness(const struct fetch_result *res)
{
	if (res->no_store)
		return 0;

	return res->max_age_s < 0 ? CLIP_FRESH_S
				  : MIN(res->max_age_s, CLIP_FRESH_MAX_S);
}

static void take_answer(struct clip_bring *bring,
			const struct fetch_result *res)
{
	bring->unchanged = res->status == 304;
	bring->no_store = bring->clip->what.url && res->no_store;
	bring->fresh_s = bring->clip->what.url ? freshness(res) : -1;
	g_free(bring->etag);
	bring->etag = res->etag && strlen(res->etag) <= CLIP_ETAG_MAX
			      ? g_strdup(res->etag)
			      : NULL;
}

static void on_fetched(void *arg, const struct fetch_result *res)
{
	struct clip_bring *bring = arg;
	struct clip_fault fault = {0};
	bool passing = false;

	bring->fetching = false;
	bring->fetch = NULL;
	if (clip_request_judge(bring->clip, res, &fault, &passing)) {
		if (!bring->fault.code)
			bring->passing = passing;
		fail(bring, fault.err, fault.code, fault.why);
		if (write(bring->temp.grow_w, "x", 1) < 0)
			cancel_parts(bring);
	} else {
		take_answer(bring, res);
		/* an answer without a byte has not begun */
		if (!bring->begun && !bring->unchanged && !bring->fault.code)
			render(bring);
	}
	clip_fault_clear(&fault);
	close(take(&bring->temp.grow_w)); /* a pipe: that never waits */
	settle(bring);
}

static void fetch(struct clip_bring *bring)
{
	const struct clips *clips = bring->clips;
	struct fetcher *fetcher =
		bring->clip->what.url ? clips->fetcher : clips->tts_fetcher;
	struct clip_request req;
	int err = clip_request_make(&req, bring->clip);

	if (err) {
		fail(bring, err, "no_voice",
		     "no HTTP provider of speech is configured");
		clip_request_free(&req);
		return;
	}

	req.prm.owner = bring->clip->what.owner;
	req.prm.fd = bring->temp.raw_w;
	req.prm.progress = on_bytes;
	req.prm.done = on_fetched;
	req.prm.arg = bring;
	err = clips->ops->fetch_start(&bring->fetch, fetcher, &req.prm);
	clip_request_free(&req);
	bring->fetching = !err;
	if (err == EAGAIN)
		fail(bring, err, "busy", "too many requests wait");
	else if (err)
		fail(bring, err, "unreachable", strerror(err));
}

/* ---- the start ---- */

/* A recording: it lies here, whole */
static void open_own(struct clip_bring *bring)
{
	const int fd = open(bring->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	bring->temp.raw_r = fd;
	if (fd < 0 || fstat(fd, &st))
		bring->err = errno;
	else if (!S_ISREG(st.st_mode))
		bring->err = EBADMSG;
	else
		atomic_store(&bring->total, st.st_size);
}

static void make(void *arg) /* Thread: feeder */
{
	struct clip_bring *bring = arg;

	bring->err = clip_file_make(&bring->temp, bring->dir, bring->fetched);
	if (!bring->err && bring->path)
		open_own(bring);
}

static void on_made(void *arg)
{
	struct clip_bring *bring = arg;

	bring->making = false;
	if (bring->err) {
		log_error("clips: no file can be made in %s: %s", bring->dir,
			  strerror(bring->err));
		fail(bring, bring->err, "busy", "there is no room for it");
	}
	if (!bring->fault.code) {
		bring->pcm = clip_pcm_alloc(take(&bring->temp.pcm_r), 0,
					    CLIP_GROWING);
		if (bring->fetched)
			fetch(bring);
		else
			render(bring);
	}
	settle(bring);
}

static void on_late(void *arg)
{
	struct clip_bring *bring = arg;

	bring->passing = true;
	fail(bring, ETIMEDOUT, "timeout",
	     "there was nothing to hear after 20 s");
	cancel_parts(bring);
}

void clip_bring_start(struct clip *clip)
{
	struct clips *clips = clip->clips;
	struct clip_bring *bring = g_new0(struct clip_bring, 1);

	bring->clip = clip;
	bring->clips = clips;
	bring->dir = g_strdup(clips->cache_dir);
	bring->path = g_strdup(clip->what.path);
	/* who deletes a recording finds it nowhere else */
	bring->no_store = bring->path != NULL;
	g_strlcpy(bring->key, clip->key, sizeof(bring->key));
	bring->temp = (struct clip_temp){-1, -1, -1, -1, -1, -1, NULL};
	bring->fetched = clip_is_fetched(&clip->what);
	bring->fresh_s = -1;
	atomic_store(&bring->total, -1);
	if (feeder_run(clips->feeder, "clip_make", make, on_made, bring)) {
		bring_free(bring); /* everything is being stopped */
		return;
	}

	bring->making = true;
	clip->bring = bring;
	clips_hold(clips);
	timer_start(clips->timers, &bring->first, CLIP_FIRST_MS, "clip_first",
		    on_late, bring);
}
