/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file tls.h  The server's certificate, re-read when its files change
 *
 * Thread: any.
 */
#ifndef BIFRONS_REST_TLS_H
#define BIFRONS_REST_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

struct rest_tls;

/** Read certificate and key.
 * @return 0, or EINVAL: *whyp says which file is wrong; g_free() it
 */
int rest_tls_alloc(struct rest_tls **tlsp, const char *cert, const char *key,
		   char **whyp);
struct rest_tls *rest_tls_free(struct rest_tls *tls);

/** What to present in a handshake; looks at the files once a second at most.
 * Both stay valid until rest_tls_free(). @return 0
 */
int rest_tls_pick(struct rest_tls *tls, gnutls_pcert_st **certsp,
		  unsigned *ncertsp, gnutls_privkey_t *keyp);

#endif
