/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "webrtc/request.h"

static struct wrtc_request *read_text(const char *text, const char *sdp)
{
	json_t *message = json_loads(text, JSON_DECODE_ANY, NULL);
	json_t *jsep =
		sdp ? json_pack("{s:s, s:s}", "type", "offer", "sdp", sdp)
		    : NULL;
	struct wrtc_request *req = wrtc_request_read("t1", message, jsep);

	json_decref(message);
	json_decref(jsep);

	return req;
}

static void test_defaults_are_filled_in(void **state)
{
	struct wrtc_request *req =
		read_text("{\"request\":\"dtmf\",\"digits\":\"1a#\"}", NULL);

	assert_null(req->code);
	assert_int_equal(req->verb, WRTC_DTMF);
	assert_int_equal(json_int(req->body, "duration_ms", 0), 160);
	assert_string_equal(req->transaction, "t1");
	wrtc_request_free(req);
}

static void test_secrets_leave_only_a_hash(void **state)
{
	struct wrtc_request *req = read_text(
		"{\"request\":\"register\",\"token\":\"bfd_secret\"}", NULL);
	char hash[SECRET_SHA256_HEX], *text;

	assert_null(req->code);
	secret_sha256_hex(hash, "bfd_secret", strlen("bfd_secret"));
	assert_string_equal(req->token, hash);
	assert_string_equal(req->ticket, "");
	text = json_text(req->body);
	assert_null(strstr(text, "secret"));
	free(text);
	wrtc_request_free(req);
}

static void test_an_id_is_an_id(void **state)
{
	static const char *const wrong[] = {
		"{\"request\":\"decline\"}",
		"{\"request\":\"decline\",\"call_id\":\"\"}",
		"{\"request\":\"decline\",\"call_id\":7}",
		"{\"request\":\"decline\",\"call_id\":\"../x\"}",
	};
	struct wrtc_request *req =
		read_text("{\"request\":\"decline\",\"call_id\":"
			  "\"01890000-0000-7000-8000-000000000001\"}",
			  NULL);
	size_t i;

	assert_null(req->code);
	assert_int_equal(req->verb, WRTC_DECLINE);
	wrtc_request_free(req);
	for (i = 0; i < G_N_ELEMENTS(wrong); ++i) {
		req = read_text(wrong[i], NULL);
		assert_string_equal(req->code, "invalid");
		wrtc_request_free(req);
	}
}

static void test_faults_are_named(void **state)
{
	struct wrtc_request *req = read_text(
		"{\"request\":\"call\",\"video\":\"yes\",\"what\":1}", NULL);
	char *text;

	assert_string_equal(req->code, "invalid");
	text = json_text(req->faults);
	assert_non_null(strstr(text, "/destination"));
	assert_non_null(strstr(text, "/video"));
	assert_non_null(strstr(text, "/what"));
	free(text);
	wrtc_request_free(req);
}

static void test_an_offer_is_read(void **state)
{
	struct wrtc_request *req =
		read_text("{\"request\":\"call\",\"destination\":\"demo\"}",
			  "v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n"
			  "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n");

	assert_null(req->code);
	assert_non_null(req->offer);
	assert_int_equal(req->offer->nmedia, 1);
	assert_true(json_flag(req->body, "video", false));
	wrtc_request_free(req);
}

static void test_too_much(void **state)
{
	char *big = g_strnfill(20000, 'x');
	char *text = g_strdup_printf("{\"request\":\"call\",\"destination\":"
				     "\"d\",\"variables\":{\"a\":\"%s\"}}",
				     big);
	struct wrtc_request *req = read_text(text, NULL);

	assert_string_equal(req->code, "invalid");
	wrtc_request_free(req);
	g_free(text);
	g_free(big);
}

/* as POST /v1/calls has them */
static void test_names_of_variables(void **state)
{
	struct wrtc_request *req = read_text(
		"{\"request\":\"call\",\"destination\":\"d\",\"variables\":"
		"{\"call.id\":\"1\",\"a b\":\"2\",\"good.name\":\"3\"}}",
		NULL);
	char *faults = json_dumps(req->faults, JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(req->code, "invalid");
	assert_string_equal(faults, "[{\"message\":\"is read only\","
				    "\"pointer\":\"/variables/call.id\"},"
				    "{\"message\":\"is no name of a variable\","
				    "\"pointer\":\"/variables/a b\"}]");
	free(faults);
	wrtc_request_free(req);
}

static void test_without_anything(void **state)
{
	struct wrtc_request *req = wrtc_request_read(NULL, NULL, NULL);

	assert_string_equal(req->code, "bad_request");
	assert_null(req->transaction);
	wrtc_request_free(req);
	wrtc_request_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_filled_in),
		cmocka_unit_test(test_secrets_leave_only_a_hash),
		cmocka_unit_test(test_an_id_is_an_id),
		cmocka_unit_test(test_faults_are_named),
		cmocka_unit_test(test_an_offer_is_read),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_names_of_variables),
		cmocka_unit_test(test_without_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
