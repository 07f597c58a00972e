/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Servers that lie, trickle, hang, break off, and never end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "support/fake_dns.h"
#include "support/fetch_rig.h"
#include "support/http_peer.h"

#define OK "HTTP/1.1 200 OK\r\n"

struct fix {
	struct frig rig;
	struct hpeer *peer;
	char *url;
	struct fetch_params prm;
};

static void open_all(struct fix *fix, hpeer_h *handler, void *arg)
{
	const struct hpeer_params prm = {.handler = handler, .arg = arg};

	memset(fix, 0, sizeof(*fix));
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/");
	fix->prm = frig_params(fix->url);
	frig_open(&fix->rig, NULL);
}

static void close_all(struct fix *fix)
{
	frig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_free(fix->url);
}

/* One answer, then the end */
static void expect_of(const char *answer, const char *code)
{
	struct fix fix;

	open_all(&fix, hpeer_raw, (void *)(uintptr_t)answer);
	frig_expect(&fix.rig, &fix.prm, code);
	close_all(&fix);
}

/* ---- What is no HTTP, or breaks off ---- */

static void test_bodies_that_break_off(void **state)
{
	(void)state;
	expect_of(OK "Content-Length: 100\r\n\r\nhalf", "bad_response");
	expect_of(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		  "bad_response");
	expect_of(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
		  "bad_response");
	expect_of(OK "Transfer-Encoding: chunked\r\n\r\n", "bad_response");
	/* without a length the end is the end */
	expect_of(OK "\r\nhalf", "");
}

static void test_what_is_no_http(void **state)
{
	static const char *const answers[] = {
		"rubbish\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"220 mail ESMTP\r\n",
		"HTTP/1.1 OK\r\n\r\n",
		"HTTP/9.9 200 OK\r\n\r\n",
		"HTTP/1.1 99999 OK\r\n\r\n",
		"HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\nx",
		OK
		"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n"
		   "fffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
		OK "Content-Length: -5\r\n\r\nhello",
		OK "Content-Length: x\r\n\r\nhello",
	};
	unsigned i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(answers); ++i)
		expect_of(answers[i], "bad_response");
}

/* No head: as if nobody had been there */
static void test_ends_without_an_answer(void **state)
{
	(void)state;
	expect_of("", "unreachable");
	expect_of("HTTP/1.1 100 Continue\r\n\r\n", "unreachable");
	expect_of(OK "Content-Ty", "unreachable");
}

static void reset_at(struct hpeer_conn *conn, const struct hpeer_request *req,
		     void *arg)
{
	hpeer_say(conn, "%s", (const char *)arg);
	hpeer_reset(conn);
}

static void test_resets(void **state)
{
	static char head[] = OK "Content-Length: 9\r\n\r\nhalf";
	static char none[] = "";
	struct fix fix;

	(void)state;
	open_all(&fix, reset_at, none);
	frig_expect(&fix.rig, &fix.prm, "unreachable");
	close_all(&fix);
	open_all(&fix, reset_at, head);
	frig_expect(&fix.rig, &fix.prm, "bad_response");
	close_all(&fix);
}

static void test_nobody_listens(void **state)
{
	struct fix fix;

	(void)state;
	open_all(&fix, NULL, NULL);
	fix.peer = hpeer_close(fix.peer);
	frig_expect(&fix.rig, &fix.prm, "unreachable");
	fake_dns_set("gone.test", "");
	fix.prm.url = "http://gone.test/";
	frig_expect(&fix.rig, &fix.prm, "unreachable");
	fake_dns_set("gone.test", NULL);
	close_all(&fix);
}

/* ---- Lengths ---- */

static void says_less(struct hpeer_conn *conn, const struct hpeer_request *req,
		      void *arg)
{
	hpeer_say(conn, OK "Content-Length: 5\r\n\r\nhello and much more");
}

/* What follows is not the next answer's beginning */
static void test_more_than_announced(void **state)
{
	struct frig_got got;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, says_less, NULL);
	for (i = 0; i < 3; ++i) {
		frig_ask(&fix.rig, &got, &fix.prm);
		assert_int_equal(got.status, 200);
		assert_string_equal(got.body, "hello");
		frig_clear(&got);
	}
	assert_int_equal(hpeer_connections(fix.peer), 3);
	close_all(&fix);
}

static void flood(struct hpeer_conn *conn, const struct hpeer_request *req,
		  void *arg)
{
	char *junk = g_strnfill(10000, 'a');

	hpeer_say(conn, OK "%s\r\n", (const char *)arg);
	hpeer_flood(conn, junk, strlen(junk));
	g_free(junk);
}

static void chunk_flood(struct hpeer_conn *conn,
			const struct hpeer_request *req, void *arg)
{
	hpeer_say(conn, OK "Transfer-Encoding: chunked\r\n\r\n");
	hpeer_flood(conn, "5\r\nhello\r\n", 10);
}

static void test_bodies_without_end(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, flood, (void *)(uintptr_t) "");
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_string_equal(got.code, "too_large");
	assert_int_equal(got.err, EFBIG);
	assert_int_equal(got.status, 200);
	assert_null(got.body);
	frig_clear(&got);
	hpeer_wait_closed(fix.peer, 1);
	close_all(&fix);

	open_all(&fix, chunk_flood, NULL);
	frig_expect(&fix.rig, &fix.prm, "too_large");
	close_all(&fix);
}

static void test_length_over_the_limit(void **state)
{
	static const char *const lengths[] = {
		"Content-Length: 1048577\r\n",
		"Content-Length: 9223372036854775807\r\n"};
	char *path = NULL;
	struct frig_got got;
	struct fix fix;
	unsigned i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(lengths); ++i) {
		open_all(&fix, flood, (void *)(uintptr_t)lengths[i]);
		fix.prm.fd =
			g_file_open_tmp("bifrons-fetch-XXXXXX", &path, NULL);
		frig_ask(&fix.rig, &got, &fix.prm);
		assert_string_equal(got.code, "too_large");
		/* before a byte of it */
		assert_int_equal(got.progresses, 0);
		assert_int_equal(lseek(fix.prm.fd, 0, SEEK_END), 0);
		frig_clear(&got);
		close(fix.prm.fd);
		g_unlink(path);
		g_free(path);
		close_all(&fix);
	}
}

static void test_exactly_the_limit(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL, NULL); /* "ok" */
	fix.prm.max_bytes = 2;
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_string_equal(got.body, "ok");
	frig_clear(&got);
	fix.prm.max_bytes = 1;
	frig_expect(&fix.rig, &fix.prm, "too_large");
	fix.prm.max_bytes = 0;
	frig_expect(&fix.rig, &fix.prm, "too_large");
	close_all(&fix);
}

/* It is counted as it comes: a bomb stays packed */
static void test_nothing_is_decompressed(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, hpeer_raw,
		 (void *)(uintptr_t)(OK "Content-Encoding: gzip\r\n"
					"Content-Length: 5\r\n\r\n\x1f\x8b"
					"abc"));
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_int_equal(got.body_len, 5);
	assert_memory_equal(got.body, "\x1f\x8b", 2);
	frig_clear(&got);
	close_all(&fix);
}

/* ---- Heads ---- */

static void long_lines(struct hpeer_conn *conn, const struct hpeer_request *req,
		       void *arg)
{
	char *junk = g_strnfill(8000, 'h');
	unsigned i;

	hpeer_say(conn, OK);
	for (i = 0; i < 20; ++i)
		hpeer_say(conn, "X-%u: %s\r\n", i, junk);
	hpeer_say(conn, "Content-Length: 2\r\n\r\nok");
	g_free(junk);
}

static void one_long_line(struct hpeer_conn *conn,
			  const struct hpeer_request *req, void *arg)
{
	hpeer_say(conn, OK "X: ");
	hpeer_flood(conn, "hhhhhhhhhh", 10);
}

static void endless_hints(struct hpeer_conn *conn,
			  const struct hpeer_request *req, void *arg)
{
	static const char hint[] = "HTTP/1.1 103 Early Hints\r\n\r\n";

	hpeer_flood(conn, hint, strlen(hint));
}

static void test_huge_heads(void **state)
{
	struct fix fix;

	(void)state;
	open_all(&fix, long_lines, NULL);
	frig_expect(&fix.rig, &fix.prm, "too_large");
	close_all(&fix);
	open_all(&fix, endless_hints, NULL);
	frig_expect(&fix.rig, &fix.prm, "too_large");
	close_all(&fix);
}

/* curl itself gives up on it */
static void test_a_line_without_end(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, one_long_line, NULL);
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_non_null(got.code);
	assert_int_equal(got.status, 0);
	frig_clear(&got);
	hpeer_wait_closed(fix.peer, 1);
	close_all(&fix);
}

static void test_fields_unfit_to_keep(void **state)
{
	char *answer = g_strdup_printf(OK "Content-Type: a\x01"
					  "b\r\nETag: %0300d\r\n"
					  "Retry-After: soon\r\n"
					  "Cache-Control: max-age=x\r\n"
					  "Content-Length: 0\r\n\r\n",
				       1);
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, hpeer_raw, answer);
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_int_equal(got.status, 200);
	assert_null(got.content_type);
	assert_null(got.etag);
	assert_int_equal(got.retry_after_s, -1);
	assert_int_equal(got.max_age_s, 0);
	frig_clear(&got);
	close_all(&fix);
	g_free(answer);
}

/* ---- Slow ones ---- */

static void hang(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	hpeer_say(conn, "%s", (const char *)arg);
	hpeer_hang(conn);
}

static void expect_timeout(hpeer_h *handler, const char *arg)
{
	struct frig_got got;
	struct fix fix;

	open_all(&fix, handler, (void *)(uintptr_t)arg);
	fix.prm.stall_ms = 300;
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_string_equal(got.code, "timeout");
	assert_int_equal(got.err, ETIMEDOUT);
	frig_clear(&got);
	hpeer_wait_closed(fix.peer, 1);
	close_all(&fix);
}

static void trickle(struct hpeer_conn *conn, const struct hpeer_request *req,
		    void *arg)
{
	char *junk = g_strnfill(4000, 't');

	if (hpeer_say(conn, "%s", (const char *)arg))
		hpeer_trickle(conn, junk, strlen(junk), 1, 50);
	g_free(junk);
}

static void test_hanging(void **state)
{
	(void)state;
	expect_timeout(hang, "");
	expect_timeout(hang, "HTTP/1.1 100 Continue\r\n\r\n");
	expect_timeout(hang, OK "Content-Length: 5\r\n");
	expect_timeout(hang, OK "Content-Length: 5\r\n\r\n");
	expect_timeout(hang, OK "Content-Length: 5\r\n\r\nhal");
}

/* A byte now and then is as good as none */
static void test_trickling(void **state)
{
	(void)state;
	expect_timeout(trickle, OK "Content-Length: 4000\r\n\r\n");
	expect_timeout(trickle, OK "X: ");
	expect_timeout(trickle, "HTTP/1.1 200 O");
}

/* Slow but steady is served, for as long as the whole may take */
static void steady(struct hpeer_conn *conn, const struct hpeer_request *req,
		   void *arg)
{
	char *data = g_strnfill(30000, 's');

	hpeer_say(conn, OK "Content-Length: 30000\r\n\r\n");
	hpeer_trickle(conn, data, 30000, 1000, 100);
	g_free(data);
}

static void test_steady(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, steady, NULL);
	fix.prm.stall_ms = 2000;
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.body_len, 30000);
	assert_true(got.total_us > 2000000); /* more than a stall */
	frig_clear(&got);
	fix.prm.timeout_ms = 200;
	frig_expect(&fix.rig, &fix.prm, "timeout");
	close_all(&fix);
}

static void test_deaf(void **state)
{
	struct hpeer *peer = hpeer_open(&(struct hpeer_params){.deaf = true});
	struct fix fix;
	char *url = hpeer_url(peer, "/");

	(void)state;
	open_all(&fix, NULL, NULL);
	fix.prm.url = url;
	fix.prm.connect_ms = 300;
	frig_expect(&fix.rig, &fix.prm, "timeout");
	close_all(&fix);
	hpeer_close(peer);
	g_free(url);
}

/* A name server that does not answer delays its own request only */
static void test_slow_names(void **state)
{
	struct frig_got slow[8];
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL, NULL);
	fake_dns_set("slow.test", "127.0.0.1");
	fake_dns_hold();
	prm = frig_params("http://slow.test/");
	prm.connect_ms = 500;
	memset(slow, 0, sizeof(slow));
	for (i = 0; i < G_N_ELEMENTS(slow); ++i)
		assert_int_equal(frig_start(&fix.rig, &slow[i], &prm), 0);
	fake_dns_wait_held(1);
	frig_expect(&fix.rig, &fix.prm, "");
	for (i = 0; i < G_N_ELEMENTS(slow); ++i) {
		frig_wait(&fix.rig, &slow[i]);
		assert_string_equal(slow[i].code, "timeout");
		frig_clear(&slow[i]);
	}
	/* the lookups are still there, and in nobody's way */
	frig_expect(&fix.rig, &fix.prm, "");
	frig_stop(&fix.rig);
	fake_dns_release();
	fake_dns_set("slow.test", NULL);
	close_all(&fix);
}

/* ---- Excuses ---- */

/* A status that is no success is the answer, whatever becomes of its body */
static void test_bodies_of_errors(void **state)
{
	static const struct {
		hpeer_h *handler;
		const char *text;
	} rows[] = {
		{hpeer_raw, "HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nhal"},
		{reset_at, "HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\n"},
		{hang, "HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\nhal"},
		{hpeer_raw, "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n"
			    "\r\nxyz\r\n"},
	};
	struct frig_got got;
	struct fix fix;
	unsigned i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		open_all(&fix, rows[i].handler,
			 (void *)(uintptr_t)rows[i].text);
		frig_ask(&fix.rig, &got, &fix.prm);
		assert_int_equal(got.err, 0);
		assert_int_equal(got.status, 500);
		frig_clear(&got);
		close_all(&fix);
	}
}

static void endless_error(struct hpeer_conn *conn,
			  const struct hpeer_request *req, void *arg)
{
	hpeer_say(conn, "HTTP/1.1 404 Nothing\r\n\r\n");
	hpeer_flood(conn, "eeeeeeeeee", 10);
}

static void test_error_without_end(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, endless_error, NULL);
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.status, 404);
	assert_int_equal(got.body_len, 4096);
	frig_clear(&got);
	hpeer_wait_closed(fix.peer, 1);
	close_all(&fix);
}

static void test_full_disk(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL, NULL);
	fix.prm.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(fix.prm.fd >= 0);
	frig_ask(&fix.rig, &got, &fix.prm);
	assert_string_equal(got.code, "storage_failed");
	assert_int_equal(got.err, ENOSPC);
	assert_int_equal(got.body_len, 0);
	frig_clear(&got);
	close(fix.prm.fd);
	close_all(&fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies_that_break_off),
		cmocka_unit_test(test_what_is_no_http),
		cmocka_unit_test(test_ends_without_an_answer),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_more_than_announced),
		cmocka_unit_test(test_bodies_without_end),
		cmocka_unit_test(test_length_over_the_limit),
		cmocka_unit_test(test_exactly_the_limit),
		cmocka_unit_test(test_nothing_is_decompressed),
		cmocka_unit_test(test_huge_heads),
		cmocka_unit_test(test_a_line_without_end),
		cmocka_unit_test(test_fields_unfit_to_keep),
		cmocka_unit_test(test_hanging),
		cmocka_unit_test(test_trickling),
		cmocka_unit_test(test_steady),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_slow_names),
		cmocka_unit_test(test_bodies_of_errors),
		cmocka_unit_test(test_error_without_end),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
