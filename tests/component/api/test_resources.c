/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Create, get, patch, delete: of every resource, on a real store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "support/api_rig.h"

#define UNKNOWN "01900000-0000-7000-8000-000000000000"

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

static void test_flow_lives(void **state)
{
	json_t *doc, *again;
	char *id;

	doc = api_rig_make(&rig, "flows.create", NULL, flow_body("one"));
	id = id_of(doc);
	assert_true(id_is_valid(id));
	assert_string_equal(json_str(doc, "account_id", ""), rig.account_id);
	assert_string_equal(json_str(doc, "description", "?"), "");
	assert_non_null(json_str(doc, "created_at", NULL));

	again = api_rig_ok(ask("flows.get", id, NULL));
	assert_true(json_equal(doc, again));
	json_decref(again);

	again = api_rig_ok(
		ask("flows.patch", id, json_pack("{s:s}", "name", "two")));
	assert_string_equal(json_str(again, "name", ""), "two");
	assert_string_equal(json_str(again, "created_at", ""),
			    json_str(doc, "created_at", "?"));
	assert_true(json_equal(json_object_get(again, "actions"),
			       json_object_get(doc, "actions")));
	json_decref(again);

	json_decref(api_rig_ok(ask("flows.delete", id, NULL)));
	assert_string_equal(api_rig_code(ask("flows.get", id, NULL)),
			    "flow_not_found");
	assert_string_equal(api_rig_code(ask("flows.delete", id, NULL)),
			    "flow_not_found");
	json_decref(doc);
	g_free(id);
}

static void test_create_names_its_location(void **state)
{
	json_t *reply = ask("flows.create", NULL, flow_body("x"));
	char *want = g_strconcat(
		"/v1/flows/", json_str(json_object_get(reply, "ok"), "id", ""),
		NULL);

	assert_string_equal(json_str(reply, "location", ""), want);
	g_free(want);
	json_decref(reply);
}

static void test_flow_faults_are_all_listed(void **state)
{
	char *pointers = api_rig_pointers(ask(
		"flows.create", NULL,
		json_pack("{s:i, s:s, s:[{s:s},{s:s, s:{s:s}}]}", "name", 5,
			  "color", "red", "actions", "type", "dance", "type",
			  "sleep", "option", "duration_ms", "soon")));

	assert_non_null(strstr(pointers, "/actions/0/type"));
	assert_non_null(strstr(pointers, "/actions/1/option/duration_ms"));
	assert_non_null(strstr(pointers, "/name"));
	assert_non_null(strstr(pointers, "/color"));
	g_free(pointers);

	assert_string_equal(
		api_rig_code(ask("flows.create", NULL,
				 json_pack("{s:s, s:[{s:s}]}", "name", "x",
					   "actions", "type", "dance"))),
		"flow_invalid");
	assert_string_equal(api_rig_code(ask("flows.create", NULL,
					     json_pack("{s:s, s:{}}", "name",
						       "x", "actions"))),
			    "invalid");
}

static void test_flow_patch_is_checked(void **state)
{
	char *id = make_flow(NULL);

	assert_string_equal(api_rig_code(ask("flows.patch", id,
					     json_pack("{s:[{s:s}]}", "actions",
						       "type", "dance"))),
			    "flow_invalid");
	assert_string_equal(api_rig_code(ask("flows.patch", id,
					     json_pack("{s:n}", "actions"))),
			    "invalid");
	assert_string_equal(api_rig_code(ask("flows.patch", id,
					     json_pack("{s:s}", "id", id))),
			    "invalid");
	g_free(id);
}

static void test_validate_keeps_nothing(void **state)
{
	const int64_t before = api_rig_count(&rig, "SELECT count(*) FROM flow");
	json_t *ok = api_rig_ok(
		ask("flows.validate", NULL,
		    json_pack("{s:[{s:s}]}", "actions", "type", "echo")));

	assert_true(json_flag(ok, "valid", false));
	json_decref(ok);
	assert_string_equal(api_rig_code(ask("flows.validate", NULL,
					     json_pack("{s:[{s:s}]}", "actions",
						       "type", "x"))),
			    "flow_invalid");
	assert_string_equal(
		api_rig_code(ask("flows.validate", NULL, json_object())),
		"invalid");
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM flow"),
			 before);
}

static json_t *number_body(const char *number, const char *flow_id)
{
	return json_pack("{s:s, s:s}", "number", number, "flow_id", flow_id);
}

static void test_flow_in_use_is_kept(void **state)
{
	char *id = make_flow(NULL);
	json_t *number = api_rig_make(&rig, "numbers.create", NULL,
				      number_body("+4511111111", id));
	json_t *reply = ask("flows.delete", id, NULL);

	assert_non_null(
		strstr(json_str(json_object_get(reply, "error"), "detail", ""),
		       json_str(number, "id", "?")));
	assert_string_equal(api_rig_code(reply), "in_use");

	json_decref(api_rig_ok(
		ask("numbers.delete", json_str(number, "id", ""), NULL)));
	json_decref(api_rig_ok(ask("flows.delete", id, NULL)));
	json_decref(number);
	g_free(id);
}

static void test_number_is_unique_everywhere(void **state)
{
	char *flow = make_flow(NULL), *other = make_account(false);
	char *their_flow = make_flow(other);

	json_decref(api_rig_make(&rig, "numbers.create", NULL,
				 number_body("+4522222222", flow)));
	assert_string_equal(api_rig_code(ask("numbers.create", NULL,
					     number_body("+4522222222", flow))),
			    "already_exists");
	assert_string_equal(
		api_rig_code(ask_as(other, "admin", "numbers.create", NULL,
				    number_body("+4522222222", their_flow))),
		"already_exists");
	g_free(flow);
	g_free(other);
	g_free(their_flow);
}

static void test_number_needs_a_flow_of_its_account(void **state)
{
	char *other = make_account(false), *flow = make_flow(NULL);
	char *pointers;

	pointers =
		api_rig_pointers(ask_as(other, "admin", "numbers.create", NULL,
					number_body("+4533333333", flow)));
	assert_string_equal(pointers, "/flow_id");
	g_free(pointers);

	pointers = api_rig_pointers(ask("numbers.create", NULL,
					number_body("+4533333333", UNKNOWN)));
	assert_string_equal(pointers, "/flow_id");
	g_free(pointers);
	g_free(other);
	g_free(flow);
}

static void test_number_or_pattern(void **state)
{
	char *flow = make_flow(NULL), *pointers;
	static const char *const good[] = {"+4544444444", "112", "demo-1.x",
					   "123456"};
	static const char *const bad[] = {
		"+", "+0123456", "12", "4520123456", "Bob Smith", "", "a@b"};
	size_t i;

	pointers = api_rig_pointers(
		ask("numbers.create", NULL,
		    json_pack("{s:s, s:s, s:s}", "number", "+4512345678",
			      "pattern", "+45*", "flow_id", flow)));
	assert_string_equal(pointers, "/number");
	g_free(pointers);

	pointers = api_rig_pointers(ask("numbers.create", NULL,
					json_pack("{s:s}", "flow_id", flow)));
	assert_string_equal(pointers, "/number");
	g_free(pointers);

	for (i = 0; i < G_N_ELEMENTS(good); ++i)
		json_decref(api_rig_make(&rig, "numbers.create", NULL,
					 number_body(good[i], flow)));
	for (i = 0; i < G_N_ELEMENTS(bad); ++i)
		assert_string_equal(
			api_rig_code(ask("numbers.create", NULL,
					 number_body(bad[i], flow))),
			"invalid");
	json_decref(api_rig_make(
		&rig, "numbers.create", NULL,
		json_pack("{s:s, s:s}", "pattern", "+46*", "flow_id", flow)));
	g_free(flow);
}

struct look {
	const char *destination;
	bool found;
};

static void look_number(void *arg) /* Thread: loop */
{
	struct look *look = arg;

	look->found = directory_number(rig.directory, look->destination, NULL);
}

static json_t *with_webhook(const char *flow, json_t *webhook)
{
	json_t *body = number_body("hooked", flow);

	json_object_set_new(body, "webhook", webhook);

	return body;
}

static void test_a_number_has_an_endpoint_for_its_calls(void **state)
{
	char *flow = make_flow(NULL), *id, *pointers;
	json_t *doc, *hook;

	pointers = api_rig_pointers(
		ask("numbers.create", NULL,
		    with_webhook(flow, json_pack("{s:s, s:[s], s:i}", "url",
						 "ftp://x", "events", "call",
						 "color", 1))));
	assert_string_equal(pointers,
			    "/webhook/color /webhook/url /webhook/events/0");
	g_free(pointers);
	pointers = api_rig_pointers(
		ask("numbers.create", NULL, with_webhook(flow, json_object())));
	assert_string_equal(pointers, "/webhook/url");
	g_free(pointers);

	doc = api_rig_ok(ask("numbers.create", NULL,
			     with_webhook(flow, json_pack("{s:s}", "url",
							  "http://x.test/"))));
	id = id_of(doc);
	hook = json_object_get(doc, "webhook");
	assert_string_equal(json_str(hook, "url", ""), "http://x.test/");
	assert_true(json_is_null(json_object_get(hook, "events")));
	json_decref(doc);

	doc = api_rig_ok(ask(
		"numbers.patch", id,
		json_pack("{s:{s:[s]}}", "webhook", "events", "call.ended")));
	hook = json_object_get(doc, "webhook");
	assert_string_equal(json_str(hook, "url", ""), "http://x.test/");
	assert_int_equal(json_array_size(json_object_get(hook, "events")), 1);
	json_decref(doc);

	doc = api_rig_ok(
		ask("numbers.patch", id, json_pack("{s:n}", "webhook")));
	assert_true(json_is_null(json_object_get(doc, "webhook")));
	json_decref(doc);
	g_free(id);
	g_free(flow);
}

static void test_pending_number_does_not_answer(void **state)
{
	char *other = make_account(false), *flow = make_flow(other);
	struct look look = {.destination = "+4555555555"};
	json_t *number;
	char *id;

	number = api_rig_ok(ask_as(other, "admin", "numbers.create", NULL,
				   number_body(look.destination, flow)));
	id = id_of(number);
	assert_string_equal(json_str(number, "status", ""), "pending");
	json_decref(number);
	api_rig_on_loop(&rig, look_number, &look);
	assert_false(look.found);

	assert_string_equal(
		api_rig_code(ask_as(other, "admin", "numbers.patch", id,
				    json_pack("{s:s}", "status", "active"))),
		"invalid");
	number = api_rig_ok(ask_as(other, "platform", "numbers.patch", id,
				   json_pack("{s:s}", "status", "active")));
	assert_string_equal(json_str(number, "status", ""), "active");
	json_decref(number);
	api_rig_on_loop(&rig, look_number, &look);
	assert_true(look.found);
	g_free(id);
	g_free(flow);
	g_free(other);
}

static void test_auto_approve(void **state)
{
	char *other = make_account(true), *flow = make_flow(other);
	json_t *number =
		api_rig_ok(ask_as(other, "admin", "numbers.create", NULL,
				  number_body("+4566666666", flow)));

	assert_string_equal(json_str(number, "status", ""), "active");
	json_decref(number);
	g_free(flow);
	g_free(other);
}

static void test_other_accounts_answer_404(void **state)
{
	char *other = make_account(false), *flow = make_flow(NULL);

	assert_string_equal(
		api_rig_code(ask_as(other, "admin", "flows.get", flow, NULL)),
		"flow_not_found");
	assert_string_equal(
		api_rig_code(ask_as(other, "admin", "flows.patch", flow,
				    json_pack("{s:s}", "name", "stolen"))),
		"flow_not_found");
	assert_string_equal(api_rig_code(ask_as(other, "admin", "flows.delete",
						flow, NULL)),
			    "flow_not_found");
	assert_string_equal(api_rig_code(ask_as(other, "admin", "accounts.get",
						rig.account_id, NULL)),
			    "account_not_found");
	json_decref(api_rig_ok(
		ask_as(other, "admin", "accounts.get", other, NULL)));
	assert_string_equal(api_rig_code(ask("flows.get", "x", NULL)),
			    "flow_not_found");
	g_free(other);
	g_free(flow);
}

static void test_trunk_lives(void **state)
{
	json_t *trunk = api_rig_make(
		&rig, "trunks.create", NULL,
		json_pack("{s:s, s:[s], s:s, s:[s,s]}", "name", "carrier",
			  "allowed_ips", "192.0.2.0/24", "password",
			  "very secret", "codecs", "PCMU", "opus"));
	char *id = id_of(trunk);
	json_t *doc;

	assert_null(json_object_get(trunk, "password"));
	assert_string_equal(json_str(trunk, "dtmf", ""), "rfc4733");
	assert_string_equal(
		json_str(json_object_get(trunk, "inbound_auth"), "mode", ""),
		"ip");
	json_decref(trunk);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM trunk"
					     " WHERE doc LIKE '%very secret%'"),
			 0);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM trunk"
					     " WHERE doc LIKE '%_sealed%'"),
			 1);

	doc = api_rig_ok(
		ask("trunks.patch", id, json_pack("{s:i}", "max_calls", 7)));
	assert_int_equal(json_int(doc, "max_calls", 0), 7);
	assert_null(json_object_get(doc, "_sealed"));
	json_decref(doc);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM trunk"
					     " WHERE doc LIKE '%_sealed%'"),
			 1);

	json_decref(api_rig_ok(
		ask("trunks.patch", id, json_pack("{s:n}", "password"))));
	assert_int_equal(api_rig_count(&rig,
				       "SELECT count(*) FROM trunk"
				       " WHERE doc LIKE '%\"password\"%'"),
			 0);
	json_decref(api_rig_ok(ask("trunks.delete", id, NULL)));
	g_free(id);
}

static void refuse_trunk(const char *member, json_t *value, const char *pointer)
{
	json_t *body = json_pack("{s:s}", "name", "x");
	char *pointers;

	json_object_set_new(body, member, value);
	pointers = api_rig_pointers(ask("trunks.create", NULL, body));
	assert_string_equal(pointers, pointer);
	g_free(pointers);
}

static void test_what_comes_later_is_refused(void **state)
{
	refuse_trunk("register", json_true(), "/register");
	refuse_trunk("shared", json_true(), "/shared");
	refuse_trunk("srtp", json_string("required"), "/srtp");
	refuse_trunk("rel100", json_string("supported"), "/rel100");
	refuse_trunk("options_ping_s", json_integer(30), "/options_ping_s");
	refuse_trunk("inbound_auth", json_pack("{s:s}", "mode", "digest"),
		     "/inbound_auth/mode");
	refuse_trunk("hosts",
		     json_pack("[{s:s, s:s}]", "host", "sip.example.com",
			       "transport", "tls"),
		     "/hosts/0/transport");
	refuse_trunk("headers", json_pack("{s:s}", "Via", "x"), "/headers/Via");
}

static void test_wide_and_foreign_sources(void **state)
{
	char *a = make_account(false), *b = make_account(false), *pointers;

	pointers = api_rig_pointers(
		ask_as(a, "admin", "trunks.create", NULL,
		       json_pack("{s:s, s:[s, s, s]}", "name", "x",
				 "allowed_ips", "198.51.100.0/24",
				 "198.51.0.0/16", "2001:db8::/32")));
	assert_string_equal(pointers, "/allowed_ips/1 /allowed_ips/2");
	g_free(pointers);

	json_decref(
		api_rig_ok(ask_as(a, "admin", "trunks.create", NULL,
				  json_pack("{s:s, s:[s]}", "name", "x",
					    "allowed_ips", "203.0.113.0/24"))));
	pointers = api_rig_pointers(
		ask_as(b, "admin", "trunks.create", NULL,
		       json_pack("{s:s, s:[{s:s}]}", "name", "x", "hosts",
				 "host", "203.0.113.9")));
	assert_string_equal(pointers, "/hosts/0/host");
	g_free(pointers);
	json_decref(
		api_rig_ok(ask_as(b, "platform", "trunks.create", NULL,
				  json_pack("{s:s, s:[s]}", "name", "x",
					    "allowed_ips", "203.0.113.9"))));
	g_free(a);
	g_free(b);
}

static void test_meta(void **state)
{
	json_t *ok = api_rig_ok(ask("meta.ready", NULL, NULL));

	assert_true(json_flag(ok, "ready", false));
	assert_non_null(json_object_get(ok, "checks"));
	json_decref(ok);

	ok = api_rig_ok(ask("meta.metrics", NULL, NULL));
	assert_string_equal(json_str(ok, "text", ""), "up 1\n");
	json_decref(ok);
}

static void test_after_a_restart_all_is_there(void **state)
{
	char *flow = make_flow(NULL);
	struct look look = {.destination = "+4577777777"};

	json_decref(api_rig_make(&rig, "numbers.create", NULL,
				 number_body(look.destination, flow)));
	api_rig_restart(&rig);
	json_decref(api_rig_ok(ask("flows.get", flow, NULL)));
	api_rig_on_loop(&rig, look_number, &look);
	assert_true(look.found);
	g_free(flow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flow_lives),
		cmocka_unit_test(test_create_names_its_location),
		cmocka_unit_test(test_flow_faults_are_all_listed),
		cmocka_unit_test(test_flow_patch_is_checked),
		cmocka_unit_test(test_validate_keeps_nothing),
		cmocka_unit_test(test_flow_in_use_is_kept),
		cmocka_unit_test(test_number_is_unique_everywhere),
		cmocka_unit_test(test_number_needs_a_flow_of_its_account),
		cmocka_unit_test(test_number_or_pattern),
		cmocka_unit_test(test_a_number_has_an_endpoint_for_its_calls),
		cmocka_unit_test(test_pending_number_does_not_answer),
		cmocka_unit_test(test_auto_approve),
		cmocka_unit_test(test_other_accounts_answer_404),
		cmocka_unit_test(test_trunk_lives),
		cmocka_unit_test(test_what_comes_later_is_refused),
		cmocka_unit_test(test_wide_and_foreign_sources),
		cmocka_unit_test(test_meta),
		cmocka_unit_test(test_after_a_restart_all_is_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
