/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uploaded files: from tmp/ to their place, or nothing is left of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "common/str.h"
#include "support/api_rig.h"

#define SOME_ID "01900000-0000-7000-8000-000000000000"

static struct api_rig rig;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

static json_t *ask(const char *verb, const char *id, json_t *body)
{
	const struct api_ask ask = {.verb = verb, .id = id, .body = body};

	return api_rig_ask(&rig, &ask);
}

static json_t *create(const char *content, const char *name)
{
	return ask("media.create", NULL, api_rig_file(&rig, content, name));
}

static const char *detail(const json_t *reply)
{
	return json_str(json_object_get(reply, "error"), "detail", "");
}

static void expect_folder(const char *folder, const char *want)
{
	char *got = api_rig_folder(&rig, folder);

	assert_string_equal(got, want);
	g_free(got);
}

static char *path_of(const char *id, const char *name)
{
	return g_build_filename(rig.dir, "media", id, name, NULL);
}

static void expect_file(const char *id, const char *name, const char *want)
{
	char *path = path_of(id, name), *got = NULL;

	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, want);
	g_free(got);
	g_free(path);
}

static int64_t size_of(const char *id, const char *name)
{
	char *path = path_of(id, name);
	GStatBuf st;

	assert_int_equal(g_stat(path, &st), 0);
	g_free(path);

	return st.st_size;
}

/* Nothing in media/ but these, and nothing in tmp/ */
static void expect_only(const char *folders)
{
	expect_folder("media", folders);
	expect_folder("tmp", "");
}

/* What is removed is removed in the background */
static void wait_only(const char *folders)
{
	char *got = api_rig_folder(&rig, "media");

	while (!str_eq(got, folders)) {
		g_free(got);
		g_usleep(1000);
		got = api_rig_folder(&rig, "media");
	}
	g_free(got);
}

static void test_upload(void **state)
{
	json_t *doc = api_rig_upload(&rig, "RIFF2", "greeting"), *got;
	const char *id = json_str(doc, "id", "");

	assert_string_equal(json_str(doc, "name", ""), "greeting");
	assert_string_equal(json_str(doc, "content_type", ""), "audio/wav");
	assert_string_equal(json_str(doc, "codec", ""), "pcm_s16le");
	assert_int_equal(json_int(doc, "duration_ms", 0), 2000);
	assert_int_equal(json_int(doc, "size_bytes", 0), 5);
	assert_int_equal(json_int(doc, "stored_bytes", 0),
			 5 + 2 * 2 * (8000 + 16000));
	assert_int_equal(strlen(json_str(doc, "sha256", "")), 64);
	expect_only(id);
	expect_folder("media", id);
	expect_file(id, "original", "RIFF2");
	assert_int_equal(size_of(id, "8000.pcm"), 32000);
	assert_int_equal(size_of(id, "16000.pcm"), 64000);

	got = api_rig_ok(ask("media.get", id, NULL));
	assert_true(json_equal(got, doc));
	json_decref(got);
	assert_int_equal(api_rig_count(&rig, "SELECT size_bytes FROM media"),
			 json_int(doc, "stored_bytes", 0));
	json_decref(doc);
}

static void test_location(void **state)
{
	json_t *reply = create("RIFF1", "x");
	char *want = g_strconcat(
		"/v1/media/", json_str(json_object_get(reply, "ok"), "id", ""),
		NULL);

	assert_string_equal(json_str(reply, "location", ""), want);
	json_decref(reply);
	g_free(want);
}

static void test_list(void **state)
{
	struct api_ask ask_list = {.verb = "media.list"};
	json_t *list;

	json_decref(api_rig_upload(&rig, "RIFF1", "a"));
	json_decref(api_rig_upload(&rig, "RIFF1", "b"));
	list = api_rig_ok(api_rig_ask(&rig, &ask_list));
	assert_int_equal(json_array_size(json_object_get(list, "result")), 2);
	json_decref(list);

	ask_list.query = json_pack("{s:s}", "name", "b");
	list = api_rig_ok(api_rig_ask(&rig, &ask_list));
	assert_int_equal(json_array_size(json_object_get(list, "result")), 1);
	json_decref(list);
}

/* The field, else the parameter, else the file's own */
static void test_where_the_name_comes_from(void **state)
{
	struct api_ask ask_new = {.verb = "media.create"};
	json_t *doc;
	char *got;

	ask_new.body = api_rig_file(&rig, "RIFF1", "field");
	json_set_str(ask_new.body, "file_name", "file.wav");
	ask_new.query = json_pack("{s:s}", "name", "query");
	doc = api_rig_ok(api_rig_ask(&rig, &ask_new));
	assert_string_equal(json_str(doc, "name", ""), "field");
	json_decref(doc);

	ask_new.body = api_rig_file(&rig, "RIFF1", NULL);
	json_set_str(ask_new.body, "file_name", "file.wav");
	ask_new.query = json_pack("{s:s}", "name", "query");
	doc = api_rig_ok(api_rig_ask(&rig, &ask_new));
	assert_string_equal(json_str(doc, "name", ""), "query");
	json_decref(doc);

	ask_new.body = api_rig_file(&rig, "RIFF1", NULL);
	json_set_str(ask_new.body, "file_name", "file.wav");
	ask_new.query = NULL;
	doc = api_rig_ok(api_rig_ask(&rig, &ask_new));
	assert_string_equal(json_str(doc, "name", ""), "file.wav");
	json_decref(doc);

	got = api_rig_pointers(create("RIFF1", NULL));
	assert_string_equal(got, "/name");
	g_free(got);
	ask_new.body = api_rig_file(&rig, "RIFF1", NULL);
	ask_new.query = json_pack("{s:s}", "name", " x");
	got = api_rig_pointers(api_rig_ask(&rig, &ask_new));
	assert_string_equal(got, "query/name");
	g_free(got);
	ask_new.body = api_rig_file(&rig, "RIFF1", NULL);
	ask_new.query = json_pack("{s:s}", "nmae", "x");
	got = api_rig_pointers(api_rig_ask(&rig, &ask_new));
	assert_string_equal(got, "query/nmae");
	g_free(got);
}

static void test_names(void **state)
{
	static const char *const bad[] = {"", " x", "x ", "a\tb", SOME_ID};
	char *longest = g_strnfill(128, 'n'), *longer = g_strnfill(129, 'n');
	json_t *doc;
	char *got;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(bad); ++i) {
		got = api_rig_pointers(create("RIFF1", bad[i]));
		assert_string_equal(got, "/name");
		g_free(got);
	}
	got = api_rig_pointers(create("RIFF1", longer));
	assert_string_equal(got, "/name");
	g_free(got);
	doc = api_rig_upload(&rig, "RIFF1", longest);
	json_decref(doc);
	doc = api_rig_upload(&rig, "RIFF1", "Gr\xc3\xbc\xc3\x9f/ ? #");
	json_decref(doc);
	g_free(longest);
	g_free(longer);
}

static void test_unique_names(void **state)
{
	json_t *first = api_rig_upload(&rig, "RIFF1", "a"), *reply, *other;
	json_t *account, *second = api_rig_upload(&rig, "RIFF1", "b");
	struct api_ask ask_new = {.verb = "media.create"};

	reply = create("RIFF1", "a");
	assert_non_null(strstr(detail(reply), json_str(first, "id", "")));
	assert_string_equal(api_rig_code(reply), "already_exists");

	reply = ask("media.patch", json_str(second, "id", ""),
		    json_pack("{s:s}", "name", "a"));
	assert_string_equal(api_rig_code(reply), "already_exists");
	reply = ask("media.patch", json_str(second, "id", ""),
		    json_pack("{s:s}", "name", "b"));
	json_decref(api_rig_ok(reply));
	reply = ask("media.patch", json_str(second, "id", ""),
		    json_pack("{s:s}", "name", "c"));
	other = api_rig_ok(reply);
	assert_string_equal(json_str(other, "name", ""), "c");
	json_decref(other);

	/* another account's names are its own */
	account = api_rig_make(&rig, "accounts.create", NULL,
			       json_pack("{s:s}", "name", "other"));
	ask_new.account_id = json_str(account, "id", "");
	ask_new.body = api_rig_file(&rig, "RIFF1", "a");
	json_decref(api_rig_ok(api_rig_ask(&rig, &ask_new)));
	ask_new.verb = "media.get";
	ask_new.body = NULL;
	ask_new.id = json_str(first, "id", "");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &ask_new)),
			    "media_not_found");
	json_decref(account);
	json_decref(first);
	json_decref(second);
}

struct racer {
	pthread_t thread;
	json_t *reply;
};

static void *race(void *arg)
{
	struct racer *racer = arg;

	racer->reply = create("RIFF1", "same");

	return NULL;
}

/* All pass the first look at the name; the store decides */
static void test_one_name_at_once(void **state)
{
	struct racer racers[8];
	unsigned i, made = 0;

	render_fake_hold(&rig.render);
	for (i = 0; i < G_N_ELEMENTS(racers); ++i)
		pthread_create(&racers[i].thread, NULL, race, &racers[i]);
	render_fake_wait_held(&rig.render, 2 * G_N_ELEMENTS(racers));
	render_fake_release(&rig.render);
	for (i = 0; i < G_N_ELEMENTS(racers); ++i) {
		pthread_join(racers[i].thread, NULL);
		if (json_object_get(racers[i].reply, "ok")) {
			++made;
			json_decref(racers[i].reply);
		} else {
			assert_string_equal(api_rig_code(racers[i].reply),
					    "already_exists");
		}
	}
	assert_int_equal(made, 1);
	assert_int_equal(api_rig_count(&rig, "SELECT COUNT(*) FROM media"), 1);
	expect_folder("tmp", "");
}

static void refused(const char *content, const char *code, const char *why)
{
	json_t *reply = create(content, "x");

	if (!strstr(detail(reply), why))
		fail_msg("%s is not in: %s", why, detail(reply));
	assert_string_equal(api_rig_code(reply), code);
	expect_only("");
	assert_int_equal(api_rig_count(&rig, "SELECT COUNT(*) FROM media"), 0);
}

static void test_what_cannot_be_played(void **state)
{
	refused("no sound", "undecodable", "no format");
	refused("MUTE", "undecodable", "no sound in it");
	refused("LONG", "invalid", "/file: is longer than 120 minutes");
	refused("FULL", "disk_full", "no room");
	rig.render.refuse_after = rig.render.starts + 1;
	refused("RIFF1", "busy", "too many");
	rig.render.refuse_after = 1;
	refused("RIFF1", "busy", "too many");
	rig.render.refuse_after = 0;
	json_decref(api_rig_upload(&rig, "RIFF1", "x"));
}

static void expect_path_refused(const char *path)
{
	json_t *body = api_rig_file(&rig, "RIFF1", "x");
	char *got;

	json_set_str(body, "path", path);
	got = api_rig_pointers(ask("media.create", NULL, body));
	if (!str_eq(got, "/path"))
		print_error("%s\n", path);
	assert_string_equal(got, "/path");
	g_free(got);
}

static void test_paths_that_lead_elsewhere(void **state)
{
	static const char *const paths[] = {
		"",
		"/etc/passwd",
		"tmp",
		"tmp/",
		"tmp/upload-",
		"tmp/x",
		"store.sqlite",
		"../tmp/upload-0123456789abcdef0123456789abcdef",
		"tmp/../tmp/upload-0123456789abcdef0123456789abcdef",
		"tmp/upload-/../../store.sqlite",
		"tmp/upload-../../../../etc/passwd00000",
		"tmp/upload-0123456789ABCDEF0123456789abcdef",
		"tmp/upload-0123456789abcdef0123456789abcdef/",
		"tmp/upload-0123456789abcdef0123456789abcde",
		"tmp/upload-00000000000000000000000000000000",
	};
	static const char place[] = "tmp/upload-1111111111111111111111111111"
				    "1111";
	char *path = g_build_filename(rig.dir, place, NULL);
	char *store = g_build_filename(rig.dir, "store.sqlite", NULL);
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(paths); ++i)
		expect_path_refused(paths[i]);

	/* a link, a folder, a pipe in its place */
	assert_int_equal(symlink(store, path), 0);
	expect_path_refused(place);
	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(g_mkdir(path, 0700), 0);
	expect_path_refused(place);
	(void)g_rmdir(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	expect_path_refused(place);
	assert_true(g_file_test(store, G_FILE_TEST_IS_REGULAR));
	expect_folder("media", "");
	g_free(path);
	g_free(store);
}

static void test_quota(void **state)
{
	json_t *reply, *doc;
	int i;

	/* a second takes 48 kB, the quota is 1 MiB: 21 of them */
	for (i = 0; i < 21; ++i) {
		char name[8];

		g_snprintf(name, sizeof(name), "n%d", i);
		json_decref(api_rig_upload(&rig, "RIFF1", name));
	}
	reply = create("RIFF1", "over");
	assert_non_null(strstr(detail(reply), "of 1048576 bytes are used"));
	assert_string_equal(api_rig_code(reply), "media_quota");
	expect_folder("tmp", "");
	assert_int_equal(api_rig_count(&rig, "SELECT COUNT(*) FROM media"), 21);

	/* what is replaced makes room for what replaces it */
	reply = ask("media.list", NULL, NULL);
	doc = json_incref(json_array_get(
		json_object_get(json_object_get(reply, "ok"), "result"), 0));
	json_decref(reply);
	reply = ask("media.replace", json_str(doc, "id", ""),
		    api_rig_file(&rig, "RIFF1", NULL));
	json_decref(api_rig_ok(reply));
	reply = ask("media.replace", json_str(doc, "id", ""),
		    api_rig_file(&rig, "RIFF9", NULL));
	assert_string_equal(api_rig_code(reply), "media_quota");
	expect_file(json_str(doc, "id", ""), "original", "RIFF1");
	json_decref(doc);
}

static void *race_quota(void *arg)
{
	struct racer *racer = arg;
	char name[24];

	g_snprintf(name, sizeof(name), "%p", arg);
	racer->reply = create("RIFF9", name);

	return NULL;
}

/* 9 s take 432 kB: two have room, however many come at once */
static void test_quota_at_once(void **state)
{
	struct racer racers[6];
	unsigned i, made = 0;

	render_fake_hold(&rig.render);
	for (i = 0; i < G_N_ELEMENTS(racers); ++i)
		pthread_create(&racers[i].thread, NULL, race_quota, &racers[i]);
	render_fake_wait_held(&rig.render, 2 * G_N_ELEMENTS(racers));
	render_fake_release(&rig.render);
	for (i = 0; i < G_N_ELEMENTS(racers); ++i) {
		pthread_join(racers[i].thread, NULL);
		made += json_object_get(racers[i].reply, "ok") != NULL;
		if (json_object_get(racers[i].reply, "ok"))
			json_decref(racers[i].reply);
		else
			assert_string_equal(api_rig_code(racers[i].reply),
					    "media_quota");
	}
	assert_int_equal(made, 2);
}

static void test_content(void **state)
{
	json_t *doc = api_rig_upload(&rig, "RIFF1", "hello"), *got;
	char *want =
		g_strdup_printf("media/%s/original", json_str(doc, "id", ""));

	got = api_rig_ok(ask("media.content", json_str(doc, "id", ""), NULL));
	assert_string_equal(json_str(got, "path", ""), want);
	assert_string_equal(json_str(got, "content_type", ""), "audio/wav");
	assert_string_equal(json_str(got, "name", ""), "hello.wav");
	json_decref(got);
	json_decref(doc);
	g_free(want);
	assert_string_equal(api_rig_code(ask("media.content", SOME_ID, NULL)),
			    "media_not_found");
}

static void test_delete(void **state)
{
	json_t *doc = api_rig_upload(&rig, "RIFF1", "x");
	char *id = g_strdup(json_str(doc, "id", "")), *path;
	char text[8] = "";
	FILE *file;

	json_decref(doc);
	path = path_of(id, "original");
	file = fopen(path, "re"); /* a call plays it */
	assert_non_null(file);
	json_decref(api_rig_ok(ask("media.delete", id, NULL)));
	wait_only("");
	assert_string_equal(api_rig_code(ask("media.get", id, NULL)),
			    "media_not_found");
	assert_string_equal(api_rig_code(ask("media.delete", id, NULL)),
			    "media_not_found");
	assert_int_equal(fread(text, 1, 5, file), 5);
	assert_string_equal(text, "RIFF1");
	fclose(file);
	json_decref(api_rig_upload(&rig, "RIFF1", "x")); /* the name is free */
	g_free(path);
	g_free(id);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_upload),
		TEST(test_location),
		TEST(test_list),
		TEST(test_where_the_name_comes_from),
		TEST(test_names),
		TEST(test_unique_names),
		TEST(test_one_name_at_once),
		TEST(test_what_cannot_be_played),
		TEST(test_paths_that_lead_elsewhere),
		TEST(test_quota),
		TEST(test_quota_at_once),
		TEST(test_content),
		TEST(test_delete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
