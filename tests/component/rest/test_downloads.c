/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that go: whole, in part, not again, and none that is nobody's */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "support/rest_rig.h"

#define ADMIN REST_BEARER(REST_KEY_ADMIN)
#define PATH "/v1/media/7/content"
#define FILE_SIZE 200000

static struct rest_rig rig;
static char *content;

static void put(const char *name, const char *data, size_t len)
{
	char *path = g_build_filename(rig.data, name, NULL);
	char *dir = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	assert_true(g_file_set_contents(path, data, (gssize)len, NULL));
	g_free(dir);
	g_free(path);
}

static int setup(void **state)
{
	char *link;
	size_t i;

	rest_rig_init(&rig);
	content = g_malloc(FILE_SIZE);
	for (i = 0; i < FILE_SIZE; ++i)
		content[i] = (char)(i * 13 + i / 256);
	put("media/7/original", content, FILE_SIZE);
	put("recordings/1.wav", "RIFF", 4);
	put("secret.key", "secret", 6);
	link = g_build_filename(rig.data, "media/link", NULL);
	assert_int_equal(symlink("../secret.key", link), 0);
	g_free(link);
	rest_rig_start(&rig);

	return 0;
}

static int teardown(void **state)
{
	rest_rig_close(&rig);
	g_free(content);

	return 0;
}

static void answer_with(const char *path)
{
	char *reply = g_strdup_printf(
		"{\"ok\":{\"path\":\"%s\",\"content_type\":\"audio/mpeg\","
		"\"name\":\"hello.mp3\"}}",
		path);

	rest_rig_mode(&rig, REST_FAKE_THREAD, reply);
	g_free(reply);
}

static void expect_field(const struct rest_result *res, const char *name,
			 const char *want)
{
	char *value = rest_result_field(res, name);

	if (want) {
		assert_non_null(value);
		assert_string_equal(value, want);
	} else {
		assert_null(value);
	}
	g_free(value);
}

static void expect_bytes(struct rest_result *res, int status, size_t first,
			 size_t len)
{
	assert_int_equal(res->status, status);
	assert_int_equal(res->len, len);
	assert_memory_equal(res->body, content + first, len);
	expect_field(res, "Accept-Ranges", "bytes");
	expect_field(res, "Content-Type", "audio/mpeg");
	rest_result_clear(res);
}

static void get(struct rest_result *res, const char *lines)
{
	char *all = g_strconcat(ADMIN, lines, NULL);

	rest_rig_ask(&rig, res, "GET", PATH, all, NULL);
	g_free(all);
}

static void test_whole(void **state)
{
	struct rest_result res;

	answer_with("media/7/original");
	get(&res, "");
	expect_field(&res, "Content-Disposition",
		     "attachment; filename=\"hello.mp3\"; "
		     "filename*=UTF-8''hello.mp3");
	expect_field(&res, "X-Content-Type-Options", "nosniff");
	expect_field(&res, "Cache-Control", "private, no-cache");
	expect_field(&res, "Content-Range", NULL);
	expect_bytes(&res, 200, 0, FILE_SIZE);

	rest_rig_ask(&rig, &res, "HEAD", PATH, ADMIN "Range: bytes=1-2\r\n",
		     NULL);
	assert_int_equal(res.status, 200);
	expect_field(&res, "Content-Length", "200000");
	rest_result_clear(&res);
}

static void test_parts(void **state)
{
	struct rest_result res;

	answer_with("media/7/original");
	get(&res, "Range: bytes=0-99\r\n");
	expect_field(&res, "Content-Range", "bytes 0-99/200000");
	expect_bytes(&res, 206, 0, 100);
	get(&res, "Range: bytes=150000-\r\n");
	expect_field(&res, "Content-Range", "bytes 150000-199999/200000");
	expect_bytes(&res, 206, 150000, 50000);
	get(&res, "Range: bytes=-10\r\n");
	expect_field(&res, "Content-Range", "bytes 199990-199999/200000");
	expect_bytes(&res, 206, FILE_SIZE - 10, 10);
	get(&res, "Range: bytes=199999-300000\r\n");
	expect_bytes(&res, 206, FILE_SIZE - 1, 1);

	/* several, or none at all: everything */
	get(&res, "Range: bytes=0-1,5-6\r\n");
	expect_bytes(&res, 200, 0, FILE_SIZE);
	get(&res, "Range: bytes=b-a\r\n");
	expect_bytes(&res, 200, 0, FILE_SIZE);
	get(&res, "Range: seconds=1-2\r\n");
	expect_bytes(&res, 200, 0, FILE_SIZE);

	get(&res, "Range: bytes=200000-\r\n");
	assert_int_equal(res.status, 416);
	expect_field(&res, "Content-Range", "bytes */200000");
	expect_field(&res, "Content-Type", "application/problem+json");
	assert_string_equal(rest_result_str(&res, "code"),
			    "range_not_satisfiable");
	rest_result_clear(&res);
}

static void test_tags(void **state)
{
	struct rest_result res;
	char *tag, *lines;

	answer_with("media/7/original");
	get(&res, "");
	tag = rest_result_field(&res, "ETag");
	assert_non_null(tag);
	rest_result_clear(&res);

	lines = g_strdup_printf("If-None-Match: \"x\", %s\r\n", tag);
	get(&res, lines);
	assert_int_equal(res.status, 304);
	assert_int_equal(res.len, 0);
	expect_field(&res, "ETag", tag);
	rest_result_clear(&res);
	g_free(lines);

	lines = g_strdup_printf("Range: bytes=5-6\r\nIf-Range: %s\r\n", tag);
	get(&res, lines);
	expect_bytes(&res, 206, 5, 2);
	/* it has changed meanwhile: from the start */
	content[0] ^= 1;
	put("media/7/original", content, FILE_SIZE);
	get(&res, lines);
	expect_bytes(&res, 200, 0, FILE_SIZE);
	g_free(lines);
	g_free(tag);
}

/* Who downloads while it is replaced gets the old one to its end */
static void test_replaced_meanwhile(void **state)
{
	struct rest_client cli;
	struct rest_result res;
	const size_t size = 8 << 20;
	char *big = g_strnfill(size, 'o'), *path;

	put("media/8/original", big, size);
	answer_with("media/8/original");
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli,
			"GET " PATH " HTTP/1.1\r\nHost: x\r\n" ADMIN "\r\n");
	while (!strstr(cli.in->str, "\r\n\r\n")) {
		char c;

		assert_int_equal(read(cli.fd, &c, 1), 1);
		g_string_append_c(cli.in, c);
	}
	put("media/8/original", "new", 3);
	path = g_build_filename(rig.data, "media/8/original", NULL);
	assert_int_equal(g_unlink(path), 0);
	g_free(path);
	rest_client_read(&cli, &res, false);
	assert_int_equal(res.status, 200);
	assert_int_equal(res.len, size);
	assert_memory_equal(res.body, big, size);
	rest_result_clear(&res);
	rest_client_close(&cli);
	g_free(big);
}

static void test_nothing_else_gets_out(void **state)
{
	static const char *const paths[] = {
		"secret.key",
		"../data/secret.key",
		"/etc/passwd",
		"media/../secret.key",
		"media/link",
		"media/7",
		"media/",
		"media/none",
		"",
		"recordings/../../data/secret.key",
		"media//etc/passwd",
	};
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(paths); ++i) {
		answer_with(paths[i]);
		get(&res, "");
		assert_int_equal(res.status, 503);
		assert_string_equal(rest_result_str(&res, "code"),
				    "unavailable");
		rest_result_clear(&res);
	}
	answer_with("recordings/1.wav");
	get(&res, "");
	assert_int_equal(res.status, 200);
	assert_memory_equal(res.body, "RIFF", 4);
	rest_result_clear(&res);
}

static void test_errors_are_errors(void **state)
{
	struct rest_result res;

	rest_rig_mode(&rig, REST_FAKE_NOW,
		      "{\"error\":{\"code\":\"media_not_found\"}}");
	get(&res, "Range: bytes=0-1\r\n");
	assert_int_equal(res.status, 404);
	expect_field(&res, "Accept-Ranges", NULL);
	rest_result_clear(&res);
	rest_rig_ask(&rig, &res, "GET", PATH, REST_BEARER(REST_KEY_FLOWS),
		     NULL);
	assert_int_equal(res.status, 403);
	rest_result_clear(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_replaced_meanwhile),
		cmocka_unit_test(test_nothing_else_gets_out),
		cmocka_unit_test(test_errors_are_errors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
