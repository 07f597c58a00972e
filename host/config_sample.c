/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "host/config.h"

enum {
	WRAP = 76
};

struct sample {
	GString *out;
	unsigned depth;
	bool off; /**< within a group that is commented out */
};

static void add_groups(struct sample *sample, const struct opt *opts);
static void add_value(GString *out, const json_t *value);

static void indent(struct sample *sample)
{
	unsigned i;

	for (i = 0; i < sample->depth; ++i)
		g_string_append_c(sample->out, '\t');
}

static void add_comment(struct sample *sample, const char *text)
{
	const size_t room = WRAP - 8 * sample->depth;

	while (*text) {
		size_t len = strlen(text);

		if (len > room) {
			len = room;
			while (len && text[len] != ' ')
				--len;
			if (!len)
				len = strcspn(text, " ");
		}
		indent(sample);
		g_string_append_printf(sample->out, "# %.*s\n", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

static void add_string(GString *out, const char *s)
{
	g_string_append_c(out, '"');
	for (; *s; ++s) {
		if (*s == '"' || *s == '\\')
			g_string_append_printf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			g_string_append_printf(out, "\\x%02x",
					       (unsigned char)*s);
		else
			g_string_append_c(out, *s);
	}
	g_string_append_c(out, '"');
}

static void add_object(GString *out, const json_t *value)
{
	const char *key;
	json_t *member;

	g_string_append(out, "{ ");
	json_object_foreach((json_t *)value, key, member)
	{
		g_string_append_printf(out, "%s = ", key);
		add_value(out, member);
		g_string_append(out, "; ");
	}
	g_string_append_c(out, '}');
}

/* A list in (), which may hold anything; [] would want one type of scalar */
static void add_array(GString *out, const json_t *value)
{
	json_t *item;
	size_t i;

	g_string_append_c(out, '(');
	json_array_foreach(value, i, item)
	{
		g_string_append(out, i ? ", " : " ");
		add_value(out, item);
	}
	g_string_append(out, i ? " )" : ")");
}

static void add_value(GString *out, const json_t *value)
{
	char *text;
	json_int_t n;

	switch (json_typeof(value)) {
	case JSON_STRING:
		add_string(out, json_string_value(value));
		break;
	case JSON_OBJECT:
		add_object(out, value);
		break;
	case JSON_ARRAY:
		add_array(out, value);
		break;
	case JSON_INTEGER:
		n = json_integer_value(value);
		g_string_append_printf(out, "%lld", (long long)n);
		if (n > G_MAXINT || n < G_MININT)
			g_string_append_c(out, 'L');
		break;
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		text = json_text(value);
		g_string_append(out, text);
		free(text);
		break;
	}
}

/* What stands behind a "#" for a key without a default */
static json_t *example_of(const struct opt *opt)
{
	switch (opt->type) {
	case OPT_INT:
		return json_integer(opt->min);
	case OPT_NUM:
		return json_real((double)opt->min);
	case OPT_BOOL:
		return json_false();
	case OPT_ARRAY:
		return json_array();
	case OPT_OBJECT:
	case OPT_MAP:
		return json_object();
	case OPT_STRING:
		return json_string(opt->values ? opt->values[0] : "");
	case OPT_ID:
	case OPT_TIME:
	case OPT_ANY:
	case OPT_NTYPES:
		break;
	}

	return json_string("");
}

static void append_range(GString *text, const struct opt *opt)
{
	const long long min = opt->min, max = opt->max;
	const char *unit = "";

	if (opt->type == OPT_STRING)
		unit = " bytes";
	else if (opt->type == OPT_ARRAY)
		unit = " items";
	else if (opt->type == OPT_MAP)
		unit = " members";

	if (opt->values) {
		char *all = g_strjoinv(", ", (char **)opt->values);

		g_string_append_printf(text, "One of: %s.", all);
		g_free(all);
	} else if (max >= min && (min || max)) {
		g_string_append_printf(text, "%lld..%lld%s.", min, max, unit);
	} else if (min) {
		g_string_append_printf(text, "At least %lld%s.", min, unit);
	}
}

static void add_key_doc(struct sample *sample, const struct opt *opt)
{
	GString *text = g_string_new(opt->doc);

	/* tables end a sentence as they like */
	if (text->len && text->str[text->len - 1] != '.')
		g_string_append_c(text, '.');
	if (text->len)
		g_string_append_c(text, ' ');
	append_range(text, opt);
	if (opt->flags & OPT_REQUIRED)
		g_string_append(text, " Required.");
	g_strstrip(text->str);
	add_comment(sample, text->str);
	g_string_free(text, TRUE);
}

/* What each item of a list of groups holds */
static void add_item_docs(struct sample *sample, const struct opt *opt)
{
	const struct opt *member;

	if (opt->type != OPT_ARRAY || !opt->sub || opt->sub->type != OPT_OBJECT)
		return;

	add_comment(sample, "Each item is a group { ... } of:");
	for (member = opt->sub->sub; member->name; ++member) {
		GString *text = g_string_new("  ");
		GString *range = g_string_new(NULL);

		append_range(range, member);
		g_string_append_printf(text, "%s:", member->name);
		if (member->doc)
			g_string_append_printf(text, " %s", member->doc);
		if (range->len)
			g_string_append_printf(text, " %s", range->str);
		g_string_free(range, TRUE);
		if (member->flags & OPT_REQUIRED)
			g_string_append(text, " Required.");
		else if (member->def)
			g_string_append_printf(text, " Default %s.",
					       member->def);
		add_comment(sample, text->str);
		g_string_free(text, TRUE);
	}
}

static void add_key(struct sample *sample, const struct opt *opt)
{
	json_t *value = NULL;
	bool off;

	if (opt->def)
		value = json_loads(opt->def, JSON_DECODE_ANY, NULL);
	off = !value || json_is_null(value);
	if (off) {
		json_decref(value);
		value = example_of(opt);
	}

	add_key_doc(sample, opt);
	add_item_docs(sample, opt);
	indent(sample);
	g_string_append_printf(sample->out,
			       "%s%s = ", off || sample->off ? "#" : "",
			       opt->name);
	add_value(sample->out, value);
	g_string_append_c(sample->out, '\n');
	json_decref(value);
}

static bool is_group_off(const struct opt *opt)
{
	const struct opt *sub;

	if (opt->flags & OPT_NULLABLE)
		return true;
	for (sub = opt->sub; sub->name; ++sub)
		if ((sub->flags & OPT_REQUIRED) && !sub->def)
			return !(opt->flags & OPT_REQUIRED);

	return false;
}

static void add_group(struct sample *sample, const struct opt *opt)
{
	const bool was_off = sample->off;
	const char *mark;

	sample->off = was_off || is_group_off(opt);
	mark = sample->off ? "#" : "";
	add_key_doc(sample, opt);
	indent(sample);
	g_string_append_printf(sample->out, "%s%s: {\n", mark, opt->name);
	++sample->depth;
	add_groups(sample, opt->sub);
	--sample->depth;
	indent(sample);
	g_string_append_printf(sample->out, "%s}\n", mark);
	sample->off = was_off;
}

static void add_groups(struct sample *sample, const struct opt *opts)
{
	const struct opt *opt;

	for (opt = opts; opt->name; ++opt) {
		if (opt->flags & OPT_READ)
			continue;
		if (opt != opts)
			g_string_append_c(sample->out, '\n');
		if (opt->type == OPT_OBJECT)
			add_group(sample, opt);
		else
			add_key(sample, opt);
	}
}

char *config_sample(const struct opt *opts, const char *title)
{
	struct sample sample = {.out = g_string_new(NULL)};

	add_comment(&sample, title);
	g_string_append_c(sample.out, '\n');
	add_groups(&sample, opts);

	return g_string_free(sample.out, FALSE);
}
