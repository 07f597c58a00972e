/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#include "common/obj.h"
#include "sdp/sdpx.h"

#define HEAD                                                                   \
	"v=0\r\n"                                                              \
	"o=- 1 2 IN IP4 192.0.2.1\r\n"                                         \
	"s=-\r\n"                                                              \
	"c=IN IP4 192.0.2.1\r\n"                                               \
	"t=0 0\r\n"
#define TE8 "a=rtpmap:101 telephone-event/8000\r\n"
#define OPUS "a=rtpmap:96 opus/48000/2\r\n"

static const struct codec *ours[CODEC_NIDS];
static struct sdpx_local local;

static int setup(void **state)
{
	for (size_t i = 0; i < CODEC_NIDS; ++i)
		ours[i] = codec_at(i);
	local = (struct sdpx_local){
		.codecs = ours,
		.ncodecs = CODEC_NIDS,
		.dtmf = true,
		.dir = SDPX_SENDRECV,
		.rtcp_mux = true,
		.addr = "198.51.100.5",
		.port = 20000,
	};

	return 0;
}

static enum sdpx_result answer(const char *offer, struct sdpx_session *sess,
			       char **textp)
{
	struct sdpx_desc *desc = NULL;
	struct sdpx_origin origin;
	enum sdpx_result res;

	sdpx_origin_init(&origin, 7);
	res = sdpx_parse(&desc, offer, strlen(offer));
	if (res == SDPX_OK)
		res = sdpx_answer(desc, &local, &origin, sess, textp);
	obj_unref(desc);

	return res;
}

/* The first line of `text` that begins so, cut at its end; or NULL */
static char *line_of(const char *text, const char *start)
{
	const char *at = strstr(text, start);

	return at ? g_strndup(at, strcspn(at, "\r")) : NULL;
}

static void assert_line(const char *text, const char *start, const char *want)
{
	char *line = line_of(text, start);

	if (want)
		assert_string_equal(line, want);
	else
		assert_null(line);
	g_free(line);
}

/* An offer's media part, what comes of it, and the answer's m= line */
static const struct choice {
	const char *media;
	enum sdpx_result res;
	enum codec_id id;
	int pt, dtmf_pt;
	unsigned dtmf_clock, ptime;
	const char *mline;
} choices[] = {
	/* static types without rtpmap; the offerer's order */
	{"m=audio 4000 RTP/AVP 0 8\r\n", SDPX_OK, CODEC_PCMU, 0, -1, 0, 20,
	 "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 8 0\r\n", SDPX_OK, CODEC_PCMA, 8, -1, 0, 20,
	 "m=audio 20000 RTP/AVP 8"},
	{"m=audio 4000 RTP/AVP 9 8 0\r\n", SDPX_OK, CODEC_G722, 9, -1, 0, 20,
	 "m=audio 20000 RTP/AVP 9"},
	{"m=audio 4000 RTP/AVP 3 18 4 0\r\n", SDPX_OK, CODEC_PCMU, 0, -1, 0, 20,
	 "m=audio 20000 RTP/AVP 0"},
	/* a dynamic type may carry a static codec, and 0 something else */
	{"m=audio 4000 RTP/AVP 97 8\r\na=rtpmap:97 pcmu/8000\r\n", SDPX_OK,
	 CODEC_PCMU, 97, -1, 0, 20, "m=audio 20000 RTP/AVP 97"},
	{"m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 GSM/8000\r\n", SDPX_OK,
	 CODEC_PCMA, 8, -1, 0, 20, "m=audio 20000 RTP/AVP 8"},
	{"m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU\r\n", SDPX_OK, CODEC_PCMA,
	 8, -1, 0, 20, "m=audio 20000 RTP/AVP 8"},
	/* AVPF is answered as AVPF */
	{"m=audio 4000 RTP/AVPF 8\r\n", SDPX_OK, CODEC_PCMA, 8, -1, 0, 20,
	 "m=audio 20000 RTP/AVPF 8"},
	/* telephone-event: the codec's clock, else 8000 */
	{"m=audio 4000 RTP/AVP 0 101\r\n" TE8, SDPX_OK, CODEC_PCMU, 0, 101,
	 8000, 20, "m=audio 20000 RTP/AVP 0 101"},
	{"m=audio 4000 RTP/AVP 96 101 102\r\n" OPUS TE8
	 "a=rtpmap:102 telephone-event/48000\r\n",
	 SDPX_OK, CODEC_OPUS, 96, 102, 48000, 20,
	 "m=audio 20000 RTP/AVP 96 102"},
	{"m=audio 4000 RTP/AVP 96 101\r\n" OPUS TE8, SDPX_OK, CODEC_OPUS, 96,
	 101, 8000, 20, "m=audio 20000 RTP/AVP 96 101"},
	{"m=audio 4000 RTP/AVP 8 102\r\n"
	 "a=rtpmap:102 telephone-event/48000\r\n",
	 SDPX_OK, CODEC_PCMA, 8, -1, 0, 20, "m=audio 20000 RTP/AVP 8"},
	{"m=audio 4000 RTP/AVP 9 101\r\n" TE8, SDPX_OK, CODEC_G722, 9, 101,
	 8000, 20, "m=audio 20000 RTP/AVP 9 101"},
	{"m=audio 4000 RTP/AVP 101 0\r\n" TE8, SDPX_OK, CODEC_PCMU, 0, 101,
	 8000, 20, "m=audio 20000 RTP/AVP 0 101"},
	{"m=audio 4000 RTP/AVP 0 101\r\n" TE8 "a=fmtp:101 16\r\n", SDPX_OK,
	 CODEC_PCMU, 0, -1, 0, 20, "m=audio 20000 RTP/AVP 0"},
	/* packet time */
	{"m=audio 4000 RTP/AVP 0\r\na=ptime:30\r\n", SDPX_OK, CODEC_PCMU, 0, -1,
	 0, 30, "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 0\r\na=ptime:35\r\n", SDPX_OK, CODEC_PCMU, 0, -1,
	 0, 30, "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 0\r\na=ptime:200\r\n", SDPX_OK, CODEC_PCMU, 0,
	 -1, 0, 60, "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 0\r\na=ptime:3\r\n", SDPX_OK, CODEC_PCMU, 0, -1,
	 0, 10, "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 0\r\na=maxptime:10\r\n", SDPX_OK, CODEC_PCMU, 0,
	 -1, 0, 10, "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 0\r\na=ptime:60\r\na=maxptime:40\r\n", SDPX_OK,
	 CODEC_PCMU, 0, -1, 0, 40, "m=audio 20000 RTP/AVP 0"},
	{"m=audio 4000 RTP/AVP 96\r\n" OPUS "a=ptime:50\r\n", SDPX_OK,
	 CODEC_OPUS, 96, -1, 0, 40, "m=audio 20000 RTP/AVP 96"},
	/* what cannot be had */
	{"", SDPX_NO_AUDIO, 0, 0, 0, 0, 0, NULL},
	{"m=video 4000 RTP/AVP 96\r\n", SDPX_NO_AUDIO, 0, 0, 0, 0, 0, NULL},
	{"m=audio 0 RTP/AVP 0\r\n", SDPX_NO_AUDIO, 0, 0, 0, 0, 0, NULL},
	{"m=image 4000 udptl t38\r\n", SDPX_NO_AUDIO, 0, 0, 0, 0, 0, NULL},
	{"m=audio 4000 RTP/SAVP 0\r\n", SDPX_NO_TRANSPORT, 0, 0, 0, 0, 0, NULL},
	{"m=audio 4000 RTP/SAVPF 0\r\n", SDPX_NO_TRANSPORT, 0, 0, 0, 0, 0,
	 NULL},
	{"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n", SDPX_NO_TRANSPORT, 0, 0, 0, 0,
	 0, NULL},
	{"m=audio 4000 RTP/AVP 18 3\r\n", SDPX_NO_CODEC, 0, 0, 0, 0, 0, NULL},
	{"m=audio 4000 RTP/AVP 96\r\n", SDPX_NO_CODEC, 0, 0, 0, 0, 0, NULL},
	{"m=audio 4000 RTP/AVP 101\r\n" TE8, SDPX_NO_CODEC, 0, 0, 0, 0, 0,
	 NULL},
	{"m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000\r\n", SDPX_NO_CODEC,
	 0, 0, 0, 0, 0, NULL},
	{"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.1.1.1/5\r\n", SDPX_NO_ADDRESS,
	 0, 0, 0, 0, 0, NULL},
	{"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 phone.example\r\n",
	 SDPX_NO_ADDRESS, 0, 0, 0, 0, 0, NULL},
	/* of several lines the one that came furthest tells why */
	{"m=audio 4000 RTP/SAVP 0\r\nm=audio 4000 RTP/AVP 18\r\n"
	 "m=video 5 RTP/AVP 99\r\n",
	 SDPX_NO_CODEC, 0, 0, 0, 0, 0, NULL},
	/* media before a session is malformed */
	{"m=audio RTP/AVP 0\r\n", SDPX_MALFORMED, 0, 0, 0, 0, 0, NULL},
};

static void test_choices(void **state)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); ++i) {
		const struct choice *want = &choices[i];
		char *offer = g_strconcat(HEAD, want->media, NULL);
		struct sdpx_session sess;
		char *text = NULL;

		assert_int_equal(answer(offer, &sess, &text), want->res);
		g_free(offer);
		if (want->res != SDPX_OK) {
			assert_null(text);
			continue;
		}
		assert_int_equal(sess.codec->id, want->id);
		assert_int_equal(sess.pt, want->pt);
		assert_int_equal(sess.dtmf_pt, want->dtmf_pt);
		assert_int_equal(sess.dtmf_clock, want->dtmf_clock);
		assert_int_equal(sess.ptime_ms, want->ptime);
		assert_line(text, "m=audio", want->mline);
		g_free(text);
	}
}

static void test_result_codes(void **state)
{
	assert_int_equal(sdpx_result_sip_code(SDPX_OK), 0);
	assert_int_equal(sdpx_result_sip_code(SDPX_MALFORMED), 400);
	assert_int_equal(sdpx_result_sip_code(SDPX_NO_AUDIO), 488);
	assert_int_equal(sdpx_result_sip_code(SDPX_NO_TRANSPORT), 488);
	assert_int_equal(sdpx_result_sip_code(SDPX_NO_ADDRESS), 488);
	assert_int_equal(sdpx_result_sip_code(SDPX_NO_CODEC), 488);
	for (int i = 0; i < SDPX_NRESULTS; ++i)
		assert_string_not_equal(sdpx_result_text((enum sdpx_result)i),
					"?");
}

static void test_whole_answer(void **state)
{
	struct sdpx_session sess;
	char *text = NULL;

	assert_int_equal(
		answer(HEAD "m=audio 4000 RTP/AVP 96 0 101\r\n" OPUS TE8
			    "a=fmtp:96 maxplaybackrate=16000;useinbandfec=1\r\n"
			    "a=fmtp:101 0-11,16,32-36\r\na=rtcp-mux\r\n",
		       &sess, &text),
		SDPX_OK);
	assert_string_equal(text,
			    "v=0\r\n"
			    "o=bifrons 7 7 IN IP4 198.51.100.5\r\n"
			    "s=-\r\n"
			    "c=IN IP4 198.51.100.5\r\n"
			    "t=0 0\r\n"
			    "m=audio 20000 RTP/AVP 96 101\r\n"
			    "a=rtpmap:96 opus/48000/2\r\n"
			    "a=fmtp:96 minptime=10;stereo=0;useinbandfec=1\r\n"
			    "a=rtpmap:101 telephone-event/8000\r\n"
			    "a=fmtp:101 0-11,16\r\n"
			    "a=ptime:20\r\n"
			    "a=sendrecv\r\n"
			    "a=rtcp-mux\r\n");
	assert_int_equal(sess.fmtp.maxplaybackrate, 16000);
	assert_true(sess.fmtp.useinbandfec);
	assert_true(sess.rtcp_mux);
	assert_int_equal(sess.dtmf_events, 0x10fff);
	g_free(text);
}

static void test_other_lines_are_refused_in_place(void **state)
{
	struct sdpx_session sess;
	char *text = NULL;
	const char *from;

	assert_int_equal(answer(HEAD
				"m=video 5000 RTP/AVP 97 98\r\n"
				"m=audio 5002 RTP/SAVP 0\r\n"
				"m=audio 5004 RTP/AVP 18\r\n"
				"m=audio 5006 RTP/AVP 8\r\n"
				"m=audio 5008 RTP/AVP 0\r\n"
				"m=application 9 UDP/DTLS/SCTP webrtc-data\r\n",
				&sess, &text),
			 SDPX_OK);
	assert_int_equal(sess.mline, 3);
	from = strstr(text, "m=");
	assert_non_null(from);
	assert_string_equal(from,
			    "m=video 0 RTP/AVP 97 98\r\n"
			    "m=audio 0 RTP/SAVP 0\r\n"
			    "m=audio 0 RTP/AVP 18\r\n"
			    "m=audio 20000 RTP/AVP 8\r\n"
			    "a=rtpmap:8 PCMA/8000\r\n"
			    "a=ptime:20\r\n"
			    "a=sendrecv\r\n"
			    "m=audio 0 RTP/AVP 0\r\n"
			    "m=application 0 UDP/DTLS/SCTP webrtc-data\r\n");
	g_free(text);
}

static void test_directions(void **state)
{
	static const struct {
		const char *attrs;
		enum sdpx_dir ours;
		const char *want;
		bool send, recv, held;
	} cases[] = {
		{"", 3, "a=sendrecv", true, true, false},
		{"a=sendrecv\r\n", 3, "a=sendrecv", true, true, false},
		{"a=sendonly\r\n", 3, "a=recvonly", false, true, true},
		{"a=recvonly\r\n", 3, "a=sendonly", true, false, false},
		{"a=inactive\r\n", 3, "a=inactive", false, false, true},
		{"c=IN IP4 0.0.0.0\r\n", 3, "a=recvonly", false, true, true},
		{"c=IN IP4 0.0.0.0\r\na=inactive\r\n", 3, "a=inactive", false,
		 false, true},
		{"c=IN IP4 0.0.0.0\r\na=recvonly\r\n", 3, "a=inactive", false,
		 false, true},
		{"a=sendrecv\r\n", SDPX_SENDONLY, "a=sendonly", true, false,
		 false},
		{"a=sendonly\r\n", SDPX_SENDONLY, "a=inactive", false, false,
		 true},
		{"a=sendrecv\r\n", SDPX_INACTIVE, "a=inactive", false, false,
		 false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char *offer = g_strconcat(HEAD "m=audio 4000 RTP/AVP 0\r\n",
					  cases[i].attrs, NULL);
		struct sdpx_session sess;
		char *text = NULL;

		local.dir = cases[i].ours;
		assert_int_equal(answer(offer, &sess, &text), SDPX_OK);
		assert_line(text, cases[i].want, cases[i].want);
		assert_int_equal(sess.send, cases[i].send);
		assert_int_equal(sess.recv, cases[i].recv);
		assert_int_equal(sess.held, cases[i].held);
		g_free(text);
		g_free(offer);
	}
}

static void test_session_direction(void **state)
{
	struct sdpx_session sess;
	char *text = NULL;

	assert_int_equal(answer("v=0\no=- 1 1 IN IP4 1.2.3.4\nc=IN IP4 "
				"1.2.3.4\na=inactive\n"
				"m=audio 4000 RTP/AVP 0\n",
				&sess, &text),
			 SDPX_OK);
	assert_int_equal(sess.dir, SDPX_INACTIVE);
	g_free(text);
}

static void check_addr(const struct sockaddr_storage *ss, const char *want,
		       uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint16_t got = 0;

	if (ss->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)ss;

		(void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		got = ntohs(in->sin_port);
	} else if (ss->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)ss;

		(void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		got = ntohs(in6->sin6_port);
	}
	assert_string_equal(text, want);
	assert_int_equal(got, port);
}

static void test_remote_addresses(void **state)
{
	static const struct {
		const char *media, *rtp;
		uint16_t rtp_port;
		const char *rtcp;
		uint16_t rtcp_port;
	} cases[] = {
		{"m=audio 4000 RTP/AVP 0\r\n", "192.0.2.1", 4000, "192.0.2.1",
		 4001},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:4005\r\n", "192.0.2.1", 4000,
		 "192.0.2.1", 4005},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:6 IN IP4 192.0.2.2\r\n",
		 "192.0.2.1", 4000, "192.0.2.2", 6},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:6 IN IP4 224.0.0.1\r\n",
		 "192.0.2.1", 4000, "192.0.2.1", 6},
		{"m=audio 4000 RTP/AVP 0\r\na=rtcp:4005\r\na=rtcp-mux\r\n",
		 "192.0.2.1", 4000, "192.0.2.1", 4000},
		{"m=audio 65535 RTP/AVP 0\r\n", "192.0.2.1", 65535, "", 0},
		{"m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::5\r\n",
		 "2001:db8::5", 4000, "2001:db8::5", 4001},
		{"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", "", 0, "",
		 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char *offer = g_strconcat(HEAD, cases[i].media, NULL);
		struct sdpx_session sess;
		char *text = NULL;

		assert_int_equal(answer(offer, &sess, &text), SDPX_OK);
		check_addr(&sess.rtp, cases[i].rtp, cases[i].rtp_port);
		check_addr(&sess.rtcp, cases[i].rtcp, cases[i].rtcp_port);
		g_free(text);
		g_free(offer);
	}
}

static void test_no_connection_line(void **state)
{
	struct sdpx_session sess;
	char *text = NULL;

	assert_int_equal(answer("v=0\no=- 1 1 IN IP4 1.2.3.4\n"
				"m=audio 4000 RTP/AVP 0\n",
				&sess, &text),
			 SDPX_NO_ADDRESS);
	assert_null(text);
}

static void test_our_side(void **state)
{
	static const char *const offer =
		HEAD "m=audio 4000 RTP/AVP 9 0 101\r\n" TE8 "a=rtcp-mux\r\n";
	const struct codec *const pcmu[] = {codec_by_id(CODEC_PCMU)};
	struct sdpx_session sess;
	char *text = NULL;

	local.addr = "2001:db8::9";
	local.rtcp_port = 30000;
	local.rtcp_mux = false;
	local.dtmf = false;
	local.codecs = pcmu;
	local.ncodecs = 1;
	assert_int_equal(answer(offer, &sess, &text), SDPX_OK);
	assert_line(text, "o=", "o=bifrons 7 7 IN IP6 2001:db8::9");
	assert_line(text, "c=", "c=IN IP6 2001:db8::9");
	assert_line(text, "m=", "m=audio 20000 RTP/AVP 0");
	assert_line(text, "a=rtcp", "a=rtcp:30000");
	assert_false(sess.rtcp_mux);
	assert_int_equal(sess.dtmf_pt, -1);
	g_free(text);
	text = NULL;

	/* an address with a line end does not get out */
	local.addr = "1.2.3.4\r\na=x";
	assert_int_equal(answer(offer, &sess, &text), SDPX_NO_ADDRESS);
	local.addr = NULL;
	assert_int_equal(answer(offer, &sess, &text), SDPX_NO_ADDRESS);
	assert_null(text);
}

static void test_reoffer(void **state)
{
	static const char *const first =
		HEAD "m=audio 4000 RTP/AVP 8 0 101\r\n" TE8;
	static const char *const second =
		HEAD "m=audio 4000 RTP/AVP 0 8 101\r\n" TE8 "a=sendonly\r\n";
	static const char *const third = HEAD "m=audio 4000 RTP/AVP 0\r\n";
	struct sdpx_desc *desc = NULL;
	struct sdpx_session one, two, three;
	struct sdpx_origin origin;
	char *text = NULL;

	sdpx_origin_init(&origin, UINT64_MAX);
	assert_int_equal(origin.id, UINT64_MAX >> 2);
	sdpx_origin_init(&origin, 50);

	assert_int_equal(sdpx_parse(&desc, first, strlen(first)), SDPX_OK);
	assert_int_equal(sdpx_answer(desc, &local, &origin, &one, &text),
			 SDPX_OK);
	assert_line(text, "o=", "o=bifrons 50 50 IN IP4 198.51.100.5");
	assert_int_equal(one.pt, 8);
	g_free(text);
	obj_unref(desc);

	/* the agreed codec stays although they turned the order */
	local.prev = &one;
	assert_int_equal(sdpx_parse(&desc, second, strlen(second)), SDPX_OK);
	assert_int_equal(sdpx_answer(desc, &local, &origin, &two, &text),
			 SDPX_OK);
	assert_line(text, "o=", "o=bifrons 50 51 IN IP4 198.51.100.5");
	assert_int_equal(two.pt, 8);
	assert_int_equal(two.dtmf_pt, 101);
	assert_true(two.held);
	g_free(text);
	obj_unref(desc);

	local.prev = &two;
	assert_int_equal(sdpx_parse(&desc, third, strlen(third)), SDPX_OK);
	assert_int_equal(sdpx_answer(desc, &local, &origin, &three, &text),
			 SDPX_OK);
	assert_line(text, "o=", "o=bifrons 50 52 IN IP4 198.51.100.5");
	assert_int_equal(three.pt, 0);
	assert_false(three.held);
	g_free(text);
	obj_unref(desc);
}

static void test_event_lists(void **state)
{
	static const struct {
		const char *fmtp;
		uint32_t bits;
	} cases[] = {
		{"0-15", 0xffff},
		{"0-16", 0x1ffff},
		{"0-11", 0xfff},
		{"0,1,2", 0x7},
		{"0-9,11", 0xbff},
		{"5-3", 0},
		{"0-99999999999", 0x1ffff},
		{"99999999999999-3", 0},
		{"x", 0},
		{"0-,1", 0x2},
		{",,3,,", 0x8},
		{"1-2-3", 0x6},
		{"0-15,66,70", 0xffff},
		{" ", 0xffff},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char *offer = g_strconcat(
			HEAD "m=audio 4000 RTP/AVP 0 101\r\n" TE8 "a=fmtp:101 ",
			cases[i].fmtp, "\r\n", NULL);
		struct sdpx_session sess;
		char *text = NULL;

		assert_int_equal(answer(offer, &sess, &text), SDPX_OK);
		assert_int_equal(sess.dtmf_events, cases[i].bits);
		assert_int_equal(sess.dtmf_pt, cases[i].bits ? 101 : -1);
		g_free(text);
		g_free(offer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_choices, setup),
		cmocka_unit_test(test_result_codes),
		cmocka_unit_test_setup(test_whole_answer, setup),
		cmocka_unit_test_setup(test_other_lines_are_refused_in_place,
				       setup),
		cmocka_unit_test_setup(test_directions, setup),
		cmocka_unit_test_setup(test_session_direction, setup),
		cmocka_unit_test_setup(test_remote_addresses, setup),
		cmocka_unit_test_setup(test_no_connection_line, setup),
		cmocka_unit_test_setup(test_our_side, setup),
		cmocka_unit_test_setup(test_reoffer, setup),
		cmocka_unit_test_setup(test_event_lists, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
