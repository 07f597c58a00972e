/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scopes, page tokens, sealed secrets, checks of values */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "api/api_priv.h"
#include "common/json.h"

static struct api api;

static int setup(void **state)
{
	static uint8_t key[SECRET_KEY_LEN];

	secret_random(key, sizeof(key));
	api.env.key = key;

	return 0;
}

static void test_what_scopes_cover(void **state)
{
	json_t *one = json_pack("[s]", "flows:read");
	json_t *admin = json_pack("[s]", "admin");
	json_t *platform = json_pack("[s]", "platform");
	json_t *odd = json_pack("[i, n, {}]", 5);

	assert_true(api_scope_covers(one, "flows:read"));
	assert_false(api_scope_covers(one, "flows:write"));
	assert_false(api_scope_covers(one, "platform"));
	assert_true(api_scope_covers(admin, "calls:write"));
	assert_true(api_scope_covers(admin, "metrics"));
	assert_false(api_scope_covers(admin, "platform"));
	assert_true(api_scope_covers(platform, "platform"));
	assert_true(api_scope_covers(platform, "flows:read"));
	assert_false(api_scope_covers(odd, "flows:read"));
	assert_false(api_scope_covers(NULL, "flows:read"));
	json_decref(one);
	json_decref(admin);
	json_decref(platform);
	json_decref(odd);
}

static void test_token_tells_where_a_page_ended(void **state)
{
	struct page_mark mark = {.id = "01900000-0000-7000-8000-000000000001"};
	struct page_mark got = {.value = NULL};
	static const char *const values[] = {"0", "-5", "", "Æble og pære/+",
					     "1795446245678"};
	char *token;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(values); ++i) {
		mark.value = (char *)values[i];
		token = page_token_make(&api, "q", &mark);
		assert_null(strpbrk(token, "+/=&? "));
		assert_int_equal(page_token_read(&api, "q", token, &got), 0);
		assert_string_equal(got.value, mark.value);
		assert_string_equal(got.id, mark.id);
		g_free(got.value);
		assert_int_equal(page_token_read(&api, "p", token, &got),
				 EINVAL);
		g_free(token);
	}
}

static void test_every_changed_token_is_refused(void **state)
{
	struct page_mark mark = {
		.id = "01900000-0000-7000-8000-000000000001",
		.value = (char *)"1795446245678",
	};
	struct page_mark got = {.value = NULL};
	char *token = page_token_make(&api, "q", &mark), *other;
	const size_t len = strlen(token);
	size_t i;

	/* all but the last, whose low bits may be padding */
	for (i = 0; i + 1 < len; ++i) {
		other = g_strdup(token);
		other[i] = other[i] == 'A' ? 'B' : 'A';
		assert_int_equal(page_token_read(&api, "q", other, &got),
				 EINVAL);
		other[i] = '\0';
		assert_int_equal(page_token_read(&api, "q", other, &got),
				 EINVAL);
		g_free(other);
	}
	g_free(token);
	assert_int_equal(page_token_read(&api, "q", "%%%", &got), EINVAL);

	other = g_strnfill(5000, 'A');
	assert_int_equal(page_token_read(&api, "q", other, &got), EINVAL);
	g_free(other);
}

static const struct opt inner[] = {
	{.name = "password", .type = OPT_STRING, .flags = OPT_WRITE},
	{.name = "mode", .type = OPT_STRING},
	OPT_END,
};

static const struct opt outer[] = {
	{.name = "password", .type = OPT_STRING, .flags = OPT_WRITE},
	{.name = "auth", .type = OPT_OBJECT, .sub = inner},
	{.name = "name", .type = OPT_STRING},
	OPT_END,
};

static void test_secrets_are_sealed(void **state)
{
	json_t *doc =
		json_pack("{s:s, s:s, s:{s:s, s:s}}", "name", "n", "password",
			  "one", "auth", "password", "two", "mode", "m");
	const json_t *sealed;
	json_t *shown;
	char *plain = NULL;

	seal_secrets(&api, outer, "trunk", "ID", doc);
	assert_null(json_object_get(doc, "password"));
	assert_null(json_object_get(json_object_get(doc, "auth"), "password"));
	assert_string_equal(json_str(json_object_get(doc, "auth"), "mode", ""),
			    "m");

	sealed = json_object_get(doc, "_sealed");
	assert_int_equal(secret_open(api.env.key, "trunk.password:ID",
				     json_str(sealed, "password", ""), &plain),
			 0);
	assert_string_equal(plain, "one");
	g_free(plain);
	assert_int_equal(secret_open(api.env.key, "trunk.auth.password:ID",
				     json_str(sealed, "auth.password", ""),
				     &plain),
			 0);
	assert_string_equal(plain, "two");
	g_free(plain);

	shown = seal_public(doc);
	assert_null(json_object_get(shown, "_sealed"));
	assert_non_null(json_object_get(doc, "_sealed"));
	json_decref(shown);
	json_decref(doc);
}

static void test_a_patch_keeps_or_removes_secrets(void **state)
{
	json_t *old = json_pack("{s:{s:s, s:s}}", "_sealed", "password", "v1:x",
				"auth.password", "v1:y");
	json_t *patch = json_pack("{s:n, s:s}", "password", "name", "n"), *kept;

	kept = seal_kept(old, patch);
	assert_null(json_object_get(kept, "password"));
	assert_string_equal(json_str(kept, "auth.password", ""), "v1:y");
	json_decref(kept);
	json_decref(patch);

	patch = json_pack("{s:{s:n}}", "auth", "password");
	kept = seal_kept(old, patch);
	assert_non_null(json_object_get(kept, "password"));
	assert_null(json_object_get(kept, "auth.password"));
	json_decref(kept);
	json_decref(patch);

	patch = json_pack("{s:n}", "auth");
	kept = seal_kept(old, patch);
	assert_null(json_object_get(kept, "auth.password"));
	json_decref(kept);
	json_decref(patch);
	json_decref(old);
}

struct value_case {
	const char *(*check)(const char *value);
	const char *value;
	bool ok;
};

static const struct value_case values[] = {
	{check_number, "+4520123456", true},
	{check_number, "112", true},
	{check_number, "demo", true},
	{check_number, "4520123456", false},
	{check_number, "Demo", false},
	{check_number, "a b", false},
	{check_prefix, "+1", true},
	{check_prefix, "+45", true},
	{check_prefix, "45", false},
	{check_prefix, "+", false},
	{check_prefix, "+0", false},
	{check_prefix, "+1234567890123456", false},
	{check_short_code, "112", true},
	{check_short_code, "1234567", false},
	{check_short_code, "11a", false},
	{check_timezone, "UTC", true},
	{check_timezone, "Europe/Copenhagen", true},
	{check_timezone, "Mars/Olympus", false},
	{check_timezone, "/etc/passwd", false},
	{check_timezone, "Europe/../../etc/passwd", false},
	{check_timezone, "", false},
	{check_origin, "https://app.example.com", true},
	{check_origin, "http://localhost:3000", true},
	{check_origin, "https://app.example.com/", false},
	{check_origin, "https://app.example.com/x", false},
	{check_origin, "app.example.com", false},
	{check_origin, "javascript:alert(1)", false},
	{check_header_name, "X-Account", true},
	{check_header_name, "Via", false},
	{check_header_name, "X-A: b", false},
	{check_header_name, "X-", false},
};

static void test_values(void **state)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(values); ++i) {
		const bool ok = !values[i].check(values[i].value);

		if (ok != values[i].ok)
			print_error("\"%s\"\n", values[i].value);
		assert_int_equal(ok, values[i].ok);
	}
}

static void test_errors_say_when_to_come_back(void **state)
{
	json_t *reply = api_error(API_ERR_timeout, NULL);

	assert_true(json_int(json_object_get(reply, "error"), "retry_after_s",
			     0) > 0);
	assert_int_equal(api_reply_err(reply), API_ERR_timeout);
	json_decref(reply);

	reply = api_error(API_ERR_flow_not_found, NULL);
	assert_null(json_object_get(json_object_get(reply, "error"),
				    "retry_after_s"));
	assert_string_equal(
		json_str(json_object_get(reply, "error"), "detail", ""),
		"No such flow");
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_scopes_cover),
		cmocka_unit_test(test_token_tells_where_a_page_ended),
		cmocka_unit_test(test_every_changed_token_is_refused),
		cmocka_unit_test(test_secrets_are_sealed),
		cmocka_unit_test(test_a_patch_keeps_or_removes_secrets),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_errors_say_when_to_come_back),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
