/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a head and a body to a message for the call plugin */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/json.h"
#include "rest/request.h"

static struct rest_request req;
static struct rest_head head;

static void begin(const char *method, const char *target)
{
	rest_request_clear(&req);
	rest_request_init(&req, 16);
	rest_head_init(&head, method, target, "HTTP/1.1");
	rest_head_add(&head, "Host", 4, "x", 1);
}

static void field(const char *name, const char *value)
{
	rest_head_add(&head, name, strlen(name), value, strlen(value));
}

static enum api_err take(void)
{
	if (rest_request_head(&req, &head))
		rest_request_rules(&req, &head);

	return req.fault.err;
}

static int teardown(void **state)
{
	rest_request_clear(&req);

	return 0;
}

static void test_request_id(void **state)
{
	begin("GET", "/healthz");
	field("x-request-id", "a.B_9-");
	assert_int_equal(take(), API_OK);
	assert_string_equal(req.id, "a.B_9-");

	begin("GET", "/healthz");
	field("X-Request-Id", "a b");
	assert_int_equal(take(), API_OK);
	assert_int_equal(strlen(req.id), 36);
}

static void test_lengths(void **state)
{
	begin("POST", "/v1/flows");
	field("Content-Type", "application/json");
	field("Content-Length", "16");
	assert_int_equal(take(), API_OK);
	assert_true(rest_request_body(&req, "{\"a\":\"456789012\"", 16));
	assert_false(rest_request_body(&req, "}", 1));
	assert_int_equal(req.fault.err, API_ERR_body_too_large);

	begin("POST", "/v1/flows");
	field("Content-Length", "17");
	assert_int_equal(take(), API_ERR_body_too_large);

	begin("POST", "/v1/flows");
	field("Content-Length", "99999999999999999999");
	assert_int_equal(take(), API_ERR_bad_request);
	assert_true(req.framing_lost);

	begin("POST", "/v1/flows");
	field("Content-Length", "-0");
	assert_int_equal(take(), API_ERR_bad_request);

	begin("POST", "/v1/flows");
	assert_int_equal(take(), API_ERR_length_required);

	begin("POST", "/v1/calls/1/hangup");
	assert_int_equal(take(), API_OK);
	assert_true(rest_request_end(&req));
	assert_null(req.json);
}

static void test_framing(void **state)
{
	begin("POST", "/v1/flows");
	field("Content-Length", "2");
	field("Transfer-Encoding", "chunked");
	assert_int_equal(take(), API_ERR_bad_request);
	assert_true(req.framing_lost);

	begin("POST", "/v1/flows");
	field("Content-Length", "2");
	field("content-length", "2");
	assert_int_equal(take(), API_ERR_bad_request);

	begin("POST", "/v1/flows");
	field("Transfer-Encoding", "chunked, gzip");
	assert_int_equal(take(), API_ERR_bad_request);

	rest_request_clear(&req);
	rest_request_init(&req, 16);
	rest_head_init(&head, "GET", "/healthz", "HTTP/1.1");
	assert_int_equal(take(), API_ERR_bad_request);

	rest_request_clear(&req);
	rest_request_init(&req, 16);
	rest_head_init(&head, "GET", "/healthz", "HTTP/1.0");
	assert_int_equal(take(), API_OK);
}

static void test_too_many_fields(void **state)
{
	unsigned i;

	begin("GET", "/healthz");
	for (i = 0; i < REST_MAX_HEADERS; ++i)
		field("X", "y");
	assert_int_equal(take(), API_ERR_headers_too_large);
}

static void test_idempotency_key(void **state)
{
	begin("POST", "/v1/calls/1/hangup");
	field("Idempotency-Key", "a key with blanks");
	assert_int_equal(take(), API_OK);
	assert_string_equal(req.idempotency_key, "a key with blanks");

	begin("POST", "/v1/calls/1/hangup");
	field("Idempotency-Key", "\xc3\xa6");
	assert_int_equal(take(), API_ERR_bad_request);

	begin("PATCH", "/v1/flows/1");
	field("Idempotency-Key", "\xc3\xa6");
	field("Content-Length", "0");
	assert_int_equal(take(), API_OK);
	assert_string_equal(req.idempotency_key, "");
}

static void test_message(void **state)
{
	struct rest_auth auth = {
		.known = true,
		.account_id = "acc",
		.key_id = "key",
		.scopes = json_pack("[s]", "admin"),
		.platform = true,
	};
	json_t *msg;
	char *text;

	begin("PATCH", "/v1/flows/1?a=b");
	field("X-Request-Id", "r");
	field("Content-Type", "application/merge-patch+json");
	field("Transfer-Encoding", "chunked");
	assert_int_equal(take(), API_OK);
	assert_true(rest_request_body(&req, "{\"x\"", 4));
	assert_true(rest_request_body(&req, ":null}", 6));
	assert_true(rest_request_end(&req));
	msg = rest_request_message(&req, &auth);
	text = json_text(msg);
	assert_string_equal(
		text, "{\"verb\":\"flows.patch\",\"request_id\":\"r\",\"auth\":"
		      "{\"account_id\":\"acc\",\"key_id\":\"key\",\"scopes\":"
		      "[\"admin\"],\"platform\":true},\"path\":{\"id\":\"1\"},"
		      "\"query\":{\"a\":\"b\"},\"body\":{\"x\":null}}");
	assert_null(auth.scopes);
	free(text);
	json_decref(msg);
}

static void test_public_message(void **state)
{
	struct rest_auth auth = {0};
	json_t *msg;

	begin("GET", "/readyz");
	assert_int_equal(take(), API_OK);
	assert_true(rest_request_end(&req));
	msg = rest_request_message(&req, &auth);
	assert_null(json_object_get(msg, "auth"));
	assert_null(json_object_get(msg, "body"));
	json_decref(msg);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_request_id),      TEST(test_lengths),
		TEST(test_framing),         TEST(test_too_many_fields),
		TEST(test_idempotency_key), TEST(test_message),
		TEST(test_public_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
