/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A crash leaves folders without a row: of uploads that were not committed,
 * of media that were deleted, and while one was replaced both of its folders.
 * Which of those belongs to the row says its sha256.
 */
#include <errno.h>
#include <string.h>

#include "api/media.h"
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "store/store.h"

struct recovery {
	struct api *api;
	GPtrArray *names; /* of folders */
	unsigned removed;
	int err;
};

static void collect(void *arg, const char *name)
{
	struct recovery *rec = arg;

	g_ptr_array_add(rec->names, g_strdup(name));
}

struct row {
	bool found;
	char sha256[SECRET_SHA256_HEX];
};

static bool on_row(void *arg, const struct db_row *db_row)
{
	const char *text = db_text(db_row, 0);
	json_t *doc = json_loads(text ? text : "", 0, NULL);
	struct row *row = arg;

	row->found = true;
	(void)str_copy(row->sha256, sizeof(row->sha256),
		       json_str(doc, "sha256", ""));
	json_decref(doc);

	return false;
}

static int find_row(const struct recovery *rec, const char *id, struct row *row)
{
	static const char sql[] = "SELECT doc FROM media WHERE id = ?1";
	const struct db_value params[] = {DB_S(id)};

	memset(row, 0, sizeof(*row));

	return db_read(store_db(rec->api->env.store), sql, params, 1, on_row,
		       row);
}

static bool holds(const struct recovery *rec, const char *folder,
		  const char *sha256)
{
	char hex[SECRET_SHA256_HEX] = "";

	return !media_hash(rec->api->env.data_dir, folder, hex) &&
	       str_eq(hex, sha256);
}

/* "ID.RANDOM" beside "ID": it may be the one that was committed */
static void choose(const struct recovery *rec, const char *id,
		   const char *folder, const struct row *row)
{
	int err;

	if (!row->found || !holds(rec, folder, row->sha256) ||
	    holds(rec, id, row->sha256))
		return;

	err = media_swap(rec->api->env.data_dir, id, folder);
	if (err)
		log_error("media %s: cannot be put back: %s", id,
			  strerror(err));
}

static void look_at(struct recovery *rec, const char *name)
{
	char id[ID_SIZE];
	struct row row;
	bool other;

	(void)str_copy(id, sizeof(id), name);
	other = strlen(name) > strlen(id);
	/* what is not ours stays */
	if (!id_is_valid(id) || (other && name[strlen(id)] != '.'))
		return;

	rec->err = find_row(rec, id, &row);
	if (rec->err || (row.found && !other))
		return;
	if (other)
		choose(rec, id, name, &row);
	if (!media_remove(rec->api->env.data_dir, name))
		++rec->removed;
}

int api_media_recover(struct api *api)
{
	struct recovery rec = {.api = api};
	guint i;

	if (!api->env.data_dir)
		return 0;

	rec.names = g_ptr_array_new_with_free_func(g_free);
	rec.err = media_each(api->env.data_dir, collect, &rec);
	for (i = 0; !rec.err && i < rec.names->len; ++i)
		look_at(&rec, g_ptr_array_index(rec.names, i));
	g_ptr_array_unref(rec.names);
	if (rec.removed)
		log_info("media: %u folders that a crash left were removed",
			 rec.removed);

	return rec.err;
}
