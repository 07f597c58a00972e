/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api_rig.h  The API on a real loop and a real store, without Janus
 *
 * Thread: the test's; requests may be made from several at once.
 */
#ifndef BIFRONS_TESTS_SUPPORT_API_RIG_H
#define BIFRONS_TESTS_SUPPORT_API_RIG_H

#include <jansson.h>
#include <stdatomic.h>

#include "api/api.h"
#include "common/id.h"
#include "directory/directory.h"
#include "event/event.h"
#include "host/db.h"
#include "support/render_fake.h"

struct call_media_ops;

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
	unsigned deadline_ms;     /**< set before api_rig_open(), 0 = 60000 */
	bool demo;                /**< the same */
	atomic_uint rings;        /**< of the doorbell */

	/* uploaded files: rig->dir is the data directory */
	struct workers *workers;
	struct render_fake render;
	const char *program; /**< before open: the real bifrons-media instead */
	struct render *real; /**< then */
	int64_t media_quota_bytes;  /**< before open, 0 = 1 MiB */
	int64_t flow_quota_bytes;   /**< before open, 0 = 64 MiB */
	unsigned media_deadline_ms; /**< before open, 0 = 60 s */

	const struct call_media_ops *media;  /**< before open: of calls; NULL */
	const struct store_backend *backend; /**< before open; NULL: SQLite */
	bool records; /**< before open: calls can be recorded */
	struct recorder *recorder;
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
	const char *delivery_id; /**< with id */
	json_t *query, *body;    /**< taken */
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

/** Put a file into tmp/, as the transport does. @return The body for the verb
 * @param name  The field `name`, or NULL */
json_t *api_rig_file(struct api_rig *rig, const char *content,
		     const char *name);
/** Upload one; abort unless it works. @return The object */
json_t *api_rig_upload(struct api_rig *rig, const char *content,
		       const char *name);
/** Names in a folder of the data directory, sorted, with blanks; g_free() it */
char *api_rig_folder(struct api_rig *rig, const char *folder);

/** A number from the store; -1 when there is no row */
int64_t api_rig_count(struct api_rig *rig, const char *sql);

/** Run one statement, and wait until it is committed; aborts when it fails.
 * sql is static text */
void api_rig_write(struct api_rig *rig, const char *sql,
		   const struct db_value *params, size_t nparams);

/** First column of the first row for ?1 = param (NULL: none); g_free() it */
char *api_rig_text(struct api_rig *rig, const char *sql, const char *param);

/** Run fn on the loop and wait */
void api_rig_on_loop(struct api_rig *rig, void (*fn)(void *arg), void *arg);

#endif
