/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest as trunks ask for it (RFC 3261 §22, RFC 8760). sofia 1.12.11 knows
 * MD5 alone, gives up on a challenge with SHA-256 beside it, and cuts passwords
 * at a colon; so its authenticator is replaced by this one. Credentials come
 * through sofia as hex, which has no colons. A plugin named in lower case takes
 * the place of sofia's own, as it compares names the wrong way round. */
#define SOFIA_EXTEND_AUTH_CLIENT 1
#include <sofia-sip/auth_client.h>
#include <sofia-sip/auth_client_plugin.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/su_string.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/seal.h"
#include "common/secret.h"
#include "common/str.h"
#include "host/log.h"

#include "sipx_priv.h"
#include "source.h"

enum {
	PARAM_MAX = 1024,
	CNONCE_BYTES = 16,
	CNONCE_SIZE = 2 * CNONCE_BYTES + 1
};

enum algorithm {
	ALG_NONE,
	ALG_MD5,
	ALG_SHA256
};

struct digest {
	auth_client_t ca; /* first */
	enum algorithm alg;
	bool sess, qop;
	char *nonce, *opaque; /* in ca.ca_home */
	char cnonce[CNONCE_SIZE];
	unsigned nc;
};

/* ---- the challenge ---- */

/* A parameter without its quotes; NULL when it is not there, or odd */
static char *param(su_home_t *home, const msg_auth_t *ch, const char *name)
{
	const char *value = msg_header_find_param(ch->au_common, name);
	size_t len = value ? strlen(value) : 0;

	if (!value || len > PARAM_MAX)
		return NULL;
	if (len >= 2 && *value == '"' && value[len - 1] == '"')
		++value, len -= 2;
	if (memchr(value, '"', len) || memchr(value, '\\', len))
		return NULL;

	return su_strndup(home, value, (isize_t)len);
}

static enum algorithm algorithm_of(const char *name, bool *sessp)
{
	*sessp = false;
	if (!name || !strcasecmp(name, "MD5"))
		return ALG_MD5;
	if (!strcasecmp(name, "SHA-256"))
		return ALG_SHA256;
	*sessp = true;
	if (!strcasecmp(name, "MD5-sess"))
		return ALG_MD5;

	return !strcasecmp(name, "SHA-256-sess") ? ALG_SHA256 : ALG_NONE;
}

/* Is "auth" among "auth,auth-int"? */
static bool has_auth(const char *qop)
{
	size_t len;

	while (*qop) {
		qop += strspn(qop, ", ");
		len = strcspn(qop, ", ");
		if (len == 4 && !strncasecmp(qop, "auth", 4))
			return true;
		qop += len;
	}

	return false;
}

static bool is_usable(enum algorithm alg, const char *qop)
{
	return alg != ALG_NONE && (!qop || has_auth(qop));
}

static void store(struct digest *d, enum algorithm alg, bool sess, bool qop,
		  char *nonce, char *opaque)
{
	uint8_t bytes[CNONCE_BYTES];

	su_free(d->ca.ca_home, d->nonce);
	su_free(d->ca.ca_home, d->opaque);
	d->alg = alg;
	d->sess = sess;
	d->qop = qop;
	d->nonce = nonce;
	d->opaque = opaque;
	d->nc = 0;
	secret_random(bytes, sizeof(bytes));
	str_hex(d->cnonce, bytes, sizeof(bytes));
}

/* @return 2: ask again with it, 1: nothing new (or not for us) */
static int on_challenge(auth_client_t *ca, const msg_auth_t *ch)
{
	struct digest *d = (struct digest *)ca;
	su_home_t *home = ca->ca_home;
	char *name = param(home, ch, "algorithm=");
	char *qop = param(home, ch, "qop=");
	char *stale = param(home, ch, "stale=");
	const bool fresh = !d->nonce || (stale && !strcasecmp(stale, "true"));
	bool sess;
	const enum algorithm alg = algorithm_of(name, &sess);
	const bool usable = is_usable(alg, qop);
	char *nonce = usable ? param(home, ch, "nonce=") : NULL;
	/* of several in one response the strongest stays */
	const bool better = nonce && alg >= d->alg;
	const bool up = better && alg > d->alg;

	if (better)
		store(d, alg, sess, qop != NULL, nonce,
		      param(home, ch, "opaque="));
	else
		su_free(home, nonce);
	su_free(home, name);
	su_free(home, qop);
	su_free(home, stale);

	return better && (fresh || up) ? 2 : 1;
}

/* ---- the answer ---- */

static void hash(char out[SECRET_SHA256_HEX], enum algorithm alg,
		 const char *text)
{
	if (alg == ALG_SHA256)
		secret_sha256_hex(out, text, strlen(text));
	else
		secret_md5_hex(out, text, strlen(text));
}

/* of to_hex() */
static char *from_hex(const char *hex)
{
	const size_t len = strlen(hex) / 2;
	char *out = g_malloc0(len + 1);
	size_t i;

	for (i = 0; i < len; ++i)
		out[i] = (char)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				g_ascii_xdigit_value(hex[2 * i + 1]));

	return out;
}

static char *to_hex(const char *text)
{
	char *out = g_malloc(2 * strlen(text) + 1);

	str_hex(out, (const uint8_t *)text, strlen(text));

	return out;
}

/* Hash and forget a text */
static void hash_take(char out[SECRET_SHA256_HEX], enum algorithm alg,
		      char *text)
{
	hash(out, alg, text);
	explicit_bzero(text, strlen(text));
	g_free(text);
}

static void respond(const struct digest *d, char out[SECRET_SHA256_HEX],
		    const char *user, const char *method, const char *uri)
{
	char a1[SECRET_SHA256_HEX], a2[SECRET_SHA256_HEX];
	const char *realm = d->ca.ca_realm;
	const size_t len = strlen(realm);
	char *password = from_hex(d->ca.ca_pass);

	hash_take(a1, d->alg,
		  g_strdup_printf("%s:%.*s:%s", user,
				  len >= 2 ? (int)len - 2 : 0, realm + 1,
				  password));
	explicit_bzero(password, strlen(password));
	g_free(password);
	if (d->sess)
		hash_take(a1, d->alg,
			  g_strdup_printf("%s:%s:%s", a1, d->nonce, d->cnonce));
	hash_take(a2, d->alg, g_strdup_printf("%s:%s", method, uri));
	if (d->qop)
		hash_take(out, d->alg,
			  g_strdup_printf("%s:%s:%08x:%s:auth:%s", a1, d->nonce,
					  d->nc, d->cnonce, a2));
	else
		hash_take(out, d->alg,
			  g_strdup_printf("%s:%s:%s", a1, d->nonce, a2));
}

static char *quoted(const char *text)
{
	GString *out = g_string_new(NULL);

	for (; *text; ++text) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *text);
	}

	return g_string_free(out, FALSE);
}

static char *write_credentials(struct digest *d, const char *user,
			       const char *method, const char *uri)
{
	char response[SECRET_SHA256_HEX];
	GString *out = g_string_new(NULL);
	char *name = quoted(user);

	++d->nc;
	respond(d, response, user, method, uri);
	g_string_printf(out,
			"Digest username=\"%s\", realm=%s, nonce=\"%s\", "
			"uri=\"%s\", response=\"%s\", algorithm=%s%s",
			name, d->ca.ca_realm, d->nonce, uri, response,
			d->alg == ALG_SHA256 ? "SHA-256" : "MD5",
			d->sess ? "-sess" : "");
	if (d->opaque)
		g_string_append_printf(out, ", opaque=\"%s\"", d->opaque);
	if (d->qop)
		g_string_append_printf(out, ", qop=auth, nc=%08x", d->nc);
	if (d->qop || d->sess)
		g_string_append_printf(out, ", cnonce=\"%s\"", d->cnonce);
	g_free(name);

	return g_string_free(out, FALSE);
}

/* the shape is sofia's */
/* NOLINTNEXTLINE(readability-function-size) */
static int on_authorize(auth_client_t *ca, su_home_t *home, const char *method,
			const url_t *url, const msg_payload_t *body,
			msg_header_t **headersp)
{
	struct digest *d = (struct digest *)ca;
	char *uri, *user, *text;

	if (!ca->ca_user || !ca->ca_pass || ca->ca_clear || !d->nonce)
		return 0;
	uri = url_as_string(home, url);
	if (!uri)
		return -1;

	user = from_hex(ca->ca_user);
	text = write_credentials(d, user, method, uri);
	*headersp = msg_header_make(home, ca->ca_credential_class, text);
	g_free(text);
	g_free(user);
	su_free(home, uri);

	return *headersp ? 0 : -1;
}

static int on_clear(auth_client_t *ca)
{
	ca->ca_clear = 1;

	return 0;
}

void sipx_auth_register(void)
{
	/* sofia keeps it for good */
	static const auth_client_plugin_t plugin = {
		.auc_plugin_size = sizeof(plugin),
		.auc_size = sizeof(struct digest),
		.auc_name = "digest",
		.auc_challenge = on_challenge,
		.auc_authorize = on_authorize,
		.auc_clear = on_clear,
	};

	/* another stack of this process takes another slot, until they are
	 * full; the first one serves them all */
	(void)auc_register_plugin(&plugin);
}

/* ---- a trunk's credentials ---- */

static char *open_password(const struct sipx_leg *leg)
{
	const struct seal_owner owner = {"trunk", leg->trunk->id, "password"};
	char *password = NULL;

	if (!leg->stack->key ||
	    seal_open(leg->stack->key, &owner, leg->trunk->doc, &password))
		return NULL;

	return password;
}

/* Digest, of a kind that we know? */
static bool can_answer(const msg_auth_t *ch)
{
	su_home_t home[1] = {SU_HOME_INIT(home)};
	bool sess, can;

	if (!ch->au_scheme || strcasecmp(ch->au_scheme, "Digest"))
		return false;
	can = is_usable(algorithm_of(param(home, ch, "algorithm="), &sess),
			param(home, ch, "qop="));
	su_home_deinit(home);

	return can;
}

/* The realm as it stands there, with its quotes, when we have its password
 * @param whyp  Set when there is none */
static const char *realm_of(const struct sipx_leg *leg, const msg_auth_t *ch,
			    const char **whyp)
{
	const char *want = leg->trunk->realm, *realm;
	size_t len;

	*whyp = "it asks for no Digest that we know";
	for (; ch; ch = ch->au_next) {
		realm = msg_header_find_param(ch->au_common, "realm=");
		len = realm ? strlen(realm) : 0;
		if (!can_answer(ch) || len < 2 || len > PARAM_MAX ||
		    *realm != '"' || !sipx_value_ok(realm))
			continue;
		if (!want || (strlen(want) == len - 2 &&
			      !strncmp(want, realm + 1, len - 2)))
			return realm;
		*whyp = "its realm is not the trunk's";
	}

	return NULL;
}

/* In a dialog our requests go where their Contact says, which need not be the
 * trunk's: only who is at the address that set the call up gets an answer. */
static bool is_from_party(const struct sipx_leg *leg)
{
	const char *at = strchr(leg->remote, ':');
	char host[SIPX_PEER_SIZE];
	struct sipx_peer peer;
	size_t len;

	sipx_source_peer(leg->stack, &peer);
	sipx_peer_host(host, sizeof(host), &peer);
	len = strlen(host);
	if (!at)
		return false;
	at += at[1] == '[' ? 2 : 1;

	return !strncmp(at, host, len) && (at[len] == ':' || at[len] == ']');
}

bool sipx_is_challenge(const struct sipx_event *ev)
{
	return ev->sip && (ev->status == 401 || ev->status == 407);
}

bool sipx_authenticate(struct sipx_leg *leg, const sip_t *sip)
{
	const msg_auth_t *ch = sip->sip_www_authenticate
				       ? sip->sip_www_authenticate
				       : sip->sip_proxy_authenticate;
	char *password, *user, *pass, *text;
	const char *realm, *why;

	if (!leg->trunk || !leg->trunk->username) {
		sipx_leg_note(leg, "no credentials sent: %s",
			      leg->trunk ? "the trunk has no username"
					 : "there is no trunk");
		return false;
	}
	if (!leg->dialling && !is_from_party(leg))
		return false;
	realm = realm_of(leg, ch, &why);
	password = realm ? open_password(leg) : NULL;
	if (!password) {
		sipx_leg_note(leg, "no credentials sent: %s",
			      realm ? "the trunk has no password" : why);
		log_warn("%s: trunk %s asks for credentials that we do not "
			 "have",
			 sipx_leg_name(leg), leg->trunk->id);
		return false;
	}

	user = to_hex(leg->trunk->username);
	pass = to_hex(password);
	text = g_strdup_printf("Digest:%s:%s:%s", realm, user, pass);
	nua_authenticate(leg->nh, NUTAG_AUTH(text), TAG_END());
	explicit_bzero(text, strlen(text));
	g_free(text);
	g_free(pass);
	g_free(user);
	g_free(password);

	return true;
}
