/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/media.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "store/store.h"

static const struct opt media_opts[] = {
	RES_OPTS,
	{
		.name = "name",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = MEDIA_NAME_MAX,
		.check = media_check_name,
		.doc = "Unique in the account: flows play `media:NAME`.",
	},
	{
		.name = "content_type",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "By what is in the file, whatever was sent with it.",
	},
	{
		.name = "codec",
		.type = OPT_STRING,
		.flags = OPT_READ | OPT_NULLABLE,
		.doc = "Its sound's coding (\"opus\", \"pcm_s16le\").",
	},
	{
		.name = "duration_ms",
		.type = OPT_INT,
		.flags = OPT_READ,
		.doc = "How long it plays, in milliseconds.",
	},
	{
		.name = "size_bytes",
		.type = OPT_INT,
		.flags = OPT_READ,
		.doc = "Of the file as it was uploaded.",
	},
	{
		.name = "stored_bytes",
		.type = OPT_INT,
		.flags = OPT_READ,
		.doc = "With what it was converted to; counts for the "
		       "account's quota.",
	},
	{
		.name = "sha256",
		.type = OPT_STRING,
		.flags = OPT_READ,
		.doc = "Of the file as it was uploaded, in hex.",
	},
	OPT_END,
};

struct taken {
	char id[ID_SIZE];
};

static bool taken_row(void *arg, const struct db_row *row)
{
	struct taken *taken = arg;

	(void)str_copy(taken->id, sizeof(taken->id), db_text(row, 0));

	return false;
}

json_t *media_name_taken(struct req *req, const char *name, const char *id)
{
	static const char sql[] = "SELECT id FROM media"
				  " WHERE account_id = ?1 AND name = ?2"
				  " AND id <> ?3";
	const struct db_value params[] = {DB_S(req->account_id), DB_S(name),
					  DB_S(id ? id : "")};
	struct taken taken = {.id = ""};

	if (db_read(store_db(req->api->env.store), sql, params, 3, taken_row,
		    &taken))
		return api_error(API_ERR_unavailable, NULL);
	if (!*taken.id)
		return NULL;

	return api_errorf(API_ERR_already_exists,
			  "media %s is named \"%s\" already", taken.id, name);
}

static json_t *check(struct req *req, const json_t *old, json_t *doc,
		     struct opt_faults *faults)
{
	return media_name_taken(req, json_str(doc, "name", ""), req->id);
}

static size_t columns(const json_t *doc, struct db_value *values)
{
	values[0] = DB_S(json_str(doc, "name", ""));

	return 1;
}

static json_t *on_loop(struct job *job)
{
	if (!job->doc && media_is_busy(job->api, job->id))
		return api_error(API_ERR_conflict, "it is being replaced");

	return NULL;
}

static void done(struct job *job)
{
	if (!job->doc)
		media_remove_later(job->api, job->id);
}

static const struct list_filter filters[] = {
	{"name", "name", FILTER_IS},
	{.name = NULL},
};

static const struct list_sort sorts[] = {
	{.name = "created_at", .column = "created_at"},
	{.name = "name", .column = "name", .is_text = true},
	{.name = NULL},
};

static const char *const sort_names[] = {"created_at", "name", NULL};

static const struct opt list_opts[] = {
	LIST_OPTS(sort_names),
	{
		.name = "name",
		.type = OPT_STRING,
		.max = MEDIA_NAME_MAX,
		.doc = "Its name.",
	},
	OPT_END,
};

static const struct list list = {
	.table = "media",
	.filters = filters,
	.sorts = sorts,
};

const struct resource api_media = {
	.kind = "media",
	.base = "/v1/media",
	.not_found = API_ERR_media_not_found,
	.opts = media_opts,
	.list = &list,
	.sql_get = "SELECT doc FROM media WHERE id = ?1 AND account_id = ?2",
	.sql_update = "UPDATE media SET doc = ?4, name = ?5"
		      " WHERE id = ?1 AND account_id = ?2 AND doc = ?3",
	.sql_delete = "DELETE FROM media WHERE id = ?1 AND account_id = ?2",
	.check = check,
	.columns = columns,
	.on_loop = on_loop,
	.done = done,
};

/** Where the transport finds the file, and under which name it goes out */
static json_t *read_content(struct req *req)
{
	json_t *doc = NULL, *out,
	       *reply = res_load(req, &api_media, &doc, NULL);
	const char *name, *type;
	char *text;

	if (reply)
		return reply;

	name = json_str(doc, "name", "");
	type = json_str(doc, "content_type", "");
	out = json_object();
	text = g_strdup_printf("media/%s/original", req->id);
	json_set_str(out, "path", text);
	g_free(text);
	json_set_str(out, "content_type", type);
	text = g_strconcat(name, strchr(name, '.') ? "" : media_suffix(type),
			   NULL);
	json_set_str(out, "name", text);
	g_free(text);
	json_decref(doc);

	return api_ok(out);
}

/* What the transport says of a file that it received */
static const char *check_sha256(const char *value)
{
	if (value[strspn(value, "0123456789abcdef")])
		return "must be lower-case hex";

	return NULL;
}

static const struct opt file_opts[] = {
	{
		.name = "path",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = 128,
		.check = media_check_path,
		.doc = "Where it lies in the data directory.",
	},
	{
		.name = "size_bytes",
		.type = OPT_INT,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = INT64_C(1) << 40,
		.doc = "How large it is.",
	},
	{
		.name = "sha256",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = SECRET_SHA256_HEX - 1,
		.max = SECRET_SHA256_HEX - 1,
		.check = check_sha256,
		.doc = "Of its content.",
	},
	{
		.name = "file_name",
		.type = OPT_STRING,
		.max = 256,
		.check = opt_check_no_controls,
		.doc = "As the client calls it.",
	},
	{
		.name = "name",
		.type = OPT_STRING,
		.min = 1,
		.max = MEDIA_NAME_MAX,
		.check = media_check_name,
		.doc = "As the client wants it called.",
	},
	OPT_END,
};

static const struct opt create_query[] = {
	{
		.name = "name",
		.type = OPT_STRING,
		.min = 1,
		.max = MEDIA_NAME_MAX,
		.check = media_check_name,
		.doc = "Its name, unless multipart has a field `name`; without "
		       "both the file's own name.",
	},
	OPT_END,
};

static const enum api_err missing[] = {API_ERR_media_not_found, API_OK};
static const enum api_err renamed[] = {API_ERR_media_not_found,
				       API_ERR_already_exists, API_OK};
static const enum api_err busy[] = {API_ERR_media_not_found, API_ERR_conflict,
				    API_OK};
static const enum api_err uploaded[] = {API_ERR_already_exists,
					API_ERR_undecodable,
					API_ERR_media_quota, API_OK};
static const enum api_err replaced[] = {API_ERR_media_not_found,
					API_ERR_conflict, API_ERR_undecodable,
					API_ERR_media_quota, API_OK};
static const enum api_err sent[] = {API_ERR_media_not_found,
				    API_ERR_range_not_satisfiable, API_OK};

const struct verb api_verb_media_list = {
	.summary = "List media",
	.query = list_opts,
	.reply = media_opts,
	.reply_name = "Media",
	.res = &api_media,
	.read = res_list,
};

const struct verb api_verb_media_create = {
	.summary = "Upload a file to play",
	.about = "In any format that libavformat reads, up to 50 MiB and two "
		 "hours (the platform may set another size). It is decoded "
		 "once, before the answer; flows play it as `media:ID` or "
		 "`media:NAME`.",
	.query = create_query,
	.body = file_opts,
	.reply = media_opts,
	.reply_name = "Media",
	.errors = uploaded,
	.res = &api_media,
	.prepare = media_prepare,
	.act = media_act,
};

const struct verb api_verb_media_get = {
	.summary = "Get what is known of a file",
	.reply = media_opts,
	.reply_name = "Media",
	.errors = missing,
	.res = &api_media,
	.read = res_get,
};

const struct verb api_verb_media_patch = {
	.summary = "Rename a file",
	.body = media_opts,
	.reply = media_opts,
	.reply_name = "Media",
	.errors = renamed,
	.res = &api_media,
	.prepare = res_patch,
	.act = res_act,
};

const struct verb api_verb_media_delete = {
	.summary = "Delete a file",
	.about = "Calls that play it play it to its end; a flow that comes to "
		 "it later goes to its `error_id`.",
	.errors = busy,
	.res = &api_media,
	.prepare = res_delete,
	.act = res_act,
};

const struct verb api_verb_media_content = {
	.summary = "Download a file as it was uploaded",
	.about = "`Range` (one range of bytes), `If-Range` and "
		 "`If-None-Match` are heard.",
	.errors = sent,
	.res = &api_media,
	.read = read_content,
};

const struct verb api_verb_media_replace = {
	.summary = "Replace a file's content",
	.about = "Id and name stay. Calls that play the old one play it to its "
		 "end.",
	.body = file_opts,
	.reply = media_opts,
	.reply_name = "Media",
	.errors = replaced,
	.res = &api_media,
	.prepare = media_prepare,
	.act = media_act,
};
