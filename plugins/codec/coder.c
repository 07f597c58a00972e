/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoders and decoders: the checks that all codecs share */
#include <errno.h>

#include "codec/codec_priv.h"
#include "common/obj.h"

static void enc_destructor(void *arg)
{
	struct codec_enc *enc = arg;

	if (enc->codec->ops->enc_close)
		enc->codec->ops->enc_close(enc);
}

int codec_enc_alloc(struct codec_enc **encp, const struct codec *codec,
		    unsigned rate, const struct codec_fmtp *fmtp)
{
	struct codec_enc *enc;
	int err = 0;

	if (!encp || !codec || !codec_has_rate(codec, rate))
		return EINVAL;

	enc = obj_zalloc(sizeof(*enc), enc_destructor);
	enc->codec = codec;
	enc->rate = rate;

	if (codec->ops->enc_open)
		err = codec->ops->enc_open(enc, fmtp);

	if (err)
		obj_unref(enc);
	else
		*encp = enc;

	return err;
}

int codec_enc_run(struct codec_enc *enc, const int16_t *pcm, size_t n,
		  uint8_t *payload, size_t size, size_t *lenp)
{
	const size_t step = enc->rate / 100; /* 10 ms */

	if (!n || n % step || n / step > CODEC_PTIME_MAX / 10)
		return EINVAL;

	return enc->codec->ops->enc_run(enc, pcm, n, payload, size, lenp);
}

void codec_enc_set_loss(struct codec_enc *enc, unsigned percent)
{
	if (enc->codec->ops->enc_set_loss)
		enc->codec->ops->enc_set_loss(enc, percent);
}

static void dec_destructor(void *arg)
{
	struct codec_dec *dec = arg;

	if (dec->codec->ops->dec_close)
		dec->codec->ops->dec_close(dec);
}

int codec_dec_alloc(struct codec_dec **decp, const struct codec *codec,
		    unsigned rate)
{
	struct codec_dec *dec;
	int err = 0;

	if (!decp || !codec || !codec_has_rate(codec, rate))
		return EINVAL;

	dec = obj_zalloc(sizeof(*dec), dec_destructor);
	dec->codec = codec;
	dec->rate = rate;
	conceal_init(&dec->cc, rate);

	if (codec->ops->dec_open)
		err = codec->ops->dec_open(dec);

	if (err)
		obj_unref(dec);
	else
		*decp = dec;

	return err;
}

int codec_dec_run(struct codec_dec *dec, const uint8_t *payload, size_t len,
		  int16_t *pcm, size_t size, size_t *np)
{
	const struct codec_ops *ops = dec->codec->ops;
	int err;

	if (!codec_payload_units(dec->codec, payload, len))
		return EBADMSG;

	err = ops->dec_run(dec, payload, len, pcm, size, np);
	if (!err && !ops->dec_lost)
		conceal_good(&dec->cc, pcm, *np);

	return err;
}

int codec_dec_fec(struct codec_dec *dec, const uint8_t *next, size_t len,
		  int16_t *pcm, size_t n)
{
	const struct codec_ops *ops = dec->codec->ops;
	const size_t step = dec->rate / 100;

	if (!n || n % step || n / step > CODEC_PTIME_MAX / 10)
		return EINVAL;

	if (!ops->dec_lost) {
		conceal_lost(&dec->cc, pcm, n);
		return 0;
	}

	/* a broken packet carries nothing about the one before */
	if (!codec_payload_units(dec->codec, next, len) ||
	    ops->dec_lost(dec, next, len, pcm, n))
		return ops->dec_lost(dec, NULL, 0, pcm, n) ? EINVAL : 0;

	return 0;
}

int codec_dec_lost(struct codec_dec *dec, int16_t *pcm, size_t n)
{
	return codec_dec_fec(dec, NULL, 0, pcm, n);
}

void codec_dec_reset(struct codec_dec *dec)
{
	if (dec->codec->ops->dec_reset)
		dec->codec->ops->dec_reset(dec);
	conceal_init(&dec->cc, dec->rate);
}
