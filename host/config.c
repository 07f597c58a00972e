/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/config.h"

#include <errno.h>
#include <glib.h>
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "host/config_include.h"

enum {
	POINTER_SIZE = 1024,
	DEPTH_MAX = 16
};

/** Where a setting was written */
struct place {
	unsigned line;
	char file[];
};

struct load {
	const char *path;
	GString *why;
	GHashTable *places; /**< JSON pointer -> struct place */
	char pointer[POINTER_SIZE];
};

static json_t *convert(struct load *load, const config_setting_t *set,
		       unsigned depth);

static void note_place(struct load *load, const config_setting_t *set)
{
	const char *file = config_setting_source_file(set);
	struct place *place;
	size_t size;

	if (!file)
		file = load->path;
	size = strlen(file) + 1;
	place = g_malloc(sizeof(*place) + size);
	place->line = config_setting_source_line(set);
	memcpy(place->file, file, size);
	g_hash_table_replace(load->places, g_strdup(load->pointer), place);
}

/* "/proxies/0/host" as an operator knows it: "proxies[0].host" */
static char *key_of(const char *pointer)
{
	GString *key = g_string_new(NULL);
	char **tokens = g_strsplit(*pointer ? pointer + 1 : "", "/", -1);
	char **t;

	for (t = tokens; *t; ++t) {
		int64_t n;
		const char *p;

		if (!str_to_int(*t, 0, INT64_MAX, &n)) {
			g_string_append_printf(key, "[%s]", *t);
			continue;
		}
		if (key->len)
			g_string_append_c(key, '.');
		for (p = *t; *p; ++p) {
			if (*p == '~' && p[1])
				g_string_append_c(key, *++p == '1' ? '/' : '~');
			else
				g_string_append_c(key, *p);
		}
	}
	g_strfreev(tokens);

	return g_string_free(key, FALSE);
}

/* What is missing has no line: that of the group around it is told */
static void add_fault(struct load *load, const char *pointer,
		      const char *message)
{
	const struct place *place = NULL;
	char *key = key_of(pointer);
	char *at = g_strdup(pointer);

	for (;;) {
		char *slash = strrchr(at, '/');

		place = g_hash_table_lookup(load->places, at);
		if (place || !slash)
			break;
		*slash = '\0';
	}
	/* libconfig gives the root no line of its own */
	g_string_append_printf(load->why, "%s:%u: %s%s%s\n",
			       place ? place->file : load->path,
			       place && place->line ? place->line : 1, key,
			       *key ? ": " : "", message);
	g_free(at);
	g_free(key);
}

static json_t *convert_group(struct load *load, const config_setting_t *set,
			     unsigned depth)
{
	json_t *out = json_object();
	int i;

	for (i = 0; i < config_setting_length(set); ++i) {
		const config_setting_t *sub = config_setting_get_elem(set, i);
		const char *name = config_setting_name(sub);
		const size_t mark = strlen(load->pointer);

		json_pointer_add(load->pointer, sizeof(load->pointer), name);
		json_object_set_new(out, name, convert(load, sub, depth + 1));
		load->pointer[mark] = '\0';
	}

	return out;
}

static json_t *convert_list(struct load *load, const config_setting_t *set,
			    unsigned depth)
{
	json_t *out = json_array();
	int i;

	for (i = 0; i < config_setting_length(set); ++i) {
		const config_setting_t *sub = config_setting_get_elem(set, i);
		const size_t mark = strlen(load->pointer);
		char token[24];

		snprintf(token, sizeof(token), "%d", i);
		json_pointer_add(load->pointer, sizeof(load->pointer), token);
		json_array_append_new(out, convert(load, sub, depth + 1));
		load->pointer[mark] = '\0';
	}

	return out;
}

static json_t *convert_scalar(const config_setting_t *set)
{
	switch (config_setting_type(set)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return json_integer(config_setting_get_int64(set));
	case CONFIG_TYPE_FLOAT:
		return json_real(config_setting_get_float(set));
	case CONFIG_TYPE_BOOL:
		return json_boolean(config_setting_get_bool(set));
	case CONFIG_TYPE_STRING:
		return json_string(config_setting_get_string(set));
	default:
		return NULL;
	}
}

static json_t *convert(struct load *load, const config_setting_t *set,
		       unsigned depth)
{
	json_t *out;

	note_place(load, set);
	if (depth > DEPTH_MAX) {
		add_fault(load, load->pointer, "nested too deeply");
		return json_null();
	}
	if (config_setting_is_group(set))
		return convert_group(load, set, depth);
	if (config_setting_is_aggregate(set))
		return convert_list(load, set, depth);

	out = convert_scalar(set);
	if (!out) {
		add_fault(load, load->pointer,
			  "must be UTF-8 text or a finite number");
		return json_null();
	}

	return out;
}

static bool has_required(const struct opt *opts)
{
	for (; opts->name; ++opts) {
		if (opts->flags & OPT_REQUIRED)
			return true;
	}

	return false;
}

/* A group that is not written has the defaults of its members, unless it
 * cannot stand without a value that only the operator knows */
static void add_groups(json_t *cfg, const struct opt *opts)
{
	for (; opts->name; ++opts) {
		json_t *sub = json_object_get(cfg, opts->name);

		if (opts->type != OPT_OBJECT || (opts->flags & OPT_NULLABLE))
			continue;
		if (!sub && !opts->def && !has_required(opts->sub)) {
			sub = json_object();
			json_object_set_new(cfg, opts->name, sub);
		}
		if (json_is_object(sub))
			add_groups(sub, opts->sub);
	}
}

static void add_faults(struct load *load, const struct opt_faults *faults)
{
	json_t *fault;
	size_t i;

	json_array_foreach(faults->list, i, fault)
		add_fault(load, json_str(fault, "pointer", ""),
			  json_str(fault, "message", ""));
	if (faults->more)
		add_fault(load, "", "there are more faults");
}

static int check(struct load *load, const config_t *file,
		 const struct opt *opts, json_t **cfgp)
{
	struct opt_faults faults = {0};
	json_t *raw, *cfg = NULL;
	int err = 0;

	raw = convert(load, config_root_setting(file), 0);
	if (load->why->len) {
		err = EINVAL;
		goto out;
	}
	add_groups(raw, opts);
	err = opt_check(&cfg, opts, raw, OPT_MODE_CREATE, true, "", &faults);
	add_faults(load, &faults);
	json_decref(faults.list);
out:
	json_decref(raw);
	if (!err)
		*cfgp = cfg;

	return err;
}

static int read_file(struct load *load, config_t *file)
{
	char *dir;
	int err;

	err = config_include_check(load->path, load->why);
	if (err)
		return err;

	dir = g_path_get_dirname(load->path);
	config_set_include_dir(file, dir);
	if (!config_read_file(file, load->path)) {
		const char *name = config_error_file(file);
		const int line = config_error_line(file);

		g_string_append_printf(
			load->why, "%s:%d: %s\n", name ? name : load->path,
			line > 0 ? line : 1, config_error_text(file));
		err = EINVAL;
	}
	g_free(dir);

	return err;
}

int config_load(json_t **cfgp, const char *path, const struct opt *opts,
		char **whyp)
{
	struct load load = {.path = path};
	config_t file;
	int err;

	if (!cfgp || !path || !opts)
		return EINVAL;

	load.why = g_string_new(NULL);
	load.places =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	config_init(&file);

	err = read_file(&load, &file);
	if (!err)
		err = check(&load, &file, opts, cfgp);

	config_destroy(&file);
	g_hash_table_destroy(load.places);
	if (err && whyp) {
		*whyp = g_string_free(load.why, FALSE);
		g_strchomp(*whyp);
	} else {
		g_string_free(load.why, TRUE);
	}

	return err;
}
