/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/http_peer_priv.h"

static void need(bool ok)
{
	if (!ok)
		abort();
}

static void add_extension(X509 *crt, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, crt, crt, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	need(ext && X509_add_ext(crt, ext, -1));
	X509_EXTENSION_free(ext);
}

static X509 *certificate(EVP_PKEY *key)
{
	X509 *crt = X509_new();
	X509_NAME *name = X509_get_subject_name(crt);

	need(X509_set_version(crt, X509_VERSION_3));
	need(ASN1_INTEGER_set(X509_get_serialNumber(crt), 1));
	need(X509_gmtime_adj(X509_getm_notBefore(crt), -3600) != NULL);
	need(X509_gmtime_adj(X509_getm_notAfter(crt), 3600) != NULL);
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					(const unsigned char *)"http_peer", -1,
					-1, 0));
	need(X509_set_issuer_name(crt, name));
	need(X509_set_pubkey(crt, key));
	add_extension(crt, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(crt, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
	need(X509_sign(crt, key, EVP_sha256()) > 0);

	return crt;
}

static void save(struct hpeer *peer, X509 *crt)
{
	const int fd =
		g_file_open_tmp("bifrons-ca-XXXXXX", &peer->ca_file, NULL);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	need(file && PEM_write_X509(file, crt));
	need(fclose(file) == 0);
}

void hpeer_make_certificate(struct hpeer *peer)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *crt;

	need(key != NULL);
	crt = certificate(key);
	save(peer, crt);
	peer->tls = SSL_CTX_new(TLS_server_method());
	need(peer->tls != NULL);
	need(SSL_CTX_use_certificate(peer->tls, crt) == 1);
	need(SSL_CTX_use_PrivateKey(peer->tls, key) == 1);
	X509_free(crt);
	EVP_PKEY_free(key);
}
