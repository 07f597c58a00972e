/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"
#include "common/str.h"

static const uint8_t key[SECRET_KEY_LEN] = {1, 2, 3};

static void test_tokens(void **state)
{
	char *a = secret_token("bfk_");
	char *b = secret_token("bfk_");
	char *bare = secret_token(NULL);

	assert_true(str_starts(a, "bfk_"));
	assert_int_equal(strlen(a), 4 + 43);
	assert_int_equal(strlen(bare), 43);
	assert_string_not_equal(a, b);
	assert_int_equal(strspn(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
				      "mnopqrstuvwxyz0123456789-_"),
			 43);
	g_free(a);
	g_free(b);
	g_free(bare);
}

/* FIPS 180-2 appendix B.1, and the empty text */
static void test_sha256(void **state)
{
	char out[SECRET_SHA256_HEX];

	secret_sha256_hex(out, "abc", 3);
	assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223"
				 "b00361a396177a9cb410ff61f20015ad");
	secret_sha256_hex(out, NULL, 0);
	assert_string_equal(out, "e3b0c44298fc1c149afbf4c8996fb924"
				 "27ae41e4649b934ca495991b7852b855");
}

static void test_sha256_in_pieces(void **state)
{
	struct secret_hash *hash = secret_hash_new();
	char out[SECRET_SHA256_HEX];

	secret_hash_add(hash, "a", 1);
	secret_hash_add(hash, "", 0);
	secret_hash_add(hash, "bc", 2);
	secret_hash_hex(hash, out);
	secret_hash_free(hash);
	secret_hash_free(NULL);
	assert_string_equal(out, "ba7816bf8f01cfea414140de5dae2223"
				 "b00361a396177a9cb410ff61f20015ad");
}

/* RFC 4231 test case 2 */
static void test_hmac(void **state)
{
	static const char text[] = "what do ya want for nothing?";
	uint8_t out[32];
	char hex[65];

	secret_hmac_sha256(out, "Jefe", 4, text, strlen(text));
	str_hex(hex, out, sizeof(out));
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c7"
				 "5a003f089d2739839dec58b964ec3843");
	secret_hmac_sha256(out, NULL, 0, NULL, 0);
	str_hex(hex, out, sizeof(out));
	assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5"
				 "ff1697c493715653c6c712144292c5ad");
}

static void test_equal(void **state)
{
	assert_true(secret_equal("abc", "abc", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_true(secret_equal("abc", "abd", 2));
	assert_true(secret_equal(NULL, NULL, 0));
}

static void test_random_fills(void **state)
{
	uint8_t a[600] = {0}, b[600] = {0};

	secret_random(a, sizeof(a));
	secret_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 568, b + 568, 32);
}

static void test_seals_and_opens(void **state)
{
	static const char *const plain[] = {"", "x", "p\xc3\xa6ssword",
					    "long long long long long long"};
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(plain); ++i) {
		char *a = secret_seal(key, "trunk:1", plain[i]);
		char *b = secret_seal(key, "trunk:1", plain[i]);
		char *out = NULL;

		assert_true(str_starts(a, "v1:"));
		assert_string_not_equal(a, b); /* a nonce each */
		assert_int_equal(secret_open(key, "trunk:1", a, &out), 0);
		assert_string_equal(out, plain[i]);
		g_free(out);
		g_free(a);
		g_free(b);
	}
}

static void test_opens_nothing_else(void **state)
{
	uint8_t other[SECRET_KEY_LEN] = {1, 2, 4};
	char *sealed = secret_seal(key, "trunk:1", "password");
	char *out = NULL;
	size_t i;

	assert_int_equal(secret_open(other, "trunk:1", sealed, &out), EBADMSG);
	assert_int_equal(secret_open(key, "trunk:2", sealed, &out), EBADMSG);
	assert_int_equal(secret_open(key, "", sealed, &out), EBADMSG);
	for (i = 0; sealed[i]; ++i) {
		const char was = sealed[i];

		sealed[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(secret_open(key, "trunk:1", sealed, &out),
				 EBADMSG);
		sealed[i] = '\0';
		assert_int_equal(secret_open(key, "trunk:1", sealed, &out),
				 EBADMSG);
		sealed[i] = was;
	}
	assert_int_equal(secret_open(key, "trunk:1", NULL, &out), EBADMSG);
	assert_int_equal(secret_open(key, "trunk:1", "plain", &out), EBADMSG);
	assert_null(out);
	g_free(sealed);
}

struct dir {
	char *path, *key;
};

static int setup(void **state)
{
	struct dir *dir = g_new0(struct dir, 1);

	dir->path = g_dir_make_tmp("bifrons-XXXXXX", NULL);
	assert_non_null(dir->path);
	dir->key = g_build_filename(dir->path, "key", NULL);
	*state = dir;

	return 0;
}

static int teardown(void **state)
{
	struct dir *dir = *state;

	g_remove(dir->key);
	/* nothing else is left lying about */
	assert_int_equal(g_rmdir(dir->path), 0);
	g_free(dir->key);
	g_free(dir->path);
	g_free(dir);

	return 0;
}

static void test_makes_a_key_once(void **state)
{
	const struct dir *dir = *state;
	uint8_t a[SECRET_KEY_LEN] = {0}, b[SECRET_KEY_LEN] = {0};
	struct stat st;

	assert_int_equal(secret_key_load(a, dir->key), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(stat(dir->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, SECRET_KEY_LEN);
	assert_int_equal(secret_key_load(b, dir->key), 0);
	assert_memory_equal(a, b, sizeof(a));
}

static void test_refuses_another_file(void **state)
{
	const struct dir *dir = *state;
	uint8_t k[SECRET_KEY_LEN] = {0}, was[SECRET_KEY_LEN] = {0};
	char text[40] = "";

	assert_true(g_file_set_contents(dir->key, text, 31, NULL));
	assert_int_equal(g_chmod(dir->key, 0600), 0);
	assert_int_equal(secret_key_load(k, dir->key), EINVAL);
	assert_true(g_file_set_contents(dir->key, text, 33, NULL));
	assert_int_equal(secret_key_load(k, dir->key), EINVAL);

	assert_true(g_file_set_contents(dir->key, text, 32, NULL));
	assert_int_equal(g_chmod(dir->key, 0640), 0);
	assert_int_equal(secret_key_load(k, dir->key), EINVAL);
	assert_int_equal(g_chmod(dir->key, 0604), 0);
	assert_int_equal(secret_key_load(k, dir->key), EINVAL);
	assert_int_equal(g_chmod(dir->key, 0400), 0);
	assert_int_equal(secret_key_load(k, dir->key), 0);

	assert_int_equal(secret_key_load(k, dir->path), EINVAL);
	assert_memory_equal(k, was, sizeof(k));
}

static void test_refuses_a_fifo_and_no_place(void **state)
{
	const struct dir *dir = *state;
	char *none = g_build_filename(dir->path, "none", "key", NULL);
	uint8_t k[SECRET_KEY_LEN];

	assert_int_equal(mkfifo(dir->key, 0600), 0);
	assert_int_equal(secret_key_load(k, dir->key), EINVAL);
	assert_int_equal(secret_key_load(k, none), ENOENT);
	assert_int_equal(secret_key_load(k, NULL), EINVAL);
	g_free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_sha256_in_pieces),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_random_fills),
		cmocka_unit_test(test_seals_and_opens),
		cmocka_unit_test(test_opens_nothing_else),
		cmocka_unit_test_setup_teardown(test_makes_a_key_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_refuses_another_file,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_refuses_a_fifo_and_no_place, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
