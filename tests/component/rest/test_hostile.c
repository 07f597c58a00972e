/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clients that are slow, huge, silent, or guess */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "support/rest_rig.h"

#define POST                                                                   \
	"POST /v1/flows HTTP/1.1\r\nHost: x\r\n" REST_BEARER(REST_KEY_ADMIN)   \
		REST_JSON

static void expect_once(struct rest_client *cli, int status, const char *code)
{
	struct rest_result res;

	rest_client_read(cli, &res, false);
	assert_int_equal(res.status, status);
	assert_string_equal(rest_result_str(&res, "code"), code);
	rest_result_clear(&res);
}

static void test_body_too_large_by_length(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;
	char *junk = g_strnfill(64 * 1024, 'a');
	unsigned i;

	rest_rig_init(&rig);
	rest_rig_start(&rig);

	/* before a byte of it was sent */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, POST "Content-Length: 1048577\r\n\r\n");
	expect_once(&cli, 413, "body_too_large");
	rest_client_close(&cli);

	/* to one who asks first */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, POST "Content-Length: 99999999999\r\n"
				   "Expect: 100-continue\r\n\r\n");
	expect_once(&cli, 413, "body_too_large");
	assert_true(rest_client_is_closed(&cli));
	rest_client_close(&cli);

	/* and to one who reads only after all is sent */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, POST "Content-Length: 1310720\r\n\r\n");
	for (i = 0; i < 20; ++i)
		assert_true(rest_client_send(&cli, junk, 64 * 1024));
	expect_once(&cli, 413, "body_too_large");
	assert_true(rest_client_is_closed(&cli));
	rest_client_close(&cli);

	assert_int_equal(rest_rig_seen(&rig), 0);
	g_free(junk);
	rest_rig_close(&rig);
}

static void test_body_too_large_in_chunks(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;
	char *junk = g_strnfill(64 * 1024, 'a');
	unsigned i;

	rest_rig_init(&rig);
	rest_rig_start(&rig);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, POST "Transfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 20; ++i)
		rest_client_say(&cli, "10000\r\n%s\r\n", junk);
	expect_once(&cli, 413, "body_too_large"); /* it never ended */
	rest_client_close(&cli);

	/* one who does not stop is thrown out */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, POST "Transfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 2000; ++i)
		if (!rest_client_say(&cli, "10000\r\n%s\r\n", junk))
			break;
	assert_true(i < 2000);
	rest_client_close(&cli);
	g_free(junk);
	rest_rig_close(&rig);
}

static void test_largest_body(void **state)
{
	struct rest_result res;
	struct rest_rig rig;
	const size_t max = 1 << 20;
	char *body = g_malloc(max + 1);

	memset(body, 'x', max);
	memcpy(body, "{\"name\":\"", 9);
	memcpy(body + max - 2, "\"}", 3);
	rest_rig_init(&rig);
	rest_rig_start(&rig);
	rest_rig_mode(&rig, REST_FAKE_THREAD, "{\"ok\":{}}");
	rest_rig_ask(&rig, &res, "POST", "/v1/flows",
		     REST_BEARER(REST_KEY_ADMIN) REST_JSON, body);
	assert_int_equal(res.status, 201);
	rest_result_clear(&res);
	g_free(body);
	rest_rig_close(&rig);
}

/* A refused body is read, and the connection goes on */
static void test_refused_body_keeps_alive(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;

	rest_rig_init(&rig);
	rest_rig_start(&rig);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, "POST /v1/none HTTP/1.1\r\nHost: x\r\n"
			      "Content-Length: 5\r\n\r\nhello"
			      "POST /v1/flows HTTP/1.1\r\nHost: x\r\n"
			      "Content-Length: 5\r\n\r\nhello"
			      "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_once(&cli, 404, "not_found");
	expect_once(&cli, 401, "unauthorized");
	expect_once(&cli, 200, "");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static void test_silent_are_closed(void **state)
{
	struct rest_client silent, half, idle;
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.connection_timeout_s = 2;
	rest_rig_start(&rig);
	rest_client_open(&silent, rig.port);
	rest_client_open(&half, rig.port);
	rest_client_say(&half, "GET /heal");
	rest_client_open(&idle, rig.port);
	rest_client_say(&idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_once(&idle, 200, "");
	assert_true(rest_client_is_closed(&silent));
	assert_true(rest_client_is_closed(&half));
	assert_true(rest_client_is_closed(&idle));
	rest_client_close(&silent);
	rest_client_close(&half);
	rest_client_close(&idle);
	rest_rig_close(&rig);
}

/* A byte now and then is not silence: what ends these is the request's end */
static void trickle(struct rest_rig *rig, const char *head, const char *drip)
{
	struct rest_client cli;
	unsigned i;

	rest_client_open(&cli, rig->port);
	rest_client_say(&cli, "%s", head);
	for (i = 0; i < 100; ++i) {
		if (!rest_client_say(&cli, "%s", drip))
			break;
		g_usleep(100 * 1000);
	}
	assert_true(i < 100);
	rest_client_close(&cli);
}

static void test_trickling_are_cut_off(void **state)
{
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.request_timeout_s = 1;
	rest_rig_start(&rig);
	trickle(&rig, "GET /healthz HTTP/1.1\r\nHost: x\r\n", "X: y\r\n");
	trickle(&rig, "GET /", "a");
	trickle(&rig, POST "Content-Length: 1000\r\n\r\n", " ");
	rest_rig_close(&rig);
}

static void test_slow_answer_is_not_cut_off(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.request_timeout_s = 2;
	rig.cfg.connection_timeout_s = 2;
	rest_rig_start(&rig);
	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, POST "Content-Length: 2\r\n\r\n{}");
	rest_rig_wait_held(&rig, 1);
	g_usleep(4500 * 1000);
	rest_rig_answer(&rig, 0, "{\"ok\":{}}");
	expect_once(&cli, 201, "");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static void test_guessing(void **state)
{
	struct rest_result res;
	struct rest_rig rig;
	unsigned i;
	char *retry;

	rest_rig_init(&rig);
	rig.cfg.auth_failures_per_min = 3;
	rest_rig_start(&rig);
	for (i = 0; i < 3; ++i) {
		rest_rig_ask(&rig, &res, "GET", "/v1/flows",
			     REST_BEARER("bfk_guess"), NULL);
		assert_int_equal(res.status, 401);
		rest_result_clear(&res);
	}
	rest_rig_ask(&rig, &res, "GET", "/v1/flows", REST_BEARER("bfk_guess"),
		     NULL);
	assert_int_equal(res.status, 429);
	assert_string_equal(rest_result_str(&res, "code"), "rate_limit");
	retry = rest_result_field(&res, "Retry-After");
	assert_in_range(strtol(retry, NULL, 10), 1, 20);
	g_free(retry);
	rest_result_clear(&res);

	/* who has a key is served, whoever else is at the address */
	rest_rig_ask(&rig, &res, "GET", "/v1/flows",
		     REST_BEARER(REST_KEY_ADMIN), NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
	rest_rig_close(&rig);
}

static void test_many_half_open(void **state)
{
	struct rest_client held[100];
	struct rest_result res;
	struct rest_rig rig;
	unsigned i;

	rest_rig_init(&rig);
	rest_rig_start(&rig);
	for (i = 0; i < G_N_ELEMENTS(held); ++i) {
		rest_client_open(&held[i], rig.port);
		rest_client_say(&held[i], "GET /v1/flows HTTP/1.1\r\nHos");
	}
	rest_rig_ask(&rig, &res, "GET", "/healthz", NULL, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
	rest_rig_close(&rig);
	for (i = 0; i < G_N_ELEMENTS(held); ++i)
		rest_client_close(&held[i]);
}

static void test_per_address_limit(void **state)
{
	struct rest_client held[4], more;
	struct rest_rig rig;
	unsigned i;

	rest_rig_init(&rig);
	rig.cfg.per_ip_limit = G_N_ELEMENTS(held);
	rest_rig_start(&rig);
	for (i = 0; i < G_N_ELEMENTS(held); ++i) {
		rest_client_open(&held[i], rig.port);
		rest_client_say(&held[i],
				"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
		expect_once(&held[i], 200, "");
	}
	rest_client_open(&more, rig.port);
	assert_true(rest_client_is_closed(&more));
	rest_client_close(&more);
	for (i = 0; i < G_N_ELEMENTS(held); ++i)
		rest_client_close(&held[i]);
	rest_rig_close(&rig);
}

/* Not HTTP at all: libmicrohttpd's own refusal or a closed connection */
static void test_rubbish(void **state)
{
	static const char *const rubbish[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET /healthz\r\n\r\n",
		"GET /healthz HTTP/9.9\r\n\r\n",
		"GET /healthz HTTP/1.1\r\n: no name\r\n\r\n",
		"POST /v1/flows HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: -5\r\n\r\n",
		"POST /v1/flows HTTP/1.1\r\nHost: x\r\n"
		"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	};
	struct rest_result res;
	struct rest_rig rig;
	size_t i;

	rest_rig_init(&rig);
	rig.cfg.connection_timeout_s = 2;
	rest_rig_start(&rig);
	for (i = 0; i < G_N_ELEMENTS(rubbish); ++i) {
		struct rest_client cli;

		rest_client_open(&cli, rig.port);
		rest_client_say(&cli, "%s", rubbish[i]);
		assert_true(rest_client_is_closed(&cli));
		rest_client_close(&cli);
	}
	rest_rig_ask(&rig, &res, "GET", "/healthz", NULL, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
	rest_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_body_too_large_by_length),
		cmocka_unit_test(test_body_too_large_in_chunks),
		cmocka_unit_test(test_largest_body),
		cmocka_unit_test(test_refused_body_keeps_alive),
		cmocka_unit_test(test_silent_are_closed),
		cmocka_unit_test(test_trickling_are_cut_off),
		cmocka_unit_test(test_slow_answer_is_not_cut_off),
		cmocka_unit_test(test_guessing),
		cmocka_unit_test(test_many_half_open),
		cmocka_unit_test(test_per_address_limit),
		cmocka_unit_test(test_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
