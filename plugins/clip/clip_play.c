/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list that is played: its items are brought all at once, and handed to the
 * feeder as they come */
#include <errno.h>
#include <string.h>

#include "clip/clip_priv.h"
#include "common/obj.h"
#include "common/opt.h"
#include "common/str.h"
#include "host/log.h"
#include "media/stream.h"
#include "media/tone.h"

enum {
	RING_MS = 2500, /* read ahead */
	RATE_LOW = 8000,
	RATE_HIGH = 16000,
};

struct play_item {
	struct clip_play *play;
	struct clip_user user;
	struct clip_lookup *lookup;
	struct clip_fault fault;
	bool ready;
};

struct clip_play {
	struct clips *clips; /* a reference */
	int64_t id;
	char *name;
	void (*failed)(void *arg, const struct clip_end *end);
	void *arg;
	bool told;
	unsigned rate;
	struct feed *feed; /* the feeder's; NULL: everything is stopped */
	size_t nitems;
	struct play_item items[];
};

#define ITEM_OF(ptr)                                                           \
	((struct play_item *)(void *)((char *)(ptr)-offsetof(struct play_item, \
							     user)))

static size_t index_of(const struct play_item *item)
{
	return (size_t)(item - item->play->items);
}

/* ---- what becomes of an item ---- */

static void item_ready(struct play_item *item, struct clip_pcm *pcm)
{
	struct clip_play *play = item->play;

	item->ready = true;
	if (play->feed)
		feed_ready(play->clips->feeder, play->feed, index_of(item),
			   pcm);
}

static void item_failed(struct play_item *item, const struct clip_fault *fault)
{
	struct clip_play *play = item->play;

	clip_fault_copy(&item->fault, fault);
	/* what is ready ends where its samples end */
	if (!item->ready && play->feed)
		feed_fail(play->clips->feeder, play->feed, index_of(item),
			  fault->err);
}

static void on_ready(struct clip_user *user, struct clip_pcm *pcm)
{
	item_ready(ITEM_OF(user), pcm);
}

static void on_failed(struct clip_user *user, const struct clip_fault *fault)
{
	item_failed(ITEM_OF(user), fault);
}

static void tell(struct clip_play *play, const struct clip_fault *fault)
{
	const struct clip_end end = {
		.err = fault->err,
		.code = fault->code,
		.why = fault->why,
	};

	if (play->told)
		return;

	play->told = true;
	/* the words may hold what a caller typed */
	log_debug("call %s: cannot play on: %s", play->name, fault->code);
	if (play->failed)
		play->failed(play->arg, &end);
}

void clip_play_failed(void *arg, uint64_t id, size_t index, int err)
{
	struct clips *clips = arg;
	const int64_t key = (int64_t)id;
	struct clip_play *play;
	struct play_item *item;

	if (clips->closing)
		return;
	play = g_hash_table_lookup(clips->plays, &key);
	if (!play)
		return; /* it was stopped meanwhile */

	item = &play->items[index];
	if (!item->fault.code)
		clip_fault_set(&item->fault, err, "render_failed",
			       "its file cannot be read: %s", strerror(err));
	tell(play, &item->fault);
}

/* ---- the start ---- */

static bool is_own(const char *url)
{
	return str_starts(url, "media:") || str_starts(url, "recording:");
}

static void want(struct clip_play *play, struct play_item *item,
		 struct clip_what *what)
{
	item->user.ready = on_ready;
	item->user.failed = on_failed;
	clip_join(play->clips, what, &item->user);
}

static void on_found(void *arg, const struct clip_found *found)
{
	struct play_item *item = arg;
	struct clip_what what = {.rate = item->play->rate};

	item->lookup = NULL;
	if (found->path) {
		what.path = g_strdup(found->path);
		want(item->play, item, &what);
	} else if (found->fault.code) {
		item_failed(item, &found->fault);
	} else {
		item_ready(item, found->pcm);
	}
}

/* What lies here, of an account */
static void want_own(struct clip_play *play, struct play_item *item,
		     const struct clip_play_params *prm, const char *url)
{
	struct clip_fault fault = {0};

	item->lookup = clip_lookup_start(play->clips, prm->account_id, url,
					 play->rate, on_found, item);
	if (item->lookup)
		return;

	clip_fault_set(&fault, EAGAIN, "busy", "%s: too much waits", url);
	item_failed(item, &fault);
	clip_fault_clear(&fault);
}

static void want_url(struct clip_play *play, struct play_item *item,
		     const struct clip_play_params *prm, const char *url,
		     unsigned rate)
{
	struct clip_what what = {.rate = rate};

	if (is_own(url)) {
		want_own(play, item, prm, url);
	} else if (!str_starts(url, "tone:")) {
		what.url = g_strdup(url);
		what.owner = g_strdup(prm->account_id);
		want(play, item, &what);
	}
}

static void want_text(struct clip_play *play,
		      const struct clip_play_params *prm, unsigned rate)
{
	const struct clip_text *text = prm->text;
	struct clip_what what = {
		.rate = rate,
		.text = g_strdup(text->text),
		.language = g_strdup(text->language ? text->language : "en-US"),
		.voice = g_strdup(text->voice),
		.provider =
			g_strdup(text->provider ? text->provider
						: play->clips->tts_provider),
		.owner = g_strdup(prm->account_id),
	};

	want(play, &play->items[0], &what);
}

static bool is_playable(const char *url)
{
	if (!url)
		return false;
	if (str_starts(url, "tone:"))
		return tone_parse(NULL, url, NULL) == 0;
	if (is_own(url))
		return strchr(url, ':')[1] != '\0';

	return opt_check_http_url(url) == NULL;
}

static int check(const struct clip_play_params *prm)
{
	const json_t *url;
	size_t i;

	if (prm->text)
		return prm->text->text ? 0 : EINVAL;
	if (!json_array_size(prm->urls))
		return EINVAL;
	json_array_foreach(
		prm->urls, i,
		url) if (!is_playable(json_string_value(url))) return EINVAL;

	return 0;
}

static void set_tones(struct feed *feed, const struct clip_play_params *prm)
{
	const json_t *url;
	size_t i;

	json_array_foreach(prm->urls, i, url)
	{
		const char *text = json_string_value(url);
		struct tone_list *list = NULL;

		if (!str_starts(text, "tone:") || tone_parse(&list, text, NULL))
			continue;
		if (i == 0)
			tone_seek(list, prm->seek_ms);
		feed_set_tone(feed, i, list);
	}
}

static void want_all(struct clip_play *play, const struct clip_play_params *prm,
		     unsigned rate)
{
	const json_t *url;
	size_t i;

	if (prm->text) {
		want_text(play, prm, rate);
		return;
	}
	json_array_foreach(prm->urls, i, url) want_url(
		play, &play->items[i], prm, json_string_value(url), rate);
}

static struct clip_play *play_alloc(struct clips *clips,
				    const struct clip_play_params *prm)
{
	const size_t n = prm->text ? 1 : json_array_size(prm->urls);
	struct clip_play *play =
		g_malloc0(sizeof(*play) + n * sizeof(play->items[0]));
	size_t i;

	play->clips = obj_ref(clips);
	play->id = (int64_t)++clips->play_ids;
	play->name = g_strdup(prm->name ? prm->name : "-");
	play->failed = prm->failed;
	play->arg = prm->arg;
	play->nitems = n;
	for (i = 0; i < n; ++i)
		play->items[i].play = play;

	return play;
}

int clip_play_start(struct clip_play **playp, struct clips *clips,
		    const struct clip_play_params *prm,
		    struct media_stream **streamp)
{
	/* the player makes up for any other rate */
	const unsigned rate =
		prm->rate && prm->rate <= RATE_LOW ? RATE_LOW : RATE_HIGH;
	struct feed_params feed = {
		.loops = prm->loops,
		.seek_ms = prm->seek_ms,
		.gain_db = prm->gain_db,
	};
	struct clip_play *play;
	int err = check(prm);

	if (err)
		return err;
	if (clips->closing)
		return ESHUTDOWN;
	if (g_hash_table_size(clips->plays) >= CLIP_PLAYS_MAX)
		return EAGAIN;

	err = media_stream_alloc(&feed.stream, rate,
				 (size_t)rate / 1000 * RING_MS);
	if (err)
		return err;

	play = play_alloc(clips, prm);
	play->rate = rate;
	feed.id = (uint64_t)play->id;
	feed.nitems = play->nitems;
	play->feed = feed_alloc(&feed);
	set_tones(play->feed, prm);
	g_hash_table_insert(clips->plays, &play->id, play);
	feed_add(clips->feeder, play->feed);
	want_all(play, prm, rate);
	*playp = play;
	*streamp = feed.stream;

	return 0;
}

/* ---- the end ---- */

static void leave_items(struct clip_play *play)
{
	size_t i;

	for (i = 0; i < play->nitems; ++i) {
		clip_leave(&play->items[i].user);
		clip_lookup_cancel(play->items[i].lookup);
		play->items[i].lookup = NULL;
	}
	if (play->feed)
		feed_remove(play->clips->feeder, play->feed);
	play->feed = NULL;
}

void clip_play_cancel(struct clip_play *play)
{
	struct clip_fault fault = {0};

	leave_items(play);
	clip_fault_set(&fault, ECANCELED, "canceled", "everything is stopped");
	tell(play, &fault);
	clip_fault_clear(&fault);
}

struct clip_play *clip_play_stop(struct clip_play *play)
{
	size_t i;

	if (!play)
		return NULL;

	if (!play->clips->closing) {
		(void)g_hash_table_remove(play->clips->plays, &play->id);
		leave_items(play);
	}
	for (i = 0; i < play->nitems; ++i)
		clip_fault_clear(&play->items[i].fault);
	g_free(play->name);
	obj_unref(play->clips);
	g_free(play);

	return NULL;
}
