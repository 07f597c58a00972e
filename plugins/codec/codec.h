/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file codec.h  The voice codecs, their names in SDP, encoders and decoders
 *
 * Thread: any for the table and fmtp; an encoder or decoder belongs to one
 * thread at a time. Sound is mono int16. Running an encoder or a decoder never
 * allocates.
 */
#ifndef BIFRONS_CODEC_CODEC_H
#define BIFRONS_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec_id {
	CODEC_PCMU,
	CODEC_PCMA,
	CODEC_G722,
	CODEC_OPUS,
	CODEC_NIDS,
};

enum {
	CODEC_FRAME_MS = 20, /**< a frame inside */
	CODEC_RATE_MAX = 48000,
	CODEC_FRAME_MAX = 960,   /**< samples of a frame at CODEC_RATE_MAX */
	CODEC_PTIME_MAX = 60,    /**< ms in a packet that we send */
	CODEC_DECODE_MAX = 5760, /**< samples from one packet: 120 ms */
	CODEC_PAYLOAD_MAX = 1276,
	CODEC_FMTP_SIZE = 160,
};

struct codec_ops; /* codec/codec_priv.h */

struct codec {
	enum codec_id id;
	const char *name;  /**< as in rtpmap: "PCMU", "G722", "opus" */
	uint8_t pt;        /**< static type, or the one that we propose */
	bool dynamic;      /**< pt is only a proposal, rtpmap is required */
	unsigned clock;    /**< of RTP timestamps and rtpmap, Hz */
	unsigned channels; /**< in rtpmap; the sound inside is mono */
	unsigned rate;     /**< of samples, Hz; Opus takes 8, 16, 48 kHz */
	const struct codec_ops *ops;
};

/** Every codec, in our order of preference for offers (Opus, G.722, PCMA,
 * PCMU). @return NULL from index CODEC_NIDS on
 */
const struct codec *codec_at(size_t index);
const struct codec *codec_by_id(enum codec_id id);
/** By name alone, any case: from configuration. @return NULL if unknown */
const struct codec *codec_by_name(const char *name);
/** By a payload type of RFC 3551. @return NULL if unknown or dynamic */
const struct codec *codec_by_static_pt(int pt);
/** By what rtpmap says, any case; channels 0 = not said.
 * @return NULL if unknown
 */
const struct codec *codec_by_rtpmap(const char *name, unsigned clock,
				    unsigned channels);

/** Does the codec run at this sample rate? */
bool codec_has_rate(const struct codec *codec, unsigned rate);
/** The packet time to use: `ms` in steps of 10 within 10-60, rounded down to
 * what the codec can make (Opus: 10, 20, 40, 60)
 */
unsigned codec_ptime(const struct codec *codec, unsigned ms);
/** Timestamp units in `ms` milliseconds */
uint32_t codec_ts_units(const struct codec *codec, unsigned ms);
/** Timestamp units that a received payload covers; 0 when it is no payload of
 * this codec. Cheap: headers only.
 */
uint32_t codec_payload_units(const struct codec *codec, const uint8_t *payload,
			     size_t len);

/** What a=fmtp says (RFC 7587); only Opus has parameters */
struct codec_fmtp {
	unsigned maxplaybackrate;   /**< Hz that they can use; 48000 */
	unsigned maxaveragebitrate; /**< bit/s; 0 = not said */
	unsigned minptime;          /**< ms; 0 = not said */
	bool useinbandfec, usedtx, stereo, cbr;
};

/** What holds without an fmtp line */
void codec_fmtp_default(struct codec_fmtp *fmtp);
/** What we declare for this codec */
void codec_fmtp_local(const struct codec *codec, struct codec_fmtp *fmtp);
/** Read parameters over the defaults; unknown and absurd ones are passed
 * over. @param text  After the payload type; NULL = none
 */
void codec_fmtp_parse(const struct codec *codec, const char *text,
		      struct codec_fmtp *fmtp);
/** Write parameters, "" for none. @return 0 or EOVERFLOW */
int codec_fmtp_write(const struct codec *codec, const struct codec_fmtp *fmtp,
		     char *buf, size_t size);

struct codec_enc;
struct codec_dec;

/** @param rate  Of the samples put in: the source's (codec_has_rate())
 * @param fmtp  What the receiver declared, or NULL
 * @return 0, EINVAL, or EIO from the library. Freed with obj_unref().
 */
int codec_enc_alloc(struct codec_enc **encp, const struct codec *codec,
		    unsigned rate, const struct codec_fmtp *fmtp);

/** Encode one packet.
 * @param n     Samples: 10 to 60 ms as codec_ptime() allows
 * @param size  Of payload; CODEC_PAYLOAD_MAX always suffices
 * @return 0, EINVAL, EOVERFLOW, or EIO
 */
int codec_enc_run(struct codec_enc *enc, const int16_t *pcm, size_t n,
		  uint8_t *payload, size_t size, size_t *lenp);

/** Losses that the receiver reports, 0-100 %: steers Opus FEC */
void codec_enc_set_loss(struct codec_enc *enc, unsigned percent);

/** @param rate  Of the samples that come out (codec_has_rate()) */
int codec_dec_alloc(struct codec_dec **decp, const struct codec *codec,
		    unsigned rate);

/** Decode one packet.
 * @param size  Of pcm in samples; CODEC_DECODE_MAX always suffices
 * @return 0, EBADMSG (treat it as lost), or EOVERFLOW
 */
int codec_dec_run(struct codec_dec *dec, const uint8_t *payload, size_t len,
		  int16_t *pcm, size_t size, size_t *np);

/** Conceal n samples of lost sound. G.711 and G.722 fade to silence over 60 ms,
 * Opus as libopus does (after DTX: comfort noise).
 * @param n  A multiple of 10 ms, 60 ms at most
 * @return 0 or EINVAL
 */
int codec_dec_lost(struct codec_dec *dec, int16_t *pcm, size_t n);

/** Conceal with what the packet after the hole carries about it (Opus FEC);
 * codecs without do what codec_dec_lost() does. Decode that packet itself
 * afterwards.
 */
int codec_dec_fec(struct codec_dec *dec, const uint8_t *next, size_t len,
		  int16_t *pcm, size_t n);

/** Forget the past: another stream follows */
void codec_dec_reset(struct codec_dec *dec);

#endif
