/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A browser's message: its first line is the JSON, the rest the offer's SDP.
 * What is accepted is bounded and clean, and our answer to it is SDP with as
 * many lines. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"
#include "sdp/sdpx.h"
#include "webrtc/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_answer(const struct sdpx_desc *offer)
{
	const struct codec *codecs[CODEC_NIDS];
	const struct sdpx_local local = {
		.codecs = codecs,
		.ncodecs = CODEC_NIDS,
		.dtmf = true,
		.dir = SDPX_SENDRECV,
		.addr = "127.0.0.1",
		.port = 9,
		.webrtc = true,
		.video = true,
	};
	struct sdpx_desc *again = NULL;
	struct sdpx_session sess;
	struct sdpx_origin origin;
	char *text = NULL;
	size_t i;

	for (i = 0; i < CODEC_NIDS; ++i)
		codecs[i] = codec_at(i);
	sdpx_origin_init(&origin, 1);
	if (sdpx_answer(offer, &local, &origin, &sess, &text) != SDPX_OK)
		return;

	require(sess.codec && sess.mline < offer->nmedia);
	require(!sess.video.on || (sess.video.mline < offer->nmedia &&
				   sess.video.mline != sess.mline));
	require(sdpx_parse(&again, text, strlen(text)) == SDPX_OK);
	require(again->nmedia == offer->nmedia);
	/* nothing but what we chose is taken: no data channels */
	for (i = 0; i < again->nmedia; ++i)
		require(i == sess.mline ||
			(sess.video.on && i == sess.video.mline) ||
			!again->media[i].port);
	obj_unref(again);
	g_free(text);
}

static void check_request(const struct wrtc_request *req)
{
	const char *dialled;

	require(req->verb < WRTC_NVERBS);
	require(req->body != NULL);
	require(!json_object_get(req->body, "token"));
	require(!json_object_get(req->body, "ticket"));
	if (req->verb == WRTC_ACCEPT || req->verb == WRTC_DECLINE)
		require(id_is_valid(json_str(req->body, "call_id", "")));
	if (req->verb == WRTC_ACCEPT) {
		require(req->offer != NULL);
		check_answer(req->offer);
	}
	if (req->verb != WRTC_CALL)
		return;

	dialled = json_str(req->body, "destination", "");
	require(*dialled && str_is_clean(dialled, strlen(dialled), false));
	require(req->offer != NULL);
	check_answer(req->offer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	const size_t len = end ? (size_t)(end - data) : size;
	const size_t rest = end ? size - len - 1 : 0;
	struct wrtc_request *req;
	json_t *message, *jsep = NULL, *sdp;

	message = json_loadb((const char *)data, len, JSON_DECODE_ANY, NULL);
	if (!message)
		return 0;
	/* what the core passes on is UTF-8 */
	sdp = end ? json_stringn((const char *)end + 1, rest) : NULL;
	if (sdp)
		jsep = json_pack("{s:s, s:o}", "type", "offer", "sdp", sdp);

	req = wrtc_request_read("fuzz", message, jsep);
	json_decref(message);
	json_decref(jsep);
	if (!req->code)
		check_request(req);
	wrtc_request_free(req);

	return 0;
}
