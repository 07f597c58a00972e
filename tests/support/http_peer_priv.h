/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file http_peer_priv.h  What the files of the HTTP peer share */
#ifndef BIFRONS_TESTS_HTTP_PEER_PRIV_H
#define BIFRONS_TESTS_HTTP_PEER_PRIV_H

#include <glib.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "support/http_peer.h"

struct hpeer {
	/* constant */
	struct hpeer_params prm;
	uint16_t port;
	int fd, stop_fd;
	int fill[3]; /**< deaf: they take the places of others */
	pthread_t thread;
	SSL_CTX *tls;
	char *ca_file;

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	/* guarded by mtx */
	GPtrArray *conns;    /**< of struct hpeer_conn */
	GPtrArray *requests; /**< of struct hpeer_request */
	unsigned nclosed;
};

struct hpeer_conn {
	struct hpeer *peer;
	unsigned nth;
	pthread_t thread;
	int fd; /**< closed by its thread, in the peer's lock: -1 */
	SSL *ssl;
	GString *in;
	bool over; /**< nothing more is read */
};

/** A key and a certificate of its own */
void hpeer_make_certificate(struct hpeer *peer);
void hpeer_request_free(void *req);
/** The thread of a connection */
void *hpeer_serve(void *arg);

#endif
