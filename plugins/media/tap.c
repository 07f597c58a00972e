/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/tap.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <glib.h>

#include "common/obj.h"

enum {
	TAP_FRAME_MS = 20,
	TAP_RING_MS = 4000,
	TAP_VOICE_FRAMES = 2, /* together: a click alone is no voice */
};

/* Levels are mean squares of samples. Voice stands 9 dB over the noise, and
 * over -50 dBFS; noise is what the quiet moments between words leave: it falls
 * at once and rises by 2 dB a second, between -60 and -35 dBFS. */
static const double tap_over_noise = 7.94;
static const double tap_voice_least = 10737.;
static const double tap_noise_least = 1074.;
static const double tap_noise_most = 339540.;
static const double tap_noise_rise = 1.00926; /* a frame */

struct media_tap {
	/* set by alloc, then read-only */
	struct media_tap_params prm;
	size_t frame; /* samples of a side in 20 ms */
	size_t size;  /* frames in the ring */
	int16_t *pcm;

	/* thread: media */
	uint64_t taken; /* frames, lost ones too */
	uint64_t owed;  /* of them lost, and not yet written as silence */
	double noise;   /* < 0 = nothing heard yet */
	unsigned voiced, silent_ms;
	bool ended;
	enum media_tap_end why;

	/* written by one, read by the other; frames, they only count up */
	atomic_uint_fast64_t head; /* put, by media */
	atomic_uint_fast64_t tail; /* taken, by the reader */
	/* media's last word: `rest` stands before `finished` is raised */
	uint64_t rest; /* silence after all that is in the ring */
	atomic_bool finished;
	atomic_uint_fast64_t lost;
	/* anybody's */
	atomic_bool paused;

	uint64_t rested; /* the reader's: how much of the rest it took */
};

static void tap_destructor(void *arg)
{
	struct media_tap *tap = arg;

	g_free(tap->pcm);
}

int media_tap_alloc(struct media_tap **tapp, const struct media_tap_params *prm)
{
	struct media_tap *tap;
	unsigned ms;

	if (!tapp || !prm || (prm->channels != 1 && prm->channels != 2))
		return EINVAL;
	if (prm->rate != 8000 && prm->rate != 16000 && prm->rate != 48000)
		return EINVAL;

	ms = MAX(prm->ring_ms ? prm->ring_ms : TAP_RING_MS, TAP_FRAME_MS);
	tap = obj_zalloc(sizeof(*tap), tap_destructor);
	tap->prm = *prm;
	tap->frame = prm->rate / (1000 / TAP_FRAME_MS);
	tap->size = (size_t)(prm->rate / 1000) * ms;
	tap->pcm = g_new(int16_t, tap->size * prm->channels);
	tap->noise = -1.;
	*tapp = tap;

	return 0;
}

unsigned media_tap_rate(const struct media_tap *tap)
{
	return tap->prm.rate;
}

static uint64_t own(const atomic_uint_fast64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

static uint64_t others(const atomic_uint_fast64_t *count)
{
	return atomic_load_explicit(count, memory_order_acquire);
}

static int16_t mixed(int a, int b)
{
	return (int16_t)CLAMP(a + b, INT16_MIN, INT16_MAX);
}

/* As many frames as fit one after the other, from *atp on */
static size_t tap_room(const struct media_tap *tap, uint64_t *atp)
{
	const uint64_t head = own(&tap->head);
	const size_t room = tap->size - (size_t)(head - others(&tap->tail));

	*atp = head;

	return room;
}

static void tap_write(struct media_tap *tap, uint64_t at, const int16_t *said,
		      const int16_t *heard, size_t n)
{
	for (size_t i = 0; i < n; ++i) {
		const size_t pos = (size_t)((at + i) % tap->size);
		const int16_t left = said ? said[i] : 0;
		const int16_t right = heard ? heard[i] : 0;

		if (tap->prm.channels == 1) {
			tap->pcm[pos] = mixed(left, right);
		} else {
			tap->pcm[2 * pos] = left;
			tap->pcm[2 * pos + 1] = right;
		}
	}
	atomic_store_explicit(&tap->head, at + n, memory_order_release);
}

/* What found no room before comes as silence, in its place */
static void tap_pay(struct media_tap *tap)
{
	uint64_t at;
	const size_t room = tap_room(tap, &at);
	const size_t n = (size_t)MIN(tap->owed, (uint64_t)room);

	tap_write(tap, at, NULL, NULL, n);
	tap->owed -= n;
}

static void tap_store(struct media_tap *tap, const int16_t *said,
		      const int16_t *heard, size_t n)
{
	uint64_t at;

	tap->taken += n;
	if (tap->owed)
		tap_pay(tap);
	if (!tap->owed && tap_room(tap, &at) >= n) {
		tap_write(tap, at, said, heard, n);
		return;
	}

	tap->owed += n;
	atomic_fetch_add_explicit(&tap->lost, n, memory_order_relaxed);
}

static double frame_level(const int16_t *pcm, size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; ++i)
		sum += (int64_t)pcm[i] * pcm[i];

	return (double)sum / (double)n;
}

static bool is_voice(struct media_tap *tap, const int16_t *said)
{
	const double level = said ? frame_level(said, tap->frame) : 0.;
	double noise = tap->noise;

	/* a lost frame says nothing about the noise */
	if (said) {
		if (noise < 0. || level < noise)
			noise = level;
		else
			noise *= tap_noise_rise;
		tap->noise = CLAMP(noise, tap_noise_least, tap_noise_most);
	}

	return level > MAX(tap_voice_least, tap->noise * tap_over_noise);
}

static bool is_silent_too_long(struct media_tap *tap, const int16_t *said)
{
	if (!tap->prm.silence_ms)
		return false;

	tap->voiced = is_voice(tap, said) ? tap->voiced + 1 : 0;
	if (tap->voiced >= TAP_VOICE_FRAMES)
		tap->silent_ms = 0;
	else
		tap->silent_ms += TAP_FRAME_MS;

	return tap->silent_ms >= tap->prm.silence_ms;
}

static bool is_taking(const struct media_tap *tap)
{
	return !atomic_load_explicit(&tap->paused, memory_order_relaxed) &&
	       !atomic_load_explicit(&tap->finished, memory_order_relaxed);
}

static bool tap_end(struct media_tap *tap, enum media_tap_end why)
{
	tap->ended = true;
	tap->why = why;
	media_tap_finish(tap);

	return false;
}

bool media_tap_put(struct media_tap *tap, const int16_t *said,
		   const int16_t *heard, enum media_tap_end *endp)
{
	const uint64_t left = tap->prm.max_frames - tap->taken;
	size_t n = tap->frame;
	bool more = true;

	if (tap->ended) {
		more = false;
	} else if (!is_taking(tap)) {
		return true;
	} else if (tap->prm.max_frames && left <= n) {
		n = (size_t)left;
		tap_store(tap, said, heard, n);
		more = tap_end(tap, MEDIA_TAP_FULL);
	} else {
		tap_store(tap, said, heard, n);
		if (is_silent_too_long(tap, said))
			more = tap_end(tap, MEDIA_TAP_SILENCE);
	}
	if (!more && endp)
		*endp = tap->why;

	return more;
}

void media_tap_finish(struct media_tap *tap)
{
	if (atomic_load_explicit(&tap->finished, memory_order_relaxed))
		return;

	tap->rest = tap->owed;
	atomic_store_explicit(&tap->finished, true, memory_order_release);
}

/* Silence that found no room at all */
static size_t read_rest(struct media_tap *tap, int16_t *pcm, size_t n)
{
	const uint64_t rest = tap->rest - tap->rested;
	const size_t count = (size_t)MIN((uint64_t)n, rest);

	memset(pcm, 0, count * tap->prm.channels * sizeof(*pcm));
	tap->rested += count;

	return count;
}

size_t media_tap_read(struct media_tap *tap, int16_t *pcm, size_t n)
{
	/* the flag first: what was put before it is seen then */
	const bool finished =
		atomic_load_explicit(&tap->finished, memory_order_acquire);
	const unsigned chs = tap->prm.channels;
	const uint64_t tail = own(&tap->tail);
	const size_t fill = (size_t)(others(&tap->head) - tail);
	const size_t count = MIN(n, fill);
	const size_t at = (size_t)(tail % tap->size);
	const size_t first = MIN(count, tap->size - at);

	memcpy(pcm, tap->pcm + at * chs, first * chs * sizeof(*pcm));
	memcpy(pcm + first * chs, tap->pcm,
	       (count - first) * chs * sizeof(*pcm));
	atomic_store_explicit(&tap->tail, tail + count, memory_order_release);
	if (!finished || count < fill)
		return count;

	return count + read_rest(tap, pcm + count * chs, n - count);
}

bool media_tap_is_over(const struct media_tap *tap)
{
	if (!atomic_load_explicit(&tap->finished, memory_order_acquire))
		return false;

	return others(&tap->head) == own(&tap->tail) &&
	       tap->rested == tap->rest;
}

bool media_tap_ended(const struct media_tap *tap, enum media_tap_end *whyp)
{
	if (!atomic_load_explicit(&tap->finished, memory_order_acquire) ||
	    !tap->ended)
		return false;
	*whyp = tap->why;

	return true;
}

void media_tap_pause(struct media_tap *tap, bool on)
{
	atomic_store_explicit(&tap->paused, on, memory_order_relaxed);
}

uint64_t media_tap_lost(const struct media_tap *tap)
{
	return atomic_load_explicit(&tap->lost, memory_order_relaxed);
}
