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
#define AUDIO "m=audio 4000 RTP/AVP 8 0\r\n"

static struct sdpx_desc *parse(const char *text)
{
	struct sdpx_desc *desc = NULL;

	if (sdpx_parse(&desc, text, strlen(text)) != SDPX_OK)
		assert_null(desc);

	return desc;
}

static bool is_sdp(const char *text)
{
	struct sdpx_desc *desc = parse(text);

	obj_unref(desc);

	return desc != NULL;
}

static void test_whole(void **state)
{
	struct sdpx_desc *desc = parse(
		"v=0\r\n"
		"o=alice 2890844526 2890842807 IN IP4 host.example.com\r\n"
		"s=A call\r\n"
		"i=with everything\r\n"
		"u=http://example.com/\r\n"
		"e=alice@example.com\r\n"
		"p=+45 12 34 56 78\r\n"
		"c=IN IP4 192.0.2.9\r\n"
		"b=AS:64\r\n"
		"t=0 0\r\n"
		"r=7d 1h 0 25h\r\n"
		"k=prompt\r\n"
		"a=sendonly\r\n"
		"a=group:BUNDLE 0 1\r\n"
		"m=audio 49170/2 RTP/AVP 0 96 101\r\n"
		"i=the voice\r\n"
		"c=IN IP4 192.0.2.10\r\n"
		"b=RS:0\r\n"
		"a=rtpmap:96 opus/48000/2\r\n"
		"a=fmtp:96 useinbandfec=1; stereo=0\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-16\r\n"
		"a=ptime:30\r\n"
		"a=maxptime:60\r\n"
		"a=rtcp:53020\r\n"
		"a=rtcp-mux\r\n"
		"a=ssrc:1234 cname:x\r\n"
		"a=mid:0\r\n"
		"a=recvonly\r\n"
		"m=video 0 RTP/SAVPF 97\r\n"
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n");
	const struct sdpx_media *m;

	assert_non_null(desc);
	assert_int_equal(desc->sess_id, 2890844526);
	assert_int_equal(desc->sess_version, 2890842807);
	assert_int_equal(desc->nmedia, 3);

	m = &desc->media[0];
	assert_string_equal(m->type, "audio");
	assert_string_equal(m->proto, "RTP/AVP");
	assert_int_equal(m->port, 49170);
	assert_int_equal(m->nfmts, 3);
	assert_int_equal(m->fmts[0].pt, 0);
	assert_null(m->fmts[0].encoding);
	assert_string_equal(m->fmts[1].encoding, "opus");
	assert_int_equal(m->fmts[1].clock, 48000);
	assert_int_equal(m->fmts[1].channels, 2);
	assert_string_equal(m->fmts[1].fmtp, "useinbandfec=1; stereo=0");
	assert_string_equal(m->fmts[2].fmtp, "0-16");
	assert_int_equal(m->conn.addr[3], 10);
	assert_int_equal(m->ptime, 30);
	assert_int_equal(m->maxptime, 60);
	assert_int_equal(m->rtcp_port, 53020);
	assert_int_equal(m->rtcp.kind, SDPX_ADDR_NONE);
	assert_true(m->rtcp_mux);
	assert_int_equal(m->dir, SDPX_RECVONLY);

	m = &desc->media[1];
	assert_int_equal(m->port, 0);
	assert_int_equal(m->dir, SDPX_SENDONLY); /* the session's */
	assert_int_equal(m->conn.addr[3], 9);
	assert_false(m->rtcp_mux);
	m = &desc->media[2];
	assert_string_equal(m->fmts[0].fmt, "webrtc-datachannel");
	assert_int_equal(m->fmts[0].pt, -1);
	obj_unref(desc);
}

static void test_accepted(void **state)
{
	static const char *const texts[] = {
		HEAD AUDIO,
		/* LF alone, mixed ends, no end */
		"v=0\no=- 1 1 IN IP4 1.2.3.4\ns=-\nm=audio 1 RTP/AVP 0\n",
		"v=0\r\no=- 1 1 IN IP4 1.2.3.4\ns=-\nm=audio 1 RTP/AVP 0",
		"v=0\no=- 1 1 IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0\r",
		/* no media at all, no s= and t= */
		"v=0\no=- 1 1 IN IP4 1.2.3.4",
		/* empty lines at the end */
		HEAD AUDIO "\r\n",
		HEAD AUDIO "\r\n\r\n\n",
		/* text in other bytes */
		"v=0\no=- 1 1 IN IP4 1.2.3.4\ns=\xe6\xf8\xe5 \xc3\xa6\ti\n",
		/* attributes that make no sense are unknown ones */
		HEAD AUDIO "a=\r\na=:\r\na=rtpmap\r\na=rtpmap:\r\n"
			   "a=rtpmap:x\r\na=fmtp:\r\na=ptime:\r\na=rtcp:\r\n"
			   "a=rtcp:0 IN\r\na=ptime:x\r\na=ptime:-20\r\n",
		/* huge numbers in o= */
		"v=0\no=- 99999999999999999999 18446744073709551615 IN IP4 x",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); ++i)
		assert_true(is_sdp(texts[i]));
}

static void test_malformed(void **state)
{
	static const char *const texts[] = {
		"",
		"\r\n",
		"v=0",
		"v=0\r\n",
		"v=1\r\no=- 1 1 IN IP4 1.2.3.4\r\n",
		"v=0 \r\no=- 1 1 IN IP4 1.2.3.4\r\n",
		" v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n",
		"o=- 1 1 IN IP4 1.2.3.4\r\nv=0\r\n",
		/* o= */
		"v=0\r\no=- 1 IN IP4 1.2.3.4\r\n",
		"v=0\r\no=- x 1 IN IP4 1.2.3.4\r\n",
		"v=0\r\no=- 1 -1 IN IP4 1.2.3.4\r\n",
		"v=0\r\no=- 1 1 IN IP4 1.2.3.4 more\r\n",
		"v=0\r\no=- 999999999999999999999 1 IN IP4 1.2.3.4\r\n",
		HEAD "o=- 1 1 IN IP4 1.2.3.4\r\n",
		"v=0\r\ns=-\r\n" AUDIO,
		HEAD "v=0\r\n",
		HEAD AUDIO "v=0\r\n",
		HEAD AUDIO "o=- 1 1 IN IP4 1.2.3.4\r\n",
		/* lines that are none */
		HEAD "hello\r\n",
		HEAD "A=b\r\n",
		HEAD "m\r\n",
		HEAD "=\r\n",
		HEAD "\r\n" AUDIO,
		HEAD AUDIO "\r\na=sendonly\r\n",
		/* control characters, CR alone */
		HEAD AUDIO "a=x\ry=z\r\n",
		HEAD AUDIO "a=x\x01\r\n",
		HEAD AUDIO "a=x\x7f\r\n",
		HEAD AUDIO "a=x\r\r\n",
		/* c= */
		HEAD "c=\r\n",
		HEAD "c=IN IP4\r\n",
		HEAD "c=IN IP4 1.2.3.4 5\r\n",
		/* m= */
		HEAD "m=\r\n",
		HEAD "m=audio\r\n",
		HEAD "m=audio 4000\r\n",
		HEAD "m=audio 4000 RTP/AVP\r\n",
		HEAD "m=audio 65536 RTP/AVP 0\r\n",
		HEAD "m=audio -1 RTP/AVP 0\r\n",
		HEAD "m=audio 4000/0 RTP/AVP 0\r\n",
		HEAD "m=audio 4000/ RTP/AVP 0\r\n",
		HEAD "m=audio 0x10 RTP/AVP 0\r\n",
		HEAD "m=audio 4000 RTP/AVP 128\r\n",
		HEAD "m=audio 4000 RTP/AVP PCMU\r\n",
		HEAD "m=audio 4000 RTP/AVP 0 -1\r\n",
		HEAD "m=aud<io 4000 RTP/AVP 0\r\n",
		HEAD "m=audio 4000 RTP\"AVP 0\r\n",
		HEAD "m=app 4000 x \xc3\xa6\r\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); ++i) {
		if (is_sdp(texts[i]))
			print_message("accepted: %s\n", texts[i]);
		assert_false(is_sdp(texts[i]));
	}
}

static void test_nul_and_no_text(void **state)
{
	static const char text[] = HEAD "a=x\0y\r\n" AUDIO;
	struct sdpx_desc *desc = NULL;

	assert_int_equal(sdpx_parse(&desc, text, sizeof(text) - 1),
			 SDPX_MALFORMED);
	assert_int_equal(sdpx_parse(&desc, NULL, 0), SDPX_MALFORMED);
	assert_int_equal(sdpx_parse(&desc, text, 0), SDPX_MALFORMED);
	assert_null(desc);
}

static bool is_sdp_of(const GString *text)
{
	return is_sdp(text->str);
}

static void test_limits(void **state)
{
	GString *text = g_string_new(HEAD);
	const gsize head = text->len;

	/* media lines */
	for (int i = 0; i < SDPX_MEDIA_MAX; ++i)
		g_string_append(text, AUDIO);
	assert_true(is_sdp_of(text));
	g_string_append(text, AUDIO);
	assert_false(is_sdp_of(text));

	/* formats of one; those mentioned twice count once */
	g_string_truncate(text, head);
	g_string_append(text, "m=audio 4000 RTP/AVP 1 1 1");
	for (int i = 0; i < SDPX_FMTS_MAX; ++i)
		g_string_append_printf(text, " %d", i);
	assert_true(is_sdp_of(text));
	g_string_append(text, " 64");
	assert_false(is_sdp_of(text));

	/* lines */
	g_string_truncate(text, head);
	for (int i = 5; i < SDPX_LINES_MAX; ++i)
		g_string_append(text, "a=x\n");
	assert_true(is_sdp_of(text));
	g_string_append(text, "a=x\n");
	assert_false(is_sdp_of(text));

	/* bytes */
	g_string_truncate(text, head);
	g_string_append(text, "a=");
	while (text->len < SDPX_SIZE_MAX)
		g_string_append_c(text, 'x');
	assert_true(is_sdp_of(text));
	g_string_append_c(text, 'x');
	assert_false(is_sdp_of(text));

	g_string_free(text, TRUE);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *conn;
		int kind, family;
	} cases[] = {
		{"IN IP4 192.0.2.1", SDPX_ADDR_OK, AF_INET},
		{"IN IP4 127.0.0.1", SDPX_ADDR_OK, AF_INET},
		{"in ip4 10.0.0.1/127", SDPX_ADDR_OK, AF_INET},
		{"IN IP4 0.0.0.0", SDPX_ADDR_ANY, AF_INET},
		{"IN IP4 0.1.2.3", SDPX_ADDR_OTHER, AF_INET},
		{"IN IP4 224.2.1.1/127/3", SDPX_ADDR_MULTICAST, AF_INET},
		{"IN IP4 239.255.255.255", SDPX_ADDR_MULTICAST, AF_INET},
		{"IN IP4 255.255.255.255", SDPX_ADDR_MULTICAST, AF_INET},
		{"IN IP4 host.example.com", SDPX_ADDR_OTHER, 0},
		{"IN IP4 1.2.3", SDPX_ADDR_OTHER, 0},
		{"IN IP4 2001:db8::1", SDPX_ADDR_OTHER, 0},
		{"IN IP6 2001:db8::1", SDPX_ADDR_OK, AF_INET6},
		{"IN IP6 ::1", SDPX_ADDR_OK, AF_INET6},
		{"IN IP6 ::", SDPX_ADDR_ANY, AF_INET6},
		{"IN IP6 ff15::101/3", SDPX_ADDR_MULTICAST, AF_INET6},
		{"IN IP6 ::ffff:10.0.0.1", SDPX_ADDR_OTHER, AF_INET6},
		{"IN IP6 1.2.3.4", SDPX_ADDR_OTHER, 0},
		{"ATM NSAP 47.0091", SDPX_ADDR_OTHER, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char *text =
			g_strdup_printf(HEAD AUDIO "c=%s\r\n", cases[i].conn);
		struct sdpx_desc *desc = parse(text);

		assert_non_null(desc);
		assert_int_equal(desc->media[0].conn.kind, cases[i].kind);
		if (cases[i].family)
			assert_int_equal(desc->media[0].conn.family,
					 cases[i].family);
		obj_unref(desc);
		g_free(text);
	}
}

static void test_rtpmap_forms(void **state)
{
	static const struct {
		const char *attr, *encoding;
		unsigned clock, channels;
	} cases[] = {
		{"rtpmap:8 PCMA/8000", "PCMA", 8000, 0},
		{"rtpmap:8 L16/44100/2", "L16", 44100, 2},
		{"rtpmap:8  PCMA/8000 ", "PCMA", 8000, 0},
		{"rtpmap:8 PCMA", "", 0, 0},
		{"rtpmap:8 PCMA/", "", 0, 0},
		{"rtpmap:8 PCMA/x", "", 0, 0},
		{"rtpmap:8 PCMA/0", "", 0, 0},
		{"rtpmap:8 PCMA/4294967296", "", 0, 0},
		{"rtpmap:8 PCMA/8000/x", "", 0, 0},
		{"rtpmap:8 ", "", 0, 0},
		{"rtpmap:9 PCMA/8000", NULL, 0, 0},
		{"rtpmap:300 PCMA/8000", NULL, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); ++i) {
		char *text =
			g_strdup_printf(HEAD AUDIO "a=%s\r\n", cases[i].attr);
		struct sdpx_desc *desc = parse(text);
		const struct sdpx_fmt *fmt = &desc->media[0].fmts[0];

		if (!cases[i].encoding)
			assert_null(fmt->encoding);
		else
			assert_string_equal(fmt->encoding, cases[i].encoding);
		assert_int_equal(fmt->clock, cases[i].clock);
		assert_int_equal(fmt->channels, cases[i].channels);
		obj_unref(desc);
		g_free(text);
	}
}

static void test_ptime_and_rtcp_forms(void **state)
{
	struct sdpx_desc *desc =
		parse(HEAD AUDIO "a=ptime:20.5\r\na=maxptime:0\r\n"
				 "a=rtcp:70000\r\n"
				 "m=audio 4002 RTP/AVP 0\r\n"
				 "a=ptime:1001\r\na=maxptime:99999999999\r\n"
				 "a=rtcp:5005 IN IP4 192.0.2.7\r\n");

	assert_non_null(desc);
	assert_int_equal(desc->media[0].ptime, 20);
	assert_int_equal(desc->media[0].maxptime, 0);
	assert_int_equal(desc->media[0].rtcp_port, 0);
	assert_int_equal(desc->media[1].ptime, 0);
	assert_int_equal(desc->media[1].maxptime, 0);
	assert_int_equal(desc->media[1].rtcp_port, 5005);
	assert_int_equal(desc->media[1].rtcp.kind, SDPX_ADDR_OK);
	assert_int_equal(desc->media[1].rtcp.addr[3], 7);
	obj_unref(desc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_nul_and_no_text),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_rtpmap_forms),
		cmocka_unit_test(test_ptime_and_rtcp_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
