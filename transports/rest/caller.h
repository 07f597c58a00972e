/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file caller.h  Who sends a request: a key, a ticket, a local scraper
 *
 * Thread: the server's; reads the store.
 */
#ifndef BIFRONS_REST_CALLER_H
#define BIFRONS_REST_CALLER_H

struct MHD_Connection;
struct rest_auth;
struct rest_head;
struct rest_keys;
struct rest_request;

/** Check the credentials that the route needs.
 * @param req   Its head was taken without a fault; gets one when they fail
 * @param auth  Filled in; stays empty when the route needs none
 */
void rest_caller_check(struct rest_keys *keys, struct MHD_Connection *conn,
		       const struct rest_head *head, struct rest_request *req,
		       struct rest_auth *auth);

#endif
