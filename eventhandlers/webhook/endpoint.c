/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webhook/endpoint.h"

#include <errno.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/seal.h"
#include "common/str.h"
#include "host/log.h"
#include "webhook/filter.h"

enum {
	DOC_MAX = 1024 * 1024
};

static void wipe(char **textp)
{
	if (*textp)
		OPENSSL_cleanse(*textp, strlen(*textp));
	g_free(*textp);
	*textp = NULL;
}

/** The host of a URL that was checked when it was stored; g_free() it */
static char *host_of(const char *url)
{
	const char *start = strstr(url, "://");
	const char *at;
	size_t len;

	start = start ? start + 3 : url;
	len = strcspn(start, "/?#");
	at = memchr(start, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - start);
		start = at + 1;
	}

	return g_strndup(start, len);
}

static json_t *parse(const char *text)
{
	char why[64];
	json_t *doc = NULL;

	if (text &&
	    json_parse(&doc, text, strnlen(text, DOC_MAX), why, sizeof(why)))
		return NULL;

	return doc;
}

static char *open_secret(const struct endpoint *ep, const char *kind,
			 const char *path, const json_t *doc,
			 const uint8_t *key)
{
	const struct seal_owner owner = {
		.kind = kind,
		.id = str_eq(kind, "account") ? ep->account_id : ep->id,
		.path = path,
	};
	char *plain = NULL;
	const int err = seal_open(key, &owner, doc, &plain);

	if (err && err != ENOENT)
		log_error("webhook %s: its %s cannot be opened: was it sealed "
			  "with another key file?",
			  ep->id, path);

	return err ? NULL : plain;
}

static void open_secrets(struct endpoint *ep, const json_t *doc,
			 const char *account_doc, const uint8_t *key)
{
	json_t *account;

	wipe(&ep->secret);
	wipe(&ep->previous_secret);
	ep->secret = open_secret(ep, "webhook", "secret", doc, key);
	ep->previous_secret =
		open_secret(ep, "webhook", "previous_secret", doc, key);
	ep->previous_until_ms = 0;
	if (clock_parse_rfc3339(json_str(doc, "previous_until", NULL),
				&ep->previous_until_ms))
		wipe(&ep->previous_secret);

	if (!ep->secret && ep->call_id) {
		account = parse(account_doc);
		ep->secret = open_secret(ep, "account", "signing_secret",
					 account, key);
		json_decref(account);
	}
}

static void take_row(struct endpoint *ep, const struct endpoint_row *row,
		     const uint8_t *key)
{
	json_t *doc = parse(row->doc);

	g_free(ep->doc);
	g_free(ep->url);
	g_free(ep->host);
	ep->doc = g_strdup(row->doc);
	ep->url = g_strdup(json_str(doc, "url", ""));
	ep->host = host_of(ep->url);
	filter_free(ep->filter);
	ep->filter = filter_new(json_object_get(doc, "events"));
	open_secrets(ep, doc, row->account_doc, key);
	json_decref(doc);
}

struct endpoint *endpoint_new(const struct endpoint_row *row,
			      const uint8_t key[SECRET_KEY_LEN])
{
	struct endpoint *ep = g_new0(struct endpoint, 1);

	ep->id = g_strdup(row->id);
	ep->account_id = g_strdup(row->account_id);
	ep->call_id = g_strdup(row->call_id);
	ep->lanes = lanes_new();
	/* what an earlier life left */
	ep->more = true;
	take_row(ep, row, key);

	return ep;
}

struct endpoint *endpoint_free(struct endpoint *ep)
{
	if (ep) {
		lanes_free(ep->lanes);
		filter_free(ep->filter);
		wipe(&ep->secret);
		wipe(&ep->previous_secret);
		g_free(ep->id);
		g_free(ep->account_id);
		g_free(ep->call_id);
		g_free(ep->doc);
		g_free(ep->url);
		g_free(ep->host);
		g_free(ep);
	}

	return NULL;
}

bool endpoint_update(struct endpoint *ep, const struct endpoint_row *row,
		     const uint8_t key[SECRET_KEY_LEN])
{
	if (str_eq(ep->doc, row->doc))
		return false;

	take_row(ep, row, key);

	return true;
}

char *endpoint_sign(const struct endpoint *ep,
		    const struct webhook_message *msg, int64_t now_ms)
{
	char *own = webhook_sign(ep->secret, msg), *before, *both;

	if (!ep->previous_secret || now_ms >= ep->previous_until_ms)
		return own;

	before = webhook_sign(ep->previous_secret, msg);
	both = g_strconcat(own, " ", before, NULL);
	g_free(own);
	g_free(before);

	return both;
}
