/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rest_priv.h  Inside the transport: what its parts share
 *
 * Thread: as each member says.
 */
#ifndef BIFRONS_REST_REST_PRIV_H
#define BIFRONS_REST_REST_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "rest/auth.h"
#include "rest/conns.h"
#include "rest/cors.h"
#include "rest/metrics.h"
#include "rest/pending.h"
#include "rest/rest.h"
#include "rest/sse.h"
#include "rest/store.h"
#include "rest/tls.h"
#include "rest/upload.h"

struct MHD_Connection;
struct MHD_Daemon;

/** A text made once and kept to the end */
struct rest_text {
	size_t len;
	char text[];
};

struct rest {
	/* set before start, then read-only */
	const struct rest_config *cfg;
	struct rest_core core;
	struct rest_store *store;
	struct rest_keys *keys;
	struct rest_cors *cors;
	struct rest_sse *sse;
	struct rest_pending *pending;
	struct rest_conns *conns;
	struct rest_metrics *metrics;
	struct rest_tls *tls;         /* NULL: plain HTTP */
	struct rest_uploads *uploads; /* NULL: no data_dir */
	struct MHD_Daemon *daemon;
	int listen_fd;
	uint16_t port;

	/* any thread */
	_Atomic(struct rest_text *) openapi; /* NULL until it was asked for */
	atomic_bool stopping;                /* nobody new is let in */

	pthread_mutex_t mtx;
	pthread_cond_t cond; /* answering reached 0 */
	unsigned answering;  /* under mtx: handed to the core, not sent yet */
};

/* server.c */

/** Listen and start the threads; everything else is ready. @return errno */
int rest_server_start(struct rest *rest);
/** Let nobody new in; who is connected is still served */
void rest_server_refuse(struct rest *rest);
/** Close everything. Nobody may be suspended. */
void rest_server_stop(struct rest *rest);

/* exchange.c: one request and its answer, on one of the server's threads */

struct rest_exchange;

struct rest_exchange *rest_exchange_new(struct rest *rest,
					struct MHD_Connection *conn,
					const char *target);
/** The handler of libmicrohttpd: called for the head, for each piece of the
 * body, at its end, and after a resume. @return enum MHD_Result
 */
int rest_exchange_step(struct rest_exchange *ex, const char *method,
		       const char *version, const char *data, size_t *lenp);
void rest_exchange_free(struct rest_exchange *ex);
/** The pending table's handler */
void rest_exchange_answered(void *what, enum api_err err, const json_t *reply);

/* reply.c: an answer becomes HTTP */

struct rest_answer;
struct rest_stream;

/** @return enum MHD_Result; takes the body over */
int rest_reply_queue(struct MHD_Connection *conn, struct rest_answer *ans,
		     const char *request_id);

/** The head of an answer, and then what the stream has to say. It must live
 * until the exchange is over. @return enum MHD_Result
 */
int rest_reply_stream(struct MHD_Connection *conn,
		      const struct rest_answer *ans, struct rest_stream *stream,
		      const char *request_id);

/** Write a refusal at once, in the middle of a body, where libmicrohttpd takes
 * no answer. The connection must be closed afterwards.
 */
void rest_reply_raw(struct MHD_Connection *conn, const struct rest_answer *ans,
		    const char *request_id);

#endif
