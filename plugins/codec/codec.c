/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/codec.h"

#include <strings.h>

#include "codec/codec_priv.h"

/* in our order of preference */
static const struct codec codecs[CODEC_NIDS] = {
	{
		.id = CODEC_OPUS,
		.name = "opus",
		.pt = 111,
		.dynamic = true,
		.clock = 48000,
		.channels = 2, /* always, RFC 7587 §7 */
		.rate = 48000,
		.ops = &codec_opus_ops,
	},
	{
		.id = CODEC_G722,
		.name = "G722",
		.pt = 9,
		.clock = 8000, /* RFC 3551 §4.5.2 */
		.channels = 1,
		.rate = 16000,
		.ops = &codec_g722_ops,
	},
	{
		.id = CODEC_PCMA,
		.name = "PCMA",
		.pt = 8,
		.clock = 8000,
		.channels = 1,
		.rate = 8000,
		.ops = &codec_pcma_ops,
	},
	{
		.id = CODEC_PCMU,
		.name = "PCMU",
		.pt = 0,
		.clock = 8000,
		.channels = 1,
		.rate = 8000,
		.ops = &codec_pcmu_ops,
	},
};

const struct codec *codec_at(size_t index)
{
	return index < CODEC_NIDS ? &codecs[index] : NULL;
}

const struct codec *codec_by_id(enum codec_id id)
{
	for (size_t i = 0; i < CODEC_NIDS; ++i)
		if (codecs[i].id == id)
			return &codecs[i];

	return NULL;
}

const struct codec *codec_by_name(const char *name)
{
	for (size_t i = 0; name && i < CODEC_NIDS; ++i)
		if (!strcasecmp(codecs[i].name, name))
			return &codecs[i];

	return NULL;
}

const struct codec *codec_by_static_pt(int pt)
{
	for (size_t i = 0; i < CODEC_NIDS; ++i)
		if (!codecs[i].dynamic && codecs[i].pt == pt)
			return &codecs[i];

	return NULL;
}

const struct codec *codec_by_rtpmap(const char *name, unsigned clock,
				    unsigned channels)
{
	const struct codec *codec = codec_by_name(name);

	if (!codec || codec->clock != clock)
		return NULL;

	/* not said means one (RFC 8866 §6.6) */
	return codec->channels == (channels ? channels : 1) ? codec : NULL;
}

bool codec_has_rate(const struct codec *codec, unsigned rate)
{
	if (codec->ops->has_rate)
		return codec->ops->has_rate(codec, rate);

	return codec->rate == rate;
}

unsigned codec_ptime(const struct codec *codec, unsigned ms)
{
	ms -= ms % 10;
	if (ms < 10)
		ms = 10;
	if (ms > CODEC_PTIME_MAX)
		ms = CODEC_PTIME_MAX;

	/* no Opus frame lasts 30 or 50 ms (RFC 6716 §2.1.4) */
	if (codec->id == CODEC_OPUS && (ms == 30 || ms == 50))
		ms -= 10;

	return ms;
}

uint32_t codec_ts_units(const struct codec *codec, unsigned ms)
{
	return (uint32_t)((uint64_t)codec->clock * ms / 1000);
}

uint32_t codec_payload_units(const struct codec *codec, const uint8_t *payload,
			     size_t len)
{
	return payload && len ? codec->ops->units(payload, len) : 0;
}
