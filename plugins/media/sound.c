/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/sound.h"

#include "common/obj.h"
#include "media/leg_priv.h"

enum {
	OPUS_RATE = 16000, /* speech and tones need no more */
	PCM_MAX = CODEC_RATE_MAX / 1000 * (CODEC_PTIME_MAX + CODEC_FRAME_MS),
};

struct media_sound {
	struct codec_enc *enc;
	unsigned rate;
	unsigned packet; /* samples */
	uint32_t span;   /* timestamp units of a packet */
	unsigned fill;
	int16_t pcm[PCM_MAX];
};

static void sound_destructor(void *arg)
{
	struct media_sound *sound = arg;

	obj_unref(sound->enc);
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
	sound->rate = media_sound_rate_of(codec);
	sound->packet = sound->rate / 1000 * ptime;
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

static void send_packet(struct media_leg *leg, struct media_thread *th)
{
	struct media_sound *sound = leg->sound;
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
	if (codec_enc_run(sound->enc, sound->pcm, sound->packet,
			  buf + RTP_HEADER_LEN, CODEC_PAYLOAD_MAX, &len))
		return;

	out.len = RTP_HEADER_LEN + len;
	media_tx_packet(leg, th, &out);
}

void media_sound_put(struct media_leg *leg, struct media_thread *th,
		     const int16_t *pcm)
{
	struct media_sound *sound = leg->sound;
	const unsigned n = media_sound_frame(sound);

	memcpy(sound->pcm + sound->fill, pcm, n * sizeof(*pcm));
	sound->fill += n;
	while (sound->fill >= sound->packet) {
		send_packet(leg, th);
		sound->fill -= sound->packet;
		memmove(sound->pcm, sound->pcm + sound->packet,
			sound->fill * sizeof(*pcm));
	}
}

void media_sound_flush(struct media_leg *leg, struct media_thread *th)
{
	struct media_sound *sound = leg->sound;

	if (!sound->fill)
		return;

	memset(sound->pcm + sound->fill, 0,
	       (sound->packet - sound->fill) * sizeof(*sound->pcm));
	sound->fill = 0;
	send_packet(leg, th);
}

void media_sound_clear(struct media_sound *sound)
{
	if (sound)
		sound->fill = 0;
}
