/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sse.h  Server-Sent Events: one reader of the outbox, many streams
 *
 * While there are streams, one long poll (`events.read`) is in the call
 * plugin. What it brings goes into the log of each account that has streams:
 * one text per event for all of them. A stream has a place in its account's
 * log; its connection is suspended while there is nothing to send, so it
 * costs no thread. What was missed is read from the store, a page at a time,
 * before a stream goes on live. An event that every stream has passed is
 * dropped, and a stream that falls too far behind loses its place: so the log
 * is bounded.
 *
 * A thread of its own asks, sends comments into quiet streams, and ends
 * those whose key does not hold any more or whose client has hung up.
 *
 * Thread: as each function says.
 */
#ifndef BIFRONS_REST_SSE_H
#define BIFRONS_REST_SSE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/api_errors.h"
#include "rest/fault.h"

struct MHD_Connection;
struct rest_auth;
struct rest_conn;
struct rest_core;
struct rest_keys;
struct rest_sse;
struct rest_store;
struct rest_stream;

struct rest_sse_params {
	const struct rest_core *core; /**< these three outlive it */
	struct rest_keys *keys;
	struct rest_store *store;
	unsigned max;             /**< streams at once */
	unsigned max_per_account; /**< likewise */
	unsigned heartbeat_s;     /**< silence before a comment */
};

/** Start the thread. @return 0 or errno */
int rest_sse_start(struct rest_sse **ssep, const struct rest_sse_params *prm);

/** End every stream; none is suspended from now on. They are still there
 * until their connections have been told. Thread: the one that stops.
 */
void rest_sse_close(struct rest_sse *sse);

/** Every stream has been freed. @return NULL */
struct rest_sse *rest_sse_free(struct rest_sse *sse);

/** An answer of the core. Thread: any.
 * @return false when the transaction is not one of ours
 */
bool rest_sse_deliver(struct rest_sse *sse, const char *transaction,
		      enum api_err err, const json_t *reply);

struct rest_sse_stats {
	unsigned streams;
	uint64_t events; /**< that came in for somebody */
	uint64_t resets; /**< streams that missed something */
};
void rest_sse_stats(struct rest_sse *sse, struct rest_sse_stats *stats);

/** What a request for a stream says; borrowed */
struct rest_stream_params {
	struct MHD_Connection *conn;
	struct rest_conn *place;
	const struct rest_auth *auth;
	const char *scope;         /**< of the route: must go on to be held */
	const json_t *query;       /**< strings */
	const char *last_event_id; /**< the header field, or NULL */
};

/** Open a stream; reads the store. Thread: the server's.
 * @param streamp  Give it to libmicrohttpd with rest_stream_read()
 * @return false: the fault is set
 */
bool rest_stream_open(struct rest_sse *sse, struct rest_stream **streamp,
		      const struct rest_stream_params *prm,
		      struct rest_fault *fault);

/** Is such a request right? For HEAD. @return false: the fault is set */
bool rest_stream_check(const json_t *query, struct rest_fault *fault);

/** MHD_ContentReaderCallback. It suspends the connection when there is
 * nothing to send. Thread: the server's.
 */
ssize_t rest_stream_read(void *arg, uint64_t pos, char *buf, size_t max);

/** The connection is done with it. Thread: the server's. @return NULL */
struct rest_stream *rest_stream_free(struct rest_stream *stream);

#endif
