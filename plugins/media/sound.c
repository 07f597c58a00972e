/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/sound.h"

#include "common/obj.h"
#include "media/leg_priv.h"
#include "media/taps.h"

/* Opus has an encoder for sound of a telephone too (a peer with G.711): it
 * costs half. Both make one stream.
 */
enum {
	OPUS_RATE = 16000, /* speech and tones need no more */
	PCM_MAX = CODEC_RATE_MAX / 1000 * (CODEC_PTIME_MAX + CODEC_FRAME_MS),
};

struct media_sound {
	struct codec_enc *enc;    /* at rate */
	struct codec_enc *narrow; /* at another; NULL until needed */
	unsigned rate, narrow_rate;
	unsigned now; /* rate of what is in pcm */
	unsigned ptime;
	uint32_t span; /* timestamp units of a packet */
	unsigned fill;
	int16_t pcm[PCM_MAX];
};

static void sound_destructor(void *arg)
{
	struct media_sound *sound = arg;

	obj_unref(sound->enc);
	obj_unref(sound->narrow);
}

/* Samples in a packet */
static unsigned packet(const struct media_sound *sound)
{
	return sound->now / 1000 * sound->ptime;
}

unsigned media_sound_rate_of(const struct codec *codec)
{
	return codec->id == CODEC_OPUS ? (unsigned)OPUS_RATE : codec->rate;
}

int media_sound_need(struct media_leg *leg)
{
	const struct codec *codec = leg->sess.codec;
	const unsigned ptime = codec_ptime(codec, leg->sess.ptime_ms);
	struct media_sound *sound;
	int err;

	if (leg->sound)
		return 0;

	sound = obj_zalloc(sizeof(*sound), sound_destructor);
	sound->rate = sound->now = media_sound_rate_of(codec);
	sound->ptime = ptime;
	sound->span = codec_ts_units(codec, ptime);
	err = codec_enc_alloc(&sound->enc, codec, sound->rate, NULL);
	if (err)
		obj_unref(sound);
	else
		leg->sound = sound;

	return err;
}

unsigned media_sound_frame(const struct media_sound *sound)
{
	return sound->rate / 1000 * CODEC_FRAME_MS;
}

unsigned media_sound_rate(const struct media_sound *sound)
{
	return sound->rate;
}

unsigned media_sound_last_rate(const struct media_sound *sound)
{
	return sound->now;
}

static void send_packet(struct media_leg *leg, struct media_thread *th)
{
	struct media_sound *sound = leg->sound;
	struct codec_enc *enc =
		sound->now == sound->rate ? sound->enc : sound->narrow;
	const bool spurt = leg->tx.writer != sound;
	uint8_t buf[RTP_HEADER_LEN + CODEC_PAYLOAD_MAX];
	size_t len = 0;
	struct media_out out = {
		.buf = buf,
		.pt = leg->sess.pt,
		.marker = spurt,
		.ts = spurt ? media_tx_resume(&leg->tx, th->now_us)
			    : leg->tx.ref_ts + leg->tx.span,
		.span = sound->span,
		.writer = sound,
	};

	/* a packet that cannot be made is one that was lost */
	if (codec_enc_run(enc, sound->pcm, packet(sound), buf + RTP_HEADER_LEN,
			  CODEC_PAYLOAD_MAX, &len))
		return;

	out.len = RTP_HEADER_LEN + len;
	media_tx_packet(leg, th, &out);
}

/* What comes has this rate from now on */
static int change_rate(struct media_leg *leg, struct media_thread *th,
		       unsigned rate)
{
	struct media_sound *sound = leg->sound;
	int err = 0;

	media_sound_flush(leg, th);
	if (rate != sound->rate && rate != sound->narrow_rate) {
		sound->narrow = obj_unref(sound->narrow);
		err = codec_enc_alloc(&sound->narrow, leg->sess.codec, rate,
				      NULL);
		sound->narrow_rate = err ? 0 : rate;
	}
	if (!err)
		sound->now = rate;

	return err;
}

void media_sound_put_at(struct media_leg *leg, struct media_thread *th,
			const int16_t *pcm, unsigned rate)
{
	static const int16_t silence[CODEC_FRAME_MAX];
	struct media_sound *sound = leg->sound;
	const unsigned n = rate / 1000 * CODEC_FRAME_MS;
	unsigned size;

	if (rate != sound->now && change_rate(leg, th, rate))
		return;
	if (leg->mute_out && !leg->sending)
		pcm = silence;
	if (leg->taps)
		media_taps_heard(leg, pcm, rate);

	size = packet(sound);
	memcpy(sound->pcm + sound->fill, pcm, n * sizeof(*pcm));
	sound->fill += n;
	while (sound->fill >= size) {
		send_packet(leg, th);
		sound->fill -= size;
		memmove(sound->pcm, sound->pcm + size,
			sound->fill * sizeof(*pcm));
	}
}

void media_sound_put(struct media_leg *leg, struct media_thread *th,
		     const int16_t *pcm)
{
	media_sound_put_at(leg, th, pcm, leg->sound->rate);
}

void media_sound_flush(struct media_leg *leg, struct media_thread *th)
{
	struct media_sound *sound = leg->sound;

	if (!sound->fill)
		return;

	memset(sound->pcm + sound->fill, 0,
	       (packet(sound) - sound->fill) * sizeof(*sound->pcm));
	sound->fill = 0;
	send_packet(leg, th);
}

void media_sound_clear(struct media_sound *sound)
{
	if (sound)
		sound->fill = 0;
}
