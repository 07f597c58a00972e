/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/api_priv.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"

/* base64url of MAC (16 bytes), id (36), value (the rest). The MAC covers the
 * query too: a token of another account, filter or order is refused.
 */
enum {
	MAC_LEN = 16,
	ID_LEN = ID_SIZE - 1,
	TOKEN_MAX = 1024,
};

static void mac_of(uint8_t mac[MAC_LEN], const struct api *api,
		   const char *query, const char *id, const char *value)
{
	char *text =
		g_strconcat("page-token\n", query, "\n", id, "\n", value, NULL);
	uint8_t full[32];

	secret_hmac_sha256(full, api->env.key, SECRET_KEY_LEN, text,
			   strlen(text));
	memcpy(mac, full, MAC_LEN);
	g_free(text);
}

char *page_token_make(const struct api *api, const char *query,
		      const struct page_mark *mark)
{
	const size_t value_len = strlen(mark->value);
	const size_t len = MAC_LEN + ID_LEN + value_len;
	uint8_t *data = g_malloc(len);
	char *token;

	mac_of(data, api, query, mark->id, mark->value);
	memcpy(data + MAC_LEN, mark->id, ID_LEN);
	memcpy(data + MAC_LEN + ID_LEN, mark->value, value_len);
	token = str_base64url(data, len);
	g_free(data);

	return token;
}

/** Base64url without padding to what the decoder knows */
static int decode(const char *token, uint8_t **datap, size_t *lenp)
{
	const size_t len = strlen(token);
	char text[TOKEN_MAX + 4];
	size_t i;

	if (!len || len > TOKEN_MAX)
		return EINVAL;

	for (i = 0; i < len; ++i)
		text[i] = token[i] == '-'   ? '+'
			  : token[i] == '_' ? '/'
					    : token[i];
	while (i % 4)
		text[i++] = '=';
	text[i] = '\0';

	return str_base64_decode(text, datap, lenp);
}

int page_token_read(const struct api *api, const char *query, const char *token,
		    struct page_mark *mark)
{
	uint8_t mac[MAC_LEN], *data = NULL;
	size_t len = 0;
	int err;

	err = decode(token, &data, &len);
	if (err)
		return EINVAL;

	if (len < MAC_LEN + ID_LEN ||
	    memchr(data + MAC_LEN, '\0', len - MAC_LEN)) {
		err = EINVAL;
		goto out;
	}

	memcpy(mark->id, data + MAC_LEN, ID_LEN);
	mark->id[ID_LEN] = '\0';
	mark->value = g_strndup((char *)data + MAC_LEN + ID_LEN,
				len - MAC_LEN - ID_LEN);

	mac_of(mac, api, query, mark->id, mark->value);
	if (!secret_equal(mac, data, MAC_LEN)) {
		g_free(mark->value);
		mark->value = NULL;
		err = EINVAL;
	}
out:
	g_free(data);

	return err;
}
