/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SDP: what was read is negotiated and answered, and the answer must be SDP
 * with as many lines. The first byte chooses our side. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/obj.h"
#include "sdp/sdpx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_session(const struct sdpx_session *sess)
{
	require(sess->codec && sess->pt < 128);
	require(sess->dtmf_pt >= -1 && sess->dtmf_pt < 128);
	require(sess->ptime_ms >= 10 && sess->ptime_ms <= 60);
	require(!sess->send || sess->rtp.ss_family);
}

static void check_text(const char *text, size_t nmedia)
{
	struct sdpx_desc *desc = NULL;

	require(sdpx_parse(&desc, text, strlen(text)) == SDPX_OK);
	require(desc->nmedia == nmedia);
	obj_unref(desc);
}

static void answer(const struct sdpx_desc *desc, struct sdpx_local *local)
{
	struct sdpx_session sess, again;
	struct sdpx_origin origin;
	char *text = NULL;

	sdpx_origin_init(&origin, desc->sess_id);
	if (sdpx_answer(desc, local, &origin, &sess, &text) == SDPX_OK) {
		check_session(&sess);
		check_text(text, desc->nmedia);
		g_free(text);

		/* a re-offer of the same keeps what agreed */
		local->prev = &sess;
		require(sdpx_negotiate(desc, local, &again) == SDPX_OK);
		require(again.codec == sess.codec);

		require(!sdpx_offer(&text, local, &origin));
		check_text(text, 1);
		g_free(text);
	}
	if (sdpx_accept(desc, local, &sess) == SDPX_OK)
		check_session(&sess);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct codec *codecs[CODEC_NIDS];
	struct sdpx_desc *desc = NULL;
	struct sdpx_local local = {
		.codecs = codecs,
		.addr = "192.0.2.1",
		.port = 4000,
	};

	if (!size)
		return 0;

	for (size_t i = 0; i < CODEC_NIDS; ++i)
		codecs[i] = codec_at(i);
	local.ncodecs = 1 + (data[0] & 3);
	local.dir = (enum sdpx_dir)(data[0] >> 2 & 3);
	local.dtmf = data[0] & 0x10;
	local.rtcp_mux = data[0] & 0x20;

	if (sdpx_parse(&desc, (const char *)data + 1, size - 1) == SDPX_OK)
		answer(desc, &local);
	obj_unref(desc);

	return 0;
}
