/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file hook_rig.h  A courier on a real store, written here as the call
 * plugin writes it: endpoints, events, and a clock that is moved
 *
 * Thread: the test's. Waiting functions give up after 20 s and abort.
 */
#ifndef BIFRONS_TESTS_SUPPORT_HOOK_RIG_H
#define BIFRONS_TESTS_SUPPORT_HOOK_RIG_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/id.h"
#include "webhook/courier.h"

struct hook_rig {
	char *dir, *path, *key_path; /**< made, and removed at the end */
	bool joined;                 /**< by another one */
	sqlite3 *db;
	uint8_t key[32];
	char account_id[ID_SIZE];

	struct courier_params prm; /**< changed before hook_rig_start() */
	struct courier *courier;
	struct clock clock;        /**< the system's, moved by *ahead_ms */
	_Atomic int64_t *ahead_ms; /**< a file's: other processes see it */

	pthread_mutex_t mtx;
	pthread_cond_t cond;
	unsigned steps[COURIER_NSTEPS]; /**< guarded by mtx */
};

#define HOOK_RIG_SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define HOOK_RIG_ACCOUNT_SECRET "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"

/* In place of the product's 5 s: in real time no test is late for it. A tenth
 * comes on top */
enum {
	HOOK_RIG_RETRY_MS = 30000,
	HOOK_RIG_TO_RETRY_MS = 36000, /**< move the clock: it is due */
};

/** A store with one account; looks for work each 20 ms, the schedule of the
 * product but for the first retry, private addresses allowed
 */
void hook_rig_open(struct hook_rig *rig);
void hook_rig_close(struct hook_rig *rig);
/** The folder, and nothing in it */
void hook_rig_open_empty(struct hook_rig *rig);
/** The store in it */
void hook_rig_make_store(struct hook_rig *rig);
/** A rig in another one's folder, in another process: to start a courier */
void hook_rig_join(struct hook_rig *rig, const char *dir);

void hook_rig_start(struct hook_rig *rig);
void hook_rig_stop(struct hook_rig *rig);
/** Wait until a step was taken so often */
void hook_rig_wait_step(struct hook_rig *rig, enum courier_step step,
			unsigned n);
/** Wait until the cursor is there */
void hook_rig_wait_row(struct hook_rig *rig, int64_t row);
void hook_rig_advance(struct hook_rig *rig, int64_t ms);

/** Run SQL, printf-like with %Q for texts (sqlite3_mprintf) */
void hook_rig_sql(struct hook_rig *rig, const char *fmt, ...);
int64_t hook_rig_number(struct hook_rig *rig, const char *fmt, ...);
/** g_free() it; NULL without a row */
char *hook_rig_text(struct hook_rig *rig, const char *fmt, ...);
/** Wait until a query gives this number */
void hook_rig_wait(struct hook_rig *rig, int64_t want, const char *sql);

struct hook_endpoint {
	const char *url;
	const char *events;  /**< JSON, or NULL: left out */
	const char *call_id; /**< of a call alone, without a secret */
	const char *previous_secret, *previous_until; /**< or NULL */
	const char *account_id;                       /**< NULL = the rig's */
	bool disabled;
};

/** Write an endpoint, as the API does. @param id  Set to its id */
void hook_rig_endpoint(struct hook_rig *rig, const struct hook_endpoint *ep,
		       char id[ID_SIZE]);
/** Endpoints have changed */
void hook_rig_changed(struct hook_rig *rig);

struct hook_event {
	const char *type;
	const char *call_id, *resource_id; /**< or NULL */
	const char *account_id;            /**< NULL = the rig's */
	int64_t sequence;
};

/** Write an event. @param id  Set to its id, or NULL. @return Its row */
int64_t hook_rig_event(struct hook_rig *rig, const struct hook_event *ev,
		       char id[ID_SIZE]);
/** The same, and ring */
int64_t hook_rig_tell(struct hook_rig *rig, const char *type,
		      const char *call_id, int64_t sequence);

#endif
