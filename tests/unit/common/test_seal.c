/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A secret opens where it was sealed, and nowhere else */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>

#include "common/seal.h"

static const uint8_t key[SECRET_KEY_LEN] = {7};

static void test_opens_for_its_owner_alone(void **state)
{
	static const struct seal_owner owner = {"webhook", "1", "secret"};
	static const struct seal_owner others[] = {
		{"webhook", "2", "secret"},
		{"account", "1", "secret"},
	};
	static const uint8_t other_key[SECRET_KEY_LEN] = {8};
	char *text = seal_text(key, &owner, "plain");
	json_t *doc = json_pack("{s:{s:s}}", SEAL_MEMBER, "secret", text);
	char *out = NULL;
	size_t i;

	assert_int_equal(seal_open(key, &owner, doc, &out), 0);
	assert_string_equal(out, "plain");
	g_free(out);

	out = NULL;
	for (i = 0; i < G_N_ELEMENTS(others); ++i)
		assert_int_equal(seal_open(key, &others[i], doc, &out),
				 EBADMSG);
	assert_int_equal(seal_open(other_key, &owner, doc, &out), EBADMSG);
	assert_null(out);
	json_decref(doc);
	g_free(text);
}

static void test_what_is_not_there(void **state)
{
	static const struct seal_owner owner = {"webhook", "1", "secret"};
	static const char *const docs[] = {
		"{}",
		"{\"_sealed\": null}",
		"{\"_sealed\": {}}",
		"{\"_sealed\": {\"secret\": null}}",
		"{\"_sealed\": {\"secret\": {\"a\": 1}}}",
		"{\"secret\": \"v1:plain\"}",
	};
	char *out = NULL;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(docs); ++i) {
		json_t *doc = json_loads(docs[i], 0, NULL);

		assert_int_equal(seal_open(key, &owner, doc, &out), ENOENT);
		json_decref(doc);
	}
	assert_int_equal(seal_open(key, &owner, NULL, &out), ENOENT);
	assert_null(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_for_its_owner_alone),
		cmocka_unit_test(test_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
