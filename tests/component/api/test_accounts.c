/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Accounts and access keys: whose they are, what they may */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "support/api_rig.h"

static struct api_rig rig;

static int setup(void **state)
{
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

static json_t *flow_body(const char *name)
{
	return json_pack("{s:s, s:[{s:s}]}", "name", name, "actions", "type",
			 "answer");
}

static char *id_of(const json_t *doc)
{
	return g_strdup(json_str(doc, "id", ""));
}

static char *make_flow(const char *account_id)
{
	json_t *flow =
		api_rig_make(&rig, "flows.create", account_id, flow_body("x"));
	char *id = id_of(flow);

	json_decref(flow);

	return id;
}

static json_t *ask(const char *verb, const char *id, json_t *body)
{
	const struct api_ask a = {.verb = verb, .id = id, .body = body};

	return api_rig_ask(&rig, &a);
}

static json_t *ask_as(const char *account, const char *scope, const char *verb,
		      const char *id, json_t *body)
{
	const struct api_ask a = {
		.verb = verb,
		.id = id,
		.body = body,
		.account_id = account,
		.scope = scope,
	};

	return api_rig_ask(&rig, &a);
}

/** Another account. @return Its id */
static char *make_account(bool auto_approve)
{
	json_t *account = api_rig_make(&rig, "accounts.create", NULL,
				       json_pack("{s:s, s:s, s:b}", "name",
						 "other", "country", "DK",
						 "auto_approve", auto_approve));
	char *id = id_of(account);

	json_decref(account);

	return id;
}

static void test_account_of_a_customer(void **state)
{
	json_t *account = api_rig_make(&rig, "accounts.create", NULL,
				       json_pack("{s:s}", "name", "acme"));
	json_t *key = json_object_get(account, "access_key"), *doc;
	char *id = id_of(account);

	assert_true(g_str_has_prefix(json_str(key, "value", ""), "bfk_"));
	assert_true(g_str_has_prefix(json_str(account, "signing_secret", ""),
				     "whsec_"));
	json_decref(account);

	doc = api_rig_ok(ask("accounts.get", id, NULL));
	assert_null(json_object_get(doc, "access_key"));
	assert_null(json_object_get(doc, "signing_secret"));
	assert_null(json_object_get(doc, "_sealed"));
	json_decref(doc);

	doc = api_rig_ok(ask_as(id, "accounts:write", "accounts.patch", id,
				json_pack("{s:s, s:s}", "country", "SE",
					  "timezone", "Europe/Stockholm")));
	assert_string_equal(json_str(doc, "country", ""), "SE");
	json_decref(doc);

	assert_string_equal(
		api_rig_code(ask_as(id, "accounts:write", "accounts.patch", id,
				    json_pack("{s:i}", "max_calls", 5))),
		"invalid");
	assert_string_equal(
		api_rig_code(ask_as(id, "admin", "accounts.list", NULL, NULL)),
		"forbidden");
	assert_string_equal(api_rig_code(ask("accounts.patch", id,
					     json_pack("{s:s}", "timezone",
						       "../../etc/passwd"))),
			    "invalid");
	g_free(id);
}

#define RECORDING_ID "01900000-0000-7000-8000-000000000001"

static void wait_gone(const char *path)
{
	while (g_file_test(path, G_FILE_TEST_EXISTS))
		g_usleep(1000);
}

/* What was recorded of its calls goes too, file and all */
static void test_recordings_go_with_their_account(void **state)
{
	char *other = make_account(false), *dir, *path;
	const struct db_value row[] = {DB_S(RECORDING_ID), DB_S(other)};

	dir = g_build_filename(rig.dir, "recordings", NULL);
	path = g_build_filename(dir, RECORDING_ID ".ogg", NULL);
	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	api_rig_write(&rig,
		      "INSERT INTO recording (id, account_id, status, format,"
		      " node_id, sequence, created_at, doc) VALUES (?1, ?2,"
		      " 'recording', 'ogg', 'n', 1, 1, '{}')",
		      row, 2);
	assert_string_equal(api_rig_code(ask("accounts.delete", other, NULL)),
			    "in_use");
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
	api_rig_write(&rig,
		      "UPDATE recording SET status = 'finished' WHERE id = ?1",
		      row, 1);
	json_decref(api_rig_ok(ask("accounts.delete", other, NULL)));
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM recording"),
			 0);
	wait_gone(path);
	g_free(path);
	g_free(dir);
	g_free(other);
}

static void test_account_with_resources_is_kept(void **state)
{
	char *other = make_account(false), *flow = make_flow(other);

	assert_string_equal(api_rig_code(ask("accounts.delete", other, NULL)),
			    "in_use");
	json_decref(
		api_rig_ok(ask_as(other, NULL, "flows.delete", flow, NULL)));
	json_decref(api_rig_ok(ask("accounts.delete", other, NULL)));
	assert_string_equal(api_rig_code(ask("accounts.get", other, NULL)),
			    "account_not_found");
	assert_string_equal(
		api_rig_code(ask("accounts.delete", rig.account_id, NULL)),
		"in_use");
	assert_string_equal(api_rig_code(ask_as(other, "admin", "flows.create",
						NULL, flow_body("late"))),
			    "account_not_found");
	g_free(other);
	g_free(flow);
}

static void test_keys(void **state)
{
	json_t *key = api_rig_make(&rig, "access_keys.create", NULL,
				   json_pack("{s:s, s:[s]}", "name", "reader",
					     "scopes", "flows:read"));
	char *id = id_of(key), *pointers;
	json_t *doc;

	assert_true(g_str_has_prefix(json_str(key, "value", ""), "bfk_"));
	json_decref(key);

	doc = api_rig_ok(ask("access_keys.get", id, NULL));
	assert_null(json_object_get(doc, "value"));
	json_decref(doc);

	doc = api_rig_ok(ask("access_keys.patch", id,
			     json_pack("{s:[s,s], s:s}", "scopes", "calls:read",
				       "flows:read", "expires_at",
				       "2031-01-01T00:00:00.000Z")));
	assert_int_equal(json_array_size(json_object_get(doc, "scopes")), 2);
	json_decref(doc);
	assert_int_equal(api_rig_count(&rig,
				       "SELECT count(*) FROM access_key"
				       " WHERE scopes = 'calls:read flows:read'"
				       " AND expires_at = 1924992000000"),
			 1);

	pointers = api_rig_pointers(
		ask_as(NULL, "admin", "access_keys.create", NULL,
		       json_pack("{s:s, s:[s, s]}", "name", "x", "scopes",
				 "flows:read", "platform")));
	assert_string_equal(pointers, "/scopes/1");
	g_free(pointers);

	json_decref(api_rig_ok(ask("access_keys.delete", id, NULL)));
	assert_string_equal(api_rig_code(ask("access_keys.get", id, NULL)),
			    "access_key_not_found");
	g_free(id);
}

/** The id of the key that the rig began with */
static char *first_key(void)
{
	const struct api_ask list = {.verb = "access_keys.list"};
	json_t *keys = api_rig_ok(api_rig_ask(&rig, &list)), *item;
	char *id = NULL;
	size_t i;

	json_array_foreach(json_object_get(keys, "result"), i, item)
	{
		if (g_str_has_prefix(API_RIG_KEY, json_str(item, "hint", "?")))
			id = id_of(item);
	}
	json_decref(keys);

	return id;
}

static void test_last_platform_key_stays(void **state)
{
	char *id = first_key();
	json_t *more;

	assert_non_null(id);

	assert_string_equal(api_rig_code(ask("access_keys.delete", id, NULL)),
			    "conflict");
	assert_string_equal(
		api_rig_code(ask("access_keys.patch", id,
				 json_pack("{s:[s]}", "scopes", "admin"))),
		"conflict");
	assert_string_equal(
		api_rig_code(ask("access_keys.patch", id,
				 json_pack("{s:s}", "expires_at",
					   "2099-01-01T00:00:00.000Z"))),
		"conflict");
	assert_string_equal(
		api_rig_code(
			ask_as(NULL, "admin", "access_keys.delete", id, NULL)),
		"forbidden");

	more = api_rig_make(&rig, "access_keys.create", NULL,
			    json_pack("{s:s, s:[s]}", "name", "spare", "scopes",
				      "platform"));
	json_decref(api_rig_ok(ask(
		"access_keys.patch", id,
		json_pack("{s:s}", "expires_at", "2099-01-01T00:00:00.000Z"))));
	json_decref(api_rig_ok(
		ask("access_keys.patch", id, json_pack("{s:s}", "name", "x"))));
	json_decref(api_rig_ok(ask("access_keys.delete", id, NULL)));
	assert_string_equal(api_rig_code(ask("access_keys.delete",
					     json_str(more, "id", ""), NULL)),
			    "conflict");
	json_decref(more);
	g_free(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_account_of_a_customer),
		cmocka_unit_test(test_account_with_resources_is_kept),
		cmocka_unit_test(test_recordings_go_with_their_account),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_last_platform_key_stays),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
