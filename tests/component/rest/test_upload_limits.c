/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many at once, how slowly, and what a crash or a stop leaves: nothing */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "rest/rest_priv.h"
#include "support/rest_rig.h"

#define ADMIN REST_BEARER(REST_KEY_ADMIN)
#define PLATFORM REST_BEARER(REST_KEY_PLATFORM)
#define POST(key) "POST /v1/media HTTP/1.1\r\nHost: x\r\n" key
#define WAV "Content-Type: audio/wav\r\n"

static void expect(struct rest_client *cli, int status, const char *code)
{
	struct rest_result res;

	rest_client_read(cli, &res, false);
	assert_int_equal(res.status, status);
	assert_string_equal(rest_result_str(&res, "code"), code);
	rest_result_clear(&res);
}

static void begin(struct rest_client *cli, struct rest_rig *rig,
		  const char *head)
{
	rest_client_open(cli, rig->port);
	rest_client_say(cli, "%s" WAV "Content-Length: 8\r\n\r\nhalf", head);
}

static void wait_for(struct rest_rig *rig, unsigned n)
{
	while (rest_uploads_count(rig->rest->uploads) != n)
		g_usleep(1000);
}

static void test_at_once(void **state)
{
	struct rest_client own[2], other, third;
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.upload_limit = 3;
	rig.cfg.upload_account_limit = 2;
	rest_rig_start(&rig);
	begin(&own[0], &rig, POST(ADMIN));
	begin(&own[1], &rig, POST(ADMIN));
	wait_for(&rig, 2);

	/* its own account has had enough, another not */
	begin(&third, &rig, POST(ADMIN));
	rest_client_say(&third, "half");
	expect(&third, 429, "rate_limit");
	rest_client_close(&third);
	begin(&other, &rig, POST(PLATFORM "Bifrons-Account: acc-b\r\n"));
	wait_for(&rig, 3);
	begin(&third, &rig, POST(PLATFORM "Bifrons-Account: acc-b\r\n"));
	rest_client_say(&third, "half");
	expect(&third, 503, "busy");
	rest_client_close(&third);

	/* who is answered makes room */
	rest_client_say(&own[0], "half");
	expect(&own[0], 201, "");
	wait_for(&rig, 2);
	begin(&third, &rig, POST(ADMIN));
	rest_client_say(&third, "half");
	expect(&third, 201, "");
	rest_client_close(&third);
	rest_client_close(&own[0]);
	rest_client_close(&own[1]);
	rest_client_close(&other);
	rest_rig_close(&rig);
}

static void test_silent_are_closed(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.connection_timeout_s = 1;
	rest_rig_start(&rig);
	begin(&cli, &rig, POST(ADMIN));
	assert_true(rest_client_is_closed(&cli));
	wait_for(&rig, 0);
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

/* @return Was it cut off within 100 bytes, 100 ms apart? */
static bool trickle(struct rest_rig *rig, unsigned bytes)
{
	struct rest_client cli;
	unsigned i;

	rest_client_open(&cli, rig->port);
	rest_client_say(&cli, POST(ADMIN) WAV "Content-Length: %u\r\n\r\n",
			bytes);
	for (i = 0; i < bytes; ++i) {
		if (!rest_client_say(&cli, "x"))
			break;
		g_usleep(100 * 1000);
	}
	if (i == bytes)
		expect(&cli, 201, "");
	rest_client_close(&cli);

	return i < bytes;
}

/* A file may take its time, but not for ever */
static void test_trickling_are_cut_off(void **state)
{
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.request_timeout_s = 1;
	rig.cfg.file_timeout_s = 60;
	rest_rig_start(&rig);
	assert_false(trickle(&rig, 20)); /* 2 s are no request's any more */
	rest_rig_close(&rig);

	rest_rig_init(&rig);
	rig.cfg.file_timeout_s = 1;
	rest_rig_start(&rig);
	assert_true(trickle(&rig, 100));
	wait_for(&rig, 0);
	rest_rig_close(&rig);
}

static void test_long_work_is_waited_for(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;
	struct rest_result res;

	rest_rig_init(&rig);
	rig.cfg.deadline_ms = 100;
	rest_rig_start(&rig);
	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	begin(&cli, &rig, POST(ADMIN));
	rest_client_say(&cli, "half");
	rest_rig_wait_held(&rig, 1);
	/* another's deadline passes meanwhile */
	rest_rig_ask(&rig, &res, "GET", "/v1/flows", ADMIN, NULL);
	assert_int_equal(res.status, 503);
	rest_result_clear(&res);
	rest_rig_answer(&rig, 0, "{\"ok\":{}}");
	expect(&cli, 201, "");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static bool exists(const struct rest_rig *rig, const char *name)
{
	char *path = g_build_filename(rig->data, name, NULL);
	const bool is = g_file_test(path, G_FILE_TEST_EXISTS);

	g_free(path);

	return is;
}

static void put(const struct rest_rig *rig, const char *name)
{
	char *path = g_build_filename(rig->data, name, NULL);

	assert_true(g_file_set_contents(path, "x", 1, NULL));
	g_free(path);
}

static void test_leftovers_of_a_crash(void **state)
{
	struct rest_rig rig;
	char *tmp;

	rest_rig_init(&rig);
	tmp = g_build_filename(rig.data, "tmp", NULL);
	assert_int_equal(g_mkdir_with_parents(tmp, 0700), 0);
	put(&rig, "tmp/upload-0123456789abcdef0123456789abcdef");
	put(&rig, "tmp/upload-x");
	put(&rig, "tmp/another's");
	put(&rig, "upload-y");
	rest_rig_start(&rig);
	assert_false(
		exists(&rig, "tmp/upload-0123456789abcdef0123456789abcdef"));
	assert_false(exists(&rig, "tmp/upload-x"));
	assert_true(exists(&rig, "tmp/another's"));
	assert_true(exists(&rig, "upload-y"));
	g_free(tmp);
	rest_rig_close(&rig);
}

static void test_a_stop_leaves_nothing(void **state)
{
	struct rest_client half, waiting;
	struct rest_rig rig;
	char *tmp;
	GDir *dir;

	rest_rig_init(&rig);
	rest_rig_start(&rig);
	rest_rig_mode(&rig, REST_FAKE_HOLD, NULL);
	begin(&half, &rig, POST(ADMIN));
	begin(&waiting, &rig, POST(ADMIN));
	rest_client_say(&waiting, "half");
	rest_rig_wait_held(&rig, 1);
	wait_for(&rig, 2);
	rest_rig_stop(&rig);
	expect(&waiting, 503, "unavailable");
	assert_true(rest_client_is_closed(&half));
	tmp = g_build_filename(rig.data, "tmp", NULL);
	dir = g_dir_open(tmp, 0, NULL);
	assert_null(g_dir_read_name(dir));
	g_dir_close(dir);
	g_free(tmp);
	rest_client_close(&half);
	rest_client_close(&waiting);
	rest_rig_close(&rig);
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	g_string_append_len(arg, data, (gssize)(size * n));

	return size * n;
}

/* As programs send it: a form, by Expect and chunks, without a length */
static void test_a_form_of_libcurl(void **state)
{
	CURL *curl = curl_easy_init();
	curl_mime *form = curl_mime_init(curl);
	struct curl_slist *lines = NULL;
	GString *out = g_string_new(NULL);
	const size_t size = 3 << 20;
	char *data = g_strnfill(size, '-'), *url;
	curl_mimepart *part;
	struct rest_rig rig;
	json_t *reply;
	long status = 0;

	rest_rig_init(&rig);
	rest_rig_start(&rig);
	part = curl_mime_addpart(form);
	curl_mime_name(part, "file");
	curl_mime_filename(part, "a b.wav");
	curl_mime_data(part, data, size);
	part = curl_mime_addpart(form);
	curl_mime_name(part, "name");
	curl_mime_data(part, "by curl", CURL_ZERO_TERMINATED);
	lines = curl_slist_append(lines, "Transfer-Encoding: chunked");
	lines = curl_slist_append(lines, "Expect: 100-continue");
	lines = curl_slist_append(lines,
				  "Authorization: Bearer " REST_KEY_ADMIN);
	url = g_strdup_printf("http://127.0.0.1:%u/v1/media", rig.port);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	assert_int_equal(status, 201);
	reply = json_loads(out->str, 0, NULL);
	assert_int_equal(
		json_int(json_object_get(reply, "body"), "size_bytes", 0),
		size);
	assert_string_equal(
		json_str(json_object_get(reply, "body"), "name", ""),
		"by curl");
	assert_string_equal(
		json_str(json_object_get(reply, "body"), "file_name", ""),
		"a b.wav");
	json_decref(reply);
	curl_easy_cleanup(curl);
	curl_mime_free(form);
	curl_slist_free_all(lines);
	g_string_free(out, TRUE);
	g_free(data);
	g_free(url);
	rest_rig_close(&rig);
}

static void test_nowhere_to_put_it(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;

	rest_rig_init(&rig);
	rig.cfg.data_dir = NULL;
	rest_rig_start(&rig);
	begin(&cli, &rig, POST(ADMIN));
	rest_client_say(&cli, "half");
	expect(&cli, 503, "unavailable");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_silent_are_closed),
		cmocka_unit_test(test_trickling_are_cut_off),
		cmocka_unit_test(test_long_work_is_waited_for),
		cmocka_unit_test(test_leftovers_of_a_crash),
		cmocka_unit_test(test_a_stop_leaves_nothing),
		cmocka_unit_test(test_a_form_of_libcurl),
		cmocka_unit_test(test_nowhere_to_put_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
