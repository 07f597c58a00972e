/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The leg's media, and what SDP says about it. ICE, DTLS and SRTP are the
 * core's: what comes here is plain RTP, handed in and out packet by packet. */
#include <string.h>

#include "common/jsonw.h"
#include "host/log.h"
#include "webrtc/wrtc_priv.h"

enum {
	ANY_PORT = 9
};

/* what stands in the answer until the core writes its own over it */
static const char any_address[] = "127.0.0.1";

/* ---- from media/, on the loop ---- */

static void on_dtmf(void *arg, char digit, unsigned duration_ms)
{
	struct wrtc_leg *leg = arg;

	if (wrtc_leg_hears(leg))
		leg->leg.handler->dtmf(leg->leg.arg, digit, duration_ms, true);
}

static void on_played(void *arg, uint32_t play_id, int err)
{
	struct wrtc_leg *leg = arg;

	if (wrtc_leg_hears(leg))
		leg->leg.handler->played(leg->leg.arg, play_id, err);
}

static void on_silent(void *arg)
{
	struct wrtc_leg *leg = arg;

	if (wrtc_leg_hears(leg))
		leg->leg.handler->silent(leg->leg.arg);
}

static void on_tapped(void *arg, uint32_t tap_id, enum media_tap_end why)
{
	struct wrtc_leg *leg = arg;

	if (wrtc_leg_hears(leg) && leg->leg.handler->tapped)
		leg->leg.handler->tapped(leg->leg.arg, tap_id, why);
}

static void on_started(void *arg)
{
	wrtc_leg_note(arg, "first RTP packet received");
}

static void on_closed(void *arg, const struct media_stats *stats)
{
	struct wrtc_leg *leg = arg;

	leg->media_open = false;
	wrtc_leg_later(leg, WRTC_LATER_CLOSED);
	obj_unref(leg);
}

static const struct media_handler handler = {
	.dtmf = on_dtmf,
	.played = on_played,
	.silent = on_silent,
	.started = on_started,
	.tapped = on_tapped,
	.closed = on_closed,
};

/* ---- offer and answer ---- */

/* What the extension allows, in its order; else Opus and G.711
 * @param only  Nothing but this one; NULL: all */
static void choose_codecs(struct wrtc_leg *leg, const struct codec *only)
{
	static const char *const usual[] = {"opus", "PCMU", "PCMA", NULL};
	const struct dir_extension *ext = wrtc_extension(leg->h);
	const char *const *names =
		ext && ext->codecs ? (const char *const *)ext->codecs : usual;
	const struct codec *codec;
	size_t n = 0, i;

	for (i = 0; names[i] && n < CODEC_NIDS; ++i) {
		codec = codec_by_name(names[i]);
		if (codec && (!only || codec == only))
			leg->codecs[n++] = codec;
	}
	leg->local.codecs = leg->codecs;
	leg->local.ncodecs = n;
}

enum sdpx_result wrtc_sound_offer(struct wrtc_leg *leg, bool video)
{
	/* what a bridge need not transcode; Opus whatever their order, as it
	 * survives a bad network; what there is */
	const struct codec *const tries[] = {
		leg->wanted,
		codec_by_id(CODEC_OPUS),
		NULL,
	};
	enum sdpx_result res = SDPX_NO_CODEC;
	size_t i;

	leg->local.webrtc = true;
	leg->local.video = video;
	leg->local.dtmf = true;
	leg->local.dir = SDPX_SENDRECV;
	leg->local.rtcp_mux = true;
	leg->local.addr = any_address;
	leg->local.port = ANY_PORT;

	for (i = leg->wanted ? 0 : 1; i < G_N_ELEMENTS(tries); ++i) {
		choose_codecs(leg, tries[i]);
		res = sdpx_negotiate(leg->offer, &leg->local, &leg->sess);
		if (res != SDPX_NO_CODEC)
			break;
	}

	return res;
}

static int start_media(struct wrtc_leg *leg)
{
	const struct sdpx_session *sess = &leg->sess;
	const struct media_session ms = {
		.codec = sess->codec,
		.pt = sess->pt,
		.dtmf_pt = sess->dtmf_pt,
		.dtmf_clock = sess->dtmf_clock,
		.dtmf = MEDIA_DTMF_RFC4733,
		.ptime_ms = sess->ptime_ms,
		.send = sess->send,
		.recv = sess->recv,
		.rtcp_mux = true,
	};

	return media_leg_start(leg->leg.media, &ms);
}

int wrtc_sound_open(struct wrtc_leg *leg, char **answerp)
{
	struct wrtc_handle *h = leg->h;
	const struct media_leg_params prm = {
		.handler = &handler,
		.arg = leg,
		.name = leg->leg.call_id,
		.send = wrtc_io_send,
		.send_arg = h,
	};
	int err = sdpx_write_answer(answerp, leg->offer, &leg->local,
				    &leg->sess, &leg->origin);

	if (err)
		return err;
	err = media_leg_alloc(&leg->leg.media, h->gw->media, &prm);
	if (err)
		goto out;
	leg->media_open = true;
	obj_ref(leg); /* until on_closed() */

	err = start_media(leg);
	if (err)
		goto out;
	atomic_store(&h->io.audio_pt, leg->sess.pt);
	atomic_store(&h->io.video_pt,
		     leg->sess.video.on ? leg->sess.video.pt : -1);
	wrtc_sound_set(h, leg->leg.media);
out:
	if (err) {
		g_free(*answerp);
		*answerp = NULL;
	}

	return err;
}

void wrtc_sound_close(struct wrtc_leg *leg)
{
	struct media_leg *media = leg->leg.media;

	leg->leg.media = NULL;
	if (!media)
		return;

	wrtc_sound_set(leg->h, NULL);
	media_leg_close(media);
}

static void put_stream(GString *out, const char *kind, const char *codec,
		       enum sdpx_dir dir)
{
	jsonw_open(out, kind, '{');
	jsonw_str(out, "codec", codec);
	jsonw_str(out, "direction", sdpx_dir_name(dir));
	jsonw_close(out, '}');
}

char *wrtc_sound_describe(const struct leg *arg)
{
	const struct wrtc_leg *leg = wrtc_leg_of(arg);
	const struct sdpx_session *sess = &leg->sess;
	GString *out = g_string_new(NULL);

	jsonw_open(out, NULL, '{');
	put_stream(out, "audio", sess->codec->name, sess->dir);
	if (sess->video.on)
		put_stream(out, "video", sess->video.codec, sess->video.dir);
	jsonw_close(out, '}');

	return g_string_free(out, FALSE);
}

/* ---- while it runs ---- */

void wrtc_sound_mute(struct wrtc_leg *leg, bool in, bool out, bool mute)
{
	struct wrtc_io *io = &leg->h->io;

	if (in)
		atomic_store(&io->deaf, mute);
	if (out)
		atomic_store(&io->dumb, mute);
	wrtc_leg_note(leg,
		      mute ? "muted by the browser" : "unmuted by the browser");
}
