/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/api_priv.h"

#include <string.h>

#include "common/json.h"
#include "common/seal.h"

enum {
	PATH_MAX_LEN = 128
};

struct sealing {
	const struct api *api;
	const char *kind, *id;
	json_t *sealed; /* path -> text */
};

/** "password", "inbound_auth.password" */
static void path_of(char *out, size_t size, const char *path, const char *name)
{
	g_snprintf(out, size, "%s%s%s", path, *path ? "." : "", name);
}

static void seal_one(struct sealing *run, const char *path, const json_t *value)
{
	const struct seal_owner owner = {run->kind, run->id, path};
	char *text;

	if (!json_is_string(value))
		return;

	text = seal_text(run->api->env.key, &owner, json_string_value(value));
	json_object_set_new(run->sealed, path, json_string(text));
	g_free(text);
}

static void seal_object(struct sealing *run, const struct opt *opts,
			const char *path, json_t *obj)
{
	char inner[PATH_MAX_LEN];
	json_t *value;

	for (; opts->name; ++opts) {
		value = json_object_get(obj, opts->name);
		if (!value)
			continue;

		path_of(inner, sizeof(inner), path, opts->name);
		if (opts->flags & OPT_WRITE) {
			seal_one(run, inner, value);
			json_object_del(obj, opts->name);
		} else if (opts->type == OPT_OBJECT) {
			seal_object(run, opts->sub, inner, value);
		}
	}
}

void seal_secrets(const struct api *api, const struct opt *opts,
		  const char *kind, const char *id, json_t *doc)
{
	struct sealing run = {
		.api = api,
		.kind = kind,
		.id = id,
		.sealed = json_incref(json_object_get(doc, SEAL_MEMBER)),
	};

	if (!run.sealed)
		run.sealed = json_object();
	seal_object(&run, opts, "", doc);

	if (json_object_size(run.sealed))
		json_object_set(doc, SEAL_MEMBER, run.sealed);
	else
		json_object_del(doc, SEAL_MEMBER);
	json_decref(run.sealed);
}

void seal_set(const struct api *api, const char *kind, json_t *doc,
	      const char *path, const char *plain)
{
	const struct seal_owner owner = {kind, json_str(doc, "id", ""), path};
	json_t *sealed = json_object_get(doc, SEAL_MEMBER);
	char *text;

	if (!sealed) {
		sealed = json_object();
		json_object_set_new(doc, SEAL_MEMBER, sealed);
	}
	if (!plain) {
		json_object_del(sealed, path);
		return;
	}

	text = seal_text(api->env.key, &owner, plain);
	json_set_str(sealed, path, text);
	g_free(text);
}

/** Is the member at "a.b" (or what holds it) null in the patch? */
static bool is_removed(const json_t *patch, const char *path)
{
	char **names = g_strsplit(path, ".", -1), **name;
	const json_t *value = patch;

	for (name = names; *name && json_is_object(value); ++name)
		value = json_object_get(value, *name);
	g_strfreev(names);

	return json_is_null(value);
}

json_t *seal_kept(const json_t *old, const json_t *patch)
{
	const json_t *sealed = json_object_get(old, SEAL_MEMBER);
	json_t *out = json_object(), *value;
	const char *path;

	json_object_foreach((json_t *)sealed, path, value)
	{
		if (!is_removed(patch, path))
			json_object_set(out, path, value);
	}

	return out;
}

json_t *seal_public(const json_t *doc)
{
	json_t *out = json_copy((json_t *)doc);

	json_object_del(out, SEAL_MEMBER);

	return out;
}
