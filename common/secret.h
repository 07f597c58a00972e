/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file secret.h  Tokens, hashes, and secrets sealed at rest
 *
 * Thread: any. OpenSSL EVP underneath; comparisons take constant time.
 */
#ifndef BIFRONS_COMMON_SECRET_H
#define BIFRONS_COMMON_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SECRET_KEY_LEN = 32,
	SECRET_SHA256_HEX = 65,
	SECRET_MD5_HEX = 33
};

/** prefix + 256 random bits as base64url, e.g. "bfk_…"; g_free() it */
char *secret_token(const char *prefix);

/** Hex of SHA-256, how tokens are stored */
void secret_sha256_hex(char out[SECRET_SHA256_HEX], const void *data,
		       size_t len);

/** SHA-256 of what comes in pieces */
struct secret_hash;
struct secret_hash *secret_hash_new(void);
void secret_hash_add(struct secret_hash *hash, const void *data, size_t len);
/** The end; secret_hash_free() is still the caller's */
void secret_hash_hex(struct secret_hash *hash, char out[SECRET_SHA256_HEX]);
void secret_hash_free(struct secret_hash *hash);

void secret_hmac_sha256(uint8_t out[32], const void *key, size_t key_len,
			const void *data, size_t len);

/** Hex of MD5: for what a protocol demands (SIP digest), never for more */
void secret_md5_hex(char out[SECRET_MD5_HEX], const void *data, size_t len);

/** As TURN's time-limited credentials are made */
void secret_hmac_sha1(uint8_t out[20], const void *key, size_t key_len,
		      const void *data, size_t len);

bool secret_equal(const void *a, const void *b, size_t len);

/** Random bytes from the kernel; aborts when there are none */
void secret_random(void *buf, size_t len);

/** Read the 32-byte key file, or make it (mode 0600) when it is missing.
 * @return 0, EINVAL for a file of another size or open to others, or errno
 */
int secret_key_load(uint8_t key[SECRET_KEY_LEN], const char *path);

/** Seal with AES-256-GCM: "v1:" + base64(nonce ‖ ciphertext ‖ tag). The
 * context (say "trunk.password:" + id) must be the same to open.
 * g_free() the result.
 */
char *secret_seal(const uint8_t key[SECRET_KEY_LEN], const char *context,
		  const char *plain);

/** @return 0, or EBADMSG for another key, context or a changed text */
int secret_open(const uint8_t key[SECRET_KEY_LEN], const char *context,
		const char *sealed, char **plainp);

#endif
