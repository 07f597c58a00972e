/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clip/clip_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/obj.h"
#include "host/log.h"
#include "loop/loop.h"

static const int64_t cache_bytes = (int64_t)1 << 30;
static const int64_t file_bytes = (int64_t)50 << 20;

enum {
	LABEL_MAX = 200
};

/* ---- small things ---- */

void clip_fault_clear(struct clip_fault *fault)
{
	g_free(fault->why);
	memset(fault, 0, sizeof(*fault));
}

void clip_fault_set(struct clip_fault *fault, int err, const char *code,
		    const char *fmt, ...)
{
	va_list ap;

	clip_fault_clear(fault);
	fault->err = err ? err : EIO;
	fault->code = code;
	va_start(ap, fmt);
	fault->why = g_strdup_vprintf(fmt, ap);
	va_end(ap);
}

void clip_fault_copy(struct clip_fault *to, const struct clip_fault *from)
{
	clip_fault_set(to, from->err, from->code, "%s", from->why);
}

void clip_what_clear(struct clip_what *what)
{
	g_free(what->url);
	g_free(what->path);
	g_free(what->text);
	g_free(what->language);
	g_free(what->voice);
	g_free(what->provider);
	g_free(what->owner);
	memset(what, 0, sizeof(*what));
}

/* Each with its length: no two of them read the same */
static void add_part(GString *out, const char *text)
{
	if (text)
		g_string_append_printf(out, "%zu:%s,", strlen(text), text);
	else
		g_string_append(out, "-,");
}

void clip_what_key(const struct clips *clips, const struct clip_what *what,
		   char key[CLIP_KEY_SIZE])
{
	GString *text = g_string_new(NULL);
	char *hash;

	g_string_append_printf(text, "%u,", what->rate);
	add_part(text, what->url);
	if (what->path)
		add_part(text, what->path);
	add_part(text, what->text);
	add_part(text, what->language);
	add_part(text, what->voice);
	add_part(text, what->provider);
	if (what->provider && strcmp(what->provider, "http") == 0) {
		add_part(text, clips->tts_url);
		add_part(text, clips->tts_model);
	}
	hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str,
					     (gssize)text->len);
	g_strlcpy(key, hash, CLIP_KEY_SIZE);
	g_free(hash);
	g_string_free(text, TRUE);
}

char *clip_label(const char *url)
{
	return g_strndup(url, MIN(strcspn(url, "?#"), LABEL_MAX));
}

int64_t clips_now_ms(const struct clips *clips)
{
	return clock_wall_ms(loop_clock(clips->loop));
}

static void raise_idle(struct clips *clips)
{
	pthread_mutex_lock(&clips->mtx);
	clips->idle = true;
	pthread_cond_broadcast(&clips->cond);
	pthread_mutex_unlock(&clips->mtx);
}

void clips_hold(struct clips *clips)
{
	++clips->pending;
}

void clips_release(struct clips *clips)
{
	if (--clips->pending == 0 && clips->closing)
		raise_idle(clips);
}

bool clips_make_room(struct clips *clips)
{
	GList *link = clips->used.head, *next;

	for (; link &&
	       clips->kept_bytes + clips->growing_bytes > clips->cache_max;
	     link = next) {
		struct clip *clip = link->data;

		next = link->next;
		if (!clip->users->len && !clip->bring && !clip->opening)
			clip_forget(clip);
	}

	return clips->kept_bytes + clips->growing_bytes <= clips->cache_max;
}

void clips_stats(const struct clips *clips, struct clips_stats *stats)
{
	*stats = (struct clips_stats){
		.hits = clips->hits,
		.misses = clips->misses,
		.plays = clips->plays ? g_hash_table_size(clips->plays) : 0,
		.kept_bytes = clips->kept_bytes,
	};
}

/* ---- start ---- */

struct found {
	struct clips *clips;
	GArray *list; /* of struct found_clip */
};

struct found_clip {
	char key[CLIP_KEY_SIZE];
	struct clip_meta meta;
	char *etag;
	int64_t used_ms;
};

static void on_found(void *arg, const char *key, const struct clip_meta *meta,
		     int64_t used_ms)
{
	struct found *found = arg;
	struct found_clip clip = {.meta = *meta, .used_ms = used_ms};

	g_strlcpy(clip.key, key, sizeof(clip.key));
	clip.etag = g_strdup(meta->etag);
	clip.meta.etag = clip.etag;
	g_array_append_val(found->list, clip);
}

static gint by_use(gconstpointer a, gconstpointer b)
{
	const struct found_clip *left = a, *right = b;

	return left->used_ms < right->used_ms ? -1
					      : left->used_ms > right->used_ms;
}

static void enter_found(void *arg) /* Thread: loop */
{
	struct found *found = arg;
	unsigned i;

	for (i = 0; i < found->list->len; ++i) {
		const struct found_clip *clip =
			&g_array_index(found->list, struct found_clip, i);

		clip_found(found->clips, clip->key, &clip->meta);
	}
	(void)clips_make_room(found->clips);
}

static void clear_found(gpointer arg)
{
	struct found_clip *clip = arg;

	g_free(clip->etag);
}

static int read_cache(struct clips *clips)
{
	struct found found = {.clips = clips};
	int err;

	found.list = g_array_new(FALSE, FALSE, sizeof(struct found_clip));
	g_array_set_clear_func(found.list, clear_found);
	err = clip_file_scan(clips->cache_dir, on_found, &found);
	if (err)
		log_error("clips: %s cannot be read: %s", clips->cache_dir,
			  strerror(err));
	g_array_sort(found.list, by_use);
	if (!err)
		err = loop_call(clips->loop, "clips_found", enter_found,
				&found);
	g_array_free(found.list, TRUE);

	return err;
}

static void clips_destructor(void *arg)
{
	struct clips *clips = arg;

	g_free(clips->cache_dir);
	g_free(clips->media_dir);
	g_free(clips->data_dir);
	g_free(clips->tts_provider);
	g_free(clips->tts_url);
	g_free(clips->tts_key);
	g_free(clips->tts_model);
	pthread_cond_destroy(&clips->cond);
	pthread_mutex_destroy(&clips->mtx);
}

static struct clips *clips_alloc(const struct clips_params *prm)
{
	struct clips *clips = obj_zalloc(sizeof(*clips), clips_destructor);

	clips->loop = prm->loop;
	clips->timers = loop_timers(prm->loop);
	clips->workers = prm->workers;
	clips->fetcher = prm->fetcher;
	clips->tts_fetcher = prm->tts_fetcher ? prm->tts_fetcher : prm->fetcher;
	clips->render = prm->render;
	clips->db = prm->db;
	clips->ops = prm->ops;
	clips->cache_dir = g_build_filename(prm->data_dir, "cache", NULL);
	clips->data_dir = g_strdup(prm->data_dir);
	clips->media_dir = g_build_filename(prm->data_dir, "media", NULL);
	clips->cache_max =
		prm->cache_max_bytes ? prm->cache_max_bytes : cache_bytes;
	clips->fetch_max =
		prm->fetch_max_bytes ? prm->fetch_max_bytes : file_bytes;
	clips->tts_provider =
		g_strdup(prm->tts_provider ? prm->tts_provider : "flite");
	clips->tts_url = g_strdup(prm->tts_url);
	clips->tts_key = g_strdup(prm->tts_key);
	clips->tts_model = g_strdup(prm->tts_model ? prm->tts_model : "tts-1");
	clips->table =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, clip_free);
	clips->plays = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_queue_init(&clips->used);
	pthread_mutex_init(&clips->mtx, NULL);
	pthread_cond_init(&clips->cond, NULL);

	return clips;
}

int clips_start(struct clips **clipsp, const struct clips_params *prm)
{
	struct clips *clips;
	int err;

	if (!clipsp || !prm || !prm->loop || !prm->data_dir || !prm->ops)
		return EINVAL;

	clips = clips_alloc(prm);
	err = feeder_start(&clips->feeder, clips->loop, clip_play_failed,
			   clips);
	if (!err)
		err = read_cache(clips);
	if (err)
		clips_stop(clips);
	else
		*clipsp = clips;

	return err;
}

/* ---- stop ---- */

static void stop_plays(void *arg)
{
	struct clips *clips = arg;
	GHashTableIter iter;
	gpointer value;
	GPtrArray *brings = g_ptr_array_new();
	unsigned i;

	clips->closing = true;
	g_hash_table_iter_init(&iter, clips->plays);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		clip_play_cancel(value);
	g_hash_table_remove_all(clips->plays);

	/* what ends leaves the table */
	g_hash_table_iter_init(&iter, clips->table);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (((struct clip *)value)->bring)
			g_ptr_array_add(brings, ((struct clip *)value)->bring);
	for (i = 0; i < brings->len; ++i)
		clip_bring_cancel(brings->pdata[i]);
	g_ptr_array_free(brings, TRUE);
	if (!clips->pending)
		raise_idle(clips);
}

static void free_tables(void *arg)
{
	struct clips *clips = arg;

	g_hash_table_destroy(clips->plays);
	g_hash_table_destroy(clips->table);
	clips->plays = clips->table = NULL;
}

struct clips *clips_stop(struct clips *clips)
{
	if (!clips)
		return NULL;

	if (loop_call(clips->loop, "clips_stop", stop_plays, clips) == 0) {
		pthread_mutex_lock(&clips->mtx);
		while (!clips->idle)
			pthread_cond_wait(&clips->cond, &clips->mtx);
		pthread_mutex_unlock(&clips->mtx);
	}
	clips->feeder = feeder_stop(clips->feeder);
	(void)loop_call(clips->loop, "clips_free", free_tables, clips);

	return obj_unref(clips);
}
