/* SPDX-License-Identifier: GPL-3.0-or-later */

/* A crash between a deletion's commit and the removal of its file leaves the
 * file: at the start whatever belongs to no row goes. */

#include <errno.h>
#include <string.h>

#include "api/recordings.h"
#include "common/str.h"
#include "host/log.h"
#include "record/record.h"
#include "store/store.h"

/* "ID.ogg". What is not ours stays */
static bool is_ours(const char *name, char id[ID_SIZE])
{
	enum record_format format;

	(void)str_copy(id, ID_SIZE, name);

	return id_is_valid(id) && name[strlen(id)] == '.' &&
	       !record_format_by_name(name + strlen(id) + 1, &format);
}

static bool on_row(void *arg, const struct db_row *row)
{
	(void)row;
	*(bool *)arg = true;

	return false;
}

static int look_at(struct api *api, const char *name, unsigned *removedp)
{
	static const char sql[] = "SELECT 1 FROM recording WHERE id = ?1";
	char id[ID_SIZE];
	const struct db_value params[] = {DB_S(id)};
	bool found = false;
	int err, format;

	if (!is_ours(name, id))
		return 0;
	err = db_read(store_db(api->env.store), sql, params, 1, on_row, &found);
	if (err || found)
		return err;

	for (format = 0; format < RECORD_NFORMATS; ++format)
		err = err ? err
			  : record_remove(api->env.data_dir, id,
					  (enum record_format)format);
	if (err)
		log_error("recording %s: cannot be removed: %s", id,
			  strerror(err));
	else
		++*removedp;

	return 0;
}

int api_recordings_recover(struct api *api)
{
	char *path = NULL;
	unsigned removed = 0;
	const char *name;
	GDir *dir;
	int err = 0;

	if (!api->env.data_dir)
		return 0;

	path = g_build_filename(api->env.data_dir, "recordings", NULL);
	dir = g_dir_open(path, 0, NULL);
	while (dir && !err && (name = g_dir_read_name(dir)))
		err = look_at(api, name, &removed);
	if (dir)
		g_dir_close(dir);
	g_free(path);
	if (removed)
		log_info("recordings: %u files that belong to none were "
			 "removed",
			 removed);

	return err;
}
