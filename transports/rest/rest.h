/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rest.h  The REST transport without Janus
 *
 * Thread: start and stop from one thread; rest_deliver() from any, also from
 * inside rest_core's submit().
 */
#ifndef BIFRONS_REST_REST_H
#define BIFRONS_REST_REST_H

#include <jansson.h>
#include <stdint.h>

#include "common/api_errors.h"
#include "rest/config.h"

struct rest;

/** The way to the call plugin */
struct rest_core {
	/** Send a message; the answer comes with rest_deliver(), or never.
	 * Must not block. Thread: those of the server.
	 * @param transaction  Comes back with the answer; copied if needed
	 * @param message      Taken over, also on failure
	 * @return 0 or errno
	 */
	int (*submit)(void *arg, const char *transaction, json_t *message);
	void *arg;
};

/** Listen and serve. @param cfg  Must outlive the server
 * @return 0, or errno; the reason has been logged
 */
int rest_start(struct rest **restp, const struct rest_config *cfg,
	       const struct rest_core *core);

/** Stop listening, answer everyone who waits, close. Within a second.
 * rest_deliver() must not be called from now on. @return NULL
 */
struct rest *rest_stop(struct rest *rest);

/** An answer. One that comes late, twice, or for nobody is dropped.
 * @param err    API_OK with a reply; else the core could not do it
 * @param reply  {"ok":…} or {"error":…}; borrowed
 */
void rest_deliver(struct rest *rest, const char *transaction, enum api_err err,
		  const json_t *reply);

/** The TCP port (for a configured port 0) */
uint16_t rest_port(const struct rest *rest);

#endif
