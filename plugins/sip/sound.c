/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The leg's media, and what SDP says about it: no soa, sdp/ reads and writes */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/jsonw.h"
#include "host/log.h"

#include "multipart.h"
#include "sipx_priv.h"

static const char sdp_type[] = "application/sdp";

enum {
	DISCARD_PORT = 9,
	SOUND_SIZE = 80, /* of what it says of itself */
};

/* ---- from media/, on the loop ---- */

static void on_dtmf(void *arg, char digit, unsigned duration_ms)
{
	struct sipx_leg *leg = arg;

	/* where digits come by INFO, tones in the sound are an echo of them */
	if (sipx_leg_hears(leg) && sipx_leg_dtmf(leg) != DIR_DTMF_INFO)
		leg->leg.handler->dtmf(leg->leg.arg, digit, duration_ms, true);
}

static void on_played(void *arg, uint32_t play_id, int err)
{
	struct sipx_leg *leg = arg;

	if (sipx_leg_hears(leg))
		leg->leg.handler->played(leg->leg.arg, play_id, err);
}

static void on_silent(void *arg)
{
	struct sipx_leg *leg = arg;

	if (sipx_leg_hears(leg))
		leg->leg.handler->silent(leg->leg.arg);
}

static void on_tapped(void *arg, uint32_t tap_id, enum media_tap_end why)
{
	struct sipx_leg *leg = arg;

	if (sipx_leg_hears(leg) && leg->leg.handler->tapped)
		leg->leg.handler->tapped(leg->leg.arg, tap_id, why);
}

static void on_started(void *arg)
{
	sipx_leg_note(arg, "first RTP packet received");
}

static void on_closed(void *arg, const struct media_stats *stats)
{
	struct sipx_leg *leg = arg;

	leg->media_open = false;
	sipx_leg_later(leg, SIPX_LATER_CLOSED);
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

/* ---- bodies ---- */

static bool is_encoded(const sip_t *sip)
{
	const sip_content_encoding_t *ce = sip->sip_content_encoding;

	return ce && ce->k_items && ce->k_items[0] &&
	       strcasecmp(ce->k_items[0], "identity");
}

int sipx_body_sdp(const sip_t *sip, const char **textp, size_t *lenp)
{
	const sip_payload_t *body = sip->sip_payload;
	const msg_content_type_t *ct = sip->sip_content_type;
	const char *boundary;

	*textp = NULL;
	*lenp = 0;
	if (!body || !body->pl_len)
		return 0;
	if (is_encoded(sip) || !ct || !ct->c_type)
		return 415;

	if (!strncasecmp(ct->c_type, "multipart/", 10)) {
		boundary = msg_header_find_param(ct->c_common, "boundary=");
		return sipx_part_find(body->pl_data, body->pl_len, boundary,
				      sdp_type, textp, lenp)
			       ? 415
			       : 0;
	}
	if (strcasecmp(ct->c_type, sdp_type) != 0)
		return 415;
	*textp = body->pl_data;
	*lenp = body->pl_len;

	return 0;
}

static int refused(struct sipx_leg *leg, enum sdpx_result res,
		   const char **warningp)
{
	*warningp = sdpx_result_text(res);
	log_info("%s: offer refused: %s", sipx_leg_name(leg), *warningp);

	return sdpx_result_sip_code(res);
}

/* Our sockets are of one family: the other one's addresses are out of reach */
static bool in_reach(const struct sipx_leg *leg,
		     const struct sdpx_session *sess)
{
	const bool v6 = strchr(leg->stack->public_address, ':') != NULL;

	return sess->rtp.ss_family == AF_UNSPEC ||
	       (sess->rtp.ss_family == AF_INET6) == v6;
}

int sipx_sound_offer(struct sipx_leg *leg, const sip_t *sip,
		     const char **warningp)
{
	struct sdpx_session sess;
	struct sdpx_desc *desc;
	enum sdpx_result res;
	const char *text;
	size_t len;
	int code;

	*warningp = NULL;
	code = sipx_body_sdp(sip, &text, &len);
	if (code || !text)
		return code;

	res = sdpx_parse(&desc, text, len);
	if (res != SDPX_OK)
		return refused(leg, res, warningp);

	leg->local.prev = leg->agreed ? &leg->sess : NULL;
	res = sdpx_negotiate(desc, &leg->local, &sess);
	leg->local.prev = NULL;
	if (res == SDPX_OK && !in_reach(leg, &sess))
		res = SDPX_NO_ADDRESS;
	if (res != SDPX_OK) {
		obj_unref(desc);
		return refused(leg, res, warningp);
	}

	obj_unref(leg->offer);
	leg->offer = desc;
	leg->sess = sess;
	leg->agreed = true;

	return 0;
}

/* ---- our side ---- */

static int open_media(struct sipx_leg *leg)
{
	const struct media_leg_params prm = {
		.handler = &handler,
		.arg = leg,
		.name = leg->leg.call_id[0] ? leg->leg.call_id : leg->name,
	};
	int err;

	if (leg->leg.media || !leg->stack->media) {
		if (!leg->stack->media)
			leg->local.port = DISCARD_PORT;
		return 0;
	}

	err = media_leg_alloc(&leg->leg.media, leg->stack->media, &prm);
	if (err)
		return err;

	leg->local.port = media_leg_port(leg->leg.media);
	leg->media_open = true;
	obj_ref(leg); /* until on_closed() */

	return 0;
}

int sipx_sound_describe(struct sipx_leg *leg)
{
	char *sdp = NULL;
	int err = open_media(leg);

	if (err)
		return err;

	if (leg->offer)
		err = sdpx_write_answer(&sdp, leg->offer, &leg->local,
					&leg->sess, &leg->origin);
	else
		err = sdpx_offer(&sdp, &leg->local, &leg->origin);
	if (err)
		return err;

	g_free(leg->sdp);
	leg->sdp = sdp;

	return 0;
}

int sipx_sound_reoffer(struct sipx_leg *leg)
{
	char *sdp = NULL;
	int err;

	leg->local.prev = &leg->sess;
	err = sdpx_offer(&sdp, &leg->local, &leg->origin);
	leg->local.prev = NULL;
	if (err)
		return err;

	g_free(leg->sdp);
	leg->sdp = sdp;

	return 0;
}

int sipx_sound_accept(struct sipx_leg *leg, const sip_t *sip, bool again)
{
	struct sdpx_desc *desc;
	struct sdpx_session sess;
	enum sdpx_result res;
	const char *text;
	size_t len;

	if (sipx_body_sdp(sip, &text, &len) || !text ||
	    sdpx_parse(&desc, text, len) != SDPX_OK)
		return EPROTO;

	leg->local.prev = again ? &leg->sess : NULL;
	res = sdpx_accept(desc, &leg->local, &sess);
	leg->local.prev = NULL;
	obj_unref(desc);
	if (res == SDPX_OK && !in_reach(leg, &sess))
		res = SDPX_NO_ADDRESS;
	if (res != SDPX_OK) {
		log_info("%s: answer refused: %s", sipx_leg_name(leg),
			 sdpx_result_text(res));
		return EPROTO;
	}

	leg->sess = sess;
	leg->agreed = true;

	return 0;
}

static enum media_dtmf dtmf_mode(const struct sipx_leg *leg)
{
	if (sipx_leg_dtmf(leg) == DIR_DTMF_INFO)
		return MEDIA_DTMF_INFO;

	return leg->sess.dtmf_pt < 0 ? MEDIA_DTMF_INBAND : MEDIA_DTMF_RFC4733;
}

/* NULL without a trunk: the first who sends is it */
static struct media_source *trunk_sources(const struct dir_trunk *trunk)
{
	struct media_source *sources;
	size_t i;

	if (!trunk)
		return NULL;
	sources = g_new0(struct media_source, trunk->nallowed);
	for (i = 0; i < trunk->nallowed; ++i) {
		sources[i].family = trunk->allowed[i].family;
		sources[i].bits = trunk->allowed[i].bits;
		memcpy(sources[i].addr, trunk->allowed[i].addr,
		       sizeof(sources[i].addr));
	}

	return sources;
}

int sipx_sound_start(struct sipx_leg *leg)
{
	const struct sdpx_session *sess = &leg->sess;
	struct media_session ms = {
		.codec = sess->codec,
		.pt = sess->pt,
		.dtmf_pt = sess->dtmf_pt,
		.dtmf_clock = sess->dtmf_clock,
		.dtmf = dtmf_mode(leg),
		.ptime_ms = sess->ptime_ms,
		.send = sess->send,
		.recv = sess->recv,
		.rtp = sess->rtp,
		.rtcp = sess->rtcp,
		.rtcp_mux = sess->rtcp_mux,
	};
	struct media_source *sources;
	int err;

	if (!leg->leg.media)
		return 0;

	sources = trunk_sources(leg->trunk);
	ms.sources = sources;
	ms.nsources = leg->trunk ? leg->trunk->nallowed : 0;
	err = media_leg_start(leg->leg.media, &ms);
	g_free(sources);

	return err;
}

char *sipx_sound_json(const struct leg *arg)
{
	const struct sipx_leg *leg = sipx_leg_of(arg);
	GString *out;

	if (!leg->agreed)
		return NULL;

	out = g_string_sized_new(SOUND_SIZE);
	jsonw_open(out, NULL, '{');
	jsonw_open(out, "audio", '{');
	jsonw_str(out, "codec", leg->sess.codec->name);
	jsonw_str(out, "direction", sdpx_dir_name(leg->sess.dir));
	jsonw_close(out, '}');
	jsonw_close(out, '}');

	return g_string_free(out, FALSE);
}

void sipx_sound_close(struct sipx_leg *leg)
{
	struct media_leg *media = leg->leg.media;

	leg->leg.media = NULL;
	if (media)
		media_leg_close(media);
}
