/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file latch.h  Whose RTP is accepted
 *
 * Before anything came, the session names the source. Then the first source
 * that sends two packets in sequence under one SSRC, from an allowed address,
 * is kept ("latched"), and our packets go back there: that is how a phone
 * behind NAT is reached. It changes only after a new session, or when it was
 * silent for two seconds and the new one has its SSRC or its host. The same
 * address and port with another SSRC is its own next stream (a gateway that
 * put another source in): a tenth of a second without the old one is enough.
 *
 * Payload types are checked before. Thread: one; pure, time is an argument.
 */
#ifndef BIFRONS_MEDIA_LATCH_H
#define BIFRONS_MEDIA_LATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/addr.h"

enum {
	LATCH_SILENCE_US = 2000000,
	LATCH_SSRC_US = 100000
};

struct media_source;

struct latch {
	bool latched;
	bool open; /**< another may take over until the latched is heard */
	uint32_t ssrc;
	struct media_addr from;
	int64_t heard_us;

	/* the session's */
	struct media_addr sdp;
	const struct media_source *sources; /**< borrowed; NULL = any */
	size_t nsources;

	/* one packet came from it */
	bool has_candidate;
	uint16_t cand_seq;
	uint32_t cand_ssrc;
	struct media_addr cand_from;
};

enum latch_verdict {
	LATCH_OK,  /**< from the latched source */
	LATCH_NEW, /**< its second packet: latched now; play the held one too */
	LATCH_HOLD, /**< a candidate's first packet: keep it, drop any older */
	LATCH_DROP,
};

/** A session began or changed. Another address starts over; the same one
 * keeps the latched source unless it went silent meanwhile.
 * @param sources  Must live as long as the session
 */
void latch_session(struct latch *latch, const struct media_addr *sdp,
		   const struct media_source *sources, size_t nsources);

/** What latch_check() does with others than the latched source */
enum latch_verdict latch_other(struct latch *latch,
			       const struct media_addr *from, uint32_t ssrc,
			       uint16_t seq, int64_t now_us);

/** May it send to us at all (RTCP asks too)? */
bool latch_is_allowed(const struct latch *latch, const struct media_addr *from);

static inline enum latch_verdict latch_check(struct latch *latch,
					     const struct media_addr *from,
					     uint32_t ssrc, uint16_t seq,
					     int64_t now_us)
{
	if (latch->latched && latch->ssrc == ssrc &&
	    media_addr_eq(&latch->from, from)) {
		latch->heard_us = now_us;
		latch->open = false;
		latch->has_candidate = false;
		return LATCH_OK;
	}

	return latch_other(latch, from, ssrc, seq, now_us);
}

/** Where to send: the latched source, before that what SDP said */
static inline const struct media_addr *latch_dest(const struct latch *latch)
{
	return latch->latched ? &latch->from : &latch->sdp;
}

#endif
