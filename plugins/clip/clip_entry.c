/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One thing to hear: who uses it, whether what is kept of it will do */
#include <string.h>

#include "clip/clip_priv.h"
#include "common/obj.h"
#include "host/log.h"

static int64_t size_of(const struct clip *clip)
{
	return clip->samples * 2;
}

static bool is_fresh(const struct clip *clip)
{
	const int64_t age_ms = clips_now_ms(clip->clips) - clip->checked_ms;

	return clip->fresh_s < 0 ||
	       (age_ms >= 0 && age_ms < clip->fresh_s * 1000);
}

/* May what is kept be played without a word from the server? */
static bool is_usable(const struct clip *clip)
{
	return clip->kept &&
	       (is_fresh(clip) || clips_now_ms(clip->clips) < clip->leave_ms);
}

/* The server does not answer, or not yet: a stale one is better than none */
static bool excuse(struct clip *clip)
{
	const int64_t now = clips_now_ms(clip->clips);

	if (!clip->kept ||
	    now - clip->checked_ms - clip->fresh_s * 1000 > CLIP_STALE_MS)
		return false;

	clip->leave_ms = now + CLIP_LEAVE_MS;

	return true;
}

static struct clip *clip_alloc(struct clips *clips, const char *key)
{
	struct clip *clip = g_new0(struct clip, 1);

	clip->clips = clips;
	g_strlcpy(clip->key, key, sizeof(clip->key));
	clip->users = g_ptr_array_new();
	clip->used.data = clip;
	g_hash_table_insert(clips->table, clip->key, clip);

	return clip;
}

void clip_free(void *arg)
{
	struct clip *clip = arg;

	timer_cancel(clip->clips->timers, &clip->patience);
	timer_cancel(clip->clips->timers, &clip->grace);
	clip_what_clear(&clip->what);
	g_ptr_array_free(clip->users, TRUE);
	g_free(clip->etag);
	obj_unref(clip->open);
	g_free(clip);
}

static void close_file(struct clip *clip)
{
	feeder_unref(clip->clips->feeder, clip->open);
	clip->open = NULL;
}

/* Give back what nobody uses */
static void settle(struct clip *clip)
{
	if (clip->users->len || clip->bring || clip->opening)
		return;

	close_file(clip);
	clip_what_clear(&clip->what);
	if (!clip->kept)
		(void)g_hash_table_remove(clip->clips->table, clip->key);
}

/* ---- in the cache ---- */

static void keep(struct clip *clip, const struct clip_meta *meta)
{
	struct clips *clips = clip->clips;

	if (clip->kept) {
		g_queue_unlink(&clips->used, &clip->used);
		clips->kept_bytes -= size_of(clip);
	}
	clip->kept = true;
	clip->samples = meta->samples;
	clip->checked_ms = meta->checked_ms;
	clip->fresh_s = meta->fresh_s;
	clip->leave_ms = 0;
	g_free(clip->etag);
	clip->etag = g_strdup(meta->etag);
	g_queue_push_tail_link(&clips->used, &clip->used);
	clips->kept_bytes += size_of(clip);
}

static void unkeep(struct clip *clip)
{
	clip->kept = false;
	g_queue_unlink(&clip->clips->used, &clip->used);
	clip->clips->kept_bytes -= size_of(clip);
	close_file(clip);
}

void clip_found(struct clips *clips, const char *key,
		const struct clip_meta *meta)
{
	keep(clip_alloc(clips, key), meta);
}

void clip_kept(struct clip *clip, const struct clip_meta *meta,
	       struct clip_pcm *pcm)
{
	close_file(clip);
	keep(clip, meta);
	clip->open = obj_ref(pcm);
}

struct removal {
	char *dir;
	char key[CLIP_KEY_SIZE];
};

static void remove_file(void *arg) /* Thread: feeder */
{
	struct removal *gone = arg;

	clip_file_remove(gone->dir, gone->key);
	g_free(gone->dir);
	g_free(gone);
}

void clip_drop(struct clip *clip)
{
	struct removal *gone;

	if (!clip->kept)
		return;

	gone = g_new0(struct removal, 1);
	gone->dir = g_strdup(clip->clips->cache_dir);
	g_strlcpy(gone->key, clip->key, sizeof(gone->key));
	if (feeder_run(clip->clips->feeder, "clip_remove", remove_file, NULL,
		       gone)) {
		g_free(gone->dir);
		g_free(gone);
	}
	unkeep(clip);
}

void clip_forget(struct clip *clip)
{
	clip_drop(clip);
	settle(clip);
}

void clip_unchanged(struct clip *clip, int64_t fresh_s)
{
	clip->checked_ms = clips_now_ms(clip->clips);
	clip->fresh_s = fresh_s;
	/* what must be asked for each time serves those who wait now */
	clip->leave_ms = clip->checked_ms + CLIP_MOMENT_MS;
}

/* ---- users ---- */

static void give(struct clip *clip, struct clip_pcm *pcm)
{
	unsigned i;

	for (i = 0; i < clip->users->len; ++i) {
		struct clip_user *user = g_ptr_array_index(clip->users, i);

		if (user->pcm)
			continue;
		user->pcm = pcm;
		user->ready(user, pcm);
	}
}

static bool anyone_waits(const struct clip *clip)
{
	unsigned i;

	for (i = 0; i < clip->users->len; ++i)
		if (!((struct clip_user *)clip->users->pdata[i])->pcm)
			return true;

	return false;
}

static void serve(struct clip *clip);

struct opening {
	struct clip *clip;
	char *dir;
	char key[CLIP_KEY_SIZE];
	int64_t samples;
	int fd, err;
};

static void open_file(void *arg) /* Thread: feeder */
{
	struct opening *op = arg;

	op->err = clip_file_open(&op->fd, op->dir, op->key, op->samples);
}

static void on_opened(void *arg)
{
	struct opening *op = arg;
	struct clip *clip = op->clip;
	struct clips *clips = clip->clips;
	/* or did a newer one come meanwhile? */
	const bool is_same =
		clip->kept && !clip->open && clip->samples == op->samples;
	struct clip_pcm *pcm = NULL;

	clip->opening = false;
	if (!op->err) {
		pcm = clip_pcm_alloc(op->fd, op->samples, CLIP_WHOLE);
	} else if (is_same) {
		log_warn("clips: %s.pcm is lost: %s", clip->key,
			 strerror(op->err));
		unkeep(clip);
	}
	if (pcm && is_same)
		clip->open = pcm;
	else
		feeder_unref(clips->feeder, pcm);
	serve(clip);
	settle(clip);
	g_free(op->dir);
	g_free(op);
	clips_release(clips);
}

static void open_kept(struct clip *clip)
{
	struct clips *clips = clip->clips;
	struct opening *op;

	if (clip->opening)
		return;

	op = g_new0(struct opening, 1);
	op->clip = clip;
	op->dir = g_strdup(clips->cache_dir);
	op->samples = clip->samples;
	g_strlcpy(op->key, clip->key, sizeof(op->key));
	if (feeder_run(clips->feeder, "clip_open", open_file, on_opened, op)) {
		g_free(op->dir);
		g_free(op);
		return;
	}
	clip->opening = true;
	clips_hold(clips);
	g_queue_unlink(&clips->used, &clip->used);
	g_queue_push_tail_link(&clips->used, &clip->used);
}

static void on_patience(void *arg)
{
	struct clip *clip = arg;

	if (excuse(clip))
		serve(clip);
}

/* Give those who wait what there is, or have it brought */
static void serve(struct clip *clip)
{
	struct clip_pcm *pcm;

	if (!anyone_waits(clip) || clip->clips->closing)
		return;

	pcm = clip->bring ? clip_bring_pcm(clip->bring) : NULL;
	if (pcm) {
		give(clip, pcm);
	} else if (is_usable(clip) && clip->open) {
		give(clip, clip->open);
	} else if (is_usable(clip)) {
		open_kept(clip);
	} else if (!clip->bring) {
		if (clip->kept)
			timer_start(clip->clips->timers, &clip->patience,
				    CLIP_PATIENCE_MS, "clip_patience",
				    on_patience, clip);
		clip_bring_start(clip);
	}
}

void clip_join(struct clips *clips, struct clip_what *what,
	       struct clip_user *user)
{
	char key[CLIP_KEY_SIZE];
	struct clip *clip;

	clip_what_key(clips, what, key);
	clip = g_hash_table_lookup(clips->table, key);
	if (!clip)
		clip = clip_alloc(clips, key);
	if (clip->what.rate) {
		clip_what_clear(what);
	} else {
		clip->what = *what;
		memset(what, 0, sizeof(*what));
	}

	if (clip->bring || is_usable(clip))
		++clips->hits;
	else
		++clips->misses;

	timer_cancel(clips->timers, &clip->grace);
	user->clip = clip;
	user->pcm = NULL;
	g_ptr_array_add(clip->users, user);
	serve(clip);
}

static void on_grace(void *arg)
{
	struct clip *clip = arg;

	if (clip->bring)
		clip_bring_cancel(clip->bring);
}

void clip_leave(struct clip_user *user)
{
	struct clip *clip = user->clip;

	if (!clip)
		return;

	user->clip = NULL;
	user->pcm = NULL;
	(void)g_ptr_array_remove_fast(clip->users, user);
	if (clip->users->len)
		return;

	/* it may be wanted again in a moment */
	if (clip->bring && !clip->clips->closing)
		timer_start(clip->clips->timers, &clip->grace, CLIP_GRACE_MS,
			    "clip_grace", on_grace, clip);
	settle(clip);
}

/* ---- what the bring tells ---- */

void clip_begun(struct clip *clip)
{
	serve(clip);
}

void clip_broken(struct clip *clip, const struct clip_pcm *pcm,
		 const struct clip_fault *fault)
{
	unsigned i;

	for (i = 0; i < clip->users->len; ++i) {
		struct clip_user *user = g_ptr_array_index(clip->users, i);

		if (user->pcm && user->pcm == pcm)
			user->failed(user, fault);
	}
}

static void fail_waiting(struct clip *clip, const struct clip_fault *fault)
{
	unsigned i = clip->users->len;

	/* from the end: they leave */
	while (i-- > 0) {
		struct clip_user *user = g_ptr_array_index(clip->users, i);

		if (user->pcm)
			continue;
		user->clip = NULL;
		(void)g_ptr_array_remove_index(clip->users, i);
		user->failed(user, fault);
	}
}

void clip_brought(struct clip *clip, const struct clip_fault *fault,
		  bool passing)
{
	struct clips *clips = clip->clips;

	clip->bring = NULL;
	timer_cancel(clips->timers, &clip->patience);
	timer_cancel(clips->timers, &clip->grace);
	if (fault && fault->code) {
		if (passing && excuse(clip)) {
			log_debug("clips: %s: the kept one is played",
				  clip->key);
		} else {
			if (!passing && clip->kept && !clips->closing)
				clip_drop(clip); /* it is gone for good */
			fail_waiting(clip, fault);
		}
	}
	serve(clip);
	settle(clip);
}
