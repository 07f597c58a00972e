/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/tls.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "host/log.h"

enum {
	MAX_CHAIN = 16,
	LOOK_EVERY_MS = 1000,
};

struct stamp {
	struct timespec mtime;
	ino_t ino;
	off_t size;
};

/* What was read once; handshakes may still hold an older one, so none is
 * freed before the end */
struct pair {
	gnutls_pcert_st certs[MAX_CHAIN];
	unsigned ncerts;
	gnutls_privkey_t key;
	struct pair *older;
};

struct rest_tls {
	char *cert, *key; /* paths, read-only */

	pthread_mutex_t mtx;
	/* under mtx */
	struct pair *now;
	struct stamp cert_stamp, key_stamp; /* last looked at */
	int64_t looked_ms;
	bool failed; /* the last read did: try again though nothing changed */
};

static struct pair *pair_free(struct pair *pair)
{
	unsigned i;

	if (!pair)
		return NULL;

	for (i = 0; i < pair->ncerts; ++i)
		gnutls_pcert_deinit(&pair->certs[i]);
	if (pair->key)
		gnutls_privkey_deinit(pair->key);
	g_free(pair);

	return NULL;
}

static struct stamp stamp_of(const char *path)
{
	struct stamp stamp = {0};
	struct stat st;

	if (!stat(path, &st)) {
		stamp.mtime = st.st_mtim;
		stamp.ino = st.st_ino;
		stamp.size = st.st_size;
	}

	return stamp;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
	return a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec && a->ino == b->ino &&
	       a->size == b->size;
}

/* The two belong together? GnuTLS finds out when it is given both */
static int check_match(const gnutls_datum_t *cert, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t cred;
	int rc;

	rc = gnutls_certificate_allocate_credentials(&cred);
	if (rc < 0)
		return rc;
	rc = gnutls_certificate_set_x509_key_mem(cred, cert, key,
						 GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(cred);

	return rc < 0 ? rc : 0;
}

static int import(struct pair *pair, const gnutls_datum_t *cert,
		  const gnutls_datum_t *key)
{
	unsigned n = MAX_CHAIN;
	int rc;

	rc = check_match(cert, key);
	if (rc < 0)
		return rc;
	rc = gnutls_pcert_list_import_x509_raw(pair->certs, &n, cert,
					       GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0)
		return rc;
	pair->ncerts = n;
	rc = gnutls_privkey_init(&pair->key);
	if (rc < 0)
		return rc;

	return gnutls_privkey_import_x509_raw(pair->key, key,
					      GNUTLS_X509_FMT_PEM, NULL, 0);
}

static bool read_file(gnutls_datum_t *data, const char *path, char **whyp)
{
	GError *error = NULL;
	char *text = NULL;
	gsize len = 0;

	if (!g_file_get_contents(path, &text, &len, &error)) {
		*whyp = g_strdup(error->message);
		g_error_free(error);
		return false;
	}
	data->data = (unsigned char *)text;
	data->size = (unsigned)len;

	return true;
}

static int read_pair(struct pair **pairp, const struct rest_tls *tls,
		     char **whyp)
{
	gnutls_datum_t cert = {0}, key = {0};
	struct pair *pair = g_new0(struct pair, 1);
	int rc, err = EINVAL;

	if (!read_file(&cert, tls->cert, whyp) ||
	    !read_file(&key, tls->key, whyp))
		goto out;

	rc = import(pair, &cert, &key);
	if (rc < 0) {
		*whyp = g_strdup_printf("%s, %s: %s", tls->cert, tls->key,
					gnutls_strerror(rc));
		goto out;
	}
	err = 0;
out:
	if (key.data)
		explicit_bzero(key.data, key.size);
	g_free(cert.data);
	g_free(key.data);
	if (err)
		pair_free(pair);
	else
		*pairp = pair;

	return err;
}

int rest_tls_alloc(struct rest_tls **tlsp, const char *cert, const char *key,
		   char **whyp)
{
	struct rest_tls *tls;
	int err;

	if (!tlsp || !cert || !key || !whyp)
		return EINVAL;

	tls = g_new0(struct rest_tls, 1);
	tls->cert = g_strdup(cert);
	tls->key = g_strdup(key);
	pthread_mutex_init(&tls->mtx, NULL);
	tls->cert_stamp = stamp_of(cert);
	tls->key_stamp = stamp_of(key);

	err = read_pair(&tls->now, tls, whyp);
	if (err)
		rest_tls_free(tls);
	else
		*tlsp = tls;

	return err;
}

struct rest_tls *rest_tls_free(struct rest_tls *tls)
{
	if (!tls)
		return NULL;

	while (tls->now) {
		struct pair *older = tls->now->older;

		pair_free(tls->now);
		tls->now = older;
	}
	pthread_mutex_destroy(&tls->mtx);
	g_free(tls->cert);
	g_free(tls->key);
	g_free(tls);

	return NULL;
}

/* While only one of the two files has been replaced they do not match: the
 * old pair goes on until both have */
static void look(struct rest_tls *tls)
{
	const struct stamp cert = stamp_of(tls->cert);
	const struct stamp key = stamp_of(tls->key);
	const bool changed =
		!same(&cert, &tls->cert_stamp) || !same(&key, &tls->key_stamp);
	struct pair *pair = NULL;
	char *why = NULL;

	if (!changed && !tls->failed)
		return;

	tls->cert_stamp = cert;
	tls->key_stamp = key;
	tls->failed = read_pair(&pair, tls, &why) != 0;
	if (!tls->failed) {
		pair->older = tls->now;
		tls->now = pair;
		log_info("rest: TLS certificate read again: %s", tls->cert);
	} else if (changed) {
		log_error("rest: the TLS certificate in use stays: %s", why);
	}
	g_free(why);
}

int rest_tls_pick(struct rest_tls *tls, gnutls_pcert_st **certsp,
		  unsigned *ncertsp, gnutls_privkey_t *keyp)
{
	const int64_t now = clock_mono_ms(clock_system());

	pthread_mutex_lock(&tls->mtx);
	if (now - tls->looked_ms >= LOOK_EVERY_MS) {
		tls->looked_ms = now;
		look(tls);
	}
	*certsp = tls->now->certs;
	*ncertsp = tls->now->ncerts;
	*keyp = tls->now->key;
	pthread_mutex_unlock(&tls->mtx);

	return 0;
}
