/* SPDX-License-Identifier: GPL-3.0-or-later */
/* G.711: tables to decode, bit arithmetic to encode */
#include <errno.h>

#include "codec/codec_priv.h"

static const int16_t from_ulaw[256] = {
	-32124, -31100, -30076, -29052, -28028, -27004, -25980, -24956, -23932,
	-22908, -21884, -20860, -19836, -18812, -17788, -16764, -15996, -15484,
	-14972, -14460, -13948, -13436, -12924, -12412, -11900, -11388, -10876,
	-10364, -9852,  -9340,  -8828,  -8316,  -7932,  -7676,  -7420,  -7164,
	-6908,  -6652,  -6396,  -6140,  -5884,  -5628,  -5372,  -5116,  -4860,
	-4604,  -4348,  -4092,  -3900,  -3772,  -3644,  -3516,  -3388,  -3260,
	-3132,  -3004,  -2876,  -2748,  -2620,  -2492,  -2364,  -2236,  -2108,
	-1980,  -1884,  -1820,  -1756,  -1692,  -1628,  -1564,  -1500,  -1436,
	-1372,  -1308,  -1244,  -1180,  -1116,  -1052,  -988,   -924,   -876,
	-844,   -812,   -780,   -748,   -716,   -684,   -652,   -620,   -588,
	-556,   -524,   -492,   -460,   -428,   -396,   -372,   -356,   -340,
	-324,   -308,   -292,   -276,   -260,   -244,   -228,   -212,   -196,
	-180,   -164,   -148,   -132,   -120,   -112,   -104,   -96,    -88,
	-80,    -72,    -64,    -56,    -48,    -40,    -32,    -24,    -16,
	-8,     0,      32124,  31100,  30076,  29052,  28028,  27004,  25980,
	24956,  23932,  22908,  21884,  20860,  19836,  18812,  17788,  16764,
	15996,  15484,  14972,  14460,  13948,  13436,  12924,  12412,  11900,
	11388,  10876,  10364,  9852,   9340,   8828,   8316,   7932,   7676,
	7420,   7164,   6908,   6652,   6396,   6140,   5884,   5628,   5372,
	5116,   4860,   4604,   4348,   4092,   3900,   3772,   3644,   3516,
	3388,   3260,   3132,   3004,   2876,   2748,   2620,   2492,   2364,
	2236,   2108,   1980,   1884,   1820,   1756,   1692,   1628,   1564,
	1500,   1436,   1372,   1308,   1244,   1180,   1116,   1052,   988,
	924,    876,    844,    812,    780,    748,    716,    684,    652,
	620,    588,    556,    524,    492,    460,    428,    396,    372,
	356,    340,    324,    308,    292,    276,    260,    244,    228,
	212,    196,    180,    164,    148,    132,    120,    112,    104,
	96,     88,     80,     72,     64,     56,     48,     40,     32,
	24,     16,     8,      0,
};

static const int16_t from_alaw[256] = {
	-5504,  -5248,  -6016,  -5760,  -4480,  -4224,  -4992,  -4736,  -7552,
	-7296,  -8064,  -7808,  -6528,  -6272,  -7040,  -6784,  -2752,  -2624,
	-3008,  -2880,  -2240,  -2112,  -2496,  -2368,  -3776,  -3648,  -4032,
	-3904,  -3264,  -3136,  -3520,  -3392,  -22016, -20992, -24064, -23040,
	-17920, -16896, -19968, -18944, -30208, -29184, -32256, -31232, -26112,
	-25088, -28160, -27136, -11008, -10496, -12032, -11520, -8960,  -8448,
	-9984,  -9472,  -15104, -14592, -16128, -15616, -13056, -12544, -14080,
	-13568, -344,   -328,   -376,   -360,   -280,   -264,   -312,   -296,
	-472,   -456,   -504,   -488,   -408,   -392,   -440,   -424,   -88,
	-72,    -120,   -104,   -24,    -8,     -56,    -40,    -216,   -200,
	-248,   -232,   -152,   -136,   -184,   -168,   -1376,  -1312,  -1504,
	-1440,  -1120,  -1056,  -1248,  -1184,  -1888,  -1824,  -2016,  -1952,
	-1632,  -1568,  -1760,  -1696,  -688,   -656,   -752,   -720,   -560,
	-528,   -624,   -592,   -944,   -912,   -1008,  -976,   -816,   -784,
	-880,   -848,   5504,   5248,   6016,   5760,   4480,   4224,   4992,
	4736,   7552,   7296,   8064,   7808,   6528,   6272,   7040,   6784,
	2752,   2624,   3008,   2880,   2240,   2112,   2496,   2368,   3776,
	3648,   4032,   3904,   3264,   3136,   3520,   3392,   22016,  20992,
	24064,  23040,  17920,  16896,  19968,  18944,  30208,  29184,  32256,
	31232,  26112,  25088,  28160,  27136,  11008,  10496,  12032,  11520,
	8960,   8448,   9984,   9472,   15104,  14592,  16128,  15616,  13056,
	12544,  14080,  13568,  344,    328,    376,    360,    280,    264,
	312,    296,    472,    456,    504,    488,    408,    392,    440,
	424,    88,     72,     120,    104,    24,     8,      56,     40,
	216,    200,    248,    232,    152,    136,    184,    168,    1376,
	1312,   1504,   1440,   1120,   1056,   1248,   1184,   1888,   1824,
	2016,   1952,   1632,   1568,   1760,   1696,   688,    656,    752,
	720,    560,    528,    624,    592,    944,    912,    1008,   976,
	816,    784,    880,    848,
};

/* 14 bits with a bias of 33 (132 of 16 bits), the segment is the place of the
 * highest bit; all bits inverted */
static uint8_t to_ulaw(int16_t pcm)
{
	enum {
		BIAS = 0x84,
		CLIP = 32635
	};
	const uint8_t sign = pcm < 0 ? 0x80u : 0u;
	int v = sign ? -(int)pcm : pcm;
	unsigned seg, mant;

	if (v > CLIP)
		v = CLIP;
	v += BIAS;

	seg = 24u - (unsigned)__builtin_clz((unsigned)v);
	mant = ((unsigned)v >> (seg + 3)) & 0x0f;

	return (uint8_t) ~(sign | seg << 4 | mant);
}

/* 13 bits; the first two segments share a step; even bits inverted */
static uint8_t to_alaw(int16_t pcm)
{
	const unsigned mask = pcm >= 0 ? 0xd5 : 0x55;
	const unsigned v = (unsigned)(pcm >= 0 ? pcm : ~pcm) >> 3;
	unsigned seg, mant;

	if (v < 32) {
		seg = 0;
		mant = v >> 1;
	} else {
		seg = 27u - (unsigned)__builtin_clz(v);
		mant = (v >> seg) & 0x0f;
	}

	return (uint8_t)((seg << 4 | mant) ^ mask);
}

static uint32_t g711_units(const uint8_t *payload, size_t len)
{
	return (uint32_t)len;
}

static int g711_check(size_t n, size_t size)
{
	return n > size ? EOVERFLOW : 0;
}

static int pcmu_enc_run(struct codec_enc *enc, const int16_t *pcm, size_t n,
			uint8_t *payload, size_t size, size_t *lenp)
{
	const int err = g711_check(n, size);

	if (err)
		return err;

	for (size_t i = 0; i < n; ++i)
		payload[i] = to_ulaw(pcm[i]);
	*lenp = n;

	return 0;
}

static int pcma_enc_run(struct codec_enc *enc, const int16_t *pcm, size_t n,
			uint8_t *payload, size_t size, size_t *lenp)
{
	const int err = g711_check(n, size);

	if (err)
		return err;

	for (size_t i = 0; i < n; ++i)
		payload[i] = to_alaw(pcm[i]);
	*lenp = n;

	return 0;
}

static int g711_dec_run(const int16_t *table, const uint8_t *payload,
			size_t len, int16_t *pcm, size_t size, size_t *np)
{
	const int err = g711_check(len, size);

	if (err)
		return err;

	for (size_t i = 0; i < len; ++i)
		pcm[i] = table[payload[i]];
	*np = len;

	return 0;
}

static int pcmu_dec_run(struct codec_dec *dec, const uint8_t *payload,
			size_t len, int16_t *pcm, size_t size, size_t *np)
{
	return g711_dec_run(from_ulaw, payload, len, pcm, size, np);
}

static int pcma_dec_run(struct codec_dec *dec, const uint8_t *payload,
			size_t len, int16_t *pcm, size_t size, size_t *np)
{
	return g711_dec_run(from_alaw, payload, len, pcm, size, np);
}

const struct codec_ops codec_pcmu_ops = {
	.units = g711_units,
	.enc_run = pcmu_enc_run,
	.dec_run = pcmu_dec_run,
};

const struct codec_ops codec_pcma_ops = {
	.units = g711_units,
	.enc_run = pcma_enc_run,
	.dec_run = pcma_dec_run,
};
