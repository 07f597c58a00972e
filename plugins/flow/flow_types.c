/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "flow/flow_types.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "flow/flow_action.h"
#include "flow/flow_doc.h"

/* Documented, not built yet: refused when a flow is saved */
static const char *const planned[] = {
	"amd",    "conference_join", "queue_join", "queue_leave",
	"stream", "transcribe",      NULL,
};

const struct action_type *action_type_find(const char *name)
{
	const struct action_type *const *type;

	for (type = action_types; *type; ++type)
		if (str_eq((*type)->name, name) ||
		    ((*type)->alias && str_eq((*type)->alias, name)))
			return *type;

	return NULL;
}

char *flow_types_unknown(const char *name)
{
	const struct action_type *const *type;
	GString *out = g_string_new("is not a type of action; there are");
	size_t i;

	for (i = 0; planned[i]; ++i)
		if (str_eq(planned[i], name))
			g_string_assign(out, "is not available yet; there are");
	for (type = action_types; *type; ++type)
		g_string_append_printf(out, "%s %s",
				       type == action_types ? "" : ",",
				       (*type)->name);

	return g_string_free(out, FALSE);
}

static json_t *text_schema(const char *doc)
{
	json_t *out = json_object();

	json_object_set_new(out, "type", json_string("string"));
	json_object_set_new(out, "minLength", json_integer(1));
	json_object_set_new(out, "maxLength", json_integer(128));
	json_object_set_new(out, "description", json_string(doc));

	return out;
}

static bool needs_option(const struct opt *opts)
{
	for (; opts->name; ++opts)
		if (opts->flags & OPT_REQUIRED)
			return true;

	return false;
}

static json_t *type_schema(const struct action_type *type)
{
	json_t *out = json_object(), *props = json_object();
	json_t *required = json_array(), *names = json_object();
	json_t *values = json_array();

	json_array_append_new(values, json_string(type->name));
	if (type->alias)
		json_array_append_new(values, json_string(type->alias));
	json_object_set_new(names, "enum", values);

	json_object_set_new(props, "id",
			    text_schema("Any text, unique in the flow"));
	json_object_set_new(props, "type", names);
	json_object_set_new(props, "option",
			    opt_schema(type->opts, false, false));
	json_object_set_new(
		props, "next_id",
		text_schema("The action that follows, instead of the next in "
			    "order"));
	json_object_set_new(props, "error_id",
			    text_schema("The action that follows an error"));

	json_array_append_new(required, json_string("type"));
	if (needs_option(type->opts))
		json_array_append_new(required, json_string("option"));
	json_object_set_new(out, "title", json_string(type->name));
	json_object_set_new(out, "description", json_string(type->doc));
	json_object_set_new(out, "type", json_string("object"));
	json_object_set_new(out, "properties", props);
	json_object_set_new(out, "required", required);
	json_object_set_new(out, "additionalProperties", json_false());

	return out;
}

json_t *flow_action_schema(void)
{
	const struct action_type *const *type;
	json_t *out = json_object(), *list = json_array();

	for (type = action_types; *type; ++type)
		json_array_append_new(list, type_schema(*type));
	json_object_set_new(out, "oneOf", list);

	return out;
}

static void type_markdown(GString *out, const struct action_type *type)
{
	char *table;

	g_string_append_printf(out, "\n## %s\n\n", type->name);
	if (type->alias)
		g_string_append_printf(out, "Also accepted: `%s`.\n\n",
				       type->alias);
	g_string_append_printf(out, "%s\n", type->doc);
	if (type->flags & ACTION_ANSWERS)
		g_string_append(out, "\nIt answers the call when that has not "
				     "been done.\n");

	if (type->opts->name) {
		table = opt_markdown(type->opts);
		g_string_append_printf(out, "\n%s", table);
		g_free(table);
	} else {
		g_string_append(out, "\nIt has no options.\n");
	}
	if (type->sets)
		g_string_append_printf(out, "\nVariables: %s\n", type->sets);
	g_string_append_printf(out, "\n```json\n%s\n```\n", type->example);
}

char *flow_actions_markdown(void)
{
	const struct action_type *const *type;
	GString *out = g_string_new(
		"# Actions\n\n"
		"<!-- Made from the tables in plugins/actions by "
		"tests/unit/flow/test_docs.c: do not edit -->\n\n"
		"What the actions of a flow do, their options, and the "
		"variables that they leave. How a flow runs, what `${name}` "
		"does, and what happens on errors is in "
		"[flows.md](flows.md).\n\n"
		"A number or a switch may also be one whole expression "
		"(`\"duration_ms\": \"${wait}\"`); it is checked when the "
		"action runs.\n");

	for (type = action_types; *type; ++type)
		type_markdown(out, *type);

	return g_string_free(out, FALSE);
}
