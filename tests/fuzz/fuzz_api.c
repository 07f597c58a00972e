/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request as the core hands it over, any JSON, against a real store. Without
 * an "auth" it gets the platform's, so that the fuzzer need not find one. The
 * answer must be an object with "ok" or "error", and never our own failure.
 */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "common/id.h"
#include "common/json.h"
#include "common/str.h"
#include "directory/directory.h"
#include "host/log.h"
#include "loop/loop.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	INPUT_MAX = 16 * 1024,
	DEADLINE_MS = 10000
};

/* The target's one world: made at the first input, removed at the end */
struct world {
	char *dir;
	uint8_t key[SECRET_KEY_LEN];
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	struct api *api;
	char account_id[ID_SIZE];
};

static void must(bool right)
{
	if (!right)
		abort();
}

static void quiet(enum log_level level, const char *line)
{
}

static bool id_row(void *arg, const struct db_row *row)
{
	(void)str_copy(arg, ID_SIZE, db_text(row, 0));

	return false;
}

static void open_world(struct world *world)
{
	char *path, *why = NULL;
	struct store_params prm = {0};
	struct api_env env = {
		.node_id = "fuzz",
		.deadline_ms = DEADLINE_MS,
		.flow_quota_bytes = 64 << 20,
	};

	log_set_sink(quiet);
	world->dir = g_dir_make_tmp("bifrons-fuzz-XXXXXX", NULL);
	must(world->dir != NULL);
	path = g_build_filename(world->dir, "store.sqlite", NULL);
	prm.path = path;
	prm.backup_dir = world->dir;

	must(!loop_start(&world->loop, clock_system()));
	must(!store_open(&world->store, world->loop, &prm, &why));
	must(!directory_alloc(&world->directory));
	env.loop = world->loop;
	env.store = world->store;
	env.dir = world->directory;
	env.key = world->key;
	must(!api_alloc(&world->api, &env));
	must(!api_bootstrap(world->api, NULL, true));
	must(!db_read(store_db(world->store), "SELECT id FROM account", NULL, 0,
		      id_row, world->account_id));
	g_free(path);
}

static struct world *the_world(void)
{
	static struct world world;

	if (!world.api)
		open_world(&world);

	return &world;
}

/* The process's end: nothing else takes the files away */
static void clean_up(void)
{
	static const char *const names[] = {"", "-wal", "-shm", ".lock"};
	const struct world *world = the_world();
	char *path;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(names); ++i) {
		path = g_strdup_printf("%s/store.sqlite%s", world->dir,
				       names[i]);
		(void)g_unlink(path);
		g_free(path);
	}
	(void)g_rmdir(world->dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	struct world *world = the_world();
	json_t *query = NULL, *reply;
	const json_t *error;
	char why[128];

	if (!begun)
		must(!atexit(clean_up));
	begun = true;

	if (size > INPUT_MAX ||
	    json_parse(&query, (const char *)data, size, why, sizeof(why)))
		return 0;

	if (json_is_object(query) && !json_object_get(query, "auth"))
		json_object_set_new(query, "auth",
				    json_pack("{s:s, s:s, s:[s], s:b}",
					      "account_id", world->account_id,
					      "key_id", world->account_id,
					      "scopes", "platform", "platform",
					      1));

	reply = api_dispatch(world->api, query);
	error = json_object_get(reply, "error");
	must(json_object_get(reply, "ok") || error);
	must(!error || api_err_by_code(json_str(error, "code", NULL)) !=
			       API_ERR_internal);
	json_decref(reply);
	json_decref(query);

	return 0;
}
