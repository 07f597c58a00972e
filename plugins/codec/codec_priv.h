/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file codec_priv.h  What a codec implements; for this folder only
 *
 * Thread: see codec.h.
 */
#ifndef BIFRONS_CODEC_CODEC_PRIV_H
#define BIFRONS_CODEC_CODEC_PRIV_H

#include "codec/codec.h"
#include "codec/conceal.h"

struct codec_enc {
	const struct codec *codec;
	unsigned rate;
	void *state; /**< the library's, or NULL */
};

struct codec_dec {
	const struct codec *codec;
	unsigned rate;
	void *state;
	struct conceal cc; /**< of codecs that have none of their own */
};

/** An empty function pointer means that there is nothing to do */
struct codec_ops {
	bool (*has_rate)(const struct codec *codec, unsigned rate);
	/** Timestamp units of a payload, 0 if it is none */
	uint32_t (*units)(const uint8_t *payload, size_t len);

	int (*enc_open)(struct codec_enc *enc, const struct codec_fmtp *fmtp);
	int (*enc_run)(struct codec_enc *enc, const int16_t *pcm, size_t n,
		       uint8_t *payload, size_t size, size_t *lenp);
	void (*enc_set_loss)(struct codec_enc *enc, unsigned percent);
	void (*enc_close)(struct codec_enc *enc);

	int (*dec_open)(struct codec_dec *dec);
	int (*dec_run)(struct codec_dec *dec, const uint8_t *payload,
		       size_t len, int16_t *pcm, size_t size, size_t *np);
	/** next is NULL without FEC. Missing: conceal.h does it */
	int (*dec_lost)(struct codec_dec *dec, const uint8_t *next, size_t len,
			int16_t *pcm, size_t n);
	void (*dec_reset)(struct codec_dec *dec);
	void (*dec_close)(struct codec_dec *dec);
};

extern const struct codec_ops codec_pcmu_ops, codec_pcma_ops, codec_g722_ops,
	codec_opus_ops;

#endif
