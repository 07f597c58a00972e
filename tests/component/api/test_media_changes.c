/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are replaced, retried, overtaken by an end or by a crash */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "support/api_rig.h"

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

static char *make(const char *content, const char *name)
{
	json_t *doc = api_rig_upload(&rig, content, name);
	char *id = g_strdup(json_str(doc, "id", ""));

	json_decref(doc);

	return id;
}

static json_t *replace(const char *id, const char *content)
{
	return ask("media.replace", id, api_rig_file(&rig, content, NULL));
}

static void expect_file(const char *folder, const char *want)
{
	char *path =
		g_build_filename(rig.dir, "media", folder, "original", NULL);
	char *got = NULL;

	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, want);
	g_free(got);
	g_free(path);
}

static void wait_only(const char *folders)
{
	char *got = api_rig_folder(&rig, "media");

	while (!str_eq(got, folders)) {
		g_free(got);
		g_usleep(1000);
		got = api_rig_folder(&rig, "media");
	}
	g_free(got);
	got = api_rig_folder(&rig, "tmp");
	assert_string_equal(got, "");
	g_free(got);
}

static void test_replace(void **state)
{
	char *id = make("RIFF1", "x");
	char *path = g_build_filename(rig.dir, "media", id, "8000.pcm", NULL);
	FILE *playing = fopen(path, "re");
	json_t *old, *doc;
	char buf[20000];

	assert_non_null(playing);
	old = api_rig_ok(ask("media.get", id, NULL));
	doc = api_rig_ok(replace(id, "RIFF2"));
	assert_string_equal(json_str(doc, "id", ""), id);
	assert_string_equal(json_str(doc, "name", ""), "x");
	assert_string_equal(json_str(doc, "created_at", ""),
			    json_str(old, "created_at", "?"));
	assert_int_equal(json_int(doc, "duration_ms", 0), 2000);
	assert_string_not_equal(json_str(doc, "sha256", ""),
				json_str(old, "sha256", ""));
	expect_file(id, "RIFF2");
	wait_only(id);
	assert_int_equal(api_rig_count(&rig, "SELECT size_bytes FROM media"),
			 json_int(doc, "stored_bytes", 0));

	/* the call that played it goes on with the old one */
	assert_int_equal(fread(buf, 1, sizeof(buf), playing), 16000);
	fclose(playing);
	json_decref(old);
	json_decref(doc);
	g_free(path);
	g_free(id);
}

static void test_replace_that_fails(void **state)
{
	static const char unknown[] = "01900000-0000-7000-8000-000000000000";
	char *id = make("RIFF1", "x"), *got;
	json_t *before = api_rig_ok(ask("media.get", id, NULL)), *after;

	assert_string_equal(api_rig_code(replace(id, "no sound")),
			    "undecodable");
	assert_string_equal(api_rig_code(replace(id, "FULL")), "disk_full");
	assert_string_equal(api_rig_code(replace(unknown, "RIFF1")),
			    "media_not_found");
	got = api_rig_pointers(
		ask("media.replace", id, api_rig_file(&rig, "RIFF1", "name")));
	assert_string_equal(got, "/name");
	g_free(got);

	after = api_rig_ok(ask("media.get", id, NULL));
	assert_true(json_equal(before, after));
	expect_file(id, "RIFF1");
	json_decref(before);
	json_decref(after);
	g_free(id);
}

struct asker {
	pthread_t thread;
	const char *id, *content, *idem_key;
	json_t *reply;
};

static void *ask_it(void *arg)
{
	struct asker *asker = arg;
	const struct api_ask ask = {
		.verb = asker->id ? "media.replace" : "media.create",
		.id = asker->id,
		.body = api_rig_file(&rig, asker->content,
				     asker->id ? NULL : "x"),
		.idem_key = asker->idem_key,
		.idem_hash = asker->idem_key ? "hash" : NULL,
	};

	asker->reply = api_rig_ask(&rig, &ask);

	return NULL;
}

/* Hold the conversion */
static void start(struct asker *asker)
{
	render_fake_hold(&rig.render);
	pthread_create(&asker->thread, NULL, ask_it, asker);
	render_fake_wait_held(&rig.render, 2);
}

static void test_while_it_is_replaced(void **state)
{
	char *id = make("RIFF1", "x");
	struct asker asker = {.id = id, .content = "RIFF2"};
	json_t *doc;

	start(&asker);
	assert_string_equal(api_rig_code(replace(id, "RIFF3")), "conflict");
	assert_string_equal(api_rig_code(ask("media.delete", id, NULL)),
			    "conflict");
	/* what is played now is the old one; a new name is kept */
	expect_file(id, "RIFF1");
	json_decref(api_rig_ok(
		ask("media.patch", id, json_pack("{s:s}", "name", "y"))));
	render_fake_release(&rig.render);
	pthread_join(asker.thread, NULL);
	doc = api_rig_ok(asker.reply);
	assert_string_equal(json_str(doc, "name", ""), "y");
	assert_int_equal(json_int(doc, "duration_ms", 0), 2000);
	json_decref(doc);
	wait_only(id);
	expect_file(id, "RIFF2");

	/* and now it may be */
	json_decref(api_rig_ok(replace(id, "RIFF3")));
	json_decref(api_rig_ok(ask("media.delete", id, NULL)));
	wait_only("");
	g_free(id);
}

static void test_retries(void **state)
{
	struct asker asker = {.content = "RIFF1", .idem_key = "once"};
	struct api_ask again = {.verb = "media.create",
				.idem_key = "once",
				.idem_hash = "hash"};
	json_t *reply, *first;

	start(&asker);
	again.body = api_rig_file(&rig, "RIFF1", "x");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &again)),
			    "idempotency_in_progress");
	render_fake_release(&rig.render);
	pthread_join(asker.thread, NULL);
	first = json_object_get(asker.reply, "ok");
	assert_non_null(first);

	again.body = api_rig_file(&rig, "RIFF1", "x");
	reply = api_rig_ask(&rig, &again);
	assert_true(json_flag(reply, "replayed", false));
	assert_true(json_equal(json_object_get(reply, "ok"), first));
	json_decref(reply);
	again.idem_hash = "another";
	again.body = api_rig_file(&rig, "RIFF2", "x");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &again)),
			    "idempotency_mismatch");
	assert_int_equal(api_rig_count(&rig, "SELECT COUNT(*) FROM media"), 1);
	json_decref(asker.reply);
}

/* A refusal is an answer too */
static void test_retried_refusals(void **state)
{
	struct asker asker = {.content = "no sound", .idem_key = "once"};

	(void)ask_it(&asker);
	assert_string_equal(api_rig_code(asker.reply), "undecodable");
	(void)ask_it(&asker);
	assert_true(json_flag(asker.reply, "replayed", false));
	assert_string_equal(api_rig_code(asker.reply), "undecodable");
}

static void test_too_slow(void **state)
{
	struct asker asker = {.content = "RIFF1", .idem_key = "once"};
	char *folder;

	api_rig_close(&rig);
	memset(&rig, 0, sizeof(rig));
	rig.media_deadline_ms = 2000; /* so that it begins in time */
	api_rig_open(&rig);

	start(&asker);
	pthread_join(asker.thread, NULL);
	assert_string_equal(api_rig_code(asker.reply), "timeout");
	/* it is made all the same, and a retry finds it */
	render_fake_release(&rig.render);
	do {
		(void)ask_it(&asker);
		if (json_object_get(asker.reply, "ok"))
			break;
		json_decref(asker.reply);
		g_usleep(1000);
	} while (true);
	assert_true(json_flag(asker.reply, "replayed", false));
	folder = api_rig_folder(&rig, "media");
	assert_string_equal(
		folder, json_str(json_object_get(asker.reply, "ok"), "id", ""));
	g_free(folder);
	json_decref(asker.reply);
}

static void test_the_end_of_the_process(void **state)
{
	char *id = make("RIFF1", "y");
	struct asker asker = {.content = "RIFF1"};
	struct asker other = {.id = id, .content = "RIFF2"};

	start(&asker);
	pthread_create(&other.thread, NULL, ask_it, &other);
	render_fake_wait_held(&rig.render, 4);
	api_close(rig.api);
	pthread_join(asker.thread, NULL);
	pthread_join(other.thread, NULL);
	assert_string_equal(api_rig_code(asker.reply), "unavailable");
	assert_string_equal(api_rig_code(other.reply), "unavailable");
	(void)ask_it(&asker);
	assert_string_equal(api_rig_code(asker.reply), "unavailable");
	expect_file(id, "RIFF1");
	wait_only(id);
	g_free(id);
}

static void put(const char *folder, const char *name, const char *content)
{
	char *path = g_build_filename(rig.dir, "media", folder, NULL);
	char *file = g_build_filename(path, name, NULL);

	assert_int_equal(g_mkdir_with_parents(path, 0700), 0);
	assert_true(g_file_set_contents(file, content, -1, NULL));
	g_free(path);
	g_free(file);
}

static void test_leftovers_of_a_crash(void **state)
{
	static const char unknown[] = "01900000-0000-7000-8000-000000000000";
	char *id = make("RIFF1", "x"), *half, *other, *want;

	half = g_strconcat(id, ".00000000", NULL);
	other = g_strconcat(unknown, ".00000000", NULL);
	put(unknown, "original", "RIFF9");
	put(unknown, "8000.pcm", "");
	put(other, "original", "RIFF9");
	put(half, "original", "RIFF2"); /* of a PUT that was not committed */
	put("not ours", "file", "x");
	api_rig_restart(&rig);
	want = g_strjoin(" ", id, "not ours", NULL);
	wait_only(want);
	expect_file(id, "RIFF1");
	json_decref(api_rig_ok(ask("media.get", id, NULL)));
	g_free(want);
	g_free(half);
	g_free(other);
	g_free(id);
}

/* Killed between the change of places and the commit */
static void test_crash_in_the_middle_of_a_replacement(void **state)
{
	char *id = make("RIFF1", "x"), *half;
	char *a, *b, *c;

	half = g_strconcat(id, ".00000000", NULL);
	put(half, "original", "RIFF2");
	a = g_build_filename(rig.dir, "media", id, NULL);
	b = g_build_filename(rig.dir, "media", half, NULL);
	c = g_build_filename(rig.dir, "swap", NULL);
	assert_int_equal(g_rename(a, c), 0);
	assert_int_equal(g_rename(b, a), 0);
	assert_int_equal(g_rename(c, b), 0);
	expect_file(id, "RIFF2");
	api_rig_restart(&rig);
	wait_only(id);
	expect_file(id, "RIFF1");
	g_free(a);
	g_free(b);
	g_free(c);
	g_free(half);
	g_free(id);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_replace),
		TEST(test_replace_that_fails),
		TEST(test_while_it_is_replaced),
		TEST(test_retries),
		TEST(test_retried_refusals),
		TEST(test_too_slow),
		TEST(test_the_end_of_the_process),
		TEST(test_leftovers_of_a_crash),
		TEST(test_crash_in_the_middle_of_a_replacement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
