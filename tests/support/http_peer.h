/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file http_peer.h  An HTTP server on loopback that does what a test says
 *
 * Each connection has a thread. It reads a request, keeps it for assertions
 * and calls the test's handler, which answers with the functions below: well,
 * slowly, falsely, or not at all. Nothing is checked on the way out. The
 * connection is kept for the next request unless the handler ended it.
 *
 * Thread: the test's, but the handler and what takes a connection: that
 * connection's thread. Waiting functions give up after 10 s and abort.
 */
#ifndef BIFRONS_TESTS_HTTP_PEER_H
#define BIFRONS_TESTS_HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hpeer;
struct hpeer_conn;

struct hpeer_request {
	unsigned nth;        /**< of the peer, from 0 */
	unsigned connection; /**< on which one it came, from 0 */
	char *method, *target;
	char *head; /**< as it came, request line and all */
	char *body; /**< NUL-ended */
	size_t body_len;
};

/** What to do with a request */
typedef void(hpeer_h)(struct hpeer_conn *conn, const struct hpeer_request *req,
		      void *arg);

struct hpeer_params {
	hpeer_h *handler; /**< NULL: 200 and "ok" */
	void *arg;
	bool tls;  /**< for 127.0.0.1 and localhost */
	bool deaf; /**< connections to it are never made */
};

/** Listen on a free port of 127.0.0.1; aborts when it cannot */
struct hpeer *hpeer_open(const struct hpeer_params *prm);
/** Ends every connection, joins every thread. @return NULL */
struct hpeer *hpeer_close(struct hpeer *peer);

uint16_t hpeer_port(const struct hpeer *peer);
/** "http://127.0.0.1:PORT" + path; g_free() it */
char *hpeer_url(const struct hpeer *peer, const char *path);
/** The certificate that signs its own, PEM; removed at close */
const char *hpeer_ca_file(const struct hpeer *peer);

/* ---- What came ---- */

/** Requests that came whole, up to now */
unsigned hpeer_count(struct hpeer *peer);
/** Wait until n have come. @return The n-th, until the peer is closed */
const struct hpeer_request *hpeer_wait(struct hpeer *peer, unsigned n);
/** The i-th from 0, until the peer is closed */
const struct hpeer_request *hpeer_request(struct hpeer *peer, unsigned i);
/** A field's value (g_free() it), or NULL */
char *hpeer_field(const struct hpeer_request *req, const char *name);
/** Has it a field of that name? */
bool hpeer_has(const struct hpeer_request *req, const char *name);

/** Connections that were made, up to now */
unsigned hpeer_connections(struct hpeer *peer);
/** Wait until n of them are over */
void hpeer_wait_closed(struct hpeer *peer, unsigned n);

/* ---- What a handler does; false: the client has gone ---- */

/** A whole answer. @param fields  More lines, each with CRLF, or NULL */
bool hpeer_answer(struct hpeer_conn *conn, int status, const char *fields,
		  const char *body);
bool hpeer_answer_data(struct hpeer_conn *conn, int status, const char *fields,
		       const void *data, size_t len);
/** Bytes as they are */
bool hpeer_send(struct hpeer_conn *conn, const void *data, size_t len);
bool hpeer_say(struct hpeer_conn *conn, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** Some bytes, a pause, some bytes … */
bool hpeer_trickle(struct hpeer_conn *conn, const void *data, size_t len,
		   size_t step, unsigned pause_ms);
/** Send the same again and again, until the client has gone */
void hpeer_flood(struct hpeer_conn *conn, const void *data, size_t len);
bool hpeer_pause(struct hpeer_conn *conn, unsigned ms);
/** Nothing, until the client has gone or the peer is closed */
void hpeer_hang(struct hpeer_conn *conn);
/** The connection is closed when the handler returns; by RST */
void hpeer_end(struct hpeer_conn *conn);
void hpeer_reset(struct hpeer_conn *conn);

/** A handler: its arg is the text that it sends before it ends */
void hpeer_raw(struct hpeer_conn *conn, const struct hpeer_request *req,
	       void *arg);

#endif
