/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of servers of good will, and the connections that they come by */
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

/* ---- Answers ---- */

static void full_answer(struct hpeer_conn *conn,
			const struct hpeer_request *req, void *arg)
{
	hpeer_say(conn, "HTTP/1.1 100 Continue\r\nETag: \"wrong\"\r\n\r\n"
			"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
	hpeer_answer(conn, 200,
		     "Content-Type: audio/x-wav\r\n"
		     "ETag: \"one\"\r\n"
		     "Cache-Control: public\r\n"
		     "Age: 10\r\n"
		     "Retry-After: 7\r\n"
		     "Cache-Control: max-age=60\r\n",
		     "hello");
}

static void test_answer_in_memory(void **state)
{
	struct frig_got got;
	struct fix fix;
	struct fetch_params prm;

	(void)state;
	open_all(&fix, full_answer, NULL);
	prm = frig_params(fix.url);
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.err, 0);
	assert_null(got.code);
	assert_null(got.why);
	assert_int_equal(got.status, 200);
	assert_string_equal(got.body, "hello");
	assert_int_equal(got.body_len, 5);
	assert_string_equal(got.content_type, "audio/x-wav");
	assert_string_equal(got.etag, "\"one\"");
	assert_int_equal(got.max_age_s, 50);
	assert_false(got.no_store);
	assert_int_equal(got.retry_after_s, 7);
	assert_true(got.total_us > 0);
	assert_int_equal(got.ends, 1);
	frig_clear(&got);
	close_all(&fix);
}

static void test_what_is_not_said(void **state)
{
	struct frig_got got;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL, NULL);
	prm = frig_params(fix.url);
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.status, 200);
	assert_null(got.content_type);
	assert_null(got.etag);
	assert_int_equal(got.max_age_s, -1);
	assert_int_equal(got.retry_after_s, -1);
	assert_false(got.no_store);
	frig_clear(&got);
	close_all(&fix);
}

static void chunks(struct hpeer_conn *conn, const struct hpeer_request *req,
		   void *arg)
{
	/* a trailer is not a field of the head */
	hpeer_say(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
			"Cache-Control: no-store\r\n\r\n"
			"5\r\nhello\r\n");
	hpeer_say(conn, "6\r\n world\r\n0\r\nETag: \"late\"\r\n\r\n");
}

static void test_body_in_chunks(void **state)
{
	struct frig_got got;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, chunks, NULL);
	prm = frig_params(fix.url);
	frig_ask(&fix.rig, &got, &prm);
	assert_string_equal(got.body, "hello world");
	assert_null(got.etag);
	assert_true(got.no_store);
	assert_int_equal(got.max_age_s, 0);
	assert_int_equal(got.total, -1);
	frig_clear(&got);
	close_all(&fix);
}

static void big_file(struct hpeer_conn *conn, const struct hpeer_request *req,
		     void *arg)
{
	char *data = g_strnfill(300000, 'x');

	hpeer_answer(conn, 200, NULL, data);
	g_free(data);
}

static void test_body_into_a_file(void **state)
{
	char *path = NULL, *text = NULL;
	struct frig_got got;
	struct fetch_params prm;
	struct fix fix;
	size_t len = 0;

	(void)state;
	open_all(&fix, big_file, NULL);
	prm = frig_params(fix.url);
	prm.fd = g_file_open_tmp("bifrons-fetch-XXXXXX", &path, NULL);
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.err, 0);
	assert_null(got.body);
	assert_int_equal(got.body_len, 300000);
	assert_int_equal(got.progress, 300000);
	assert_int_equal(got.total, 300000);
	assert_true(got.progresses > 2);
	assert_true(g_file_get_contents(path, &text, &len, NULL));
	assert_int_equal(len, 300000);
	assert_int_equal(strspn(text, "x"), len);
	close(prm.fd);
	g_unlink(path);
	g_free(path);
	g_free(text);
	frig_clear(&got);
	close_all(&fix);
}

static void sorry(struct hpeer_conn *conn, const struct hpeer_request *req,
		  void *arg)
{
	char *data = g_strnfill(10000, 's');

	hpeer_answer(conn, 503, "Retry-After: 120\r\n", data);
	g_free(data);
}

/* A file takes what was asked for, never an excuse */
static void test_excuses_are_kept_in_part(void **state)
{
	char *path = NULL;
	struct frig_got got;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, sorry, NULL);
	prm = frig_params(fix.url);
	prm.fd = g_file_open_tmp("bifrons-fetch-XXXXXX", &path, NULL);
	prm.max_bytes = 10; /* of what was asked for */
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.status, 503);
	assert_int_equal(got.retry_after_s, 120);
	assert_int_equal(got.body_len, 4096);
	assert_int_equal(strspn(got.body, "s"), 4096);
	assert_int_equal(got.progresses, 0);
	assert_int_equal(lseek(prm.fd, 0, SEEK_END), 0);
	close(prm.fd);
	g_unlink(path);
	g_free(path);
	frig_clear(&got);

	/* it was read to its end: the connection serves again */
	frig_expect(&fix.rig, &prm, "");
	assert_int_equal(hpeer_connections(fix.peer), 1);
	close_all(&fix);
}

static void only_if_changed(struct hpeer_conn *conn,
			    const struct hpeer_request *req, void *arg)
{
	char *tag = hpeer_field(req, "If-None-Match");

	if (str_eq(tag, "\"one\""))
		hpeer_say(conn, "HTTP/1.1 304 Not Modified\r\n"
				"ETag: \"one\"\r\nCache-Control: max-age=5\r\n"
				"\r\n");
	else
		hpeer_answer(conn, 200, "ETag: \"two\"\r\n", "new");
	g_free(tag);
}

static void test_not_modified(void **state)
{
	struct frig_got got;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, only_if_changed, NULL);
	prm = frig_params(fix.url);
	prm.if_none_match = "\"one\"";
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.status, 304);
	assert_string_equal(got.etag, "\"one\"");
	assert_int_equal(got.max_age_s, 5);
	assert_null(got.body);
	frig_clear(&got);

	prm.if_none_match = "\"three\"";
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.status, 200);
	assert_string_equal(got.body, "new");
	frig_clear(&got);
	close_all(&fix);
}

/* ---- Connections ---- */

static void test_connection_is_used_again(void **state)
{
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL, NULL);
	prm = frig_params(fix.url);
	for (i = 0; i < 5; ++i)
		frig_expect(&fix.rig, &prm, "");
	assert_int_equal(hpeer_connections(fix.peer), 1);
	close_all(&fix);
}

static void hang_up_on_second(struct hpeer_conn *conn,
			      const struct hpeer_request *req, void *arg)
{
	if (req->nth == 1)
		hpeer_reset(conn);
	else
		hpeer_answer(conn, 200, "ETag: \"x\"\r\n", "ok");
}

/* The server closes just when the next request is on its way */
static void test_kept_connection_that_closes(void **state)
{
	struct fetch_params prm;
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, hang_up_on_second, NULL);
	prm = frig_params(fix.url);
	frig_expect(&fix.rig, &prm, "");
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.status, 200);
	assert_string_equal(got.body, "ok");
	assert_string_equal(got.etag, "\"x\"");
	assert_int_equal(hpeer_connections(fix.peer), 2);
	frig_clear(&got);
	close_all(&fix);
}

static void test_tls(void **state)
{
	const struct hpeer_params tls = {.tls = true};
	struct hpeer *peer = hpeer_open(&tls);
	const struct fetcher_params fetcher = {.allow_private = true,
					       .ca_file = hpeer_ca_file(peer)};
	char *url = hpeer_url(peer, "/");
	struct fetch_params prm = frig_params(url);
	struct frig rig;

	(void)state;
	frig_open(&rig, &fetcher);
	frig_expect(&rig, &prm, "");
	frig_close(&rig);
	assert_int_equal(hpeer_count(peer), 1);

	/* nobody vouches for it */
	frig_open(&rig, NULL);
	frig_expect(&rig, &prm, "unreachable");
	frig_close(&rig);
	assert_int_equal(hpeer_count(peer), 1);
	hpeer_close(peer);
	g_free(url);
}

static void test_tls_of_another_name(void **state)
{
	const struct hpeer_params tls = {.tls = true};
	struct hpeer *peer = hpeer_open(&tls);
	const struct fetcher_params fetcher = {.allow_private = true,
					       .ca_file = hpeer_ca_file(peer)};
	char *url = g_strdup_printf("https://127.0.0.2:%u/", hpeer_port(peer));
	struct fetch_params prm = frig_params(url);
	struct frig rig;

	(void)state;
	frig_open(&rig, &fetcher);
	frig_expect(&rig, &prm, "unreachable");
	frig_close(&rig);
	hpeer_close(peer);
	g_free(url);
}

static void test_ca_file_that_is_none(void **state)
{
	const struct fetcher_params prm = {.loop = (void *)1,
					   .ca_file = "/nonexistent"};
	struct fetcher *fetcher = NULL;

	(void)state;
	assert_int_equal(fetcher_start(&fetcher, &prm), ENOENT);
	assert_null(fetcher);
	assert_null(fetcher_stop(NULL));
}

/* The environment of the process is the operator's, not the customers' */
static void test_proxies_of_the_environment(void **state)
{
	struct hpeer *proxy = hpeer_open(&(struct hpeer_params){0});
	char *url = hpeer_url(proxy, "");
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	setenv("http_proxy", url, 1);
	setenv("ALL_PROXY", url, 1);
	unsetenv("no_proxy");
	open_all(&fix, NULL, NULL);
	prm = frig_params(fix.url);
	frig_expect(&fix.rig, &prm, "");
	assert_int_equal(hpeer_count(fix.peer), 1);
	assert_int_equal(hpeer_connections(proxy), 0);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	close_all(&fix);
	hpeer_close(proxy);
	g_free(url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_in_memory),
		cmocka_unit_test(test_what_is_not_said),
		cmocka_unit_test(test_body_in_chunks),
		cmocka_unit_test(test_body_into_a_file),
		cmocka_unit_test(test_excuses_are_kept_in_part),
		cmocka_unit_test(test_not_modified),
		cmocka_unit_test(test_connection_is_used_again),
		cmocka_unit_test(test_kept_connection_that_closes),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_tls_of_another_name),
		cmocka_unit_test(test_ca_file_that_is_none),
		cmocka_unit_test(test_proxies_of_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
