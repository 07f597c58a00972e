/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures: never decoded, they go back (echo) or to another browser (bridge)
 * on the thread that brought them, as one stream whose numbers go on whoever
 * it comes from. Key frames are asked for where a new one begins, and when
 * who sees it says so. */
#include <string.h>

#include "common/str.h"
#include "media/rtcp.h"
#include "media/rtp.h"
#include "webrtc/wrtc_priv.h"

enum {
	VIDEO_CLOCK = 90000,
	VIDEO_FRAME = VIDEO_CLOCK / 1000 * CODEC_FRAME_MS,
	RTCP_PSFB = 206, /* RFC 4585 6.1 */
	PSFB_AFB = 15,   /* application layer feedback: REMB is one */
	REMB_ID = 12,    /* where it says so */
	REMB_MIN = 20,
	REMB_MAX = 128,
};

void wrtc_picture_init(struct wrtc_picture *picture)
{
	media_tx_init(&picture->tx);
	picture->tx.clock = VIDEO_CLOCK;
	picture->tx.frame = VIDEO_FRAME;
}

void wrtc_picture_pli(struct wrtc_handle *h, bool now)
{
	const int64_t now_us = wrtc_now_us();
	int64_t last = atomic_load(&h->io.pli_us);

	if (!now && now_us - last < WRTC_PLI_GAP_MS * 1000)
		return;
	/* who loses the race has been asked for already */
	if (atomic_compare_exchange_strong(&h->io.pli_us, &last, now_us) || now)
		wrtc_push_pli(h);
}

/* ---- on the ICE threads ---- */

/* To whom does its picture go? @return A reference, or NULL */
static struct wrtc_handle *target_of(struct wrtc_handle *h, unsigned *sourcep)
{
	*sourcep = atomic_load(&h->io.echo);

	return *sourcep ? obj_ref(h) : wrtc_peer_ref(h, sourcep);
}

/* @return false: it is not to be sent */
static bool renumber(struct wrtc_handle *to, const struct wrtc_handle *from,
		     unsigned source, const struct rtp_packet *pkt,
		     struct media_mapped *out, uint32_t *ssrcp)
{
	struct wrtc_picture *picture = &to->io.picture;
	bool mapped;

	/* only while one source gives way to another */
	if (atomic_exchange(&picture->busy, true))
		return false;

	if (picture->source != source) {
		picture->source = source;
		picture->rewrite.synced = false;
	}
	mapped = media_rewrite_map(&picture->rewrite, &picture->tx, from, pkt,
				   wrtc_now_us(), out);
	*ssrcp = picture->tx.ssrc;
	atomic_store(&picture->busy, false);

	return mapped;
}

static bool forward(struct wrtc_handle *h, struct wrtc_handle *to,
		    unsigned source, uint8_t *packet, size_t len)
{
	const int pt = atomic_load(&to->io.video_pt);
	struct media_mapped out;
	struct rtp_packet pkt;
	uint32_t ssrc;

	if (pt < 0 || atomic_load(&h->io.held) || atomic_load(&to->io.held) ||
	    rtp_parse(&pkt, packet, len) ||
	    pkt.pt != atomic_load(&h->io.video_pt) ||
	    !renumber(to, h, source, &pkt, &out, &ssrc))
		return false;

	/* the marker ends a frame: it stays as it is */
	rtp_rewrite(packet, (uint8_t)pt, out.seq, out.ts, ssrc);
	h->gw->host.relay_rtp(to->core, true, packet, len);
	atomic_fetch_add_explicit(to == h ? &h->gw->n.video_echoed
					  : &h->gw->n.video_bridged,
				  1, memory_order_relaxed);

	return true;
}

void wrtc_picture_rtp(struct wrtc_handle *h, uint8_t *packet, size_t len)
{
	unsigned source;
	struct wrtc_handle *to = target_of(h, &source);

	if (!to || !source || !forward(h, to, source, packet, len))
		wrtc_io_drop(h);
	obj_unref(to);
}

/* How much its network takes (draft-alvestrand-rmcat-remb): who sends the
 * picture has to know. The core puts the right SSRCs in. */
static void pass_remb(struct wrtc_handle *from, const uint8_t *p, size_t len)
{
	uint8_t buf[REMB_MAX];
	size_t size;

	/* the compound was found to be whole */
	for (; len >= 4; p += size, len -= size) {
		size = ((size_t)p[2] << 8 | p[3]) * 4 + 4;
		if (size > len)
			return;
		if (p[1] != RTCP_PSFB || (p[0] & 0x1f) != PSFB_AFB ||
		    size < REMB_MIN || size > REMB_MAX ||
		    memcmp(p + REMB_ID, "REMB", 4))
			continue;
		memcpy(buf, p, size);
		from->gw->host.relay_rtcp(from->core, true, buf, size);
	}
}

void wrtc_picture_rtcp(struct wrtc_handle *h, const void *packet, size_t len)
{
	unsigned source;
	struct wrtc_handle *from;
	struct rtcp_info info;

	if (rtcp_parse(&info, packet, len))
		return;

	/* what it sees comes from itself, or its peer */
	from = target_of(h, &source);
	if (from && atomic_load(&from->io.video_pt) >= 0) {
		if (info.pli || info.fir)
			wrtc_picture_pli(from, false);
		pass_remb(from, packet, len);
	}
	obj_unref(from);
}

/* ---- on the loop ---- */

void wrtc_picture_echo(struct leg *arg, bool on)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);
	struct wrtc_io *io = &leg->h->io;

	if (!leg->sess.video.on || leg->sess.video.dir != SDPX_SENDRECV)
		return;

	atomic_store(&io->echo, on ? ++leg->h->gw->pictures : 0);
	if (on)
		wrtc_picture_pli(leg->h, true);
}

/* Can what the one sends be shown to the other, as it is? */
static bool fits(const struct wrtc_leg *from, const struct wrtc_leg *to)
{
	const struct sdpx_video *a = &from->sess.video, *b = &to->sess.video;

	return from->described && to->described &&
	       from->state != WRTC_LEG_OVER && to->state != WRTC_LEG_OVER &&
	       a->on && b->on && str_eq(a->codec, b->codec) &&
	       a->dir & SDPX_RECVONLY && b->dir & SDPX_SENDONLY;
}

void wrtc_picture_bridge(struct leg *arg, struct leg *peer_arg)
{
	struct wrtc_leg *leg = wrtc_leg_of(arg);
	struct wrtc_leg *peer = NULL;

	if (peer_arg && peer_arg->ops == &wrtc_leg_ops)
		peer = wrtc_leg_of(peer_arg);
	if (peer_arg)
		atomic_store(&leg->h->io.echo, 0);
	if (peer && fits(leg, peer)) {
		wrtc_peer_set(leg->h, peer->h, ++leg->h->gw->pictures);
		wrtc_picture_pli(leg->h, true);
	} else { /* a peer may still ask for key frames of it */
		wrtc_peer_set(leg->h, peer ? peer->h : NULL, 0);
	}
}

void wrtc_picture_hold(struct wrtc_leg *leg)
{
	const bool on = leg->held || leg->holds;
	struct wrtc_handle *peer;
	unsigned bridge;

	atomic_store(&leg->h->io.held, on);
	peer = wrtc_peer_ref(leg->h, &bridge);
	if (!on && peer) {
		wrtc_picture_pli(leg->h, true);
		wrtc_picture_pli(peer, true);
	}
	obj_unref(peer);
}

void wrtc_picture_close(struct wrtc_handle *h)
{
	atomic_store(&h->io.echo, 0);
	atomic_store(&h->io.video_pt, -1); /* who still sends to it */
	wrtc_peer_set(h, NULL, 0);
}
