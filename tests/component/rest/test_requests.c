/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The real server with a fake core: what each kind of request gets */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/json.h"
#include "common/secret.h"
#include "support/rest_rig.h"

#define ADMIN REST_BEARER(REST_KEY_ADMIN)

static struct rest_rig *rig_of(void **state)
{
	struct rest_rig *rig = *state;

	rest_rig_mode(rig, REST_FAKE_NOW, NULL);

	return rig;
}

static int setup(void **state)
{
	struct rest_rig *rig = g_new0(struct rest_rig, 1);

	rest_rig_init(rig);
	rest_rig_start(rig);
	*state = rig;

	return 0;
}

static int teardown(void **state)
{
	rest_rig_close(*state);
	g_free(*state);

	return 0;
}

static void expect_field(const struct rest_result *res, const char *name,
			 const char *want)
{
	char *value = rest_result_field(res, name);

	if (want)
		assert_non_null(value);
	if (want)
		assert_string_equal(value, want);
	else
		assert_null(value);
	g_free(value);
}

static void expect_problem(struct rest_result *res, int status,
			   const char *code)
{
	char *id = rest_result_field(res, "X-Request-Id");

	assert_string_equal(rest_result_str(res, "code"), code);
	assert_int_equal(res->status, status);
	expect_field(res, "Content-Type", "application/problem+json");
	expect_field(res, "X-Content-Type-Options", "nosniff");
	expect_field(res, "Cache-Control", "no-store");
	assert_non_null(id);
	assert_string_equal(rest_result_str(res, "request_id"), id);
	assert_int_equal(json_int(res->json, "status", 0), status);
	assert_true(*rest_result_str(res, "title"));
	assert_true(*rest_result_str(res, "detail"));
	assert_true(g_str_has_prefix(rest_result_str(res, "type"),
				     "/docs/errors#"));
	g_free(id);
	rest_result_clear(res);
}

static void test_message_to_the_plugin(void **state)
{
	struct rest_rig *rig = rig_of(state);
	static const char hashed[] = "POST\n/v1/flows\n{\"name\":\"x\"}";
	char hash[SECRET_SHA256_HEX];
	struct rest_result res;
	const json_t *auth, *idem;

	rest_rig_mode(rig, REST_FAKE_THREAD, NULL);
	rest_rig_ask(rig, &res, "POST", "/v1/flows?a=b%20c&d",
		     ADMIN REST_JSON "X-Request-Id: my.id-1\r\n"
				     "Idempotency-Key: once\r\n",
		     "{\"name\":\"x\"}");
	assert_int_equal(res.status, 201);
	expect_field(&res, "X-Request-Id", "my.id-1");
	expect_field(&res, "Content-Type", "application/json");
	assert_string_equal(rest_result_str(&res, "verb"), "flows.create");
	assert_string_equal(rest_result_str(&res, "request_id"), "my.id-1");

	auth = json_object_get(res.json, "auth");
	assert_string_equal(json_str(auth, "account_id", ""), "acc-a");
	assert_string_equal(json_str(auth, "key_id", ""), "id-" REST_KEY_ADMIN);
	assert_false(json_flag(auth, "platform", true));
	assert_int_equal(json_array_size(json_object_get(auth, "scopes")), 1);
	assert_string_equal(
		json_str(json_object_get(res.json, "query"), "a", ""), "b c");
	assert_string_equal(
		json_str(json_object_get(res.json, "body"), "name", ""), "x");

	idem = json_object_get(res.json, "idempotency");
	secret_sha256_hex(hash, hashed, strlen(hashed));
	assert_string_equal(json_str(idem, "key", ""), "once");
	assert_string_equal(json_str(idem, "hash", ""), hash);
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "GET", "/v1/flows/a%2Db", ADMIN, NULL);
	assert_int_equal(res.status, 200);
	assert_string_equal(
		json_str(json_object_get(res.json, "path"), "id", ""), "a-b");
	assert_null(json_object_get(res.json, "body"));
	assert_null(json_object_get(res.json, "idempotency"));
	rest_result_clear(&res);
}

static void test_status_by_kind(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;

	rest_rig_mode(rig, REST_FAKE_THREAD,
		      "{\"ok\":{\"id\":\"7\"},\"location\":\"/v1/flows/7\"}");
	rest_rig_ask(rig, &res, "POST", "/v1/flows", ADMIN REST_JSON, "{}");
	assert_int_equal(res.status, 201);
	expect_field(&res, "Location", "/v1/flows/7");
	expect_field(&res, "Idempotency-Replayed", NULL);
	rest_result_clear(&res);

	rest_rig_mode(rig, REST_FAKE_THREAD,
		      "{\"ok\":{\"id\":\"7\"},\"replayed\":true}");
	rest_rig_ask(rig, &res, "POST", "/v1/flows", ADMIN REST_JSON, "{}");
	assert_int_equal(res.status, 201);
	expect_field(&res, "Idempotency-Replayed", "true");
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "PATCH", "/v1/flows/7",
		     ADMIN "Content-Type: application/merge-patch+json\r\n",
		     "{}");
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "POST", "/v1/calls/7/hangup", ADMIN, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "DELETE", "/v1/flows/7", ADMIN, NULL);
	assert_int_equal(res.status, 204);
	assert_int_equal(res.len, 0);
	expect_field(&res, "Content-Type", NULL);
	rest_result_clear(&res);
}

static void test_errors_of_the_plugin(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;

	rest_rig_mode(rig, REST_FAKE_NOW,
		      "{\"error\":{\"code\":\"flow_invalid\",\"detail\":\"d\","
		      "\"errors\":[{\"pointer\":\"/a\",\"message\":\"m\"}]}}");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", ADMIN, NULL);
	assert_int_equal(json_array_size(json_object_get(res.json, "errors")),
			 1);
	expect_problem(&res, 422, "flow_invalid");

	rest_rig_mode(rig, REST_FAKE_NOW,
		      "{\"error\":{\"code\":\"call_limit\","
		      "\"retry_after_s\":7}}");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", ADMIN, NULL);
	expect_field(&res, "Retry-After", "7");
	expect_problem(&res, 429, "call_limit");

	rest_rig_mode(rig, REST_FAKE_NOW, "{\"error\":{\"code\":\"none\"}}");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", ADMIN, NULL);
	expect_problem(&res, 500, "internal");

	rest_rig_mode(rig, REST_FAKE_NOW, "[]");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", ADMIN, NULL);
	expect_problem(&res, 500, "internal");

	rest_rig_mode(rig, REST_FAKE_FAIL, NULL);
	rest_rig_ask(rig, &res, "GET", "/v1/flows", ADMIN, NULL);
	expect_field(&res, "Retry-After", "1");
	expect_problem(&res, 503, "unavailable");
}

static void test_methods_and_paths(void **state)
{
	static const char *const nowhere[] = {
		"/v1",
		"/v1/",
		"/v1/flows/",
		"//v1/flows",
		"/v1//flows",
		"/v1/flows/..",
		"/v1/flows/%2e%2e",
		"/v1/flows/a%2fb",
		"/v1/flows/a%5Cb",
		"/v1/nothing",
		"/V1/flows",
		"/docs/x",
	};
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(nowhere); ++i) {
		rest_rig_ask(rig, &res, "GET", nowhere[i], NULL, NULL);
		expect_problem(&res, 404, "not_found");
	}
	rest_rig_ask(rig, &res, "GET", "/v1/flows/%00", NULL, NULL);
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "GET", "/v1/flows/%zz", NULL, NULL);
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "GET", "/v1/%66lows", ADMIN, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "GET", "http://other/v1/flows", ADMIN, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "PUT", "/v1/flows", NULL, "{}");
	expect_field(&res, "Allow", "GET, HEAD, POST, OPTIONS");
	expect_problem(&res, 405, "method_not_allowed");
	rest_rig_ask(rig, &res, "GET", "/v1/flows/validate", NULL, NULL);
	expect_field(&res, "Allow", "POST, OPTIONS");
	expect_problem(&res, 405, "method_not_allowed");
	rest_rig_ask(rig, &res, "BREW", "/healthz", NULL, NULL);
	expect_problem(&res, 405, "method_not_allowed");

	rest_rig_ask(rig, &res, "OPTIONS", "/v1/flows/1", NULL, NULL);
	assert_int_equal(res.status, 204);
	expect_field(&res, "Allow", "GET, HEAD, PATCH, DELETE, OPTIONS");
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "OPTIONS", "*", NULL, NULL);
	assert_int_equal(res.status, 204);
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "HEAD", "/v1/flows", ADMIN, NULL);
	assert_int_equal(res.status, 200);
	expect_field(&res, "Content-Type", "application/json");
	rest_result_clear(&res);
}

static void test_bodies(void **state)
{
	static const char *const broken[] = {
		"{",   "{\"a\":1,\"a\":2}",   "\"\xff\"", "{} x",
		"nul", "{\"a\":\"\\u0000\"}", "",
	};
	static const char *const no_object[] = {"[]", "5", "null", "\"x\""};
	struct rest_rig *rig = rig_of(state);
	const unsigned seen = rest_rig_seen(rig);
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(broken); ++i) {
		rest_rig_ask(rig, &res, "POST", "/v1/flows", ADMIN REST_JSON,
			     broken[i]);
		assert_non_null(
			strstr(rest_result_str(&res, "detail"), "line 1"));
		expect_problem(&res, 400, "malformed_json");
	}
	for (i = 0; i < G_N_ELEMENTS(no_object); ++i) {
		rest_rig_ask(rig, &res, "POST", "/v1/flows", ADMIN REST_JSON,
			     no_object[i]);
		assert_int_equal(
			json_array_size(json_object_get(res.json, "errors")),
			1);
		expect_problem(&res, 422, "invalid");
	}
	rest_rig_ask(rig, &res, "POST", "/v1/flows", ADMIN, "{}");
	expect_problem(&res, 415, "unsupported_media_type");
	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN REST_JSON "Content-Encoding: gzip\r\n", "{}");
	expect_problem(&res, 415, "unsupported_media_type");
	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN "Content-Type: application/merge-patch+json\r\n",
		     "{}");
	expect_problem(&res, 415, "unsupported_media_type");
	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN "Content-Type: application/json; charset=latin1"
			   "\r\n",
		     "{}");
	expect_problem(&res, 415, "unsupported_media_type");
	rest_rig_ask(rig, &res, "POST", "/v1/flows", ADMIN, NULL);
	expect_problem(&res, 411, "length_required");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", ADMIN, "{}");
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "DELETE", "/v1/flows/1",
		     ADMIN "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
		     NULL);
	expect_problem(&res, 400, "bad_request");
	assert_int_equal(rest_rig_seen(rig), seen);

	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN "Content-Type: Application/JSON; charset=UTF-8\r\n"
			   "Content-Encoding: identity\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n"
			   "1\r\n{\r\n1\r\n}\r\n0\r\n",
		     NULL);
	assert_int_equal(res.status, 201);
	rest_result_clear(&res);
}

static void test_queries(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;

	rest_rig_ask(rig, &res, "GET", "/v1/flows?a=1&b=2&a=3", ADMIN, NULL);
	assert_string_equal(
		json_str(json_array_get(json_object_get(res.json, "errors"), 0),
			 "pointer", ""),
		"query/a");
	expect_problem(&res, 422, "invalid");
	rest_rig_ask(rig, &res, "GET", "/v1/flows?a=%ff", ADMIN, NULL);
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "GET", "/v1/flows?a=%0a", ADMIN, NULL);
	expect_problem(&res, 400, "bad_request");
}

static void test_keys_and_scopes(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;

	rest_rig_ask(rig, &res, "GET", "/v1/flows", NULL, NULL);
	expect_field(&res, "WWW-Authenticate", "Bearer realm=\"bifrons\"");
	expect_problem(&res, 401, "unauthorized");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", REST_BEARER("bfk_no"),
		     NULL);
	expect_problem(&res, 401, "unauthorized");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     "Authorization: Basic eDp5\r\n", NULL);
	expect_problem(&res, 401, "unauthorized");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     REST_BEARER(REST_KEY_EXPIRED), NULL);
	expect_problem(&res, 401, "key_expired");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     REST_BEARER(REST_KEY_REVOKED), NULL);
	expect_problem(&res, 401, "key_expired");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     REST_BEARER(REST_KEY_SUSPENDED), NULL);
	expect_problem(&res, 403, "account_suspended");
	rest_rig_ask(rig, &res, "GET", "/v1/calls", REST_BEARER(REST_KEY_FLOWS),
		     NULL);
	expect_problem(&res, 403, "forbidden");
	rest_rig_ask(rig, &res, "GET", "/v1/accounts", ADMIN, NULL);
	expect_problem(&res, 403, "forbidden");
	rest_rig_ask(rig, &res, "GET", "/v1/flows", REST_BEARER(REST_KEY_FLOWS),
		     NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
}

static void test_acting_for_an_account(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;

	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     REST_BEARER(REST_KEY_PLATFORM) "Bifrons-Account: acc-b"
						    "\r\n",
		     NULL);
	assert_int_equal(res.status, 200);
	assert_string_equal(
		json_str(json_object_get(res.json, "auth"), "account_id", ""),
		"acc-b");
	assert_true(json_flag(json_object_get(res.json, "auth"), "platform",
			      false));
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     REST_BEARER(REST_KEY_PLATFORM) "Bifrons-Account: acc-x"
						    "\r\n",
		     NULL);
	expect_problem(&res, 404, "account_not_found");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     ADMIN "Bifrons-Account: acc-b\r\n", NULL);
	expect_problem(&res, 404, "account_not_found");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     ADMIN "Bifrons-Account: acc-a\r\n", NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
}

static void test_headers(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;
	char *big;

	rest_rig_ask(rig, &res, "GET", "/healthz",
		     "X-Request-Id: not a good one\r\n", NULL);
	assert_int_equal(res.status, 200);
	assert_null(strstr(res.head, "not a good"));
	rest_result_clear(&res);

	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN REST_JSON "Idempotency-Key: \r\n", "{}");
	expect_problem(&res, 400, "bad_request");

	big = g_strnfill(17000, 'x');
	{
		char *line = g_strdup_printf("X-Big: %s\r\n", big);
		char *target = g_strdup_printf("/v1/flows?a=%s", big);

		rest_rig_ask(rig, &res, "GET", "/healthz", line, NULL);
		expect_problem(&res, 431, "headers_too_large");
		rest_rig_ask(rig, &res, "GET", target, NULL, NULL);
		expect_problem(&res, 414, "uri_too_long");
		g_free(line);
		g_free(target);
	}
	g_free(big);

	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN REST_JSON "Content-Length: 2\r\n"
				     "Content-Length: 3\r\n\r\n{}",
		     NULL);
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN REST_JSON "Content-Length: 2\r\n"
				     "Transfer-Encoding: chunked\r\n\r\n0\r\n",
		     NULL);
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "POST", "/v1/flows",
		     ADMIN REST_JSON "Transfer-Encoding: gzip\r\n", NULL);
	expect_problem(&res, 400, "bad_request");
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     ADMIN REST_BEARER("bfk_second"), NULL);
	expect_problem(&res, 400, "bad_request");
}

static void test_pages(void **state)
{
	static const struct {
		const char *path, *type;
	} pages[] = {
		{"/docs", "text/html; charset=utf-8"},
		{"/docs/errors", "text/html; charset=utf-8"},
		{"/docs/app.js", "text/javascript; charset=utf-8"},
		{"/docs/style.css", "text/css; charset=utf-8"},
		{"/healthz", "application/json"},
		{"/", "application/json"},
	};
	struct rest_rig *rig = rig_of(state);
	const unsigned seen = rest_rig_seen(rig);
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(pages); ++i) {
		rest_rig_ask(rig, &res, "GET", pages[i].path, NULL, NULL);
		assert_int_equal(res.status, 200);
		assert_true(res.len > 10);
		expect_field(&res, "Content-Type", pages[i].type);
		if (g_str_has_prefix(pages[i].type, "text/html"))
			assert_non_null(strstr(res.head, "default-src 'self'"));
		rest_result_clear(&res);
	}
	assert_int_equal(rest_rig_seen(rig), seen);
}

/* A request is counted once its answer has gone: a moment later */
static void expect_metric(struct rest_rig *rig, const char *line)
{
	struct rest_result res;
	bool counted = false;

	while (!counted) {
		rest_rig_ask(rig, &res, "GET", "/metrics", NULL, NULL);
		assert_int_equal(res.status, 200);
		assert_non_null(strstr(res.body, "calls 3\n"));
		counted = strstr(res.body, line) != NULL;
		rest_result_clear(&res);
	}
}

static void test_meta_verbs(void **state)
{
	struct rest_rig *rig = rig_of(state);
	struct rest_result res;
	unsigned seen;

	rest_rig_mode(rig, REST_FAKE_NOW,
		      "{\"ok\":{\"ready\":false,\"checks\":{}}}");
	rest_rig_ask(rig, &res, "GET", "/readyz", NULL, NULL);
	assert_int_equal(res.status, 503);
	expect_field(&res, "Content-Type", "application/json");
	rest_result_clear(&res);
	rest_rig_mode(rig, REST_FAKE_NOW, "{\"ok\":{\"ready\":true}}");
	rest_rig_ask(rig, &res, "GET", "/readyz", NULL, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);

	rest_rig_mode(rig, REST_FAKE_NOW, "{\"ok\":{\"openapi\":\"3.1.0\"}}");
	rest_rig_ask(rig, &res, "GET", "/openapi.json", NULL, NULL);
	rest_result_clear(&res);
	seen = rest_rig_seen(rig);
	rest_rig_ask(rig, &res, "GET", "/openapi.json", NULL, NULL);
	assert_int_equal(res.status, 200);
	assert_string_equal(rest_result_str(&res, "openapi"), "3.1.0");
	assert_int_equal(rest_rig_seen(rig), seen);
	rest_result_clear(&res);

	rest_rig_mode(rig, REST_FAKE_NOW, "{\"ok\":{\"text\":\"calls 3\"}}");
	expect_metric(rig, "bifrons_rest_requests_total{method=\"GET\","
			   "route=\"/readyz\",status=\"503\"} 1");
	rest_rig_ask(rig, &res, "GET", "/metrics",
		     "X-Forwarded-For: 192.0.2.1\r\n", NULL);
	expect_problem(&res, 401, "unauthorized");
	rest_rig_ask(rig, &res, "GET", "/metrics", "X-Real-IP: 192.0.2.1\r\n",
		     NULL);
	expect_problem(&res, 401, "unauthorized");
	rest_rig_ask(
		rig, &res, "GET", "/metrics",
		"Forwarded: for=192.0.2.1\r\n" REST_BEARER(REST_KEY_METRICS),
		NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
	rest_rig_ask(rig, &res, "GET", "/metrics", REST_BEARER(REST_KEY_FLOWS),
		     NULL);
	expect_problem(&res, 403, "forbidden");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_to_the_plugin),
		cmocka_unit_test(test_status_by_kind),
		cmocka_unit_test(test_errors_of_the_plugin),
		cmocka_unit_test(test_methods_and_paths),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_keys_and_scopes),
		cmocka_unit_test(test_acting_for_an_account),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_meta_verbs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
