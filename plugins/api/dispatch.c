/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <string.h>

#include "api/media.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"

enum {
	REQUEST_ID_MAX = 128,
	IDEM_KEY_MAX = 255,
	IDEM_HASH_MAX = 127,
	TRIES = 64, /* of a patch that others overtake */
};

#define EXTERN_VERB(id, name, method, path, scope, kind)                       \
	extern const struct verb api_verb_##id;
VERBS(EXTERN_VERB)
#undef EXTERN_VERB

#define EXTERN_INTERNAL(id, name) extern const struct verb api_verb_##id;
INTERNAL_VERBS(EXTERN_INTERNAL)
#undef EXTERN_INTERNAL

#define VERB_ROW(id, name, method, path, scope, kind)                          \
	{name, #method, path, scope, kind, &api_verb_##id},
const struct verb_row api_rows[] = {VERBS(VERB_ROW){.name = NULL}};
#undef VERB_ROW

#define INTERNAL_ROW(id, name)                                                 \
	{(name), "", "", "internal", VERB_GET, &api_verb_##id},
static const struct verb_row internal_rows[] = {
	INTERNAL_VERBS(INTERNAL_ROW){.name = NULL}};
#undef INTERNAL_ROW

static void api_destructor(void *arg)
{
	struct api *api = arg;

	if (api->rows)
		g_hash_table_destroy(api->rows);
	if (api->running)
		g_hash_table_destroy(api->running);
	media_works_free(api->media);
	pthread_mutex_destroy(&api->mtx);
}

int api_alloc(struct api **apip, const struct api_env *env)
{
	const struct verb_row *row;
	struct api *api;

	if (!apip || !env || !env->loop || !env->store || !env->dir ||
	    !env->key)
		return EINVAL;

	api = obj_zalloc(sizeof(*api), api_destructor);
	api->env = *env;
	api->started_ms = clock_wall_ms(clock_system());
	pthread_mutex_init(&api->mtx, NULL);
	api->running =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	api->media = media_works_new();
	api->rows = g_hash_table_new(g_str_hash, g_str_equal);
	for (row = api_rows; row->name; ++row)
		g_hash_table_insert(api->rows, (gpointer)row->name,
				    (gpointer)row);
	for (row = internal_rows; row->name; ++row)
		g_hash_table_insert(api->rows, (gpointer)row->name,
				    (gpointer)row);
	*apip = api;

	return 0;
}

static json_t *object_of(const json_t *query, const char *name)
{
	json_t *value = json_object_get(query, name);

	return json_is_object(value) ? value : NULL;
}

/** "idempotency" counts where something is made or done.
 * @return NULL, or the error to answer */
static json_t *read_idempotency(struct req *req, const json_t *query)
{
	const json_t *idem = object_of(query, "idempotency");
	const char *key, *hash;

	if (!idem || !req->row->verb->prepare ||
	    !verb_takes_idempotency_key(req->row->kind))
		return NULL;

	key = json_str(idem, "key", "");
	hash = json_str(idem, "hash", "");
	if (!*key || strlen(key) > IDEM_KEY_MAX || !*hash ||
	    strlen(hash) > IDEM_HASH_MAX)
		return api_error(API_ERR_bad_request,
				 "Idempotency-Key must have 1 to 255 bytes");

	req->idem_key = key;
	req->idem_hash = hash;

	return NULL;
}

/** Parameters and body of the right kind?
 * @return NULL, or the error to answer */
static json_t *check_shape(struct req *req, const json_t *query)
{
	static const struct opt none[] = {OPT_END};
	const json_t *body = json_object_get(query, "body");
	const struct verb *verb = req->row->verb;
	struct opt_faults faults = {0};

	if (!verb->query && req->query)
		opt_check(NULL, none, req->query, OPT_MODE_QUERY, req->platform,
			  "query", &faults);
	if (faults.list)
		return api_invalid(API_ERR_invalid, &faults);

	if (!verb->body)
		return NULL;
	if (!body && !verb->body_optional)
		return api_fault("", "a JSON object is required");
	if (body && !json_is_object(body))
		return api_fault("", "must be an object");

	req->body = body;

	return NULL;
}

static json_t *run_prepared(struct req *req, const struct timespec *deadline)
{
	struct job *job = job_new(req);
	json_t *reply = req->row->verb->prepare(req, job);

	if (!reply) {
		reply = job_do(job, deadline);
	} else if (!req->idem_key) {
		/* nothing to keep: it ends here */
	} else if (idem_is_final(reply)) {
		job->tx = NULL;
		job->ready = reply;
		reply = job_do(job, deadline);
	} else {
		idem_end(req->api, req->account_id, req->idem_key);
	}
	obj_unref(job);

	return reply;
}

static unsigned deadline_of(const struct req *req)
{
	const struct api_env *env = &req->api->env;

	if (!verb_takes_file(req->row->kind))
		return env->deadline_ms;

	return env->media_deadline_ms ? env->media_deadline_ms : VERB_FILE_MS;
}

static json_t *run_acting(struct req *req)
{
	struct timespec deadline;
	json_t *reply = NULL;
	unsigned i;

	job_deadline(&deadline, deadline_of(req));
	if (req->idem_key)
		reply = idem_begin(req);

	for (i = 0; !reply && i < TRIES; ++i)
		reply = run_prepared(req, &deadline);

	return reply ? reply
		     : api_error(API_ERR_conflict,
				 "others are changing it; try again");
}

static json_t *run(struct req *req, const json_t *query)
{
	json_t *reply = api_authorise(req, json_object_get(query, "auth"));

	if (!reply)
		reply = check_shape(req, query);
	if (!reply)
		reply = read_idempotency(req, query);
	if (reply)
		return reply;

	if (req->row->verb->read)
		return req->row->verb->read(req);

	return run_acting(req);
}

json_t *api_dispatch(struct api *api, json_t *query)
{
	const char *name = json_str(query, "verb", NULL);
	struct req req = {
		.api = api,
		.request_id = json_str(query, "request_id", NULL),
		.query = object_of(query, "query"),
		.id = json_str(object_of(query, "path"), "id", ""),
		.delivery_id =
			json_str(object_of(query, "path"), "delivery_id", ""),
		.account_id = "",
		.key_id = "",
	};

	if (!name)
		return api_error(API_ERR_bad_request, "\"verb\" is required");

	req.row = g_hash_table_lookup(api->rows, name);
	if (!req.row)
		return api_error(API_ERR_not_found, "no such verb");

	if (req.request_id && strlen(req.request_id) > REQUEST_ID_MAX)
		return api_error(API_ERR_bad_request,
				 "\"request_id\" is too long");

	return run(&req, query);
}
