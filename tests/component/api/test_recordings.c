/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings over REST: of calls that are up, and what is left of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "support/api_party.h"

#define SOME_ID "01900000-0000-7000-8000-000000000000"

static struct api_party party;

static int setup(void **state)
{
	api_party_open(&party);

	return 0;
}

static int teardown(void **state)
{
	api_party_close(&party);

	return 0;
}

static void expect_status(json_t *reply, const char *status)
{
	json_t *doc = api_rig_ok(reply);

	assert_string_equal(json_str(doc, "status", ""), status);
	json_decref(doc);
}

/* It is ended by other things than a PATCH: its row says when */
static json_t *wait_finished(const char *id)
{
	json_t *doc = NULL;

	do {
		json_decref(doc);
		doc = api_rig_ok(
			api_party_ask(&party, "recordings.get", id, NULL));
	} while (str_eq(json_str(doc, "status", ""), "recording"));

	return doc;
}

static size_t listed(const char *filter, const char *value)
{
	const struct api_ask ask = {
		.verb = "recordings.list",
		.query = filter ? json_pack("{s:s}", filter, value) : NULL,
	};
	json_t *page = api_rig_ok(api_rig_ask(&party.rig, &ask));
	const size_t n = json_array_size(json_object_get(page, "result"));

	json_decref(page);

	return n;
}

static void test_at_once(void **state)
{
	char *id = api_party_record(&party);

	expect_status(api_party_ask(&party, "recordings.get", id, NULL),
		      "recording");
	expect_status(api_party_patch(&party, id, "paused"), "paused");
	g_free(id);
}

static void test_life(void **state)
{
	char *id = api_party_record_stored(&party), *path;
	json_t *doc, *file;

	expect_status(api_party_ask(&party, "recordings.get", id, NULL),
		      "recording");
	api_party_speak(&party);
	expect_status(api_party_patch(&party, id, "paused"), "paused");
	api_party_expect(api_party_patch(&party, id, "paused"), "wrong_state");
	api_party_speak(&party); /* left out */
	expect_status(api_party_patch(&party, id, "recording"), "recording");
	api_party_expect(api_party_patch(&party, id, "recording"),
			 "wrong_state");
	api_party_expect(api_party_ask(&party, "recordings.media", id, NULL),
			 "wrong_state");
	api_party_expect(api_party_ask(&party, "recordings.delete", id, NULL),
			 "wrong_state");

	doc = api_rig_ok(api_party_patch(&party, id, "finished"));
	assert_string_equal(json_str(doc, "status", ""), "finished");
	assert_string_equal(json_str(doc, "reason", ""), "stopped");
	assert_string_equal(json_str(doc, "call_id", ""), party.leg.call_id);
	assert_int_equal(json_int(doc, "duration_ms", 0), 1000);

	file = api_rig_ok(api_party_ask(&party, "recordings.media", id, NULL));
	assert_string_equal(json_str(file, "content_type", ""), "audio/ogg");
	path = g_strconcat("recording-", id, ".ogg", NULL);
	assert_string_equal(json_str(file, "name", ""), path);
	g_free(path);
	path = g_build_filename(party.rig.dir, json_str(file, "path", ""),
				NULL);
	assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
	json_decref(file);
	json_decref(doc);

	api_party_expect(api_party_patch(&party, id, "finished"),
			 "wrong_state");
	api_party_expect(api_party_patch(&party, id, "paused"), "wrong_state");
	json_decref(api_rig_ok(
		api_party_ask(&party, "recordings.delete", id, NULL)));
	api_party_expect(api_party_ask(&party, "recordings.get", id, NULL),
			 "recording_not_found");
	api_party_expect(api_party_ask(&party, "recordings.media", id, NULL),
			 "recording_not_found");
	api_party_expect(api_party_patch(&party, id, "paused"),
			 "recording_not_found");
	while (g_file_test(path, G_FILE_TEST_EXISTS))
		g_usleep(1000);
	g_free(path);
	g_free(id);
}

static void test_the_call_ends(void **state)
{
	char *id = api_party_record_stored(&party);
	json_t *doc;

	api_party_speak(&party);
	api_party_hang_up(&party);
	doc = wait_finished(id);
	assert_string_equal(json_str(doc, "status", ""), "finished");
	assert_string_equal(json_str(doc, "reason", ""), "hangup");
	assert_int_equal(json_int(doc, "duration_ms", 0), 1000);
	json_decref(doc);
	assert_int_equal(api_rig_count(&party.rig,
				       "SELECT count(*) FROM event"
				       " WHERE type LIKE 'recording.%'"),
			 2);
	api_party_expect(api_party_patch(&party, id, "paused"), "wrong_state");
	g_free(id);
}

static char *path_of(const char *name)
{
	return g_build_filename(party.rig.dir, "recordings", name, NULL);
}

static void wait_folder(const char *want)
{
	char *got = api_rig_folder(&party.rig, "recordings");

	while (!str_eq(got, want)) {
		g_free(got);
		g_usleep(1000);
		got = api_rig_folder(&party.rig, "recordings");
	}
	g_free(got);
}

/* With its call goes all that was recorded of it */
static void test_the_call_is_erased(void **state)
{
	char *id = api_party_record_stored(&party),
	     *second = api_party_record_stored(&party),
	     *call_id = g_strdup(party.leg.call_id);
	json_t *call = NULL;

	api_party_speak(&party);
	api_party_expect(api_party_ask(&party, "calls.delete", call_id, NULL),
			 "wrong_state");
	api_party_hang_up(&party);
	json_decref(wait_finished(id));
	json_decref(wait_finished(second));
	do {
		json_decref(call);
		call = api_rig_ok(
			api_party_ask(&party, "calls.get", call_id, NULL));
	} while (!str_eq(json_str(call, "status", ""), "ended"));
	json_decref(call);
	json_decref(api_rig_ok(
		api_party_ask(&party, "calls.delete", call_id, NULL)));
	api_party_expect(api_party_ask(&party, "recordings.get", id, NULL),
			 "recording_not_found");
	assert_int_equal(listed(NULL, NULL), 0);
	wait_folder("");
	g_free(call_id);
	g_free(second);
	g_free(id);
}

/* What a crash left of deletions */
static void test_orphans_go_at_the_start(void **state)
{
	char *id = api_party_record_stored(&party), *name, *path;
	json_t *doc;

	doc = api_rig_ok(api_party_patch(&party, id, "finished"));
	json_decref(doc);
	path = path_of(SOME_ID ".wav");
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	g_free(path);
	path = path_of("not-ours.wav");
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	g_free(path);
	api_party_hang_up(&party);
	api_rig_restart(&party.rig);
	name = g_strconcat(id, ".ogg not-ours.wav", NULL);
	path = api_rig_folder(&party.rig, "recordings");
	assert_string_equal(path, name);
	g_free(path);
	g_free(name);
	g_free(id);
}

static void test_lists(void **state)
{
	char *first = api_party_record_stored(&party),
	     *second = api_party_record_stored(&party);

	json_decref(api_rig_ok(api_party_patch(&party, second, "finished")));
	assert_int_equal(listed(NULL, NULL), 2);
	assert_int_equal(listed("status", "finished"), 1);
	assert_int_equal(listed("status", "recording"), 1);
	assert_int_equal(listed("call_id", party.leg.call_id), 2);
	assert_int_equal(listed("call_id", SOME_ID), 0);
	assert_int_equal(listed("created_to", "2020-01-01T00:00:00Z"), 0);
	assert_int_equal(listed("created_from", "2020-01-01T00:00:00Z"), 2);
	assert_int_equal(listed("format", "wav"), 0);
	g_free(first);
	g_free(second);
}

static void test_others(void **state)
{
	static const char *const verbs[] = {
		"recordings.get", "recordings.media", "recordings.patch",
		"recordings.link", "recordings.delete"};
	char *id = api_party_record_stored(&party);
	json_t *other = api_rig_make(&party.rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(verbs); ++i) {
		struct api_ask ask = {
			.verb = verbs[i],
			.id = id,
			.account_id = json_str(other, "id", ""),
			.body = json_pack("{s:s}", "status", "finished"),
		};

		if (str_eq(verbs[i], "recordings.link"))
			json_object_clear(ask.body);
		if (!strstr(verbs[i], "patch") && !strstr(verbs[i], "link")) {
			json_decref(ask.body);
			ask.body = NULL;
		}
		api_party_expect(api_rig_ask(&party.rig, &ask),
				 "recording_not_found");
		ask.account_id = NULL;
		ask.scope = "calls:write";
		ask.body = NULL;
		api_party_expect(api_rig_ask(&party.rig, &ask), "forbidden");
	}
	expect_status(api_party_ask(&party, "recordings.get", id, NULL),
		      "recording");
	json_decref(other);
	g_free(id);
}

static void test_hostile_patches(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"status\":null}",
		"{\"status\":1}",
		"{\"status\":\"failed\"}",
		"{\"status\":\"\"}",
		"{\"status\":[\"paused\"]}",
		"{\"status\":\"paused\",\"format\":\"wav\"}",
		"{\"node_id\":\"x\",\"status\":\"finished\"}",
	};
	char *id = api_party_record_stored(&party);
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(bodies); ++i) {
		json_t *body = json_loads(bodies[i], 0, NULL);

		assert_non_null(body);
		api_party_expect(
			api_party_ask(&party, "recordings.patch", id, body),
			"invalid");
	}
	api_party_expect(api_party_patch(&party, "../../etc/passwd", "paused"),
			 "recording_not_found");
	api_party_expect(api_party_patch(&party, SOME_ID, "paused"),
			 "recording_not_found");
	api_party_expect(
		api_party_ask(&party, "recordings.media", "x/../y", NULL),
		"recording_not_found");
	expect_status(api_party_ask(&party, "recordings.get", id, NULL),
		      "recording");
	g_free(id);
}

#define WITH_CALL(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(test_at_once),
		WITH_CALL(test_life),
		WITH_CALL(test_the_call_ends),
		WITH_CALL(test_the_call_is_erased),
		WITH_CALL(test_orphans_go_at_the_start),
		WITH_CALL(test_lists),
		WITH_CALL(test_others),
		WITH_CALL(test_hostile_patches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
