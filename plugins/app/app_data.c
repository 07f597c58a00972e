/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/app_internal.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/api.h"
#include "host/log.h"

/* The node's id outlives restarts: calls of the last run are found by it */
static int node_id_load(struct app *app)
{
	char *path = g_build_filename(app->cfg->data_dir, "node.id", NULL);
	GError *gerr = NULL;
	char *text = NULL;
	int err = 0;

	if (g_file_get_contents(path, &text, NULL, NULL)) {
		g_strstrip(text);
		if (id_is_valid(text)) {
			(void)g_strlcpy(app->node_id, text, ID_SIZE);
			goto out;
		}
		log_error("data: %s does not hold a node id; remove it to get "
			  "a new one",
			  path);
		err = EINVAL;
		goto out;
	}

	id_new(app->node_id);
	if (!g_file_set_contents(path, app->node_id, -1, &gerr)) {
		log_error("data: cannot write %s: %s", path, gerr->message);
		g_error_free(gerr);
		err = EIO;
	}
out:
	g_free(text);
	g_free(path);

	return err;
}

char *app_store_path(const struct app_config *cfg)
{
	return cfg->store ? g_strdup(cfg->store)
			  : g_build_filename(cfg->data_dir, "bifrons.sqlite",
					     NULL);
}

/* A store whose key file is gone: a new key would open none of its secrets,
 * and webhooks and trunks would fail one by one */
static bool is_key_lost(const struct app_config *cfg, const char *key_path)
{
	char *store = app_store_path(cfg);
	struct stat st;
	const bool lost = !stat(store, &st) && st.st_size > 0 &&
			  stat(key_path, &st) && errno == ENOENT;

	if (lost)
		log_error("data: the key file %s is missing: it opens the "
			  "secrets in %s. Put it back; or, when it is lost for "
			  "good, make a new one of 32 random bytes (mode 600), "
			  "and set those secrets anew",
			  key_path, store);
	g_free(store);

	return lost;
}

int app_data_prepare(struct app *app)
{
	const struct app_config *cfg = app->cfg;
	char *path = NULL;
	int err = 0;

	if (g_mkdir_with_parents(cfg->data_dir, 0700)) {
		err = errno;
		log_error("data: cannot make the directory %s: %s",
			  cfg->data_dir, strerror(err));
		goto out;
	}

	path = cfg->secret_file
		       ? g_strdup(cfg->secret_file)
		       : g_build_filename(cfg->data_dir, "secret.key", NULL);
	if (is_key_lost(cfg, path)) {
		err = ENOKEY;
		goto out;
	}
	err = secret_key_load(app->key, path);
	if (err) {
		log_error("data: cannot use the key file %s: %s%s", path,
			  strerror(err),
			  err == EINVAL ? " (32 bytes, readable by the owner "
					  "only)"
					: "");
		goto out;
	}

	err = node_id_load(app);
out:
	g_free(path);

	return err;
}

void app_write_demo_token(struct app *app)
{
	char *path =
		g_build_filename(app->cfg->data_dir, "demo-phone.token", NULL);
	GError *gerr = NULL;
	char *token = NULL;
	int err = api_demo_token(app->api, &token);

	if (!err && !g_file_set_contents_full(path, token, -1,
					      G_FILE_SET_CONTENTS_CONSISTENT,
					      0600, &gerr)) {
		log_error("data: cannot write %s: %s", path, gerr->message);
		g_error_free(gerr);
	}
	/* the demo may have been deleted: an old link is worth nothing then */
	if (err)
		(void)g_unlink(path);
	g_free(token);
	g_free(path);
}
