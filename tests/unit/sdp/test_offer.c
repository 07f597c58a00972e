/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#include "common/obj.h"
#include "sdp/sdpx.h"

static const struct codec *ours[CODEC_NIDS];
static struct sdpx_local local;
static struct sdpx_origin origin;

static int setup(void **state)
{
	for (size_t i = 0; i < CODEC_NIDS; ++i)
		ours[i] = codec_at(i);
	local = (struct sdpx_local){
		.codecs = ours,
		.ncodecs = CODEC_NIDS,
		.dtmf = true,
		.dir = SDPX_SENDRECV,
		.addr = "198.51.100.5",
		.port = 20000,
	};
	sdpx_origin_init(&origin, 9);

	return 0;
}

static struct sdpx_desc *parse(const char *text)
{
	struct sdpx_desc *desc = NULL;

	assert_int_equal(sdpx_parse(&desc, text, strlen(text)), SDPX_OK);

	return desc;
}

static char *offer(void)
{
	char *text = NULL;

	assert_int_equal(sdpx_offer(&text, &local, &origin), 0);

	return text;
}

static void test_offer_text(void **state)
{
	char *text = offer();

	assert_string_equal(text,
			    "v=0\r\n"
			    "o=bifrons 9 9 IN IP4 198.51.100.5\r\n"
			    "s=-\r\n"
			    "c=IN IP4 198.51.100.5\r\n"
			    "t=0 0\r\n"
			    "m=audio 20000 RTP/AVP 111 9 8 0 110 101\r\n"
			    "a=rtpmap:111 opus/48000/2\r\n"
			    "a=fmtp:111 minptime=10;stereo=0;useinbandfec=1\r\n"
			    "a=rtpmap:9 G722/8000\r\n"
			    "a=rtpmap:8 PCMA/8000\r\n"
			    "a=rtpmap:0 PCMU/8000\r\n"
			    "a=rtpmap:110 telephone-event/48000\r\n"
			    "a=fmtp:110 0-15\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n"
			    "a=fmtp:101 0-15\r\n"
			    "a=ptime:20\r\n"
			    "a=sendrecv\r\n");
	g_free(text);

	local.ncodecs = 0;
	assert_int_equal(sdpx_offer(&text, &local, &origin), EINVAL);
	local.ncodecs = 1;
	local.port = 0;
	assert_int_equal(sdpx_offer(&text, &local, &origin), EINVAL);
}

/* Two of us talk: an offer, its answer, and what both sides make of it */
static void test_offer_meets_answer(void **state)
{
	const struct codec *const g711[] = {codec_by_id(CODEC_PCMU),
					    codec_by_id(CODEC_PCMA)};
	struct sdpx_local other = local;
	struct sdpx_session mine, theirs;
	struct sdpx_desc *o, *a;
	struct sdpx_origin org2;
	char *text = offer(), *back = NULL;

	other.codecs = g711;
	other.ncodecs = 2;
	other.addr = "192.0.2.77";
	other.port = 5000;
	sdpx_origin_init(&org2, 1);

	o = parse(text);
	assert_int_equal(sdpx_answer(o, &other, &org2, &theirs, &back),
			 SDPX_OK);
	a = parse(back);
	assert_int_equal(sdpx_accept(a, &local, &mine), SDPX_OK);

	assert_int_equal(mine.codec->id, CODEC_PCMA); /* the offerer's order */
	assert_ptr_equal(mine.codec, theirs.codec);
	assert_int_equal(mine.pt, theirs.pt);
	assert_int_equal(mine.dtmf_pt, 101);
	assert_int_equal(theirs.dtmf_pt, 101);
	assert_true(mine.send && mine.recv && theirs.send && theirs.recv);
	assert_int_equal(
		ntohs(((struct sockaddr_in *)(void *)&mine.rtp)->sin_port),
		5000);

	obj_unref(o);
	obj_unref(a);
	g_free(text);
	g_free(back);
}

static void test_reoffer_keeps_types(void **state)
{
	/* they chose types that ours would take */
	const struct sdpx_session prev = {
		.codec = codec_by_id(CODEC_OPUS),
		.pt = 101,
		.dtmf_pt = 111,
		.dtmf_clock = 48000,
	};
	char *text;

	local.prev = &prev;
	assert_int_equal(sdpx_offer_pt(&local, prev.codec), 101);
	text = offer();
	assert_non_null(strstr(text, "m=audio 20000 RTP/AVP 101 9 8 0 111 96"));
	assert_non_null(strstr(text, "a=rtpmap:101 opus/48000/2"));
	assert_non_null(strstr(text, "a=rtpmap:111 telephone-event/48000"));
	assert_non_null(strstr(text, "a=rtpmap:96 telephone-event/8000"));
	g_free(text);
}

static void test_reoffer_leads_with_the_agreed_codec(void **state)
{
	const struct sdpx_session prev = {
		.codec = codec_by_id(CODEC_PCMU),
		.pt = 0,
		.dtmf_pt = -1,
	};
	char *text;

	local.prev = &prev;
	local.dtmf = false;
	local.dir = SDPX_SENDONLY;
	local.rtcp_mux = true;
	text = offer();
	assert_non_null(strstr(text, "m=audio 20000 RTP/AVP 0 111 9 8\r\n"));
	assert_non_null(strstr(text, "a=sendonly\r\n"));
	assert_non_null(strstr(text, "a=rtcp-mux\r\n"));
	assert_null(strstr(text, "telephone-event"));
	g_free(text);
}

#define ANSWER                                                                 \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"     \
	"t=0 0\r\n"

static void test_answers(void **state)
{
	static const struct {
		const char *media;
		enum sdpx_result res;
		enum codec_id id;
		int pt;
	} cases[] = {
		{"m=audio 4000 RTP/AVP 0\r\n", SDPX_OK, CODEC_PCMU, 0},
		{"m=audio 4000 RTP/AVP 8 0\r\n", SDPX_OK, CODEC_PCMA, 8},
		/* a dynamic type of ours without its rtpmap */
		{"m=audio 4000 RTP/AVP 111\r\n", SDPX_OK, CODEC_OPUS, 111},
		/* their own number for it */
		{"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
		 SDPX_OK, CODEC_OPUS, 96},
		{"m=audio 0 RTP/AVP 0\r\n", SDPX_NO_AUDIO, 0, 0},
		{"", SDPX_NO_AUDIO, 0, 0},
		{"m=video 4000 RTP/AVP 0\r\n", SDPX_NO_AUDIO, 0, 0},
		{"m=audio 4000 RTP/AVP 18\r\n", SDPX_NO_CODEC, 0, 0},
		{"m=audio 4000 RTP/SAVP 0\r\n", SDPX_NO_TRANSPORT, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char *text = g_strconcat(ANSWER, cases[i].media, NULL);
		struct sdpx_desc *desc = parse(text);
		struct sdpx_session sess;

		assert_int_equal(sdpx_accept(desc, &local, &sess),
				 cases[i].res);
		if (cases[i].res == SDPX_OK) {
			assert_int_equal(sess.codec->id, cases[i].id);
			assert_int_equal(sess.pt, cases[i].pt);
		}
		obj_unref(desc);
		g_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_offer_text, setup),
		cmocka_unit_test_setup(test_offer_meets_answer, setup),
		cmocka_unit_test_setup(test_reoffer_keeps_types, setup),
		cmocka_unit_test_setup(test_reoffer_leads_with_the_agreed_codec,
				       setup),
		cmocka_unit_test_setup(test_answers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
