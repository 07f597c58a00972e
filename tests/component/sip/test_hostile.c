/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Broken, absurd and malicious messages from an address that is trusted: the
 * stack answers or not, goes on, and keeps nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "support/sip_peer.h"
#include "support/sip_rig.h"

enum {
	MUTANTS = 3000
};

static int open_with(void **state, bool tcp)
{
	*state = srig_call_open(
		&(struct srig_params){.linger_ms = 500, .strangers_per_s = 5},
		tcp);

	return 0;
}

static int open_udp(void **state)
{
	return open_with(state, false);
}

static int open_tcp(void **state)
{
	return open_with(state, true);
}

static int close_all(void **state)
{
	srig_call_close(*state);

	return 0;
}

/* A fresh peer still gets its answer; what it sends may be lost in the crowd,
 * so it asks again */
static void alive(struct srig_call *c)
{
	struct speer peer;
	unsigned i;
	int code = 0;

	speer_open(&peer, "127.0.0.1", c->rig.port, c->peer.tcp);
	speer_request(&peer, "OPTIONS", "", NULL, "");
	for (i = 0; i < 20 && !code; ++i) {
		code = speer_response(&peer, 500);
		if (!code && !peer.tcp)
			speer_again(&peer);
	}
	assert_int_equal(code, 200);
	speer_close(&peer);
}

static void test_garbage(void **state)
{
	static const char *const rows[] = {
		"",
		"\r\n\r\n",
		"hello",
		"INVITE",
		"INVITE sip:x SIP/2.0",
		"INVITE sip:x SIP/2.0\r\n\r\n",
		"SIP/2.0 200 OK\r\n\r\n",
		"SIP/2.0 999999999999 OK\r\n\r\n",
		"INVITE \001\002\003 SIP/2.0\r\nVia: x\r\n\r\n",
		"INVITE sip:x HTTP/1.1\r\nVia: SIP/2.0/UDP x\r\n\r\n",
		"\x00\x01\x00\x00\x21\x12\xa4\x42",
		"\xff\xff\xff\xff",
	};
	struct srig_call *c = *state;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
		struct speer peer;

		speer_open(&peer, "127.0.0.1", c->rig.port, c->peer.tcp);
		speer_send_raw(&peer, rows[i], strlen(rows[i]));
		speer_close(&peer);
	}
	alive(c);
}

/* Each header taken away in turn */
static void test_missing_headers(void **state)
{
	static const char *const names[] = {"Via",  "From",    "To", "Call-ID",
					    "CSeq", "Contact", NULL};
	struct srig_call *c = *state;
	char text[SPEER_BUF_SIZE], *line, *next;
	size_t i;

	c->rig.act = SRIG_REJECT;
	for (i = 0; names[i]; ++i) {
		speer_new_call(&c->peer);
		c->peer.dry = true;
		speer_invite(&c->peer, "");
		memcpy(text, c->peer.sent, sizeof(text));
		for (line = text; line; line = next) {
			next = strstr(line, "\r\n");
			if (!next)
				break;
			next += 2;
			if (strncmp(line, names[i], strlen(names[i])) != 0)
				continue;
			memmove(line, next, strlen(next) + 1);
			break;
		}
		speer_send_raw(&c->peer, text, strlen(text));
		if (strcmp(names[i], "Via") != 0)
			assert_int_equal(
				speer_response(&c->peer, SPEER_WAIT_MS), 400);
	}
	alive(c);
}

static void test_huge(void **state)
{
	struct srig_call *c = *state;
	char *more = malloc(SPEER_BUF_SIZE);
	unsigned i, n = 0;

	/* 600 headers that are kept, or would be */
	for (i = 0; i < 600; ++i)
		n += (unsigned)snprintf(more + n, SPEER_BUF_SIZE - n,
					"X-H%u: %050u\r\n", i, i);
	c->rig.act = SRIG_REJECT;
	speer_invite(&c->peer, more);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 480);
	speer_ack(&c->peer);

	snprintf(more, SPEER_BUF_SIZE, "X-Long: %050000d\r\n", 1);
	speer_new_call(&c->peer);
	speer_invite(&c->peer, more);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 480);
	speer_ack(&c->peer);
	free(more);
	alive(c);
}

/* A body that never ends is cut off; the others go on */
static void test_endless_stream(void **state)
{
	static const char head[] =
		"INVITE sip:x@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n"
		"Content-Length: 2000000000\r\n\r\n";
	struct srig_call *c = *state;
	char block[4096];
	unsigned i;

	memset(block, 'x', sizeof(block));
	speer_send_raw(&c->peer, head, strlen(head));
	for (i = 0; i < 512; ++i)
		speer_send_raw(&c->peer, block, sizeof(block));
	alive(c);
}

/* Long fields are cut, not copied whole */
static void test_long_names(void **state)
{
	struct srig_call *c = *state;
	struct srig_leg *leg = &c->rig.legs[0];
	char name[3000];
	json_t *info;

	memset(name, 'n', sizeof(name));
	memcpy(name, "User-Agent: ", 12);
	memcpy(name + sizeof(name) - 3, "\r\n", 3);
	c->rig.act = SRIG_RING;
	snprintf(c->peer.from, sizeof(c->peer.from),
		 "\"%.*s\" <sip:%%0d%%0aVia@x>;tag=1", 60, name + 20);
	speer_invite(&c->peer, name);
	assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 180);
	assert_string_equal(leg->source, "??Via@x");
	info = srig_describe(leg);
	assert_in_range(strlen(json_str(info, "user_agent", "")), 100, 511);
	json_decref(info);

	/* a Call-ID that is a novel */
	speer_new_call(&c->peer);
	memset(name, 'c', sizeof(name));
	name[400] = '\0';
	{
		char text[SPEER_BUF_SIZE], *at;

		c->peer.dry = true;
		speer_invite(&c->peer, "");
		at = strstr(c->peer.sent, "Call-ID: ") + 9;
		snprintf(text, sizeof(text), "%.*s%s%s",
			 (int)(at - c->peer.sent), c->peer.sent, name, at);
		speer_send_raw(&c->peer, text, strlen(text));
		assert_int_equal(speer_response(&c->peer, SPEER_WAIT_MS), 400);
	}
}

/* ---- mutants ---- */

static uint32_t rnd(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;

	return *seed;
}

static size_t mutate(char *text, size_t len, size_t max, uint32_t *seed)
{
	static const char *const bits[] = {
		"\r\n",
		":",
		";",
		",",
		"<",
		">",
		"\"",
		"%",
		"@",
		"=",
		"\t",
		"\r\n ",
		"4294967296",
		"-1",
		"sip:",
		"tel:+",
		"[::",
		"*",
		"multipart/mixed;boundary=",
		"Content-Length: 5\r\n",
		"\xff",
	};
	const char *bit;
	unsigned n = 1 + rnd(seed) % 4;
	size_t at, cut, blen;

	while (n--) {
		at = rnd(seed) % len;
		switch (rnd(seed) % 5) {
		case 0:
			text[at] = (char)rnd(seed);
			break;
		case 1: /* leave some out */
			cut = rnd(seed) % 40;
			if (at + cut >= len || len - cut < 10)
				break;
			memmove(text + at, text + at + cut, len - at - cut);
			len -= cut;
			break;
		case 2: /* twice */
			cut = rnd(seed) % 200;
			if (at + cut > len || len + cut >= max)
				break;
			memmove(text + at + cut, text + at, len - at);
			len += cut;
			break;
		case 3:
			bit = bits[rnd(seed) % (sizeof(bits) / sizeof(*bits))];
			blen = strlen(bit);
			if (len + blen >= max)
				break;
			memmove(text + at + blen, text + at, len - at);
			memcpy(text + at, bit, blen);
			len += blen;
			break;
		default:
			if (rnd(seed) % 8 == 0)
				len = 10 + at % (len - 9);
			break;
		}
	}

	return len;
}

/* What the peer said last, made wrong a little, again and again: requests of
 * every kind, in dialogs and outside */
static void test_mutants(void **state)
{
	static const char *const methods[] = {"INVITE", "ACK",    "CANCEL",
					      "BYE",    "INFO",   "UPDATE",
					      "PRACK",  "OPTIONS"};
	static const char *const types[] = {"application/sdp",
					    "application/dtmf-relay",
					    "multipart/mixed;boundary=b"};
	static const char *const bodies[] = {
		("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"),
		"Signal=1\r\nDuration=100\r\n",
		"--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n",
	};
	struct srig_call *c = *state;
	const char *env = getenv("BIFRONS_SEED");
	uint32_t seed = env ? (uint32_t)strtoul(env, NULL, 10) : 20261123;
	char text[8192];
	unsigned i, which;
	size_t len;

	for (i = 0; i < MUTANTS; ++i) {
		c->rig.act = rnd(&seed) % 5;
		if (rnd(&seed) % 6 == 0)
			speer_new_call(&c->peer);
		which = rnd(&seed) % 3;
		speer_request(&c->peer, methods[rnd(&seed) % 8],
			      rnd(&seed) % 4 ? "" : "Supported: 100rel\r\n",
			      rnd(&seed) % 3 ? types[which] : NULL,
			      rnd(&seed) % 3 ? bodies[which] : "");
		len = strlen(c->peer.sent);
		memcpy(text, c->peer.sent, len);
		len = mutate(text, len, sizeof(text), &seed);
		speer_send_raw(&c->peer, text, len);
		while (speer_response(&c->peer, rnd(&seed) % 2 ? 0 : -1))
			;
	}
	alive(c);
}

#define UDP(test) cmocka_unit_test_setup_teardown(test, open_udp, close_all)
#define TCP(test) cmocka_unit_test_setup_teardown(test, open_tcp, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UDP(test_garbage),
		TCP(test_garbage),
		UDP(test_missing_headers),
		UDP(test_huge),
		TCP(test_huge),
		TCP(test_endless_stream),
		UDP(test_long_names),
		UDP(test_mutants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
