/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing answers and offers. Everything from outside that goes out again is
 * an m= line of tokens (parse.c); the rest is ours. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>

#include <glib.h>

#include "sdp/plan.h"
#include "sdp/sdpx.h"
#include "sdp/video.h"

enum {
	ADDR_SIZE = 16
};

void sdpx_origin_init(struct sdpx_origin *origin, uint64_t id)
{
	/* some read it into a signed 64-bit number */
	origin->id = id & (UINT64_MAX >> 2);
	origin->version = origin->id;
}

/* "IP4" or "IP6", or NULL when it is no address */
static const char *addr_type(const char *addr)
{
	uint8_t bytes[ADDR_SIZE];

	if (addr && inet_pton(AF_INET, addr, bytes) == 1)
		return "IP4";
	if (addr && inet_pton(AF_INET6, addr, bytes) == 1)
		return "IP6";

	return NULL;
}

static void put_session(GString *out, const struct sdpx_local *local,
			struct sdpx_origin *origin)
{
	const char *type = addr_type(local->addr);

	g_string_append_printf(out,
			       "v=0\r\n"
			       "o=bifrons %" PRIu64 " %" PRIu64 " IN %s %s\r\n"
			       "s=-\r\n"
			       "c=IN %s %s\r\n"
			       "t=0 0\r\n",
			       origin->id, origin->version, type, local->addr,
			       type, local->addr);
	++origin->version;
}

static void put_codec(GString *out, const struct codec *codec, unsigned pt)
{
	char params[CODEC_FMTP_SIZE];
	struct codec_fmtp fmtp;

	g_string_append_printf(out, "a=rtpmap:%u %s/%u", pt, codec->name,
			       codec->clock);
	if (codec->channels > 1)
		g_string_append_printf(out, "/%u", codec->channels);
	g_string_append(out, "\r\n");

	codec_fmtp_local(codec, &fmtp);
	if (!codec_fmtp_write(codec, &fmtp, params, sizeof(params)) && *params)
		g_string_append_printf(out, "a=fmtp:%u %s\r\n", pt, params);
}

/* The bits as "0-15" or "0-9,11,16" */
static void put_dtmf(GString *out, int pt, unsigned clock, uint32_t events)
{
	const char *comma = "";

	g_string_append_printf(out,
			       "a=rtpmap:%d telephone-event/%u\r\na=fmtp:%d ",
			       pt, clock, pt);

	for (unsigned from = 0; from <= 16; ++from) {
		unsigned to = from;

		if (!(events & 1u << from))
			continue;
		while (to < 16 && events & 1u << (to + 1))
			++to;
		if (to > from)
			g_string_append_printf(out, "%s%u-%u", comma, from, to);
		else
			g_string_append_printf(out, "%s%u", comma, from);
		comma = ",";
		from = to;
	}
	g_string_append(out, "\r\n");
}

static void put_rtcp(GString *out, const struct sdpx_local *local, bool mux)
{
	if (mux)
		g_string_append(out, "a=rtcp-mux\r\n");
	/* RFC 3605: only where it is not the next port */
	if (local->rtcp_port && local->rtcp_port != local->port + 1)
		g_string_append_printf(out, "a=rtcp:%u\r\n", local->rtcp_port);
}

static void put_chosen(GString *out, const struct sdpx_media *m,
		       const struct sdpx_local *local,
		       const struct sdpx_session *sess)
{
	g_string_append_printf(out, "m=audio %u %s %u", local->port, m->proto,
			       sess->pt);
	if (sess->dtmf_pt >= 0)
		g_string_append_printf(out, " %d", sess->dtmf_pt);
	g_string_append(out, "\r\n");

	put_codec(out, sess->codec, sess->pt);
	if (sess->dtmf_pt >= 0)
		put_dtmf(out, sess->dtmf_pt, sess->dtmf_clock,
			 sess->dtmf_events);
	g_string_append_printf(out, "a=ptime:%u\r\na=%s\r\n", sess->ptime_ms,
			       sdpx_dir_name(sess->dir));
	if (local->webrtc)
		sdpx_put_mid_ext(out, m);
	else
		put_rtcp(out, local, sess->rtcp_mux);
}

/* Refused: port 0, all else as it came (RFC 3264 §6) */
static void put_refused(GString *out, const struct sdpx_media *m)
{
	g_string_append_printf(out, "m=%s 0 %s", m->type, m->proto);
	for (size_t i = 0; i < m->nfmts; ++i)
		g_string_append_printf(out, " %s", m->fmts[i].fmt);
	g_string_append(out, "\r\n");
}

int sdpx_write_answer(char **answerp, const struct sdpx_desc *offer,
		      const struct sdpx_local *local,
		      const struct sdpx_session *sess,
		      struct sdpx_origin *origin)
{
	GString *out;

	if (!answerp || !addr_type(local->addr) || !local->port)
		return EINVAL;

	out = g_string_sized_new(512);
	put_session(out, local, origin);

	for (size_t i = 0; i < offer->nmedia; ++i) {
		if (i == sess->mline)
			put_chosen(out, &offer->media[i], local, sess);
		else if (sess->video.on && i == sess->video.mline)
			sdpx_video_put(out, &offer->media[i], local,
				       &sess->video);
		else
			put_refused(out, &offer->media[i]);
	}
	*answerp = g_string_free(out, FALSE);

	return 0;
}

int sdpx_offer(char **offerp, const struct sdpx_local *local,
	       struct sdpx_origin *origin)
{
	struct sdpx_plan plan;
	unsigned ptime = local->ptime_ms ? local->ptime_ms : CODEC_FRAME_MS;
	GString *out;

	sdpx_plan_make(&plan, local);
	if (!offerp || !plan.n || !addr_type(local->addr) || !local->port)
		return EINVAL;

	out = g_string_sized_new(512);
	put_session(out, local, origin);

	g_string_append_printf(out, "m=audio %u RTP/AVP", local->port);
	for (size_t i = 0; i < plan.n; ++i)
		g_string_append_printf(out, " %u", plan.codecs[i].pt);
	if (plan.dtmf48 >= 0)
		g_string_append_printf(out, " %d", plan.dtmf48);
	if (plan.dtmf8 >= 0)
		g_string_append_printf(out, " %d", plan.dtmf8);
	g_string_append(out, "\r\n");

	for (size_t i = 0; i < plan.n; ++i)
		put_codec(out, plan.codecs[i].codec, plan.codecs[i].pt);
	if (plan.dtmf48 >= 0)
		put_dtmf(out, plan.dtmf48, 48000, SDPX_EVENTS_DTMF);
	if (plan.dtmf8 >= 0)
		put_dtmf(out, plan.dtmf8, 8000, SDPX_EVENTS_DTMF);
	g_string_append_printf(out, "a=ptime:%u\r\na=%s\r\n",
			       codec_ptime(plan.codecs[0].codec, ptime),
			       sdpx_dir_name(local->dir));
	put_rtcp(out, local, local->rtcp_mux);
	*offerp = g_string_free(out, FALSE);

	return 0;
}
