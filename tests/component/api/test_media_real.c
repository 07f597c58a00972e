/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real files, made by ffmpeg, over real HTTP, decoded by the real child */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "support/api_rig.h"
#include "support/render_rig.h"
#include "support/rest_rig.h"

static struct api_rig api;
static struct rest_rig rest;
static char *program;

/* The transport's way to the plugin, without Janus: a thread for each message,
 * as its pool may have */
struct message {
	char *transaction;
	json_t *query;
};

static pthread_mutex_t mtx = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static unsigned nmessages; /* under mtx */

static void count(int by)
{
	pthread_mutex_lock(&mtx);
	nmessages += (unsigned)by;
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mtx);
}

static void *dispatch(void *arg)
{
	struct message *msg = arg;
	json_t *auth = json_object_get(msg->query, "auth"), *reply;

	/* the rest rig's store knows other accounts */
	json_set_str(auth, "account_id", api.account_id);
	json_set_str(auth, "key_id", api.account_id);
	reply = api_dispatch(api.api, msg->query);
	rest_deliver(rest.rest, msg->transaction, API_OK, reply);
	json_decref(reply);
	json_decref(msg->query);
	g_free(msg->transaction);
	g_free(msg);
	count(-1);

	return NULL;
}

static int submit(void *arg, const char *transaction, json_t *query)
{
	struct message *msg = g_new0(struct message, 1);
	pthread_t thread;

	msg->transaction = g_strdup(transaction);
	msg->query = query;
	count(1);
	assert_int_equal(pthread_create(&thread, NULL, dispatch, msg), 0);
	pthread_detach(thread);

	return 0;
}

static int setup(void **state)
{
	const struct rest_core core = {.submit = submit};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	program = render_rig_program();
	api.program = program;
	api.media_quota_bytes = 1 << 30;
	api_rig_open(&api);
	rest_rig_init(&rest);
	rest.cfg.data_dir = api.dir;
	rest.cfg.upload_max_bytes = 50 << 20;

	return rest_start(&rest.rest, &rest.cfg, &core);
}

static int teardown(void **state)
{
	pthread_mutex_lock(&mtx);
	while (nmessages)
		pthread_cond_wait(&cond, &mtx);
	pthread_mutex_unlock(&mtx);
	rest.rest = rest_stop(rest.rest);
	rest_rig_close(&rest);
	api_rig_close(&api);
	curl_global_cleanup();
	g_free(program);

	return 0;
}

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	g_string_append_len(arg, data, (gssize)(size * n));

	return size * n;
}

/* As a user does it with curl. @return The status; *docp is the answer */
static long request(const char *method, const char *path, const char *file,
		    GString *out)
{
	char *url = g_strdup_printf("http://127.0.0.1:%u%s",
				    rest_port(rest.rest), path);
	CURL *curl = curl_easy_init();
	curl_mime *form = curl_mime_init(curl);
	struct curl_slist *lines;
	curl_mimepart *part;
	long status = 0;

	lines = curl_slist_append(NULL,
				  "Authorization: Bearer " REST_KEY_ADMIN);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	if (file) {
		part = curl_mime_addpart(form);
		curl_mime_name(part, "file");
		curl_mime_filedata(part, file);
		curl_easy_setopt(curl, CURLOPT_MIMEPOST, form);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	curl_mime_free(form);
	curl_slist_free_all(lines);
	g_free(url);

	return status;
}

static json_t *upload(const char *method, const char *path, const char *file,
		      long want)
{
	GString *out = g_string_new(NULL);
	const long status = request(method, path, file, out);
	json_t *doc = json_loads(out->str, 0, NULL);

	if (status != want)
		print_error("%s\n", out->str);
	assert_int_equal(status, want);
	g_string_free(out, TRUE);

	return doc;
}

/* A file of two seconds of a tone, by ffmpeg */
static char *make_file(const char *name, const char *options, int hz)
{
	char *path = g_build_filename(api.dir, name, NULL);
	char *command = g_strdup_printf(
		"ffmpeg -v error -nostdin -y -f lavfi -i "
		"sine=frequency=%d:duration=2:sample_rate=44100 -ac 2 %s %s",
		hz, options, path);
	char *err = NULL;
	int status = -1;

	assert_true(
		g_spawn_command_line_sync(command, NULL, &err, &status, NULL));
	if (status)
		print_error("%s: %s\n", command, err);
	assert_int_equal(status, 0);
	g_free(command);
	g_free(err);

	return path;
}

static void expect_tone(const char *id, unsigned rate, double hz)
{
	char *name = g_strdup_printf("%u.pcm", rate);
	char *path = g_build_filename(api.dir, "media", id, name, NULL);
	char *data = NULL;
	gsize len = 0;

	assert_true(g_file_get_contents(path, &data, &len, NULL));
	/* two seconds, and what a coder adds at its ends */
	assert_true(fabs((double)len / 2 / rate - 2) < 0.2);
	assert_true(fabs(render_rig_pitch((const int16_t *)(void *)data,
					  len / 2, rate) -
			 hz) < 10);
	g_free(data);
	g_free(path);
	g_free(name);
}

static void test_formats(void **state)
{
	static const struct {
		const char *name, *options, *type, *codec;
	} files[] = {
		{"a.mp3", "-b:a 64k", "audio/mpeg", "mp3"},
		{"a.wav", "", "audio/wav", "pcm_s16le"},
		{"a.ogg", "-c:a libopus", "audio/ogg", "opus"},
		{"a.flac", "", "audio/flac", "flac"},
		{"a.m4a", "", "audio/mp4", "aac"},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(files); ++i) {
		char *path = make_file(files[i].name, files[i].options, 700);
		json_t *doc = upload("POST", "/v1/media", path, 201);

		assert_string_equal(json_str(doc, "name", ""), files[i].name);
		assert_string_equal(json_str(doc, "content_type", ""),
				    files[i].type);
		assert_string_equal(json_str(doc, "codec", ""), files[i].codec);
		assert_true(labs((long)json_int(doc, "duration_ms", 0) - 2000) <
			    200);
		expect_tone(json_str(doc, "id", ""), 8000, 700);
		expect_tone(json_str(doc, "id", ""), 16000, 700);
		json_decref(doc);
		g_unlink(path);
		g_free(path);
	}
}

static void test_there_and_back(void **state)
{
	char *path = make_file("b.mp3", "-b:a 64k", 500), *content = NULL;
	json_t *doc = upload("POST", "/v1/media?name=greeting", path, 201);
	char *url = g_strdup_printf("/v1/media/%s/content",
				    json_str(doc, "id", ""));
	GString *out = g_string_new(NULL);
	json_t *other;
	gsize len = 0;

	assert_string_equal(json_str(doc, "name", ""), "greeting");
	assert_true(g_file_get_contents(path, &content, &len, NULL));
	assert_int_equal(request("GET", url, NULL, out), 200);
	assert_int_equal(out->len, len);
	assert_memory_equal(out->str, content, len);
	g_free(content);
	g_free(path);

	path = make_file("c.mp3", "-b:a 64k", 1200);
	other = upload("PUT", url, path, 200);
	assert_string_equal(json_str(other, "id", ""), json_str(doc, "id", ""));
	expect_tone(json_str(doc, "id", ""), 8000, 1200);
	expect_tone(json_str(doc, "id", ""), 16000, 1200);
	json_decref(other);
	json_decref(doc);
	g_string_free(out, TRUE);
	g_free(path);
	g_free(url);
}

static void test_what_is_no_sound(void **state)
{
	char *path = g_build_filename(api.dir, "junk.mp3", NULL);
	char *text = g_strnfill(100000, 'j');
	json_t *doc;

	assert_true(g_file_set_contents(path, text, 100000, NULL));
	doc = upload("POST", "/v1/media", path, 422);
	assert_string_equal(json_str(doc, "code", ""), "undecodable");
	json_decref(doc);
	doc = upload("POST", "/v1/media?name=x", "/etc/passwd", 422);
	assert_string_equal(json_str(doc, "code", ""), "undecodable");
	json_decref(doc);
	assert_int_equal(api_rig_count(&api,
				       "SELECT COUNT(*) FROM media"
				       " WHERE name IN ('x', 'junk.mp3')"),
			 0);
	g_free(path);
	g_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_is_no_sound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
