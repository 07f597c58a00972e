/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api_priv.h  What the files of api/ share
 *
 * Thread: a request lives on the pool thread that brought it. A verb that
 * only reads answers there. One that acts checks its input there (`prepare`),
 * fills in a job and ends on the loop (`act`), see api/job.h.
 */
#ifndef BIFRONS_API_API_PRIV_H
#define BIFRONS_API_API_PRIV_H

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/api.h"
#include "common/id.h"
#include "common/opt.h"
#include "common/verb_list.h"

struct db_value;
struct job;
struct media_works;
struct req;
struct resource;

/** What a verb takes, gives and does. One per row of VERBS, named
 * api_verb_ID, so that a row without one does not link.
 */
struct verb {
	/* description, for OpenAPI */
	const char *summary;
	const char *about;       /**< more, Markdown, or NULL */
	const struct opt *query; /**< parameters, or NULL: none are taken */
	const struct opt *body;  /**< or NULL */
	const struct opt *reply; /**< of the object (of an item, in lists) */
	const struct opt *reply_extra; /**< members more, or NULL */
	const enum api_err
		*errors;        /**< beyond what every verb has; API_OK ends */
	const char *reply_name; /**< name of the reply's schema */
	bool body_optional;

	/* what it does: read alone, or prepare and act */
	const struct resource *res; /**< of the generic ones */
	/** Thread: pool. @return The reply */
	json_t *(*read)(struct req *req);
	/** Thread: pool; checks, and fills in the job.
	 * @return NULL: go on, or a reply: it ends here */
	json_t *(*prepare)(struct req *req, struct job *job);
	/** Thread: loop; answers once with job_reply(), now or later */
	void (*act)(struct job *job);
};

/** A row of VERBS with its verb */
struct verb_row {
	const char *name, *method, *path, *scope;
	enum verb_kind kind;
	const struct verb *verb;
};

extern const struct verb_row api_rows[]; /**< name NULL ends them */

/** Every scope a key may have, NULL-ended */
extern const char *const api_scopes[];

struct api {
	struct api_env env; /**< constant */
	int64_t started_ms; /**< constant */
	GHashTable *rows;   /**< constant: wire name -> struct verb_row */

	/* guarded by mtx */
	pthread_mutex_t mtx;
	GHashTable *running; /**< "ACCOUNT KEY" -> hash: idempotent requests */

	struct media_works *media; /**< what it points to is the loop's */
};

/** One request; every string is borrowed from the query */
struct req {
	struct api *api;
	const struct verb_row *row;
	const char *request_id; /**< or NULL */
	const char *account_id;
	const char *key_id;
	const json_t *scopes;
	bool platform;
	const char *id;             /**< of the path; "" when there is none */
	const char *delivery_id;    /**< the same: {delivery_id} */
	const json_t *query, *body; /**< objects; NULL when absent */
	const char *idem_key, *idem_hash; /**< or NULL, both */
};

/* ---- reply.c ---- */

/** {"ok": value}; value is taken */
json_t *api_ok(json_t *value);
json_t *api_errorf(enum api_err err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/** What a commit that failed is answered with: a full disk, or unavailable */
enum api_err api_err_of_store(int err);
/** 422 with its faults, which are emptied */
json_t *api_invalid(enum api_err err, struct opt_faults *faults);
/** One fault */
json_t *api_fault(const char *pointer, const char *message);
/** The error's code, API_OK for a reply that is none */
enum api_err api_reply_err(const json_t *reply);

/* ---- auth.c ---- */

/** Read "auth" and check the verb's scope.
 * @return NULL, or the error to answer */
json_t *api_authorise(struct req *req, const json_t *auth);
/** Do these scopes allow what `scope` asks for? */
bool api_scope_covers(const json_t *scopes, const char *scope);

/** Is what this key makes active at once (or pending)? Thread: pool */
bool api_is_approved(const struct req *req);

/* ---- page_token.c ---- */

/** Where a page ended: the sorted column's value and the id */
struct page_mark {
	char id[ID_SIZE];
	char *value; /**< text, or a decimal number; g_free() it */
};

/** @param query  What the token is bound to */
char *page_token_make(const struct api *api, const char *query,
		      const struct page_mark *mark);
/** @return 0, or EINVAL: forged, cut, or of another query */
int page_token_read(const struct api *api, const char *query, const char *token,
		    struct page_mark *mark);

/* ---- seal.c ---- */

/** Move the members marked OPT_WRITE into "_sealed", each under its path and
 * encrypted for this resource.
 */
void seal_secrets(const struct api *api, const struct opt *opts,
		  const char *kind, const char *id, json_t *doc);

/** One secret by its path: seal it, or with NULL forget it */
void seal_set(const struct api *api, const char *kind, json_t *doc,
	      const char *path, const char *plain);

/** What "_sealed" keeps of the old document under a patch: a new object.
 * Secrets that the patch removes are left out.
 */
json_t *seal_kept(const json_t *old, const json_t *patch);

/** A copy without what must not leave: "_sealed" */
json_t *seal_public(const json_t *doc);

/* ---- checks.c: for .check of option tables ---- */

const char *check_number(const char *value);
const char *check_prefix(const char *value);
const char *check_short_code(const char *value);
const char *check_timezone(const char *value);
const char *check_origin(const char *value);
const char *check_header_name(const char *value);

/* ---- openapi.c ---- */

/** The whole document, a new object */
json_t *api_openapi(void);

#endif
