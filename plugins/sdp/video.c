/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdp/video.h"

#include <string.h>
#include <strings.h>

enum {
	VIDEO_CLOCK = 90000,
	FMTP_MAX = 200, /* of theirs, to be repeated */
};

bool sdpx_proto_is_ours(const char *proto, bool webrtc)
{
	if (webrtc)
		return !strcmp(proto, "UDP/TLS/RTP/SAVPF") ||
		       !strcmp(proto, "RTP/SAVPF");

	return !strcmp(proto, "RTP/AVP") || !strcmp(proto, "RTP/AVPF");
}

static const char *codec_of(const struct sdpx_fmt *fmt)
{
	static const char *const names[] = {"VP8", "H264"};

	if (!fmt->encoding || fmt->clock != VIDEO_CLOCK)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(names); ++i)
		if (!strcasecmp(fmt->encoding, names[i]))
			return names[i];

	return NULL;
}

/* RFC 6184: what is not said is mode 0, which few browsers send */
static bool is_usable(const struct sdpx_fmt *fmt, const char *codec)
{
	if (fmt->fmtp && strlen(fmt->fmtp) > FMTP_MAX)
		return false;

	return strcmp(codec, "H264") ||
	       (fmt->fmtp && strstr(fmt->fmtp, "packetization-mode=1"));
}

/* @param wanted  Only this codec; NULL: any */
static bool choose_fmt(const struct sdpx_media *m, const char *wanted,
		       struct sdpx_video *video)
{
	for (size_t i = 0; i < m->nfmts; ++i) {
		const char *codec = codec_of(&m->fmts[i]);

		if (!codec || !is_usable(&m->fmts[i], codec) ||
		    (wanted && strcmp(wanted, codec)))
			continue;
		video->codec = codec;
		video->pt = (uint8_t)m->fmts[i].pt;
		return true;
	}

	return false;
}

void sdpx_video_choose(const struct sdpx_desc *offer,
		       const struct sdpx_local *local, struct sdpx_video *video)
{
	memset(video, 0, sizeof(*video));
	if (!local->webrtc || !local->video)
		return;

	for (size_t i = 0; i < offer->nmedia; ++i) {
		const struct sdpx_media *m = &offer->media[i];

		if (strcmp(m->type, "video") || !m->port ||
		    !sdpx_proto_is_ours(m->proto, true))
			continue;
		if (!(local->video_codec &&
		      choose_fmt(m, local->video_codec, video)) &&
		    !choose_fmt(m, NULL, video))
			continue;
		video->on = true;
		video->mline = i;
		video->dir = sdpx_dir_mirror(m->dir);
		return;
	}
}

/* Parameters of the stream as they named them: the same go back, so they need
 * no understanding, only to be plain text */
static bool is_plain(const char *text)
{
	for (; *text; ++text)
		if (*text < 0x20 || *text > 0x7e)
			return false;

	return true;
}

static void put_feedback(GString *out, const struct sdpx_fmt *fmt)
{
	static const char *const names[] = {"nack", "nack pli", "ccm fir",
					    "goog-remb"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); ++i)
		if (fmt->fb & 1u << i)
			g_string_append_printf(out, "a=rtcp-fb:%d %s\r\n",
					       fmt->pt, names[i]);
}

static const struct sdpx_fmt *find_fmt(const struct sdpx_media *m, int pt)
{
	for (size_t i = 0; i < m->nfmts; ++i)
		if (m->fmts[i].pt == pt)
			return &m->fmts[i];

	return NULL;
}

void sdpx_video_put(GString *out, const struct sdpx_media *m,
		    const struct sdpx_local *local,
		    const struct sdpx_video *video)
{
	const struct sdpx_fmt *fmt = find_fmt(m, video->pt);

	g_string_append_printf(out, "m=video %u %s %u\r\na=rtpmap:%u %s/%d\r\n",
			       local->port, m->proto, video->pt, video->pt,
			       video->codec, VIDEO_CLOCK);
	if (fmt && fmt->fmtp && *fmt->fmtp && is_plain(fmt->fmtp))
		g_string_append_printf(out, "a=fmtp:%u %s\r\n", video->pt,
				       fmt->fmtp);
	if (fmt)
		put_feedback(out, fmt);
	g_string_append_printf(out, "a=%s\r\n", sdpx_dir_name(video->dir));
	sdpx_put_mid_ext(out, m);
}

void sdpx_put_mid_ext(GString *out, const struct sdpx_media *m)
{
	if (m->ext_mid)
		g_string_append_printf(
			out,
			"a=extmap:%u urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
			m->ext_mid);
}
