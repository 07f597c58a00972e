/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an offer and we, or our offer and an answer, have in common */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"
#include "sdp/plan.h"
#include "sdp/sdpx.h"
#include "sdp/video.h"

enum {
	PTIME_DEFAULT = 20,
	EVENT_MAX = 16,
	EVENT_NONE = 100000
};

const char *sdpx_result_text(enum sdpx_result res)
{
	switch (res) {
	case SDPX_OK:
		return "ok";
	case SDPX_MALFORMED:
		return "malformed SDP";
	case SDPX_NO_AUDIO:
		return "no audio";
	case SDPX_NO_TRANSPORT:
		return "no audio over a transport that we speak";
	case SDPX_NO_ADDRESS:
		return "no usable media address";
	case SDPX_NO_CODEC:
		return "no common codec";
	case SDPX_NRESULTS:
		break;
	}

	return "?";
}

int sdpx_result_sip_code(enum sdpx_result res)
{
	if (res == SDPX_OK)
		return 0;

	return res == SDPX_MALFORMED ? 400 : 488;
}

const char *sdpx_dir_name(enum sdpx_dir dir)
{
	static const char *const names[] = {
		[SDPX_INACTIVE] = "inactive",
		[SDPX_SENDONLY] = "sendonly",
		[SDPX_RECVONLY] = "recvonly",
		[SDPX_SENDRECV] = "sendrecv",
	};

	return names[dir & SDPX_SENDRECV];
}

enum sdpx_dir sdpx_dir_mirror(enum sdpx_dir dir)
{
	return (enum sdpx_dir)((dir & SDPX_SENDONLY ? SDPX_RECVONLY : 0) |
			       (dir & SDPX_RECVONLY ? SDPX_SENDONLY : 0));
}

static bool is_ours(const struct sdpx_local *local, const struct codec *codec)
{
	for (size_t i = 0; codec && i < local->ncodecs; ++i)
		if (local->codecs[i] == codec)
			return true;

	return false;
}

/* @param plan  Of our offer that this answers, or NULL */
static const struct codec *fmt_codec(const struct sdpx_fmt *fmt,
				     const struct sdpx_local *local,
				     const struct sdpx_plan *plan)
{
	const struct codec *codec = NULL;

	if (fmt->encoding)
		codec = codec_by_rtpmap(fmt->encoding, fmt->clock,
					fmt->channels);
	else if (plan)
		codec = sdpx_plan_codec(plan, fmt->pt);
	else
		codec = codec_by_static_pt(fmt->pt);

	return is_ours(local, codec) ? codec : NULL;
}

/* The first of theirs that we have, but an agreed codec stays */
static const struct sdpx_fmt *choose_fmt(const struct sdpx_media *m,
					 const struct sdpx_local *local,
					 const struct sdpx_plan *plan)
{
	const struct sdpx_fmt *first = NULL;

	for (size_t i = 0; i < m->nfmts; ++i) {
		const struct codec *codec = fmt_codec(&m->fmts[i], local, plan);

		if (!codec)
			continue;
		if (!plan && local->prev && local->prev->codec == codec)
			return &m->fmts[i];
		if (!first)
			first = &m->fmts[i];
	}

	return first;
}

/* A number, or EVENT_NONE where there is no digit; large ones are cut */
static unsigned read_event(const char **textp)
{
	const char *text = *textp;
	unsigned n = 0;

	if (*text < '0' || *text > '9')
		return EVENT_NONE;
	for (; *text >= '0' && *text <= '9'; ++text)
		if (n < EVENT_NONE / 100)
			n = n * 10 + (unsigned)(*text - '0');
	*textp = text;

	return n;
}

/* "0-15,16" as bits; events over 16 and nonsense are passed over */
static uint32_t read_events(const char *text)
{
	uint32_t bits = 0;

	if (!text || !*text)
		return SDPX_EVENTS_DTMF; /* RFC 4733 §2.4.1 */

	while (*text) {
		const unsigned from = read_event(&text);
		unsigned to = from;

		if (from != EVENT_NONE && *text == '-') {
			++text;
			to = read_event(&text);
		}
		if (to != EVENT_NONE)
			for (unsigned e = from; e <= to && e <= EVENT_MAX; ++e)
				bits |= 1u << e;
		text += strcspn(text, ",");
		text += *text == ',';
	}

	return bits;
}

static const struct sdpx_fmt *find_dtmf(const struct sdpx_media *m,
					unsigned clock)
{
	for (size_t i = 0; i < m->nfmts; ++i) {
		const struct sdpx_fmt *fmt = &m->fmts[i];

		if (fmt->encoding && fmt->clock == clock &&
		    !strcasecmp(fmt->encoding, "telephone-event"))
			return fmt;
	}

	return NULL;
}

static void choose_dtmf(const struct sdpx_media *m,
			const struct sdpx_local *local,
			struct sdpx_session *sess)
{
	const struct sdpx_fmt *fmt;

	sess->dtmf_pt = -1;
	if (!local->dtmf)
		return;

	fmt = find_dtmf(m, sess->codec->clock);
	if (!fmt)
		fmt = find_dtmf(m, 8000);
	if (!fmt)
		return;

	sess->dtmf_events = read_events(fmt->fmtp);
	if (!(sess->dtmf_events & SDPX_EVENTS_DTMF)) {
		sess->dtmf_events = 0;
		return;
	}
	sess->dtmf_pt = fmt->pt;
	sess->dtmf_clock = fmt->clock;
}

static void make_sockaddr(struct sockaddr_storage *ss,
			  const struct sdpx_addr *addr, uint16_t port)
{
	memset(ss, 0, sizeof(*ss));
	if (addr->kind != SDPX_ADDR_OK || !port)
		return;

	ss->ss_family = (sa_family_t)addr->family;
	if (addr->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ss;

		memcpy(&in->sin_addr, addr->addr, sizeof(in->sin_addr));
		in->sin_port = htons(port);
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

		memcpy(&in6->sin6_addr, addr->addr, sizeof(in6->sin6_addr));
		in6->sin6_port = htons(port);
	}
}

static void choose_addr(const struct sdpx_media *m,
			const struct sdpx_local *local,
			struct sdpx_session *sess)
{
	const uint16_t next =
		m->port < UINT16_MAX ? (uint16_t)(m->port + 1) : 0;

	make_sockaddr(&sess->rtp, &m->conn, m->port);

	sess->rtcp_mux = local->rtcp_mux && m->rtcp_mux;
	if (sess->rtcp_mux)
		sess->rtcp = sess->rtp;
	else
		make_sockaddr(&sess->rtcp,
			      m->rtcp.kind == SDPX_ADDR_OK ? &m->rtcp
							   : &m->conn,
			      m->rtcp_port ? m->rtcp_port : next);
}

static void choose_dir(const struct sdpx_media *m,
		       const struct sdpx_local *local,
		       struct sdpx_session *sess)
{
	unsigned theirs = m->dir;

	/* the old hold (RFC 2543): nothing may be sent to 0.0.0.0 */
	if (m->conn.kind == SDPX_ADDR_ANY)
		theirs &= ~(unsigned)SDPX_RECVONLY;

	sess->dir = (enum sdpx_dir)(sdpx_dir_mirror((enum sdpx_dir)theirs) &
				    local->dir);
	sess->held = !(theirs & SDPX_RECVONLY);
	sess->recv = (sess->dir & SDPX_RECVONLY) != 0;
	sess->send = (sess->dir & SDPX_SENDONLY) &&
		     (local->webrtc || sess->rtp.ss_family);
}

static unsigned choose_ptime(const struct sdpx_media *m,
			     const struct sdpx_local *local,
			     const struct codec *codec)
{
	unsigned ms = local->ptime_ms ? local->ptime_ms : PTIME_DEFAULT;

	if (m->ptime)
		ms = m->ptime;
	if (m->maxptime && ms > m->maxptime)
		ms = m->maxptime;

	return codec_ptime(codec, ms);
}

/* SDPX_OK, or why this line cannot be had */
static enum sdpx_result choose_line(const struct sdpx_media *m,
				    const struct sdpx_local *local,
				    const struct sdpx_plan *plan,
				    struct sdpx_session *sess)
{
	const struct sdpx_fmt *fmt;

	if (strcmp(m->type, "audio") || !m->port)
		return SDPX_NO_AUDIO;
	if (!sdpx_proto_is_ours(m->proto, local->webrtc))
		return SDPX_NO_TRANSPORT;
	if (!local->webrtc && m->conn.kind != SDPX_ADDR_OK &&
	    m->conn.kind != SDPX_ADDR_ANY)
		return SDPX_NO_ADDRESS;
	fmt = choose_fmt(m, local, plan);
	if (!fmt)
		return SDPX_NO_CODEC;

	memset(sess, 0, sizeof(*sess));
	sess->codec = fmt_codec(fmt, local, plan);
	sess->pt = (uint8_t)fmt->pt;
	codec_fmtp_parse(sess->codec, fmt->fmtp, &sess->fmtp);
	sess->ptime_ms = choose_ptime(m, local, sess->codec);
	choose_dtmf(m, local, sess);
	choose_addr(m, local, sess);
	choose_dir(m, local, sess);

	return SDPX_OK;
}

enum sdpx_result sdpx_negotiate(const struct sdpx_desc *offer,
				const struct sdpx_local *local,
				struct sdpx_session *sess)
{
	enum sdpx_result worst = SDPX_NO_AUDIO;

	for (size_t i = 0; i < offer->nmedia; ++i) {
		const enum sdpx_result res =
			choose_line(&offer->media[i], local, NULL, sess);

		if (res == SDPX_OK) {
			sess->mline = i;
			sdpx_video_choose(offer, local, &sess->video);
			return SDPX_OK;
		}
		/* the line that came furthest tells why */
		if (res > worst)
			worst = res;
	}

	return worst;
}

enum sdpx_result sdpx_accept(const struct sdpx_desc *answer,
			     const struct sdpx_local *local,
			     struct sdpx_session *sess)
{
	struct sdpx_plan plan;

	/* our offer has one line, and the answer repeats it */
	if (!answer->nmedia)
		return SDPX_NO_AUDIO;

	sdpx_plan_make(&plan, local);

	return choose_line(&answer->media[0], local, &plan, sess);
}

enum sdpx_result sdpx_answer(const struct sdpx_desc *offer,
			     const struct sdpx_local *local,
			     struct sdpx_origin *origin,
			     struct sdpx_session *sess, char **answerp)
{
	struct sdpx_session chosen;
	const enum sdpx_result res = sdpx_negotiate(offer, local, &chosen);

	if (res != SDPX_OK)
		return res;
	if (sdpx_write_answer(answerp, offer, local, &chosen, origin))
		return SDPX_NO_ADDRESS;
	*sess = chosen;

	return SDPX_OK;
}
