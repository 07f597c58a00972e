/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers to browsers: RTP/SAVPF, video, feedback, what is refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/obj.h"
#include "sdp/sdpx.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
#define AUDIO                                                                  \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 1.1.1.1\r\n"            \
	"a=rtpmap:111 opus/48000/2\r\na=sendrecv\r\n"
#define VIDEO "m=video 9 UDP/TLS/RTP/SAVPF "

static struct sdpx_session sess;
static const char *video_codec; /* wanted before the others, or NULL */

/* @return The answer, g_free() it; NULL: refused */
static char *answer(const char *offer, bool video, enum sdpx_result want)
{
	const struct codec *codecs[] = {codec_by_id(CODEC_OPUS),
					codec_by_id(CODEC_PCMU)};
	const struct sdpx_local local = {
		.codecs = codecs,
		.ncodecs = 2,
		.dtmf = true,
		.dir = SDPX_SENDRECV,
		.addr = "127.0.0.1",
		.port = 9,
		.webrtc = true,
		.video = video,
		.video_codec = video_codec,
	};
	struct sdpx_desc *desc = NULL;
	struct sdpx_origin origin;
	char *text = NULL;

	sdpx_origin_init(&origin, 7);
	assert_int_equal(sdpx_parse(&desc, offer, strlen(offer)), SDPX_OK);
	assert_int_equal(sdpx_answer(desc, &local, &origin, &sess, &text),
			 want);
	obj_unref(desc);

	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("%s is not in:\n%s", part, text);
	assert_non_null(strstr(text, part));
}

static void test_audio_alone(void **state)
{
	char *text = answer(HEAD AUDIO, true, SDPX_OK);

	assert_has(text, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n");
	assert_false(sess.video.on);
	/* the core knows addresses and multiplexing */
	assert_true(sess.send && sess.recv);
	assert_null(strstr(text, "rtcp-mux"));
	g_free(text);
}

static void test_a_phone_speaks_no_savpf(void **state)
{
	(void)answer(HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n",
		     true, SDPX_NO_TRANSPORT);
}

static void test_vp8_with_feedback(void **state)
{
	char *text = answer(HEAD AUDIO VIDEO
			    "96 97\r\na=rtpmap:96 VP8/90000\r\n"
			    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
			    "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n"
			    "a=rtcp-fb:* ccm fir\r\n"
			    "a=rtcp-fb:96 transport-cc\r\n"
			    "a=rtcp-fb:97 goog-remb\r\n"
			    "a=extmap:3 "
			    "urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
			    "a=extmap:4 urn:x:other\r\n",
			    true, SDPX_OK);

	assert_true(sess.video.on);
	assert_int_equal(sess.video.pt, 96);
	assert_string_equal(sess.video.codec, "VP8");
	assert_has(text, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n");
	assert_has(text, "a=rtcp-fb:96 nack\r\n");
	assert_has(text, "a=rtcp-fb:96 nack pli\r\n");
	assert_has(text, "a=rtcp-fb:96 ccm fir\r\n");
	assert_has(text, "a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
	assert_null(strstr(text, "transport-cc"));
	assert_null(strstr(text, "goog-remb"));
	assert_null(strstr(text, "extmap:4"));
	g_free(text);
}

static void test_h264_of_mode_1(void **state)
{
	char *text = answer(HEAD AUDIO VIDEO
			    "98 102 103\r\na=rtpmap:98 VP9/90000\r\n"
			    "a=rtpmap:102 H264/90000\r\n"
			    "a=fmtp:102 packetization-mode=0\r\n"
			    "a=rtpmap:103 H264/90000\r\n"
			    "a=fmtp:103 packetization-mode=1;"
			    "profile-level-id=42e01f\r\n",
			    true, SDPX_OK);

	assert_int_equal(sess.video.pt, 103);
	assert_has(text, "a=rtpmap:103 H264/90000\r\n");
	assert_has(text, "a=fmtp:103 packetization-mode=1;"
			 "profile-level-id=42e01f\r\n");
	g_free(text);
}

static void test_the_codec_that_is_wanted(void **state)
{
	static const char offer[] =
		HEAD AUDIO VIDEO "102 96\r\na=rtpmap:102 H264/90000\r\n"
				 "a=fmtp:102 packetization-mode=1\r\n"
				 "a=rtpmap:96 VP8/90000\r\n";
	static const struct {
		const char *wanted, *codec;
	} cases[] = {{NULL, "H264"}, {"VP8", "VP8"}, {"AV1", "H264"}};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		video_codec = cases[i].wanted;
		g_free(answer(offer, true, SDPX_OK));
		assert_string_equal(sess.video.codec, cases[i].codec);
	}
	video_codec = NULL;
}

static void test_video_is_refused(void **state)
{
	static const struct {
		const char *rest;
		bool wanted;
	} cases[] = {
		{VIDEO "96\r\na=rtpmap:96 VP8/90000\r\n", false},
		{VIDEO "96\r\na=rtpmap:96 AV1/90000\r\n", true},
		{VIDEO "96\r\na=rtpmap:96 VP8/48000\r\n", true},
		{"m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n",
		 true},
		{"m=video 9 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n", true},
	};
	char *offer, *text;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		offer = g_strconcat(HEAD AUDIO, cases[i].rest, NULL);
		text = answer(offer, cases[i].wanted, SDPX_OK);
		assert_false(sess.video.on);
		assert_has(text, "m=video 0 ");
		g_free(text);
		g_free(offer);
	}
}

static void test_directions_are_mirrored(void **state)
{
	char *text = answer(HEAD AUDIO VIDEO
			    "96\r\na=rtpmap:96 VP8/90000\r\na=sendonly\r\n",
			    true, SDPX_OK);

	assert_int_equal(sess.video.dir, SDPX_RECVONLY);
	assert_has(text, "a=recvonly\r\n");
	g_free(text);
}

static void test_no_data_channels(void **state)
{
	char *text = answer(HEAD "m=application 9 UDP/DTLS/SCTP "
				 "webrtc-datachannel\r\n" AUDIO,
			    true, SDPX_OK);

	assert_has(text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
	assert_int_equal(sess.mline, 1);
	g_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_audio_alone),
		cmocka_unit_test(test_a_phone_speaks_no_savpf),
		cmocka_unit_test(test_vp8_with_feedback),
		cmocka_unit_test(test_h264_of_mode_1),
		cmocka_unit_test(test_the_codec_that_is_wanted),
		cmocka_unit_test(test_video_is_refused),
		cmocka_unit_test(test_directions_are_mirrored),
		cmocka_unit_test(test_no_data_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
