/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one play hears: clips and tones, one after the other without a gap,
 * louder or softer, again and again. Pure but for reading files. */
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <unistd.h>

#include "clip/clip_feed.h"
#include "common/obj.h"
#include "media/stream.h"
#include "media/tone.h"

enum {
	CHUNK = 8192, /* samples read at once */
	GAIN_ONE = 65536,
};

struct feed_item {
	struct tone_list *tones; /* NULL: a clip */
	struct clip_pcm *pcm;    /* NULL: not there yet */
	int err;                 /* it will not come */
};

struct feed {
	uint64_t id;
	struct media_stream *stream;
	unsigned left; /* passes, with this one */
	bool endless;
	int32_t gain; /* in 1/65536 */

	size_t at;       /* the present item */
	int64_t pos;     /* where in it, in samples */
	bool tone_runs;  /* source stands in the present item */
	bool heard;      /* something came in this pass */
	bool over;       /* the stream was ended */
	bool waiting;    /* for a file */
	bool has_failed; /* not yet told */
	size_t failed_at;
	int failed_err;
	struct tone_source source;

	size_t nitems;
	struct feed_item items[];
};

/* What the present item answers */
enum part {
	PART_SOME, /* samples */
	PART_WAIT, /* they will come */
	PART_OVER, /* it has no more */
	PART_FAILED,
};

static void pcm_destructor(void *arg)
{
	struct clip_pcm *pcm = arg;

	close(pcm->fd);
}

struct clip_pcm *clip_pcm_alloc(int fd, int64_t samples,
				enum clip_pcm_state state)
{
	struct clip_pcm *pcm = obj_zalloc(sizeof(*pcm), pcm_destructor);

	pcm->fd = fd;
	clip_pcm_set(pcm, samples, state);

	return pcm;
}

void clip_pcm_set(struct clip_pcm *pcm, int64_t samples,
		  enum clip_pcm_state state)
{
	atomic_store_explicit(&pcm->samples, samples, memory_order_relaxed);
	atomic_store_explicit(&pcm->state, state, memory_order_release);
}

struct feed *feed_alloc(const struct feed_params *prm)
{
	const double gain = pow(10.0, prm->gain_db / 20.0);
	struct feed *feed =
		g_malloc0(sizeof(*feed) + prm->nitems * sizeof(feed->items[0]));

	feed->id = prm->id;
	feed->stream = obj_ref(prm->stream);
	feed->nitems = prm->nitems;
	feed->left = prm->loops;
	feed->endless = !prm->loops;
	feed->gain = (int32_t)lrint(gain * GAIN_ONE);
	feed->pos =
		(int64_t)prm->seek_ms * (media_stream_rate(prm->stream) / 1000);

	return feed;
}

void feed_free(struct feed *feed)
{
	size_t i;

	for (i = 0; i < feed->nitems; ++i) {
		obj_unref(feed->items[i].tones);
		obj_unref(feed->items[i].pcm);
	}
	obj_unref(feed->stream);
	g_free(feed);
}

void feed_set_tone(struct feed *feed, size_t item, struct tone_list *list)
{
	feed->items[item].tones = list;
}

void feed_set_pcm(struct feed *feed, size_t item, struct clip_pcm *pcm)
{
	feed->items[item].pcm = pcm;
}

void feed_set_failed(struct feed *feed, size_t item, int err)
{
	feed->items[item].err = err;
}

bool feed_is_over(const struct feed *feed)
{
	return feed->over;
}

bool feed_is_waiting(const struct feed *feed)
{
	return feed->waiting;
}

uint64_t feed_id(const struct feed *feed)
{
	return feed->id;
}

void feed_end(struct feed *feed, int err)
{
	feed->over = true;
	feed->waiting = false;
	media_stream_end(feed->stream, err);
}

bool feed_take_failure(struct feed *feed, size_t *itemp, int *errp)
{
	if (!feed->has_failed)
		return false;

	feed->has_failed = false;
	*itemp = feed->failed_at;
	*errp = feed->failed_err;

	return true;
}

static enum part read_tone(struct feed *feed, struct feed_item *item,
			   int16_t *pcm, size_t n, size_t *gotp)
{
	if (!feed->tone_runs)
		tone_source_init(&feed->source, item->tones,
				 media_stream_rate(feed->stream), 1);
	feed->tone_runs = true;
	*gotp = tone_source_run(&feed->source, pcm, n);

	return *gotp ? PART_SOME : PART_OVER;
}

static enum part fail(struct feed *feed, int err)
{
	feed->failed_err = err;

	return PART_FAILED;
}

static enum part read_pcm(struct feed *feed, struct feed_item *item,
			  int16_t *pcm, size_t n, size_t *gotp)
{
	/* the state first: the samples that it came with are seen then */
	const int state =
		atomic_load_explicit(&item->pcm->state, memory_order_acquire);
	const int64_t there = atomic_load_explicit(&item->pcm->samples,
						   memory_order_relaxed) -
			      feed->pos;
	ssize_t got;

	if (there > 0) {
		n = (size_t)MIN((int64_t)n, there);
		got = pread(item->pcm->fd, pcm, n * sizeof(*pcm),
			    (off_t)(feed->pos * (int64_t)sizeof(*pcm)));
		if (got < (ssize_t)sizeof(*pcm))
			return fail(feed, got < 0 ? errno : ENODATA);
		*gotp = (size_t)got / sizeof(*pcm);
		feed->pos += (int64_t)*gotp;
		return PART_SOME;
	}
	if (state == CLIP_GROWING)
		return PART_WAIT;

	return state == CLIP_WHOLE ? PART_OVER : fail(feed, EIO);
}

static enum part read_item(struct feed *feed, int16_t *pcm, size_t n,
			   size_t *gotp)
{
	struct feed_item *item = &feed->items[feed->at];

	if (item->tones)
		return read_tone(feed, item, pcm, n, gotp);
	if (item->pcm)
		return read_pcm(feed, item, pcm, n, gotp);

	return item->err ? fail(feed, item->err) : PART_WAIT;
}

static void amplify(const struct feed *feed, int16_t *pcm, size_t n)
{
	size_t i;

	if (feed->gain == GAIN_ONE)
		return;

	for (i = 0; i < n; ++i) {
		const int64_t loud = (int64_t)pcm[i] * feed->gain / GAIN_ONE;

		pcm[i] = (int16_t)CLAMP(loud, INT16_MIN, INT16_MAX);
	}
}

/* To the next item, or the next pass. A pass without a sample is the last: it
 * would else go round for ever. */
static bool step(struct feed *feed)
{
	feed->pos = 0;
	feed->tone_runs = false;
	if (++feed->at < feed->nitems)
		return true;

	feed->at = 0;
	if (!feed->heard || (!feed->endless && --feed->left == 0))
		return false;
	feed->heard = false;

	return true;
}

static void part_failed(struct feed *feed)
{
	feed->has_failed = true;
	feed->failed_at = feed->at;
	feed->over = true; /* ended when the failure has been told */
}

bool feed_fill(struct feed *feed)
{
	int16_t pcm[CHUNK];
	size_t space, got = 0;

	feed->waiting = false;
	if (!feed->over && media_stream_is_dropped(feed->stream))
		feed_end(feed, ECANCELED);

	while (!feed->over && (space = media_stream_space(feed->stream)) > 0) {
		switch (read_item(feed, pcm, MIN(space, CHUNK), &got)) {
		case PART_SOME:
			feed->heard = true;
			amplify(feed, pcm, got);
			(void)media_stream_write(feed->stream, pcm, got);
			break;
		case PART_WAIT:
			feed->waiting = true;
			return true;
		case PART_OVER:
			if (!step(feed))
				feed_end(feed, 0);
			break;
		case PART_FAILED:
			part_failed(feed);
			break;
		}
	}

	return !feed->over;
}
