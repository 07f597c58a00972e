/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/latch.h"

#include "media/media.h"

void latch_session(struct latch *latch, const struct media_addr *sdp,
		   const struct media_source *sources, size_t nsources)
{
	const bool same = media_addr_eq(&latch->sdp, sdp);

	latch->sdp = *sdp;
	latch->sources = sources;
	latch->nsources = nsources;
	latch->has_candidate = false;
	latch->open = true;
	if (!same || !latch_is_allowed(latch, &latch->from))
		latch->latched = false;
}

bool latch_is_allowed(const struct latch *latch, const struct media_addr *from)
{
	size_t i;

	if (!latch->sources)
		return true;
	if (media_addr_same_ip(&latch->sdp, from))
		return true;

	for (i = 0; i < latch->nsources; ++i)
		if (media_addr_in(from, &latch->sources[i]))
			return true;

	return false;
}

static bool may_take_over(const struct latch *latch,
			  const struct media_addr *from, uint32_t ssrc,
			  int64_t now_us)
{
	const int64_t silent_us = now_us - latch->heard_us;

	if (latch->open)
		return true;
	if (media_addr_eq(from, &latch->from))
		return silent_us >= LATCH_SSRC_US;
	if (silent_us < LATCH_SILENCE_US)
		return false;

	return ssrc == latch->ssrc || media_addr_same_ip(from, &latch->from);
}

enum latch_verdict latch_other(struct latch *latch,
			       const struct media_addr *from, uint32_t ssrc,
			       uint16_t seq, int64_t now_us)
{
	if (latch->latched && !may_take_over(latch, from, ssrc, now_us))
		return LATCH_DROP;
	if (!latch_is_allowed(latch, from))
		return LATCH_DROP;

	if (!latch->has_candidate || latch->cand_ssrc != ssrc ||
	    latch->cand_seq != (uint16_t)(seq - 1) ||
	    !media_addr_eq(&latch->cand_from, from)) {
		latch->has_candidate = true;
		latch->cand_ssrc = ssrc;
		latch->cand_seq = seq;
		latch->cand_from = *from;
		return LATCH_HOLD;
	}

	latch->has_candidate = false;
	latch->latched = true;
	latch->open = false;
	latch->from = *from;
	latch->ssrc = ssrc;
	latch->heard_us = now_us;

	return LATCH_NEW;
}
