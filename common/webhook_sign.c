/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/webhook_sign.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <string.h>

#include "common/secret.h"
#include "common/str.h"

enum {
	SECRET_LEN = 32,
	MAC_LEN = 32
};

char *webhook_secret_new(void)
{
	uint8_t bytes[SECRET_LEN];
	char *text, *secret;

	secret_random(bytes, sizeof(bytes));
	text = str_base64(bytes, sizeof(bytes));
	secret = g_strconcat(WEBHOOK_SECRET_PREFIX, text, NULL);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	OPENSSL_cleanse(text, strlen(text));
	g_free(text);

	return secret;
}

/** Base64url without padding becomes what the decoder takes; g_free() it */
static char *as_standard(const char *text)
{
	static const char *const pads[] = {"", "===", "==", "="};
	char *out = g_strconcat(text, pads[strlen(text) % 4], NULL), *p;

	for (p = out; *p; ++p) {
		if (*p == '-')
			*p = '+';
		else if (*p == '_')
			*p = '/';
	}

	return out;
}

uint8_t *webhook_secret_bytes(const char *secret, size_t *lenp)
{
	uint8_t *bytes = NULL;
	char *text;

	if (str_starts(secret, WEBHOOK_SECRET_PREFIX)) {
		text = as_standard(secret + strlen(WEBHOOK_SECRET_PREFIX));
		/* nothing would sign for everybody */
		if (!str_base64_decode(text, &bytes, lenp) && !*lenp) {
			g_free(bytes);
			bytes = NULL;
		}
		OPENSSL_cleanse(text, strlen(text));
		g_free(text);
	}
	if (!bytes) {
		*lenp = strlen(secret);
		bytes = (uint8_t *)g_strdup(secret);
	}

	return bytes;
}

char *webhook_sign(const char *secret, const struct webhook_message *msg)
{
	GString *text = g_string_sized_new(msg->body_len + 64);
	uint8_t mac[MAC_LEN];
	char *base64, *out;
	uint8_t *key;
	size_t len;

	g_string_append_printf(text, "%s.%lld.", msg->id,
			       (long long)msg->timestamp_s);
	g_string_append_len(text, msg->body, (gssize)msg->body_len);

	key = webhook_secret_bytes(secret, &len);
	secret_hmac_sha256(mac, key, len, text->str, text->len);
	base64 = str_base64(mac, sizeof(mac));
	out = g_strconcat("v1,", base64, NULL);

	OPENSSL_cleanse(key, len);
	g_free(key);
	g_free(base64);
	g_string_free(text, TRUE);

	return out;
}
