/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Opus (RFC 6716, RFC 7587), mono, by libopus. The encoder runs at the rate of
 * its source: telephone sound needs no 48 kHz encoder. */
#include <errno.h>

#include <opus.h>

#include "codec/codec_priv.h"

enum {
	COMPLEXITY = 5,
	LOSS_START = 5, /* %, until reports say more; 0 would disable FEC */
	BITRATE_MIN = 6000,
};

static bool has_rate(const struct codec *codec, unsigned rate)
{
	return rate == 8000 || rate == 16000 || rate == 48000;
}

static uint32_t units(const uint8_t *payload, size_t len)
{
	const int n =
		opus_packet_get_nb_samples(payload, (opus_int32)len, 48000);

	return n > 0 ? (uint32_t)n : 0;
}

/* Enough for FEC beside the voice, and low enough to stay out of CELT, which
 * has no FEC */
static opus_int32 bitrate(unsigned rate, const struct codec_fmtp *fmtp)
{
	unsigned bits = rate <= 8000 ? 20000 : rate <= 16000 ? 28000 : 32000;

	if (fmtp && fmtp->maxaveragebitrate && fmtp->maxaveragebitrate < bits)
		bits = fmtp->maxaveragebitrate;

	return bits < BITRATE_MIN ? BITRATE_MIN : (opus_int32)bits;
}

static opus_int32 bandwidth(const struct codec_fmtp *fmtp)
{
	const unsigned rate = fmtp ? fmtp->maxplaybackrate : 48000;

	if (rate <= 8000)
		return OPUS_BANDWIDTH_NARROWBAND;
	if (rate <= 12000)
		return OPUS_BANDWIDTH_MEDIUMBAND;
	if (rate <= 16000)
		return OPUS_BANDWIDTH_WIDEBAND;
	if (rate <= 24000)
		return OPUS_BANDWIDTH_SUPERWIDEBAND;

	return OPUS_BANDWIDTH_FULLBAND;
}

static int enc_open(struct codec_enc *enc, const struct codec_fmtp *fmtp)
{
	const bool fec = !fmtp || fmtp->useinbandfec;
	OpusEncoder *st;
	int err = 0;

	st = opus_encoder_create((opus_int32)enc->rate, 1,
				 OPUS_APPLICATION_VOIP, &err);
	if (!st)
		return EIO;
	enc->state = st;

	err |= opus_encoder_ctl(st, OPUS_SET_COMPLEXITY(COMPLEXITY));
	err |= opus_encoder_ctl(st, OPUS_SET_BITRATE(bitrate(enc->rate, fmtp)));
	err |= opus_encoder_ctl(st, OPUS_SET_MAX_BANDWIDTH(bandwidth(fmtp)));
	err |= opus_encoder_ctl(st, OPUS_SET_VBR(fmtp && fmtp->cbr ? 0 : 1));
	err |= opus_encoder_ctl(st, OPUS_SET_INBAND_FEC(fec ? 1 : 0));
	err |= opus_encoder_ctl(
		st, OPUS_SET_PACKET_LOSS_PERC(fec ? LOSS_START : 0));

	return err ? EIO : 0;
}

static int enc_run(struct codec_enc *enc, const int16_t *pcm, size_t n,
		   uint8_t *payload, size_t size, size_t *lenp)
{
	opus_int32 len;

	if (size > CODEC_PAYLOAD_MAX)
		size = CODEC_PAYLOAD_MAX;

	len = opus_encode(enc->state, pcm, (int)n, payload, (opus_int32)size);
	if (len == OPUS_BUFFER_TOO_SMALL)
		return EOVERFLOW;
	if (len <= 0)
		return len == OPUS_BAD_ARG ? EINVAL : EIO;
	*lenp = (size_t)len;

	return 0;
}

static void enc_set_loss(struct codec_enc *enc, unsigned percent)
{
	opus_int32 fec = 0;

	(void)opus_encoder_ctl((OpusEncoder *)enc->state,
			       OPUS_GET_INBAND_FEC(&fec));
	if (!fec)
		return;

	if (percent < 1)
		percent = 1;
	if (percent > 100)
		percent = 100;
	(void)opus_encoder_ctl((OpusEncoder *)enc->state,
			       OPUS_SET_PACKET_LOSS_PERC((opus_int32)percent));
}

static void enc_close(struct codec_enc *enc)
{
	if (enc->state)
		opus_encoder_destroy(enc->state);
}

static int dec_open(struct codec_dec *dec)
{
	int err = 0;

	dec->state = opus_decoder_create((opus_int32)dec->rate, 1, &err);

	return dec->state ? 0 : EIO;
}

static int dec_run(struct codec_dec *dec, const uint8_t *payload, size_t len,
		   int16_t *pcm, size_t size, size_t *np)
{
	int n;

	if (size > CODEC_DECODE_MAX)
		size = CODEC_DECODE_MAX;

	n = opus_decode(dec->state, payload, (opus_int32)len, pcm, (int)size,
			0);
	if (n == OPUS_BUFFER_TOO_SMALL)
		return EOVERFLOW;
	if (n <= 0)
		return EBADMSG;
	*np = (size_t)n;

	return 0;
}

static int dec_lost(struct codec_dec *dec, const uint8_t *next, size_t len,
		    int16_t *pcm, size_t n)
{
	/* without a packet fec must be 0: libopus conceals */
	const int got = opus_decode(dec->state, next, (opus_int32)len, pcm,
				    (int)n, next ? 1 : 0);

	return got == (int)n ? 0 : EBADMSG;
}

static void dec_reset(struct codec_dec *dec)
{
	(void)opus_decoder_ctl((OpusDecoder *)dec->state, OPUS_RESET_STATE);
}

static void dec_close(struct codec_dec *dec)
{
	if (dec->state)
		opus_decoder_destroy(dec->state);
}

const struct codec_ops codec_opus_ops = {
	.has_rate = has_rate,
	.units = units,
	.enc_open = enc_open,
	.enc_run = enc_run,
	.enc_set_loss = enc_set_loss,
	.enc_close = enc_close,
	.dec_open = dec_open,
	.dec_run = dec_run,
	.dec_lost = dec_lost,
	.dec_reset = dec_reset,
	.dec_close = dec_close,
};
