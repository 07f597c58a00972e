/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>
#include <string.h>

#include "common/opt_priv.h"

/* A table may hold itself: the rows end there */
enum {
	MARKDOWN_DEPTH_MAX = 6
};

static void add_rows(GString *md, const struct opt *opts, const char *prefix,
		     unsigned depth);

static void add_escaped(GString *md, const char *text)
{
	for (; *text; ++text) {
		if (*text == '|')
			g_string_append_c(md, '\\');
		g_string_append_c(md, *text == '\n' ? ' ' : *text);
	}
}

static const char *type_name(const struct opt *opt)
{
	switch (opt->type) {
	case OPT_STRING:
		return "string";
	case OPT_INT:
		return "integer";
	case OPT_NUM:
		return "number";
	case OPT_BOOL:
		return "boolean";
	case OPT_ID:
		return "id";
	case OPT_TIME:
		return "time";
	case OPT_OBJECT:
		return "object";
	case OPT_ARRAY:
		return "array";
	case OPT_MAP:
		return "map of strings";
	case OPT_ANY:
	case OPT_NTYPES:
		break;
	}

	return "any";
}

static const char *unit_of(enum opt_type type)
{
	if (type == OPT_STRING)
		return " bytes";
	if (type == OPT_ARRAY)
		return " items";
	if (type == OPT_MAP)
		return " members";

	return "";
}

static void add_limits(GString *md, const struct opt *opt)
{
	const char *unit = unit_of(opt->type);
	const long long min = opt->min, max = opt->max;
	const char *const *v;

	if (opt->values) {
		for (v = opt->values; *v; ++v)
			g_string_append_printf(
				md, "%s`%s`", v == opt->values ? "" : ", ", *v);
	} else if (opt_has_max(opt)) {
		g_string_append_printf(md, "%lld..%lld%s", min, max, unit);
	} else if (opt_has_min(opt)) {
		g_string_append_printf(md, "from %lld%s", min, unit);
	} else if (opt->format) {
		g_string_append(md, opt->format);
	}
}

static void add_notes(GString *md, const struct opt *opt)
{
	static const struct {
		unsigned flag;
		const char *text;
	} notes[] = {
		{OPT_NULLABLE, "May be null."},
		{OPT_READ, "Read-only."},
		{OPT_WRITE, "Write-only."},
		{OPT_CREATE, "Only at creation."},
		{OPT_PLATFORM, "Only the platform may set it."},
	};
	size_t i;

	if (opt->doc) {
		add_escaped(md, opt->doc);
		g_string_append_c(md, ' ');
	}
	for (i = 0; i < G_N_ELEMENTS(notes); ++i)
		if (opt->flags & notes[i].flag)
			g_string_append_printf(md, "%s ", notes[i].text);
	if (opt->alias)
		g_string_append_printf(md, "Also `%s`. ", opt->alias);
}

static void add_row(GString *md, const struct opt *opt, const char *name,
		    unsigned depth)
{
	const struct opt *item = opt->type == OPT_ARRAY ? opt->sub : NULL;
	char *prefix;

	g_string_append_printf(md, "| `%s` | %s", name, type_name(opt));
	if (item)
		g_string_append_printf(md, " of %s", type_name(item));
	g_string_append_printf(md, " | %s | ",
			       opt->flags & OPT_REQUIRED ? "yes" : "no");
	if (opt->def) {
		g_string_append_c(md, '`');
		add_escaped(md, opt->def);
		g_string_append_c(md, '`');
	}
	g_string_append(md, " | ");
	add_limits(md, opt);
	g_string_append(md, " | ");
	add_notes(md, opt);
	g_string_append(md, "|\n");

	prefix = g_strdup_printf("%s%s.", name, item ? "[]" : "");
	if (opt->type == OPT_OBJECT)
		add_rows(md, opt->sub, prefix, depth + 1);
	else if (item && item->type == OPT_OBJECT)
		add_rows(md, item->sub, prefix, depth + 1);
	g_free(prefix);
}

static void add_rows(GString *md, const struct opt *opts, const char *prefix,
		     unsigned depth)
{
	if (depth >= MARKDOWN_DEPTH_MAX)
		return;

	for (; opts->name; ++opts) {
		char *name = g_strconcat(prefix, opts->name, NULL);

		add_row(md, opts, name, depth);
		g_free(name);
	}
}

char *opt_markdown(const struct opt *opts)
{
	GString *md = g_string_new(
		"| Name | Type | Required | Default | Limits | Meaning |\n"
		"|---|---|---|---|---|---|\n");

	add_rows(md, opts, "", 0);

	return g_string_free(md, FALSE);
}
