/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/stream.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <glib.h>

#include "common/obj.h"

struct media_stream {
	/* set by alloc, then read-only */
	unsigned rate;
	size_t size;
	int16_t *pcm;

	/* written by one, read by the other; they only count up */
	atomic_size_t head; /* samples put, by the writer */
	atomic_size_t tail; /* samples taken, by the reader */

	/* the writer's word: `err` stands before `ended` is raised */
	int err;
	atomic_bool ended;
	/* the reader's */
	atomic_bool dropped;
};

static void stream_destructor(void *arg)
{
	struct media_stream *stream = arg;

	g_free(stream->pcm);
}

int media_stream_alloc(struct media_stream **streamp, unsigned rate,
		       size_t samples)
{
	struct media_stream *stream;

	if (!streamp || !samples)
		return EINVAL;
	if (rate != 8000 && rate != 16000 && rate != 48000)
		return EINVAL;

	stream = obj_zalloc(sizeof(*stream), stream_destructor);
	stream->rate = rate;
	stream->size = samples;
	stream->pcm = g_new(int16_t, samples);
	*streamp = stream;

	return 0;
}

unsigned media_stream_rate(const struct media_stream *stream)
{
	return stream->rate;
}

static size_t own(const atomic_size_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

static size_t others(const atomic_size_t *count)
{
	return atomic_load_explicit(count, memory_order_acquire);
}

size_t media_stream_space(const struct media_stream *stream)
{
	return stream->size - (own(&stream->head) - others(&stream->tail));
}

size_t media_stream_write(struct media_stream *stream, const int16_t *pcm,
			  size_t n)
{
	const size_t head = own(&stream->head);
	const size_t at = head % stream->size;
	const size_t space = media_stream_space(stream);
	const size_t count = MIN(n, space);
	const size_t first = MIN(count, stream->size - at);

	if (media_stream_is_dropped(stream) || media_stream_is_ended(stream))
		return 0;

	memcpy(stream->pcm + at, pcm, first * sizeof(*pcm));
	memcpy(stream->pcm, pcm + first, (count - first) * sizeof(*pcm));
	atomic_store_explicit(&stream->head, head + count,
			      memory_order_release);

	return count;
}

void media_stream_end(struct media_stream *stream, int err)
{
	if (media_stream_is_ended(stream))
		return;

	stream->err = err;
	atomic_store_explicit(&stream->ended, true, memory_order_release);
}

bool media_stream_is_dropped(const struct media_stream *stream)
{
	return atomic_load_explicit(&stream->dropped, memory_order_acquire);
}

size_t media_stream_fill(const struct media_stream *stream)
{
	return others(&stream->head) - own(&stream->tail);
}

size_t media_stream_read(struct media_stream *stream, int16_t *pcm, size_t n)
{
	const size_t tail = own(&stream->tail);
	const size_t at = tail % stream->size;
	const size_t fill = media_stream_fill(stream);
	const size_t count = MIN(n, fill);
	const size_t first = MIN(count, stream->size - at);

	memcpy(pcm, stream->pcm + at, first * sizeof(*pcm));
	memcpy(pcm + first, stream->pcm, (count - first) * sizeof(*pcm));
	atomic_store_explicit(&stream->tail, tail + count,
			      memory_order_release);

	return count;
}

bool media_stream_is_ended(const struct media_stream *stream)
{
	return atomic_load_explicit(&stream->ended, memory_order_acquire);
}

bool media_stream_is_over(const struct media_stream *stream, int *errp)
{
	/* the flag first: what was written before it is seen then */
	if (!media_stream_is_ended(stream) || media_stream_fill(stream))
		return false;

	if (errp)
		*errp = stream->err;

	return true;
}

void media_stream_drop(struct media_stream *stream)
{
	atomic_store_explicit(&stream->dropped, true, memory_order_release);
}
