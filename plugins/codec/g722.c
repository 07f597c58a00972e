/* SPDX-License-Identifier: GPL-3.0-or-later */
/* G.722 at 64 kbit/s by spandsp: a byte holds two samples of 16 kHz, its RTP
 * clock says 8000 by an old mistake (RFC 3551 §4.5.2) */
#include <errno.h>

#include <spandsp.h>

#include "codec/codec_priv.h"

enum {
	BITRATE = 64000
};

static uint32_t g722_units(const uint8_t *payload, size_t len)
{
	return (uint32_t)len;
}

static int enc_open(struct codec_enc *enc, const struct codec_fmtp *fmtp)
{
	enc->state = g722_encode_init(NULL, BITRATE, 0);

	return enc->state ? 0 : EIO;
}

static int enc_run(struct codec_enc *enc, const int16_t *pcm, size_t n,
		   uint8_t *payload, size_t size, size_t *lenp)
{
	int len;

	if (n / 2 > size)
		return EOVERFLOW;

	len = g722_encode(enc->state, payload, pcm, (int)n);
	if (len < 0)
		return EIO;
	*lenp = (size_t)len;

	return 0;
}

static void enc_close(struct codec_enc *enc)
{
	if (enc->state)
		g722_encode_free(enc->state);
}

static int dec_open(struct codec_dec *dec)
{
	dec->state = g722_decode_init(NULL, BITRATE, 0);

	return dec->state ? 0 : EIO;
}

static int dec_run(struct codec_dec *dec, const uint8_t *payload, size_t len,
		   int16_t *pcm, size_t size, size_t *np)
{
	int n;

	if (2 * len > size)
		return EOVERFLOW;

	n = g722_decode(dec->state, pcm, payload, (int)len);
	if (n < 0)
		return EBADMSG;
	*np = (size_t)n;

	return 0;
}

static void dec_reset(struct codec_dec *dec)
{
	/* on the state that exists: no allocation */
	(void)g722_decode_init(dec->state, BITRATE, 0);
}

static void dec_close(struct codec_dec *dec)
{
	if (dec->state)
		g722_decode_free(dec->state);
}

const struct codec_ops codec_g722_ops = {
	.units = g722_units,
	.enc_open = enc_open,
	.enc_run = enc_run,
	.enc_close = enc_close,
	.dec_open = dec_open,
	.dec_run = dec_run,
	.dec_reset = dec_reset,
	.dec_close = dec_close,
};
