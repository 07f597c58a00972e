/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "flow/flow_vars.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/str.h"

struct var {
	bool secret;
	char *value;
};

struct flow_vars {
	GHashTable *map; /**< name -> var; made with the first variable */
	size_t bytes;
};

static void vars_destructor(void *obj)
{
	struct flow_vars *vars = obj;

	if (vars->map)
		g_hash_table_destroy(vars->map);
}

static void var_free(void *arg)
{
	struct var *var = arg;

	g_free(var->value);
	g_free(var);
}

int flow_vars_alloc(struct flow_vars **varsp)
{
	if (!varsp)
		return EINVAL;

	*varsp = obj_zalloc(sizeof(**varsp), vars_destructor);

	return 0;
}

bool flow_var_name_is_valid(const char *name)
{
	const char *p;

	if (!name || !*name || *name == '.')
		return false;
	for (p = name; *p; ++p)
		if (!g_ascii_isalnum(*p) && !strchr("_-.", *p))
			return false;

	return p[-1] != '.' && p - name <= FLOW_VAR_NAME_MAX;
}

bool flow_var_name_is_reserved(const char *name)
{
	return str_starts(name, "call.") || str_starts(name, "parent.");
}

static const struct var *find(const struct flow_vars *vars, const char *name)
{
	return vars->map ? g_hash_table_lookup(vars->map, name) : NULL;
}

int flow_vars_set(struct flow_vars *vars, const char *name, const char *value,
		  bool secret)
{
	const struct var *old;
	struct var *var;
	char *text;
	size_t bytes;

	if (!flow_var_name_is_valid(name) || !value)
		return EINVAL;

	text = g_utf8_make_valid(value, -1);
	bytes = vars->bytes + strlen(name) + strlen(text);
	old = find(vars, name);
	if (old)
		bytes -= strlen(name) + strlen(old->value);
	if (bytes > FLOW_VARS_MAX_BYTES) {
		g_free(text);
		return ENOSPC;
	}

	if (!vars->map)
		vars->map = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, var_free);
	var = g_new0(struct var, 1);
	var->secret = secret;
	var->value = text;
	g_hash_table_replace(vars->map, g_strdup(name), var);
	vars->bytes = bytes;

	return 0;
}

void flow_vars_unset(struct flow_vars *vars, const char *name)
{
	const struct var *old = find(vars, name);

	if (!old)
		return;

	vars->bytes -= strlen(name) + strlen(old->value);
	g_hash_table_remove(vars->map, name);
}

/* How many bytes it would come to */
static int weigh(const struct flow_vars *vars, const json_t *values,
		 size_t *bytesp)
{
	size_t bytes = vars->bytes;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)values, name, value)
	{
		const struct var *old = find(vars, name);

		if (!flow_var_name_is_valid(name) ||
		    (!json_is_string(value) && !json_is_null(value)))
			return EINVAL;
		if (old)
			bytes -= strlen(name) + strlen(old->value);
		if (json_is_string(value))
			bytes +=
				strlen(name) + strlen(json_string_value(value));
	}
	*bytesp = bytes;

	return 0;
}

int flow_vars_set_all(struct flow_vars *vars, const json_t *values, bool secret)
{
	const char *name;
	json_t *value, *secrets;
	size_t bytes;
	int err = weigh(vars, values, &bytes);

	if (err)
		return err;
	if (bytes > FLOW_VARS_MAX_BYTES)
		return ENOSPC;

	/* room first, so that none is refused half-way */
	secrets = json_object();
	json_object_foreach((json_t *)values, name, value)
	{
		const struct var *old = find(vars, name);

		if (old && old->secret)
			json_object_set_new(secrets, name, json_true());
		flow_vars_unset(vars, name);
	}
	json_object_foreach((json_t *)values, name, value)
	{
		if (json_is_string(value))
			flow_vars_set(vars, name, json_string_value(value),
				      secret || json_object_get(secrets, name));
	}
	json_decref(secrets);

	return 0;
}

void flow_vars_unset_all(struct flow_vars *vars, const char *prefix)
{
	GList *names, *l;

	names = vars->map ? g_hash_table_get_keys(vars->map) : NULL;
	for (l = names; l; l = l->next) {
		if (!str_starts(l->data, prefix))
			continue;
		flow_vars_unset(vars, l->data);
	}
	g_list_free(names);
}

const char *flow_vars_get(const struct flow_vars *vars, const char *name,
			  bool *secretp)
{
	const struct var *var = find(vars, name);

	if (!var)
		return NULL;
	if (secretp)
		*secretp = var->secret;

	return var->value;
}

size_t flow_vars_bytes(const struct flow_vars *vars)
{
	return vars->bytes;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static GList *sorted_names(const struct flow_vars *vars)
{
	GList *names = vars->map ? g_hash_table_get_keys(vars->map) : NULL;

	return g_list_sort(names, by_name);
}

json_t *flow_vars_plain(const struct flow_vars *vars)
{
	GList *names = sorted_names(vars), *l;
	json_t *out = json_object();

	for (l = names; l; l = l->next)
		json_set_str(out, l->data, find(vars, l->data)->value);
	g_list_free(names);

	return out;
}

json_t *flow_vars_json(const struct flow_vars *vars, size_t max,
		       bool *truncatedp)
{
	GList *names = sorted_names(vars), *l;
	json_t *out = json_object();
	size_t bytes = 0;
	bool truncated = false;

	for (l = names; l; l = l->next) {
		const struct var *var = find(vars, l->data);
		const char *value = var->secret ? FLOW_VAR_MASK : var->value;
		const size_t size = strlen(l->data) + strlen(value);

		if (bytes + size > max) {
			truncated = true;
			continue;
		}
		bytes += size;
		json_set_str(out, l->data, value);
	}
	g_list_free(names);
	if (truncatedp)
		*truncatedp = truncated;

	return out;
}
