/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api_rig.h  The API on a real loop and a real store, without Janus
 *
 * Thread: the test's; requests may be made from several at once.
 */
#ifndef BIFRONS_TESTS_SUPPORT_API_RIG_H
#define BIFRONS_TESTS_SUPPORT_API_RIG_H

#include <jansson.h>

#include "api/api.h"
#include "common/id.h"
#include "directory/directory.h"
#include "event/event.h"

struct api_rig {
	char dir[64]; /**< made, and removed at the end */
	char path[96];
	uint8_t key[SECRET_KEY_LEN];
	struct event_source events;
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	struct call_table *calls;
	struct api *api;
	char account_id[ID_SIZE]; /**< the platform's */
	unsigned deadline_ms;     /**< set before api_rig_open(), 0 = 5000 */
	bool demo;                /**< the same */
};

#define API_RIG_KEY "bfk_first-key-of-the-tests"

/** Open in a new folder, with the first account */
void api_rig_open(struct api_rig *rig);
/** End all but the folder, and start again: as after a restart */
void api_rig_restart(struct api_rig *rig);
void api_rig_close(struct api_rig *rig);

/** One request; NULL members are left out */
struct api_ask {
	const char *verb;
	const char *account_id; /**< NULL: the platform's */
	const char *key_id;     /**< NULL: one that is in no store */
	const char *scope;      /**< NULL: "platform" */
	const char *id;
	json_t *query, *body; /**< taken */
	const char *idem_key, *idem_hash;
	const char *request_id;
};

/** @return The reply */
json_t *api_rig_ask(struct api_rig *rig, const struct api_ask *ask);

/** The object of a reply that must be one: aborts otherwise. New reference,
 * the reply is taken */
json_t *api_rig_ok(json_t *reply);

/** The error's code of a reply, which is taken; "" when it is none. Until the
 * next call on the same thread. */
const char *api_rig_code(json_t *reply);

/** "/a /b": the pointers of the faults, in order; the reply is taken */
char *api_rig_pointers(json_t *reply);

/** Make one; abort unless it works. @return The object */
json_t *api_rig_make(struct api_rig *rig, const char *verb,
		     const char *account_id, json_t *body);

/** A number from the store; -1 when there is no row */
int64_t api_rig_count(struct api_rig *rig, const char *sql);

/** Run fn on the loop and wait */
void api_rig_on_loop(struct api_rig *rig, void (*fn)(void *arg), void *arg);

#endif
