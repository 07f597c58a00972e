/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Endpoints: their life, their secrets, the limit, the test event */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/secret.h"
#include "common/str.h"
#include "support/api_rig.h"

#define UNKNOWN "01900000-0000-7000-8000-000000000000"

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

static json_t *ask(const char *verb, const json_t *doc, json_t *body)
{
	const struct api_ask a = {
		.verb = verb,
		.id = json_str(doc, "id", NULL),
		.body = body,
	};

	return api_rig_ask(&rig, &a);
}

static json_t *make(void)
{
	return api_rig_make(
		&rig, "webhooks.create", NULL,
		json_pack("{s:s}", "url", "https://sink.test/events"));
}

static char *generation(void)
{
	return api_rig_text(&rig,
			    "SELECT value FROM meta"
			    " WHERE key = 'webhook_generation'",
			    NULL);
}

static json_t *stored(const json_t *doc)
{
	char *text = api_rig_text(&rig, "SELECT doc FROM webhook WHERE id = ?1",
				  json_str(doc, "id", ""));
	json_t *out = json_loads(text ? text : "", 0, NULL);

	assert_non_null(out);
	g_free(text);

	return out;
}

/** What is sealed under this name; g_free() it */
static char *sealed(const json_t *doc, const char *name)
{
	json_t *all = stored(doc);
	const char *text = json_str(json_object_get(all, "_sealed"), name, "");
	char *context =
		g_strdup_printf("webhook.%s:%s", name, json_str(doc, "id", ""));
	char *plain = NULL;

	(void)secret_open(rig.key, context, text, &plain);
	g_free(context);
	json_decref(all);

	return plain;
}

static void expect_sealed(const json_t *doc, const char *name, const char *want)
{
	char *got = sealed(doc, name);

	if (want)
		assert_string_equal(got ? got : "", want);
	else
		assert_null(got);
	g_free(got);
}

static void test_life(void **state)
{
	json_t *doc = make(), *again, *secret;

	assert_true(json_flag(doc, "enabled", false));
	assert_true(json_is_null(json_object_get(doc, "events")));
	assert_true(json_is_null(json_object_get(doc, "disabled_reason")));
	assert_true(json_is_null(json_object_get(doc, "call_id")));

	/* all but the secret is what a GET shows */
	again = api_rig_ok(ask("webhooks.get", doc, NULL));
	assert_null(json_object_get(again, "secret"));
	secret = json_incref(json_object_get(doc, "secret"));
	json_object_del(doc, "secret");
	assert_true(json_equal(doc, again));
	json_decref(again);

	again = api_rig_ok(
		ask("webhooks.patch", doc,
		    json_pack("{s:[s,s], s:b, s:s}", "events", "call.*",
			      "flow.error", "enabled", 0, "description", "x")));
	assert_int_equal(json_array_size(json_object_get(again, "events")), 2);
	assert_false(json_flag(again, "enabled", true));
	assert_null(json_object_get(again, "secret"));
	json_decref(again);
	assert_int_equal(api_rig_count(&rig,
				       "SELECT count(*) FROM webhook WHERE"
				       " enabled = 0"),
			 1);
	/* a patch of something else keeps it */
	expect_sealed(doc, "secret", json_string_value(secret));

	json_decref(api_rig_ok(ask("webhooks.delete", doc, NULL)));
	assert_string_equal(api_rig_code(ask("webhooks.get", doc, NULL)),
			    "webhook_not_found");
	json_decref(secret);
	json_decref(doc);
}

static void test_wrong_input(void **state)
{
	static const struct {
		const char *name, *value; /* JSON text */
	} wrong[] = {
		{"url", "\"ftp://sink.test/\""},
		{"url", "\"https://user:secret@sink.test/\""},
		{"url", "\"https://sink.test/a b\""},
		{"url", "\"//sink.test/\""},
		{"url", "null"},
		{"events", "[]"},
		{"events", "[\"call.nothing\"]"},
		{"events", "[\"c*\"]"},
		{"events", "\"*\""},
		{"events", "[\"call.*\", \"\"]"},
		{"secret", "\"whsec_\""},
		{"secret", "\"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\""},
		{"secret", "\"whsec_not base64, but long enough it is\""},
		{"secret", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""},
		{"enabled", "1"},
		{"disabled_reason", "\"x\""},
		{"previous_until", "null"},
		{"color", "\"red\""},
	};
	char *pointers, *want;
	json_t *body;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i) {
		body = json_pack("{s:s}", "url", "https://sink.test/");
		json_object_set_new(
			body, wrong[i].name,
			json_loads(wrong[i].value, JSON_DECODE_ANY, NULL));
		pointers = api_rig_pointers(ask("webhooks.create", NULL, body));
		want = g_strconcat("/", wrong[i].name, NULL);
		if (!str_starts(pointers, want))
			print_error("%s: \"%s\"\n", wrong[i].value, pointers);
		assert_true(str_starts(pointers, want));
		g_free(want);
		g_free(pointers);
	}

	body = json_pack("{s:o}", "url", json_string(""));
	pointers = g_strnfill(2100, 'x');
	want = g_strconcat("https://sink.test/", pointers, NULL);
	json_set_str(body, "url", want);
	g_free(pointers);
	g_free(want);
	assert_string_equal(api_rig_code(ask("webhooks.create", NULL, body)),
			    "invalid");
}

static void test_a_secret_of_ones_own(void **state)
{
	static const char own[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
	json_t *doc, *all;

	doc = api_rig_make(&rig, "webhooks.create", NULL,
			   json_pack("{s:s, s:s}", "url", "http://127.0.0.1:9/",
				     "secret", own));
	assert_string_equal(json_str(doc, "secret", ""), own);
	expect_sealed(doc, "secret", own);
	all = stored(doc);
	assert_null(json_object_get(all, "secret"));
	json_decref(all);
	assert_string_equal(
		api_rig_code(ask("webhooks.patch", doc,
				 json_pack("{s:s}", "secret", own))),
		"invalid");
	json_decref(doc);
}

/** @param overlap_s  -1: the default */
static json_t *rotate(const json_t *doc, int overlap_s)
{
	json_t *body = overlap_s < 0
			       ? NULL
			       : json_pack("{s:i}", "overlap_s", overlap_s);

	return api_rig_ok(ask("webhooks.rotate_secret", doc, body));
}

static void test_rotation_keeps_the_old_secret_for_a_while(void **state)
{
	json_t *doc = make(), *second, *third, *got;
	const char *first = json_str(doc, "secret", "");
	int64_t until = 0;

	second = rotate(doc, 600);
	assert_true(str_starts(json_str(second, "secret", ""), "whsec_"));
	assert_string_not_equal(json_str(second, "secret", ""), first);
	expect_sealed(doc, "secret", json_str(second, "secret", ""));
	expect_sealed(doc, "previous_secret", first);
	assert_int_equal(
		clock_parse_rfc3339(json_str(second, "previous_until", ""),
				    &until),
		0);
	assert_true(until > clock_wall_ms(clock_system()) + 500 * 1000);

	/* the one before the last is forgotten */
	third = rotate(doc, -1);
	expect_sealed(doc, "previous_secret", json_str(second, "secret", ""));
	json_decref(third);

	/* without an overlap there is one only */
	third = rotate(doc, 0);
	expect_sealed(doc, "secret", json_str(third, "secret", ""));
	expect_sealed(doc, "previous_secret", NULL);
	assert_true(json_is_null(json_object_get(third, "previous_until")));

	got = api_rig_ok(ask("webhooks.get", doc, NULL));
	assert_null(json_object_get(got, "secret"));
	assert_null(json_object_get(got, "_sealed"));
	json_decref(got);
	json_decref(third);
	json_decref(second);
	json_decref(doc);
}

static void test_rotation_to_a_given_secret(void **state)
{
	static const char own[] = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
	json_t *doc = make(), *got;

	got = api_rig_ok(ask("webhooks.rotate_secret", doc,
			     json_pack("{s:s}", "secret", own)));
	assert_string_equal(json_str(got, "secret", ""), own);
	expect_sealed(doc, "secret", own);
	assert_string_equal(
		api_rig_code(ask("webhooks.rotate_secret", doc,
				 json_pack("{s:s}", "secret", "whsec_x"))),
		"invalid");
	assert_string_equal(
		api_rig_code(ask("webhooks.rotate_secret", doc,
				 json_pack("{s:i}", "overlap_s", -1))),
		"invalid");
	json_decref(got);
	json_decref(doc);
}

/** The webhook module learns of a change by it */
static void test_each_change_makes_a_generation(void **state)
{
	char *gen[6];
	json_t *doc;
	size_t i, k;

	doc = make();
	gen[0] = generation();
	json_decref(api_rig_ok(
		ask("webhooks.patch", doc, json_pack("{s:b}", "enabled", 0))));
	gen[1] = generation();
	json_decref(rotate(doc, -1));
	gen[2] = generation();
	json_decref(api_rig_ok(ask("webhooks.delete", doc, NULL)));
	gen[3] = generation();
	/* what is refused changes nothing */
	assert_string_equal(api_rig_code(ask("webhooks.delete", doc, NULL)),
			    "webhook_not_found");
	gen[4] = generation();
	assert_string_equal(gen[3], gen[4]);
	g_free(gen[4]);

	for (i = 0; i < 4; ++i) {
		assert_true(id_is_valid(gen[i]));
		for (k = 0; k < i; ++k)
			assert_string_not_equal(gen[i], gen[k]);
	}
	for (i = 0; i < 4; ++i)
		g_free(gen[i]);
	json_decref(doc);
}

/** As the webhook module writes it: behind the API's back */
static void disable(const json_t *doc)
{
	static const char sql[] =
		"UPDATE webhook SET enabled = 0, doc = ?2 WHERE id = ?1";
	json_t *all = stored(doc);
	struct db_value params[2];
	char *text;

	json_object_set_new(all, "enabled", json_false());
	json_set_str(all, "disabled_reason", "gone");
	json_set_time(all, "disabled_at", 1000);
	text = json_text(all);
	params[0] = DB_S(json_str(doc, "id", ""));
	params[1] = DB_S(text);
	api_rig_write(&rig, sql, params, 2);
	free(text);
	json_decref(all);
}

static void test_a_disabled_one_is_enabled_again(void **state)
{
	json_t *doc = make(), *got;

	disable(doc);
	got = api_rig_ok(ask("webhooks.patch", doc,
			     json_pack("{s:s}", "description", "x")));
	assert_false(json_flag(got, "enabled", true));
	assert_string_equal(json_str(got, "disabled_reason", ""), "gone");
	assert_string_equal(json_str(got, "disabled_at", ""),
			    "1970-01-01T00:00:01.000Z");
	json_decref(got);
	assert_string_equal(api_rig_code(ask("webhooks.test", doc, NULL)),
			    "wrong_state");

	got = api_rig_ok(
		ask("webhooks.patch", doc, json_pack("{s:b}", "enabled", 1)));
	assert_true(json_is_null(json_object_get(got, "disabled_reason")));
	assert_true(json_is_null(json_object_get(got, "disabled_at")));
	json_decref(got);
	json_decref(doc);
}

static json_t *test_event(const json_t *doc)
{
	json_t *reply = api_rig_ok(ask("webhooks.test", doc, NULL)), *event;
	char *text = api_rig_text(&rig, "SELECT doc FROM event WHERE id = ?1",
				  json_str(reply, "event_id", ""));

	assert_non_null(text);
	event = json_loads(text, 0, NULL);
	g_free(text);
	json_decref(reply);

	return event;
}

static void test_the_test_event(void **state)
{
	json_t *doc = make(), *event, *data;
	char *text;

	event = test_event(doc);
	assert_string_equal(json_str(event, "type", ""), "webhook.test");
	assert_int_equal(json_int(event, "sequence", 0), 1);
	assert_string_equal(json_str(event, "account_id", ""), rig.account_id);
	data = json_object_get(event, "data");
	assert_string_equal(json_str(data, "id", ""), json_str(doc, "id", "?"));
	assert_null(json_object_get(data, "_sealed"));
	assert_null(json_object_get(data, "secret"));
	text = api_rig_text(&rig, "SELECT resource_id FROM event WHERE id = ?1",
			    json_str(event, "id", ""));
	assert_string_equal(text, json_str(doc, "id", ""));
	g_free(text);
	json_decref(event);

	event = test_event(doc);
	assert_int_equal(json_int(event, "sequence", 0), 2);
	json_decref(event);
	json_decref(doc);
}

static void test_a_retry_gets_the_same_secret(void **state)
{
	struct api_ask a = {.verb = "webhooks.create", .idem_key = "once"};
	json_t *one, *two;
	char *kept;

	a.body = json_pack("{s:s}", "url", "https://sink.test/once");
	one = api_rig_ok(api_rig_ask(&rig, &a));
	kept = api_rig_text(&rig,
			    "SELECT answer FROM idempotency WHERE key = 'once'",
			    NULL);
	assert_null(strstr(kept, json_str(one, "secret", "?")));
	g_free(kept);
	a.body = json_pack("{s:s}", "url", "https://sink.test/once");
	two = api_rig_ok(api_rig_ask(&rig, &a));
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);
}

/** As call/ makes it */
static void add_for_call(const char *id, const char *call_id)
{
	static const char sql[] =
		"INSERT INTO webhook (id, account_id, call_id, enabled,"
		" created_at, doc) VALUES (?1, ?2, ?3, 1, 1,"
		" '{\"id\":\"x\",\"enabled\":true}')";
	const struct db_value params[] = {DB_S(id), DB_S(rig.account_id),
					  DB_S(call_id)};

	api_rig_write(&rig, sql, params, 3);
}

static size_t listed(json_t *query)
{
	const struct api_ask a = {.verb = "webhooks.list", .query = query};
	json_t *ok = api_rig_ok(api_rig_ask(&rig, &a));
	const size_t n = json_array_size(json_object_get(ok, "result"));
	char *text = json_dumps(ok, 0);

	assert_null(strstr(text, "whsec_"));
	assert_null(strstr(text, "_sealed"));
	free(text);
	json_decref(ok);

	return n;
}

static void test_those_of_calls_are_apart(void **state)
{
	const char *id = "01900000-0000-7000-8000-00000000000a";
	json_t *doc, *of_call = json_pack("{s:s}", "id", id);
	const size_t before = listed(NULL);

	add_for_call(id, UNKNOWN);
	doc = make();
	assert_int_equal(listed(NULL), before + 1);
	assert_int_equal(listed(json_pack("{s:s}", "call_id", UNKNOWN)), 1);
	assert_int_equal(listed(json_pack("{s:s}", "call_id", id)), 0);

	json_decref(api_rig_ok(ask("webhooks.get", of_call, NULL)));
	assert_string_equal(api_rig_code(ask("webhooks.patch", of_call,
					     json_pack("{s:b}", "enabled", 0))),
			    "webhook_not_found");
	assert_string_equal(api_rig_code(ask("webhooks.delete", of_call, NULL)),
			    "webhook_not_found");
	assert_string_equal(
		api_rig_code(ask("webhooks.rotate_secret", of_call, NULL)),
		"webhook_not_found");
	assert_string_equal(api_rig_code(ask("webhooks.test", of_call, NULL)),
			    "webhook_not_found");
	json_decref(of_call);
	json_decref(doc);
}

static void test_accounts_are_apart(void **state)
{
	static const char *const verbs[] = {
		"webhooks.get",           "webhooks.patch", "webhooks.delete",
		"webhooks.rotate_secret", "webhooks.test",  "webhooks.replay",
		"deliveries.list",        "deliveries.get", "deliveries.replay",
	};
	json_t *account, *doc = make();
	struct api_ask a = {.scope = "admin", .delivery_id = UNKNOWN};
	size_t i;

	account = api_rig_make(&rig, "accounts.create", NULL,
			       json_pack("{s:s}", "name", "other"));
	a.account_id = json_str(account, "id", "");
	a.id = json_str(doc, "id", "");
	for (i = 0; i < G_N_ELEMENTS(verbs); ++i) {
		a.verb = verbs[i];
		a.body = str_eq(a.verb, "webhooks.patch") ||
					 str_eq(a.verb, "webhooks.replay")
				 ? json_object()
				 : NULL;
		assert_string_equal(api_rig_code(api_rig_ask(&rig, &a)),
				    "webhook_not_found");
	}
	json_decref(account);
	json_decref(doc);
}

static void test_an_account_takes_its_own_along(void **state)
{
	json_t *account, *doc;
	char *before, *after;

	account = api_rig_make(&rig, "accounts.create", NULL,
			       json_pack("{s:s}", "name", "leaves"));
	doc = api_rig_make(&rig, "webhooks.create", json_str(account, "id", ""),
			   json_pack("{s:s}", "url", "https://sink.test/"));
	before = generation();
	json_decref(api_rig_ok(ask("accounts.delete", account, NULL)));
	after = generation();
	assert_string_not_equal(before, after);
	assert_null(api_rig_text(&rig, "SELECT id FROM webhook WHERE id = ?1",
				 json_str(doc, "id", "")));
	g_free(before);
	g_free(after);
	json_decref(doc);
	json_decref(account);
}

static void test_there_is_a_limit(void **state)
{
	json_t *account = api_rig_make(&rig, "accounts.create", NULL,
				       json_pack("{s:s}", "name", "many"));
	struct api_ask a = {
		.verb = "webhooks.create",
		.account_id = json_str(account, "id", ""),
	};
	int i;

	for (i = 0; i < 100; ++i)
		json_decref(api_rig_make(
			&rig, a.verb, a.account_id,
			json_pack("{s:s}", "url", "https://sink.test/")));
	a.body = json_pack("{s:s}", "url", "https://sink.test/");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &a)),
			    "webhook_limit");
	json_decref(account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_wrong_input),
		cmocka_unit_test(test_a_secret_of_ones_own),
		cmocka_unit_test(
			test_rotation_keeps_the_old_secret_for_a_while),
		cmocka_unit_test(test_rotation_to_a_given_secret),
		cmocka_unit_test(test_each_change_makes_a_generation),
		cmocka_unit_test(test_a_disabled_one_is_enabled_again),
		cmocka_unit_test(test_the_test_event),
		cmocka_unit_test(test_a_retry_gets_the_same_secret),
		cmocka_unit_test(test_those_of_calls_are_apart),
		cmocka_unit_test(test_accounts_are_apart),
		cmocka_unit_test(test_an_account_takes_its_own_along),
		cmocka_unit_test(test_there_is_a_limit),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
