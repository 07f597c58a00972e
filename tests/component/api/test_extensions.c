/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Domains, extensions, their passwords and device tokens */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/secret.h"
#include "common/str.h"
#include "host/db.h"
#include "store/store.h"
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

static json_t *make_domain(const char *name)
{
	return api_rig_make(&rig, "domains.create", NULL,
			    json_pack("{s:s}", "name", name));
}

static json_t *extension_body(const json_t *domain, const char *name)
{
	return json_pack("{s:s, s:s}", "domain_id", json_str(domain, "id", ""),
			 "extension", name);
}

static json_t *make_extension(const json_t *domain, const char *name)
{
	return api_rig_make(&rig, "extensions.create", NULL,
			    extension_body(domain, name));
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

static void test_life(void **state)
{
	json_t *domain = make_domain("acme.test"), *ext, *doc;

	assert_string_equal(json_str(domain, "status", ""), "active");
	ext = make_extension(domain, "1001");
	assert_int_equal(json_int(ext, "max_contacts", 0), 10);
	doc = api_rig_ok(ask("extensions.patch", ext,
			     json_pack("{s:s}", "name", "Ada")));
	assert_string_equal(json_str(doc, "name", ""), "Ada");
	assert_string_equal(json_str(doc, "extension", ""), "1001");
	json_decref(doc);

	assert_string_equal(api_rig_code(ask("domains.delete", domain, NULL)),
			    "in_use");
	json_decref(api_rig_ok(ask("extensions.delete", ext, NULL)));
	json_decref(api_rig_ok(ask("domains.delete", domain, NULL)));
	assert_string_equal(api_rig_code(ask("extensions.get", ext, NULL)),
			    "extension_not_found");
	assert_string_equal(api_rig_code(ask("domains.get", domain, NULL)),
			    "domain_not_found");
	json_decref(ext);
	json_decref(domain);
}

static void test_names_are_unique(void **state)
{
	json_t *domain = make_domain("one.test"), *other, *ext;

	assert_string_equal(
		api_rig_code(ask("domains.create", NULL,
				 json_pack("{s:s}", "name", "one.test"))),
		"already_exists");
	ext = make_extension(domain, "1001");
	assert_string_equal(api_rig_code(ask("extensions.create", NULL,
					     extension_body(domain, "1001"))),
			    "already_exists");
	/* in another domain it is another one */
	other = make_domain("two.test");
	json_decref(make_extension(other, "1001"));
	json_decref(other);
	json_decref(ext);
	json_decref(domain);
}

static void test_wrong_input(void **state)
{
	static const char *const names[] = {"Acme.test", "a b", "-a.test",
					    "a..b", ""};
	json_t *domain = make_domain("three.test"), *body;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(names); ++i)
		assert_string_equal(
			api_rig_code(ask("domains.create", NULL,
					 json_pack("{s:s}", "name", names[i]))),
			"invalid");

	body = extension_body(domain, "10 01");
	assert_string_equal(api_rig_code(ask("extensions.create", NULL, body)),
			    "invalid");
	body = extension_body(domain, "1001");
	json_set_str(body, "domain_id", "01890000-0000-7000-8000-000000000000");
	assert_string_equal(api_rig_code(ask("extensions.create", NULL, body)),
			    "invalid");
	body = extension_body(domain, "1001");
	json_set_str(body, "password", "short");
	assert_string_equal(api_rig_code(ask("extensions.create", NULL, body)),
			    "invalid");
	body = extension_body(domain, "1001");
	json_set_str(body, "outgoing_flow_id",
		     "01890000-0000-7000-8000-000000000000");
	assert_string_equal(api_rig_code(ask("extensions.create", NULL, body)),
			    "invalid");
	json_decref(domain);
}

static bool keep_text(void *arg, const struct db_row *row)
{
	*(char **)arg = g_strdup(db_text(row, 0));

	return false;
}

static char *stored(const char *id)
{
	const struct db_value params[] = {DB_S(id)};
	char *text = NULL;

	assert_int_equal(db_read(store_db(rig.store),
				 "SELECT doc FROM extension WHERE id = ?1",
				 params, 1, keep_text, &text),
			 0);
	assert_non_null(text);

	return text;
}

static void test_a_password_becomes_its_digest(void **state)
{
	json_t *domain = make_domain("four.test"), *body, *ext, *doc;
	char *text, *context, *plain = NULL;
	char md5[SECRET_MD5_HEX];
	const char *sealed, *id;

	body = extension_body(domain, "1001");
	json_set_str(body, "password", "open sesame");
	ext = api_rig_ok(ask("extensions.create", NULL, body));
	assert_null(json_object_get(ext, "password"));
	id = json_str(ext, "id", "");

	text = stored(id);
	assert_null(strstr(text, "open sesame"));
	doc = json_loads(text, 0, NULL);
	sealed = json_str(json_object_get(doc, "_sealed"), "password", "");
	context = g_strdup_printf("extension.password:%s", id);
	assert_int_equal(secret_open(rig.key, context, sealed, &plain), 0);
	secret_md5_hex(md5, "1001:four.test:open sesame",
		       strlen("1001:four.test:open sesame"));
	assert_non_null(strstr(plain, md5));
	assert_non_null(strstr(plain, "sha256"));
	json_decref(doc);
	g_free(plain);
	g_free(text);

	/* a patch of something else keeps it */
	json_decref(api_rig_ok(
		ask("extensions.patch", ext, json_pack("{s:s}", "name", "x"))));
	text = stored(id);
	assert_non_null(strstr(text, "_sealed"));
	g_free(text);
	g_free(context);
	json_decref(ext);
	json_decref(domain);
}

static void test_device_tokens(void **state)
{
	json_t *domain = make_domain("five.test");
	json_t *ext = make_extension(domain, "1001"), *doc, *reply;
	const char *token;
	char *text;

	doc = api_rig_ok(ask("extensions.device_token", ext,
			     json_pack("{s:i}", "expires_s", 600)));
	token = json_str(doc, "token", "");
	assert_true(str_starts(token, "bfd_"));
	assert_non_null(json_str(doc, "expires_at", NULL));
	assert_int_equal(
		api_rig_count(&rig, "SELECT count(*) FROM device_token"), 1);
	text = stored(json_str(ext, "id", ""));
	assert_null(strstr(text, token));
	g_free(text);
	json_decref(doc);

	/* without a body */
	json_decref(api_rig_ok(ask("extensions.device_token", ext, NULL)));
	assert_string_equal(
		api_rig_code(ask("extensions.device_token", ext,
				 json_pack("{s:i}", "expires_s", 1))),
		"invalid");
	assert_string_equal(
		api_rig_code(ask("extensions.device_token", domain, NULL)),
		"extension_not_found");

	/* they go with their extension */
	reply = ask("extensions.delete", ext, NULL);
	json_decref(api_rig_ok(reply));
	assert_int_equal(
		api_rig_count(&rig, "SELECT count(*) FROM device_token"), 0);
	json_decref(ext);
	json_decref(domain);
}

static void test_a_flow_in_use(void **state)
{
	json_t *flow, *domain, *doc;

	flow = api_rig_make(&rig, "flows.create", NULL,
			    json_pack("{s:s, s:[{s:s}]}", "name", "x",
				      "actions", "type", "answer"));
	domain = make_domain("six.test");
	doc = api_rig_ok(ask("domains.patch", domain,
			     json_pack("{s:s}", "outgoing_flow_id",
				       json_str(flow, "id", ""))));
	json_decref(doc);
	assert_string_equal(api_rig_code(ask("flows.delete", flow, NULL)),
			    "in_use");
	json_decref(domain);
	json_decref(flow);
}

static void test_accounts_are_apart(void **state)
{
	json_t *account, *domain = make_domain("seven.test"), *body;
	struct api_ask a = {.verb = "domains.get", .scope = "admin"};

	account = api_rig_make(&rig, "accounts.create", NULL,
			       json_pack("{s:s}", "name", "other"));
	a.account_id = json_str(account, "id", "");
	a.id = json_str(domain, "id", "");
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &a)),
			    "domain_not_found");
	body = extension_body(domain, "1001");
	a.verb = "extensions.create";
	a.id = NULL;
	a.body = body;
	assert_string_equal(api_rig_code(api_rig_ask(&rig, &a)), "invalid");

	/* another account's domain waits for the platform */
	a.verb = "domains.create";
	a.body = json_pack("{s:s}", "name", "eight.test");
	body = api_rig_ok(api_rig_ask(&rig, &a));
	assert_string_equal(json_str(body, "status", ""), "pending");
	json_decref(body);
	json_decref(account);
	json_decref(domain);
}

static void test_config(void **state)
{
	const struct api_ask a = {.verb = "webrtc.config",
				  .scope = "calls:read"};
	json_t *doc = api_rig_ok(api_rig_ask(&rig, &a));

	assert_true(json_is_array(json_object_get(doc, "ice_servers")));
	json_decref(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_names_are_unique),
		cmocka_unit_test(test_wrong_input),
		cmocka_unit_test(test_a_password_becomes_its_digest),
		cmocka_unit_test(test_device_tokens),
		cmocka_unit_test(test_a_flow_in_use),
		cmocka_unit_test(test_accounts_are_apart),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
