/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Files of recordings: sent, and removed with their rows */

#include "api/recordings.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "loop/worker.h"
#include "record/record.h"
#include "store/store.h"

json_t *recording_file(json_t *doc)
{
	const char *id = json_str(doc, "id", ""),
		   *status = json_str(doc, "status", "");
	char path[RECORD_PATH_SIZE], *name;
	enum record_format format = RECORD_WAV;
	json_t *out = NULL;

	if (!str_eq(status, "finished") && !str_eq(status, "failed"))
		out = api_error(API_ERR_wrong_state, "it is not finished");
	else if (json_int(doc, "size_bytes", 0) <= 0 ||
		 record_format_by_name(json_str(doc, "format", ""), &format))
		out = api_error(API_ERR_wrong_state, "nothing of it was saved");
	if (out) {
		json_decref(doc);
		return out;
	}

	record_path(path, id, format);
	name = g_strdup_printf("recording-%s.%s", id,
			       record_format_name(format));
	out = json_object();
	json_set_str(out, "path", path);
	json_set_str(out, "content_type", record_content_type(format));
	json_set_str(out, "name", name);
	g_free(name);
	json_decref(doc);

	return api_ok(out);
}

static json_t *read_media(struct req *req)
{
	json_t *doc = NULL, *reply = res_load(req, &api_recordings, &doc, NULL);

	return reply ? reply : recording_file(doc);
}

/* ---- removing ---- */

struct removal {
	const char *data_dir;
	GPtrArray *ids; /* its own */
};

static void remove_one(const struct removal *removal, const char *id)
{
	int format, err;

	for (format = 0; format < RECORD_NFORMATS; ++format) {
		err = record_remove(removal->data_dir, id,
				    (enum record_format)format);
		if (err)
			log_error("recording %s: cannot be removed: %s", id,
				  strerror(err));
	}
}

static void run_removal(void *arg) /* Thread: worker */
{
	const struct removal *removal = arg;
	unsigned i;

	for (i = 0; i < removal->ids->len; ++i)
		remove_one(removal, removal->ids->pdata[i]);
}

static void free_removal(void *arg)
{
	struct removal *removal = arg;

	g_ptr_array_unref(removal->ids);
	g_free(removal);
}

static gpointer copy_id(gconstpointer id, gpointer data)
{
	return g_strdup(id);
}

/* One piece of work, however many there are: few may wait */
static void remove_later(const struct api *api, GPtrArray *ids)
{
	struct removal *removal;

	if (!ids->len || !api->env.data_dir || !api->env.workers)
		return;

	removal = g_new0(struct removal, 1);
	removal->data_dir = api->env.data_dir;
	removal->ids = g_ptr_array_copy(ids, copy_id, NULL);
	if (worker_run(api->env.workers, "recording_remove", run_removal,
		       free_removal, removal)) {
		log_warn("recording %s and %u more: their files are left over "
			 "until the next start",
			 (const char *)ids->pdata[0], ids->len - 1);
		free_removal(removal);
	}
}

void recording_remove_later(const struct api *api, const char *id)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(ids, g_strdup(id));
	remove_later(api, ids);
	g_ptr_array_unref(ids);
}

/* ---- with their call, or their account ---- */

struct found {
	GPtrArray *ids;
	bool runs;
};

static bool on_row(void *arg, const struct db_row *row)
{
	struct found *found = arg;
	const char *status = db_text(row, 1);

	g_ptr_array_add(found->ids, g_strdup(db_text(row, 0)));
	if (str_eq(status, "recording") || str_eq(status, "paused"))
		found->runs = true;

	return true;
}

static void free_ids(void *data)
{
	g_ptr_array_unref(data);
}

/* Note in job->data which they are. @return NULL, or the error */
static json_t *note(struct req *req, struct job *job, const char *sql,
		    const struct db_value *params, size_t n, enum api_err runs)
{
	struct found found = {.ids = g_ptr_array_new_with_free_func(g_free)};

	job->data = found.ids;
	job->data_free = free_ids;
	if (db_read(store_db(req->api->env.store), sql, params, n, on_row,
		    &found))
		return api_error(API_ERR_unavailable, NULL);

	return found.runs
		       ? api_error(runs, "a recording of it is not closed yet")
		       : NULL;
}

json_t *recordings_erase(struct req *req, struct job *job)
{
	static const char sql[] = "SELECT id, status FROM recording"
				  " WHERE call_id = ?1 AND account_id = ?2";
	static const char erase[] = "DELETE FROM recording"
				    " WHERE id = ?1 AND account_id = ?2";
	const struct db_value params[] = {DB_S(req->id), DB_S(req->account_id)};
	json_t *reply = note(req, job, sql, params, G_N_ELEMENTS(params),
			     API_ERR_wrong_state);
	const GPtrArray *ids = job->data;
	unsigned i;

	for (i = 0; !reply && i < ids->len; ++i)
		STORE_ADD(job->tx, STORE_ANY, erase, DB_S(ids->pdata[i]),
			  DB_S(req->account_id));

	return reply;
}

json_t *recordings_erase_account(struct req *req, struct job *job)
{
	static const char sql[] = "SELECT id, status FROM recording"
				  " WHERE account_id = ?1";
	const struct db_value params[] = {DB_S(req->id)};
	json_t *reply = note(req, job, sql, params, G_N_ELEMENTS(params),
			     API_ERR_in_use);

	if (!reply)
		STORE_ADD(job->tx, STORE_ANY,
			  "DELETE FROM recording WHERE account_id = ?1",
			  DB_S(req->id));

	return reply;
}

void recordings_erased(const struct job *job)
{
	if (job->data)
		remove_later(job->api, job->data);
}

static const enum api_err sent[] = {API_ERR_recording_not_found,
				    API_ERR_wrong_state,
				    API_ERR_range_not_satisfiable, API_OK};

const struct verb api_verb_recordings_media = {
	.summary = "Download a recording",
	.about = "Once it is `finished`, or `failed` with something in it. "
		 "`Range` (one range of bytes), `If-Range` and "
		 "`If-None-Match` are heard.",
	.errors = sent,
	.res = &api_recordings,
	.read = read_media,
};
