/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signatures of Standard Webhooks. The vectors were made by its library for
 * JavaScript, which verifies them in web/client/webhooks.test.ts; the first is
 * the specification's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "common/json.h"
#include "common/webhook_sign.h"

static char *sign(const char *secret, const char *id, int64_t at,
		  const char *body)
{
	const struct webhook_message msg = {
		.id = id,
		.timestamp_s = at,
		.body = body,
		.body_len = strlen(body),
	};

	return webhook_sign(secret, &msg);
}

static void test_vectors(void **state)
{
	const char *srcdir = g_getenv("BIFRONS_SRCDIR");
	char *path =
		g_build_filename(srcdir ? srcdir : ".", "tests/unit/common",
				 "webhook_signatures.json", NULL);
	json_t *list = json_load_file(path, 0, NULL), *row;
	size_t i;

	assert_true(json_array_size(list) >= 3);
	json_array_foreach(list, i, row)
	{
		char *out = sign(json_str(row, "secret", ""),
				 json_str(row, "id", ""),
				 json_int(row, "timestamp", -1),
				 json_str(row, "body", ""));

		assert_string_equal(out, json_str(row, "signature", ""));
		g_free(out);
	}
	json_decref(list);
	g_free(path);
}

static void test_a_new_secret(void **state)
{
	char *a = webhook_secret_new();
	char *b = webhook_secret_new();
	uint8_t *bytes;
	size_t len = 0;

	assert_string_not_equal(a, b);
	assert_true(g_str_has_prefix(a, "whsec_"));
	/* 32 bytes as base64, with padding: what every library takes */
	assert_int_equal(strlen(a), 6 + 44);
	assert_null(strpbrk(a + 6, "-_"));
	bytes = webhook_secret_bytes(a, &len);
	assert_int_equal(len, 32);
	g_free(bytes);
	g_free(a);
	g_free(b);
}

static void expect_bytes(const char *secret, const char *want)
{
	size_t len = 0;
	uint8_t *bytes = webhook_secret_bytes(secret, &len);

	assert_int_equal(len, strlen(want));
	assert_memory_equal(bytes, want, len);
	g_free(bytes);
}

static void test_how_secrets_are_written(void **state)
{
	expect_bytes("whsec_aGVsbG8=", "hello");
	/* as accounts' secrets were made once */
	expect_bytes("whsec_aGVsbG8", "hello");
	expect_bytes("whsec_-_v--_v-", "\xfb\xfb\xfe\xfb\xfb\xfe");
	expect_bytes("whsec_+/v++/v+", "\xfb\xfb\xfe\xfb\xfb\xfe");
	/* no base64: the text itself */
	expect_bytes("a secret of mine", "a secret of mine");
	expect_bytes("aGVsbG8=", "aGVsbG8=");
	expect_bytes("whsec_not base64", "whsec_not base64");
	expect_bytes("whsec_", "whsec_");
}

static void test_everything_counts(void **state)
{
	static const char secret[] = "whsec_aGVsbG8=";
	char *base = sign(secret, "id", 1, "body");
	char *other[] = {
		sign("whsec_aGVsbG9v", "id", 1, "body"),
		sign(secret, "id2", 1, "body"),
		sign(secret, "id", 2, "body"),
		sign(secret, "id", 1, "bodz"),
		sign(secret, "id", 1, ""),
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(other); ++i) {
		assert_true(g_str_has_prefix(other[i], "v1,"));
		assert_string_not_equal(other[i], base);
		g_free(other[i]);
	}
	g_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_a_new_secret),
		cmocka_unit_test(test_how_secrets_are_written),
		cmocka_unit_test(test_everything_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
