/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file conns.h  The open connections, and an end for the slow ones
 *
 * libmicrohttpd's timeout is one of silence: a byte now and then keeps a
 * connection for ever. Here each phase of a connection has an end; whoever
 * has not finished by then is cut off with shutdown(2).
 *
 * Thread: any.
 */
#ifndef BIFRONS_REST_CONNS_H
#define BIFRONS_REST_CONNS_H

#include <stdint.h>

enum rest_phase {
	REST_PHASE_READING, /**< since accept(), or the request's first line */
	REST_PHASE_WAITING, /**< for the call plugin: no end here */
	REST_PHASE_SENDING,
	REST_PHASE_FILE, /**< one comes or goes: it may take its time */
	REST_PHASE_IDLE, /**< between requests */
};

struct rest_conns;
struct rest_conn;

/** Starts its thread.
 * @param idle_s     How long IDLE may last, beside `request_s`
 * @param request_s  How long READING and SENDING may last
 * @param file_s     How long FILE may last
 * @return 0 or errno
 */
int rest_conns_alloc(struct rest_conns **connsp, unsigned idle_s,
		     unsigned request_s, unsigned file_s);
/** All connections must have been removed */
struct rest_conns *rest_conns_free(struct rest_conns *conns);

/** A connection was accepted. @param user  For rest_conn_user() */
struct rest_conn *rest_conn_add(struct rest_conns *conns, int fd, void *user);
/** It is over; call before its descriptor is closed */
void rest_conn_remove(struct rest_conns *conns, struct rest_conn *conn);

void rest_conn_phase(struct rest_conn *conn, enum rest_phase phase);
void *rest_conn_user(const struct rest_conn *conn);

unsigned rest_conns_count(struct rest_conns *conns);
/** How many were cut off */
uint64_t rest_conns_cut(struct rest_conns *conns);

#endif
