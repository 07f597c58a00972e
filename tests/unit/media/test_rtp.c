/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "media/rtp.h"

static const uint8_t plain[] = {0x80, 0x88, 0x12, 0x34, 0x01, 0x02, 0x03,
				0x04, 0xde, 0xad, 0xbe, 0xef, 0xaa, 0xbb};

/* Read an exact copy, so that the address sanitizer sees every byte too many
 */
static int parse(struct rtp_packet *pkt, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, data, len);
	err = rtp_parse(pkt, copy, len);
	if (!err) {
		assert_true(pkt->header_len + pkt->len <= len);
		assert_ptr_equal(pkt->payload, copy + pkt->header_len);
	}
	free(copy);

	return err;
}

static void test_plain(void **state)
{
	struct rtp_packet pkt;

	assert_int_equal(parse(&pkt, plain, sizeof(plain)), 0);
	assert_true(pkt.marker);
	assert_int_equal(pkt.pt, 8);
	assert_int_equal(pkt.seq, 0x1234);
	assert_int_equal(pkt.ts, 0x01020304);
	assert_int_equal(pkt.ssrc, 0xdeadbeef);
	assert_int_equal(pkt.header_len, 12);
	assert_int_equal(pkt.len, 2);
	assert_null(pkt.ext);

	/* a header alone is a packet */
	assert_int_equal(parse(&pkt, plain, 12), 0);
	assert_int_equal(pkt.len, 0);
}

static void test_all_at_once(void **state)
{
	uint8_t data[12 + 8 + 4 + 4 + 3 + 2] = {
		0xb2, 0x00, 0, 1, 0,   0,   0,   2, 0,
		0,    0,    3, /* P X CC=2 */
		9,    9,    9, 9, 8,   8,   8,   8, 0xbe,
		0xde, 0,    1, /* one word */
		1,    2,    3, 4, 0xa, 0xb, 0xc, 0, 2};
	struct rtp_packet pkt;

	assert_int_equal(rtp_parse(&pkt, data, sizeof(data)), 0);
	assert_int_equal(pkt.header_len, 28);
	assert_int_equal(pkt.len, 3);
	assert_int_equal(pkt.payload[0], 0xa);
	assert_int_equal(pkt.ext_profile, 0xbede);
	assert_int_equal(pkt.ext_len, 4);
	assert_int_equal(pkt.ext[0], 1);
	assert_false(pkt.marker);

	/* each byte less is broken or another padding, never read beyond */
	for (size_t len = 0; len < sizeof(data); ++len) {
		if (len < 28)
			assert_int_equal(parse(&pkt, data, len), EBADMSG);
		else
			(void)parse(&pkt, data, len);
	}
}

static void test_hostile(void **state)
{
	struct rtp_packet pkt;
	uint8_t data[RTP_PACKET_MAX + 1] = {0x80};

	assert_int_equal(parse(&pkt, data, 0), EBADMSG);
	assert_int_equal(parse(&pkt, data, 11), EBADMSG);
	assert_int_equal(parse(&pkt, data, RTP_PACKET_MAX), 0);
	assert_int_equal(parse(&pkt, data, RTP_PACKET_MAX + 1), EBADMSG);

	for (unsigned v = 0; v < 4; ++v) { /* version */
		data[0] = (uint8_t)(v << 6);
		assert_int_equal(parse(&pkt, data, 20), v == 2 ? 0 : EBADMSG);
	}

	data[0] = 0x8f; /* 15 CSRCs */
	assert_int_equal(parse(&pkt, data, 71), EBADMSG);
	assert_int_equal(parse(&pkt, data, 72), 0);

	data[0] = 0x90; /* extension of 65535 words */
	data[14] = data[15] = 0xff;
	assert_int_equal(parse(&pkt, data, RTP_PACKET_MAX), EBADMSG);
	assert_int_equal(parse(&pkt, data, 15), EBADMSG);
	data[14] = 0;
	data[15] = 1;
	assert_int_equal(parse(&pkt, data, 19), EBADMSG);
	assert_int_equal(parse(&pkt, data, 20), 0);

	data[0] = 0xa0; /* padding */
	data[19] = 0;
	assert_int_equal(parse(&pkt, data, 20), EBADMSG);
	data[19] = 9;
	assert_int_equal(parse(&pkt, data, 20), EBADMSG);
	data[19] = 8;
	assert_int_equal(parse(&pkt, data, 20), 0);
	assert_int_equal(pkt.len, 0);
	assert_int_equal(parse(&pkt, data, 12), EBADMSG);
}

static void test_write_and_rewrite(void **state)
{
	const struct rtp_packet in = {
		.marker = true,
		.pt = 127,
		.seq = 65535,
		.ts = UINT32_MAX,
		.ssrc = 0x80000001,
	};
	uint8_t buf[13] = {0};
	struct rtp_packet out;

	rtp_write(buf, &in);
	assert_int_equal(rtp_parse(&out, buf, sizeof(buf)), 0);
	assert_true(out.marker);
	assert_int_equal(out.pt, 127);
	assert_int_equal(out.seq, 65535);
	assert_int_equal(out.ts, UINT32_MAX);
	assert_int_equal(out.ssrc, 0x80000001);
	assert_int_equal(out.len, 1);

	rtp_rewrite(buf, 0, 1, 2, 3);
	assert_int_equal(rtp_parse(&out, buf, sizeof(buf)), 0);
	assert_true(out.marker); /* stays */
	assert_int_equal(out.pt, 0);
	assert_int_equal(out.seq, 1);
	assert_int_equal(out.ts, 2);
	assert_int_equal(out.ssrc, 3);
}

static void test_rtcp_among_rtp(void **state)
{
	uint8_t data[8] = {0x80, 200};

	assert_true(rtp_is_rtcp(data, 8));
	assert_false(rtp_is_rtcp(data, 7));
	data[1] = 207;
	assert_true(rtp_is_rtcp(data, 8));
	data[1] = 0x80 | 8; /* PCMA with marker */
	assert_false(rtp_is_rtcp(data, 8));
	data[1] = 0x80 | 111;
	assert_false(rtp_is_rtcp(data, 8));
	data[0] = 0x16; /* DTLS */
	data[1] = 200;
	assert_false(rtp_is_rtcp(data, 8));
}

static void test_distances(void **state)
{
	assert_int_equal(rtp_seq_diff(65535, 0), 1);
	assert_int_equal(rtp_seq_diff(0, 65535), -1);
	assert_int_equal(rtp_ts_diff(UINT32_MAX, 159), 160);
	assert_int_equal(rtp_ts_diff(159, UINT32_MAX), -160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_write_and_rewrite),
		cmocka_unit_test(test_rtcp_among_rtp),
		cmocka_unit_test(test_distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
