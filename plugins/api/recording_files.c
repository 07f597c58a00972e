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
	char id[ID_SIZE];
};

static void run_removal(void *arg) /* Thread: worker */
{
	struct removal *removal = arg;
	int format, err;

	for (format = 0; format < RECORD_NFORMATS; ++format) {
		err = record_remove(removal->data_dir, removal->id,
				    (enum record_format)format);
		if (err)
			log_error("recording %s: cannot be removed: %s",
				  removal->id, strerror(err));
	}
}

void recording_remove_later(const struct api *api, const char *id)
{
	struct removal *removal;

	if (!api->env.data_dir || !api->env.workers)
		return;

	removal = g_new0(struct removal, 1);
	removal->data_dir = api->env.data_dir;
	(void)str_copy(removal->id, sizeof(removal->id), id);
	if (worker_run(api->env.workers, "recording_remove", run_removal,
		       g_free, removal)) {
		log_warn("recording %s: its file is left over", id);
		g_free(removal);
	}
}

/* ---- with their call ---- */

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

json_t *recordings_erase(struct req *req, struct job *job)
{
	static const char sql[] = "SELECT id, status FROM recording"
				  " WHERE call_id = ?1 AND account_id = ?2";
	static const char erase[] = "DELETE FROM recording"
				    " WHERE id = ?1 AND account_id = ?2";
	const struct db_value params[] = {DB_S(req->id), DB_S(req->account_id)};
	struct found found = {.ids = g_ptr_array_new_with_free_func(g_free)};
	json_t *reply = NULL;
	unsigned i;

	if (db_read(store_db(req->api->env.store), sql, params, 2, on_row,
		    &found))
		reply = api_error(API_ERR_unavailable, NULL);
	else if (found.runs)
		reply = api_error(API_ERR_wrong_state,
				  "a recording of it is not closed yet");
	if (reply) {
		g_ptr_array_unref(found.ids);
		return reply;
	}

	for (i = 0; i < found.ids->len; ++i)
		STORE_ADD(job->tx, STORE_ANY, erase, DB_S(found.ids->pdata[i]),
			  DB_S(req->account_id));
	job->data = found.ids;
	job->data_free = free_ids;

	return NULL;
}

void recordings_erased(const struct job *job)
{
	const GPtrArray *ids = job->data;
	unsigned i;

	for (i = 0; ids && i < ids->len; ++i)
		recording_remove_later(job->api, ids->pdata[i]);
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
