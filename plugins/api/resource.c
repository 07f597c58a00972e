/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/resource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "store/store.h"

struct found {
	char *text;
};

static bool found_row(void *arg, const struct db_row *row)
{
	struct found *found = arg;

	found->text = g_strdup(db_text(row, 0));

	return false;
}

static const char *owner_of(const struct req *req, const struct resource *res)
{
	/* the platform's keys see every account */
	return res->is_account && req->platform ? "" : req->account_id;
}

json_t *res_load(struct req *req, const struct resource *res, json_t **docp,
		 char **textp)
{
	const struct db_value params[] = {DB_S(req->id),
					  DB_S(owner_of(req, res))};
	struct found found = {0};
	json_t *doc;

	if (!id_is_valid(req->id))
		return api_error(res->not_found, NULL);

	if (db_read(store_db(req->api->env.store), res->sql_get, params, 2,
		    found_row, &found)) {
		g_free(found.text);
		return api_error(API_ERR_unavailable, NULL);
	}
	if (!found.text)
		return api_error(res->not_found, NULL);

	doc = json_loads(found.text, 0, NULL);
	if (textp && doc)
		*textp = found.text;
	else
		g_free(found.text);

	if (!doc) {
		log_error("api: %s %s is not JSON in the store", res->kind,
			  req->id);
		return api_error(API_ERR_internal, NULL);
	}
	*docp = doc;

	return NULL;
}

json_t *res_get(struct req *req)
{
	json_t *doc = NULL, *reply;

	reply = res_load(req, req->row->verb->res, &doc, NULL);
	if (reply)
		return reply;

	json_object_del(doc, "_sealed");

	return api_ok(doc);
}

json_t *res_input(const struct req *req, json_t **inp)
{
	json_t *none = json_object(), *reply = NULL;
	struct opt_faults faults = {0};

	if (opt_check(inp, req->row->verb->body, req->body ? req->body : none,
		      OPT_MODE_CREATE, req->platform, "", &faults))
		reply = api_invalid(API_ERR_invalid, &faults);
	json_decref(none);

	return reply;
}

void res_default_status(const struct req *req, const json_t *old, json_t *doc)
{
	const char *status = json_str(doc, "status", NULL);

	if (!status && old)
		status = json_str(old, "status", "active");
	if (!status)
		status = api_is_approved(req) ? "active" : "pending";
	json_set_str(doc, "status", status);
}

json_t *res_invalid(struct opt_faults *faults)
{
	enum api_err err = API_ERR_invalid;
	json_t *fault;
	size_t i;

	json_array_foreach(faults->list, i, fault)
	{
		const char *pointer = json_str(fault, "pointer", "");

		if (str_starts(pointer, "/actions/") ||
		    str_starts(pointer, "/fallback_actions/"))
			err = API_ERR_flow_invalid;
	}

	return api_invalid(err, faults);
}

/** Members in the table's order: what the server says, else the input */
static json_t *compose(const struct resource *res, const json_t *server,
		       const json_t *fields)
{
	json_t *doc = json_object(), *value;
	const struct opt *opt;

	for (opt = res->opts; opt->name; ++opt) {
		value = json_object_get(server, opt->name);
		if (!value && !(opt->flags & OPT_READ))
			value = json_object_get(fields, opt->name);
		if (value)
			json_object_set(doc, opt->name, value);
	}

	return doc;
}

static size_t columns_of(const struct resource *res, const json_t *doc,
			 struct db_value *values)
{
	const char *text;
	size_t n = 0;

	if (res->columns)
		return res->columns(doc, values);

	for (; res->members && res->members[n]; ++n) {
		text = json_str(doc, res->members[n], NULL);
		values[n] = text ? DB_S(text) : DB_N;
	}

	return n;
}

/** The statement: id, account, then `third` (a time, or the old document),
 * the document, the columns
 */
static void write_row(struct job *job, const struct resource *res,
		      const char *sql, struct db_value third)
{
	struct db_value params[4 + RES_COLUMNS_MAX];
	const char *owner = res->is_account ? "" : job->account_id;
	char *text = json_text(job->doc);
	size_t n = 4;

	params[0] = DB_S(job->id);
	params[1] = DB_S(owner);
	params[2] = third;
	params[3] = DB_S(text);
	n += columns_of(res, job->doc, params + 4);

	if (!job->tx)
		job->tx = store_tx_new();
	store_tx_add(job->tx, STORE_ONE_ROW, sql, params, n);
	free(text);
}

/** What goes to the store, and what the client sees. doc is taken */
static json_t *settle(struct req *req, struct job *job, json_t *doc)
{
	const struct resource *res = req->row->verb->res;

	seal_secrets(req->api, res->opts, res->kind, job->id, doc);
	job->doc = doc;

	/* a copy: the two part on different threads */
	doc = json_deep_copy(doc);
	json_object_del(doc, "_sealed");

	return doc;
}

json_t *res_create(struct req *req, struct job *job)
{
	const struct resource *res = req->row->verb->res;
	const int64_t now_ms = clock_wall_ms(clock_system());
	json_t *fields = NULL, *server, *doc, *reply = NULL, *shown;
	struct opt_faults faults = {0};
	char *location;

	if (res->check_body)
		res->check_body(req, &faults);
	if (opt_check(&fields, res->opts, req->body, OPT_MODE_CREATE,
		      req->platform, "", &faults) ||
	    faults.list) {
		json_decref(fields);
		return res_invalid(&faults);
	}

	id_new(job->id);
	server = json_object();
	json_set_str(server, "id", job->id);
	json_set_str(server, "account_id", job->account_id);
	json_set_time(server, "created_at", now_ms);
	json_set_time(server, "updated_at", now_ms);
	doc = compose(res, server, fields);
	json_decref(server);
	json_decref(fields);

	if (res->check)
		reply = res->check(req, NULL, doc, &faults);
	if (!reply && faults.list)
		reply = res_invalid(&faults);
	if (reply) {
		json_decref(doc);
		json_decref(faults.list);
		return reply;
	}

	shown = settle(req, job, doc);
	if (res->sql_insert)
		write_row(job, res, res->sql_insert, DB_I(now_ms));
	if (res->creating)
		res->creating(req, job, shown);
	if (res->writing)
		res->writing(job);

	location = g_strconcat(res->base, "/", job->id, NULL);
	job->ready = api_ok(shown);
	json_set_str(job->ready, "location", location);
	g_free(location);

	idem_keep(job);

	return NULL;
}

/** What may be input again: no READ members, no secrets */
static json_t *inputs_of(const struct resource *res, const json_t *doc)
{
	json_t *out = json_object(), *value;
	const struct opt *opt;

	for (opt = res->opts; opt->name; ++opt) {
		value = json_object_get(doc, opt->name);
		if (value && !(opt->flags & OPT_READ))
			json_object_set(out, opt->name, value);
	}

	return out;
}

/** The old document with the patch applied, checked as a whole.
 * @return NULL with faults added */
static json_t *patched(struct req *req, const json_t *old,
		       struct opt_faults *faults)
{
	const struct resource *res = req->row->verb->res;
	json_t *patch = NULL, *base, *merged, *fields = NULL, *doc, *server;

	if (res->check_body)
		res->check_body(req, faults);
	if (opt_check(&patch, res->opts, req->body, OPT_MODE_PATCH,
		      req->platform, "", faults))
		return NULL;

	base = inputs_of(res, old);
	merged = json_merge_patch(base, patch);
	json_decref(base);

	/* only what is in the patch was this key's wish */
	opt_check(&fields, res->opts, merged, OPT_MODE_CREATE, true, "",
		  faults);
	json_decref(merged);
	if (!fields || faults->list) {
		json_decref(patch);
		json_decref(fields);
		return NULL;
	}

	server = json_copy((json_t *)old);
	for (const struct opt *opt = res->opts; opt->name; ++opt)
		if (!(opt->flags & OPT_READ))
			json_object_del(server, opt->name);
	json_set_time(server, "updated_at", clock_wall_ms(clock_system()));

	doc = compose(res, server, fields);
	json_object_set_new(doc, "_sealed", seal_kept(old, patch));
	json_decref(server);
	json_decref(fields);
	json_decref(patch);

	return doc;
}

json_t *res_patch(struct req *req, struct job *job)
{
	const struct resource *res = req->row->verb->res;
	struct opt_faults faults = {0};
	json_t *old = NULL, *doc, *reply;
	char *text = NULL;

	reply = res_load(req, res, &old, &text);
	if (reply)
		return reply;

	doc = patched(req, old, &faults);
	if (doc && res->check)
		reply = res->check(req, old, doc, &faults);
	if (!reply && faults.list)
		reply = res_invalid(&faults);

	if (reply) {
		json_decref(doc);
		json_decref(faults.list);
	} else {
		job->ready = api_ok(settle(req, job, doc));
		if (res->sql_update)
			write_row(job, res, res->sql_update, DB_S(text));
		if (res->writing)
			res->writing(job);
	}
	json_decref(old);
	g_free(text);

	return reply;
}

json_t *res_delete(struct req *req, struct job *job)
{
	const struct resource *res = req->row->verb->res;
	json_t *old = NULL, *reply;

	reply = res_load(req, res, &old, NULL);
	if (reply)
		return reply;
	json_decref(old);

	job->ready = api_ok(json_object());
	job->tx = store_tx_new();
	STORE_ADD(job->tx, STORE_ONE_ROW, res->sql_delete, DB_S(job->id),
		  DB_S(owner_of(req, res)));
	if (res->writing)
		res->writing(job);

	return NULL;
}

static json_t *failure(const struct job *job, int err, const char *why)
{
	const struct resource *res = job->verb->res;

	switch (err) {
	case EEXIST:
		if (strstr(why, "idempotency."))
			return api_error(API_ERR_idempotency_in_progress, NULL);
		return api_errorf(API_ERR_already_exists,
				  "another %s has it already", res->kind);
	case EBUSY:
		if (!job->doc)
			return api_errorf(API_ERR_in_use,
					  "something refers to this %s",
					  res->kind);
		if (res->foreign_pointer)
			return api_fault(res->foreign_pointer,
					 res->foreign_message);
		return api_error(API_ERR_account_not_found, NULL);
	default:
		log_error("api: %s: %s", job->name, why);
		return api_error(api_err_of_store(err),
				 "it could not be stored");
	}
}

static void written(void *arg, int err, const char *why) /* Thread: loop */
{
	struct job *job = arg;
	const struct resource *res = job->verb->res;
	json_t *reply;

	if (err == ENOENT) {
		job_again(job);
		return;
	}
	if (err) {
		job->answer_is_in_tx = false;
		job_reply(job, failure(job, err, why));
		return;
	}

	if (res->is_in_dir && job->doc)
		directory_apply(job->api->env.dir, res->dir_kind, job->doc);
	else if (res->is_in_dir)
		directory_remove(job->api->env.dir, res->dir_kind, job->id);
	if (res->done)
		res->done(job);

	reply = job->ready;
	job->ready = NULL;
	job_reply(job, reply);
}

/** Say who refers to it before the store does, and better.
 * @return NULL, or an error */
static json_t *check_in_use(const struct job *job)
{
	const struct resource *res = job->verb->res;
	char why[160];

	if (job->doc || !res->in_use ||
	    !directory_in_use(job->api->env.dir, res->dir_kind, job->id, why,
			      sizeof(why)))
		return NULL;

	return api_errorf(API_ERR_in_use, "%s %s", why, res->in_use);
}

void res_act(struct job *job)
{
	const struct resource *res = job->verb->res;
	struct api_env *env = &job->api->env;
	json_t *reply = NULL;
	struct store_tx *tx;

	if (!res->is_account && !directory_account(env->dir, job->account_id))
		reply = api_error(API_ERR_account_not_found, NULL);
	if (!reply)
		reply = check_in_use(job);
	if (!reply && res->on_loop)
		reply = res->on_loop(job);
	if (reply) {
		job->answer_is_in_tx = false;
		job_reply(job, reply);
		return;
	}

	tx = job->tx;
	job->tx = NULL;
	store_commit(env->store, tx, written, job);
}
