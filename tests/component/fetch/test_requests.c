/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests as they go out, and those that never do */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "support/fetch_rig.h"
#include "support/http_peer.h"

struct fix {
	struct frig rig;
	struct hpeer *peer;
	char *url;
};

static void open_all(struct fix *fix, hpeer_h *handler, void *arg)
{
	const struct hpeer_params prm = {.handler = handler, .arg = arg};

	memset(fix, 0, sizeof(*fix));
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/a/b.wav?c=d");
	frig_open(&fix->rig, NULL);
}

static void close_all(struct fix *fix)
{
	frig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_free(fix->url);
}

static void expect_field(const struct hpeer_request *req, const char *name,
			 const char *wanted)
{
	char *value = hpeer_field(req, name);

	if (!str_eq(value, wanted))
		fail_msg("%s: \"%s\" instead of \"%s\"", name,
			 value ? value : "(none)", wanted ? wanted : "(none)");
	g_free(value);
}

static void test_get_as_it_goes_out(void **state)
{
	static const char *const headers[] = {
		"X-One: a b", "Authorization: Bearer x", "X-Empty:", NULL};
	const struct hpeer_request *req;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL, NULL);
	prm = frig_params(fix.url);
	prm.headers = headers;
	frig_expect(&fix.rig, &prm, "");
	req = hpeer_wait(fix.peer, 1);
	assert_string_equal(req->method, "GET");
	assert_string_equal(req->target, "/a/b.wav?c=d");
	assert_int_equal(req->body_len, 0);
	expect_field(req, "X-One", "a b");
	expect_field(req, "X-Empty", "");
	expect_field(req, "Authorization", "Bearer x");
	expect_field(req, "Accept-Encoding", "identity");
	expect_field(req, "Content-Type", NULL);
	expect_field(req, "Content-Length", NULL);
	expect_field(req, "User-Agent", NULL);
	close_all(&fix);
}

static void test_bodies_as_they_go_out(void **state)
{
	static const char *const headers[] = {"Content-Type: application/json",
					      NULL};
	static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE"};
	const struct hpeer_request *req;
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL, NULL);
	for (i = 0; i < G_N_ELEMENTS(methods); ++i) {
		prm = frig_params(fix.url);
		prm.method = methods[i];
		prm.body = "{\"a\":\0}";
		prm.body_len = 7;
		prm.headers = headers;
		frig_expect(&fix.rig, &prm, "");
		req = hpeer_wait(fix.peer, i + 1);
		assert_string_equal(req->method, methods[i]);
		assert_int_equal(req->body_len, 7);
		assert_memory_equal(req->body, prm.body, 7);
		expect_field(req, "Content-Type", "application/json");
		expect_field(req, "Expect", NULL);
	}

	prm = frig_params(fix.url);
	prm.method = "POST";
	frig_expect(&fix.rig, &prm, "");
	req = hpeer_wait(fix.peer, i + 1);
	assert_string_equal(req->method, "POST");
	expect_field(req, "Content-Length", "0");
	expect_field(req, "Content-Type", NULL);
	close_all(&fix);
}

/* More than one write takes: sent whole, without asking first */
static void test_large_body_goes_out(void **state)
{
	const size_t len = 4 << 20;
	char *body = g_strnfill(len, 'b');
	const struct hpeer_request *req;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL, NULL);
	prm = frig_params(fix.url);
	prm.method = "POST";
	prm.body = body;
	prm.body_len = len;
	frig_expect(&fix.rig, &prm, "");
	req = hpeer_wait(fix.peer, 1);
	assert_int_equal(req->body_len, len);
	assert_memory_equal(req->body, body, len);
	expect_field(req, "Expect", NULL);
	g_free(body);
	close_all(&fix);
}

static void length_only(struct hpeer_conn *conn,
			const struct hpeer_request *req, void *arg)
{
	hpeer_say(conn, "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
}

static void test_head_has_no_body(void **state)
{
	struct fetch_params prm;
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, length_only, NULL);
	prm = frig_params(fix.url);
	prm.method = "HEAD";
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.status, 200);
	assert_null(got.body);
	assert_string_equal(hpeer_wait(fix.peer, 1)->method, "HEAD");
	frig_clear(&got);
	close_all(&fix);
}

static void test_user_agent(void **state)
{
	const struct fetcher_params fetcher = {.allow_private = true,
					       .user_agent = "Bifrons/1"};
	struct hpeer *peer = hpeer_open(&(struct hpeer_params){0});
	char *url = hpeer_url(peer, "/");
	struct fetch_params prm = frig_params(url);
	struct frig rig;

	(void)state;
	frig_open(&rig, &fetcher);
	frig_expect(&rig, &prm, "");
	expect_field(hpeer_wait(peer, 1), "User-Agent", "Bifrons/1");
	frig_close(&rig);
	hpeer_close(peer);
	g_free(url);
}

static void refuse(struct fix *fix, const struct fetch_params *prm)
{
	struct frig_got got = {0};

	assert_int_equal(frig_start(&fix->rig, &got, prm), EINVAL);
	assert_null(got.fetch);
}

static void test_what_is_no_url(void **state)
{
	static const char *const urls[] = {
		"",
		"/x",
		"x",
		"ftp://127.0.0.1/",
		"file:///etc/passwd",
		"gopher://127.0.0.1/",
		"javascript:alert(1)",
		"http://",
		"http:///x",
		"http://user:secret@127.0.0.1/",
		"http://127.0.0.1:0/",
		"http://127.0.0.1:99999/",
		"http://127.0.0.1/a b",
		"http://127.0.0.1/\r\nX: y",
		"http://127.0.0.1\t/",
	};
	struct fetch_params prm;
	struct fix fix;
	char *longest = g_strnfill(9000, 'a'), *url;
	unsigned i;

	(void)state;
	open_all(&fix, NULL, NULL);
	for (i = 0; i < G_N_ELEMENTS(urls); ++i) {
		prm = frig_params(urls[i]);
		refuse(&fix, &prm);
	}
	url = g_strconcat(fix.url, longest, NULL);
	prm = frig_params(url);
	refuse(&fix, &prm);
	prm = frig_params(NULL);
	refuse(&fix, &prm);
	assert_int_equal(hpeer_connections(fix.peer), 0);
	g_free(longest);
	g_free(url);
	close_all(&fix);
}

/* A field that moves the end of a request would speak for the next one */
static void test_fields_that_are_not_allowed(void **state)
{
	static const char *const lines[] = {
		"",
		"X",
		": x",
		"X y: z",
		"X : z",
		"X: a\r\nY: b",
		"X: a\n",
		"X: \x01",
		"Host: elsewhere",
		"content-length: 5",
		"Transfer-Encoding: chunked",
		"Connection: close",
		"Upgrade: h2c",
		"TE: trailers",
		"Range: bytes=0-",
		"Proxy-Authorization: Basic x",
	};
	const char *headers[2] = {NULL, NULL}, *many[66] = {NULL};
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL, NULL);
	prm = frig_params(fix.url);
	prm.headers = headers;
	for (i = 0; i < G_N_ELEMENTS(lines); ++i) {
		headers[0] = lines[i];
		refuse(&fix, &prm);
	}
	for (i = 0; i < 65; ++i)
		many[i] = "X: y";
	prm.headers = many;
	refuse(&fix, &prm);
	many[64] = NULL;
	frig_expect(&fix.rig, &prm, "");

	prm = frig_params(fix.url);
	prm.if_none_match = "\"a\"\r\nX: y";
	refuse(&fix, &prm);
	close_all(&fix);
}

static void test_what_else_is_no_request(void **state)
{
	static const char *const methods[] = {"",
					      "get",
					      "GET x",
					      "G\r\n",
					      "CONNECT",
					      "TRACE",
					      "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL, NULL);
	for (i = 0; i < G_N_ELEMENTS(methods); ++i) {
		prm = frig_params(fix.url);
		prm.method = methods[i];
		refuse(&fix, &prm);
	}
	prm = frig_params(fix.url);
	prm.max_bytes = -1;
	refuse(&fix, &prm);
	prm.max_bytes = (int64_t)1 << 40; /* in memory */
	refuse(&fix, &prm);
	prm = frig_params(fix.url);
	prm.body_len = 5;
	refuse(&fix, &prm);
	prm.body = "hello";
	prm.method = "HEAD";
	refuse(&fix, &prm);
	assert_int_equal(hpeer_connections(fix.peer), 0);
	close_all(&fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_as_it_goes_out),
		cmocka_unit_test(test_bodies_as_they_go_out),
		cmocka_unit_test(test_large_body_goes_out),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_user_agent),
		cmocka_unit_test(test_what_is_no_url),
		cmocka_unit_test(test_fields_that_are_not_allowed),
		cmocka_unit_test(test_what_else_is_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
