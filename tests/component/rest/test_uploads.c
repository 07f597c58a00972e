/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that come: into tmp/ as they are, within limits, and gone afterwards */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/json.h"
#include "common/secret.h"
#include "rest/rest_priv.h"
#include "support/rest_rig.h"

#define ADMIN REST_BEARER(REST_KEY_ADMIN)
#define HEAD "POST /v1/media HTTP/1.1\r\nHost: x\r\n" ADMIN
#define WAV "Content-Type: audio/wav\r\n"
#define FORM "Content-Type: multipart/form-data; boundary=xyz\r\n"
#define FILE_PART                                                              \
	"--xyz\r\nContent-Disposition: form-data; name=\"file\"; "             \
	"filename=\"dir/hello.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
#define NAME_PART(name)                                                        \
	"--xyz\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n" name  \
	"\r\n"

static struct rest_rig rig;
static unsigned held; /* messages that the core holds, or will */

static int setup(void **state)
{
	rest_rig_init(&rig);
	rig.cfg.upload_max_bytes = 1 << 20;
	rest_rig_start(&rig);

	return 0;
}

static int teardown(void **state)
{
	rest_rig_close(&rig);

	return 0;
}

static unsigned files_in_tmp(void)
{
	char *path = g_build_filename(rig.data, "tmp", NULL);
	GDir *dir = g_dir_open(path, 0, NULL);
	unsigned n = 0;

	assert_non_null(dir);
	while (g_dir_read_name(dir))
		++n;
	g_dir_close(dir);
	g_free(path);

	return n;
}

/* Until nobody has an upload any more: its end is on the server's threads */
static void wait_for_none(void)
{
	while (rest_uploads_count(rig.rest->uploads))
		g_usleep(1000);
	assert_int_equal(files_in_tmp(), 0);
}

static void expect(struct rest_result *res, int status, const char *code)
{
	if (res->status != status)
		print_error("%d %s: %s\n", res->status,
			    rest_result_str(res, "code"),
			    rest_result_str(res, "detail"));
	assert_int_equal(res->status, status);
	assert_string_equal(rest_result_str(res, "code"), code);
	rest_result_clear(res);
}

static void expect_pointer(struct rest_result *res, const char *pointer)
{
	const json_t *errors = json_object_get(res->json, "errors");

	assert_int_equal(json_array_size(errors), 1);
	assert_string_equal(json_str(json_array_get(errors, 0), "pointer", "?"),
			    pointer);
	expect(res, 422, "invalid");
}

/* The last message that the core holds, while its file lies in tmp/ */
static const json_t *held_body(void)
{
	return json_object_get(rig.messages[held - 1], "body");
}

static void expect_file(const char *data, size_t len)
{
	const json_t *body = held_body();
	char *path =
		g_build_filename(rig.data, json_str(body, "path", ""), NULL);
	char hex[SECRET_SHA256_HEX], *got = NULL;
	gsize got_len = 0;
	GStatBuf st;

	assert_true(
		g_str_has_prefix(json_str(body, "path", ""), "tmp/upload-"));
	assert_true(g_file_get_contents(path, &got, &got_len, NULL));
	assert_int_equal(got_len, len);
	assert_memory_equal(got, data, len);
	assert_int_equal(g_stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	secret_sha256_hex(hex, data, len);
	assert_string_equal(json_str(body, "sha256", ""), hex);
	assert_int_equal(json_int(body, "size_bytes", 0), len);
	g_free(got);
	g_free(path);
}

/* Send what was prepared, look at it, answer it */
static void send_held(struct rest_client *cli, const char *data, size_t len)
{
	struct rest_result res;

	rest_rig_wait_held(&rig, ++held);
	expect_file(data, len);
	rest_rig_answer(&rig, held - 1, "{\"ok\":{\"id\":\"7\"}}");
	rest_client_read(cli, &res, false);
	expect(&res, 201, "");
	rest_client_close(cli);
	wait_for_none();
}

static void test_raw(void **state)
{
	char *data = g_malloc(300000);
	struct rest_client cli;
	size_t i;

	for (i = 0; i < 300000; ++i)
		data[i] = (char)(i * 7);
	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD WAV "Content-Length: 300000\r\n\r\n");
	rest_client_send(&cli, data, 300000);
	send_held(&cli, data, 300000);
	assert_null(json_object_get(held_body(), "name"));
	assert_null(json_object_get(held_body(), "file_name"));

	/* the same in chunks */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD WAV "Transfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 300000; i += 30000) {
		rest_client_say(&cli, "%x\r\n", 30000);
		rest_client_send(&cli, data + i, 30000);
		rest_client_say(&cli, "\r\n");
	}
	rest_client_say(&cli, "0\r\n\r\n");
	send_held(&cli, data, 300000);
	g_free(data);
}

static void test_types(void **state)
{
	static const char *const good[] = {
		"audio/mpeg",      "Audio/X-Wav; codec=1",
		"video/mp4",       "application/octet-stream",
		"application/ogg",
	};
	static const char *const bad[] = {
		"application/json", "application/x-www-form-urlencoded",
		"audio/",           "audio",
		"text/plain",       "multipart/mixed; boundary=x",
	};
	struct rest_result res;
	char *line;
	size_t i;

	rest_rig_mode(&rig, REST_FAKE_NOW, NULL);
	for (i = 0; i < G_N_ELEMENTS(good); ++i) {
		line = g_strconcat(ADMIN "Content-Type: ", good[i], "\r\n",
				   NULL);
		rest_rig_ask(&rig, &res, "POST", "/v1/media?name=x", line,
			     "data");
		expect(&res, 201, "");
		rest_rig_ask(&rig, &res, "PUT", "/v1/media/7/content", line,
			     "data");
		expect(&res, 200, "");
		g_free(line);
	}
	for (i = 0; i < G_N_ELEMENTS(bad); ++i) {
		line = g_strconcat(ADMIN "Content-Type: ", bad[i], "\r\n",
				   NULL);
		rest_rig_ask(&rig, &res, "POST", "/v1/media", line, "data");
		expect(&res, 415, "unsupported_media_type");
		g_free(line);
	}
	rest_rig_ask(&rig, &res, "POST", "/v1/media", ADMIN, "data");
	expect(&res, 415, "unsupported_media_type");
	rest_rig_ask(&rig, &res, "POST", "/v1/media",
		     ADMIN "Content-Type: audio/wav\r\n"
			   "Content-Encoding: gzip\r\n",
		     "data");
	expect(&res, 415, "unsupported_media_type");
	rest_rig_ask(&rig, &res, "POST", "/v1/media",
		     ADMIN "Content-Type: multipart/form-data\r\n", "data");
	expect(&res, 400, "bad_request");
	rest_rig_ask(&rig, &res, "POST", "/v1/media", ADMIN WAV, NULL);
	expect(&res, 411, "length_required");
	rest_rig_ask(&rig, &res, "POST", "/v1/media", ADMIN WAV, "");
	expect(&res, 422, "invalid");
	wait_for_none();
}

static void test_multipart(void **state)
{
	static const char body[] =
		"preamble\r\n" NAME_PART("Gr\xc3\xbc\xc3\x9f") FILE_PART
		"RIFF\r\n--xy\r\n\r\n--xyz--\r\n";
	struct rest_client cli;

	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD FORM "Content-Length: %zu\r\n\r\n%s",
			strlen(body), body);
	send_held(&cli, "RIFF\r\n--xy\r\n", 12);
	assert_string_equal(json_str(held_body(), "name", ""),
			    "Gr\xc3\xbc\xc3\x9f");
	assert_string_equal(json_str(held_body(), "file_name", ""),
			    "hello.wav");
}

static void refuse_form(const char *method, const char *target,
			const char *body, const char *pointer)
{
	struct rest_result res;

	rest_rig_ask(&rig, &res, method, target, ADMIN FORM, body);
	if (pointer)
		expect_pointer(&res, pointer);
	else
		expect(&res, 400, "bad_request");
}

static void test_multipart_that_is_wrong(void **state)
{
	const unsigned seen = rest_rig_seen(&rig);
	char *name = g_strnfill(2000, 'n');
	char *body;

	rest_rig_mode(&rig, REST_FAKE_NOW, NULL);
#define POST_FORM "POST", "/v1/media"
	refuse_form(POST_FORM, NAME_PART("x") "--xyz--", "/file");
	refuse_form(POST_FORM, "--xyz--", "/file");
	refuse_form(POST_FORM, FILE_PART "\r\n--xyz--", "/file");
	refuse_form(POST_FORM, FILE_PART "1\r\n" FILE_PART "2\r\n--xyz--",
		    "/file");
	refuse_form(POST_FORM, FILE_PART "\r\n" FILE_PART "\r\n--xyz--",
		    "/file");
	refuse_form(POST_FORM,
		    NAME_PART("a") NAME_PART("b") FILE_PART "1\r\n--xyz--",
		    "/name");
	refuse_form(POST_FORM, NAME_PART("\xff") FILE_PART "1\r\n--xyz--",
		    "/name");
	refuse_form(POST_FORM, NAME_PART("a\nb") FILE_PART "1\r\n--xyz--",
		    "/name");
	refuse_form(POST_FORM,
		    "--xyz\r\nContent-Disposition: form-data; name=\"a/b\""
		    "\r\n\r\n1\r\n--xyz--",
		    "/a~1b");
	refuse_form(POST_FORM,
		    "--xyz\r\nContent-Disposition: form-data; name=\"\xff\""
		    "\r\n\r\n1\r\n--xyz--",
		    "");
	refuse_form(POST_FORM,
		    "--xyz\r\nContent-Disposition: form-data; name=file\r\n"
		    "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--xyz--",
		    "/file");
	refuse_form("PUT", "/v1/media/7/content",
		    NAME_PART("x") FILE_PART "1\r\n--xyz--", "/name");

	refuse_form(POST_FORM, FILE_PART "1\r\n", NULL);
	refuse_form(POST_FORM, "--abc\r\n\r\n1\r\n--abc--", NULL);
	refuse_form(POST_FORM, "--xyz\r\n\r\n1\r\n--xyz--", NULL);
	body = g_strconcat("--xyz\r\nContent-Disposition: form-data; name=",
			   name, "\r\n\r\n1\r\n--xyz--", NULL);
	refuse_form(POST_FORM, body, NULL);
	g_free(body);
	body = g_strconcat("--xyz\r\nContent-Disposition: form-data; "
			   "name=\"name\"\r\n\r\n",
			   name, "\r\n" FILE_PART "1\r\n--xyz--", NULL);
	refuse_form(POST_FORM, body, "/name");
	g_free(body);
	g_free(name);
	assert_int_equal(rest_rig_seen(&rig), seen);
	wait_for_none();
}

static void test_too_large(void **state)
{
	char *junk = g_strnfill(64 * 1024, 'a');
	const unsigned seen = rest_rig_seen(&rig);
	struct rest_client cli;
	struct rest_result res;
	unsigned i;

	/* at once, by its length */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD WAV "Content-Length: 1048577\r\n\r\n");
	rest_client_read(&cli, &res, false);
	expect(&res, 413, "body_too_large");
	rest_client_close(&cli);

	/* in the middle of chunks that never end */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD WAV "Transfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 17; ++i)
		rest_client_say(&cli, "10000\r\n%s\r\n", junk);
	rest_client_read(&cli, &res, false);
	expect(&res, 413, "body_too_large");
	rest_client_close(&cli);

	/* multipart may have its own on top, but the file not */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD FORM "Content-Length: %u\r\n\r\n" FILE_PART,
			(1 << 20) + 2000);
	for (i = 0; i < 16; ++i)
		rest_client_send(&cli, junk, 64 * 1024);
	rest_client_send(&cli, junk, 1);
	rest_client_send(&cli, junk, 2000 - sizeof(FILE_PART));
	rest_client_read(&cli, &res, false);
	expect(&res, 413, "body_too_large");
	rest_client_close(&cli);

	/* nor may what is behind it go on for ever */
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD FORM "Transfer-Encoding: chunked\r\n\r\n"
					"9\r\n--xyz--\r\n\r\n");
	for (i = 0; i < 18; ++i)
		rest_client_say(&cli, "10000\r\n%s\r\n", junk);
	rest_client_read(&cli, &res, false);
	expect(&res, 413, "body_too_large");
	rest_client_close(&cli);

	assert_int_equal(rest_rig_seen(&rig), seen);
	g_free(junk);
	wait_for_none();
}

static void test_the_largest(void **state)
{
	const size_t max = 1 << 20;
	char *data = g_strnfill(max, 'b');
	struct rest_client cli;

	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli,
			HEAD FORM "Transfer-Encoding: chunked\r\n\r\n"
				  "%zx\r\n%s\r\n",
			sizeof(FILE_PART) - 1, FILE_PART);
	rest_client_say(&cli, "%zx\r\n%s\r\n", max, data);
	rest_client_say(&cli, "b\r\n\r\n--xyz--\r\n\r\n0\r\n\r\n");
	send_held(&cli, data, max);
	g_free(data);
}

/* One who asks first hears the refusal, and sends nothing */
static void expect_early(const char *head, int status, const char *code)
{
	struct rest_client cli;
	struct rest_result res;

	rest_client_open(&cli, rig.port);
	rest_client_say(&cli,
			"%sContent-Length: 500000\r\n"
			"Expect: 100-continue\r\n\r\n",
			head);
	rest_client_read(&cli, &res, false);
	expect(&res, status, code);
	assert_true(rest_client_is_closed(&cli));
	rest_client_close(&cli);
	assert_int_equal(files_in_tmp(), 0);
}

static void test_refused_before_the_body(void **state)
{
#define NO_KEY "POST /v1/media HTTP/1.1\r\nHost: x\r\n"
	expect_early(NO_KEY WAV, 401, "unauthorized");
	expect_early(NO_KEY REST_BEARER(REST_KEY_FLOWS) WAV, 403, "forbidden");
	expect_early(NO_KEY REST_BEARER(REST_KEY_SUSPENDED) WAV, 403,
		     "account_suspended");
	expect_early(HEAD "Content-Type: text/plain\r\n", 415,
		     "unsupported_media_type");
	expect_early(HEAD WAV "Idempotency-Key: \x01\r\n", 400, "bad_request");
	expect_early("PUT /v1/media HTTP/1.1\r\nHost: x\r\n" ADMIN WAV, 405,
		     "method_not_allowed");
}

static void test_who_asks_first_may_go_on(void **state)
{
	struct rest_client cli;

	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD WAV "Content-Length: 4\r\n"
				       "Expect: 100-continue\r\n\r\n");
	while (!strstr(cli.in->str, "100 Continue")) {
		char c;

		assert_int_equal(read(cli.fd, &c, 1), 1);
		g_string_append_c(cli.in, c);
	}
	rest_client_say(&cli, "data");
	send_held(&cli, "data", 4);
}

/* What was refused, as the rest of its body comes */
static void test_refused_bodies_are_dropped(void **state)
{
	char *junk = g_strnfill(64 * 1024, 'a');
	struct rest_client cli;
	struct rest_result res;
	unsigned i;

	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD "Content-Type: text/plain\r\n"
				   "Content-Length: 1000000\r\n\r\n");
	for (i = 0; i < 15; ++i)
		rest_client_send(&cli, junk, 64 * 1024);
	rest_client_send(&cli, junk, 1000000 - 15 * 64 * 1024);
	rest_client_read(&cli, &res, false);
	expect(&res, 415, "unsupported_media_type");
	/* and the connection goes on */
	rest_client_say(&cli, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	rest_client_read(&cli, &res, false);
	expect(&res, 200, "");
	rest_client_close(&cli);
	g_free(junk);
}

static void test_aborted(void **state)
{
	char *junk = g_strnfill(64 * 1024, 'a');
	const unsigned seen = rest_rig_seen(&rig);
	struct rest_client cli[3];
	unsigned i;

	for (i = 0; i < 3; ++i)
		rest_client_open(&cli[i], rig.port);
	rest_client_say(&cli[0], HEAD WAV "Content-Length: 1000000\r\n\r\n");
	rest_client_send(&cli[0], junk, 64 * 1024);
	rest_client_say(&cli[1], HEAD WAV "Transfer-Encoding: chunked\r\n\r\n"
					  "5\r\n12345\r\n");
	rest_client_say(&cli[2],
			HEAD FORM "Content-Length: 1000000\r\n\r\n" FILE_PART);
	/* they have their places before their files */
	while (files_in_tmp() < 3)
		g_usleep(1000);
	assert_int_equal(rest_uploads_count(rig.rest->uploads), 3);
	for (i = 0; i < 3; ++i)
		rest_client_close(&cli[i]);
	wait_for_none();
	assert_int_equal(rest_rig_seen(&rig), seen);
	g_free(junk);
}

static void test_the_verb_took_it(void **state)
{
	struct rest_client cli;
	struct rest_result res;
	char *from, *to;

	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, HEAD WAV "Content-Length: 4\r\n\r\ndata");
	rest_rig_wait_held(&rig, ++held);
	from = g_build_filename(rig.data, json_str(held_body(), "path", ""),
				NULL);
	to = g_build_filename(rig.data, "taken", NULL);
	assert_int_equal(g_rename(from, to), 0);
	rest_rig_answer(&rig, held - 1, "{\"ok\":{}}");
	rest_client_read(&cli, &res, false);
	expect(&res, 201, "");
	rest_client_close(&cli);
	wait_for_none();
	assert_true(g_file_test(to, G_FILE_TEST_EXISTS));
	g_free(from);
	g_free(to);
}

static char *idempotency_hash(const char *target, const char *lines,
			      const char *body)
{
	struct rest_result res;
	char *hash;

	rest_rig_ask(&rig, &res, "POST", target, lines, body);
	assert_int_equal(res.status, 201);
	hash = g_strdup(
		json_str(json_object_get(res.json, "idempotency"), "hash", ""));
	rest_result_clear(&res);
	assert_int_equal(strlen(hash), 64);

	return hash;
}

/* The same file under the same name is the same, whatever its boundary */
static void test_idempotency(void **state)
{
#define ONCE ADMIN "Idempotency-Key: once\r\n"
	static const struct {
		const char *target, *lines, *body;
		bool same;
	} cases[] = {
		{"/v1/media?name=a", ONCE WAV, "data", true},
		{"/v1/media?name=b", ONCE WAV, "data", false},
		{"/v1/media?name=a", ONCE WAV, "date", false},
	};
	char *first, *hash;
	size_t i;

	rest_rig_mode(&rig, REST_FAKE_NOW, NULL);
	first = idempotency_hash("/v1/media?name=a", ONCE WAV, "data");
	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		hash = idempotency_hash(cases[i].target, cases[i].lines,
					cases[i].body);
		assert_int_equal(strcmp(hash, first) == 0, cases[i].same);
		g_free(hash);
	}
	g_free(first);

	first = idempotency_hash("/v1/media", ONCE FORM,
				 NAME_PART("a") FILE_PART "1\r\n--xyz--");
	hash = idempotency_hash(
		"/v1/media",
		ONCE "Content-Type: multipart/form-data; boundary=q\r\n",
		"--q\r\nContent-Disposition: form-data; name=\"file\"; "
		"filename=hello.wav\r\n\r\n1\r\n--q\r\n"
		"Content-Disposition: form-data; name=name\r\n\r\na\r\n--q--");
	assert_string_equal(hash, first);
	g_free(hash);
	hash = idempotency_hash("/v1/media", ONCE FORM,
				NAME_PART("b") FILE_PART "1\r\n--xyz--");
	assert_string_not_equal(hash, first);
	g_free(hash);
	g_free(first);
	wait_for_none();
}

static void test_full_disk(void **state)
{
	char *junk = g_strnfill(900000, 'a');
	struct rlimit old, small;
	struct rest_result res;

	/* a file may not grow beyond this: as good as a full disk */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 500000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	rest_rig_ask(&rig, &res, "POST", "/v1/media", ADMIN WAV, junk);
	expect(&res, 507, "disk_full");
	wait_for_none();
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	g_free(junk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_multipart_that_is_wrong),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_the_largest),
		cmocka_unit_test(test_refused_before_the_body),
		cmocka_unit_test(test_who_asks_first_may_go_on),
		cmocka_unit_test(test_refused_bodies_are_dropped),
		cmocka_unit_test(test_aborted),
		cmocka_unit_test(test_the_verb_took_it),
		cmocka_unit_test(test_idempotency),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
