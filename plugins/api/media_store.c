/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The ends of a file's way: what it begins with, and what is written */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/media_work.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/str.h"

/* ---- what is there already ---- */

static bool int_row(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);

	return false;
}

/** What the account's other files take. @return -1: the store cannot be read */
static int64_t used_bytes(const struct api *api, const char *account_id,
			  const char *but_id)
{
	static const char sql[] = "SELECT COALESCE(SUM(size_bytes), 0)"
				  " FROM media"
				  " WHERE account_id = ?1 AND id <> ?2";
	const struct db_value params[] = {DB_S(account_id), DB_S(but_id)};
	int64_t used = -1;

	if (db_read(store_db(api->env.store), sql, params, 2, int_row, &used))
		return -1;

	return used;
}

#define QUOTA_TEXT "%lld of %lld bytes are used, and this takes %lld"

/* ---- prepare, on a pool thread ---- */

/** The field, else the parameter, else the file's own.
 * @return NULL, or the error to answer */
static json_t *choose_name(struct req *req, const struct job *job,
			   struct media_work *work)
{
	struct opt_faults faults = {0};
	const char *name, *why = NULL;
	json_t *query = NULL;

	if (req->query &&
	    opt_check(&query, req->row->verb->query, req->query, OPT_MODE_QUERY,
		      req->platform, "query", &faults))
		return api_invalid(API_ERR_invalid, &faults);

	name = json_str(job->input, "name", json_str(query, "name", NULL));
	if (!name) {
		name = json_str(job->input, "file_name", "");
		why = *name ? media_check_name(name)
			    : "is required: the file has no name of its own";
	}
	if (!why && str_copy(work->name, sizeof(work->name), name))
		why = "the file's own is too long";
	json_decref(query);

	return why ? api_fault("/name", why)
		   : media_name_taken(req, work->name, NULL);
}

static json_t *check_quota(const struct req *req, const struct job *job)
{
	const int64_t quota = req->api->env.media_quota_bytes;
	const int64_t size = json_int(job->input, "size_bytes", 0);
	const int64_t used = used_bytes(req->api, job->account_id, job->id);

	if (used < 0)
		return api_error(API_ERR_unavailable, NULL);
	if (size <= quota - used)
		return NULL;

	return api_errorf(API_ERR_media_quota, QUOTA_TEXT, (long long)used,
			  (long long)quota, (long long)size);
}

static json_t *take(struct job *job, struct media_work *work)
{
	const int err =
		media_take(&work->fds, job->api->env.data_dir,
			   json_str(job->input, "path", ""), work->folder);

	if (!err)
		return NULL;

	*work->folder = '\0';
	switch (err) {
	case ENOENT:
		return api_fault("/path", "no such upload");
	case EINVAL:
		return api_fault("/path", "is not a plain file");
	case ENOSPC:
	case EDQUOT:
		return api_error(API_ERR_disk_full, NULL);
	default:
		return api_errorf(API_ERR_unavailable,
				  "the file cannot be taken: %s",
				  strerror(err));
	}
}

/** @return NULL, or the error to answer */
static json_t *check_request(struct req *req, struct job *job,
			     struct media_work *work)
{
	const struct api_env *env = &req->api->env;
	struct opt_faults faults = {0};
	json_t *doc = NULL, *reply;

	if (work->replaces) {
		reply = res_load(req, &api_media, &doc, NULL);
		json_decref(doc);
		if (reply)
			return reply;
	}
	if (opt_check(&job->input, req->row->verb->body, req->body,
		      OPT_MODE_CREATE, req->platform, "", &faults))
		return api_invalid(API_ERR_invalid, &faults);
	if (work->replaces && json_str(job->input, "name", NULL))
		return api_fault("/name", "the name stays: PATCH changes it");

	reply = work->replaces ? NULL : choose_name(req, job, work);
	if (!reply && (!env->data_dir || !env->render_start))
		reply = api_error(API_ERR_unavailable,
				  "files cannot be converted here");

	return reply ? reply : check_quota(req, job);
}

json_t *media_prepare(struct req *req, struct job *job)
{
	struct media_work *work = g_new0(struct media_work, 1);
	json_t *reply;

	work->api = req->api;
	work->replaces = req->row->kind == VERB_REPLACE;
	memset(&work->fds, 0xff, sizeof(work->fds)); /* -1 */
	job->data = work;
	job->data_free = media_work_free;

	reply = check_request(req, job, work);
	if (reply)
		return reply;

	if (work->replaces) {
		media_folder_new(work->folder, job->id);
	} else {
		id_new(job->id);
		(void)str_copy(work->folder, sizeof(work->folder), job->id);
	}

	return take(job, work);
}

/* ---- settle, on a worker ---- */

static void set_int(json_t *doc, const char *key, int64_t n)
{
	json_object_set_new(doc, key, json_integer(n));
}

/** What the new content changes */
static void describe(const struct media_work *work, json_t *doc)
{
	const json_t *input = work->job->input;
	const int64_t ms = work->renders[0].samples * 1000 / media_rates[0];

	json_set_time(doc, "updated_at", clock_wall_ms(clock_system()));
	json_set_str(doc, "content_type", media_content_type(work->format));
	json_set_str(doc, "codec", *work->codec ? work->codec : NULL);
	set_int(doc, "duration_ms", ms);
	set_int(doc, "size_bytes", json_int(input, "size_bytes", 0));
	set_int(doc, "stored_bytes", work->stored);
	json_set_str(doc, "sha256", json_str(input, "sha256", ""));
}

static json_t *new_doc(const struct media_work *work)
{
	const int64_t now_ms = clock_wall_ms(clock_system());
	json_t *doc = json_object();

	json_set_str(doc, "id", work->job->id);
	json_set_str(doc, "account_id", work->job->account_id);
	json_set_time(doc, "created_at", now_ms);
	json_set_time(doc, "updated_at", now_ms);
	json_set_str(doc, "name", work->name);

	return doc;
}

static bool text_row(void *arg, const struct db_row *row)
{
	char **textp = arg;

	*textp = g_strdup(db_text(row, 0));

	return false;
}

/** The document as it is now. @return NULL: work->err is set, or *errp */
static json_t *old_doc(struct media_work *work, int *errp)
{
	const struct db_value params[] = {DB_S(work->job->id),
					  DB_S(work->job->account_id)};
	json_t *doc;

	g_clear_pointer(&work->old, g_free);
	if (db_read(store_db(work->api->env.store), api_media.sql_get, params,
		    2, text_row, &work->old)) {
		*errp = EIO;
		return NULL;
	}
	if (!work->old) {
		media_fail(work, API_ERR_media_not_found, "No such media");
		return NULL;
	}
	doc = json_loads(work->old, 0, NULL);
	if (!doc)
		*errp = EIO;

	return doc;
}

static int check_room(struct media_work *work)
{
	const int64_t quota = work->api->env.media_quota_bytes;
	const int64_t used =
		used_bytes(work->api, work->job->account_id, work->job->id);

	if (used < 0)
		return EIO;
	if (work->stored > quota - used)
		media_fail(work, API_ERR_media_quota, QUOTA_TEXT,
			   (long long)used, (long long)quota,
			   (long long)work->stored);

	return 0;
}

static int swap_once(struct media_work *work)
{
	int err;

	if (!work->replaces || work->swapped)
		return 0;

	err = media_swap(work->api->env.data_dir, work->folder, work->job->id);
	work->swapped = !err;

	return err;
}

/* In its place before it is committed: what the store knows can be played */
int media_settle(struct media_work *work)
{
	struct job *job = work->job;
	int err = 0;

	if (!work->swapped)
		err = media_sync(work->api->env.data_dir, work->folder,
				 &work->stored);
	if (!err)
		err = check_room(work);
	if (err || work->err)
		return err;

	json_decref(work->doc);
	work->doc = work->replaces ? old_doc(work, &err) : new_doc(work);
	if (!work->doc)
		return err;

	describe(work, work->doc);
	json_decref(job->ready);
	job->ready = api_ok(json_deep_copy(work->doc));
	if (!work->replaces) {
		char *location =
			g_strconcat(api_media.base, "/", job->id, NULL);

		json_set_str(job->ready, "location", location);
		g_free(location);
	}

	return swap_once(work);
}

/* ---- committed, from the loop ---- */

struct store_tx *media_tx(const struct media_work *work)
{
	/* the quota holds however many arrive at once */
	static const char insert[] =
		"INSERT INTO media (id, account_id, created_at, doc, name,"
		" size_bytes)"
		" SELECT ?1, ?2, CAST(?3 AS BIGINT), ?4, ?5, CAST(?6 AS BIGINT)"
		" WHERE CAST(?6 AS BIGINT) + (SELECT COALESCE(SUM(size_bytes),"
		" 0) FROM media WHERE account_id = ?2) <= CAST(?7 AS BIGINT)";
	static const char update[] =
		"UPDATE media SET doc = ?4, size_bytes = ?5"
		" WHERE id = ?1 AND account_id = ?2 AND doc = ?3"
		" AND ?5 + (SELECT COALESCE(SUM(m.size_bytes), 0) FROM media m"
		" WHERE m.account_id = ?2 AND m.id <> ?1) <= ?6";
	const struct job *job = work->job;
	const int64_t quota = work->api->env.media_quota_bytes;
	struct store_tx *tx = store_tx_new();
	char *text = json_text(work->doc);

	if (work->replaces)
		STORE_ADD(tx, STORE_ONE_ROW, update, DB_S(job->id),
			  DB_S(job->account_id), DB_S(work->old), DB_S(text),
			  DB_I(work->stored), DB_I(quota));
	else
		STORE_ADD(tx, STORE_ONE_ROW, insert, DB_S(job->id),
			  DB_S(job->account_id),
			  DB_I(clock_wall_ms(clock_system())), DB_S(text),
			  DB_S(work->name), DB_I(work->stored), DB_I(quota));
	free(text);

	return tx;
}
