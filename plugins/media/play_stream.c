/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playing a stream: sound that another thread brings. Nothing goes out before
 * the first 60 ms are there. A writer that is late is not heard as a click: the
 * sound fades, silence is sent, and when there is enough again it fades in.
 */
#include <errno.h>

#include "codec/resample.h"
#include "common/obj.h"
#include "media/leg_priv.h"
#include "media/play.h"
#include "media/sound.h"
#include "media/stream.h"

enum {
	ENOUGH_FRAMES = 3, /* to begin, and to go on after a delay */
	FADE_MS = 5
};

struct media_play *media_play_stream(struct media_stream *stream)
{
	struct media_play *play = g_new0(struct media_play, 1);

	play->stream = obj_ref(stream);

	return play;
}

void media_play_stream_free(struct media_play *play)
{
	if (play->stream)
		media_stream_drop(play->stream);
	obj_unref(play->stream);
	obj_unref(play->resample);
}

/* The session may have another rate than the stream, or get one */
static int prepare(struct media_play *play, unsigned rate)
{
	int err;

	if (play->rate == rate)
		return 0;

	play->resample = obj_unref(play->resample);
	err = resample_alloc(&play->resample, media_stream_rate(play->stream),
			     rate);
	play->rate = err ? 0 : rate;

	return err;
}

/* From the last sample down to nothing, then silence */
static void fade_out(const struct media_play *play, int16_t *pcm, size_t n)
{
	const int fade = (int)media_stream_rate(play->stream) / 1000 * FADE_MS;
	size_t i;

	for (i = 0; i < n; ++i) {
		const int left = fade - 1 - (int)i;

		pcm[i] = (int16_t)(left > 0 ? play->last * left / fade : 0);
	}
}

static void fade_in(const struct media_play *play, int16_t *pcm)
{
	const int fade = (int)media_stream_rate(play->stream) / 1000 * FADE_MS;
	int i;

	for (i = 0; i < fade; ++i)
		pcm[i] = (int16_t)(pcm[i] * i / fade);
}

/* Is there as much as it takes now, or all there will be? */
static bool has_enough(const struct media_play *play, size_t fill, bool ended,
		       size_t frame)
{
	const size_t need =
		play->sounding && !play->dry ? frame : ENOUGH_FRAMES * frame;

	return ended || fill >= need || !media_stream_space(play->stream);
}

/* Fill a frame with what there is. */
static void take(struct media_play *play, int16_t *pcm, size_t frame)
{
	const size_t got = media_stream_read(play->stream, pcm, frame);

	if (got)
		play->last = pcm[got - 1];
	if (got < frame) {
		fade_out(play, pcm + got, frame - got);
		play->last = 0;
	}
	if (play->dry)
		fade_in(play, pcm);
	play->dry = false;
}

static int put(struct media_leg *leg, struct media_thread *th,
	       struct media_play *play, const int16_t *pcm, size_t frame)
{
	int16_t out[CODEC_FRAME_MAX];
	const int err = resample_run(play->resample, pcm, frame, out,
				     G_N_ELEMENTS(out));

	if (!err)
		media_sound_put(leg, th, out);

	return err;
}

static void count_late(struct media_leg *leg, struct media_thread *th)
{
	media_count(&leg->figures.tx_underruns, 1);
	media_count(&th->underruns, 1);
}

bool media_play_stream_step(struct media_leg *leg, struct media_thread *th,
			    struct media_play *play, int *errp)
{
	const size_t frame =
		media_stream_rate(play->stream) / 1000 * CODEC_FRAME_MS;
	const bool ended = media_stream_is_ended(play->stream);
	const size_t fill = media_stream_fill(play->stream);
	int16_t pcm[CODEC_FRAME_MAX] = {0};

	*errp = prepare(play, media_sound_rate(leg->sound));
	if (*errp)
		return true;
	if (ended && media_stream_is_over(play->stream, errp)) {
		media_sound_flush(leg, th);
		return true;
	}

	if (has_enough(play, fill, ended, frame)) {
		take(play, pcm, frame);
		play->sounding = true;
	} else if (!play->sounding) {
		return false;
	} else if (!play->dry) {
		take(play, pcm, frame);
		play->dry = true;
		count_late(leg, th);
	}
	*errp = put(leg, th, play, pcm, frame);

	return *errp != 0;
}
