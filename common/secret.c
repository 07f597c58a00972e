/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/secret.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/str.h"

enum {
	NONCE_LEN = 12,
	TAG_LEN = 16,
	TOKEN_LEN = 32
};

static const char sealed_prefix[] = "v1:";

/* OpenSSL fails for want of memory or when its provider is broken: nothing
 * that can be handled, and going on would be worse */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

void secret_random(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		const ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

char *secret_token(const char *prefix)
{
	uint8_t bytes[TOKEN_LEN];
	char *text, *token;

	secret_random(bytes, sizeof(bytes));
	text = str_base64url(bytes, sizeof(bytes));
	token = g_strconcat(prefix ? prefix : "", text, NULL);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(text, strlen(text));
	g_free(text);

	return token;
}

void secret_sha256_hex(char out[SECRET_SHA256_HEX], const void *data,
		       size_t len)
{
	uint8_t md[32];
	unsigned md_len = sizeof(md);

	must(EVP_Digest(len ? data : "", len, md, &md_len, EVP_sha256(), NULL));
	str_hex(out, md, sizeof(md));
}

struct secret_hash *secret_hash_new(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL));

	return (struct secret_hash *)ctx;
}

void secret_hash_add(struct secret_hash *hash, const void *data, size_t len)
{
	must(EVP_DigestUpdate((EVP_MD_CTX *)hash, data, len));
}

void secret_hash_hex(struct secret_hash *hash, char out[SECRET_SHA256_HEX])
{
	uint8_t md[32];
	unsigned md_len = sizeof(md);

	must(EVP_DigestFinal_ex((EVP_MD_CTX *)hash, md, &md_len));
	str_hex(out, md, sizeof(md));
}

void secret_hash_free(struct secret_hash *hash)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

void secret_hmac_sha256(uint8_t out[32], const void *key, size_t key_len,
			const void *data, size_t len)
{
	unsigned out_len = 32;

	/* a NULL key would mean the key of the call before */
	if (key_len > INT_MAX ||
	    !HMAC(EVP_sha256(), key_len ? key : "", (int)key_len,
		  len ? data : (const void *)"", len, out, &out_len))
		abort();
}

void secret_md5_hex(char out[SECRET_MD5_HEX], const void *data, size_t len)
{
	uint8_t md[16];
	unsigned md_len = sizeof(md);

	must(EVP_Digest(len ? data : "", len, md, &md_len, EVP_md5(), NULL));
	str_hex(out, md, sizeof(md));
}

void secret_hmac_sha1(uint8_t out[20], const void *key, size_t key_len,
		      const void *data, size_t len)
{
	unsigned out_len = 20;

	if (key_len > INT_MAX ||
	    !HMAC(EVP_sha1(), key_len ? key : "", (int)key_len,
		  len ? data : (const void *)"", len, out, &out_len))
		abort();
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return !len || CRYPTO_memcmp(a, b, len) == 0;
}

/* Sealed bytes lie as nonce, ciphertext, tag */
static void seal_bytes(EVP_CIPHER_CTX *ctx, const uint8_t *key,
		       const char *context, const char *plain, size_t len,
		       uint8_t *out)
{
	uint8_t *text = out + NONCE_LEN;
	int n = 0;

	secret_random(out, NONCE_LEN);
	must(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, out));
	must(EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)context,
			       (int)strlen(context)));
	must(EVP_EncryptUpdate(ctx, text, &n, (const uint8_t *)plain,
			       (int)len));
	must(EVP_EncryptFinal_ex(ctx, text + len, &n));
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN,
				 text + len));
}

char *secret_seal(const uint8_t key[SECRET_KEY_LEN], const char *context,
		  const char *plain)
{
	const size_t len = strlen(plain);
	const size_t size = NONCE_LEN + len + TAG_LEN;
	EVP_CIPHER_CTX *ctx;
	uint8_t *bytes;
	char *text, *sealed;

	g_assert(size <= INT_MAX);
	ctx = EVP_CIPHER_CTX_new();
	must(ctx != NULL);
	bytes = g_malloc(size);
	seal_bytes(ctx, key, context, plain, len, bytes);
	text = str_base64(bytes, size);
	sealed = g_strconcat(sealed_prefix, text, NULL);

	EVP_CIPHER_CTX_free(ctx);
	g_free(text);
	g_free(bytes);

	return sealed;
}

static bool open_bytes(const uint8_t *key, const char *context, uint8_t *bytes,
		       size_t len, uint8_t *plain)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *text = bytes + NONCE_LEN;
	int n = 0;
	bool ok;

	must(ctx != NULL);
	must(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, bytes));
	must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN,
				 bytes + NONCE_LEN + len));
	must(EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)context,
			       (int)strlen(context)));
	must(EVP_DecryptUpdate(ctx, plain, &n, text, (int)len));
	ok = EVP_DecryptFinal_ex(ctx, plain + len, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);

	return ok;
}

int secret_open(const uint8_t key[SECRET_KEY_LEN], const char *context,
		const char *sealed, char **plainp)
{
	uint8_t *bytes = NULL, *plain;
	size_t size, len;

	if (!str_starts(sealed, sealed_prefix) ||
	    str_base64_decode(sealed + sizeof(sealed_prefix) - 1, &bytes,
			      &size))
		return EBADMSG;
	if (size < NONCE_LEN + TAG_LEN || size > INT_MAX) {
		g_free(bytes);
		return EBADMSG;
	}

	len = size - NONCE_LEN - TAG_LEN;
	plain = g_malloc(len + 1);
	plain[len] = '\0';
	if (!open_bytes(key, context, bytes, len, plain)) {
		OPENSSL_cleanse(plain, len); /* not authentic: never seen */
		g_free(plain);
		g_free(bytes);
		return EBADMSG;
	}
	g_free(bytes);
	*plainp = (char *)plain;

	return 0;
}
