/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/opt_priv.h"

/* A table may hold itself (actions within an action): the schema ends there */
enum {
	SCHEMA_DEPTH_MAX = 12
};

struct schema_run {
	bool reply, patch;
	unsigned depth;
};

static json_t *schema_of(struct schema_run *run, const struct opt *opt);
static json_t *schema_object(struct schema_run *run, const struct opt *opts);

static void set_int(json_t *schema, const char *key, int64_t n)
{
	json_object_set_new(schema, key, json_integer(n));
}

static void set_limits(json_t *schema, const struct opt *opt, const char *min,
		       const char *max)
{
	/* a count is never under 0: no need to say so */
	const bool is_count = opt->type != OPT_INT && opt->type != OPT_NUM;

	if (opt_has_min(opt) && !(is_count && opt->min <= 0))
		set_int(schema, min, opt->min);
	if (opt_has_max(opt))
		set_int(schema, max, opt->max);
}

static void set_string(json_t *schema, const struct opt *opt)
{
	const char *const *v;
	json_t *values;

	if (opt->format)
		json_set_str(schema, "format", opt->format);
	if (!opt->values) {
		set_limits(schema, opt, "minLength", "maxLength");
		return;
	}

	values = json_array();
	for (v = opt->values; *v; ++v)
		json_array_append_new(values, json_string(*v));
	if (opt->flags & OPT_NULLABLE)
		json_array_append_new(values, json_null());
	json_object_set_new(schema, "enum", values);
}

static void set_map(struct schema_run *run, json_t *schema,
		    const struct opt *opt)
{
	json_t *value;

	if (opt->sub)
		value = schema_of(run, opt->sub);
	else
		value = json_pack("{ss}", "type", "string");
	json_object_set_new(schema, "additionalProperties", value);
	set_limits(schema, opt, "minProperties", "maxProperties");
}

static void set_items(struct schema_run *run, json_t *schema,
		      const struct opt *opt)
{
	const bool patch = run->patch;

	set_limits(schema, opt, "minItems", "maxItems");
	if (!opt->sub)
		return;

	/* a patch replaces an array whole, so its items are complete */
	run->patch = false;
	json_object_set_new(schema, "items", schema_of(run, opt->sub));
	run->patch = patch;
}

static void set_type(json_t *schema, const struct opt *opt, bool nullable)
{
	static const char *const names[OPT_NTYPES] = {
		[OPT_STRING] = "string", [OPT_INT] = "integer",
		[OPT_NUM] = "number",    [OPT_BOOL] = "boolean",
		[OPT_ID] = "string",     [OPT_TIME] = "string",
		[OPT_OBJECT] = "object", [OPT_ARRAY] = "array",
		[OPT_MAP] = "object",
	};
	const char *name = names[opt->type];

	if (!name)
		return;
	if (nullable)
		json_object_set_new(schema, "type",
				    json_pack("[ss]", name, "null"));
	else
		json_set_str(schema, "type", name);
}

/* Its owner takes a text too, in place of the object */
static void set_any(struct schema_run *run, json_t *schema,
		    const struct opt *opt)
{
	if (!opt->sub)
		return;
	json_object_set_new(schema, "anyOf",
			    json_pack("[{s:s}, o]", "type", "string",
				      schema_object(run, opt->sub)));
	if (opt->flags & OPT_NULLABLE)
		json_array_append_new(json_object_get(schema, "anyOf"),
				      json_pack("{s:s}", "type", "null"));
}

static json_t *schema_of(struct schema_run *run, const struct opt *opt)
{
	json_t *schema;

	if (opt->type == OPT_OBJECT)
		schema = schema_object(run, opt->sub);
	else
		schema = json_object();
	set_type(schema, opt, opt->flags & OPT_NULLABLE);

	switch (opt->type) {
	case OPT_STRING:
		set_string(schema, opt);
		break;
	case OPT_INT:
	case OPT_NUM:
		set_limits(schema, opt, "minimum", "maximum");
		break;
	case OPT_ID:
		json_set_str(schema, "format", "uuid");
		break;
	case OPT_TIME:
		json_set_str(schema, "format", "date-time");
		break;
	case OPT_ARRAY:
		set_items(run, schema, opt);
		break;
	case OPT_MAP:
		set_map(run, schema, opt);
		break;
	case OPT_ANY:
		set_any(run, schema, opt);
		break;
	case OPT_BOOL:
	case OPT_OBJECT:
	case OPT_NTYPES:
		break;
	}
	if (opt->doc)
		json_set_str(schema, "description", opt->doc);

	return schema;
}

/* In a patch null takes a member away: "type" must let it in */
static void allow_null(json_t *schema)
{
	json_t *type = json_object_get(schema, "type");
	json_t *values = json_object_get(schema, "enum");

	if (!json_is_string(type))
		return;
	json_object_set_new(schema, "type", json_pack("[Os]", type, "null"));
	if (values)
		json_array_append_new(values, json_null());
}

static bool is_shown(const struct schema_run *run, const struct opt *opt)
{
	if (run->reply)
		return !(opt->flags & OPT_WRITE);
	if (opt->flags & OPT_READ)
		return false;

	return !(run->patch && (opt->flags & OPT_CREATE));
}

static json_t *schema_member(struct schema_run *run, const struct opt *opt)
{
	json_t *schema = schema_of(run, opt);

	if (opt->flags & OPT_READ)
		json_object_set_new(schema, "readOnly", json_true());
	if (opt->flags & OPT_WRITE)
		json_object_set_new(schema, "writeOnly", json_true());
	if (run->patch && !(opt->flags & OPT_REQUIRED))
		allow_null(schema);
	if (opt->def && !run->reply && !run->patch)
		json_object_set_new(
			schema, "default",
			json_loads(opt->def, JSON_DECODE_ANY, NULL));

	return schema;
}

/* The other name of a member, for requests only */
static void add_alias(json_t *properties, const struct opt *opt,
		      const json_t *schema)
{
	json_t *other = json_deep_copy(schema);
	char *doc = g_strdup_printf("Other name of `%s`.", opt->name);

	json_set_str(other, "description", doc);
	json_object_set_new(other, "deprecated", json_true());
	json_object_set_new(properties, opt->alias, other);
	g_free(doc);
}

static void add_required(json_t *required, json_t *all_of,
			 const struct opt *opt, bool reply)
{
	if (opt->alias && !reply)
		json_array_append_new(all_of,
				      json_pack("{s[{s[s]}{s[s]}]}", "anyOf",
						"required", opt->name,
						"required", opt->alias));
	else
		json_array_append_new(required, json_string(opt->name));
}

static void set_array(json_t *schema, const char *key, json_t *array)
{
	if (json_array_size(array))
		json_object_set(schema, key, array);
	json_decref(array);
}

static json_t *schema_object(struct schema_run *run, const struct opt *opts)
{
	json_t *schema = json_pack("{ss}", "type", "object");
	json_t *properties, *required, *all_of;
	const struct opt *opt;

	if (run->depth >= SCHEMA_DEPTH_MAX)
		return schema;
	++run->depth;

	properties = json_object();
	required = json_array();
	all_of = json_array();
	for (opt = opts; opt->name; ++opt) {
		json_t *member;

		if (!is_shown(run, opt))
			continue;
		member = schema_member(run, opt);
		json_object_set_new(properties, opt->name, member);
		if (opt->alias && !run->reply)
			add_alias(properties, opt, member);
		if ((opt->flags & OPT_REQUIRED) && !run->patch)
			add_required(required, all_of, opt, run->reply);
	}
	json_object_set_new(schema, "properties", properties);
	set_array(schema, "required", required);
	set_array(schema, "allOf", all_of);
	json_object_set_new(schema, "additionalProperties", json_false());
	--run->depth;

	return schema;
}

json_t *opt_schema(const struct opt *opts, bool reply, bool patch)
{
	struct schema_run run = {.reply = reply, .patch = patch && !reply};

	return schema_object(&run, opts);
}
