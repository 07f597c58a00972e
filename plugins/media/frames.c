/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/frames.h"

#include "codec/resample.h"
#include "common/obj.h"
#include "host/log.h"
#include "media/inband.h"
#include "media/leg_priv.h"
#include "media/rxaudio.h"
#include "media/sound.h"

struct media_frames {
	unsigned rate;
	uint64_t serial; /* of the tick that pcm is of */
	bool sound;      /* else it is silence */
	struct inband *inband;
	struct media_conv *to_inband;
	int16_t pcm[CODEC_FRAME_MAX];
};

struct media_conv {
	struct resample *resample;
	unsigned in, out;
};

static void conv_destructor(void *arg)
{
	struct media_conv *conv = arg;

	obj_unref(conv->resample);
}

const int16_t *media_conv_run(struct media_conv **convp, const int16_t *pcm,
			      unsigned rate_in, unsigned rate_out, int16_t *out)
{
	struct media_conv *conv = *convp;
	const size_t n = rate_in / 1000 * CODEC_FRAME_MS;

	if (rate_in == rate_out)
		return pcm;

	if (!conv || conv->in != rate_in || conv->out != rate_out) {
		obj_unref(conv);
		conv = obj_zalloc(sizeof(*conv), conv_destructor);
		conv->in = rate_in;
		conv->out = rate_out;
		*convp = conv;
		(void)resample_alloc(&conv->resample, rate_in, rate_out);
	}
	if (!conv->resample ||
	    resample_run(conv->resample, pcm, n, out, CODEC_FRAME_MAX))
		return NULL;

	return out;
}

static void frames_destructor(void *arg)
{
	struct media_frames *frames = arg;

	obj_unref(frames->inband);
	obj_unref(frames->to_inband);
}

void media_frames_forget(struct media_leg *leg)
{
	leg->rxaudio = obj_unref(leg->rxaudio);
	leg->frames = obj_unref(leg->frames);
}

void media_frames_moved(struct media_leg *leg)
{
	if (leg->frames)
		leg->frames->serial = 0; /* the other thread counts its own */
}

static int make(struct media_leg *leg)
{
	const unsigned rate = media_sound_rate_of(leg->sess.codec);
	const int err =
		rxaudio_alloc(&leg->rxaudio, leg->sess.codec, rate, 0, 0);

	if (err)
		return err;

	leg->frames = obj_zalloc(sizeof(*leg->frames), frames_destructor);
	leg->frames->rate = rate;

	return 0;
}

void media_frames_want(struct media_leg *leg, bool decode, bool inband)
{
	int err = 0;

	if (!decode && !inband) {
		media_frames_forget(leg);
		return;
	}
	if (!leg->frames)
		err = make(leg);
	if (!err && inband && !leg->frames->inband)
		err = inband_alloc(&leg->frames->inband);
	if (!err && !inband)
		leg->frames->inband = obj_unref(leg->frames->inband);
	if (err)
		log_warn("call %s: its sound cannot be decoded: %s", leg->name,
			 g_strerror(err));
}

static void listen_inband(struct media_leg *leg, struct media_thread *th)
{
	struct media_frames *frames = leg->frames;
	int16_t buf[CODEC_FRAME_MAX];
	const int16_t *pcm = media_conv_run(&frames->to_inband, frames->pcm,
					    frames->rate, INBAND_RATE, buf);
	char digit;

	if (!pcm)
		return;

	digit = inband_run(frames->inband, pcm,
			   INBAND_RATE / 1000 * CODEC_FRAME_MS);
	if (digit)
		media_rx_digit(leg, th, digit, 0);
}

const int16_t *media_frames_said(struct media_leg *leg, struct media_thread *th)
{
	struct media_frames *frames = leg->frames;

	if (!frames)
		return NULL;

	if (frames->serial != th->tick.serial) {
		frames->serial = th->tick.serial;
		frames->sound =
			rxaudio_frame(leg->rxaudio, th->now_us, frames->pcm);
		if (frames->inband)
			listen_inband(leg, th);
	}

	return frames->sound ? frames->pcm : NULL;
}

unsigned media_frames_rate(const struct media_leg *leg)
{
	return leg->frames ? leg->frames->rate : 0;
}
