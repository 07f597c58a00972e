/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/flatten.h"

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "flow/flow_vars.h"

/** One taking apart */
struct flatten {
	json_t *values;
	unsigned left;
	size_t bytes;
	char name[FLOW_VAR_NAME_MAX + 1]; /**< of what is being taken */
};

static void add(struct flatten *fl, const char *text)
{
	const size_t size = strlen(fl->name) + strlen(text);

	if (!fl->left || size > fl->bytes)
		return;
	--fl->left;
	fl->bytes -= size;
	json_object_set_new(fl->values, fl->name, json_string(text));
}

static void add_value(struct flatten *fl, const json_t *in)
{
	char num[48];

	if (json_is_string(in)) {
		add(fl, json_string_value(in));
	} else if (json_is_boolean(in)) {
		add(fl, json_is_true(in) ? "true" : "false");
	} else if (json_is_integer(in)) {
		g_snprintf(num, sizeof(num), "%lld",
			   (long long)json_integer_value(in));
		add(fl, num);
	} else if (json_is_real(in)) {
		add(fl, g_ascii_formatd(num, sizeof(num), "%.15g",
					json_real_value(in)));
	}
}

static void walk(struct flatten *fl, const json_t *in, unsigned depth);

static void walk_member(struct flatten *fl, const char *token, const json_t *in,
			unsigned depth)
{
	const size_t mark = strlen(fl->name);

	if (mark + 1 + strlen(token) >= sizeof(fl->name))
		return;
	g_snprintf(fl->name + mark, (gulong)(sizeof(fl->name) - mark), ".%s",
		   token);
	if (flow_var_name_is_valid(fl->name))
		walk(fl, in, depth);
	fl->name[mark] = '\0';
}

static void walk(struct flatten *fl, const json_t *in, unsigned depth)
{
	const char *key;
	json_t *item;
	char token[24];
	size_t i;

	if (depth == FLATTEN_DEPTH_MAX || !fl->left)
		return;
	if (json_is_array(in)) {
		json_array_foreach(in, i, item)
		{
			if (!fl->left)
				break;
			g_snprintf(token, sizeof(token), "%zu", i);
			walk_member(fl, token, item, depth + 1);
		}
	} else if (json_is_object(in)) {
		json_object_foreach((json_t *)in, key, item)
			walk_member(fl, key, item, depth + 1);
	} else {
		add_value(fl, in);
	}
}

void flatten_text(json_t *values, const char *name, const char *text,
		  size_t len)
{
	const size_t max = FLATTEN_BYTES_MAX - strlen(name);
	char *valid;

	if (!len)
		return;
	len = MIN(len, max);
	/* a NUL would be the end */
	valid = g_utf8_make_valid(text, (gssize)strnlen(text, len));
	json_object_set_new(values, name, json_string(valid));
	g_free(valid);
}

void flatten_json(json_t *values, const char *name, const char *text,
		  size_t len)
{
	struct flatten fl = {.values = values,
			     .left = FLATTEN_VALUES_MAX,
			     .bytes = FLATTEN_BYTES_MAX};
	json_t *in = NULL;

	if (json_parse(&in, text, len, NULL, 0)) {
		flatten_text(values, name, text, len);
		return;
	}
	str_copy(fl.name, sizeof(fl.name), name);
	walk(&fl, in, 0);
	json_decref(in);
}
