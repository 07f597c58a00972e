/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file pending.h  Who waits for the call plugin's answer
 *
 * Each entry is answered exactly once: by the plugin, by its deadline, or by
 * pending_close(). Whoever takes it out has it alone. An id holds a
 * generation, so a late or a second answer finds nothing. An entry whose
 * deadline passed keeps its place until the late answer comes (or ten more
 * deadlines have passed): the plugin is still busy with it, and what it can
 * hold at once is what `max` bounds.
 *
 * Thread: any. The handler runs on the thread that brings the answer, without
 * a lock held.
 */
#ifndef BIFRONS_REST_PENDING_H
#define BIFRONS_REST_PENDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/api_errors.h"

struct rest_pending;

enum {
	REST_TRANSACTION_SIZE = 17
};

/** @param what   As given to rest_pending_arm()
 * @param err    API_OK with a reply; else API_ERR_timeout or _unavailable
 * @param reply  Borrowed
 */
typedef void(rest_answered_h)(void *what, enum api_err err,
			      const json_t *reply);

/** Starts the thread of the deadlines. @return 0 or errno */
int rest_pending_alloc(struct rest_pending **pendp, unsigned max,
		       unsigned deadline_ms, rest_answered_h *answered);

/** Nothing may be reserved or armed any more */
struct rest_pending *rest_pending_free(struct rest_pending *pend);

/** Take a place. @return 0, or EAGAIN when all are taken, ESHUTDOWN */
int rest_pending_reserve(struct rest_pending *pend, uint64_t *idp);

/** From now on it can be answered: even before this returns.
 * @param deadline_ms  For this one, when it is longer than the others'
 * @return false after pending_close(): the place is given back and the
 *         handler will not be called
 */
bool rest_pending_arm(struct rest_pending *pend, uint64_t id, void *what,
		      unsigned deadline_ms);

/** Bring the answer. @return false when nobody waits for it (any more) */
bool rest_pending_answer(struct rest_pending *pend, uint64_t id,
			 enum api_err err, const json_t *reply);

/** Refuse newcomers, answer everyone with API_ERR_unavailable, return when
 * nobody waits and no handler runs
 */
void rest_pending_close(struct rest_pending *pend);

struct rest_pending_stats {
	unsigned in_flight;
	uint64_t busy, timeouts, late;
};
void rest_pending_stats(struct rest_pending *pend,
			struct rest_pending_stats *stats);

/** An id as the transaction that travels through the core, and back */
void rest_transaction_text(char buf[REST_TRANSACTION_SIZE], uint64_t id);
/** @return 0 or EINVAL */
int rest_transaction_parse(const char *text, uint64_t *idp);

#endif
